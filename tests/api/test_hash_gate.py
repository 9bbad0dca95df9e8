"""Where a slow hash is due and the gate is full: 503, and nothing was judged (design decision 25)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask

from app.extensions import db
from app.services.access import directory
from app.services.login import hashing
from app.services.login import password_login
from app.services.login.passwords import Passwords
from app.services.login.passwords import passwords
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.world import PASSWORD
from tests.world import World


@contextmanager
def fill_gate() -> Iterator[None]:
    places = hashing.SLOTS + hashing.MOST_WAITING
    for _ in range(places):
        assert hashing.gate._places.acquire(timeout=10)
    yield
    hashing.gate._places.release(places)


@pytest.fixture
def full_gate() -> Iterator[None]:
    """As many hashes as may run or wait."""
    with fill_gate():
        yield


LOGIN = {"userName": "alice", "password": PASSWORD}
HASHING = {
    "login": ("/authentication/v1/password/authentication", LOGIN),
    "login as nobody": ("/authentication/v1/password/authentication", LOGIN | {"userName": "nobody"}),
    "login by code": ("/authentication/v1/totp/authentication", LOGIN | {"tokenCode": "123456"}),
}


@pytest.mark.parametrize("name", HASHING)
def test_a_login_at_a_full_gate(app: Flask, world: World, full_gate: None, name: str) -> None:
    path, body = HASHING[name]
    answer = app.test_client().post(path, json=body)
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert answer.json["messages"][0]["messageTemplate"] == "BUSY"


def test_the_login_page_at_a_full_gate(app: Flask, world: World, alice: Person, full_gate: None) -> None:
    answer = alice.logs_in()
    assert (answer.status_code, answer.mimetype, "Retry-After" in answer.headers) == (503, "text/html", True)


@pytest.mark.parametrize(
    "path",
    ["/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/par", "/oauth/device_authorization"],
)
def test_a_chosen_client_secret_at_a_full_gate(
    app: Flask, rp: RelyingParty, full_gate: None, path: str
) -> None:
    form = {"client_id": rp.client_id, "client_secret": "wrong", "token": "x", "grant_type": "refresh_token"}
    answer = app.test_client().post(path, data=form | {"refresh_token": "x"})
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert answer.json["error"] == "server_error"


def test_a_full_gate_counts_nothing(app: Flask, world: World, settings: Any) -> None:
    """Nothing was judged, so nothing failed."""
    settings(throttle_login_failures=1)
    client = app.test_client()
    with fill_gate():
        for _ in range(3):
            assert client.post(HASHING["login"][0], json=LOGIN).status_code == 503
    assert client.post(HASHING["login"][0], json=LOGIN).status_code == 200


def test_no_login_is_refused_for_a_new_hash(app: Flask, world: World, settings: Any) -> None:
    """The cost was raised since the password was set: a later login can hash it anew."""
    settings(argon2_time=2)
    app.extensions["argus"].pop(Passwords, None)
    with app.app_context():
        user = directory.find_user("alice", directory.get_home_domain().id)
        before = user.password_hash
        assert passwords().is_outdated(before)
        with fill_gate():
            password_login.renew_hash(user, PASSWORD)
        assert user.password_hash == before
        password_login.renew_hash(user, PASSWORD)
        assert user.password_hash != before
        db.session.rollback()
