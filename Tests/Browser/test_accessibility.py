"""Whether the pages can be used by keyboard and by screen reader, and read by everybody: WCAG 2.2 in what a program can
tell of it."""

import pytest
from people import PASSWORD, Person, code
from playwright.sync_api import expect

PUBLIC = ["/", "/auth/login", "/auth/register", "/auth/forgot-password", "/auth/reset-password?token=x",
          "/auth/verify-email?token=x", "invitation", "/api/v1/auth/oidc/nobody/start", "/docs"]
SIGNED_IN = ["/dashboard", "/devices", "/devices/new", "device", "/alerts", "/alerts?status=all", "/alerts/rules",
             "/alerts/rules/new", "/alerts/rules/new?kind=threshold", "/alerts/rules/new?kind=composite",
             "/alerts/channels", "/alerts/channels/new", "/alerts/channels/new?type=email", "/alerts/deliveries", "/alerts/maintenance",
             "/alerts/preferences", "/projects", "project", "/organizations", "organization",
             "/auth/profile", "invitation while signed in", "/devices/nothing-is-here"]
# What a form is answered with, and no path leads to.
SHOWN_ONCE = ["the QR code of a second factor", "new recovery codes", "a new token", "a new device's key",
              "the second factor of a sign-in"]
EVERYTHING = PUBLIC + SIGNED_IN + SHOWN_ONCE

# Everything with a purpose has a name (4.1.2), whatever is filled in has a label (3.3.2), pages have a language, a title,
# one main heading (3.1.1, 2.4.2, 1.3.1), a way past what repeats (2.4.1), and ids that stand for one thing each.
FAULTS = """() => {
    const faults = [];
    const text = (element) => (element?.textContent ?? "").trim();
    const name = (element) =>
        element.getAttribute("aria-label")?.trim()
        || (element.getAttribute("aria-labelledby") ?? "").split(/\\s+/).map((id) => text(document.getElementById(id))).join("")
        || [...(element.labels ?? [])].map(text).join("") || text(element)
        || [...element.querySelectorAll("img[alt]")].map((image) => image.alt).join("");
    const describe = (element) => element.outerHTML.slice(0, 120);
    if (!document.documentElement.lang) faults.push("no language");
    if (!document.title.trim()) faults.push("no title");
    if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
    if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
    for (const element of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
        if (!element.labels?.length && !element.getAttribute("aria-label")) faults.push("no label: " + describe(element));
    }
    for (const element of document.querySelectorAll("a[href], button, summary")) {
        if (!name(element)) faults.push("no name: " + describe(element));
    }
    for (const element of document.querySelectorAll("img")) {
        if (!element.hasAttribute("alt")) faults.push("no alt: " + describe(element));
    }
    for (const element of document.querySelectorAll("[tabindex]")) {
        if (element.tabIndex > 0) faults.push("out of order: " + describe(element));
    }
    for (const element of document.querySelectorAll("[aria-labelledby], [aria-describedby], label[for], output[for]")) {
        const ids = ["aria-labelledby", "aria-describedby", "for"].flatMap((each) => (element.getAttribute(each) ?? "").split(/\\s+/));
        for (const id of ids) if (id && !document.getElementById(id)) faults.push("points nowhere: " + describe(element));
    }
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    for (const id of new Set(ids.filter((each, index) => ids.indexOf(each) !== index))) faults.push("twice: #" + id);
    return faults;
}"""

# What Tab reaches is seen to be reached (2.4.7): its outline is another one than it had.
FOCUS = """() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return { name: element.outerHTML.slice(0, 100), isSeen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
}"""

# Text against what is behind it (1.4.3): 4.5 to 1, or 3 to 1 where it is large.
CONTRAST = """() => {
    const parse = (colour) => {
        const numbers = colour.match(/[\\d.]+/g).map(Number);
        return { rgb: numbers.slice(0, 3), alpha: numbers[3] ?? 1 };
    };
    const mix = (over, under) => over.rgb.map((each, index) => each * over.alpha + under[index] * (1 - over.alpha));
    const behind = (element) => {
        const layers = [];
        for (let each = element; each; each = each.parentElement) {
            const colour = parse(getComputedStyle(each).backgroundColor);
            if (colour.alpha > 0) layers.push(colour);
            if (colour.alpha === 1) break;
        }
        return layers.reverse().reduce((under, layer) => mix(layer, under), [255, 255, 255]);
    };
    const luminance = (rgb) => {
        const [red, green, blue] = rgb.map((each) => {
            const part = each / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const faults = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !element.checkVisibility() || element.closest(":disabled, .visually-hidden, .skip-link, svg, canvas")) continue;
        const style = getComputedStyle(element);
        const [front, back] = [luminance(mix(parse(style.color), behind(element))), luminance(behind(element))];
        const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
        const size = parseFloat(style.fontSize);
        const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (isLarge ? 3 : 4.5)) faults.push(`${ratio.toFixed(2)}: ${element.outerHTML.slice(0, 100)}`);
    }
    return faults;
}"""


class Visitors:
    """Pages of nobody and of a laboratory's owner, with a device, a project and somebody invited, so that every part is
    shown."""

    def __init__(self, browser, base_url):
        self.base_url = base_url
        self.invited = Person(browser, base_url, "Grace")
        self.owner = Person(browser, base_url, "Ada")
        self.returning = Person(browser, base_url, "Ada")
        self.returning.address = self.owner.address
        self.owner.register("Accessible Lab")
        self.owner.page.wait_for_url("**/dashboard")
        self.paths, self.shown = {}, {}
        self.make_device()
        self.make_project()
        self.invite()
        self.make_token()
        self.set_up_second_factor()

    def tab(self, path):
        """Another page of the owner's, to be left as a form's answer fills it."""
        page = self.owner.context.new_page()
        page.goto(path)
        return page

    def make_device(self):
        page = self.tab("/devices/new")
        page.get_by_label("Name", exact=True).fill("Incubator")
        page.get_by_role("button", name="Register the device").click()
        self.paths["device"] = page.get_by_role("link", name="Go to the device").get_attribute("href")
        self.shown["a new device's key"] = page

    def make_project(self):
        page = self.owner.page
        page.goto("/projects")
        page.locator("#project-name").fill("Yeast")
        page.locator("#project-description").fill("Which strain grows fastest.")
        page.get_by_role("button", name="Make the project").click()
        page.wait_for_url("**/projects/*")
        self.paths["project"] = page.url.removeprefix(self.base_url).split("?")[0]

    def invite(self):
        page = self.owner.page
        page.goto("/organizations")
        self.paths["organization"] = page.get_by_role("link", name="Accessible Lab").last.get_attribute("href")
        page.goto(self.paths["organization"])
        page.locator("#invitation-email").fill(self.invited.address)
        page.get_by_role("button", name="Invite").click()
        expect(page.locator("#invitations")).to_contain_text(self.invited.address)
        self.paths["invitation"] = self.paths["invitation while signed in"] = self.invited.link("lms_inv_")

    def make_token(self):
        page = self.tab("/auth/profile")
        page.locator("#token-name").fill("nightly export")
        page.locator("#tokens input[name=scopes]").first.check()
        page.get_by_role("button", name="Make the token").click()
        expect(page.locator("#new-token")).to_be_visible()
        self.shown["a new token"] = page

    def set_up_second_factor(self):
        begun = self.tab("/auth/profile")
        begun.locator("#begin-password").fill(PASSWORD)
        begun.get_by_role("button", name="Set up a second factor").click()
        secret = begun.locator("#second-factor code.secret").inner_text()
        self.shown["the QR code of a second factor"] = begun

        confirmed = self.tab("/auth/profile")
        confirmed.locator("#confirm-code").fill(code(secret))
        confirmed.get_by_role("button", name="Turn on the second factor").click()
        expect(confirmed.locator("#recovery-codes")).to_be_visible()
        self.shown["new recovery codes"] = confirmed

        self.returning.sign_in()
        expect(self.returning.page.get_by_role("heading", level=1)).to_have_text("Second factor")
        self.shown["the second factor of a sign-in"] = self.returning.page

    def open(self, name):
        """The page of this path, or of this name, as it is when one comes to it."""
        page = self.shown.get(name)
        if page is None:
            page = (self.invited if name in PUBLIC else self.owner).page
            path = self.paths.get(name, name)
            page.goto(path)
            assert page.url.split("#")[0] == self.base_url + path
        page.bring_to_front()
        return page

    def close(self):
        for person in (self.invited, self.owner, self.returning):
            person.context.close()


@pytest.fixture(scope="module")
def visitors(browser, base_url):
    visitors = Visitors(browser, base_url)
    yield visitors
    visitors.close()


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_page_tells_a_screen_reader_what_is_what(visitors, name):
    assert visitors.open(name).evaluate(FAULTS) == []


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_page_is_gone_through_by_keyboard(visitors, name):
    page = visitors.open(name)
    url = page.url.split("#")[0]
    # A page may begin in a field of its own.
    first = page.evaluate(FOCUS)
    reached = [first["name"]] if first else []
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUS)
        if focused is None:
            break
        assert focused["isSeen"], focused["name"]
        reached.append(focused["name"])
    assert len(reached) >= 3
    assert page.url.split("#")[0] == url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", EVERYTHING)
def test_what_stands_on_a_page_can_be_read(visitors, name, scheme):
    page = visitors.open(name)
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []
