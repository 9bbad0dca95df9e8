"""An application whose address sends the browser on to another origin (decision 41)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from playwright.sync_api import Browser

from tests.browser.kit import DESK
from tests.browser.kit import PLAIN
from tests.browser.kit import authorize_url
from tests.browser.kit import log_in
from tests.browser.kit import press
from tests.browser.kit import query
from tests.browser.kit import tab
from tests.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.server]
ONWARD = "http://127.0.0.1:8081/onward"
BYE = "http://127.0.0.1:8081/onward?bye"
END = "http://127.0.0.1:8082/end?**"
SCREENS = {"script": DESK, "no script": PLAIN}


@pytest.fixture(scope="module")
def client(server: LiveServer) -> dict[str, Any]:
    """A demo application whose registered addresses lead to another port, which is another origin."""
    held = server.client("report-portal")
    path = f"/authentication/v1/oauth/client/{held['id']}"
    given = {"redirectURIs": [held["redirectURI"], ONWARD], "postLogoutRedirectURIs": [BYE]}
    answer = server.call("PUT", path, json=given)
    assert answer.ok, answer.text
    return held | {"redirectURI": ONWARD}


@pytest.mark.parametrize("kind", SCREENS)
def test_after_approving_and_when_it_is_remembered(
    browser: Browser, server: LiveServer, client: dict[str, Any], kind: str
) -> None:
    """By the consent form, and by the login form of a new browser, whose redirects go all the way."""
    with tab(browser, server, SCREENS[kind]) as page:
        page.goto(authorize_url(client, prompt="consent"))
        log_in(page, server, "alice")
        press(page, "Approve")
        page.wait_for_url(END)
        assert query(page)["code"]
    with tab(browser, server, SCREENS[kind]) as page:
        page.goto(authorize_url(client))
        log_in(page, server, "alice")
        page.wait_for_url(END)
        assert query(page)["code"]


def test_after_denying(browser: Browser, server: LiveServer, client: dict[str, Any]) -> None:
    with tab(browser, server, DESK) as page:
        page.goto(authorize_url(client, prompt="consent"))
        log_in(page, server, "bob")
        press(page, "Deny")
        page.wait_for_url(END)
        assert query(page)["error"] == "access_denied"


@pytest.mark.parametrize("kind", SCREENS)
def test_after_the_log_out_question(
    browser: Browser, server: LiveServer, client: dict[str, Any], kind: str
) -> None:
    """An ID token of another login makes it a question; the answer leads to the registered address and on."""
    with tab(browser, server, SCREENS[kind]) as page:
        page.goto(authorize_url(client, prompt="consent"))
        log_in(page, server, "carol")
        press(page, "Approve")
        page.wait_for_url(END)
        form = {"grant_type": "authorization_code", "code": query(page)["code"], "redirect_uri": ONWARD}
        answer = requests.post(
            server.base + "/oauth/token", data=form, auth=(client["id"], client["clientSecret"]), timeout=30
        )
        hint = answer.json()["id_token"]
    with tab(browser, server, SCREENS[kind]) as page:
        page.goto("/login")
        log_in(page, server, "carol")
        asked = {"id_token_hint": hint, "post_logout_redirect_uri": BYE, "state": "kept"}
        page.goto("/oauth/logout?" + urlencode(asked))
        press(page.get_by_role("main"), "Log out")
        page.wait_for_url(END)
        assert query(page)["state"] == "kept"
