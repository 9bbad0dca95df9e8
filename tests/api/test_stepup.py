"""Authorization tokens (contract 3.4, rule 42): one operation, one login, one use."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.models.audit import AuditEvent
from app.models.stepup import StepUp
from app.services.login import stepup_operations
from tests.drivers.api_caller import ApiCaller
from tests.drivers.authenticator import Authenticator
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.world import PASSWORD
from tests.world import World

BASE = "/authentication/v1"
KEYS = BASE + "/apikey"


def bearer(app: Flask, name: str = "alice", password: str = PASSWORD) -> dict[str, str]:
    answer = app.test_client().post(
        f"{BASE}/password/authentication", json={"userName": name, "password": password}
    )
    assert answer.status_code in (200, 221), answer.data
    return {"Authorization": f"Bearer {answer.json['data']['credentials']['requestCredentialsData']}"}


def calls(app: Flask, method: str, path: str, body: Any, headers: dict[str, str]) -> TestResponse:
    return app.test_client().open(BASE + path, method=method, json=body, headers=headers)


def authorizes(app: Flask, headers: dict[str, str], operation: str = "apikey.create", **more: Any) -> str:
    body = {"password": PASSWORD, "operation": operation, "nextURI": "/account", **more}
    answer = calls(app, "POST", "/password/authorize", body, headers)
    assert answer.status_code == 200, answer.data
    return str(answer.json["data"]["authorization"])


def test_an_authorization_makes_one_key(app: Flask, world: World) -> None:
    """In the place of the password; the second time it is spent."""
    own = bearer(app)
    authorization = authorizes(app, own)
    body = {"description": "ci", "authorization": authorization}
    assert calls(app, "POST", "/apikey", body, own).status_code == 201
    again = calls(app, "POST", "/apikey", body, own)
    assert again.status_code == 412
    assert again.json["messages"][0]["field"] == "authorization"
    refusals = [e for e in world.rows(AuditEvent) if e.action == "step-up" and e.outcome == "refused"]
    assert [e.reasons for e in refusals] == [["step_up_spent"]]


def test_only_its_digest_is_kept(app: Flask, world: World) -> None:
    own = bearer(app)
    authorization = authorizes(app, own)
    (row,) = world.rows(StepUp)
    assert authorization.encode() not in row.digest
    assert authorization.count(".") == 2


def test_a_failed_use_does_not_spend_it(app: Flask, world: World) -> None:
    """What it was to authorise did not happen, so it still counts."""
    own = bearer(app)
    authorization = authorizes(app, own)
    body = {"description": "ci", "authorization": authorization}
    assert calls(app, "POST", "/apikey", body | {"validSources": ["nonsense"]}, own).status_code == 412
    assert calls(app, "POST", "/apikey", body, own).status_code == 201


@pytest.mark.parametrize("how", ["other operation", "other login", "other user", "late", "garbage", "bent"])
def test_it_counts_for_nothing_else(app: Flask, world: World, clock: Clock, how: str) -> None:
    """Bound to its operation, its login and its user, for five minutes."""
    world.user("bob", "acme")
    own = bearer(app)
    user = bearer(app, "bob") if how == "other user" else bearer(app) if how == "other login" else own
    operation = "totp.initialize" if how == "other operation" else "apikey.create"
    authorization = authorizes(app, own, operation)
    if how == "late":
        clock.advance(301)
    if how == "garbage":
        authorization = "a.b.c"
    if how == "bent":
        authorization = authorization[:-2] + ("AA" if authorization[-2:] != "AA" else "BB")
    body = {"description": "ci", "authorization": authorization}
    answer = calls(app, "POST", "/apikey", body, user)
    assert answer.status_code == 412, answer.data


def test_who_may_authorize(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """A person's own login only, with the right proof, for a page of ours (rules 36, 54)."""
    own = bearer(app)
    body = {"password": PASSWORD, "operation": "apikey.create", "nextURI": "/account"}
    path = f"{BASE}/password/authorize"
    assert ApiCaller(app, world.api_key("alice")).post(path, body).status_code == 403
    application = {"Authorization": f"Bearer {rp.obtains(alice)['access_token']}"}
    assert calls(app, "POST", "/password/authorize", body, application).status_code == 403
    wrong = calls(app, "POST", "/password/authorize", body | {"password": "wrong"}, own)
    assert (wrong.status_code, wrong.json["messages"][0]["field"]) == (412, "password")
    for target in ("https://evil.example.com/", "//evil.example.com", "/\\evil", "javascript:alert(1)"):
        assert calls(app, "POST", "/password/authorize", body | {"nextURI": target}, own).status_code == 412
    assert calls(app, "POST", "/password/authorize", body | {"operation": "all"}, own).status_code == 412
    by_code = {"tokenCode": "123456", "operation": "apikey.create", "nextURI": "/"}
    assert calls(app, "POST", "/totp/authorize", by_code, own).status_code == 403
    assert calls(app, "GET", "/signature/webauthn/authorize", None, own).status_code == 403
    shown = calls(app, "POST", "/password/authorize", body | {"nextURI": "/account?a=b#c"}, own).json["data"]
    assert shown["nextURI"] == f"/account?a=b&authorization={shown['authorization']}#c"


def test_validate_tells_and_spends_nothing(app: Flask, world: World, clock: Clock) -> None:
    """Contract 3.4: by whom, for what; ``allowReplay`` and ``allowExpired`` say what else may pass."""
    own = bearer(app)
    authorization = authorizes(app, own, "pruneCustomerData", context={"customerID": "7"})
    asked = {"authorization": authorization, "operation": "pruneCustomerData"}

    def validate(**more: Any) -> TestResponse:
        return calls(app, "POST", "/authorization/validate", asked | more, own)

    for _ in range(2):
        told = validate(context={"customerID": "7"})
        assert told.status_code == 200, told.data
    assert told.json["data"]["user"]["shortName"] == "alice"
    assert told.json["data"]["context"] == {"customerID": "7"}
    assert validate(context={"customerID": "8"}).status_code == 412
    assert validate(operation="apikey.renew").status_code == 412
    asked = {"authorization": authorizes(app, own), "operation": "apikey.create"}
    body = {"description": "ci", "authorization": asked["authorization"]}
    assert calls(app, "POST", "/apikey", body, own).status_code == 201
    assert validate().status_code == 412
    assert validate(allowReplay=True).status_code == 200
    clock.advance(301)
    assert validate(allowReplay=True).status_code == 412
    assert validate(allowReplay=True, allowExpired=True).status_code == 200


def test_others_learn_nothing_from_validate(app: Flask, world: World, admin: ApiCaller) -> None:
    """Whoever may not see the user sees no authorization either; it dies with its login."""
    world.user("bob", "acme")
    own = bearer(app)
    asked = {"authorization": authorizes(app, own), "operation": "apikey.create"}
    assert calls(app, "POST", "/authorization/validate", asked, bearer(app, "bob")).status_code == 412
    assert admin.post(f"{BASE}/authorization/validate", asked).status_code == 200
    calls(app, "DELETE", "/session", None, own)
    assert admin.post(f"{BASE}/authorization/validate", asked).status_code == 412


def test_renewing_a_key(app: Flask, world: World, clock: Clock) -> None:
    """Contract 3.7: a new end, counted from now, by prefix or number; for ever only for administrators."""
    own = bearer(app)
    made = calls(app, "POST", "/apikey", {"description": "ci", "password": PASSWORD}, own).json["data"]
    prefix = made["keyDescriptor"]["prefix"]
    assert calls(app, "PUT", f"/apikey/{prefix}", {"expirationDays": 7}, own).status_code == 412
    about = {"prefix": prefix}
    body = {"expirationDays": 7, "authorization": authorizes(app, own, "apikey.renew", context=about)}
    renewed = calls(app, "PUT", f"/apikey/{prefix}", body, own)
    assert renewed.status_code == 200, renewed.data
    assert renewed.json["data"]["renewedKey"]["validUntil"] < made["keyDescriptor"]["validUntil"]
    number = prefix.split("/")[1]
    by_password = {"password": PASSWORD, "expirationDays": 30}
    assert calls(app, "PUT", f"/apikey/{number}", by_password, own).status_code == 200
    for_ever = {"password": PASSWORD, "disableExpiration": True}
    assert calls(app, "PUT", f"/apikey/{prefix}", for_ever, own).status_code == 412
    assert calls(app, "PUT", "/apikey/1/1", by_password, own).status_code == 404


# --- one object ---------------------------------------------------------------------------------------------


def _makes_key(app: Flask, own: dict[str, str]) -> str:
    """A new key of this caller; its prefix."""
    made = calls(app, "POST", "/apikey", {"description": "ci", "password": PASSWORD}, own)
    return str(made.json["data"]["keyDescriptor"]["prefix"])


@pytest.mark.parametrize("by", ["prefix", "keyID"])
def test_an_authorization_to_renew_holds_for_one_key(app: Flask, world: World, by: str) -> None:
    """Named by either name, spent by either path; on another key of the same user it counts for nothing."""
    own = bearer(app)
    one, other = _makes_key(app, own), _makes_key(app, own)
    numbers = [str(int(prefix.split("/")[1], 16)) for prefix in (one, other)]
    name = {"prefix": one, "keyID": numbers[0]}[by]
    body = {"authorization": authorizes(app, own, "apikey.renew", context={by: name})}
    for path in (other, numbers[1]):
        answer = calls(app, "PUT", f"/apikey/{path}", body, own)
        assert answer.status_code == 412, answer.data
        assert answer.json["messages"][0]["field"] == "authorization"
    assert calls(app, "PUT", f"/apikey/{numbers[0] if by == 'prefix' else one}", body, own).status_code == 200
    reasons = [e.reasons for e in world.rows(AuditEvent) if e.action == "step-up" and e.outcome == "refused"]
    assert reasons == [["step_up_other_context"]] * 2


def _sets_password(app: Flask, own: dict[str, str], proof: str) -> TestResponse:
    return calls(app, "PUT", "/password", {"newPassword": "a new battery", "authorization": proof}, own)


def _begins_codes(app: Flask, own: dict[str, str], proof: str) -> TestResponse:
    return calls(app, "POST", "/totp", {"authorization": proof}, own)


def _creates_key(app: Flask, own: dict[str, str], proof: str) -> TestResponse:
    return calls(app, "POST", "/apikey", {"description": "ci", "authorization": proof}, own)


def _renews_key(app: Flask, own: dict[str, str], proof: str) -> TestResponse:
    prefix = calls(app, "GET", "/apikey", None, own).json["data"]["keys"][-1]["prefix"]
    return calls(app, "PUT", f"/apikey/{prefix}", {"authorization": proof}, own)


def _enrols_passkey(app: Flask, own: dict[str, str], proof: str) -> TestResponse:
    options = calls(app, "POST", "/signature/webauthn/enroll/challenge", None, own).json["data"]
    body = Authenticator().enrols(options) | {"authorization": proof}
    return calls(app, "POST", "/signature/webauthn/enroll", body, own)


# Of each operation with a call: the call on the object of this caller.
SPENDS = {
    "password.set": _sets_password,
    "totp.initialize": _begins_codes,
    "apikey.create": _creates_key,
    "apikey.renew": _renews_key,
    "publickey.enroll": _enrols_passkey,
}


def test_every_operation_is_in_the_table() -> None:
    assert set(SPENDS) == {one.name for one in stepup_operations.ALL if one.has_call}


@pytest.mark.parametrize("operation", SPENDS)
def test_an_authorization_holds_for_one_object(app: Flask, world: World, operation: str) -> None:
    """Every operation on a second object of its kind, another user's: refused; on its own: done."""
    world.user("bob", "acme")
    own, others = bearer(app), bearer(app, "bob")
    context = {"prefix": _makes_key(app, own)} if operation == "apikey.renew" else {}
    _makes_key(app, others)
    proof = authorizes(app, own, operation, context=context)
    answer = SPENDS[operation](app, others, proof)
    assert (answer.status_code, answer.json["messages"][0]["field"]) == (412, "authorization"), answer.data
    assert SPENDS[operation](app, own, proof).status_code in (200, 201)


CONTEXTS = {"an unknown variable": {"more": "1"}, "of another operation": {"customerID": "7"}}


@pytest.mark.parametrize("operation", SPENDS)
@pytest.mark.parametrize("context", CONTEXTS)
def test_a_context_that_is_not_true_of_the_call(
    app: Flask, world: World, operation: str, context: str
) -> None:
    """Every variable must match: what the call cannot tell never does."""
    own = bearer(app)
    _makes_key(app, own)
    proof = authorizes(app, own, operation, context=CONTEXTS[context])
    answer = SPENDS[operation](app, own, proof)
    assert (answer.status_code, answer.json["messages"][0]["field"]) == (412, "authorization"), answer.data


@pytest.mark.parametrize("operation", SPENDS)
def test_without_a_context(app: Flask, world: World, operation: str) -> None:
    """It may be left out: user, operation, login and one use bind the authorization then."""
    own = bearer(app)
    _makes_key(app, own)
    proof = authorizes(app, own, operation)
    assert SPENDS[operation](app, own, proof).status_code in (200, 201)
