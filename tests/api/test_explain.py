"""``explain``: the decision itself, every check in order, and who may be told what (design §8)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.world import World

RULES = [
    "client_enabled",
    "user_active",
    "credential_live",
    "login_session",
    "consent",
    "client_address",
    "security_level",
    "required_function",
    "customer_binding",
    "right_asked",
]


def explain(caller: ApiCaller, client: str, **body: Any) -> dict[str, Any]:
    answer = caller.post(f"/authentication/v1/oauth/client/{client}/explain", body)
    assert answer.status_code == 200, answer.data
    return dict(answer.json["data"])


def test_every_check_in_order(world: World, admin: ApiCaller) -> None:
    """Findings in the order of the rules, permissions, and each function that falls away with its reason."""
    world.client("bound", customer="acme")
    told = explain(admin, "bound", user="alice")
    assert told["allowed"] is True
    assert [f["rule"] for f in told["findings"]] == RULES
    assert {f["outcome"] for f in told["findings"]} <= {"pass", "notApplicable"}
    assert {"function": "readThings", "customer": "Acme"} in told["permissions"]
    world.raise_level("writeThings", 3)
    told = explain(admin, "bound", user="alice")
    assert [m["function"] for m in told["missing"]] == ["writeThings"]
    assert "writeThings" not in [p["function"] for p in told["permissions"]]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({"clientIP": "192.0.2.1"}, "client_address"),
        ({"securityLevel": "external"}, "security_level"),
        ({"user": "carol"}, "customer_binding"),
        ({"user": "dave"}, "required_function"),
    ],
)
def test_each_refusal_names_its_rule(world: World, admin: ApiCaller, body: dict[str, Any], rule: str) -> None:
    """And why, with evidence for who may see it."""
    world.client("bound", customer="acme", client_ip_range=["10.0.0.0/8"])
    world.raise_level("useApp", 2)
    world.user("carol", "bolt", holds=[("APP-ROLE", "bolt")])
    world.user("dave", "bolt")
    told = explain(admin, "bound", **({"user": "alice"} | body))
    assert told["allowed"] is False
    failed = [f for f in told["findings"] if f["outcome"] == "fail"]
    assert failed[0]["rule"] == rule
    assert failed[0]["message"]
    assert failed[0]["reason"]
    assert told["permissions"] == []


def test_the_recorded_decision_beside_todays(
    app: Flask, world: World, rp: RelyingParty, admin: ApiCaller
) -> None:
    """``{"decision": "D-…"}``: what was, and what would be now."""
    world.user("dave", "acme")
    dave = Person(app, "dave")
    dave.logs_in()
    page = dave.visits(rp.url()).get_data(as_text=True)
    # A form's token may hold a "D-" too; a number is that and ten of Crockford's characters.
    number = re.findall(r"\bD-[0-9A-HJKMNP-TV-Z]{10}\b", page)[-1]
    world.grant("dave", "APP-ROLE", "acme")
    told = explain(admin, rp.client_id, decision=number)
    assert told["recorded"]["decision"] == number
    assert told["recorded"]["outcome"] == "refused"
    assert told["recorded"]["reasons"] == ["function_not_held"]
    assert told["allowed"] is True


def test_of_a_disabled_customer(app: Flask, world: World, admin: ApiCaller) -> None:
    """Nothing is held there: who administers what is above it may ask."""
    world.client("bound", customer="bolt")
    world.user("carol", "acme", holds=[("APP-ROLE", "bolt")])
    world.user("keeper", "bolt", holds=[("OAUTH-ADMIN", "bolt"), ("USER-ADMIN", "bolt")])
    world.disable_customer("acme")
    failed = [
        f["reason"] for f in explain(admin, "bound", user="carol")["findings"] if f["outcome"] == "fail"
    ]
    assert failed == ["user_customer_disabled"]
    keeper = ApiCaller(app, world.api_key("keeper"))
    answer = keeper.post("/authentication/v1/oauth/client/bound/explain", {"user": "carol"})
    assert answer.status_code == 412, "whom one may not know of is as unknown as nobody (security rule 58)"
    nobody = keeper.post("/authentication/v1/oauth/client/bound/explain", {"user": "nobody-at-all"})
    assert [m["message"] for m in answer.json["messages"]] == [m["message"] for m in nobody.json["messages"]]


def test_about_oneself_it_is_free_without_evidence(app: Flask, world: World) -> None:
    """Design §8; about others both guards are needed, and what one may not see is not there."""
    world.client("own")
    world.user("dave", "acme")
    alice = ApiCaller(app, world.api_key("alice"))
    told = explain(alice, "own", user="alice")
    assert all(f["evidence"] == {} for f in told["findings"])
    path = "/authentication/v1/oauth/client/{}/explain"
    assert alice.post(path.format("own"), {"user": "dave"}).status_code == 403
    world.client("hidden", customer="bolt")
    assert alice.post(path.format("hidden"), {"user": "alice"}).status_code == 404
    assert alice.post(path.format("nothing"), {"user": "alice"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "user"),
        ({"user": "nobody"}, "user"),
        ({"user": "alice", "clientIP": "10.0.0.1/8"}, "clientIP"),
        ({"user": "alice", "customer": "nothing"}, "customer"),
        ({"user": "alice", "leg": "lunch"}, "leg"),
        ({"user": "alice", "securityLevel": "top"}, "securityLevel"),
        ({"user": "alice", "scope": 'a"b'}, "scope"),
        ({"user": "alice", "extra": 1}, "extra"),
    ],
)
def test_a_wrong_field_is_named(world: World, admin: ApiCaller, body: dict[str, Any], field: str) -> None:
    """412, one FIELD_ERROR."""
    world.client("own")
    answer = admin.post("/authentication/v1/oauth/client/own/explain", body)
    assert answer.status_code == 412
    assert [m["field"] for m in answer.json["messages"]] == [field]


def test_hidden_and_absent_applications_are_alike(app: Flask, world: World) -> None:
    """Whatever else is missing or wrong in the question (rule 58)."""
    world.function("secretThings")
    world.client("hidden", required_function="secretThings")
    world.client("known")
    key = ApiCaller(app, world.api_key("alice"))
    path = "/authentication/v1/oauth/client/{}/explain"
    for body in ({}, {"user": "alice"}, {"user": "admin"}, {"user": "nobody"}, {"decision": "D-00000000"}):
        hidden, absent = key.post(path.format("hidden"), body), key.post(path.format("absent"), body)
        assert hidden.status_code == absent.status_code, body
        assert hidden.json["messages"] == absent.json["messages"], body
    assert key.post(path.format("hidden"), {}).status_code == 404
    assert key.post(path.format("known"), {}).status_code == 412
