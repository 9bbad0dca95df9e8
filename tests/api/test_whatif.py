"""What-if: who would gain or lose access; the same decision over proposed facts, and nothing written."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.models.audit import AuditEvent
from tests.drivers.api_caller import ApiCaller
from tests.world import World


def ask(caller: ApiCaller, client: str, **body: Any) -> dict[str, Any]:
    answer = caller.post(f"/authentication/v1/oauth/client/{client}/whatif", body)
    assert answer.status_code == 200, answer.data
    return dict(answer.json["data"])


def by_name(told: dict[str, Any]) -> dict[str, str]:
    """What becomes of each but the administrator, who holds everything."""
    found = {one["user"]["shortName"]: one["access"] for one in told["effects"]}
    return {name: access for name, access in found.items() if name != "admin"}


@pytest.fixture
def people(world: World) -> None:
    """Alice may use the client; bob through a group; carol only reads; dave nothing."""
    world.client("app", customer="acme")
    world.user("bob", "acme")
    world.group("users", ["bob"], customer="acme")
    world.grant("users", "APP-ROLE", "acme")
    world.user("carol", "acme", holds=[("readThings", "acme")])
    world.user("dave", "bolt")


def test_an_update(people: None, world: World, admin: ApiCaller) -> None:
    """Another required function, a narrower scope, another range: what each would do."""
    assert people is None
    told = ask(admin, "app", update={"requiredFunction": "readThings"})
    assert by_name(told) == {"carol": "gains"}
    assert told["gains"] == 1
    told = ask(admin, "app", update={"permissionScope": "useApp"})
    assert by_name(told) == {"alice": "keeps", "bob": "keeps"}
    alice = next(one for one in told["effects"] if one["user"]["shortName"] == "alice")
    lost = {right["function"] for right in alice["lost"]}
    assert lost == {"APP-ROLE", "readThings", "writeThings"}
    assert by_name(ask(admin, "app", update={"requiredFunction": "viewUsers"})) == {
        "alice": "loses",
        "bob": "loses",
    }
    assert by_name(ask(admin, "app", update={"name": "Other"})) == {}
    shown = admin.get("/authentication/v1/oauth/client/app").json["data"]
    assert (shown["name"], shown["requiredFunction"]["name"]) == ("App", "useApp")
    assert "client-update" not in [row.action for row in world.rows(AuditEvent)]


def test_a_permission(people: None, world: World, admin: ApiCaller) -> None:
    """To be granted or revoked: to a user, or to a whole group."""
    assert people is None
    granted = {"subject": "carol", "function": "useApp", "customer": "group"}
    told = ask(admin, "app", grant=granted)
    assert by_name(told) == {"carol": "gains"}
    assert {r["function"] for r in told["effects"][0]["gained"]} == {"useApp", "readThings"}
    rows = admin.get("/useradmin/v2/permission?subject=users").json["data"]
    (row,) = [row for row in rows if row["subject"]["shortName"] == "users"]
    told = ask(admin, "app", revoke=row["id"])
    assert by_name(told) == {"bob": "loses"}
    assert told["effects"][0]["reasons"][0] == "function_not_held"
    assert world


def test_the_forecast_comes_true(people: None, admin: ApiCaller) -> None:
    """What was foretold is what explain then says."""
    assert people is None
    ask(admin, "app", update={"requiredFunction": "readThings"})
    changed = admin.put("/authentication/v1/oauth/client/app", {"requiredFunction": "readThings"})
    assert changed.status_code == 200
    explained = admin.post("/authentication/v1/oauth/client/app/explain", {"user": "carol"})
    assert explained.json["data"]["allowed"] is True


def test_who_may_ask(app: Flask, people: None, world: World, admin: ApiCaller) -> None:
    """As for the change itself; whom one may not know of is only counted."""
    assert people is None
    path = "/authentication/v1/oauth/client/app/whatif"
    alice = ApiCaller(app, world.api_key("alice"))
    assert alice.post(path, {"update": {"name": "x"}}).status_code == 403
    world.user("keeper", "bolt", holds=[("OAUTH-ADMIN", "acme"), ("APP-ROLE", "acme")])
    keeper = ApiCaller(app, world.api_key("keeper"))
    told = ask(keeper, "app", update={"requiredFunction": "readThings"})
    assert told["effects"] == []
    assert told["unnamed"] == 1
    told = ask(keeper, "app", update={"requiredFunction": "viewUsers"})
    assert by_name(told) == {"keeper": "loses"}, "oneself one knows"
    assert told["unnamed"] == 2
    for body, field in (
        ({}, "update"),
        ({"update": {}, "revoke": 1}, "update"),
        ({"update": {"name": 1}}, "update.name"),
    ):
        answer = admin.post(path, body)
        assert answer.status_code == 412
        assert [m["field"] for m in answer.json["messages"]] == [field]
    assert admin.post(path, {"revoke": 10**9}).status_code == 404
