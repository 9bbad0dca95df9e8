"""Argus's ``client_credentials``: a user's key or login buys a short session (contract 2.7, rule 56)."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.world import PASSWORD
from tests.world import SECRET
from tests.world import World

SESSION = "/authentication/v1/session"
FUNCTIONS = "/authentication/v1/session/function"
LOGIN = "/authentication/v1/password/authentication"


@pytest.fixture
def key(app: Flask, world: World) -> ApiCaller:
    return ApiCaller(app, world.api_key("alice"))


def buys(caller: ApiCaller, client_id: str, **form: str) -> TestResponse:
    body = {"grant_type": "client_credentials", "client_id": client_id} | form
    return caller.call("POST", TOKEN, data=body)


def test_a_key_buys_a_session_of_its_user(key: ApiCaller, rp: RelyingParty) -> None:
    """The documented body: bare, 300 s, explicit nulls, no refresh token; the user's rights within scope."""
    answer = buys(key, rp.client_id)
    assert answer.status_code == 200, answer.data
    assert answer.json["refresh_token"] is None
    assert answer.json["id_token"] is None
    assert answer.json["expires_in"] == 300
    told = rp.calls(FUNCTIONS, answer.json["access_token"]).json["data"]
    assert {f["name"] for f in told} == {"APP-ROLE", "useApp", "readThings", "writeThings"}


def test_it_dies_with_the_key(key: ApiCaller, rp: RelyingParty) -> None:
    """What a key bought ends with it, at the next request."""
    token = buys(key, rp.client_id).json["access_token"]
    assert rp.calls(SESSION, token).status_code == 200
    prefix = "/".join((key.key or "").split("/")[:2])
    assert key.delete(f"/authentication/v1/apikey/{prefix}").status_code == 200
    assert rp.calls(SESSION, token).status_code == 401


def test_a_login_buys_one_too(app: Flask, rp: RelyingParty) -> None:
    """An interactive login as bearer; the session ends with the login."""
    login = app.test_client().post(LOGIN, json={"userName": "alice", "password": PASSWORD})
    bearer = login.json["data"]["credentials"]["requestCredentialsData"]
    headers = {"Authorization": f"Bearer {bearer}"}
    form = {"grant_type": "client_credentials", "client_id": rp.client_id}
    answer = app.test_client().post(TOKEN, data=form, headers=headers)
    token = answer.json["access_token"]
    assert rp.calls(SESSION, token).status_code == 200
    app.test_client().delete(SESSION, headers=headers)
    assert rp.calls(SESSION, token).status_code == 401


def test_no_session_mints_another(app: Flask, rp: RelyingParty, key: ApiCaller, alice: Person) -> None:
    """Design decision 11: neither an OAuth session nor one that was bought; a cookie alone starts nothing."""
    bought = buys(key, rp.client_id).json["access_token"]
    approved = rp.obtains(alice)["access_token"]
    form = {"grant_type": "client_credentials", "client_id": rp.client_id}
    for token in (bought, approved):
        answer = app.test_client().post(TOKEN, data=form, headers={"Authorization": f"Bearer {token}"})
        assert answer.json["error"] == "invalid_grant"
    assert alice.browser.post(TOKEN, data=form).json["error"] == "invalid_request"
    assert app.test_client().post(TOKEN, data=form).json["error"] == "invalid_request"


def test_the_same_rules_hold(world: World, key: ApiCaller, rp: RelyingParty) -> None:
    """Required function, range and scopes are asked here as everywhere."""
    assert buys(key, rp.client_id, scope="phone").json["error"] == "invalid_scope"
    assert buys(key, "nobody").json["error"] == "invalid_client"
    assert buys(key, rp.client_id, client_secret="wrong").json["error"] == "invalid_client"
    assert buys(key, rp.client_id, client_secret=SECRET).status_code == 200
    world.change_client(rp.client_id, client_ip_range=["10.0.0.0/8"])
    assert buys(key, rp.client_id).json["error"] == "invalid_client"
    world.change_client(rp.client_id, client_ip_range=["127.0.0.1/32"])
    token = buys(key, rp.client_id).json["access_token"]
    world.revoke("alice", "APP-ROLE")
    refused = buys(key, rp.client_id)
    assert refused.json["error"] == "invalid_grant"
    assert refused.json["decision"].startswith("D-")
    assert rp.calls(SESSION, token).status_code == 401


def test_the_client_by_basic_beside_the_users_key(app: Flask, key: ApiCaller, rp: RelyingParty) -> None:
    """RFC 6749 2.3.1: the client proves itself by header, the user by key."""
    form = {"grant_type": "client_credentials"}
    headers = {"Argus-API-Key": key.key or ""}
    right = app.test_client().post(TOKEN, data=form, headers=headers, auth=(rp.client_id, SECRET))
    assert right.status_code == 200, right.data
    wrong = app.test_client().post(TOKEN, data=form, headers=headers, auth=(rp.client_id, "wrong"))
    assert wrong.json["error"] == "invalid_client"


def test_a_blocked_user_buys_nothing(world: World, key: ApiCaller, rp: RelyingParty) -> None:
    """A block acts at the next request, on the key and on what it bought."""
    token = buys(key, rp.client_id).json["access_token"]
    world.block("alice")
    assert buys(key, rp.client_id).status_code in (400, 401)
    assert rp.calls(SESSION, token).status_code == 401


def test_the_keys_level_counts(world: World, key: ApiCaller, rp: RelyingParty) -> None:
    """Design decisions 3, 17: a key is external; a stronger required function refuses it."""
    world.raise_level("useApp", 2)
    assert buys(key, rp.client_id).json["error"] == "invalid_grant"


def test_the_keys_limits_go_with_it(app: Flask, world: World, rp: RelyingParty) -> None:
    """Rule 56: its constraints and its addresses bind what it bought, beside the client's own."""
    limits = {"constraints": {"functions": [world.function_id("readThings"), world.function_id("useApp")]}}
    narrow = ApiCaller(app, world.api_key("alice", **limits))
    token = buys(narrow, rp.client_id).json["access_token"]
    told = rp.calls(FUNCTIONS, token).json["data"]
    assert {f["name"] for f in told} == {"useApp", "readThings"}
    there = ApiCaller(app, world.api_key("alice", sources=["192.0.2.0/24"]), address="192.0.2.7")
    token = buys(there, rp.client_id).json["access_token"]
    assert rp.calls(SESSION, token, address="192.0.2.8").status_code == 200
    assert rp.calls(SESSION, token, address="127.0.0.1").status_code == 401


def test_a_constrained_login_buys_nothing(app: Flask, world: World, key: ApiCaller, rp: RelyingParty) -> None:
    """Rule 56: only a person's own login or key."""
    made = key.post("/authentication/v1/constrain", {}).json["data"]["requestCredentialsData"]
    form = {"grant_type": "client_credentials", "client_id": rp.client_id}
    answer = app.test_client().post(TOKEN, data=form, headers={"Authorization": f"Bearer {made}"})
    assert answer.json["error"] == "invalid_grant"
