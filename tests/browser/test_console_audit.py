"""An administrator reads why somebody was refused, sees that the log is intact, and ends what is open."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.browser.kit import authorize_url
from tests.browser.kit import log_in
from tests.browser.kit import press
from tests.browser.kit import query
from tests.browser.kit import seen
from tests.browser.kit import tab
from tests.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def admin(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> Iterator[Page]:
    """The first administrator, logged in, on the audit log."""
    with tab(browser, server, screen) as page:
        page.goto("/console/audit/")
        log_in(page, server, "admin")
        yield page


def intact(page: Page) -> None:
    """The log says that it is sealed, once the server has sealed what was just written."""
    page.goto("/console/audit/")
    notice = page.locator(".notice.good")
    for _ in range(20):
        if notice.count():
            break
        page.reload()
    expect(notice).to_contain_text("sealed and unchanged")


def redeem(server: LiveServer, person: Page) -> None:
    """The application turns the code of the person's address into its session."""
    expect(person.get_by_text("back at the client")).to_be_visible()
    client = server.client("report-portal")
    form = {
        "grant_type": "authorization_code",
        "code": query(person)["code"],
        "redirect_uri": client["redirectURI"],
        "client_id": client["id"],
        "client_secret": client["clientSecret"],
    }
    url = server.base + "/authentication/v1/oauth/token"
    answer = requests.post(url, data=form, timeout=30)
    assert answer.status_code == 200, answer.text


def test_why_somebody_was_refused(
    admin: Page, browser: Browser, server: LiveServer, screen: dict[str, Any]
) -> None:
    """From the number on the person's page to the check that failed."""
    with tab(browser, server, screen, failing=1) as other:
        other.goto(authorize_url(server.client("fjord-dashboard")))
        log_in(other, server, "carol")
        number = re.search(r"D-[0-9A-Z]{10}", other.locator("main").inner_text())
    assert number is not None
    page = admin
    intact(page)
    seen(page, "console-audit")
    page.get_by_text("More to search by").click()
    page.get_by_label("Decision number").fill(number[0].removeprefix("D-").lower())
    press(page, "Search")
    expect(page.locator("tbody tr")).to_have_count(1)
    seen(page, "console-audit-search")
    page.get_by_role("link", name=re.compile(number[0])).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Approval of an application")
    expect(page.get_by_role("row", name=re.compile("^The customer"))).to_contain_text("refuses")
    seen(page, "console-audit-decision")
    page.get_by_role("link", name="carol", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Carol")


def test_what_is_found_and_what_is_not(admin: Page) -> None:
    """Refusals alone; nothing; an address that is none; an entry that is only written down."""
    page = admin
    page.get_by_label("Who").fill("nobody-at-all")
    press(page, "Search")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    seen(page, "console-audit-nothing")
    page.goto("/console/audit/?address=nowhere")
    expect(page.get_by_role("alert")).to_contain_text("Write one IPv4 or IPv6 address.")
    seen(page, "console-audit-problem")
    page.goto("/console/audit/?action=init")
    page.get_by_role("link", name=re.compile("Server set up")).click()
    seen(page, "console-audit-entry")


def test_before_and_after(admin: Page, server: LiveServer) -> None:
    """What was changed of an application, field by field."""
    client = server.client("report-portal")
    path = f"/authentication/v1/oauth/client/{client['id']}"
    name = f"Report Portal {admin.viewport_size and admin.viewport_size['width']}"
    answer = server.call("PUT", path, json={"name": name, "clientIPRange": ["0.0.0.0/0", "::/0"]})
    assert answer.status_code == 200, answer.text
    page = admin
    page.goto("/console/audit/?action=client-update")
    page.get_by_role("link", name=re.compile("Application changed")).first.click()
    expect(page.get_by_role("row", name=re.compile("^Name"))).to_contain_text(name)
    seen(page, "console-audit-change")


def test_sessions(admin: Page, browser: Browser, server: LiveServer, screen: dict[str, Any]) -> None:
    """What is open, with its applications; ended here, and the person must log in again."""
    with tab(browser, server, screen) as other:
        other.goto(authorize_url(server.client("report-portal")))
        log_in(other, server, "bob")
        if other.get_by_role("button", name="Approve").count():
            press(other, "Approve")
        redeem(server, other)
        page = admin
        page.get_by_role("link", name="Sessions", exact=True).first.click()
        expect(page.get_by_role("link", name="Bob Berg")).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("for bob"))).to_be_visible()
        seen(page, "console-sessions")
        page.get_by_label("User").fill("nobody-at-all")
        press(page, "Search")
        expect(page.get_by_role("alert")).to_contain_text("There is no such user or group.")
        seen(page, "console-sessions-problem")
        page.goto("/console/sessions/?user=bob")
        page.get_by_role("button", name=re.compile("End the login of bob")).first.click()
        expect(page.get_by_role("status")).to_contain_text("The login of bob has ended")
        expect(page.get_by_text("Nothing found")).to_be_visible()
        seen(page, "console-sessions-ended")
        other.goto("/")
        expect(other.get_by_label("Username")).to_be_visible()


def test_a_changed_entry_is_seen(
    browser: Browser, server: LiveServer, admin: Page, screen: dict[str, Any]
) -> None:
    """Last in this file: somebody writes to the database by himself, and the page says so in red."""
    page = admin
    intact(page)

    def rename(old: str, new: str) -> None:
        with closing(sqlite3.connect(server.folder / "argus.sqlite")) as database, database:
            database.execute(
                "UPDATE audit_event SET action = ? WHERE action = ? AND place IS NOT NULL", (new, old)
            )

    rename("init", "demo")
    try:
        page.reload()
        expect(page.get_by_role("alert")).to_contain_text("This entry was changed")
        seen(page, "console-audit-tampered")
        page.get_by_role("link", name=re.compile("See entry")).click()
        expect(page.get_by_role("alert")).to_contain_text("Do not rely on what it says")
        seen(page, "console-audit-entry-tampered")
    finally:
        rename("demo", "init")
