"""The live dashboard, as its user sees it."""

import re

from playwright.sync_api import expect


def test_a_value_changes_while_one_looks(page):
    expect(page.locator("#feed")).to_have_text("Live", timeout=15_000)
    value = page.locator(".sensor-value").first
    expect(value).not_to_be_empty(timeout=30_000)
    before = page.locator(".sensor-value").all_text_contents()
    page.wait_for_function(
        """before => [...document.querySelectorAll('.sensor-value')].some(
            (element, index) => element.textContent !== before[index])""",
        arg=before,
        timeout=60_000,
    )


def test_devices_are_seen_when_they_last_sent_before_anything_comes_live(page):
    page.route_web_socket("**/ws/live-data", lambda socket: None)
    page.reload()
    expect(page.locator(".sensor-value").first).not_to_be_empty(timeout=30_000)
    late = page.evaluate(
        """[...document.querySelectorAll('[data-device]:has(.online)')].filter((card) => {
            const times = [...seriesByKey.values()]
                .filter((series) => series.device === card.dataset.device)
                .map((series) => new Date(series.reading.timestamp));
            return new Date(card.querySelector('[data-last-seen] time').dateTime) < Math.max(...times);
        }).length"""
    )
    assert late == 0


def test_a_socket_that_ended_with_its_cookie_is_opened_again(page):
    expect(page.locator("#feed")).to_have_text("Live", timeout=15_000)
    page.evaluate("feed.socket.close(4401)")
    expect(page.locator("#feed")).to_have_text("Reconnecting")
    expect(page.locator("#feed")).to_have_text("Live", timeout=15_000)
    assert page.url.endswith("/dashboard")


def test_the_page_fits_a_phone(page):
    page.set_viewport_size({"width": 375, "height": 812})
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


def test_without_a_session_one_is_sent_to_sign_in(browser, base_url):
    context = browser.new_context(base_url=base_url)
    page = context.new_page()
    page.goto("/dashboard")
    assert page.url.startswith(base_url + "/auth/login?next=")
    context.close()


def test_the_chosen_series_is_drawn(page):
    expect(page.locator("#chart-value")).to_have_text(re.compile(r"\d"), timeout=30_000)
    expect(page.locator("#chart canvas").first).to_be_visible(timeout=30_000)
    # What dygraphs has drawn is the series itself, in its colour, and not axes alone.
    page.wait_for_function(
        """() => {
            const graph = chart.graph;
            if (!graph || graph.numRows() < 3) return false;
            const sample = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
            sample.fillStyle = graph.getColors()[0];
            sample.fillRect(0, 0, 1, 1);
            const colour = sample.getImageData(0, 0, 1, 1).data;
            const isSame = (pixels, at) => [0, 1, 2, 3].every((each) => Math.abs(pixels[at + each] - colour[each]) < 8);
            return [...document.querySelectorAll('#chart canvas')].some((canvas) => {
                if (!canvas.width || !canvas.height) return false;
                const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                let count = 0;
                for (let at = 0; at < pixels.length; at += 4) if (isSame(pixels, at)) count += 1;
                return count > 20;
            });
        }""",
        timeout=60_000,
    )
