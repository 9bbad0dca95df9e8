"""An answer by form reaches an application of another site, as .NET asks for it (decision 43)."""

from __future__ import annotations

import base64
import secrets
import threading
import time
from collections.abc import Iterator
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect

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
COOKIES = {"none": "SameSite=None; Secure", "lax": "SameSite=Lax", "strict": "SameSite=Strict"}


class Receiver(ThreadingHTTPServer):
    """A .NET-like application at ``localhost``, which is another site than ``127.0.0.1``: its start page sets
    a cookie of each kind, its callback keeps what comes and sends the browser on.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Callback)
        self.received: list[dict[str, Any]] = []

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.server_port}"


class Callback(BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:
        self.send_response(200)
        for name, flags in COOKIES.items():
            self.send_header("Set-Cookie", f"{name}=1; Path=/; HttpOnly; {flags}")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Start</title>start")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.received.append(
            {
                "form": {name: one for name, (one,) in parse_qs(body, strict_parsing=True).items()},
                "type": self.headers["Content-Type"],
                "path": self.path,
                "cookies": set(SimpleCookie(self.headers.get("Cookie", ""))),
                "referrer": self.headers.get("Referer"),
                "origin": self.headers.get("Origin"),
            }
        )
        self.send_response(303)
        self.send_header("Location", "/done")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    listener = Receiver()
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield listener
    listener.shutdown()
    listener.server_close()


@pytest.fixture(scope="module")
def client(server: LiveServer, receiver: Receiver) -> dict[str, Any]:
    held = server.client("report-portal")
    uri = f"{receiver.origin}/signin-oidc?own=1"
    path = f"/authentication/v1/oauth/client/{held['id']}"
    answer = server.call("PUT", path, json={"redirectURIs": [held["redirectURI"], uri]})
    assert answer.ok, answer.text
    return held | {"redirectURI": uri}


def dot_net_url(client: dict[str, Any], **changes: str) -> str:
    """What Microsoft's OpenID Connect middleware sends."""
    more = {
        "response_mode": "form_post",
        "nonce": f"{time.time_ns()}.{base64.b64encode(secrets.token_bytes(48)).decode()}",
        "state": "CfDJ8" + base64.urlsafe_b64encode(secrets.token_bytes(600)).decode().rstrip("="),
        "x-client-SKU": "ID_NET8_0",
        "x-client-ver": "8.0.1.0",
    }
    return authorize_url(client, **(more | changes))


def arrives(page: Page, receiver: Receiver) -> dict[str, Any]:
    """The one form that came, when the browser is where the application sent it."""
    page.wait_for_url(f"{receiver.origin}/done")
    (got,) = receiver.received
    receiver.received.clear()
    assert got["path"] == "/signin-oidc?own=1"
    assert got["type"] == "application/x-www-form-urlencoded"
    assert got["referrer"] is None
    assert got["origin"] == "null"
    return got


@pytest.mark.parametrize("kind", SCREENS)
def test_from_the_login_to_the_application(
    browser: Browser, server: LiveServer, client: dict[str, Any], receiver: Receiver, kind: str
) -> None:
    """Approved, then remembered, then refused; by the script, or by the button. Only a cookie that is
    ``None`` comes along: one that is ``Lax`` stays behind, as browsers will have it.
    """
    state = "s t/a+te\"'<é"
    with tab(browser, server, SCREENS[kind]) as page:
        page.goto(receiver.origin)
        page.goto(dot_net_url(client, state=state, prompt="consent"))
        log_in(page, server, "alice")
        press(page, "Approve")
        if kind == "no script":
            press(page, "Continue")
        got = arrives(page, receiver)
        assert set(got["form"]) == {"code", "state", "iss"}
        assert (got["form"]["state"], got["form"]["iss"]) == (state, server.base)
        assert got["cookies"] == {"none"}

        page.goto(dot_net_url(client))
        if kind == "no script":
            press(page, "Continue")
        form = arrives(page, receiver)["form"]
        redeemed = requests.post(
            server.base + "/oauth/token",
            data={
                "grant_type": "authorization_code",
                "code": form["code"],
                "redirect_uri": client["redirectURI"],
            },
            auth=(client["id"], client["clientSecret"]),
            timeout=30,
        )
        assert redeemed.ok, redeemed.text

        page.goto(dot_net_url(client, prompt="consent"))
        press(page, "Deny")
        if kind == "no script":
            press(page, "Continue")
        assert arrives(page, receiver)["form"]["error"] == "access_denied"


def test_how_it_looks(
    browser: Browser, server: LiveServer, client: dict[str, Any], receiver: Receiver, screen: dict[str, Any]
) -> None:
    """While it stands: its script is held back."""
    with tab(browser, server, screen) as page:
        page.route("**/answer.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
        page.goto(dot_net_url(client, prompt="none"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Back to Report portal")
        seen(page, "answer-by-form")
        press(page, "Continue")
        assert arrives(page, receiver)["form"]["error"] == "login_required"


@pytest.mark.parametrize("kind", SCREENS)
def test_nobody_is_asked(
    browser: Browser, server: LiveServer, client: dict[str, Any], receiver: Receiver, kind: str
) -> None:
    """``prompt=none`` in a fresh browser."""
    with tab(browser, server, SCREENS[kind]) as page:
        page.goto(dot_net_url(client, prompt="none"))
        if kind == "no script":
            press(page, "Continue")
        assert arrives(page, receiver)["form"]["error"] == "login_required"


@pytest.mark.parametrize("kind", SCREENS)
def test_the_button_that_returns(
    browser: Browser, server: LiveServer, client: dict[str, Any], receiver: Receiver, kind: str
) -> None:
    """Of the refusal page, and of the page of a request that is not in order."""
    with tab(browser, server, SCREENS[kind], failing=2) as page:
        page.goto(dot_net_url(client, scope="openid phone"))
        if kind == "script":
            seen(page, "unsound-request-by-form")
        press(page, "Return to Report portal")
        assert arrives(page, receiver)["form"]["error"] == "invalid_scope"
        page.goto(dot_net_url(client))
        log_in(page, server, "dave")
        press(page, "Return to Report portal")
        assert arrives(page, receiver)["form"]["error"] == "access_denied"
