"""What people do with their accounts and organizations, on the pages alone."""

import re
import uuid

import pytest
from people import PASSWORD, Person, code
from playwright.sync_api import expect


@pytest.fixture
def people(browser, base_url):
    """Makes people, each with a browser of their own; nothing may go wrong on their pages."""
    made, problems = [], []

    def make(name):
        person = Person(browser, base_url, name)
        # The browser notes every answer that is an error; what a form is refused with is one.
        person.page.on("pageerror", lambda error: problems.append(str(error)))
        made.append(person)
        return person

    yield make
    for person in made:
        person.context.close()
    assert problems == []


def test_one_invites_another_who_registers_accepts_and_switches_back(people):
    ada, grace = people("Ada"), people("Grace")
    ada.register("Lovelace Lab")
    ada.page.wait_for_url("**/dashboard")
    ada.page.get_by_role("link", name="Organizations").click()
    ada.page.get_by_role("link", name="Lovelace Lab").first.click()
    ada.page.locator("#invitations").get_by_label("E-mail address").fill(grace.address)
    ada.page.locator("#invitations").get_by_label("Role").select_option("viewer")
    ada.page.get_by_role("button", name="Invite").click()
    expect(ada.page.locator("p[role=status]")).to_have_text("The invitation is on its way.")

    grace.page.goto(grace.link("lms_inv_"))
    expect(grace.page.get_by_role("heading", level=1)).to_have_text("Ada invites you to Lovelace Lab")
    grace.page.get_by_role("link", name="Create an account and accept").click()
    grace.fill_registration("Hopper Lab")
    grace.page.get_by_role("button", name="Accept").click()
    expect(grace.page.get_by_role("heading", level=1)).to_have_text("Lovelace Lab")
    expect(grace.page.locator("#invitations")).to_have_count(0)

    ada.page.reload()
    expect(ada.page.locator("#members")).to_contain_text(grace.address)
    expect(ada.page.locator("#invitations")).not_to_contain_text(grace.address)

    grace.page.goto("/organizations")
    grace.page.get_by_role("button", name="Switch to Hopper Lab").click()
    expect(grace.page.locator("li", has_text="Hopper Lab")).to_contain_text("active")


def test_a_session_that_is_ended_is_over_at_once_in_the_other_browser(people):
    ada = people("Ada")
    ada.register()
    ada.page.wait_for_url("**/dashboard")
    other = people("Ada")
    other.address = ada.address
    other.sign_in()
    other.page.wait_for_url("**/dashboard")
    expect(other.page.locator("#feed")).to_have_text("Live", timeout=15_000)

    ada.page.goto("/auth/profile")
    ada.page.get_by_role("button", name=re.compile("End the session")).click()
    expect(ada.page.locator("p[role=status]")).to_have_text("The session has been ended.")
    # The dashboard finds out by its socket, without being loaded again.
    other.page.wait_for_url("**/auth/login**", timeout=5_000)
    ada.page.reload()
    expect(ada.page.get_by_role("heading", level=1)).to_have_text("Profile")


def test_a_forgotten_password_is_set_by_letter(people):
    ada = people("Ada")
    ada.register()
    ada.page.wait_for_url("**/dashboard")
    ada.page.get_by_role("button", name="Sign out").click()
    # The page that is left notices it as well, and leaves for another one than the button does.
    expect(ada.page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()
    ada.page.goto("/auth/login")
    ada.page.get_by_role("link", name="Forgot your password?").click()
    ada.page.get_by_label("E-mail address of your account").fill(ada.address)
    ada.page.get_by_role("button", name="Send a link").click()
    expect(ada.page.locator("p[role=status]")).to_contain_text("a letter with a link is on its way")
    ada.page.goto(ada.link("lms_pwd_"))
    ada.page.get_by_label("New password").fill("wholly other staple")
    ada.page.get_by_role("button", name="Set the password").click()
    expect(ada.page.locator("p[role=status]")).to_have_text("The password is set. Sign in with it.")
    ada.sign_in(PASSWORD)
    expect(ada.page.get_by_role("alert")).to_be_visible()
    ada.sign_in("wholly other staple")
    ada.page.wait_for_url("**/dashboard")


def test_an_address_is_confirmed_by_letter(people):
    ada = people("Ada")
    ada.register()
    ada.page.goto("/auth/profile")
    expect(ada.page.locator("#address")).to_contain_text("not confirmed")
    ada.page.goto(ada.link("lms_ver_"))
    ada.page.get_by_role("button", name="Confirm the address").click()
    expect(ada.page.locator("p[role=status]")).to_have_text("Thank you: the address is confirmed.")
    ada.page.goto("/auth/profile")
    expect(ada.page.locator("#address")).not_to_contain_text("not confirmed")


def test_a_second_factor_moves_to_another_device_and_gets_other_recovery_codes(people):
    ada = people("Ada")
    ada.register()
    ada.page.wait_for_url("**/dashboard")
    ada.page.goto("/auth/profile")
    factor = ada.page.locator("#second-factor")

    def confirm(button):
        expect(ada.page.locator("#confirm-code")).to_be_focused()
        secret = factor.locator("code.secret").inner_text()
        ada.page.locator("#confirm-code").fill(code(secret))
        factor.get_by_role("button", name=button).click()
        return secret, recovery_codes()

    def recovery_codes():
        expect(factor.get_by_role("status")).to_be_focused()
        return factor.locator("#recovery-codes li").all_inner_texts()

    ada.page.locator("#begin-password").fill(PASSWORD)
    factor.get_by_role("button", name="Set up a second factor").click()
    first, codes = confirm("Turn on the second factor")

    ada.page.locator("#begin-password").fill("wrong horse battery")
    ada.page.locator("#begin-code").fill(codes[0])
    factor.get_by_role("button", name="Set up another device").click()
    expect(ada.page.locator("#begin-password")).to_be_focused()
    expect(ada.page.locator("#begin-password-error")).to_have_text("The password is wrong.")
    ada.page.locator("#begin-password").fill(PASSWORD)
    ada.page.locator("#begin-code").fill(codes[0])
    ada.page.keyboard.press("Enter")
    second, others = confirm("Change to the other device")
    assert second != first and len(others) == 10 and not set(others) & set(codes)

    ada.page.locator("#codes-password").fill(PASSWORD)
    ada.page.locator("#codes-code").fill(codes[1])
    factor.get_by_role("button", name="Make other recovery codes").click()
    expect(ada.page.locator("#codes-code")).to_be_focused()
    expect(ada.page.locator("#codes-code-error")).to_contain_text("The code is wrong")
    ada.page.locator("#codes-password").fill(PASSWORD)
    ada.page.locator("#codes-code").fill(others[0])
    factor.get_by_role("button", name="Make other recovery codes").click()
    renewed = recovery_codes()
    assert len(renewed) == 10 and not set(renewed) & set(others)
    ada.page.goto("/auth/profile")
    expect(factor).to_contain_text("10 recovery codes are left")
    expect(ada.page.locator("#recovery-codes")).to_have_count(0)


PAGES = ["/auth/profile", "/organizations", "/projects", "/dashboard"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_fit_a_phone_and_name_what_can_be_typed_into(people, path):
    ada = people("Ada")
    ada.register()
    ada.page.set_viewport_size({"width": 375, "height": 812})
    ada.page.goto(path)
    root = ada.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert root <= 0
    nameless = ada.page.evaluate(
        """[...document.querySelectorAll('input:not([type=hidden]), select, textarea, button')].filter(
            (element) => !(element.labels?.length || element.textContent.trim() || element.ariaLabel)
        ).map((element) => element.outerHTML)"""
    )
    assert nameless == []
    headings = ada.page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3')].map((heading) => Number(heading.tagName[1]))")
    assert headings[0] == 1 and headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(headings, headings[1:]))


def test_forms_work_without_scripts_and_by_keyboard(browser, base_url):
    context = browser.new_context(base_url=base_url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/auth/register")
    for value in ("Ada", f"ada-{uuid.uuid4().hex[:8]}@example.org", PASSWORD, "Engines"):
        # The first field behind the header's links is focused by as many tabs as it takes.
        while page.evaluate("document.activeElement.tagName") != "INPUT" or page.evaluate(
            "document.activeElement.value"
        ):
            page.keyboard.press("Tab")
        page.keyboard.type(value)
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard")
    page.goto("/organizations")
    expect(page.locator("#organizations")).to_contain_text("Engines")
    context.close()
