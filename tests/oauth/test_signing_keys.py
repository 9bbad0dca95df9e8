"""A new signing key is published before it signs, the old one after it retired (security rule 64)."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet
from sqlalchemy import update

from app import clock as app_clock
from app.cli.keys import keys
from app.extensions import db
from app.models.audit import AuditEvent
from app.models.keys import SigningKey
from app.services.tokens import signing_keys as signing
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.world import World

HOUR, DAY = 3600, 86_400


def command(app: Flask, *arguments: str) -> str:
    done = app.test_cli_runner().invoke(keys, list(arguments))
    assert done.exit_code == 0, done.output
    return str(done.output)


def published(app: Flask, algorithm: str = "RS256") -> list[str]:
    keys = app.test_client().get("/oauth/jwks").json["keys"]
    return [key["kid"] for key in keys if key["alg"] == algorithm]


def signed_by(id_token: str) -> str:
    head = id_token.split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])


def obtains(rp: RelyingParty, person: Person) -> str:
    return str(rp.obtains(person)["id_token"])


def verifies(app: Flask, id_token: str) -> Any:
    known = KeySet.import_key_set(app.test_client().get("/oauth/jwks").json)
    return jwt.decode(id_token, known, algorithms=["RS256"])


def test_a_rotation(app: Flask, rp: RelyingParty, alice: Person, world: World, clock: Clock) -> None:
    """For an hour both are published and the old one signs; then the new; two days later only that."""
    (old,) = published(app)
    told = command(app, "rotate")
    new, before = published(app)
    assert before == old
    assert new in told
    assert "signs from" in told
    first = obtains(rp, alice)
    assert signed_by(first) == old
    clock.advance(HOUR + 1)
    second = obtains(rp, Person(app, "alice"))
    assert signed_by(second) == new
    assert verifies(app, first)
    assert verifies(app, second)
    lines = [line.split("  ") for line in command(app, "list").splitlines()]
    for algorithm in signing.ALGORITHMS:
        mine = [line[2].split(",")[0] for line in lines if line[1] == algorithm]
        assert mine == ["signs", "retired"]
    clock.advance(2 * DAY)
    assert published(app) == [new]
    told = {row.detail["key"] for row in world.rows(AuditEvent) if row.action == "keys-rotate"}
    assert told == {kid for algorithm in signing.ALGORITHMS for kid in published(app, algorithm)}


def test_twice_within_the_hour(app: Flask, rp: RelyingParty, alice: Person, clock: Clock) -> None:
    """The one that waited is replaced, and at no time does none sign."""
    (old,) = published(app)
    command(app, "rotate")
    clock.advance(HOUR / 2)
    command(app, "rotate")
    new, before = published(app)
    assert before == old
    clock.advance(HOUR - 60)
    assert signed_by(obtains(rp, alice)) == old
    clock.advance(61)
    assert signed_by(obtains(rp, Person(app, "alice"))) == new
    clock.advance(2 * DAY - HOUR)
    assert published(app) == [new, old]


def test_a_key_that_leaked(app: Flask, rp: RelyingParty, alice: Person) -> None:
    """It is gone at once, and what it signed is believed no more."""
    before = obtains(rp, alice)
    (old,) = published(app)
    command(app, "rotate")
    command(app, "rotate", "--leaked")
    (new,) = published(app)
    assert new != old
    assert signed_by(obtains(rp, alice)) == new
    with pytest.raises((InvalidKeyIdError, ValueError)):
        verifies(app, before)
    hinted = alice.browser.get(rp.url(prompt="none", id_token_hint=before))
    assert "error=" in hinted.headers["Location"]


def test_a_clock_that_lags(app: Flask, rp: RelyingParty, alice: Person, clock: Clock) -> None:
    """On another machine the only key is not due yet: it signs all the same, rather than none."""
    command(app, "rotate", "--leaked")
    (new,) = published(app)
    clock.advance(-30)
    assert signed_by(obtains(rp, alice)) == new


def test_two_who_replace_keys(app: Flask, clock: Clock) -> None:
    """Whichever comes first, one key signs now and later, and it is published."""

    def together(*arguments: str) -> None:
        command(app, *arguments)

    threads = [threading.Thread(target=together, args=a) for a in (("rotate",), ("rotate", "--leaked")) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for hours in (0, 2, 24, 72):
        clock.advance(hours * HOUR)
        with app.app_context():
            kids = [signing.find_active_kid(algorithm) for algorithm in signing.ALGORITHMS]
        for algorithm, kid in zip(signing.ALGORITHMS, kids, strict=True):
            assert kid in published(app, algorithm)


def test_a_retired_key_signs_no_more(app: Flask, clock: Clock) -> None:
    """Also one that was retired before its time came."""
    (old,) = published(app)
    command(app, "rotate")
    new = next(kid for kid in published(app) if kid != old)
    with app.app_context():
        db.session.execute(update(SigningKey).where(SigningKey.kid == new).values(retired_at=app_clock.now()))
        db.session.execute(update(SigningKey).where(SigningKey.kid == old).values(retired_at=None))
        db.session.commit()
        clock.advance(2 * HOUR)
        assert signing.find_active_kid("RS256") == old
