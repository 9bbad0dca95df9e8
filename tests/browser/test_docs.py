"""The Swagger page in Chromium: within our CSP, and trying a call with the browser's own login."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.browser.kit import DESK
from tests.browser.kit import log_in
from tests.browser.kit import tab
from tests.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.server]


def tries(page: Page, path: str) -> None:
    """Open the GET operation of a path and run it."""
    block = page.locator(".opblock-get", has=page.locator(f'[data-path="{path}"]')).first
    block.locator(".opblock-summary").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")


def test_everybody_can_read_it(browser: Browser, server: LiveServer) -> None:
    """No CDN, no console error: the policy allows it as it is."""
    with tab(browser, server, DESK) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto("/docs")
        expect(page.locator(".opblock-tag").first).to_be_visible()
        assert page.locator(".opblock-tag").count() >= 6
        assert all(url.startswith((server.base, "data:", "blob:")) for url in asked), asked


def test_calls_with_the_browsers_login(browser: Browser, server: LiveServer) -> None:
    """The page signs the call as the contract's CSRF header asks."""
    with tab(browser, server, DESK) as page:
        page.goto("/login")
        log_in(page, server, "alice")
        page.goto("/docs#/currentuser%2Fv1%2Fuser")
        page.locator(".opblock-tag", has_text="currentuser/v1/user").first.click()
        tries(page, "/currentuser/v1/user")


def test_calls_with_a_pasted_key(browser: Browser, server: LiveServer) -> None:
    """Authorize with an API key, without a login."""
    with tab(browser, server, DESK) as page:
        page.goto("/docs")
        page.get_by_role("button", name="Authorize").first.click()
        dialog = page.locator(".auth-container", has_text="Argus-API-Key")
        dialog.locator("input").first.fill(server.key)
        dialog.get_by_role("button", name="Apply credentials").click()
        page.locator(".btn-done").first.click()
        page.locator(".opblock-tag", has_text="currentuser/v1/user").first.click()
        tries(page, "/currentuser/v1/user")
