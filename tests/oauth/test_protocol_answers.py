"""What the protocol's endpoints answer to a call that is not in order (RFC 6749 5.2, 6750 3, 9110 15.5.2)."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from flask import Flask

from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import DEVICE
from tests.drivers.relying_party import PAR
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.world import SECRET
from tests.world import World

SESSION = "/authentication/v1/session"
USERINFO = ("/oauth/userinfo", "/authentication/v1/oauth/userinfo")
BASIC = 'Basic realm="argus"'
BEARER = 'Bearer realm="argus"'
BAD = f'{BEARER}, error="invalid_token"'
BLANKS = (
    "openid  profile",
    " openid profile ",
    "  openid   profile",
    "profile openid",
    "openid profile openid",
)


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize("scope", BLANKS)
def test_blanks_in_a_scope(app: Flask, world: World, rp: RelyingParty, alice: Person, scope: str) -> None:
    """Around and between the names they do not count: at the login, a refresh, and a user's key."""
    tokens = rp.obtains(alice, scope=scope)
    assert set(tokens["scope"].split(" ")) == {"openid", "profile"}
    again = rp.refreshes(tokens["refresh_token"], scope=scope)
    assert again.status_code == 200, again.data
    form = {"grant_type": "client_credentials", "client_id": rp.client_id, "scope": scope}
    bought = ApiCaller(app, world.api_key("alice")).call("POST", TOKEN, data=form)
    assert set(bought.json["scope"].split(" ")) == {"openid", "profile"}


def test_no_grant_type(rp: RelyingParty) -> None:
    """A parameter that is missing is another mistake than one that is not known."""
    for form, error in (
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ):
        answer = rp.posts(**form)
        assert (answer.status_code, answer.json["error"]) == (400, error)


WRONG_CLIENTS: dict[str, dict[str, Any]] = {
    "no base64": {"headers": {"Authorization": "Basic %%%"}},
    "no UTF-8": {"headers": {"Authorization": "Basic " + base64.b64encode(b"\xff:x").decode()}},
    "no colon": {"headers": basic("nothing")},
    "unknown": {"headers": basic("nobody:x")},
    "wrong secret": {"headers": basic("{client}:wrong")},
    "no secret": {"headers": basic("{client}:")},
    "posted, wrong": {"data": {"client_id": "{client}", "client_secret": "wrong"}},
    "posted, unknown": {"data": {"client_id": "nobody", "client_secret": "x"}},
    "nothing": {},
}
FORMS = {
    TOKEN: {"grant_type": "refresh_token", "refresh_token": "x"},
    "/oauth/token": {"grant_type": "authorization_code", "code": "x"},
    TOKEN + "/introspect": {"token": "x"},
    TOKEN + "/revoke": {"token": "x"},
    PAR: {"response_type": "code"},
    DEVICE: {"scope": "openid"},
}


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("how", WRONG_CLIENTS)
def test_a_client_that_is_not_let_in(rp: RelyingParty, path: str, how: str) -> None:
    """401 with a challenge, whatever was wrong and however it was sent."""
    given = WRONG_CLIENTS[how]
    if how in ("wrong secret", "no secret"):
        given = {"headers": basic(f"{rp.client_id}:{'wrong' if how == 'wrong secret' else ''}")}
    data = {name: value.format(client=rp.client_id) for name, value in given.get("data", {}).items()}
    answer = rp.app.test_client().post(path, data=FORMS[path] | data, headers=given.get("headers"))
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client"), answer.data
    assert answer.headers["WWW-Authenticate"] == BASIC


def test_a_client_of_a_users_grant(app: Flask, world: World, rp: RelyingParty) -> None:
    """Contract 2.7: the user's credential is missing, not the client's, and the text says what to send. A
    client that proves who it is may not act alone without a service user (RFC 6749 5.2).
    """
    form = {"grant_type": "client_credentials"}
    answer = app.test_client().post(TOKEN, data=form | {"client_id": rp.client_id})
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert "Argus-API-Key" in answer.json["error_description"]
    for auth in ((rp.client_id, "wrong"), ("nobody", "x")):
        answer = app.test_client().post(TOKEN, data=form, auth=auth)
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"] == BASIC
    alone = app.test_client().post(TOKEN, data=form, auth=(rp.client_id, SECRET))
    assert (alone.status_code, alone.json["error"]) == (400, "unauthorized_client")
    assert "service user" in alone.json["error_description"]
    dead = app.test_client().post(
        TOKEN, data=form | {"client_id": rp.client_id}, headers={"Argus-API-Key": "alice/x/y"}
    )
    assert (dead.status_code, dead.json["error"]) == (400, "invalid_grant")
    key = {"Argus-API-Key": world.api_key("alice")}
    wrong = app.test_client().post(TOKEN, data=form, auth=(rp.client_id, "wrong"), headers=key)
    assert (wrong.status_code, wrong.json["error"]) == (401, "invalid_client")
    assert wrong.headers["WWW-Authenticate"] == BASIC


@pytest.mark.parametrize("path", [SESSION, *USERINFO])
@pytest.mark.parametrize("length", [1, 512, 513, 8000])
def test_a_token_that_is_none(app: Flask, world: World, path: str, length: int) -> None:
    """However long: not one of ours."""
    answer = app.test_client().get(path, headers={"Authorization": "Bearer " + "x" * length})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == (BEARER if path == SESSION else BAD)
    assert "x" * length not in answer.get_data(as_text=True) or length == 1


@pytest.mark.parametrize("path", USERINFO)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_token_at_all(app: Flask, world: World, path: str, method: str) -> None:
    """RFC 6750 3.1: the challenge alone; a cookie or a key is no token."""
    alice = Person(app)
    alice.logs_in()
    for browser, headers in (
        (app.test_client(), {}),
        (alice.browser, {}),
        (app.test_client(), {"Argus-API-Key": world.api_key("alice")}),
    ):
        answer = browser.open(path, method=method, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == BEARER
        assert answer.json == {}


def test_a_key_that_is_not_accepted(app: Flask, world: World) -> None:
    """A 401 of the API names a scheme, for a key of a blocked user too."""
    key = world.api_key("alice")
    world.block("alice")
    answer = ApiCaller(app, key).get(SESSION)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == BEARER
