"""An administrator understands a refusal, ends it, and looks before leaping; each page is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.browser.kit import authorize_url
from tests.browser.kit import log_in
from tests.browser.kit import press
from tests.browser.kit import seen
from tests.browser.kit import tab
from tests.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def admin(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> Iterator[Page]:
    """The first administrator, logged in, on the empty form."""
    with tab(browser, server, screen) as page:
        page.goto("/console/explain/")
        log_in(page, server, "admin")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Who may use what")
        yield page


def ask(page: Page, user: str, client: str, address: str = "") -> None:
    """Fill in the question that is open and send it."""
    page.get_by_label("User", exact=True).fill(user)
    page.get_by_label("Application", exact=True).fill(client)
    page.get_by_label("Address the application calls from").fill(address)
    press(page, "Explain")


def test_a_refusal_is_understood_and_ended(admin: Page) -> None:
    """Dave may not; the repair beside the red check is followed, looked at, granted, and he may."""
    page = admin
    seen(page, "console-explain")
    ask(page, "dave", "report-portal")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Dave Dahl may not use Report portal")
    expect(page.locator(".checks .fail")).to_have_count(1)
    expect(page.locator(".checks .fail")).to_contain_text("dave does not hold useReports for any customer")
    seen(page, "console-explain-refused")
    page.locator(".checks .fail").get_by_role(
        "link", name="Grant useReports for Nordic Group to dave"
    ).click()
    expect(page.get_by_label("Function")).to_have_value("useReports")
    press(page, "See what changes")
    expect(page.get_by_role("row", name="dave")).to_contain_text("gains access")
    seen(page, "console-permission-grant-looked")
    press(page, "Grant")
    expect(page.get_by_role("status")).to_contain_text("is granted to")
    expect(heading).to_contain_text("Dave Dahl may use Report portal")
    expect(page.locator(".checks .fail")).to_have_count(0)
    expect(page.locator(".rights").first).to_contain_text("useReports")
    seen(page, "console-explain-allowed")

    page.goto("/console/permissions/?subject=dave")
    page.get_by_role("link", name="Revoke useReports of dave").click()
    page.get_by_text("Look first at what it changes").click()
    page.get_by_label("Application").fill("report-portal")
    press(page, "See what changes")
    expect(page.get_by_role("row", name="dave")).to_contain_text("loses access")
    seen(page, "console-permission-revoke-looked")
    press(page, "Revoke")
    expect(page.get_by_role("link", name="Revoke useReports of dave")).to_have_count(0)


def test_an_address_outside(admin: Page) -> None:
    """The address of the question refuses; the evidence names it and the range. A typing error is named."""
    page = admin
    ask(page, "alice", "report-portal", "10.9.8.7/8")
    expect(page.get_by_role("alert")).to_contain_text("Write one IPv4 or IPv6 address.")
    page.get_by_text("More", exact=True).click()
    seen(page, "console-explain-problem")
    ask(page, "alice", "report-portal", "10.9.8.7")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Alice Andersen may not use Report portal")
    failed = page.locator(".checks .fail")
    expect(failed).to_contain_text("10.9.8.7")
    expect(failed).to_contain_text("127.0.0.0/8")
    expect(failed).to_contain_text("Change the addresses")
    page.get_by_text("Ask something else").click()
    seen(page, "console-explain-address")
    page.get_by_label("Address the application calls from").fill("127.0.0.1")
    press(page, "Explain")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Alice Andersen may use Report portal")


def test_a_decision_by_its_number(
    admin: Page, server: LiveServer, browser: Browser, screen: dict[str, Any]
) -> None:
    """Carol reads the number out; the administrator sees what was decided, and what it would be today."""
    portal = server.client("fjord-dashboard")
    with tab(browser, server, screen, failing=1) as other:
        other.goto(authorize_url(portal))
        log_in(other, server, "carol")
        number = other.locator(".number").inner_text().split()[-1]
    page = admin
    page.get_by_label("Number of the decision").fill(number.lower())
    press(page, "Look it up")
    expect(page.get_by_role("heading", level=1)).to_contain_text(
        "Carol Christensen may not use Fjord dashboard"
    )
    expect(page.get_by_role("heading", name="As it was decided then")).to_be_visible()
    expect(page.get_by_text(number)).to_be_visible()
    seen(page, "console-explain-recorded")
