"""``sid`` of the ID token (Back-Channel Logout 1.0 2.1): one name for one login at one application."""

from __future__ import annotations

import base64
import json
from typing import Any

from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models.sessions import LoginSession
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.world import World


def read_sid(rp: RelyingParty, person: Person) -> str:
    tokens = rp.obtains(person)
    first = read_claims(tokens["id_token"])["sid"]
    refreshed = rp.refreshes(tokens["refresh_token"]).get_json()
    assert read_claims(refreshed["id_token"])["sid"] == first
    return str(first)


def read_claims(token: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==")))


def test_one_login_has_one_sid(app: Flask, rp: RelyingParty, alice: Person, clock: Clock) -> None:
    """Also when she had to prove who she is again: that re-opens the same login."""
    first = read_sid(rp, alice)
    assert read_sid(rp, alice) == first
    clock.advance(3601)
    assert alice.visits("/").status_code != 200
    assert read_sid(rp, alice) == first


def test_another_login_has_another(app: Flask, rp: RelyingParty, alice: Person) -> None:
    first = read_sid(rp, alice)
    assert read_sid(rp, Person(app, "alice")) != first
    alice.logs_out()
    assert read_sid(rp, alice) != first


def test_applications_cannot_compare_them(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """Nor read the login's id out of it, which the audit log and the list of sessions show."""
    other = RelyingParty(app, world.client("other"))
    found = {read_sid(rp, alice), read_sid(other, alice)}
    assert len(found) == 2
    with app.app_context():
        (login,) = db.session.execute(select(LoginSession.id)).scalars()
    assert not {base64.urlsafe_b64decode(one + "==") for one in found} & {login}
