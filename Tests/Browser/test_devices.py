"""The pages of devices, as people use them: from the wizard to a command that is carried out while one looks."""

import json
import re
import subprocess
import threading
import urllib.request

from playwright.sync_api import expect


def call(method, url, key, body=None):
    request = urllib.request.Request(
        url, method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=90) as response:
        return json.load(response)


def make(page, name):
    """Registers a device in the wizard; its path and its key, with the page that shows them still open."""
    page.goto("/devices")
    page.get_by_role("link", name="New device").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Register the device").click()
    expect(page.get_by_role("heading", name=f"{name} is registered")).to_be_visible()
    return page.get_by_role("link", name="Go to the device").get_attribute("href"), page.locator("#new-key").inner_text()


def test_what_the_wizard_gives_is_pasted_and_the_reading_is_seen(page):
    path, key = make(page, "Pasted")
    assert key in page.locator("#sketch").inner_text()
    answer = subprocess.run(
        ["bash", "-c", page.locator("#curl").inner_text()], capture_output=True, text=True, timeout=30, check=True)
    assert json.loads(answer.stdout)["accepted"] == 1, answer
    page.get_by_role("link", name="Go to the device").click()
    expect(page.locator("#chart-value")).to_have_text("21.5", timeout=15_000)
    expect(page.locator("#state .badge").first).to_have_text("online", timeout=30_000)
    page.goto("/devices?q=Pasted")
    expect(page.locator(f'a[href="{path}"]')).to_be_visible()


def test_a_command_is_followed_while_the_device_carries_it_out(page, base_url):
    path, key = make(page, "Commanded")
    commands = f"{base_url}/api/v1{path}/commands"

    def carry_out():
        command = call("GET", commands + "?wait=60", key)["items"][0]["id"]
        call("PUT", f"{commands}/{command}", key, {"status": "succeeded", "result": {"times": 3}})

    device = threading.Thread(target=carry_out)
    device.start()
    page.goto(path)
    page.get_by_label("Command", exact=True).fill("blink")
    page.get_by_label("Parameters").fill('{"times": 3}')
    page.get_by_role("button", name="Queue the command").click()
    expect(page.get_by_role("status").filter(has_text="The command has been queued.")).to_be_visible()
    # Without loading the page again.
    expect(page.locator("#commands .badge").first).to_have_text("succeeded", timeout=20_000)
    expect(page.locator("#commands")).to_contain_text('{"times":3}')
    device.join(timeout=10)
    assert not device.is_alive()


def test_a_reading_is_seen_as_it_arrives(page, base_url):
    path, key = make(page, "Watched")
    page.goto(path)
    expect(page.locator("#feed")).to_have_text("Live", timeout=15_000)
    expect(page.locator("#readings")).to_be_hidden()
    for value in (4.25, 5.75):
        call("POST", f"{base_url}/api/v1{path}/readings", key,
             {"readings": [{"sensor_type": "temperature", "value": value, "unit": "°C"}]})
        expect(page.locator("#chart-value")).to_have_text(re.compile(rf"{value}"), timeout=10_000)
    expect(page.locator("#chart-unit")).to_have_text("°C")


def test_a_device_is_used_without_script(browser, base_url, page):
    path, _ = make(page, "Plain")
    context = browser.new_context(base_url=base_url, java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto(path)
    plain.get_by_label("Command", exact=True).fill("reboot")
    plain.get_by_role("button", name="Queue the command").click()
    expect(plain.locator("#commands .badge").first).to_have_text("pending")
    plain.get_by_role("button", name="Take back").click()
    expect(plain.locator("#commands .badge").first).to_have_text("cancelled")
    plain.get_by_label("What it is to work with").fill('{"interval": 30}')
    plain.get_by_role("button", name="Save the configuration").click()
    expect(plain.locator("#config h2")).to_contain_text("version 2")
    context.close()
