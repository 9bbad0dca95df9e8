"""Passkeys (contract 3.8), with an authenticator that really signs."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.models.audit import AuditEvent
from app.models.webauthn import WebAuthnChallenge
from app.models.webauthn import WebAuthnCredential
from tests.api.test_stepup import BASE
from tests.api.test_stepup import authorizes
from tests.api.test_stepup import bearer
from tests.api.test_stepup import calls
from tests.drivers.api_caller import ApiCaller
from tests.drivers.authenticator import Authenticator
from tests.drivers.authenticator import url64
from tests.fixtures import Clock
from tests.world import PASSWORD
from tests.world import World

PATH = f"{BASE}/signature"
LOGIN = f"{PATH}/webauthn/authentication"
ENROL = "/signature/webauthn/enroll"


def enrolled(app: Flask, name: str = "alice", **limits: Any) -> Authenticator:
    """A passkey of this user, enrolled in a password login."""
    device, own = Authenticator(), bearer(app, name)
    options = calls(app, "POST", f"{ENROL}/challenge", None, own)
    assert options.status_code == 200, options.data
    body = device.enrols(options.json["data"]) | limits
    answer = calls(
        app, "POST", ENROL, body | {"authorization": authorizes(app, own, "publickey.enroll")}, own
    )
    assert answer.status_code == 201, answer.data
    assert isinstance(answer.json["data"]["keyID"], int)
    return device


def challenge(app: Flask, name: str = "alice", password: str = PASSWORD) -> dict[str, Any]:
    body = {"userName": name, "domain": "MNEMONIC", "password": password}
    answer = app.test_client().post(f"{LOGIN}/challenge", json=body)
    assert answer.status_code == 200, answer.data
    return dict(answer.json["data"])


def logs_in(app: Flask, signed: dict[str, Any], name: str = "alice") -> TestResponse:
    return app.test_client().post(LOGIN, json={"userName": name, "domain": "MNEMONIC", **signed})


def token(answer: TestResponse) -> dict[str, str]:
    assert answer.status_code == 200, answer.data
    return {"Authorization": f"Bearer {answer.json['data']['credentials']['requestCredentialsData']}"}


def test_enrol_and_log_in(app: Flask, world: World) -> None:
    """Decision 17: a passkey makes an administrative login."""
    device = enrolled(app)
    asked = challenge(app)
    assert asked["permittedWebAuthnKeyIDs"] == [url64(device.key_id)]
    assert asked["timeout"] == 300_000
    own = token(logs_in(app, device.signs(asked)))
    info = calls(app, "GET", "/session", None, own).json["data"]
    assert (info["authenticationMethod"], info["securityLevel"]) == ("SIGNATURE", "ADMINISTRATIVE")
    (key,) = calls(app, "GET", "/signature", None, own).json["data"]["keys"]
    assert (key["type"], key["lastUsedSourceIP"]) == ("webauthn", "127.0.0.1")
    assert key["lastUsedTimestamp"] > 0


def test_a_challenge_cannot_be_guessed(app: Flask, world: World) -> None:
    """WebAuthn 13.4.3: random, and a new one each time; known user or not."""
    enrolled(app)
    names = ["alice"] * 10 + ["nobody"] * 10
    raws = [base64.urlsafe_b64decode(challenge(app, name)["challenge"] + "==") for name in names]
    assert {len(raw) for raw in raws} == {32}
    assert len(set(raws)) == len(raws)


def test_both_alphabets_and_the_old_challenge(app: Flask, world: World) -> None:
    """Contract 3.8: base64 or base64url; the deprecated challenge names no password."""
    device = enrolled(app)
    asked = app.test_client().get(f"{LOGIN}?userName=alice&domain=MNEMONIC").json["data"]
    signed = device.signs(asked, encode=lambda raw: base64.b64encode(raw).decode())
    assert logs_in(app, signed).status_code == 200


@pytest.mark.parametrize(
    "how",
    ["replay", "late", "other origin", "other rp", "not verified", "other key", "other type", "bent",
     "other challenge", "counter", "wrong password", "other user", "revoked", "disabled", "blocked"],
)  # fmt: skip
def test_what_proves_nothing(app: Flask, world: World, admin: ApiCaller, clock: Clock, how: str) -> None:
    """401, alike for every cause; the cause is in the audit row."""
    device = enrolled(app)
    world.user("bob", "acme")
    asked = challenge(app, password="wrong" if how == "wrong password" else PASSWORD)
    if how == "counter":
        assert logs_in(app, device.signs(challenge(app))).status_code == 200
        device.count = 0
    changes: dict[str, Any] = {}
    if how == "other origin":
        changes["origin"] = "https://evil.example.com"
    if how == "other type":
        changes["type"] = "webauthn.create"
    if how == "other challenge":
        changes["challenge"] = url64(b"x" * 32)
    if how == "other rp":
        device.rp_id = "evil.example.com"
    if how == "other key":
        device.key = Authenticator().key
    signed = device.signs(asked, verified=how != "not verified", **changes)
    if how == "replay":
        assert logs_in(app, signed).status_code == 200
    if how == "late":
        clock.advance(301)
    if how == "bent":
        signed["signature"] = url64(b"no signature")
    if how == "blocked":
        world.block("alice")
    if how == "revoked":
        (key,) = world.rows(WebAuthnCredential)
        assert admin.delete(f"{BASE}/user/alice/signature/{key.id}").status_code == 200
    if how == "disabled":
        assert admin.put(f"{BASE}/user/alice/disable/signature").status_code == 200
    answer = logs_in(app, signed, "bob" if how == "other user" else "alice")
    assert answer.status_code == 401, answer.data
    assert any(e.action == "login" and e.outcome == "refused" for e in world.rows(AuditEvent))


def test_nothing_is_learned_from_a_challenge(app: Flask, world: World) -> None:
    """Known or not, with passkeys or not, right password or not: one answer, the same when asked again."""
    enrolled(app)
    world.user("bob", "acme")
    answers = [
        challenge(app),
        challenge(app, password="wrong"),
        challenge(app, "bob"),
        challenge(app, "mallory"),
        challenge(app, "mallory"),
    ]
    assert {len(answer["permittedWebAuthnKeyIDs"]) for answer in answers} == {1}
    assert {len(answer["permittedWebAuthnKeyIDs"][0]) for answer in answers} == {43}
    assert answers[3]["permittedWebAuthnKeyIDs"] == answers[4]["permittedWebAuthnKeyIDs"]
    assert len({answer["challenge"] for answer in answers}) == 5


def test_a_name_in_capitals_tells_nothing(app: Flask, world: World) -> None:
    """Another spelling is the same name, whether or not it is somebody's."""
    enrolled(app)

    def offered(name: str) -> list[str]:
        return list(challenge(app, name)["permittedWebAuthnKeyIDs"])

    assert offered("alice") == offered("ALICE") == offered(" Alice")
    assert offered("nobody") == offered("NOBODY") != offered("nobody2")


def test_asking_is_throttled_like_a_login(app: Flask, world: World, settings: Any) -> None:
    """Rule 42: wrong passwords count. A signature cannot be guessed: wrong ones stop no right one."""
    settings(throttle_login_failures=2)
    device = enrolled(app)
    for _ in range(2):
        challenge(app, password="wrong")
    body = {"userName": "alice", "domain": "MNEMONIC", "password": PASSWORD}
    assert app.test_client().post(f"{LOGIN}/challenge", json=body).status_code == 429
    signed = dict.fromkeys(("webauthnKeyID", "authenticatorData", "clientData", "signature"), "AAAA")
    codes = [logs_in(app, signed | {"challengeID": "x"}).status_code for _ in range(22)]
    assert codes == [401] * 20 + [429] * 2
    asked = ApiCaller(app, None).get(f"{LOGIN}?userName=alice&domain=MNEMONIC").json["data"]
    assert logs_in(app, device.signs(asked)).status_code == 200


def test_asking_without_a_password_stores_nothing(app: Flask, world: World) -> None:
    """Rule 35: whoever asks and however often; only a challenge that was answered has a row."""
    asking = ApiCaller(app, None)
    codes = [asking.get(f"{LOGIN}?userName=user{n}&domain=MNEMONIC").status_code for n in range(200)]
    assert codes == [200] * 200
    assert world.rows(WebAuthnChallenge) == []


@pytest.mark.parametrize(
    "how",
    ["replay", "late", "other origin", "other rp", "not verified", "other login", "no authorization",
     "other operation", "garbage", "other name", "bad source", "too long"],
)  # fmt: skip
def test_what_is_not_enrolled(app: Flask, world: World, clock: Clock, how: str) -> None:
    """412 with a field, never a key."""
    own = bearer(app)
    device = Authenticator(rp_id="evil.example.com" if how == "other rp" else "localhost")
    options = calls(app, "GET", ENROL, None, own).json["data"]
    origin = {"origin": "https://evil.example.com"} if how == "other origin" else {}
    body = device.enrols(options, verified=how != "not verified", **origin)
    operation = "apikey.create" if how == "other operation" else "publickey.enroll"
    if how == "late":
        clock.advance(301)
    if how == "other login":
        own = bearer(app)
    body["authorization"] = "a.b.c" if how == "no authorization" else authorizes(app, own, operation)
    if how == "garbage":
        body["attestationObject"] = url64(b"\xbf\xff" * 200)
    if how == "other name":
        body["webAuthnKeyID"] = url64(b"another name")
    if how == "bad source":
        body["validSources"] = ["10.0.0.0/33"]
    if how == "too long":
        body["validDays"] = 366
    if how == "replay":
        # A challenge is spent by trying, whatever comes of it.
        first = calls(app, "POST", ENROL, body | {"attestationObject": "AAAA"}, own)
        assert first.status_code == 412
    answer = calls(app, "POST", ENROL, body, own)
    assert answer.status_code == 412, answer.data
    assert answer.json["messages"][0]["field"]
    assert world.rows(WebAuthnCredential) == []


def test_a_passkey_is_enrolled_once(app: Flask, world: World) -> None:
    """Its name is unique, for everybody."""
    device = enrolled(app)
    world.user("bob", "acme")
    own = bearer(app, "bob")
    options = calls(app, "POST", f"{ENROL}/challenge", None, own).json["data"]
    body = device.enrols(options) | {"authorization": authorizes(app, own, "publickey.enroll")}
    answer = calls(app, "POST", ENROL, body, own)
    assert (answer.status_code, answer.json["messages"][0]["field"]) == (412, "webAuthnKeyID")


def test_limits_of_a_passkey(app: Flask, world: World, clock: Clock) -> None:
    """``validSources`` and ``validDays``."""
    elsewhere = enrolled(app, validSources=["192.0.2.0/24"])
    signed = elsewhere.signs(challenge(app))
    assert logs_in(app, signed).status_code == 401
    body = {"userName": "alice", "domain": "MNEMONIC", **elsewhere.signs(challenge(app))}
    there = {"REMOTE_ADDR": "192.0.2.9"}
    assert app.test_client().post(LOGIN, json=body, environ_overrides=there).status_code == 200
    clock.advance(366 * 86_400)
    body = {"userName": "alice", "domain": "MNEMONIC", **elsewhere.signs(challenge(app))}
    assert app.test_client().post(LOGIN, json=body, environ_overrides=there).status_code == 401


def test_authorizing_by_passkey(app: Flask, world: World) -> None:
    """Contract 3.4: in a login by passkey, by a challenge of its own."""
    device = enrolled(app)
    own = token(logs_in(app, device.signs(challenge(app))))
    body = {"operation": "apikey.create", "nextURI": "/"}
    for_login = body | device.signs(challenge(app))
    assert calls(app, "POST", "/signature/webauthn/authorize", for_login, own).status_code == 412
    asked = calls(app, "GET", "/signature/webauthn/authorize", None, own).json["data"]
    assert asked["permittedWebAuthnKeyIDs"] == [url64(device.key_id)]
    signed = body | device.signs(asked)
    shown = calls(app, "POST", "/signature/webauthn/authorize", signed, own)
    assert shown.status_code == 200, shown.data
    assert calls(app, "POST", "/signature/webauthn/authorize", signed, own).status_code == 412
    made = {"description": "ci", "authorization": shown.json["data"]["authorization"]}
    assert calls(app, "POST", "/apikey", made, own).status_code == 201


def test_a_challenge_to_authorize_logs_nobody_in(app: Flask, world: World) -> None:
    device = enrolled(app)
    own = token(logs_in(app, device.signs(challenge(app))))
    asked = calls(app, "GET", "/signature/webauthn/authorize", None, own).json["data"]
    assert logs_in(app, device.signs(asked)).status_code == 401


def test_removing_a_passkey(app: Flask, world: World) -> None:
    """By its owner, in a login by a second factor; a stranger's is not there."""
    by_password = bearer(app)
    device = enrolled(app)
    (key,) = world.rows(WebAuthnCredential)
    assert calls(app, "DELETE", f"/signature/{key.id}", None, by_password).status_code == 403
    own = token(logs_in(app, device.signs(challenge(app))))
    assert calls(app, "DELETE", "/signature/999", None, own).status_code == 404
    assert calls(app, "DELETE", "/signature/x", None, own).status_code == 404
    removed = calls(app, "DELETE", f"/signature/{key.id}", None, own).json["data"]
    assert removed == {"keyID": key.id, "type": "webauthn", "description": "Passkey"}
    assert calls(app, "GET", "/signature", None, own).json["data"]["keys"] == []
    assert logs_in(app, device.signs(challenge(app))).status_code == 401


def test_an_administrators_view(app: Flask, world: World, admin: ApiCaller) -> None:
    """Contract 3.8: with sources and end; only with the function."""
    enrolled(app)
    listed = admin.get(f"{BASE}/user/alice/signature?limit=1").json
    assert listed["count"] == 1
    (key,) = listed["data"]["keys"]
    assert key["validSources"] == ["0.0.0.0/0", "::/0"]
    assert key["validUntil"] > key["createdTimestamp"]
    assert ApiCaller(app, world.api_key("alice")).get(f"{BASE}/user/alice/signature").status_code == 403
    assert admin.get(f"{BASE}/user/nobody/signature").status_code == 404


@pytest.mark.parametrize("text", ["A", "AAAAA", "A B=", "===", "", "ä"])
def test_what_is_no_base64(app: Flask, world: World, text: str) -> None:
    signed = dict.fromkeys(("webauthnKeyID", "authenticatorData", "clientData", "signature"), "AAAA")
    answer = logs_in(app, signed | {"challengeID": "x", "signature": text})
    assert answer.status_code == 412, answer.data
    assert answer.json["messages"][0]["field"] == "signature"
