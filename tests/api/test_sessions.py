"""Session trees, constrained sessions, events, and what is ended by name (design §8, rule 46)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.models.audit import AuditEvent
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.world import PASSWORD
from tests.world import World

ROOT = "/authentication/v1"
LOGIN = f"{ROOT}/password/authentication"


class Bearer(ApiCaller):
    """Calls with a token."""

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        token, self.key = self.key, None
        try:
            headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
            return super().call(method, path, body, headers=headers, **options)
        finally:
            self.key = token


def login(app: Flask, name: str = "alice") -> Bearer:
    answer = app.test_client().post(LOGIN, json={"userName": name, "password": PASSWORD})
    return Bearer(app, answer.json["data"]["credentials"]["requestCredentialsData"])


def functions(caller: ApiCaller) -> set[str]:
    return {f["name"] for f in caller.get(f"{ROOT}/session/function").json["data"]}


@pytest.fixture
def key(app: Flask, world: World) -> ApiCaller:
    return ApiCaller(app, world.api_key("alice"))


@pytest.mark.parametrize("by", ["key", "login"])
def test_a_constrained_session_does_less_and_dies_with_its_parent(
    app: Flask, world: World, key: ApiCaller, by: str
) -> None:
    """Narrower at once; ending what it came from ends it; it can neither widen nor make another."""
    world.grant("alice", "APP-ROLE", "bolt")
    parent = key if by == "key" else login(app)
    body = {"function": ["readThings"], "customer": ["acme"]}
    answer = parent.post(f"{ROOT}/session/constrain", body)
    assert answer.status_code == 200, answer.data
    assert "argus_session=" in answer.headers["Set-Cookie"]
    child = Bearer(app, answer.json["data"]["credentials"]["requestCredentialsData"])
    assert functions(child) == {"readThings"}
    customers = child.get(f"{ROOT}/session/customer").json["data"]
    assert [c["shortName"] for c in customers] == ["acme"]
    assert child.post(f"{ROOT}/session/constrain", {}).status_code == 403
    assert child.get(f"{ROOT}/apikey").status_code == 403
    assert child.get(f"{ROOT}/session").json["data"]["authenticationMethod"] == (
        "APIKEY" if by == "key" else "PASSWORD"
    )
    if by == "key":
        prefix = "/".join((key.key or "").split("/")[:2])
        assert key.delete(f"{ROOT}/apikey/{prefix}").status_code == 200
    else:
        assert parent.delete(f"{ROOT}/session").status_code == 200
    assert child.get(f"{ROOT}/session").status_code == 401


def test_emptiness_constrains_to_nothing(app: Flask, world: World, key: ApiCaller) -> None:
    """An empty list is nothing at all; an absent one leaves what there is."""
    for body, expected in (({"function": []}, set()), ({"readOnly": True}, set())):
        answer = key.post(f"{ROOT}/session/constrain", body)
        child = Bearer(app, answer.json["data"]["credentials"]["requestCredentialsData"])
        assert functions(child) == expected
    answer = key.post(f"{ROOT}/constrain", {"functionID": [world.function_id("useApp")]})
    child = Bearer(app, answer.json["data"]["requestCredentialsData"])
    assert functions(child) == {"useApp"}
    wrong = key.post(f"{ROOT}/session/constrain", {"function": ["nothing"], "customer": ["acme"]})
    assert [m["field"] for m in wrong.json["messages"]] == ["function"]


def test_the_tree(app: Flask, rp: RelyingParty, alice: Person, world: World) -> None:
    """Login -> applications; each can be ended by its identifier, at the next request."""
    tokens = rp.obtains(alice)
    caller = login(app)
    tree = caller.get(f"{ROOT}/sessions").json["data"]
    assert len(tree) == 2
    with_applications = [branch for branch in tree if branch["applications"]]
    (application,) = with_applications[0]["applications"]
    assert application["client"] == rp.client_id
    gone = caller.delete(f"{ROOT}/session/{application['sessionIdentifier']}")
    assert gone.status_code == 200, gone.data
    assert rp.calls(f"{ROOT}/session", tokens["access_token"]).status_code == 401
    assert alice.visits("/").status_code == 200
    assert caller.delete(f"{ROOT}/session/{with_applications[0]['sessionIdentifier']}").status_code == 200
    assert alice.visits("/").status_code == 303
    for wrong in ("abac-da00/172.27.10.10", "00" * 16, "x"):
        assert caller.delete(f"{ROOT}/session/{wrong}").status_code == 404
    assert world.app is app


def test_sessions_of_others(
    app: Flask, world: World, admin: ApiCaller, rp: RelyingParty, alice: Person
) -> None:
    """With ``deleteSession``; an application sees no tree; others' sessions are as absent."""
    tokens = rp.obtains(alice)
    world.user("mallory", "bolt")
    mallory = ApiCaller(app, world.api_key("mallory"))
    (branch,) = admin.get(f"{ROOT}/user/alice/sessions").json["data"]
    path = f"{ROOT}/session/{branch['sessionIdentifier']}"
    assert mallory.delete(path).status_code == 404
    assert mallory.get(f"{ROOT}/user/alice/sessions").status_code == 404
    assert mallory.delete(f"{ROOT}/user/alice/sessions").status_code == 404
    assert rp.calls(f"{ROOT}/sessions", tokens["access_token"]).status_code == 403
    assert admin.delete(path).status_code == 200
    assert rp.calls(f"{ROOT}/session", tokens["access_token"]).status_code == 401
    alice.logs_in()
    answer = admin.delete(f"{ROOT}/user/alice/sessions")
    assert answer.json["data"] == {"sessionsDeleted": 1}
    assert alice.visits("/").status_code == 303


def test_events(app: Flask, world: World, admin: ApiCaller) -> None:
    """Logins and failures, newest first, by time; for oneself, with the guard for others."""
    app.test_client().post(LOGIN, json={"userName": "alice", "password": "wrong"})
    caller = login(app)
    own = caller.get(f"{ROOT}/events").json
    assert [e["result"] for e in own["data"]] == ["success", "failure"]
    assert own["count"] == 2
    assert admin.get(f"{ROOT}/user/alice/events").json["data"] == own["data"]
    assert admin.get(f"{ROOT}/customer/events?customer=acme").json["count"] == 2
    assert admin.get(f"{ROOT}/customer/events?customer=bolt").json["count"] == 0
    assert caller.get(f"{ROOT}/events?startTimestamp=now%2B1h").json["count"] == 0
    assert caller.get(f"{ROOT}/events?endTimestamp=now-1d").json["count"] == 0
    assert caller.get(f"{ROOT}/events?startTimestamp=yesterday").status_code == 412
    assert caller.get(f"{ROOT}/customer/events").status_code == 403


def test_keys_of_others(app: Flask, world: World, admin: ApiCaller) -> None:
    """For one who holds nothing that the caller lacks; shown once; ended by prefix."""
    made = admin.post(f"{ROOT}/user/alice/apikey", {"description": "made for alice"})
    assert made.status_code == 201, made.data
    own = ApiCaller(app, made.json["data"]["apiKeyString"])
    assert own.get("/currentuser/v1/user").json["data"]["userName"] == "alice"
    assert own.post(f"{ROOT}/user/admin/apikey", {"description": "x"}).status_code == 404
    prefix = made.json["data"]["keyDescriptor"]["prefix"]
    listed = admin.get(f"{ROOT}/user/alice/apikey").json["data"]["keys"]
    assert [k["prefix"] for k in listed] == [prefix]
    assert admin.delete(f"{ROOT}/user/alice/apikey/{prefix}").json["data"]["revokedKey"]["prefix"] == prefix
    assert own.get("/currentuser/v1/user").status_code == 401
    assert world.app is app


def test_preferences(app: Flask, world: World, admin: ApiCaller, key: ApiCaller) -> None:
    """One's own by either form, a user's with the guard; bounded and named when wrong."""
    assert key.post("/currentuser/v1/prefs", {"colour": "red", "size": "3"}).json["data"] == {
        "colour": "red",
        "size": "3",
    }
    assert key.get("/currentuser/v1/prefs/colour").json["data"] == "red"
    assert key.get("/currentuser/v1/prefs/none").status_code == 404
    put = admin.put("/useradmin/v2/user/alice/preferences", {"preferences": {"colour": "blue"}})
    assert [p["value"] for p in put.json["data"]] == ["blue", "3"]
    assert admin.put("/useradmin/v2/user/alice/preferences/size/4").status_code == 200
    assert admin.get("/useradmin/v2/user/alice/preferencemap").json["data"] == {"colour": "blue", "size": "4"}
    assert key.put("/useradmin/v2/user/alice/preferences", {"preferences": {"a": "b"}}).status_code == 403
    for wrong in ({"": "x"}, {"a b": "x"}, {"a": 1}, {"a": "x" * 4001}):
        assert key.post("/currentuser/v1/prefs", wrong).status_code == 412
    assert key.delete("/currentuser/v1/prefs?key=size").status_code == 200
    assert [p["key"] for p in key.get("/currentuser/v1/preferences").json["data"]] == ["colour"]
    assert world.app is app


def test_acting_as_another_user(app: Flask, world: World, admin: ApiCaller) -> None:
    """With what both hold, while the function is held; it dies with its parent; audit names who it was."""
    world.user(
        "boss", "acme", holds=[("USER-ADMIN", "acme"), ("impersonate", "acme"), ("readThings", "acme")]
    )
    boss = login(app, "boss")
    answer = boss.post(f"{ROOT}/session/impersonate", {"user": "alice"})
    assert answer.status_code == 200, answer.data
    child = Bearer(app, answer.json["data"]["credentials"]["requestCredentialsData"])
    assert child.get("/currentuser/v1/user").json["data"]["userName"] == "alice"
    assert functions(child) == {"readThings"}
    assert child.get(f"{ROOT}/session").json["data"]["authenticationMethod"] == "IMPERSONATED"
    assert child.post(f"{ROOT}/session/impersonate", {"user": "boss"}).status_code == 403
    assert child.post(f"{ROOT}/session/constrain", {}).status_code == 403
    assert child.get(f"{ROOT}/apikey").status_code == 403
    world.revoke("boss", "impersonate")
    assert child.get(f"{ROOT}/session").status_code == 401
    world.grant("boss", "impersonate", "acme")
    assert child.get(f"{ROOT}/session").status_code == 200
    world.revoke("boss", "readThings")
    assert functions(child) == set()
    boss.delete(f"{ROOT}/session")
    assert child.get(f"{ROOT}/session").status_code == 401
    row = next(row for row in world.rows(AuditEvent) if row.action == "impersonation-begin")
    assert (row.actor_name, row.user_name) == ("boss", "alice")
    assert admin.post(f"{ROOT}/session/impersonate", {"user": "admin"}).status_code == 412


def test_who_may_not_act_as_another(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """Without the function, for a customer it is not held for, or from an application."""
    world.user("other", "bolt", holds=[("USER-ADMIN", "bolt"), ("impersonate", "bolt")])
    world.user("plain", "acme", holds=[("USER-ADMIN", "acme")])
    path, body = f"{ROOT}/session/impersonate", {"user": "alice"}
    assert login(app, "other").post(path, body).status_code == 404
    assert login(app, "plain").post(path, body).status_code == 403
    assert login(app, "plain").post(path, {}).status_code == 412
    token = rp.obtains(alice)["access_token"]
    assert Bearer(app, token).post(path, {"user": "plain"}).status_code == 403


def test_a_block_of_either_ends_it(app: Flask, world: World) -> None:
    """The impersonator's or the user's."""
    world.user("boss", "acme", holds=[("ALL-FUNCTIONS", "acme")])
    body = {"userName": "alice", "securityLevel": "external"}
    for name in ("boss", "alice"):
        answer = login(app, "boss").post(f"{ROOT}/impersonate", body)
        child = Bearer(app, answer.json["data"]["requestCredentialsData"])
        assert child.get(f"{ROOT}/session").json["data"]["securityLevel"] == "EXTERNAL"
        world.block(name)
        assert child.get(f"{ROOT}/session").status_code == 401
        world.change_user(name, blocked_at=None)
        assert child.get(f"{ROOT}/session").status_code == 401, "what ended does not come back"


@pytest.mark.parametrize("by", ["key", "login"])
@pytest.mark.parametrize("end", ["block", "everything", "password"])
def test_what_ends_the_impersonator_ends_the_impersonation(
    app: Flask, world: World, admin: ApiCaller, by: str, end: str
) -> None:
    """For good, and whether it was begun by a login or by a key; it tells nobody what it remembers."""
    world.user("boss", "acme", holds=[("ALL-FUNCTIONS", "acme")])
    boss = ApiCaller(app, world.api_key("boss")) if by == "key" else login(app, "boss")
    answer = boss.post(f"{ROOT}/impersonate", {"userName": "alice"})
    child = Bearer(app, answer.json["data"]["requestCredentialsData"])
    own = child.get(f"{ROOT}/session")
    assert own.status_code == 200
    told = [own, admin.get(f"{ROOT}/user/alice/sessions"), boss.get(f"{ROOT}/session")]
    assert not [page for page in told if b"poch" in page.data]
    assert not [row for row in world.rows(AuditEvent) if "poch" in str(row.detail)]
    if end == "block":
        assert admin.put(f"{ROOT}/user/boss/block").status_code == 200
        assert admin.put(f"{ROOT}/user/boss/unblock").status_code == 200
    elif end == "everything":
        assert admin.delete(f"{ROOT}/user/boss/sessions").status_code == 200
    else:
        body = {"oldPassword": PASSWORD, "newPassword": "another long battery"}
        assert login(app, "boss").put(f"{ROOT}/password", body).status_code == 200
    assert child.get(f"{ROOT}/session").status_code == 401
