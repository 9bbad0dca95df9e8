"""One server and one Chromium for a file of journeys."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import sync_playwright

from tests.browser.kit import QUIET
from tests.browser.kit import WITH_SCRIPT
from tests.servers import LiveServer
from tests.servers import running


class Application(BaseHTTPRequestHandler):
    """What a person comes back to: the demo's redirect URIs lead here, ``/onward`` further on."""

    def do_GET(self) -> None:
        if self.path.startswith("/onward"):
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:8082/end?{urlsplit(self.path).query}")
            self.end_headers()
            return
        body = b"<!doctype html><title>Client</title>back at the client"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Nothing on the terminal."""


class Listener(ThreadingHTTPServer):
    """Each worker of a run has one at the same address, and any of them answers alike."""

    allow_reuse_port = True


@pytest.fixture(scope="session", autouse=True)
def application() -> Iterator[None]:
    """A real application's addresses: Chromium follows the redirect to it as it would anywhere."""
    listeners = [Listener(("127.0.0.1", port), Application) for port in (8081, 8082)]
    for one in listeners:
        threading.Thread(target=one.serve_forever, daemon=True).start()
    yield
    for one in listeners:
        one.shutdown()
        one.server_close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running(tmp_path_factory.mktemp("browser")) as live:
        yield live


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running_browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield running_browser
        running_browser.close()


@pytest.fixture(params=WITH_SCRIPT, ids=str)
def screen(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A telephone in the dark, a desk in the light."""
    return dict(WITH_SCRIPT[request.param])
