"""One-time codes (contract 3.3, 3.4, 3.6; design decision 17): set up, used once each, taken away."""

from __future__ import annotations

import base64
from typing import Any

import pyotp
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import clock as app_clock
from app.models.audit import AuditEvent
from app.models.totp import TOTPGenerator
from tests.api.test_stepup import BASE
from tests.api.test_stepup import authorizes
from tests.api.test_stepup import bearer
from tests.api.test_stepup import calls
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.fixtures import Clock
from tests.world import PASSWORD
from tests.world import World

pytestmark = pytest.mark.usefixtures("early_in_a_step")
LOGIN = f"{BASE}/totp/authentication"


def code(seed: str, ahead: int = 0) -> str:
    return pyotp.TOTP(seed).at(int(app_clock.now().timestamp()) + 30 * ahead)


def wrong(seed: str) -> str:
    near = {code(seed, drift) for drift in (-1, 0, 1)}
    return next(text for text in ("000000", "111111", "222222", "333333") if text not in near)


def enrols(app: Flask, name: str = "alice") -> str:
    """Set up codes in a password login; the seed."""
    own = bearer(app, name)
    begun = calls(app, "POST", "/totp", {"password": PASSWORD}, own)
    assert begun.status_code == 200, begun.data
    seed = begun.json["data"]
    body = {"cookie": seed["cookie"], "verificationCode": code(seed["seedBase32"])}
    done = calls(app, "PUT", "/totp", body, own)
    assert done.status_code == 200, done.data
    assert done.json["data"]["message"]
    return str(seed["seedBase32"])


def logs_in(app: Flask, text: str, **more: Any) -> TestResponse:
    body = {"userName": "alice", "password": PASSWORD, "tokenCode": text, **more}
    return app.test_client().post(LOGIN, json=body)


def token(answer: TestResponse) -> dict[str, str]:
    assert answer.status_code == 200, answer.data
    return {"Authorization": f"Bearer {answer.json['data']['credentials']['requestCredentialsData']}"}


def test_a_code_raises_the_level(app: Flask, world: World, clock: Clock) -> None:
    """Decision 17: password and code make an administrative login; the password alone stays what it was."""
    seed = enrols(app)
    clock.advance(30)
    info = calls(app, "GET", "/session", None, token(logs_in(app, code(seed)))).json["data"]
    assert (info["authenticationMethod"], info["securityLevel"]) == ("TOTP", "ADMINISTRATIVE")
    world.change_user("alice", password_alone=True)  # left on by name
    plain = calls(app, "GET", "/session", None, bearer(app)).json["data"]
    assert (plain["authenticationMethod"], plain["securityLevel"]) == ("PASSWORD", "DEFAULT")
    page = Person(app, "alice")
    answer = page.submits(page.visits("/login"), "/login", username="alice", password=PASSWORD)
    assert answer.status_code == 303


def test_what_is_told_and_kept(app: Flask, world: World) -> None:
    """TotpInit; the seed is sealed at rest and in no later answer."""
    own = bearer(app)
    data = calls(app, "POST", "/totp", {"password": PASSWORD}, own).json["data"]
    assert (data["keyAlgorithm"], data["passCodeLength"], data["userName"]) == ("HmacSHA1", 6, "alice")
    raw = base64.b32decode(data["seedBase32"])
    assert base64.b64decode(data["seedBase64"]) == raw
    assert len(raw) == 20
    (row,) = world.rows(TOTPGenerator)
    assert raw not in row.pending_sealed
    assert data["seedBase32"].encode() not in row.pending_sealed
    assert logs_in(app, code(data["seedBase32"])).status_code == 401


def test_a_code_counts_once(app: Flask, world: World, clock: Clock) -> None:
    """The one it was verified with too; then 206 with a challenge, and the next one is good."""
    seed = enrols(app)
    for attempt in (code(seed), code(seed, -1)):
        reused = logs_in(app, attempt)
        assert reused.status_code == 206, reused.data
        assert reused.json["data"]["failed"] is True
        assert reused.json["data"]["username"] == "alice"
    assert logs_in(app, code(seed, 1)).status_code == 200
    clock.advance(30)
    assert logs_in(app, code(seed)).status_code == 206
    clock.advance(30)
    assert logs_in(app, code(seed)).status_code == 200
    old = {"userName": "alice", "password": PASSWORD, "tokenCode": code(seed)}
    assert app.test_client().post(f"{BASE}/totp/authenticate", json=old).status_code == 206
    clock.advance(30)
    old = {"userName": "alice", "password": PASSWORD, "tokenCode": code(seed)}
    answer = app.test_client().post(f"{BASE}/totp/authenticate", json=old)
    assert answer.json["data"]["requestCredentialsType"] == "sessionToken"
    refused = [e for e in world.rows(AuditEvent) if e.action == "login" and e.outcome == "refused"]
    assert [(e.reasons, e.times) for e in refused] == [(["totp_reused_code"], 4)]


def test_every_failure_is_alike(app: Flask, world: World, clock: Clock) -> None:
    """Rule 41: wrong code, wrong password, no generator, nobody, old code."""
    seed = enrols(app)
    world.user("bob", "acme")
    old = code(seed)
    clock.advance(120)
    answers = [
        logs_in(app, wrong(seed)),
        logs_in(app, old),
        logs_in(app, code(seed), password="wrong"),
        logs_in(app, code(seed), userName="bob"),
        logs_in(app, code(seed), userName="mallory"),
        logs_in(app, "not a code"),
        logs_in(app, "\uff11\uff12\uff13\uff14\uff15\uff16"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.get_data() for answer in answers}) == 1


def test_guessing_codes_gets_slow_from_everywhere(
    app: Flask, world: World, settings: Any, clock: Clock
) -> None:
    """Who guesses codes knows the password: counted per account, whatever the address."""
    settings(throttle_login_failures=3)
    seed = enrols(app)
    clock.advance(30)
    statuses = []
    for source in range(4):
        body = {"userName": "alice", "password": PASSWORD, "tokenCode": wrong(seed)}
        place = {"REMOTE_ADDR": f"198.51.100.{source}"}
        statuses.append(app.test_client().post(LOGIN, json=body, environ_overrides=place).status_code)
    assert statuses == [401, 401, 401, 429]
    assert logs_in(app, code(seed)).status_code == 429
    world.change_user("alice", password_alone=True)
    assert bearer(app)


def test_setting_up_takes_proof(app: Flask, world: World, clock: Clock) -> None:
    """The password or an authorization; the right cookie and code, soon."""
    own = bearer(app)
    assert calls(app, "POST", "/totp", {}, own).status_code == 412
    assert calls(app, "POST", "/totp", {"password": "wrong"}, own).status_code == 412
    wrong_kind = {"authorization": authorizes(app, own)}
    assert calls(app, "POST", "/totp", wrong_kind, own).status_code == 412
    assert (
        ApiCaller(app, world.api_key("alice")).post(f"{BASE}/totp", {"password": PASSWORD}).status_code == 403
    )
    proof = {"authorization": authorizes(app, own, "totp.initialize")}
    seed = calls(app, "POST", "/totp", proof, own).json["data"]
    right = code(seed["seedBase32"])
    verify = {"cookie": seed["cookie"], "verificationCode": right}
    assert calls(app, "PUT", "/totp", verify | {"cookie": "x"}, own).status_code == 412
    bad = calls(app, "PUT", "/totp", verify | {"verificationCode": wrong(seed["seedBase32"])}, own)
    assert bad.json["messages"][0]["field"] == "verificationCode"
    clock.advance(16 * 60)
    late = {"cookie": seed["cookie"], "verificationCode": code(seed["seedBase32"])}
    assert calls(app, "PUT", "/totp", late, own).status_code == 412


def test_the_second_factor_guards_itself(app: Flask, world: World, clock: Clock) -> None:
    """Who learned the password alone can neither replace nor remove the codes; their owner can."""
    thief = bearer(app)
    seed = enrols(app)
    assert calls(app, "POST", "/totp", {"password": PASSWORD}, thief).status_code == 403
    assert calls(app, "DELETE", "/totp", None, thief).status_code == 403
    assert calls(app, "POST", "/signature/webauthn/enroll/challenge", None, thief).status_code == 403
    clock.advance(30)
    own = token(logs_in(app, code(seed)))
    fresh = calls(app, "POST", "/totp", {"password": PASSWORD}, own).json["data"]
    clock.advance(30)
    verify = {"cookie": fresh["cookie"], "verificationCode": code(fresh["seedBase32"])}
    assert calls(app, "PUT", "/totp", verify, own).status_code == 200
    clock.advance(30)
    assert logs_in(app, code(seed)).status_code == 401
    assert logs_in(app, code(fresh["seedBase32"])).status_code == 200
    assert calls(app, "DELETE", "/totp", None, own).status_code == 200
    clock.advance(30)
    assert logs_in(app, code(fresh["seedBase32"])).status_code == 401


def test_authorizing_by_code(app: Flask, world: World, clock: Clock) -> None:
    """Contract 3.4: in a login by code, by a code of its own."""
    seed = enrols(app)
    clock.advance(30)
    first = code(seed)
    own = token(logs_in(app, first))
    body = {"operation": "apikey.create", "nextURI": "/"}
    assert calls(app, "POST", "/password/authorize", body | {"password": PASSWORD}, own).status_code == 403
    for text in (first, wrong(seed)):
        assert calls(app, "POST", "/totp/authorize", body | {"tokenCode": text}, own).status_code == 412
    clock.advance(30)
    shown = calls(app, "POST", "/totp/authorize", body | {"tokenCode": code(seed)}, own)
    assert shown.status_code == 200, shown.data
    made = {"description": "ci", "authorization": shown.json["data"]["authorization"]}
    assert calls(app, "POST", "/apikey", made, own).status_code == 201


def test_an_administrator_hands_codes_over(app: Flask, world: World, admin: ApiCaller, clock: Clock) -> None:
    """Contract 3.6: with the function, over nobody who holds more, not for oneself."""
    path = f"{BASE}/user/alice/totp"
    assert ApiCaller(app, world.api_key("alice")).post(path).status_code in (403, 412)
    assert admin.post(f"{BASE}/user/admin/totp").status_code == 412
    given = admin.post(path)
    assert given.status_code == 200, given.data
    seed = given.json["data"]["seedBase32"]
    assert logs_in(app, code(seed)).status_code == 200
    shown = {m["method"]: m for m in admin.get(f"{BASE}/user/alice/methods").json["data"]}
    assert shown["TOTP"]["initialized"]
    assert admin.put(f"{BASE}/user/alice/disable/totp").status_code == 200
    clock.advance(30)
    assert logs_in(app, code(seed)).status_code == 401
    assert admin.put(f"{BASE}/user/alice/enable/totp").status_code == 200
    assert logs_in(app, code(seed)).status_code == 200
    assert admin.put(f"{BASE}/user/alice/disable/password").status_code == 200
    clock.advance(30)
    assert logs_in(app, code(seed)).status_code == 200
    assert admin.delete(path).status_code == 200
    clock.advance(30)
    assert logs_in(app, code(seed)).status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"userName": "alice"}, {"userName": "alice", "password": "x", "tokenCode": 1}]
)
def test_what_is_no_request(app: Flask, world: World, body: dict[str, Any]) -> None:
    assert app.test_client().post(LOGIN, json=body).status_code == 412
