"""People who use the pages: what they type, and the letters that they get."""

import base64
import email
import email.policy
import hmac
import os
import pathlib
import re
import time
import uuid

PASSWORD = "correct horse battery"


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, browser, base_url, name):
        self.name = name
        self.address = f"{name.lower()}-{uuid.uuid4().hex[:8]}@example.org"
        self.context = browser.new_context(base_url=base_url)
        self.page = self.context.new_page()

    def register(self, organization=None, path="/auth/register"):
        self.page.goto(path)
        self.fill_registration(organization)

    def fill_registration(self, organization=None):
        self.page.get_by_label("Your name").fill(self.name)
        self.page.get_by_label("E-mail address").fill(self.address)
        self.page.get_by_label("Password").fill(PASSWORD)
        if organization:
            self.page.get_by_label("Organization").fill(organization)
        self.page.get_by_role("button", name="Create the account").click()

    def sign_in(self, password=PASSWORD):
        self.page.goto("/auth/login")
        self.page.get_by_label("E-mail address").fill(self.address)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def link(self, kind):
        """The newest link in a letter whose token begins so, as a path."""
        folder = pathlib.Path(os.environ["LMS_BROWSER_MAIL"])
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            for file in sorted(folder.glob("*.eml"), reverse=True):
                letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
                found = re.search(rf"https?://[^/\s]+(/\S*{kind}\S+)", letter.get_content())
                if self.address in letter["To"] and found:
                    return found.group(1)
            time.sleep(0.1)
        raise AssertionError(f"no letter with {kind} has come to {self.address}")


def code(secret):
    """What an authenticator app shows now (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, int(time.time() // 30).to_bytes(8, "big"), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start:start + 4]) & 0x7FFFFFFF) % 1_000_000:06}"
