"""People of their own for a journey, with code generators and passkeys in their hands."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import pyotp
from playwright.sync_api import CDPSession
from playwright.sync_api import Page

from tests.servers import LiveServer

STEP = 30
# A browser that does not offer passkeys where the user name is typed, until a journey wants it to.
NO_AUTOFILL = """
if (window.PublicKeyCredential && !sessionStorage.getItem("autofill"))
  PublicKeyCredential.isConditionalMediationAvailable = async () => false;
"""


def new_user(server: LiveServer, name: str) -> str:
    """A user who is nobody else's; the password."""
    printed = server.command("user", "create", name, "--customer", "nordic", "--email", f"{name}@example.com")
    return printed.split()[1]


def with_codes(server: LiveServer, name: str) -> str:
    """A generator that an administrator handed over; the seed, no code of which was used."""
    answer = server.call("POST", f"/authentication/v1/user/{name}/totp")
    assert answer.ok, answer.text
    return str(answer.json()["data"]["seedBase32"])


def code(seed: str, ahead: int = 0) -> str:
    """The code of this moment, or of a later time step: the next one is accepted too, clocks differ."""
    return pyotp.TOTP(seed).at(int(time.time()) + STEP * ahead)


def wrong_code(seed: str) -> str:
    near = {code(seed, drift) for drift in (-2, -1, 0, 1, 2)}
    return next(
        text for text in ("000000", "111111", "222222", "333333", "444444", "555555") if text not in near
    )


def must_change_password(server: LiveServer, name: str) -> None:
    """As an administrator decides it."""
    answer = server.call("PUT", f"/authentication/v1/user/{name}/password/reset")
    assert answer.ok, answer.text


def was_away(server: LiveServer, name: str) -> None:
    """Nobody waits an hour: the moment this user was last seen moves back."""
    with sqlite3.connect(server.folder / "argus.sqlite", timeout=30) as database:
        database.execute(
            "UPDATE login_session SET last_seen_at = datetime(last_seen_at, '-2 hours') WHERE user_name = ?",
            (name,),
        )


class Device:
    """A device with a fingerprint reader, as Chromium's developer tools make one (CDP, domain WebAuthn).

    It is touched as soon as it is asked, even by the field of the user name: hence ``autofills``.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        page.add_init_script(NO_AUTOFILL)
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        made: dict[str, Any] = self._session.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        self._id = made["authenticatorId"]

    def keys(self) -> list[dict[str, Any]]:
        """The passkeys in it."""
        held: dict[str, Any] = self._session.send("WebAuthn.getCredentials", {"authenticatorId": self._id})
        return list(held["credentials"])

    def autofills(self) -> None:
        """From the next page on it is asked by the field of the user name too."""
        self._page.evaluate("() => sessionStorage.setItem('autofill', 'yes')")

    def recognises(self, *, owner: bool) -> None:
        """Whether it takes who holds it for its owner."""
        self._session.send("WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": owner})
