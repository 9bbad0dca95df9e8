"""What every journey needs: a browser of one person, the login, and a look at each page as people see it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from urllib.parse import urlencode
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from playwright.sync_api import Page

from tests.servers import LiveServer

# Where ``make screenshots`` keeps what the journeys see (git ignores it); without it nothing is kept.
SCREENSHOTS = os.environ.get("ARGUS_TEST_SCREENSHOTS")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
DESK = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"}
PLAIN = {"viewport": {"width": 1280, "height": 900}, "java_script_enabled": False}
SCREENS = {"phone, dark": PHONE, "desk, light": DESK, "desk, no script": PLAIN}
WITH_SCRIPT = {name: screen for name, screen in SCREENS.items() if screen is not PLAIN}
# What Chromium says of a page that is right: of an error page its status, and of somebody who typed before
# the first frame was drawn that the focus is left with them.
STATUS = "Failed to load resource: the server responded"
QUICK = "Autofocus processing was blocked because a document already has a focused element."
# WCAG 2.2 AA, and what axe calls best practice: landmarks, headings, unique names.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def tab(
    browser: Browser, server: LiveServer, screen: dict[str, Any], *, failing: int = 0, **options: Any
) -> Iterator[Page]:
    """A fresh browser of one person, whose console must be empty at the end.

    Of a page that is itself an error Chromium says so in the console; ``failing`` is how many it may be.
    """
    context = browser.new_context(base_url=server.base, **screen, **options)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.text != QUICK else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    errors = [text for text in said if not text.startswith(STATUS)]
    assert errors == [], errors
    assert len(said) == failing, said


def log_in(page: Page, server: LiveServer, name: str, password: str | None = None) -> None:
    """Fill in the login form that is open."""
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password or server.password(name))
    page.get_by_role("button", name="Log in", exact=True).click()


def press(page: Page, name: str) -> None:
    """Press the one button of this name."""
    page.get_by_role("button", name=name, exact=True).click()


def seen(page: Page, name: str) -> None:
    """What must hold of every page and state; keeps a picture of it when ``make screenshots`` asks.

    Nothing is wider than the screen, one heading of the first level, a title, and no violation that axe-core
    finds.
    """
    # A click waits until the new page has begun; what is looked at is the whole of it.
    page.wait_for_load_state()
    assert page.title()
    assert page.locator("h1").count() == 1, name
    if page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth"):
        raise AssertionError(f"{name}: wider than the screen")
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    assert found.violations_count == 0, f"{name}:\n{found.generate_report()}"
    if SCREENSHOTS and page.viewport_size:
        screen, height = page.viewport_size, int(page.evaluate("document.documentElement.scrollHeight"))
        path = Path(SCREENSHOTS) / (f"{name}.jpg" if screen["width"] > 600 else f"{name}-phone.jpg")
        # As a whole and at rest: what stays in sight while one scrolls is where it belongs.
        page.set_viewport_size({"width": screen["width"], "height": max(height, screen["height"])})
        page.screenshot(path=path, full_page=True, type="jpeg", quality=80)
        page.set_viewport_size(screen)


def authorize_url(client: dict[str, Any], **changes: str) -> str:
    """The address an application sends its user to."""
    params = {
        "response_type": "code",
        "client_id": client["id"],
        "redirect_uri": client["redirectURI"],
        "scope": "openid profile",
        "state": "s t/a+te",
    }
    return "/oauth/authorize?" + urlencode(params | changes)


def query(page: Page) -> dict[str, str]:
    """The query of the address that is open."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
