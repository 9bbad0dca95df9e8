"""Every way into the account, and what keeps strangers out, as people meet it; each page is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.browser.factors import Device
from tests.browser.factors import code
from tests.browser.factors import must_change_password
from tests.browser.factors import new_user
from tests.browser.factors import was_away
from tests.browser.factors import with_codes
from tests.browser.factors import wrong_code
from tests.browser.kit import PLAIN
from tests.browser.kit import SCREENS
from tests.browser.kit import authorize_url
from tests.browser.kit import log_in
from tests.browser.kit import press
from tests.browser.kit import query
from tests.browser.kit import seen
from tests.browser.kit import tab
from tests.servers import LiveServer
from tests.servers import running

pytestmark = [pytest.mark.browser, pytest.mark.server]
NEW = "four brown kettles sing"
LOGIN = "/authentication/v1/password/authentication"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Reached by a name, as browsers want it for passkeys."""
    with running(tmp_path_factory.mktemp("login"), host="localhost") as live:
        yield live


def named(kind: str, screen: dict[str, Any]) -> str:
    """A name for each screen."""
    script = "" if screen.get("java_script_enabled", True) else "-plain"
    return f"{kind}-{screen['viewport']['width']}{script}"


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


@pytest.mark.parametrize("kind", SCREENS)
def test_password_and_code(browser: Browser, server: LiveServer, kind: str) -> None:
    """Two steps to the page one wanted, with and without JavaScript; a wrong code says so."""
    screen = dict(SCREENS[kind])
    name = named("tom", screen)
    password, seed = new_user(server, name), with_codes(server, name)
    with tab(browser, server, screen) as page:

        def look(state: str) -> None:
            if screen != PLAIN:
                seen(page, state)

        page.goto("/account/keys")
        look("login")
        log_in(page, server, name, "not it at all")
        expect(page.get_by_role("alert")).to_contain_text("do not match")
        look("login-problem")
        log_in(page, server, name, password)
        heading(page, "One more step")
        look("login-second-step")
        page.get_by_label("Code").fill(wrong_code(seed))
        press(page, "Log in")
        expect(page.get_by_role("alert")).to_contain_text("Wrong code.")
        look("login-second-step-problem")
        page.get_by_label("Code").fill(code(seed))
        press(page, "Log in")
        heading(page, "API keys")


def test_too_many_tries(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """The page says how long to wait."""
    name = named("vic", screen)
    for _ in range(10):
        requests.post(server.base + LOGIN, json={"userName": name, "password": "not it"}, timeout=30)
    with tab(browser, server, screen, failing=1) as page:
        page.goto("/login")
        log_in(page, server, name, "not it at all")
        expect(page.get_by_role("alert")).to_contain_text("Wait about 5 minutes and try again.")
        seen(page, "login-slowed")


def test_away_for_a_while(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """One is told, and back where one was; on the way to an application too."""
    name = named("ida", screen)
    password = new_user(server, name)
    with tab(browser, server, screen) as page:
        page.goto("/login")
        log_in(page, server, name, password)
        heading(page, "My applications")
        was_away(server, name)
        page.goto("/account/activity?offset=0")
        expect(page.get_by_role("status")).to_contain_text("You have been away for a while.")
        expect(page.get_by_label("Username")).to_have_value(name)
        expect(page.get_by_label("Password")).to_be_focused()
        seen(page, "login-away")
        log_in(page, server, name, password)
        page.wait_for_url("**/account/activity?offset=0")


@pytest.mark.parametrize("kind", SCREENS)
def test_a_forced_change(browser: Browser, server: LiveServer, kind: str) -> None:
    """Nothing goes on before it; then one logs in with the new password and is at the application at once.

    The consent stands, so that the login form's redirects end at another origin: the policy must allow it.
    """
    screen = dict(SCREENS[kind])
    user = ("alice", "bob", "carol")[list(SCREENS).index(kind)]
    client = server.client("report-portal")
    with tab(browser, server, screen) as page:
        page.goto(authorize_url(client))
        log_in(page, server, user)
        press(page, "Approve")
        page.wait_for_url("http://127.0.0.1:8081/**")
    must_change_password(server, user)
    with tab(browser, server, screen) as page:
        page.goto(authorize_url(client))
        log_in(page, server, user)
        heading(page, "Choose a new password")
        if screen != PLAIN:
            seen(page, "login-new-password")
        page.goto("/account/keys")
        heading(page, "Choose a new password")
        page.go_back()
        page.get_by_label("Current password").fill(server.password(user))
        page.get_by_label("New password", exact=True).fill(NEW)
        page.get_by_label("Repeat the new password").fill(NEW)
        press(page, "Save the new password")
        expect(page.get_by_role("status")).to_contain_text("Your new password is set.")
        log_in(page, server, user, NEW)
        page.wait_for_url("http://127.0.0.1:8081/**")
        assert query(page)["code"]


def test_by_passkey_alone(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """By its button, then by the field of the user name alone; no name and no password are typed."""
    name = named("pat", screen)
    password = new_user(server, name)
    with tab(browser, server, screen) as page:
        device = Device(page)
        page.goto("/account/security")
        log_in(page, server, name, password)
        page.get_by_role("link", name="Add a passkey").click()
        page.get_by_label("Password").fill(password)
        press(page, "Confirm by password")
        press(page, "Add a passkey")
        expect(page.get_by_role("status")).to_contain_text("The passkey is added.")
        press(page, "Log out")
        page.goto("/login?next=/account/keys")
        press(page, "Log in with a passkey")
        heading(page, "API keys")
        device.autofills()
        press(page, "Log out")
        # Chromium's virtual device chooses its passkey where a person would in the list below the field.
        page.goto("/login?next=/account/activity")
        heading(page, "Activity")


def test_a_passkey_that_is_not_used(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """Nobody there, or no passkey: the page says so, and the password is still a way."""
    with tab(browser, server, screen) as page:
        device = Device(page)
        device.recognises(owner=False)
        page.goto("/login")
        press(page, "Log in with a passkey")
        expect(page.get_by_role("alert")).to_contain_text("No passkey was used.")
        seen(page, "login-passkey-problem")
        log_in(page, server, "dave")
        heading(page, "My applications")


def test_a_passkey_the_server_does_not_know(
    browser: Browser, server: LiveServer, screen: dict[str, Any]
) -> None:
    """Removed here and still in the device: one message, and no more of it."""
    name = named("rob", screen)
    password = new_user(server, name)
    with tab(browser, server, screen) as page:
        device = Device(page)
        page.goto("/account/security/passkeys/add")
        log_in(page, server, name, password)
        page.get_by_label("Password").fill(password)
        press(page, "Confirm by password")
        press(page, "Add a passkey")
        expect(page.get_by_role("status")).to_contain_text("The passkey is added.")
        path = f"/authentication/v1/user/{name}/signature"
        (key,) = server.call("GET", path).json()["data"]["keys"]
        assert server.call("DELETE", f"{path}/{key['keyID']}").ok
        press(page, "Log out")
        device.autofills()
        page.goto("/login")
        expect(page.get_by_role("alert").first).to_contain_text("That passkey does not work here.")
        # It is not asked for again by itself: the same refusal would follow, and again.
        expect(page.locator("[data-autofill]")).to_have_count(0)
        seen(page, "login-passkey-refused")


def test_by_keyboard(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """The field one needs first has the focus; then password, button, the way without a password."""
    with tab(browser, server, screen) as page:
        page.goto("/login")
        expect(page.get_by_label("Username")).to_be_focused()
        order = []
        for _ in range(5):
            order.append(page.evaluate("() => document.activeElement.id || document.activeElement.innerText"))
            page.keyboard.press("Tab")
        assert order == ["username", "password", "Log in", "Forgot your password?", "Log in with a passkey"]
        page.goto("/login")
        expect(page.get_by_label("Username")).to_be_focused()
        page.keyboard.type("dave")
        page.keyboard.press("Tab")
        page.keyboard.type(server.password("dave"))
        page.keyboard.press("Enter")
        heading(page, "My applications")
        page.goto("/logout")
        seen(page, "logout")


def test_without_javascript_no_passkey_is_offered(browser: Browser, server: LiveServer) -> None:
    """What needs a script is hidden without one."""
    with tab(browser, server, PLAIN) as page:
        page.goto("/login")
        expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Log in with a passkey")).to_be_hidden()


@pytest.mark.parametrize("kind", SCREENS)
def test_two_tabs(browser: Browser, server: LiveServer, kind: str) -> None:
    """Logged in by the first, the second goes on to its application; for somebody else it asks anew."""
    screen, client = dict(SCREENS[kind]), server.client("report-portal")
    user = ("alice", "bob", "carol")[list(SCREENS).index(kind)]
    name = named("tabs", screen)
    password = new_user(server, name)
    with tab(browser, server, screen) as page:
        second, third = page.context.new_page(), page.context.new_page()
        page.goto("/login")
        second.goto(authorize_url(client, state="second"))
        third.goto(authorize_url(client, state="third"))
        log_in(page, server, name, password)
        heading(page, "My applications")
        log_in(second, server, name, password)
        expect(second.get_by_role("heading", level=1)).to_contain_text("You cannot use Report portal")
        log_in(third, server, user)
        expect(third.get_by_role("status").first).to_contain_text("in another window")
        expect(third.get_by_text(f"You are logged in as {name}.")).to_be_visible()
        if screen != PLAIN:
            seen(third, "login-other-window")
