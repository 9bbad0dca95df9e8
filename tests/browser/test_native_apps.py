"""Chromium hands a private-use scheme on to the device: after a form, after a redirect, from a link."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs
from urllib.parse import urlencode

import pytest
import requests
from playwright.sync_api import Browser
from playwright.sync_api import BrowserContext

from tests.browser.kit import DESK
from tests.browser.kit import PLAIN
from tests.browser.kit import authorize_url
from tests.browser.kit import log_in
from tests.browser.kit import press
from tests.browser.kit import seen
from tests.browser.kit import tab
from tests.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.server]
SCREENS = {"script": DESK, "no script": PLAIN}
SCHEME = "com.example.app:"
URI = SCHEME + "/oauth2redirect"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


@pytest.fixture(scope="module")
def client(server: LiveServer) -> dict[str, Any]:
    """A public application of the demo's kind that returns to an app."""
    body = {
        "shortName": "native", "name": "Native app", "description": "An app.",
        "mainURI": "https://app.example.com/", "requiredFunction": "useReports",
        "permissionScope": "REPORT-READER", "clientIPRange": ["127.0.0.0/8"],
        "authenticationMethod": "none", "redirectURIs": [URI], "postLogoutRedirectURIs": [URI],
        "permittedScopes": ["openid", "profile"],
    }  # fmt: skip
    answer = server.call("POST", "/authentication/v1/oauth/client", json=body)
    assert answer.ok, answer.text
    return {"id": answer.json()["data"]["id"], "redirectURI": URI}


def leads_to_app(
    context: BrowserContext, url: str, *buttons: str, log_in_at: LiveServer | None = None
) -> dict[str, str]:
    """Follow a link to this address in a tab of its own, press these buttons; what Chromium would hand
    on to the device: the parameters. It starts an app once in a tab, for who pressed something.
    """
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if one.url.startswith(SCHEME) else None)
    page.goto("/logged-out")
    link = "Object.assign(document.createElement('a'), {href: url, textContent: 'go'})"
    page.evaluate(f"url => document.querySelector('h1').append({link})", url)
    page.get_by_role("link", name="go", exact=True).click()
    if log_in_at is not None:
        log_in(page, log_in_at, "alice")
    for button in buttons:
        if button == "Approve":
            assert page.get_by_text(f"an app on this device that answers to {SCHEME}").is_visible()
        press(page, button)
    for _ in range(200):
        if asked:
            break
        page.wait_for_timeout(50)
    (reached,) = asked
    assert reached.startswith(URI + "?")
    page.close()
    return {name: one for name, (one,) in parse_qs(reached.removeprefix(URI + "?")).items()}


@pytest.mark.parametrize("kind", SCREENS)
def test_the_app_is_reached(browser: Browser, server: LiveServer, client: dict[str, Any], kind: str) -> None:
    """From the consent form, a remembered approval and a log-out; in a new browser from the login."""
    with tab(browser, server, SCREENS[kind]) as page:
        url = authorize_url(client, **PKCE)
        asks = authorize_url(client, prompt="consent", **PKCE)
        back = leads_to_app(page.context, asks, "Approve", log_in_at=server)
        assert back["iss"] == server.base
        form = {
            "grant_type": "authorization_code", "code": back["code"], "redirect_uri": URI,
            "client_id": client["id"], "code_verifier": VERIFIER,
        }  # fmt: skip
        tokens = requests.post(server.base + "/oauth/token", data=form, timeout=30).json()
        assert leads_to_app(page.context, url)["code"]
        assert leads_to_app(page.context, asks, "Deny")["error"] == "access_denied"
        asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": URI, "state": "kept"}
        assert leads_to_app(page.context, "/oauth/logout?" + urlencode(asked)) == {"state": "kept"}
    with tab(browser, server, SCREENS[kind]) as page:
        assert leads_to_app(page.context, url, log_in_at=server)["code"]


def test_the_link_of_a_page(browser: Browser, server: LiveServer, client: dict[str, Any]) -> None:
    """What is wrong with a request is told to the app when the person returns to it."""
    with tab(browser, server, DESK, failing=1) as page:
        page.goto(authorize_url(client, scope="openid phone", **PKCE))
        seen(page, "unsound-request-of-an-app")
        with page.expect_request(lambda one: one.url.startswith(SCHEME)) as reached:
            page.get_by_role("link", name="Return to Native app").click()
        assert "error=invalid_scope" in reached.value.url
