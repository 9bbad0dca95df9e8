"""Second factors of people in front of pages: their codes, their passkeys, and what pages offer to sign."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pyotp
from flask import Flask
from werkzeug.test import TestResponse

from app import clock as app_clock
from app.models.audit import AuditEvent
from app.services.access import directory
from app.services.login import totp
from app.services.unit_of_work import run_in_transaction
from tests.drivers.authenticator import Authenticator
from tests.drivers.authenticator import url64
from tests.drivers.person import Person
from tests.world import OPERATOR
from tests.world import World

COOKIE = "argus_session"
FORM_COOKIE = "argus_form"


class Codes:
    """A code generator that counts, in somebody's hand."""

    def __init__(self, seed: str) -> None:
        self.seed = seed

    def code(self, ahead: int = 0) -> str:
        """The code of this moment, or of a later time step."""
        return str(pyotp.TOTP(self.seed).at(int(app_clock.now().timestamp()) + 30 * ahead))

    def wrong(self) -> str:
        near = {self.code(drift) for drift in (-2, -1, 0, 1, 2)}
        return next(text for text in ("000000", "111111", "222222", "333333") if text not in near)


def given_codes(app: Flask, name: str = "alice") -> Codes:
    """A generator that an administrator handed over: active, no code used."""
    with app.app_context():
        number = user_id(app, name)
        return Codes(
            run_in_transaction(lambda: totp.install_generator(directory.get_user(number), OPERATOR)).base32
        )


def user_id(app: Flask, name: str) -> int:
    with app.app_context():
        found = directory.find_user(name, directory.get_home_domain().id)
        assert found is not None
        return found.id


def text_of(page: TestResponse) -> str:
    """What is to be read on a page, in one line."""
    body = re.sub(r"(?s)<(script|style|svg).*?</\1>", " ", page.get_data(as_text=True))
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def offered(page: TestResponse) -> dict[str, Any]:
    """What a page offers a passkey to sign or to be made for."""
    found = re.search(r"data-options='([^']+)'", page.get_data(as_text=True))
    assert found is not None
    return dict(json.loads(html.unescape(found[1])))


def level_of(world: World) -> list[tuple[str, int]]:
    """Method and level of every login there is, oldest first."""
    from app.models.sessions import LoginSession

    rows = sorted(world.rows(LoginSession), key=lambda row: row.created_at)
    return [(row.method, row.security_level) for row in rows]


def reasons(world: World, action: str = "login") -> list[str]:
    """The true reasons of refusals, in order of time."""
    rows = sorted(world.rows(AuditEvent), key=lambda row: row.id)
    return [why for row in rows if row.action == action and row.outcome == "refused" for why in row.reasons]


def is_in(person: Person) -> bool:
    """Whether this browser is logged in."""
    return person.visits("/account/sessions").status_code == 200


def enters_code(person: Person, page: TestResponse, code: str, **fields: str) -> TestResponse:
    """Follow a right password to the second step, and enter a code there."""
    assert page.status_code == 303, text_of(page)
    at = page.headers["Location"]
    assert at.startswith("/login/second-step"), at
    return person.submits(person.visits(at), at, code=code, **fields)


def by_passkey(
    person: Person, device: Authenticator, handle: str | None, at: str = "/login", **how: Any
) -> TestResponse:
    """Log in with a passkey alone: what the script does, with an authenticator of our own."""
    page = person.visits(at)
    asked = person.visits("/login/passkey/options").get_json()
    signed = device.signs(asked, **how) | ({"userHandle": handle} if handle is not None else {})
    return person.submits(page, at, **signed)


def handle_of(app: Flask, name: str = "alice") -> str:
    """How an authenticator names this user."""
    return url64(str(user_id(app, name)).encode())
