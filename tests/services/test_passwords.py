"""How passwords and client secrets are kept, and what verifying them costs (rules 22-24)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2 import Type
from argon2 import extract_parameters
from flask import Flask

from app import create_app
from app.models.directory import User
from app.services.login.passwords import Passwords
from app.services.login.passwords import passwords
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.world import PASSWORD
from tests.world import SECRET
from tests.world import World

LOGIN = "/authentication/v1/password/authentication"


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every slow hash that is computed, by what was presented."""
    made: list[str] = []
    verify = Passwords.verify

    def counted(self: Passwords, stored: str | None, presented: str) -> bool:
        made.append(presented)
        return verify(self, stored, presented)

    monkeypatch.setattr(Passwords, "verify", counted)
    return made


def test_the_default_cost(tmp_path: Path) -> None:
    """OWASP's least for argon2id: 19 MiB, two passes, one lane; a salt of its own each time."""
    shipped = create_app({"ARGUS_INSTANCE": tmp_path})
    with shipped.app_context():
        one, other = passwords().hash(PASSWORD), passwords().hash(PASSWORD)
    made = extract_parameters(one)
    assert made.type is Type.ID
    assert (made.memory_cost, made.time_cost, made.parallelism) >= (19_456, 2, 1)
    assert made.salt_len >= 16
    assert one != other


@pytest.mark.parametrize("way", ["page", "api"])
def test_a_cheap_hash_is_made_again_at_a_login(app: Flask, world: World, way: str) -> None:
    """When the cost was raised since; a wrong password changes nothing."""
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    world.change_user("alice", password_hash=old)

    def logs_in(password: str) -> None:
        if way == "page":
            Person(app, "alice", password).logs_in()
        else:
            app.test_client().post(LOGIN, json={"userName": "alice", "password": password})

    logs_in("not it at all")
    assert hash_of(world) == old
    logs_in(PASSWORD)
    assert hash_of(world) != old
    with app.app_context():
        assert not passwords().is_outdated(hash_of(world))
        assert passwords().verify(hash_of(world), PASSWORD)


def test_a_client_secret_is_verified_once_a_minute(
    rp: RelyingParty, verified: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered is a keyed mark of client, stored hash and secret: a wrong one always costs."""
    import time

    for _ in range(3):
        assert rp.refreshes("x").json["error"] == "invalid_grant"
    assert verified == [SECRET]
    for _ in range(2):
        assert rp.posts(grant_type="refresh_token", client_secret="wrong").status_code == 401
    assert verified == [SECRET, "wrong", "wrong"]
    late = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: late)
    rp.refreshes("x")
    assert verified[-1] == SECRET


def test_a_new_client_secret_counts_at_once(rp: RelyingParty, admin: ApiCaller) -> None:
    """And the old one no more, though it was remembered a moment ago."""
    assert rp.refreshes("x").json["error"] == "invalid_grant"
    new = "another secret that is long enough"
    path = f"/authentication/v1/oauth/client/{rp.client_id}"
    assert admin.put(path, {"clientSecret": new}).status_code == 200
    assert rp.refreshes("x").json["error"] == "invalid_client"
    rp.secret = new
    assert rp.refreshes("x").json["error"] == "invalid_grant"


@pytest.mark.parametrize("how", ["unknown", "out of range"])
def test_who_is_not_the_client_costs_no_hash(
    app: Flask, world: World, rp: RelyingParty, verified: list[str], how: str
) -> None:
    """Rule 29: name and address are judged before the secret; the answer is that of a wrong secret."""
    wrong: Any = rp.posts(grant_type="refresh_token", refresh_token="x", client_secret="wrong")
    verified.clear()
    if how == "unknown":
        rp = RelyingParty(app, "00000000-0000-0000-0000-000000000000")
    else:
        world.change_client(rp.client_id, client_ip_range=["192.0.2.0/24"])
    answer: Any = rp.refreshes("x")
    assert verified == []
    assert answer.status_code == wrong.status_code == 401
    told = {"error", "error_description"}
    assert {k: answer.json[k] for k in told} == {k: wrong.json[k] for k in told}


def hash_of(world: World) -> str:
    (alice,) = [user for user in world.rows(User) if user.short_name == "alice"]
    return str(alice.password_hash)
