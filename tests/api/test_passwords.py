"""New passwords (contract 3.5, design §8): by the old one, by authorization, by an administrator's reset."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.models.audit import AuditEvent
from tests.api.test_stepup import BASE
from tests.api.test_stepup import authorizes
from tests.api.test_stepup import bearer
from tests.api.test_stepup import calls
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.world import PASSWORD
from tests.world import World

NEW = "quite another password"
LOGIN = f"{BASE}/password/authentication"


def logs_in(app: Flask, password: str, **more: Any) -> TestResponse:
    return app.test_client().post(LOGIN, json={"userName": "alice", "password": password, **more})


def changes(app: Flask, headers: dict[str, str], **body: Any) -> TestResponse:
    return calls(app, "PUT", "/password", {"newPassword": NEW, **body}, headers)


def test_by_the_old_password_everything_ends(
    app: Flask, world: World, rp: RelyingParty, alice: Person
) -> None:
    """Rule 42: other logins, application sessions and open authorizations die with the old password."""
    application = rp.obtains(alice)["access_token"]
    own, other = bearer(app), bearer(app)
    assert changes(app, own, oldPassword=PASSWORD).status_code == 200
    for headers in (own, other, {"Authorization": f"Bearer {application}"}):
        assert calls(app, "GET", "/session", None, headers).status_code == 401
    assert logs_in(app, PASSWORD).status_code == 401
    assert logs_in(app, NEW).status_code == 200


def test_by_authorization(app: Flask, world: World) -> None:
    own = bearer(app)
    authorization = authorizes(app, own, "password.set")
    assert changes(app, bearer(app), authorization=authorization).status_code == 412
    assert (
        app.test_client()
        .put(f"{BASE}/password", json={"newPassword": NEW, "authorization": authorization})
        .status_code
        == 401
    )
    alias = app.test_client().put(
        "/currentuser/v1/password", json={"newPassword": NEW, "authorization": authorization}, headers=own
    )
    assert alias.status_code == 200, alias.data
    assert logs_in(app, NEW).status_code == 200


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({"newPassword": "short", "oldPassword": PASSWORD}, "newPassword", "tooShort"),
        ({"newPassword": "alice has a password", "oldPassword": PASSWORD}, "newPassword", "tooSimple"),
        ({"newPassword": "Password1234!", "oldPassword": PASSWORD}, "newPassword", "pwnedPassword"),
        ({"newPassword": PASSWORD, "oldPassword": PASSWORD}, "newPassword", "historicPassword"),
        ({"newPassword": NEW, "oldPassword": "wrong"}, "oldPassword", "wrongPassword"),
    ],
)
def test_why_not(app: Flask, world: World, body: dict[str, str], field: str, reason: str) -> None:
    """The reason as data, and the message that the official client prints."""
    answer = changes(app, bearer(app), **body)
    assert answer.status_code == 412
    assert answer.json["data"]["reason"] == reason
    assert answer.json["messages"][0]["field"] == field
    assert logs_in(app, PASSWORD).status_code == 200


@pytest.mark.parametrize(
    "chosen",
    [
        "  blanks before and after  ",
        "all small letters only",
        "ÆØÅ with å few signs ✓ 😀",
        "0" * 5 + "1" * 5 + "9753124680",
        "a very long sentence of many words " * 20,
    ],
    ids=["blanks", "letters", "signs", "digits", "long"],
)
def test_it_counts_as_it_was_typed(app: Flask, world: World, chosen: str) -> None:
    """No rule of composition, nothing cut off or folded: every character counts, to the last."""
    answer = changes(app, bearer(app), oldPassword=PASSWORD, newPassword=chosen)
    assert answer.status_code == 200, answer.data
    others = {chosen[:-1], chosen + "x", chosen.strip(), chosen.swapcase(), chosen[:72]} - {chosen}
    for other in others:
        assert logs_in(app, other).status_code == 401, other
    assert logs_in(app, chosen).status_code == 200


def test_who_may_not(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """Neither key nor application, nor both proofs at once, nor nobody."""
    body = {"newPassword": NEW, "oldPassword": PASSWORD}
    path = f"{BASE}/password"
    assert app.test_client().put(path, json=body).status_code == 401
    assert ApiCaller(app, world.api_key("alice")).put(path, body).status_code == 403
    token = rp.obtains(alice)["access_token"]
    application = {"Authorization": f"Bearer {token}"}
    assert changes(app, application, oldPassword=PASSWORD).status_code == 403
    own = bearer(app)
    assert changes(app, own).status_code == 412
    assert changes(app, own, oldPassword=PASSWORD, authorization="x").status_code == 412
    browser = app.test_client()
    browser.post(LOGIN, json={"userName": "alice", "password": PASSWORD})
    assert browser.put(path, json=body).status_code == 403


def test_a_reset_needs_no_login_and_counts_once(app: Flask, world: World, admin: ApiCaller) -> None:
    """Design §8: the administrator hands over an authorization; until then nothing else goes on."""
    own = bearer(app)
    answer = admin.put(f"{BASE}/user/alice/password/reset")
    assert answer.status_code == 200, answer.data
    shown = answer.json["data"]
    assert (shown["operation"], shown["identifier"]) == ("password.set", "setPassword")
    assert calls(app, "GET", "/session", None, own).status_code == 401
    body = {"newPassword": NEW, "authorization": shown["authorization"]}
    first = app.test_client().put(f"{BASE}/password", json=body | {"newPassword": "short"})
    assert first.json["data"]["reason"] == "tooShort"
    assert app.test_client().put(f"{BASE}/password", json=body).status_code == 200
    again = app.test_client().put(f"{BASE}/password", json=body | {"newPassword": NEW + "!"})
    assert again.status_code == 412
    assert logs_in(app, NEW).status_code == 200
    assert any(e.action == "password-reset" for e in world.rows(AuditEvent))


def test_the_last_reset_counts_for_a_day(app: Flask, world: World, admin: ApiCaller, clock: Clock) -> None:
    path = "/useradmin/v2/user/alice/resetpassword"
    first, second = (admin.put(path).json["data"]["authorization"] for _ in range(2))

    def sets(authorization: str) -> int:
        body = {"newPassword": NEW, "authorization": authorization}
        return app.test_client().put(f"{BASE}/password", json=body).status_code

    assert sets(first) == 412
    world.block("alice")
    assert sets(second) == 412
    admin.put(f"{BASE}/user/alice/unblock")
    clock.advance(86_401)
    assert sets(second) == 412


def test_who_may_reset(app: Flask, world: World, admin: ApiCaller) -> None:
    """Rules 54, 59: with the function, over nobody who holds more; not oneself, who has the old password."""
    world.user("helper", "acme", holds=[("resetUserPassword", "acme"), ("viewUsers", "acme")])
    world.user("carl", "acme")
    helper = ApiCaller(app, world.api_key("helper"))
    assert helper.put(f"{BASE}/user/carl/password/reset").status_code == 200
    assert helper.put(f"{BASE}/user/alice/password/reset").status_code == 403
    assert helper.put(f"{BASE}/user/helper/password/reset").status_code == 412
    assert helper.put(f"{BASE}/user/admin/password/reset").status_code == 404
    stranger = ApiCaller(app, world.api_key("alice"))
    assert stranger.put(f"{BASE}/user/carl/password/reset").status_code == 404
    limited = world.api_key("admin", constraints={"functions": [world.function_id("resetUserPassword")]})
    assert ApiCaller(app, limited).put(f"{BASE}/user/alice/password/reset").status_code == 403


def test_who_must_change_the_password_can(app: Flask, world: World) -> None:
    """Rule 41: that, and only that; ``setPassword`` is a by-product of the login (contract 3.3)."""
    world.change_user("alice", force_password_change=True)
    answer = logs_in(app, PASSWORD, requestedAuthorizations=["setPassword", "enrollPublicKey"])
    assert answer.status_code == 221
    data = answer.json["data"]
    own = {"Authorization": f"Bearer {data['credentials']['requestCredentialsData']}"}
    assert [one["identifier"] for one in data["authorizations"]] == ["setPassword"]
    assert calls(app, "GET", "/session", None, own).status_code == 401
    tested = calls(app, "PUT", "/password/test", {"password": NEW}, own)
    assert tested.json["data"] == {"state": "ok", "breachCount": 0}
    assert changes(app, own, authorization=data["authorizations"][0]["authorization"]).status_code == 200
    assert logs_in(app, NEW, requestedAuthorizations=["setPassword"]).json["data"]["authorizations"] == []


def test_trying_a_password(app: Flask, world: World) -> None:
    own = bearer(app)
    breached = calls(app, "PUT", "/password/test", {"password": "Password1234"}, own).json["data"]
    assert breached["state"] == "breached"
    assert app.test_client().put(f"{BASE}/password/test", json={"password": "x"}).status_code == 401


def test_the_old_login_answers_credentials_only(app: Flask, world: World) -> None:
    body = {"userName": "alice", "password": PASSWORD}
    answer = app.test_client().post(f"{BASE}/password/authenticate", json=body)
    assert answer.json["data"]["requestCredentialsType"] == "sessionToken"
    wrong = app.test_client().post(f"{BASE}/password/authenticate", json=body | {"password": "wrong"})
    assert wrong.status_code == 401


def test_ways_in(app: Flask, world: World, admin: ApiCaller) -> None:
    """Contract 3.1, 3.9: which there are, the last one used, and what an administrator switches off."""
    browser = app.test_client()
    listed = browser.get(f"{BASE}/methods").json
    assert listed["data"] == ["PASSWORD", "TOTP", "SIGNATURE", "APIKEY"]
    assert listed["metaData"]["lastUsedAuthenticationMethod"] is None
    token = browser.post(LOGIN, json={"userName": "alice", "password": PASSWORD}).json["data"]["credentials"]
    assert browser.get(f"{BASE}/methods").json["metaData"]["lastUsedAuthenticationMethod"] == "PASSWORD"
    own = {"Authorization": f"Bearer {token['requestCredentialsData']}"}
    methods = {m["method"]: m for m in calls(app, "GET", "/session/authmethods", None, own).json["data"]}
    assert methods["PASSWORD"]["initialized"]
    assert methods["PASSWORD"]["lastLoginIP"] == "127.0.0.1"
    assert not methods["TOTP"]["initialized"]
    assert len(admin.get(f"{BASE}/user/alice/methods").json["data"]) == 4
    assert not admin.put(f"{BASE}/user/alice/disable/password").json["data"]["settings"]["enabled"]
    assert calls(app, "GET", "/session", None, own).status_code == 401
    assert logs_in(app, PASSWORD).status_code == 401
    page = Person(app, "alice")
    assert page.browser.get("/").status_code in (200, 302, 303)
    assert admin.put(f"{BASE}/user/alice/enable/password").json["data"]["settings"]["enabled"]
    assert logs_in(app, PASSWORD).status_code == 200
    assert admin.put(f"{BASE}/user/alice/disable/apikey").status_code == 412
    assert admin.put(f"{BASE}/user/alice/disable/sms").status_code == 404
    assert ApiCaller(app, world.api_key("alice")).put(f"{BASE}/user/admin/disable/totp").status_code == 404
