"""The main job in Debian's Chromium: log in, approve, refuse, log out; with and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs
from urllib.parse import urlencode
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect
from playwright.sync_api import sync_playwright

from tests.servers import LiveServer
from tests.servers import running

pytestmark = [pytest.mark.browser, pytest.mark.server]
SESSION = "/authentication/v1/session"
TOKEN = "/authentication/v1/oauth/token"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREENS = {
    "phone, dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "desk, light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "desk, no script": {"viewport": {"width": 1280, "height": 900}, "java_script_enabled": False},
}


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


@pytest.fixture(params=SCREENS, ids=str)
def screen(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(SCREENS[request.param])


@contextmanager
def tab(
    browser: Browser, server: LiveServer, screen: dict[str, Any], *, refused: bool = False
) -> Iterator[Page]:
    """A fresh browser of one person, whose console must be empty at the end.

    Of a page that is itself a 403 Chromium says so in the console; ``refused`` expects exactly that line.
    """
    context = browser.new_context(base_url=server.base, **screen)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    # Nothing listens at the application's address: its page is made here.
    page.route("http://127.0.0.1:8081/**", lambda route: route.fulfill(status=200, body="back at the client"))
    yield page
    context.close()
    expected = ["Failed to load resource: the server responded with a status of 403 (Forbidden)"]
    assert said == (expected if refused else [])


def authorize_url(client: dict[str, Any], **changes: str) -> str:
    params = {
        "response_type": "code",
        "client_id": client["id"],
        "redirect_uri": client["redirectURI"],
        "scope": "openid profile",
        "state": "s t/a+te",
    }
    return "/oauth/authorize?" + urlencode(params | changes)


def log_in(page: Page, server: LiveServer, name: str) -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(server.password(name))
    page.get_by_role("button", name="Log in").click()


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def fits(page: Page) -> bool:
    """Whether nothing is wider than the screen."""
    wide = page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    return bool(wide)


def test_approve_call_and_log_out(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """Log in, approve, come back with code, state and iss; after the log-out the application is refused."""
    client = server.client("report-portal")
    with tab(browser, server, screen) as page:
        page.goto(authorize_url(client, prompt="consent"))
        log_in(page, server, "alice")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Report portal")
        expect(page.get_by_text("Nordic Group")).to_be_visible()
        assert fits(page)
        page.get_by_role("button", name="Approve").click()
        page.wait_for_url("http://127.0.0.1:8081/**")
        back = query(page)
        assert back["state"] == "s t/a+te"
        assert back["iss"] == server.base
        tokens = redeem(server, client, back["code"])
        assert status(server, tokens["access_token"]) == 200

        page.goto("/")
        expect(page.get_by_role("link", name="Report portal")).to_be_visible()
        assert fits(page)
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert status(server, tokens["access_token"]) == 401
        page.goto("/")
        expect(page.get_by_label("Username")).to_be_visible()


def test_deny_returns_to_the_application(
    browser: Browser, server: LiveServer, screen: dict[str, Any]
) -> None:
    """Deny sends access_denied with the state."""
    with tab(browser, server, screen) as page:
        page.goto(authorize_url(server.client("report-portal"), prompt="consent"))
        log_in(page, server, "alice")
        page.get_by_role("button", name="Deny").click()
        page.wait_for_url("http://127.0.0.1:8081/**")
        assert query(page)["error"] == "access_denied"
        assert query(page)["state"] == "s t/a+te"


def test_refused_says_why_and_leads_back(
    browser: Browser, server: LiveServer, screen: dict[str, Any]
) -> None:
    """Decision 13: what is missing, the decision number, a way back with access_denied."""
    with tab(browser, server, screen, refused=True) as page:
        page.goto(authorize_url(server.client("report-portal")))
        log_in(page, server, "dave")
        expect(page.locator("main")).to_contain_text("D-")
        assert fits(page)
        number = page.locator(".number").first.inner_text().strip()
        assert "useReports" in server.command("audit", "show", number.split()[-1])
        page.locator("main").get_by_role("link").or_(page.locator("main").get_by_role("button")).first.click()
        page.wait_for_url("http://127.0.0.1:8081/**")
        assert query(page)["error"] == "access_denied"


def test_withdraw_ends_the_applications_session(browser: Browser, server: LiveServer) -> None:
    """A consent withdrawn on the home page acts at the next request."""
    client = server.client("fjord-dashboard")
    with tab(browser, server, SCREENS["desk, light"]) as page:
        page.goto(authorize_url(client))
        log_in(page, server, "bob")
        page.get_by_role("button", name="Approve").click()
        page.wait_for_url("http://127.0.0.1:8081/**")
        tokens = redeem(server, client, query(page)["code"])
        assert status(server, tokens["access_token"]) == 200
        page.goto("/")
        page.get_by_role("button", name="Withdraw").first.click()
        expect(page.get_by_role("status")).to_contain_text("Withdrawn")
        assert status(server, tokens["access_token"]) == 401


def test_a_wrong_password_says_so_and_keeps_the_request(browser: Browser, server: LiveServer) -> None:
    """One message for every cause; the right password then goes on where one was."""
    with tab(browser, server, SCREENS["phone, dark"]) as page:
        page.goto(authorize_url(server.client("report-portal"), prompt="consent"))
        page.get_by_label("Username").fill("alice")
        page.get_by_label("Password").fill("not it")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        log_in(page, server, "alice")
        expect(page.get_by_role("button", name="Approve")).to_be_visible()


def test_an_unknown_application_is_an_error_page(browser: Browser, server: LiveServer) -> None:
    """Rule 31: no redirect until client and redirect URI are good."""
    url = authorize_url(server.client("report-portal"), redirect_uri="https://evil.example.com/")
    answer = requests.get(server.base + url, allow_redirects=False, timeout=30)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "evil.example.com" not in answer.text


def redeem(server: LiveServer, client: dict[str, Any], code: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "client_id": client["id"],
        "client_secret": client["clientSecret"],
        "redirect_uri": client["redirectURI"],
        "code": code,
    }
    answer = requests.post(server.base + TOKEN, data=form, timeout=30)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def status(server: LiveServer, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(server.base + SESSION, headers=headers, timeout=30).status_code
