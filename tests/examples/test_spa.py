"""The single-page application of ``docs/examples/spa``: oidc-client-ts in Chromium, on another origin."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect
from playwright.sync_api import sync_playwright

from tests.browser.kit import QUIET
from tests.browser.kit import STATUS
from tests.browser.kit import log_in
from tests.browser.kit import press
from tests.examples.kit import EXAMPLES
from tests.examples.kit import register
from tests.npm import lay_out
from tests.servers import LiveServer
from tests.servers import running

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.server]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running(tmp_path_factory.mktemp("spa")) as live:
        yield live


class Files(SimpleHTTPRequestHandler):
    """A plain file server."""

    def log_message(self, *_args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture(scope="module")
def origin(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The example at a port that its registration does not know, with its id in ``config.js``."""
    folder = lay_out(EXAMPLES / "spa", tmp_path_factory.mktemp("pages"))
    client = register(server, "spa")
    settings = json.dumps({"authority": server.base, "client_id": client["id"]})
    (folder / "config.js").write_text(f"window.settings = {settings};", encoding="utf-8")
    handler = functools.partial(Files, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        yield f"http://localhost:{listener.server_port}/"
        listener.shutdown()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh browser; nothing but the status of refused calls may stand in its console."""
    said: list[str] = []
    with browser.new_context() as context:
        opened = context.new_page()
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        yield opened
    assert [text for text in said if not text.startswith(STATUS)] == []


def told(page: Page, button: str, word: str) -> Any:
    """Press a button of the example and read what it shows."""
    press(page, button)
    expect(page.locator("#told")).to_contain_text(word)
    return json.loads(page.locator("#told").inner_text())


def enter(page: Page, server: LiveServer, origin: str, name: str) -> None:
    page.goto(origin)
    press(page, "Log in")
    log_in(page, server, name)
    press(page, "Approve")
    expect(page.locator("#who")).to_contain_text("Logged in as")
    assert page.url == origin


def test_from_login_to_log_out(page: Page, server: LiveServer, origin: str) -> None:
    """Everything that its buttons do, over real sockets and another origin."""
    enter(page, server, origin, "alice")
    assert told(page, "Who am I?", "sub")["sub"].isdigit()
    assert told(page, "Refresh", "expires_in")["scope"] == "openid profile"
    assert told(page, "Who am I?", "sub")["sub"].isdigit()
    page.reload()
    expect(page.locator("#who")).to_contain_text("Logged in as")
    press(page, "Log out")
    page.wait_for_url(origin)
    expect(page.locator("#who")).to_have_text("Nobody is logged in.")
    press(page, "Log in")
    expect(page.get_by_label("Username")).to_be_visible()


def test_what_goes_wrong_can_be_read(page: Page, server: LiveServer, origin: str) -> None:
    """The page reads the server's own words: after the person logged out, and after the tokens are gone."""
    enter(page, server, origin, "bob")
    assert told(page, "Give the tokens back", "given") == "given back"
    press(page, "Log out")
    page.wait_for_url(origin)
    press(page, "Log in")
    log_in(page, server, "bob")
    expect(page.locator("#who")).to_contain_text("Logged in as")
    with page.context.new_page() as elsewhere:
        elsewhere.goto(server.base + "/logout")
        press(elsewhere.get_by_role("main"), "Log out")
    refused = told(page, "Refresh", "invalid_grant")
    assert refused["description"] == "The user has logged out."
    gone = told(page, "Who am I?", "401")
    assert 'error="invalid_token"' in gone["description"]
    page.goto(origin + "?error=access_denied&error_description=No&state=x")
    expect(page.locator("#told")).to_contain_text("No matching state")
