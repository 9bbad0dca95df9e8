"""The main job in Debian's Chromium: log in, approve, refuse, log out; with and without JavaScript."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.browser.kit import DESK
from tests.browser.kit import PHONE
from tests.browser.kit import PLAIN
from tests.browser.kit import SCREENS
from tests.browser.kit import authorize_url
from tests.browser.kit import log_in
from tests.browser.kit import query
from tests.browser.kit import seen
from tests.browser.kit import tab
from tests.servers import LiveServer
from tests.servers import running

pytestmark = [pytest.mark.browser, pytest.mark.server]
SESSION = "/authentication/v1/session"
TOKEN = "/authentication/v1/oauth/token"


@pytest.fixture(params=SCREENS, ids=str)
def screen(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(SCREENS[request.param])


def test_approve_call_and_log_out(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """Log in, approve, come back with code, state and iss; after the log-out the application is refused."""
    client = server.client("report-portal")
    with tab(browser, server, screen) as page:
        page.goto(authorize_url(client, prompt="consent"))
        look(page, screen, "login-for-an-application")
        log_in(page, server, "alice")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Report portal")
        expect(page.get_by_text("Nordic Group")).to_be_visible()
        for button in ("Approve", "Deny"):
            expect(page.get_by_role("button", name=button)).to_be_in_viewport(ratio=1)
        look(page, screen, "consent")
        page.get_by_role("button", name="Approve").click()
        page.wait_for_url("http://127.0.0.1:8081/**")
        back = query(page)
        assert back["state"] == "s t/a+te"
        assert back["iss"] == server.base
        tokens = redeem(server, client, back["code"])
        assert status(server, tokens["access_token"]) == 200

        page.goto("/")
        expect(page.get_by_role("link", name="Report portal")).to_be_visible()
        look(page, screen, "home")
        page.goto("/logout")
        look(page, screen, "logout")
        page.locator("main").get_by_role("button", name="Log out").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("You are logged out")
        look(page, screen, "logged-out")
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
    with tab(browser, server, screen, failing=1) as page:
        page.goto(authorize_url(server.client("report-portal")))
        log_in(page, server, "dave")
        expect(page.locator("main")).to_contain_text("D-")
        look(page, screen, "refused")
        number = page.locator(".number").first.inner_text().strip()
        assert "useReports" in server.command("audit", "show", number.split()[-1])
        page.locator("main").get_by_role("link").or_(page.locator("main").get_by_role("button")).first.click()
        page.wait_for_url("http://127.0.0.1:8081/**")
        assert query(page)["error"] == "access_denied"


def test_withdraw_ends_the_applications_session(browser: Browser, server: LiveServer) -> None:
    """A consent withdrawn on the home page acts at the next request."""
    client = server.client("fjord-dashboard")
    with tab(browser, server, DESK) as page:
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
    with tab(browser, server, PHONE) as page:
        page.goto(authorize_url(server.client("report-portal"), prompt="consent"))
        page.get_by_label("Username").fill("alice")
        page.get_by_label("Password").fill("not it")
        page.get_by_role("button", name="Log in", exact=True).click()
        expect(page.get_by_role("alert")).to_be_visible()
        log_in(page, server, "alice")
        expect(page.get_by_role("button", name="Approve")).to_be_visible()


def test_what_grew_is_shown(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """Asked again only for more, and told what is new."""
    client = server.client("report-portal")
    with tab(browser, server, screen) as page:
        page.goto("/")
        log_in(page, server, "alice")
        if page.get_by_role("button", name="Withdraw Report portal").count():
            page.get_by_role("button", name="Withdraw Report portal").click()
        page.goto(authorize_url(client, scope="openid"))
        page.get_by_role("button", name="Approve").click()
        page.wait_for_url("http://127.0.0.1:8081/**")
        page.goto(authorize_url(client, scope="openid profile"))
        expect(page.get_by_role("listitem").filter(has_text="new")).to_have_count(1)
        look(page, screen, "consent-again")


def test_what_an_application_may_do_grew(
    browser: Browser, server: LiveServer, screen: dict[str, Any]
) -> None:
    """An administrator widens what it may do: the next time one sees what is new and what stood before."""
    client = server.client("fjord-dashboard")
    with tab(browser, server, screen) as page:
        page.goto(authorize_url(client))
        log_in(page, server, "alice")
        page.get_by_role("button", name="Approve").click()
        page.wait_for_url("http://127.0.0.1:8081/**")
        widen(server, client, "REPORT-ANALYST")
        page.goto("/")
        expect(page.get_by_text("It can do nothing for you now:")).to_be_visible()
        page.goto(authorize_url(client))
        expect(page.get_by_role("listitem").filter(has_text="new").first).to_contain_text("exportReports")
        page.get_by_text("What you approved before").click()
        expect(page.get_by_role("status")).to_contain_text("REPORT-READER")
        look(page, screen, "consent-wider")
        page.get_by_role("button", name="Approve").click()
        page.wait_for_url("http://127.0.0.1:8081/**")
        widen(server, client, "REPORT-READER")
        page.goto("/")
        page.get_by_text("What it may do for you").first.click()
        look(page, screen, "home-approval")
        page.get_by_role("button", name="Withdraw Fjord dashboard").click()


def test_home_with_nothing_on_it(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    with tab(browser, server, screen) as page:
        page.goto("/")
        log_in(page, server, "dave")
        expect(page.get_by_text("There is no application you can open.")).to_be_visible()
        look(page, screen, "home-empty")


def test_somebody_else_approves(browser: Browser, server: LiveServer) -> None:
    """From the consent page through the login back to it, as the other person."""
    with tab(browser, server, PHONE) as page:
        page.goto(authorize_url(server.client("fjord-dashboard"), prompt="consent"))
        log_in(page, server, "alice")
        page.get_by_role("link", name="Log in as somebody else").click()
        log_in(page, server, "bob")
        expect(page.locator("dl").first).to_contain_text("bob")
        expect(page.get_by_role("button", name="Approve")).to_be_visible()


def test_a_long_name_fits(browser: Browser, tmp_path: Path) -> None:
    """Sixty characters, on a telephone, in the longer language; whom to ask stands on the refusal."""
    (tmp_path / "theme").mkdir()
    name = "Samferdselsdirektoratets felles innlogging for kundene våre"
    (tmp_path / "theme" / "theme.toml").write_text(f'name = "{name}"', encoding="utf-8")
    with (
        running(tmp_path, support_contact="brukerstotte@example.com") as server,
        tab(browser, server, PHONE, failing=1, locale="nb-NO") as page,
    ):
        page.goto(authorize_url(server.client("report-portal")))
        seen(page, "long-name-login")
        page.get_by_label("Brukernavn").fill("dave")
        page.get_by_label("Passord").fill(server.password("dave"))
        page.get_by_role("button", name="Logg inn", exact=True).click()
        expect(page.get_by_role("link", name="brukerstotte@example.com")).to_be_visible()
        seen(page, "long-name-refused")


def test_an_application_logs_out(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """From the login it was used in at once; from another the person is asked; both lead back to it."""
    client, bye = server.client("report-portal"), "http://127.0.0.1:8081/bye"
    path = f"/authentication/v1/oauth/client/{client['id']}"
    assert server.call("PUT", path, json={"postLogoutRedirectURIs": [bye]}).ok
    with tab(browser, server, screen) as page:
        page.goto(authorize_url(client, prompt="consent"))
        log_in(page, server, "alice")
        page.get_by_role("button", name="Approve").click()
        page.wait_for_url("http://127.0.0.1:8081/callback**")
        tokens = redeem(server, client, query(page)["code"])
        asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": bye, "state": "z"}
        out = "/oauth/logout?" + urlencode(asked)
        page.goto(out)
        page.wait_for_url(f"{bye}?state=z")
        assert status(server, tokens["access_token"]) == 401

        page.goto("/login")
        log_in(page, server, "alice")
        page.goto(out)
        expect(page.get_by_text("Report portal asks you to log out.")).to_be_visible()
        look(page, screen, "logout-for-an-application")
        page.get_by_role("button", name="Log out").last.click()
        page.wait_for_url(f"{bye}?state=z")
        page.goto("/")
        expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible()


def test_by_keyboard_alone(browser: Browser, server: LiveServer) -> None:
    """Log in, approve and log out without a mouse; where the focus is can be seen at every step."""
    with tab(browser, server, DESK) as page:
        page.goto(authorize_url(server.client("report-portal"), prompt="consent"))
        # The first field has the focus already.
        expect(page.get_by_label("Username")).to_be_focused()
        page.keyboard.type("alice")
        tab_to(page, "Password")
        page.keyboard.type(server.password("alice"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Report portal")
        tab_to(page, "Approve")
        page.keyboard.press("Space")
        page.wait_for_url("http://127.0.0.1:8081/**")
        assert "code" in query(page)
        page.goto("/")
        tab_to(page, "Skip to the content")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.goto("/")
        tab_to(page, "Log out")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("You are logged out")


def test_in_norwegian(browser: Browser, server: LiveServer) -> None:
    """The browser's preference, from login to log out."""
    with tab(browser, server, PHONE, locale="nb-NO") as page:
        page.goto(authorize_url(server.client("report-portal"), prompt="consent"))
        page.get_by_label("Brukernavn").fill("alice")
        page.get_by_label("Passord").fill(server.password("alice"))
        page.get_by_role("button", name="Logg inn", exact=True).click()
        expect(page.get_by_role("button", name="Godkjenn")).to_be_visible()
        assert page.locator("html").get_attribute("lang") == "nb"
        seen(page, "consent-norwegian")
        page.get_by_role("button", name="Avslå").click()
        page.wait_for_url("http://127.0.0.1:8081/**")
        page.goto("/")
        seen(page, "home-norwegian")
        page.get_by_role("button", name="Logg ut").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("logget ut")


def test_a_page_that_is_not_there(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """An error is a page like any other, with a way on."""
    with tab(browser, server, screen, failing=1) as page:
        page.goto("/no-such-page")
        look(page, screen, "error")
        page.get_by_role("link", name="Go to my applications").click()
        expect(page.get_by_label("Username")).to_be_visible()


def test_an_unknown_application_is_an_error_page(browser: Browser, server: LiveServer) -> None:
    """Rule 31: no redirect until client and redirect URI are good."""
    url = authorize_url(server.client("report-portal"), redirect_uri="https://evil.example.com/")
    answer = requests.get(server.base + url, allow_redirects=False, timeout=30)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "evil.example.com" not in answer.text


def look(page: Page, screen: dict[str, Any], name: str) -> None:
    """What must hold of every page; without a script nothing can be measured in it."""
    if screen != PLAIN:
        seen(page, name)


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what is so named has the focus; each place on the way must show that it has it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        shown, named = page.evaluate(
            """() => { const at = document.activeElement, style = getComputedStyle(at);
               return [style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
                       (at.labels && at.labels.length ? at.labels[0] : at).innerText.trim()]; }"""
        )
        assert shown, f"the focus cannot be seen at {named!r}"
        if named == name:
            return
    raise AssertionError(f"{name} is not reached by Tab")


def widen(server: LiveServer, client: dict[str, Any], function: str) -> None:
    """Set what an application may do at most."""
    path = f"/authentication/v1/oauth/client/{client['id']}"
    answer = server.call("PUT", path, json={"permissionScope": function})
    assert answer.status_code == 200, answer.text


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
