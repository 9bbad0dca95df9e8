"""A person protects the account: codes, passkeys, keys, sessions, password; each page is looked at."""

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
from tests.browser.factors import new_user
from tests.browser.factors import wrong_code
from tests.browser.kit import authorize_url
from tests.browser.kit import log_in
from tests.browser.kit import press
from tests.browser.kit import seen
from tests.browser.kit import tab
from tests.servers import LiveServer
from tests.servers import running

pytestmark = [pytest.mark.browser, pytest.mark.server]
NEW = "four brown kettles sing"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Reached by a name, as browsers want it for passkeys."""
    with running(tmp_path_factory.mktemp("account"), host="localhost") as live:
        yield live


class Owner:
    """Somebody of this test alone, logged in by password."""

    def __init__(self, page: Page, server: LiveServer, kind: str) -> None:
        size = "phone" if page.viewport_size and page.viewport_size["width"] < 600 else "desk"
        self.page, self.server, self.name = page, server, f"{kind}-{size}"
        self.password = new_user(server, self.name)

    def logs_in(self, at: str) -> None:
        self.page.goto(at)
        log_in(self.page, self.server, self.name, self.password)

    def confirms(self) -> None:
        """Prove presence by password, where a page asks for it."""
        self.page.get_by_label("Password").fill(self.password)
        press(self.page, "Confirm by password")


def test_codes(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """From the security page to a picture, its seed by hand, a first code, a login with the next; and off."""
    with tab(browser, server, screen) as page:
        owner = Owner(page, server, "tess")
        owner.logs_in("/account/security")
        seen(page, "account-security")
        page.get_by_role("link", name="Set up one-time codes").click()
        seen(page, "account-confirm")
        page.get_by_label("Password").fill("not it at all")
        press(page, "Confirm by password")
        expect(page.get_by_role("alert")).to_contain_text("This is not your password.")
        seen(page, "account-confirm-problem")
        owner.confirms()
        seen(page, "account-codes")
        press(page, "Show the picture")
        expect(page.get_by_role("img", name="QR picture for the authenticator app")).to_be_visible()
        seen(page, "account-codes-picture")
        page.get_by_text("No camera? Enter the key by hand").click()
        shown = page.locator(".once").inner_text()
        assert [len(group) for group in shown.split(" ")] == [4] * 8
        seen(page, "account-codes-by-hand")
        seed = shown.replace(" ", "")
        page.get_by_label("Code").fill(wrong_code(seed))
        press(page, "Switch on")
        expect(page.get_by_role("alert")).to_contain_text(
            "Wrong code. Enter the six digits that the app shows now."
        )
        seen(page, "account-codes-problem")
        page.get_by_label("Code").fill(code(seed))
        press(page, "Switch on")
        expect(page.get_by_role("status")).to_contain_text("One-time codes are set up.")
        expect(page.get_by_text("You logged in by password alone.")).to_be_visible()
        seen(page, "account-security-guarded")
        page.get_by_role("link", name="Go to the login").click()
        log_in(page, server, owner.name, owner.password)
        page.get_by_label("Code").fill(code(seed, 1))
        press(page, "Log in")
        expect(page.get_by_role("heading", level=1)).to_have_text("Security")
        page.get_by_role("link", name="Switch off").click()
        seen(page, "account-codes-remove")
        press(page, "Switch off")
        expect(page.get_by_role("status")).to_contain_text("One-time codes are off.")


def test_passkeys(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """Made with the browser's help, named, used for the second step and to confirm, removed."""
    with tab(browser, server, screen) as page:
        owner = Owner(page, server, "pia")
        device = Device(page)
        owner.logs_in("/account/security")
        page.get_by_role("link", name="Add a passkey").click()
        owner.confirms()
        expect(page.get_by_label("Name")).not_to_have_value("")
        seen(page, "account-passkey-add")
        device.recognises(owner=False)
        press(page, "Add a passkey")
        expect(page.get_by_role("alert")).to_contain_text("No passkey was made.")
        seen(page, "account-passkey-add-problem")
        device.recognises(owner=True)
        page.get_by_label("Name").fill("Blue laptop")
        press(page, "Add a passkey")
        expect(page.get_by_role("status")).to_contain_text("The passkey is added.")
        assert len(device.keys()) == 1
        expect(page.get_by_text("Blue laptop")).to_be_visible()

        page.get_by_role("link", name="Go to the login").click()
        log_in(page, server, owner.name, owner.password)
        expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
        seen(page, "login-second-step-passkey")
        press(page, "Use your passkey")
        expect(page.get_by_role("heading", level=1)).to_have_text("Security")
        seen(page, "account-security-with-passkey")
        page.get_by_role("link", name="Set up one-time codes").click()
        seen(page, "account-confirm-passkey")
        press(page, "Use your passkey")
        expect(page.get_by_role("button", name="Show the picture")).to_be_visible()
        page.goto("/account/security")
        page.get_by_role("link", name="Remove Blue laptop").click()
        seen(page, "account-passkey-remove")
        press(page, "Remove")
        expect(page.get_by_role("status")).to_contain_text("The passkey is removed.")
        expect(page.get_by_text("Blue laptop")).to_have_count(0)


def test_keys(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """Made with limits, shown once, renewed, revoked: a program notices each."""
    with tab(browser, server, screen) as page:
        owner = Owner(page, server, "kim")
        owner.logs_in("/account/keys")
        expect(page.get_by_text("You have none.")).to_be_visible()
        seen(page, "account-keys-none")
        page.get_by_role("link", name="New API key").click()
        owner.confirms()
        seen(page, "account-key-add")
        page.get_by_label("What it is for").fill("A nightly job")
        page.get_by_label("Addresses it may be used from").fill("127.0.0.1\nnowhere at all")
        press(page, "Make the key")
        expect(page.get_by_role("alert")).to_be_visible()
        seen(page, "account-key-add-problem")
        page.get_by_label("Addresses it may be used from").fill("127.0.0.1\n::1")
        page.get_by_label("It may only read").check()
        press(page, "Make the key")
        seen(page, "account-key-made")
        key = page.locator(".once").inner_text()
        assert works(server, key)
        page.get_by_role("link", name="Done").click()
        expect(page.get_by_text("127.0.0.1/32")).to_be_visible()
        assert key not in page.content()
        seen(page, "account-keys")
        page.get_by_role("link", name="Renew A nightly job").click()
        owner.confirms()
        page.get_by_label("Days until it ends").fill("soon")
        press(page, "Renew")
        seen(page, "account-key-renew-problem")
        page.get_by_label("Days until it ends").fill("10")
        press(page, "Renew")
        expect(page.get_by_role("status")).to_contain_text("now ends")
        page.get_by_role("link", name="Revoke A nightly job").click()
        seen(page, "account-key-revoke")
        press(page, "Revoke")
        expect(page.get_by_role("status")).to_contain_text("The key is revoked.")
        assert not works(server, key)


def test_sessions(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """Each login with its applications; one is ended from another browser, then everything."""
    with tab(browser, server, screen) as page, tab(browser, server, screen) as other:
        size = page.viewport_size or {"width": 0}
        name = "alice" if size["width"] > 600 else "bob"
        client = server.client("report-portal" if name == "alice" else "fjord-dashboard")
        other.goto(authorize_url(client, prompt="consent"))
        log_in(other, server, name)
        press(other, "Approve")
        other.wait_for_url("http://127.0.0.1:8081/**")
        redeem(server, client, other.url)
        page.goto("/account/sessions")
        log_in(page, server, name)
        expect(page.get_by_text("this browser")).to_have_count(1)
        seen(page, "account-sessions")
        page.get_by_role("button", name="End the session of").click()
        expect(page.get_by_role("status")).to_contain_text("The session has ended.")
        expect(page.get_by_text("No application acts for you here.")).to_have_count(2)
        page.locator("li.card").filter(has_not_text="this browser").get_by_role("button").first.click()
        expect(page.locator("li.card")).to_have_count(1)
        other.goto("/account/sessions")
        expect(other.get_by_label("Username")).to_be_visible()
        page.get_by_role("link", name="End everything").click()
        seen(page, "account-sessions-end")
        press(page, "End everything")
        expect(page.get_by_role("heading", level=1)).to_have_text("You are logged out")
        seen(page, "logged-out")


def test_activity(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """What happened, a stranger's try too; the next page is there when there is more."""
    with tab(browser, server, screen) as page:
        owner = Owner(page, server, "ada")
        for _ in range(26):
            body = {"userName": owner.name, "password": owner.password}
            requests.post(f"{server.base}/authentication/v1/password/authentication", json=body, timeout=30)
        owner.page.goto("/login")
        log_in(page, server, owner.name, "not it at all")
        owner.logs_in("/account/activity")
        expect(page.get_by_text("Login refused")).to_be_visible()
        seen(page, "account-activity")
        page.get_by_role("link", name="Next").click()
        expect(page.get_by_text("User created")).to_be_visible()
        page.get_by_role("link", name="Previous").click()
        expect(page.get_by_text("Login refused")).to_be_visible()


def test_password(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """A new one is judged against what is known from breaches; then one logs in with it."""
    with tab(browser, server, screen) as page:
        owner = Owner(page, server, "per")
        owner.logs_in("/account/security")
        page.get_by_role("link", name="Choose a new password").click()
        seen(page, "account-password")
        fill(page, owner.password, "Liverpool1234")
        expect(page.get_by_role("alert")).to_contain_text("password is too common")
        seen(page, "account-password-problem")
        fill(page, owner.password, NEW)
        expect(page.get_by_role("status")).to_contain_text("Your new password is set.")
        seen(page, "login-after-new-password")
        log_in(page, server, owner.name, NEW)
        expect(page.get_by_role("heading", level=1)).to_have_text("My applications")


def fill(page: Page, old: str, new: str) -> None:
    """Fill in and send the form of a new password."""
    page.get_by_label("Current password").fill(old)
    page.get_by_label("New password", exact=True).fill(new)
    page.get_by_label("Repeat the new password").fill(new)
    press(page, "Save the new password")


def works(server: LiveServer, key: str) -> bool:
    url = f"{server.base}/currentuser/v1/user"
    return requests.get(url, headers={"Argus-API-Key": key}, timeout=30).status_code == 200


def redeem(server: LiveServer, client: dict[str, Any], url: str) -> None:
    form = {
        "grant_type": "authorization_code",
        "client_id": client["id"],
        "client_secret": client["clientSecret"],
        "redirect_uri": client["redirectURI"],
        "code": url.split("code=")[1].split("&")[0].replace("%2F", "/").replace("%40", "@"),
    }
    answer = requests.post(f"{server.base}/authentication/v1/oauth/token", data=form, timeout=30)
    assert answer.ok, answer.text
