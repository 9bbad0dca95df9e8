"""Digits in a path are an id, decimal, and never a name or a number in another base."""

from __future__ import annotations

import pytest
from flask import Flask

from app import clock
from app.models.apikeys import APIKey
from app.models.directory import Customer
from app.models.directory import User
from tests.api.test_stepup import bearer
from tests.api.test_stepup import calls
from tests.drivers.api_caller import ApiCaller
from tests.world import PASSWORD
from tests.world import World

AUTH = "/authentication/v1"
ADMIN = "/useradmin/v2"


@pytest.fixture
def keys(app: Flask, world: World) -> dict[int, str]:
    """Prefixes of alice's keys by number: 1 to 20."""
    for _ in range(20):
        world.api_key("alice")
    mine = {user.id for user in world.rows(User) if user.short_name == "alice"}
    return {key.key_number: key.prefix for key in world.rows(APIKey) if key.user_id in mine}


def alive(world: World) -> set[int]:
    mine = {user.id for user in world.rows(User) if user.short_name == "alice"}
    return {key.key_number for key in world.rows(APIKey) if key.user_id in mine and key.revoked_at is None}


def test_a_key_is_named_by_its_decimal_number(
    app: Flask, world: World, admin: ApiCaller, keys: dict[int, str]
) -> None:
    """10 ends key 10 and never key 16, whose prefix ends in 10: not even when key 10 is gone already."""
    assert keys[16].endswith("/10")
    path = f"{AUTH}/user/alice/apikey"
    assert admin.delete(f"{path}/10").status_code == 200
    assert alive(world) == set(range(1, 21)) - {10}
    assert admin.delete(f"{path}/10").status_code == 404
    for text in ("a", "0a", "012", "+12", "1_2", "12.0", "-1", "0", "1" * 19, "\uff11\uff12"):
        assert admin.delete(f"{path}/{text}").status_code == 404, text
    assert alive(world) == set(range(1, 21)) - {10}
    own = bearer(app)
    body = {"password": PASSWORD, "expirationDays": 7}
    assert calls(app, "PUT", "/apikey/10", body, own).status_code == 404
    assert calls(app, "PUT", "/apikey/16", body, own).json["data"]["renewedKey"]["prefix"] == keys[16]


def test_a_key_is_named_by_its_whole_prefix(
    app: Flask, world: World, admin: ApiCaller, keys: dict[int, str]
) -> None:
    """Hexadecimal as it is shown: not with zeros before it, in capitals, in decimal or of another user."""
    user, key = keys[12].split("/")
    own = bearer(app)
    other = f"{int(user, 16) + 1:x}"
    for wrong in (f"{user}/0{key}", f"{user}/{key.upper()}", f"0{user}/{key}", f"{other}/{key}"):
        assert calls(app, "DELETE", f"/apikey/{wrong}", None, own).status_code == 404, wrong
        assert admin.delete(f"{AUTH}/user/alice/apikey/{wrong}").status_code == 404, wrong
    assert calls(app, "DELETE", f"/apikey/{user}/12", None, own).status_code == 200
    assert alive(world) == set(range(1, 21)) - {18}
    assert calls(app, "DELETE", f"/apikey/{user}/{key}", None, own).status_code == 200
    assert alive(world) == set(range(1, 21)) - {12, 18}


def test_digits_never_find_a_name(app: Flask, world: World, admin: ApiCaller) -> None:
    """A user, group, customer or function whose name is the id of another, or of nobody."""
    gone = world.user("gone", "acme")
    world.delete("gone")
    for text in (str(gone), "987654", f"0{gone}", "9" * 30):
        world.user(text, "acme")
        world.group(f"{text}-g")
        assert admin.get(f"{ADMIN}/user/{text}").status_code == 404, text
        assert admin.delete(f"{ADMIN}/user/{text}").status_code == 404, text
        assert admin.put(f"{AUTH}/user/{text}/block").status_code == 404, text
        grant = {"subject": text, "function": "readThings", "customer": "acme"}
        assert admin.post(f"{ADMIN}/permission", grant).status_code == 412, text
    assert not [user for user in world.rows(User) if user.blocked_at or (user.deleted_at and user.id != gone)]
    world.customer("456789")
    assert admin.get("/customeradmin/v2/customer/456789").status_code == 404
    world.function("456789")
    assert admin.get(f"{ADMIN}/function/456789").status_code == 404
    assert admin.delete(f"{ADMIN}/function/456789").status_code == 404
    by_id = next(customer.id for customer in world.rows(Customer) if customer.short_name == "456789")
    assert admin.get(f"/customeradmin/v2/customer/{by_id}").json["data"]["shortName"] == "456789"


def test_a_clients_id_is_never_a_name(app: Flask, world: World, admin: ApiCaller) -> None:
    """A client that is named like another's id is not reached by it, and cannot be made."""
    first = world.client("first")
    world.client(first.replace("-", "_")[:30])
    impostor = world.client(first)
    world.change_client(first, deleted_at=clock.now())
    path = f"{AUTH}/oauth/client"
    assert admin.get(f"{path}/{first}").status_code == 404
    assert admin.delete(f"{path}/{first}").status_code == 404
    assert admin.get(f"{path}/{impostor}").status_code == 200
    for name in (first, impostor.upper()):
        answer = admin.put(f"{path}/{impostor}", {"shortName": name.replace("a", "b").replace("A", "B")})
        assert answer.status_code == 412
        assert answer.json["messages"][0]["field"] == "shortName"
