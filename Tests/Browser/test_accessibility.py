"""Whether the pages can be used by keyboard and by screen reader, and read by everybody: WCAG 2.2 in what a program can
tell of it."""

import pytest

from people import Person

PUBLIC = ["/", "/auth/login", "/auth/register", "/auth/forgot-password", "/auth/reset-password?token=x",
          "/auth/verify-email?token=x", "/docs"]
SIGNED_IN = ["/dashboard", "/devices", "/devices/new", "device", "/projects", "/organizations", "organization",
             "/auth/profile", "/devices/nothing-is-here"]

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


@pytest.fixture(scope="module")
def visitors(browser, base_url):
    """Pages of nobody and of a laboratory's owner, with a device and somebody invited, so that every part is shown."""
    ada = Person(browser, base_url, "Ada")
    ada.register("Accessible Lab")
    ada.page.wait_for_url("**/dashboard")
    ada.page.goto("/devices/new")
    ada.page.get_by_label("Name", exact=True).fill("Incubator")
    ada.page.get_by_role("button", name="Register the device").click()
    device = ada.page.get_by_role("link", name="Go to the device").get_attribute("href")
    ada.page.goto("/organizations")
    organization = ada.page.get_by_role("link", name="Accessible Lab").last.get_attribute("href")
    nobody = browser.new_context(base_url=base_url)
    yield nobody.new_page(), ada.page, {"device": device, "organization": organization}
    nobody.close()
    ada.context.close()


def opened(visitors, path):
    nobody, owner, paths = visitors
    page = nobody if path in PUBLIC else owner
    page.goto(paths.get(path, path))
    return page


@pytest.mark.parametrize("path", PUBLIC + SIGNED_IN)
def test_a_page_tells_a_screen_reader_what_is_what(visitors, path):
    assert opened(visitors, path).evaluate(FAULTS) == []


@pytest.mark.parametrize("path", PUBLIC + SIGNED_IN)
def test_a_page_is_gone_through_by_keyboard(visitors, path):
    page = opened(visitors, path)
    # A page may begin in a field of its own.
    page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUS)
        if focused is None:
            break
        assert focused["isSeen"], focused["name"]
        reached.append(focused["name"])
    assert len(reached) >= 3
    assert page.url.split("#")[0].endswith(visitors[2].get(path, path))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PUBLIC + SIGNED_IN)
def test_what_stands_on_a_page_can_be_read(visitors, path, scheme):
    page = opened(visitors, path)
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []
