"""A client's old secret goes on during a rotation, until a date that only comes nearer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app import clock as app_clock
from app.models.audit import AuditEvent
from app.models.clients import OAuthClient
from app.services.tokens.token_text import compute_digest
from tests.drivers.api_caller import ApiCaller
from tests.drivers.relying_party import PAR
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.world import SECRET
from tests.world import World

DAY = 86_400
NEW = "another secret of some length"
NEWER = "a third secret of some length"


def millis(seconds: float) -> int:
    return int((app_clock.now().timestamp() + seconds) * 1000)


class Rotation:
    """One client whose secret is replaced by the API."""

    def __init__(self, app: Flask, world: World, admin: ApiCaller) -> None:
        self.app, self.world, self.admin = app, world, admin
        self.id = world.client()

    def puts(self, **body: Any) -> Any:
        return self.admin.put(f"/authentication/v1/oauth/client/{self.id}", body)

    def works(self, secret: str, path: str = TOKEN + "/revoke") -> bool:
        rp = RelyingParty(self.app, self.id, secret=secret)
        form = rp.request() if path == PAR else {"token": "x"}
        status = rp.posts(path, **form).status_code
        assert status in (200, 201, 401)
        return status != 401

    @property
    def until(self) -> int:
        path = f"/authentication/v1/oauth/client/{self.id}"
        return int(self.admin.get(path).json["data"]["previousSecretUntil"])


@pytest.fixture
def rotation(app: Flask, world: World, admin: ApiCaller) -> Rotation:
    return Rotation(app, world, admin)


def test_without_a_date_the_old_one_ends_at_once(rotation: Rotation) -> None:
    """The contract's own way stays as it is."""
    assert rotation.puts(clientSecret=NEW).status_code == 200
    assert (rotation.works(SECRET), rotation.works(NEW)) == (False, True)
    assert rotation.until == 0


def test_both_work_until_the_date(rotation: Rotation, clock: Clock) -> None:
    """At every endpoint; the answer tells the date; a wrong one is wrong."""
    date = millis(7 * DAY)
    assert rotation.puts(clientSecret=NEW, previousSecretUntil=date).status_code == 200
    for path in (TOKEN + "/revoke", TOKEN + "/introspect", PAR):
        assert rotation.works(SECRET, path)
        assert rotation.works(NEW, path)
        assert not rotation.works("wrong", path)
    assert rotation.until == date
    clock.advance(7 * DAY + 1)
    assert (rotation.works(SECRET), rotation.works(NEW)) == (False, True)


def test_two_and_never_three(rotation: Rotation, world: World) -> None:
    """Another rotation ends the oldest; what verified it is gone."""
    rotation.puts(clientSecret=NEW, previousSecretUntil=millis(DAY))
    rotation.puts(clientSecret=NEWER, previousSecretUntil=millis(DAY))
    assert [rotation.works(one) for one in (SECRET, NEW, NEWER)] == [False, True, True]
    rotation.puts(clientSecret=SECRET)
    assert [rotation.works(one) for one in (SECRET, NEW, NEWER)] == [True, False, False]
    (row,) = world.rows(OAuthClient)
    assert row.previous_secret_hash is row.previous_secret_digest is row.previous_secret_until is None


def test_it_ends_at_once_and_only_earlier(rotation: Rotation, world: World) -> None:
    """0 ends it; a nearer date counts, a later one does not; the audit row tells both dates."""
    rotation.puts(clientSecret=NEW, previousSecretUntil=millis(2 * DAY))
    nearer = millis(DAY)
    assert rotation.puts(previousSecretUntil=nearer).status_code == 200
    assert rotation.until == nearer
    later = rotation.puts(previousSecretUntil=millis(3 * DAY))
    assert later.json["messages"][0]["field"] == "previousSecretUntil"
    assert rotation.works(SECRET)
    assert rotation.puts(previousSecretUntil=0).status_code == 200
    row = [one for one in world.rows(AuditEvent) if one.action == "client-update"][-1]
    assert row.detail["previousSecretUntil"]["after"] == ""
    assert "clientSecret" not in row.detail
    assert not rotation.works(SECRET)
    assert rotation.works(NEW)


@pytest.mark.parametrize(
    "body",
    [
        {"clientSecret": NEW, "previousSecretUntil": 31},
        {"previousSecretUntil": 1},
        {"clientSecret": NEW, "previousSecretUntil": -1},
        {"clientSecret": NEW, "previousSecretUntil": "tomorrow"},
        {"clientSecret": NEW, "previousSecretUntil": 2**60},
    ],
)
def test_dates_that_are_refused(rotation: Rotation, body: dict[str, Any]) -> None:
    """Too far, for no old secret, no date at all: 412 naming the field, and nothing is changed."""
    days = body["previousSecretUntil"]
    if days in (1, 31):
        body = body | {"previousSecretUntil": millis(days * DAY)}
    answer = rotation.puts(**body)
    assert (answer.status_code, answer.json["messages"][0]["field"]) == (412, "previousSecretUntil")
    assert (rotation.works(SECRET), rotation.works(NEW)) == (True, False)


def test_a_secret_goes_with_its_method(rotation: Rotation, world: World) -> None:
    """A client that is public now has neither of them."""
    rotation.puts(clientSecret=NEW, previousSecretUntil=millis(DAY))
    assert rotation.puts(authenticationMethod="none").status_code == 200
    assert (rotation.works(SECRET), rotation.works(NEW)) == (False, False)
    (row,) = world.rows(OAuthClient)
    assert row.previous_secret_hash is row.previous_secret_digest is row.previous_secret_until is None


def test_a_secret_that_we_made_and_one_that_somebody_chose(rotation: Rotation, world: World) -> None:
    """Each is verified in its own way, whichever is the older."""
    until = app_clock.now() + timedelta(days=1)
    world.change_client(rotation.id, previous_secret_digest=compute_digest(NEW), previous_secret_until=until)
    assert (rotation.works(SECRET), rotation.works(NEW)) == (True, True)
    world.change_client(rotation.id, previous_secret_until=app_clock.now())
    assert (rotation.works(SECRET), rotation.works(NEW)) == (True, False)
