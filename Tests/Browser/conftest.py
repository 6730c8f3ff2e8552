"""What the browser tests need: where the installation is, who signs in, and Debian's Chromium."""

import os

import pytest
from playwright.sync_api import sync_playwright


def setting(name):
    value = os.environ.get(name)
    if not value:
        # Not skipped: a run that has looked at nothing must not pass for one that has found nothing.
        pytest.fail(f"{name} is not set; tools/test-browser.sh sets it")
    return value


@pytest.fixture(scope="session")
def base_url():
    return setting("LMS_BROWSER_URL").rstrip("/")


@pytest.fixture(scope="session")
def browser():
    executable = os.environ.get("LMS_BROWSER_EXECUTABLE", "/usr/bin/chromium")
    # Chromium's sandbox refuses to run as root, which containers do.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, base_url):
    """A page of somebody who has signed in through the form."""
    email, password = setting("LMS_BROWSER_EMAIL"), setting("LMS_BROWSER_PASSWORD")
    context = browser.new_context(base_url=base_url)
    page = context.new_page()
    problems = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto("/auth/login?next=%2Fdashboard")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.locator("form:has(input[name=password]) button[type=submit]").click()
    page.wait_for_url("**/dashboard")
    yield page
    context.close()
    assert problems == []
