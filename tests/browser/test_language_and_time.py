"""A person's own language and clock: chosen at the foot of a page, and taken from the browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import expect

from tests.browser.kit import DESK
from tests.browser.kit import PLAIN
from tests.browser.kit import SCREENS
from tests.browser.kit import log_in
from tests.browser.kit import seen
from tests.browser.kit import tab
from tests.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.mark.parametrize("screen", SCREENS.values(), ids=SCREENS)
def test_a_language_is_chosen(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """From the login on, through what follows, and back."""
    with tab(browser, server, screen) as page:
        page.goto("/login?next=/account/activity")
        page.get_by_role("link", name="Norsk bokmål").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Logg inn")
        if screen is not PLAIN:  # axe is a script
            seen(page, "login-norwegian")
        page.get_by_label("Brukernavn").fill("bob")
        page.get_by_label("Passord").fill(server.password("bob"))
        page.get_by_role("button", name="Logg inn", exact=True).click()
        expect(page).to_have_url(re.compile("/account/activity$"))
        page.get_by_role("link", name="English").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Activity")


def test_times_are_those_of_ones_own_clock(browser: Browser, server: LiveServer) -> None:
    """With the zone's name; UTC stays at hand, and is all there is without scripts."""
    with tab(browser, server, DESK, timezone_id="Asia/Tokyo") as page:
        page.goto("/login?next=/account/activity")
        log_in(page, server, "carol")
        time = page.locator("main time").first
        expect(time).to_contain_text("GMT+9")
        assert (time.get_attribute("title") or "").endswith("UTC")
    with tab(browser, server, DESK, timezone_id="Asia/Tokyo", java_script_enabled=False) as page:
        page.goto("/login?next=/account/activity")
        log_in(page, server, "carol")
        expect(page.locator("main time").first).to_contain_text("UTC")
