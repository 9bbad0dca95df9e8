"""An administrator works by hand on applications: judged while typing, foreseen, and by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.browser.kit import DESK
from tests.browser.kit import PLAIN
from tests.browser.kit import log_in
from tests.browser.kit import press
from tests.browser.kit import seen
from tests.browser.kit import tab
from tests.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.server]
# What a person sees of the focus: an outline of some width around what has it.
FOCUS = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  return {
    id: one.id, name: one.getAttribute("name"), text: one.innerText || one.value || "",
    seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && one !== document.body,
  };
}"""
MOST_TABS = 80


@pytest.fixture
def admin(browser: Browser, server: LiveServer, screen: dict[str, Any]) -> Iterator[Page]:
    """The first administrator, logged in, on the list of applications."""
    with tab(browser, server, screen) as page:
        page.goto("/console/clients/")
        log_in(page, server, "admin")
        yield page


def fill(page: Page, **fields: str) -> None:
    """Type into fields by the API's names."""
    for name, text in fields.items():
        page.locator(f"#{name}").fill(text)


def error(page: Page, field: str) -> Any:
    return page.locator(f"#{field}-error")


def test_an_applications_life(admin: Page) -> None:
    """Found, registered, its secret shown once, changed after a look ahead, given a new secret, deleted."""
    page = admin
    name = "phone" if page.viewport_size and page.viewport_size["width"] < 600 else "desk"
    seen(page, "console-clients")
    page.goto("/console/clients/?requiredFunction=nothing")
    seen(page, "console-clients-problem")
    page.get_by_role("link", name="Applications").last.click()
    page.get_by_role("link", name="New application").click()
    seen(page, "console-client-add")
    fill(page, clientIPRange="10.0.0.1/8\nhome", redirectURIs="http://app.example.com/callback", name="Fleet")
    press(page, "Register it")
    expect(page.locator("#summary")).to_be_focused()
    expect(page.locator("#summary")).to_contain_text("Required function")
    seen(page, "console-client-add-problem")
    page.get_by_role("link", name="Redirect URIs").click()
    expect(page.locator("#redirectURIs")).to_be_focused()
    fill(
        page,
        shortName=f"fleet-{name}",
        description="Where the ships are.",
        mainURI="https://fleet.example.com/",
        requiredFunction="useReports",
        permissionScope="REPORT-ANALYST",
        clientIPRange="0.0.0.0/0\n::/0",
        redirectURIs="https://fleet.example.com/callback",
    )
    page.get_by_label("openid:").check()
    page.get_by_text("More", exact=True).click()
    seen(page, "console-client-add-filled")
    press(page, "Register it")
    expect(page.get_by_role("heading", level=1)).to_have_text("The application was created")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    secret = page.locator(".facts > div", has_text="Client secret").locator("code").inner_text()
    assert len(secret) == 43
    seen(page, "console-client-made")
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fleet")
    assert secret not in page.content()
    seen(page, "console-client")

    page.get_by_role("link", name="Edit").click()
    seen(page, "console-client-edit")
    fill(page, requiredFunction="viewUsers", permissionScope="REPORT-READER")
    press(page, "See who gains or loses access")
    preview = page.get_by_role("region", name="Who gains or loses access")
    expect(preview.get_by_role("heading")).to_be_focused()
    expect(preview.get_by_role("row", name="Alice Andersen")).to_contain_text("loses access")
    expect(preview.get_by_role("row", name="Administrator")).to_contain_text("keeps access")
    expect(page.locator("#requiredFunction")).to_have_value("viewUsers")
    seen(page, "console-client-preview")
    press(page, "Save this")
    expect(page.get_by_role("status")).to_have_text("Saved.")
    expect(page.get_by_role("status")).to_be_focused()
    expect(page.locator(".facts", has_text="Required function")).to_contain_text("viewUsers")

    page.get_by_role("link", name="Edit").click()
    fill(page, name="Fleet of the north")
    press(page, "See who gains or loses access")
    expect(page.get_by_text("Nobody gains or loses anything.")).to_be_visible()
    seen(page, "console-client-preview-nothing")
    press(page, "Save this")

    page.get_by_role("link", name="New secret").click()
    seen(page, "console-client-secret")
    fill(page, clientSecret="short")
    press(page, "Replace the secret")
    seen(page, "console-client-secret-problem")
    press(page, "Replace the secret")
    expect(page.get_by_text("The new secret is in use")).to_be_visible()
    assert secret not in page.content()
    seen(page, "console-client-secret-made")
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="Delete").click()
    seen(page, "console-client-delete")
    press(page, "Delete")
    expect(page.get_by_role("status")).to_contain_text("Deleted")
    page.goto("/console/clients/?state=deleted")
    expect(page.get_by_role("row", name=f"fleet-{name}")).to_be_visible()
    seen(page, "console-clients-deleted")


def test_judged_while_typing(admin: Page) -> None:
    """Each field when it is left, entry by entry, and no field before; what is mended is no fault."""
    page = admin
    page.goto("/console/clients/add")
    page.locator("#clientIPRange").fill("10.0.0.0/8\n10.0.0.1/8\nhome")
    page.locator("#clientIPRange").blur()
    wrong = error(page, "clientIPRange")
    expect(wrong).to_contain_text("10.0.0.1/8 This is an address inside a network. Write 10.0.0.0/8")
    expect(wrong).to_contain_text("home Write")
    expect(wrong).to_have_role("status")
    expect(page.locator("#clientIPRange")).to_have_attribute("aria-invalid", "true")
    assert page.locator("#clientIPRange").get_attribute("aria-describedby") == (
        "clientIPRange-hint clientIPRange-error"
    )
    fill(page, redirectURIs="http://app.example.com/")
    page.locator("#redirectURIs").blur()
    expect(error(page, "redirectURIs")).to_contain_text("http://app.example.com/ Use https")
    fill(page, shortName="report-portal")
    page.locator("#shortName").blur()
    expect(error(page, "shortName")).to_contain_text("This short name is taken")
    expect(error(page, "requiredFunction")).to_be_empty()
    seen(page, "console-client-live-problem")
    page.locator("#clientIPRange").fill("10.0.0.0/8")
    expect(wrong).to_be_empty()
    expect(page.locator("#clientIPRange")).not_to_have_attribute("aria-invalid", "true")
    expect(error(page, "shortName")).to_contain_text("This short name is taken")
    page.goto("/console/clients/?q=portal")
    assert page.get_by_role("row").count() == 2, "the heading, and the one of the demo"


def test_without_a_script(browser: Browser, server: LiveServer) -> None:
    """The same judgement by sending the form; focus goes to what is wrong."""
    with tab(browser, server, dict(PLAIN)) as page:
        page.goto("/console/clients/")
        log_in(page, server, "admin")
        page.get_by_role("link", name="Fjord dashboard").click()
        page.get_by_role("link", name="Edit").click()
        fill(page, clientIPRange="10.0.0.1/8", name="")
        press(page, "See who gains or loses access")
        expect(page.locator("#summary")).to_be_focused()
        expect(error(page, "clientIPRange")).to_contain_text("10.0.0.1/8")
        expect(error(page, "name")).to_contain_text("This field is required.")


def test_by_keyboard_alone(browser: Browser, server: LiveServer) -> None:
    """From the login to a new application with Tab, Enter, Space and typing; one always sees where one is."""
    with tab(browser, server, dict(DESK)) as page:
        page.goto("/console/")
        expect(page.get_by_label("Username")).to_be_focused()
        page.keyboard.type("admin")
        _to(page, name="password")
        page.keyboard.type(server.password("admin"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Applications")).to_be_visible()
        _to(page, text="New application")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="New application")).to_be_visible()
        _to(page, name="name")
        page.keyboard.type("By hand")
        page.keyboard.press("Enter")
        expect(page.locator("#summary")).to_be_focused()
        assert page.evaluate(FOCUS)["seen"], "the list of what is wrong"
        _to(page, text="Short name")
        page.keyboard.press("Enter")
        expect(page.locator("#shortName")).to_be_focused()
        typed = {
            "shortName": "by-hand",
            "description": "Made without a mouse.",
            "mainURI": "https://hand.example.com/",
            "requiredFunction": "useReports",
            "clientIPRange": "10.0.0.0/8",
            "redirectURIs": "https://hand.example.com/callback",
            "permissionScope": "REPORT-READER",
            "permittedScopes": " ",
        }
        for name, text in typed.items():
            _to(page, name=name)
            page.keyboard.type(text)
            # A list of suggestions may lie over the page.
            page.keyboard.press("Escape")
        _to(page, text="Register it")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="The application was created")).to_be_focused()
        assert page.evaluate(FOCUS)["seen"], "what was made"
        _to(page, text="Done")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="By hand")).to_be_visible()
        expect(page.locator(".facts", has_text="Permitted scopes")).to_contain_text("openid")


def _to(page: Page, *, name: str = "", text: str = "") -> None:
    """Press Tab until the focus is there; on the way it can always be seen."""
    for _ in range(MOST_TABS):
        here = page.evaluate(FOCUS)
        if (name and here["name"] == name) or (text and here["text"].strip() == text):
            return
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUS)["seen"], page.evaluate(FOCUS)
    raise AssertionError(f"Tab does not lead to {name or text}")
