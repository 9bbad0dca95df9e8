"""Every applicable cell of ``legs.toml`` through HTTP: allowed before, refused at the very next request.

The answer, the audit row and explain give the same reason, as far as design §8 lets each be told.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import clock as app_clock
from app.models.audit import AuditEvent
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.world import World

TABLE = tomllib.loads((Path(__file__).parent.parent / "policy" / "legs.toml").read_text(encoding="utf-8"))[
    "cell"
]
APPLICABLE = [cell for cell in TABLE if cell["outcome"] == "applicable"]
SILENT = [cell for cell in TABLE if cell["outcome"] == "not_applicable"]
USERINFO = "/authentication/v1/oauth/userinfo"
PERMISSION = "/authentication/v1/session/permission/readThings"
CLIENTS = "/authentication/v1/oauth/client"


class Scene:
    """Alice, her application bound to ``acme``, and a session that works."""

    def __init__(self, app: Flask, world: World, admin: ApiCaller, clock: Clock) -> None:
        self.world, self.admin, self.clock = world, admin, clock
        self.alice = Person(app)
        self.rp = RelyingParty(app, world.client(customer="acme"))
        self.key = ApiCaller(app, world.api_key("alice"))
        self.tokens = self.rp.obtains(self.alice)
        self.code = self.rp.sends(self.alice)["code"]

    def on(self, leg: str) -> TestResponse:
        """The one request of a leg."""
        access, refresh = self.tokens["access_token"], self.tokens["refresh_token"]
        calls: dict[str, Callable[[], TestResponse]] = {
            "list": lambda: self.key.get(CLIENTS),
            "authorize": lambda: self.alice.visits(self.rp.url()),
            "redeem": lambda: self.rp.redeems(self.code),
            "refresh": lambda: self.rp.refreshes(refresh),
            "introspect": lambda: self.rp.posts(TOKEN + "/introspect", token=access),
            "userinfo": lambda: self.rp.calls(USERINFO, access),
            "api": lambda: self.rp.calls(PERMISSION, access),
        }
        return calls[leg]()

    def allowed(self, leg: str, answer: TestResponse) -> bool:
        if leg == "list":
            return answer.status_code == 200 and self.rp.client_id in [c["id"] for c in answer.json["data"]]
        if leg == "authorize":
            return answer.status_code == 303 and "code=" in answer.headers["Location"]
        if leg == "introspect":
            return answer.json == {**(answer.json or {}), "active": True}
        return answer.status_code == 200

    def breaks(self, rule: str, leg: str) -> None:
        """Make exactly this rule refuse."""
        {
            "client_enabled": lambda: self.world.change_client(self.rp.client_id, deleted_at=app_clock.now()),
            "user_active": lambda: self.world.change_user("alice", blocked_at=app_clock.now()),
            "credential_live": lambda: self._end_credential(leg),
            "login_session": self.alice.logs_out,
            "consent": self._withdraw,
            "client_address": lambda: self.world.change_client(
                self.rp.client_id, client_ip_range=["10.9.0.0/16"]
            ),
            "security_level": lambda: self.world.raise_level("useApp", 3),
            "required_function": lambda: self._move(None),
            "customer_binding": lambda: self._move("bolt"),
            "right_asked": lambda: self.world.cut("APP-ROLE", "readThings"),
        }[rule]()

    def _end_credential(self, leg: str) -> None:
        if leg == "redeem":
            self.clock.advance(61)
        else:
            assert self.rp.posts(TOKEN + "/revoke", token=self.tokens["access_token"]).status_code == 200

    def _withdraw(self) -> None:
        page = self.alice.visits("/")
        path = re.search(r"/consents/[0-9a-f-]+/withdraw", page.get_data(as_text=True))
        assert path is not None
        assert self.alice.submits(page, path[0], form=-1).status_code == 303

    def _move(self, customer: str | None) -> None:
        self.world.revoke("alice", "APP-ROLE")
        if customer is not None:
            self.world.grant("alice", "APP-ROLE", customer)

    def refusals(self) -> list[AuditEvent]:
        return [row for row in self.world.rows(AuditEvent) if row.outcome == "refused"]


@pytest.fixture
def scene(app: Flask, world: World, admin: ApiCaller, clock: Clock) -> Scene:
    return Scene(app, world, admin, clock)


def named(cell: dict[str, Any]) -> str:
    return f"{cell['rule']}-{cell['leg']}"


@pytest.mark.parametrize("cell", [c for c in APPLICABLE if c["leg"] != "list"], ids=named)
def test_refused_at_the_very_next_request(scene: Scene, cell: dict[str, Any]) -> None:
    """Allowed before, refused after, with the number of its audit row and the same reason everywhere."""
    rule, leg = cell["rule"], cell["leg"]
    if leg not in ("redeem", "refresh"):
        assert scene.allowed(leg, scene.on(leg))
    scene.breaks(rule, leg)
    answer = scene.on(leg)
    assert not scene.allowed(leg, answer)
    assert answer.status_code == cell["status"], answer.data
    if leg in ("redeem", "refresh") or answer.status_code == 401:
        _check_error(leg, answer, cell)
    if leg == "authorize" and cell["status"] != 403:
        return
    number = _number(answer)
    row = scene.refusals()[-1]
    assert number in (None, row.decision)
    assert (number is None) == (leg == "introspect" and answer.status_code == 200)
    reasons = _explained(scene, rule, leg)
    if reasons is not None:
        assert row.reasons == reasons
    else:
        assert row.reasons
    if rule == "customer_binding":
        assert "function_not_held" not in row.reasons


def test_the_same_request_is_allowed_when_nothing_broke(scene: Scene) -> None:
    """The control: every leg of the untouched scene says yes (a table of refusals alone proves nothing)."""
    for leg in ("list", "authorize", "introspect", "userinfo", "api", "redeem", "refresh"):
        assert scene.allowed(leg, scene.on(leg)), leg


@pytest.mark.parametrize("cell", [c for c in APPLICABLE if c["leg"] == "list"], ids=named)
def test_left_out_of_the_list(scene: Scene, cell: dict[str, Any]) -> None:
    """Leg list: a client the decision refuses is not shown (a blocked user gets no list at all)."""
    assert scene.allowed("list", scene.on("list"))
    scene.breaks(cell["rule"], "list")
    answer = scene.on("list")
    assert not scene.allowed("list", answer)
    assert answer.status_code == (401 if cell["rule"] == "user_active" else cell["status"])


@pytest.mark.parametrize(
    "cell", [c for c in SILENT if c["rule"] in ("client_address", "security_level")], ids=named
)
def test_not_applicable_does_not_refuse(scene: Scene, cell: dict[str, Any]) -> None:
    """The client's range never binds the user's browser or the list; the level never binds the list."""
    scene.breaks(cell["rule"], cell["leg"])
    assert scene.allowed(cell["leg"], scene.on(cell["leg"]))


@pytest.mark.parametrize("way", ["group in group", "role", "ancestor customer"])
def test_ways_of_holding(app: Flask, world: World, way: str) -> None:
    """Group in group, a role above the function, a permission at an ancestor: each is holding."""
    world.user("hilda", "bolt")
    if way == "group in group":
        world.group("inner", ["hilda"])
        world.group("outer", ["inner"])
        world.grant("outer", "useApp", "bolt")
    elif way == "role":
        world.function("BIG-ROLE", role=True)
        world.edge("BIG-ROLE", "APP-ROLE")
        world.grant("hilda", "BIG-ROLE", "bolt")
    else:
        world.grant("hilda", "useApp", "group")
    rp = RelyingParty(app, world.client(customer="bolt"))
    tokens = rp.obtains(Person(app, "hilda"))
    assert rp.calls("/authentication/v1/session", tokens["access_token"]).status_code == 200


def test_losing_a_function_narrows_and_does_not_refuse(scene: Scene) -> None:
    """Design decision 4: losing another function than the required one narrows the session at once."""
    scene.breaks("right_asked", "api")
    token = scene.tokens["access_token"]
    assert scene.rp.calls(PERMISSION, token).status_code == 403
    assert scene.rp.calls("/authentication/v1/session/permission/writeThings", token).status_code == 200
    listed = scene.rp.calls("/authentication/v1/session/function", token).json["data"]
    assert "readThings" not in [f["name"] for f in listed]


def _check_error(leg: str, answer: TestResponse, cell: dict[str, Any]) -> None:
    if leg in ("userinfo", "api"):
        assert f'error="{cell["error"]}"' in answer.headers["WWW-Authenticate"]
    else:
        assert answer.json["error"] == cell["error"]


def _number(answer: TestResponse) -> str | None:
    found = re.search(r"D-[0-9A-HJKMNP-TV-Z]{10}", answer.get_data(as_text=True))
    return found[0] if found else None


def _explained(scene: Scene, rule: str, leg: str) -> list[str] | None:
    """What explain says refuses; ``None`` where only the presented credential could tell."""
    if rule in ("credential_live", "login_session"):
        return None
    body = {"user": "alice", "leg": leg, "securityLevel": "standard", "clientIP": "127.0.0.1"}
    answer = scene.admin.post(f"{CLIENTS}/{scene.rp.client_id}/explain", body)
    assert answer.status_code == 200, answer.data
    data = answer.json["data"]
    if rule != "right_asked":
        assert data["allowed"] is False
        return [f["reason"] for f in data["findings"] if f["outcome"] == "fail"]
    missing = {m["function"]: m["reason"] for m in data["missing"]}
    assert "readThings" not in missing, "cut out of the scope, so it is no part of it any more"
    return ["right_not_held"]
