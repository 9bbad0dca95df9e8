"""Back in without the password, in Debian's Chromium; with and without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import expect

from tests.browser.kit import PLAIN
from tests.browser.kit import SCREENS
from tests.browser.kit import log_in
from tests.browser.kit import seen
from tests.browser.kit import tab
from tests.drivers.mailbox import arrived
from tests.drivers.mailbox import tokens
from tests.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.mark.parametrize("screen", SCREENS)
def test_a_link_and_a_new_password(browser: Browser, server: LiveServer, screen: str) -> None:
    """From the login page to a link, a new password and a login with it; the link is then dead."""
    came = len(arrived(server.folder, "carol@example.com", 0))
    with tab(browser, server, dict(SCREENS[screen]), failing=2) as page:

        def look(name: str) -> None:
            if SCREENS[screen] is not PLAIN:
                seen(page, name)

        page.goto("/recover")
        look("recover")
        page.get_by_label("Username or e-mail").fill("carol@example.com")
        page.get_by_role("button", name="Send a link").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Check your e-mail")
        look("recover-sent")

        mail = arrived(server.folder, "carol@example.com", came + 1)[-1]
        page.goto(f"/recover/{tokens(mail)[0]}")
        expect(page.get_by_label("Username")).to_have_value("carol")
        new = f"a new one for {screen} and all"
        page.get_by_label("New password", exact=True).fill(new)
        page.get_by_label("Repeat the new password").fill("something else entirely")
        page.get_by_role("button", name="Save the new password").click()
        expect(page.get_by_text("The two passwords differ")).to_be_visible()
        look("recover-choose")
        page.get_by_label("New password", exact=True).fill(new)
        page.get_by_label("Repeat the new password").fill(new)
        page.get_by_role("button", name="Save the new password").click()
        expect(page.get_by_role("status")).to_contain_text("Your new password is set")
        log_in(page, server, "carol", new)
        expect(page.get_by_role("button", name="Log out")).to_be_visible()

        page.goto(f"/recover/{tokens(mail)[0]}")
        look("recover-dead")
        page.get_by_role("link", name="Ask for another link").click()
        expect(page.get_by_label("Username or e-mail")).to_be_visible()
