"""The pages of alerts, as people use them: a rule is made, its alert appears while one looks, and is acknowledged."""

from playwright.sync_api import expect
from test_devices import call, make


def make_rule(page, name, sensor, bound):
    page.goto("/alerts/rules")
    page.get_by_role("link", name="New rule").click()
    page.get_by_role("link", name="Threshold").click()
    page.locator("#rule-name").fill(name)
    page.locator("#rule-sensor_type").fill(sensor)
    page.locator("#rule-threshold_value").fill(bound)
    page.get_by_role("button", name="Make the rule").click()
    expect(page.get_by_role("status").filter(has_text="The rule has been made.")).to_be_visible()


def send(base_url, path, key, sensor, value):
    call("POST", f"{base_url}/api/v1{path}/readings", key,
         {"readings": [{"sensor_type": sensor, "value": value, "unit": "K"}]})


def test_an_alert_appears_while_one_looks_and_is_acknowledged(page, base_url):
    path, key = make(page, "Cryostat")
    make_rule(page, "Quench", "coil_temperature", "9")
    page.goto("/alerts")
    expect(page.locator("#feed")).to_have_text("Live", timeout=15_000)
    send(base_url, path, key, "coil_temperature", 12)
    # Without loading the page again.
    item = page.locator("#alerts li").filter(has_text="coil_temperature 12 is above 9")
    expect(item).to_be_visible(timeout=20_000)
    item.locator("summary").click()
    item.locator("input[name=notes]").fill("cooling down")
    item.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("status").filter(has_text="The alert has been acknowledged.")).to_be_visible()
    expect(item.locator(".badge.acknowledged")).to_be_visible()

    item.get_by_role("link").click()
    expect(page.locator("#life")).to_contain_text("cooling down")
    expect(page.locator("#chart canvas").first).to_be_visible(timeout=30_000)
    expect(page.locator("#feed")).to_have_text("Live", timeout=15_000)
    # What clears the condition ends it.
    send(base_url, path, key, "coil_temperature", 4)
    expect(page.locator("#life .badge.resolved")).to_be_visible(timeout=20_000)


def test_the_editor_draws_the_bound_that_is_typed(page, base_url):
    path, key = make(page, "Bath")
    for value in (3, 4, 5):
        send(base_url, path, key, "bath_level", value)
    page.goto("/alerts/rules/new?kind=threshold")
    page.locator("#preview-device").select_option(label="Bath")
    page.locator("#rule-sensor_type").fill("bath_level")
    page.locator("#rule-threshold_value").fill("7.5")
    page.locator("#rule-threshold_value").blur()
    page.wait_for_function("() => chart.bounds.length === 1 && chart.bounds[0] === 7.5")
    expect(page.locator("#chart canvas").first).to_be_visible(timeout=30_000)


def test_a_rule_is_made_and_switched_off_without_script(browser, base_url, page):
    context = browser.new_context(base_url=base_url, java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    make_rule(plain, "Plain rule", "pressure", "3")
    plain.get_by_role("button", name="Disable the rule").click()
    expect(plain.get_by_role("status").filter(has_text="The rule is disabled.")).to_be_visible()
    context.close()


def test_a_window_that_comes_every_week_is_made_without_script(browser, base_url, page):
    context = browser.new_context(base_url=base_url, java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto("/alerts/maintenance")
    plain.locator("#window-name").fill("Friday cleaning")
    # What is for one choice alone is shown with that.
    expect(plain.locator("#window-start")).to_be_visible()
    expect(plain.locator("#window-from")).to_be_hidden()
    plain.get_by_label("How often").select_option(label="Every week")
    expect(plain.locator("#window-start")).to_be_hidden()
    for day in ["Mon", "Tue", "Wed", "Thu"]:
        plain.get_by_label(day, exact=True).uncheck()
    plain.locator("#window-from").fill("16:00")
    plain.locator("#window-to").fill("18:00")
    plain.locator("#window-time_zone").fill("Europe/Nowhere")
    plain.get_by_label("For", exact=True).select_option(label="Devices with any of these tags")
    plain.locator("#window-tags").fill("cold, wet")
    plain.get_by_role("button", name="Make the window").click()

    # It is refused, with all that was typed, and the keyboard is where something is wrong.
    expect(plain.locator("#window-time_zone-error")).to_be_visible()
    expect(plain.locator("#window-time_zone")).to_be_focused()
    expect(plain.locator("#window-tags")).to_have_value("cold, wet")
    plain.locator("#window-time_zone").fill("Europe/Berlin")
    plain.get_by_role("button", name="Make the window").click()
    expect(plain.get_by_role("status").filter(has_text="The maintenance window has been made.")).to_be_visible()
    item = plain.locator("#windows li").filter(has_text="Friday cleaning")
    expect(item).to_contain_text("every fri 16:00 to 18:00 Europe/Berlin · devices tagged cold or wet")
    item.locator("summary").click()
    item.get_by_role("button", name="Delete Friday cleaning").click()
    expect(plain.locator("#windows")).not_to_contain_text("Friday cleaning")
    context.close()


def test_the_type_of_a_channel_is_chosen_and_the_channel_made(page):
    page.goto("/alerts/channels")
    page.get_by_role("link", name="New channel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New channel")
    page.get_by_role("link", name="Webhook").click()
    page.get_by_label("Name", exact=True).fill("Night shift")
    page.get_by_label("URL", exact=True).fill("https://example.org/hook")
    page.get_by_role("button", name="Make the channel").click()
    expect(page.get_by_role("status").filter(has_text="The channel has been made.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Night shift")
