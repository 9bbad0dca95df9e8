"""An administrator works by hand on people, functions, customers and permissions; each page is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.browser.kit import PHONE
from tests.browser.kit import log_in
from tests.browser.kit import press
from tests.browser.kit import seen
from tests.browser.kit import tab
from tests.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def admin(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> Iterator[Page]:
    """The first administrator, logged in, on the console."""
    with tab(browser, server, screen) as page:
        page.goto("/console/users/")
        log_in(page, server, "admin")
        yield page


def size(page: Page) -> str:
    """A word that differs for each screen, so that what one makes the other can make too."""
    return "phone" if page.viewport_size and page.viewport_size["width"] < 600 else "desk"


def test_a_users_life(admin: Page, server: LiveServer) -> None:
    """Made, found, changed, given a permission and a key, blocked, unblocked, deleted and brought back."""
    page, name = admin, f"erik-{size(admin)}"
    seen(page, "console-users")
    page.get_by_role("link", name="New user").click()
    page.get_by_label("Username").fill("not a name")
    page.get_by_label("Full name").fill("Erik Eriksen")
    page.get_by_label("Customer").fill("nowhere")
    press(page, "Save")
    expect(page.get_by_role("alert")).to_be_visible()
    seen(page, "console-user-add-problem")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Customer").fill("nordic")
    page.get_by_label("E-mail").fill("erik@example.com")
    seen(page, "console-user-add")
    press(page, "Save")
    expect(page.get_by_role("status")).to_contain_text(f"{name} was created. A link")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Erik Eriksen")
    mails = sorted((server.folder / "mail").glob("*.eml"))
    assert mails, "the link to the first password"

    page.get_by_role("link", name="Grant a permission").click()
    page.get_by_label("Function").fill("REPORT-READER")
    page.get_by_label("Customer").fill("fjord-bank")
    seen(page, "console-permission-grant")
    press(page, "Grant")
    expect(page.get_by_role("row", name=name)).to_contain_text("Fjord Bank")
    seen(page, "console-permissions")
    page.get_by_role("link", name=name, exact=True).first.click()

    page.get_by_role("link", name="New API key").click()
    seen(page, "console-user-key")
    page.get_by_label("What it is for").fill("A nightly job")
    page.get_by_label("Addresses it may be used from").fill("10.0.0.0/8")
    press(page, "Make the key")
    key = page.locator(".once").inner_text()
    assert key.count("/") == 2
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press(page, "Copy")
    expect(page.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == key
    seen(page, "console-user-key-made")
    page.get_by_role("link", name="Done").click()
    seen(page, "console-user")
    assert key not in page.content()

    page.get_by_role("link", name="Block").click()
    seen(page, "console-user-block")
    press(page, "Block")
    expect(page.get_by_text("blocked", exact=True).first).to_be_visible()
    press(page, "Unblock")
    expect(page.get_by_role("status")).to_contain_text("may log in again")
    page.get_by_role("link", name="Delete").click()
    seen(page, "console-user-delete")
    press(page, "Delete")
    page.goto(f"/console/users/?state=deleted&q={name}")
    seen(page, "console-users-deleted")
    press(page, f"Bring back {name}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Erik Eriksen")


def test_ways_in_of_a_user(admin: Page, server: LiveServer) -> None:
    """A link to a new password, a generator of codes, a way switched off: shown once, and taken back."""
    page = admin
    page.goto("/console/users/carol")
    page.get_by_role("link", name="New password").click()
    seen(page, "console-user-password")
    press(page, "Show the link here")
    link = page.locator(".once").inner_text()
    seen(page, "console-user-password-link")
    answer = requests.get(link, timeout=30)
    assert answer.status_code == 200
    assert "carol" in answer.text
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="One-time codes").click()
    seen(page, "console-user-codes")
    press(page, "Make a new generator")
    assert len(page.locator(".once").inner_text()) == 32
    seen(page, "console-user-codes-made")
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="One-time codes").click()
    press(page, "Take the codes away")
    expect(page.get_by_role("status")).to_contain_text("The one-time codes of carol are off.")
    page.get_by_role("link", name="Switch off Passkey").click()
    seen(page, "console-user-method-off")
    press(page, "Switch off")
    expect(page.get_by_text("switched off")).to_be_visible()
    press(page, "Switch on Passkey")
    expect(page.get_by_text("switched off")).to_have_count(0)
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Telephone").fill("+47 99 99 99 99")
    seen(page, "console-user-edit")
    press(page, "Save")
    expect(page.get_by_role("status")).to_contain_text("The changes to carol are saved.")
    page.get_by_role("link", name="Move").click()
    page.get_by_label("To the customer").fill("nowhere")
    press(page, "Move")
    seen(page, "console-user-move-problem")
    page.get_by_label("To the customer").fill("polar-shipping")
    press(page, "Move")
    expect(page.get_by_role("status")).to_contain_text("carol now belongs to Polar Shipping.")


def test_sessions_of_a_user(
    admin: Page, server: LiveServer, browser: Browser, screen: dict[str, Any]
) -> None:
    """An open login is seen and ended; the person must log in again."""
    with tab(browser, server, screen) as other:
        other.goto("/")
        log_in(other, server, "dave")
        expect(other.get_by_role("heading", level=1)).to_be_visible()
        admin.goto("/console/users/dave")
        seen(admin, "console-user-with-sessions")
        admin.get_by_role("link", name="End everything").click()
        seen(admin, "console-user-end-everything")
        press(admin, "End everything")
        expect(admin.get_by_text("Nothing is open.")).to_be_visible()
        other.goto("/")
        expect(other.get_by_label("Username")).to_be_visible()


def test_groups(admin: Page) -> None:
    """A group is made, gets a member and loses it, and goes."""
    page, name = admin, f"analysts-{size(admin)}"
    page.goto("/console/groups/")
    page.get_by_role("link", name="New group").click()
    page.get_by_label("Short name").fill(name)
    page.get_by_label("Name", exact=True).fill("Analysts")
    page.get_by_label("Customer").fill("nordic")
    seen(page, "console-group-add")
    press(page, "Save")
    page.get_by_label("User or group to add").fill("nobody-at-all")
    press(page, "Add")
    seen(page, "console-group-problem")
    page.get_by_label("User or group to add").fill("alice")
    page.get_by_text("Several at once").click()
    page.get_by_label("More of them, one per line").fill("bob")
    press(page, "Add")
    expect(page.get_by_role("link", name="Alice Andersen")).to_be_visible()
    seen(page, "console-group")
    page.get_by_role("link", name="Remove bob").click()
    seen(page, "console-group-member-remove")
    press(page, "Remove")
    expect(page.get_by_role("link", name="Bob Berg")).to_have_count(0)
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Description").fill("Those who read reports")
    press(page, "Save")
    expect(page.get_by_text("Those who read reports")).to_be_visible()
    page.get_by_role("link", name="Delete").click()
    seen(page, "console-group-delete")
    press(page, "Delete")
    seen(page, "console-groups")


def test_functions(admin: Page) -> None:
    """A role is made, bundles a function, is seen in the picture, and goes."""
    page, name = admin, f"SUPPORT-{size(admin)}"
    page.goto("/console/functions/")
    seen(page, "console-functions")
    page.get_by_role("link", name="Picture").click()
    expect(page.locator("svg.graph a").first).to_be_visible()
    seen(page, "console-functions-picture")
    page.goto("/console/functions/add?parent=ALL-FUNCTIONS")
    page.get_by_label("Name").fill("viewReports")
    seen(page, "console-function-add")
    press(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("taken")
    seen(page, "console-function-add-problem")
    page.get_by_label("Name").fill(name)
    page.get_by_label("It is a role").check()
    press(page, "Save")
    page.get_by_label("Function to add").fill("viewReports")
    page.get_by_text("Several at once").click()
    page.get_by_label("More of them, one per line").fill("useReports")
    press(page, "Add")
    expect(page.get_by_role("link", name="viewReports", exact=True)).to_be_visible()
    seen(page, "console-function")
    page.get_by_role("link", name="Remove useReports").click()
    seen(page, "console-function-child-remove")
    press(page, "Remove")
    expect(page.get_by_role("link", name="useReports", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Picture").click()
    expect(page.locator("svg.graph a.here")).to_be_visible()
    seen(page, "console-function-picture")
    page.go_back()
    page.get_by_role("link", name="Edit").click()
    page.locator("#description").fill("For the service desk")
    press(page, "Save")
    page.get_by_role("link", name="Delete").click()
    seen(page, "console-function-delete")
    press(page, "Delete")
    expect(page.get_by_role("status")).to_contain_text(f"{name} was deleted.")


def test_customers(admin: Page) -> None:
    """A customer is made below another, changed, moved, disabled and enabled again."""
    page, name = admin, f"kelp-{size(admin)}"
    page.goto("/console/customers/")
    seen(page, "console-customers")
    page.get_by_role("link", name="Nordic Group").click()
    seen(page, "console-customer")
    page.get_by_role("link", name="New customer below").click()
    page.get_by_label("Name", exact=True).fill(f"Kelp {size(page)}")
    page.get_by_label("Short name").fill(name)
    seen(page, "console-customer-add")
    press(page, "Save")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Short name").fill("nordic")
    press(page, "Save")
    seen(page, "console-customer-edit-problem")
    page.get_by_label("Short name").fill(name)
    press(page, "Save")
    page.get_by_role("link", name="Move").click()
    page.get_by_label("Below the customer").fill("fjord-bank")
    seen(page, "console-customer-move")
    press(page, "Move")
    expect(page.get_by_role("link", name="Fjord Bank")).to_be_visible()
    page.get_by_role("link", name="Disable").click()
    seen(page, "console-customer-disable")
    press(page, "Disable")
    seen(page, "console-customers-disabled")
    press(page, f"Enable Kelp {size(page)}")
    expect(page.get_by_role("status")).to_contain_text("It counts again")


def test_a_permission_is_taken_away(admin: Page, server: LiveServer) -> None:
    """Granted and revoked by hand; a filter that names nobody says so at its field."""
    page = admin
    page.goto("/console/permissions/?subject=nobody-at-all")
    expect(page.get_by_role("alert")).to_contain_text("There is no such user or group.")
    seen(page, "console-permissions-problem")
    page.goto("/console/permissions/add?subject=dave&function=viewReports&customer=nordic")
    press(page, "Grant")
    page.get_by_role("link", name="Revoke viewReports of dave").click()
    page.get_by_label("Why").fill("Only for a test")
    seen(page, "console-permission-revoke")
    press(page, "Revoke")
    expect(page.get_by_role("link", name="Revoke viewReports of dave")).to_have_count(0)


def test_long_words_on_a_phone(browser: Browser, server: LiveServer) -> None:
    """In Norwegian no name of a value is broken, and no label of a cell lies on the next."""
    with tab(browser, server, PHONE, locale="nb-NO") as page:
        page.goto("/login")
        page.locator("#username").fill("admin")
        page.locator("#password").fill(server.password("admin"))
        page.get_by_role("button", name="Logg inn", exact=True).click()
        page.goto("/console/functions/")
        label = "Krever innlogging på nivå"
        cell = page.locator(f'td[data-label="{label}"]').first.bounding_box()
        assert cell is not None
        assert cell["height"] > 3 * 14
        page.goto("/console/clients/")
        page.get_by_role("link", name="Report portal").click()
        name = page.get_by_text("Tillatelsesramme", exact=True).bounding_box()
        assert name is not None
        assert name["height"] < 2 * 16 * 1.5
