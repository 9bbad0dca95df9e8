"""A call that a stronger login would let through says so (RFC 9470), and no other call does."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.models.audit import AuditEvent
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.drivers.signing import Prover
from tests.drivers.signing import Signer
from tests.world import World

LACKING = 'Bearer realm="argus", error="insufficient_scope"'
PERMISSION = "/authentication/v1/session/permission/readThings"
USERINFO = "/authentication/v1/oauth/userinfo"
ASKS = (
    '{} realm="argus", error="insufficient_user_authentication", '
    'error_description="A stronger login is needed.", acr_values="administrative"'
)


@pytest.fixture
def rp(app: Flask, world: World) -> RelyingParty:
    """An application that may act at any level."""
    return RelyingParty(app, world.client(max_security_level=3))


@pytest.fixture(params=["Bearer", "DPoP"])
def scheme(request: pytest.FixtureRequest, rp: RelyingParty) -> str:
    if request.param == "DPoP":
        rp.prover = Prover(Signer())
    return str(request.param)


def challenge(answer: Any) -> str:
    return str(answer.headers["WWW-Authenticate"]).partition(", algs=")[0]


def test_a_function_of_a_higher_level(rp: RelyingParty, alice: Person, world: World, scheme: str) -> None:
    """401 with the levels that would do; the number and the reason as for any refusal."""
    token = rp.obtains(alice)["access_token"]
    assert rp.calls(PERMISSION, token).status_code == 200
    world.raise_level("readThings", 3)
    answer = rp.calls(PERMISSION, token)
    assert (answer.status_code, answer.json["responseCode"]) == (401, 401)
    assert challenge(answer) == ASKS.format(scheme)
    row = [one for one in world.rows(AuditEvent) if one.outcome == "refused"][-1]
    assert row.reasons == ["right_above_level"]
    assert answer.json["metaData"]["decision"] == row.decision


def test_an_application_of_a_higher_level(rp: RelyingParty, alice: Person, world: World, scheme: str) -> None:
    """The required function itself: at the API and at userinfo."""
    token = rp.obtains(alice)["access_token"]
    world.raise_level("useApp", 3)
    answer = rp.calls(PERMISSION, token)
    assert (answer.status_code, challenge(answer)) == (401, ASKS.format(scheme))
    info = rp.calls(USERINFO, token)
    assert (info.status_code, info.json["error"]) == (401, "insufficient_user_authentication")
    assert challenge(info) == ASKS.format(scheme)


def test_what_no_login_opens(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """The application's own cap, a right that is not held, an end: as ever."""
    token = rp.obtains(alice)["access_token"]
    world.raise_level("readThings", 3)
    world.change_client(rp.client_id, max_security_level=2)
    capped = rp.calls(PERMISSION, token)
    assert (capped.status_code, challenge(capped)) == (
        403,
        'Bearer realm="argus", error="insufficient_scope"',
    )
    world.change_client(rp.client_id, max_security_level=3)
    world.cut("APP-ROLE", "readThings")
    lacking = rp.calls(PERMISSION, token)
    assert (lacking.status_code, challenge(lacking)) == (
        403,
        'Bearer realm="argus", error="insufficient_scope"',
    )
    world.raise_level("useApp", 3)
    alice.logs_out()
    ended = rp.calls(PERMISSION, token)
    assert (ended.status_code, challenge(ended)) == (401, 'Bearer realm="argus", error="invalid_token"')


def test_a_key_has_no_stronger_login(app: Flask, world: World, rp: RelyingParty) -> None:
    """What a key began, or is, has nobody who could log in."""
    key = world.api_key("alice")
    form = {"grant_type": "client_credentials", "client_id": rp.client_id}
    token = ApiCaller(app, key).call("POST", TOKEN, data=form).json["access_token"]
    assert rp.calls(PERMISSION, token).status_code == 200
    world.raise_level("readThings", 2)
    for answer in (rp.calls(PERMISSION, token), ApiCaller(app, key).get(PERMISSION)):
        assert answer.status_code == 403
        assert "insufficient_user_authentication" not in answer.headers.get("WWW-Authenticate", "")
