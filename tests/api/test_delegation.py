"""Nobody gives or takes what he does not hold: through bulk, moves, keys, and what comes back (rule 59)."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.drivers.api_caller import ApiCaller
from tests.world import World

USERS, CUSTOMERS = "/useradmin/v2/user", "/customeradmin/v2/customer"
PERMISSIONS = "/useradmin/v2/permission"


@pytest.fixture
def boss(app: Flask, world: World) -> ApiCaller:
    """Administers users and customers of ``acme`` and ``bolt``, and may do nothing else there."""
    roles = ("USER-ADMIN", "CUSTOMER-ADMIN")
    world.user("boss", "acme", holds=[(role, at) for role in roles for at in ("acme", "bolt")])
    return ApiCaller(app, world.api_key("boss"))


def test_bulk_is_all_or_none(world: World, boss: ApiCaller) -> None:
    """One item that may not be given refuses all, and is named."""
    world.user("helper", "acme")
    good = {"subject": "helper", "function": "viewUsers", "customer": "acme"}
    answer = boss.post(f"{PERMISSIONS}/bulk", {"permissions": [good, good | {"function": "readThings"}]})
    assert answer.status_code == 412
    assert [m["field"] for m in answer.json["messages"]] == ["permissions[1].function"]
    assert boss.get(f"{PERMISSIONS}?subject=helper").json["count"] == 0
    assert boss.post(f"{PERMISSIONS}/bulk", {"permissions": [good]}).status_code == 201


def test_a_move_hands_over_what_is_held_above(world: World, boss: ApiCaller, admin: ApiCaller) -> None:
    """Whoever holds something above the new place would get it below: the mover must hold it himself."""
    world.customer("small", "acme")
    world.user("other", "bolt", holds=[("readThings", "bolt")])
    answer = boss.put(f"{CUSTOMERS}/small/move", {"parent": "bolt"})
    assert answer.status_code == 412
    assert [m["field"] for m in answer.json["messages"]] == ["parent"]
    assert admin.put(f"{CUSTOMERS}/small/move", {"parent": "bolt"}).status_code == 200
    assert admin.put(f"{CUSTOMERS}/bolt/move", {"parent": "small"}).status_code == 412


def test_a_move_stays_inside(world: World, boss: ApiCaller) -> None:
    """Neither to nor from where the caller administers nothing; the root stays."""
    world.user("helper", "acme")
    world.customer("elsewhere", "root")
    assert boss.put(f"{USERS}/helper/move", {"customer": "elsewhere"}).status_code in (403, 412)
    assert boss.put(f"{CUSTOMERS}/acme/move", {"parent": "elsewhere"}).status_code in (403, 412)
    top = "root"
    assert boss.put(f"{CUSTOMERS}/{top}/move", {"parent": "acme"}).status_code == 404
    assert boss.put(f"{USERS}/helper/move", {"customer": "bolt"}).status_code == 200


def test_who_holds_more_is_left_alone(app: Flask, world: World, boss: ApiCaller) -> None:
    """No key, no reset, no factor, no rename, no move of somebody who holds more than the caller."""
    for method, path, body in (
        ("POST", "/authentication/v1/user/alice/apikey", {"description": "x"}),
        ("PUT", "/authentication/v1/user/alice/password/reset", None),
        ("POST", "/authentication/v1/user/alice/totp", None),
        ("DELETE", "/authentication/v1/user/alice/sessions", None),
        ("PUT", f"{USERS}/alice", {"email": "boss@example.com"}),
        ("PUT", f"{USERS}/alice/move", {"customer": "bolt"}),
        ("DELETE", f"{USERS}/alice", None),
    ):
        assert boss.call(method, path, body).status_code == 403, path
    assert world.app is app


def test_what_comes_back_brings_nothing(app: Flask, world: World, admin: ApiCaller) -> None:
    """Rule 60: a user brought back holds nothing, is in no group, and no session or key works again."""
    world.group("readers", ["alice"], customer="acme")
    key = ApiCaller(app, world.api_key("alice"))
    assert admin.delete(f"{USERS}/alice").status_code == 200
    assert key.get("/currentuser/v1/user").status_code == 401
    back = admin.put(f"{USERS}/alice/reenable")
    assert back.status_code == 200, back.data
    assert back.json["data"]["memberOf"] == []
    assert admin.get(f"{USERS}/alice/permissions").json["count"] == 0
    assert admin.put(f"{USERS}/alice/reenable").status_code == 404
    assert key.get("/authentication/v1/session").status_code == 401
