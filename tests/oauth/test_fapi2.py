"""FAPI 2.0 Security Profile (final): one flag of a client turns on all of it, and nothing weaker passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.models.audit import AuditEvent
from app.models.sessions import AuthorizationCode
from app.services.clients.fields import BY_NAME
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import PAR
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned
from tests.drivers.signing import ASSERTION_TYPE
from tests.drivers.signing import ISSUER
from tests.drivers.signing import Prover
from tests.drivers.signing import Signer
from tests.world import REDIRECT
from tests.world import SECRET
from tests.world import World

SESSION = "/authentication/v1/session"
CLIENT = "/authentication/v1/oauth/client"
SIGNER = Signer()
RSA = Signer("RS256", "k2")


class Profile:
    """A client with the flag and nothing else turned on, and its user."""

    def __init__(self, app: Flask, world: World, alice: Person) -> None:
        self.app, self.world, self.alice = app, world, alice
        keys = {"keys": [SIGNER.jwk, RSA.jwk]}
        self.client_id = world.client(
            authentication_method="privateKey", jwks=keys, fapi2_security_profile=True
        )
        self.rp = RelyingParty(app, self.client_id, signer=SIGNER, prover=Prover(Signer(number=1)))
        # Any answer brings the nonce; an assertion counts once, so that it is wanted before the first.
        self.rp.proved("POST", TOKEN, data={"grant_type": "refresh_token"})

    def code(self, **changes: str | None) -> str:
        return returned(self.alice.approves(self.rp.pushed_url(**changes)))["code"]

    def asserts(self, signer: Signer = SIGNER, **claims: Any) -> dict[str, str]:
        made = signer.asserts(self.client_id, **claims)
        return {"client_assertion": made, "client_assertion_type": ASSERTION_TYPE}

    def plain(self, **more: Any) -> RelyingParty:
        """The same client, as if it were another."""
        other = RelyingParty(self.app, self.client_id, **more)
        other.verifier = self.rp.verifier
        return other


@pytest.fixture
def profile(app: Flask, world: World, alice: Person) -> Profile:
    return Profile(app, world, alice)


def test_the_whole_flow(profile: Profile) -> None:
    """Push, approve, redeem, call, refresh: all bound to one key; the issuer in the answer."""
    back = returned(profile.alice.approves(profile.rp.pushed_url()))
    assert (back["iss"], back["state"]) == (ISSUER, profile.rp.state)
    tokens = profile.rp.redeems(back["code"]).json
    assert tokens["token_type"] == "DPoP"
    assert profile.rp.calls(SESSION, tokens["access_token"]).status_code == 200
    fresh = profile.rp.refreshes(tokens["refresh_token"]).json
    assert fresh["token_type"] == "DPoP"
    assert profile.rp.introspects(fresh["access_token"])["cnf"] == {"jkt": profile.rp.prover.thumbprint}


def test_a_code_lives_no_longer_than_a_minute(profile: Profile, settings: Any) -> None:
    """5.3.2.1, whatever the setting says; of others it does what the setting says."""
    settings(code_seconds=600)
    profile.code()
    (row,) = profile.world.rows(AuthorizationCode)
    assert (row.expires_at - row.created_at).total_seconds() == 60
    RelyingParty(profile.app, profile.world.client("other")).sends(profile.alice)
    row = profile.world.rows(AuthorizationCode)[-1]
    assert (row.expires_at - row.created_at).total_seconds() == 600


# What is sent, the error, and the reason in the audit row (``None``: another file shows it).
NEGATIVES: dict[str, tuple[Callable[[Profile], Any], str, str | None]] = {
    "a secret": (
        lambda it: it.app.test_client().post(PAR, data=it.rp.request(), auth=(it.client_id, SECRET)),
        "invalid_client",
        "client_method_wrong",
    ),
    "no proof of the client": (
        lambda it: it.app.test_client().post(PAR, data=it.rp.request()),
        "invalid_client",
        "client_method_wrong",
    ),
    "an assertion for the token endpoint": (
        lambda it: it.rp.pushes(**it.asserts(aud=ISSUER + TOKEN)),
        "invalid_client",
        "statement_audience",
    ),
    "an assertion for the push endpoint": (
        lambda it: it.rp.pushes(**it.asserts(aud=ISSUER + PAR)),
        "invalid_client",
        "statement_audience",
    ),
    "an assertion for a list": (
        lambda it: it.rp.pushes(**it.asserts(aud=[ISSUER])),
        "invalid_client",
        "statement_audience",
    ),
    "an assertion for others too": (
        lambda it: it.rp.pushes(**it.asserts(aud=[ISSUER, "https://other.example.com"])),
        "invalid_client",
        "statement_audience",
    ),
    "an assertion by RS256": (
        lambda it: it.rp.pushes(**it.asserts(RSA)),
        "invalid_client",
        "statement_algorithm",
    ),
    "a proof by RS256": (
        lambda it: it.plain(signer=SIGNER, prover=Prover(Signer("RS256"))).pushes(),
        "invalid_dpop_proof",
        "statement_algorithm",
    ),
    "no PKCE": (
        lambda it: it.rp.pushes(code_challenge=None, code_challenge_method=None),
        "invalid_request",
        "invalid_request",
    ),
    "PKCE by plain": (
        lambda it: it.rp.pushes(code_challenge_method="plain"),
        "invalid_request",
        "invalid_request",
    ),
    "no redirect URI": (lambda it: it.rp.pushes(redirect_uri=None), "invalid_request", "invalid_request"),
    "another redirect URI": (
        lambda it: it.rp.pushes(redirect_uri=REDIRECT + "/"),
        "invalid_request",
        "invalid_request",
    ),
    "an implicit answer": (
        lambda it: it.rp.pushes(response_type="code id_token"),
        "unsupported_response_type",
        "unsupported_response_type",
    ),
    "no proof of a key": (
        lambda it: it.plain(signer=SIGNER).redeems(it.code()),
        "invalid_dpop_proof",
        "proof_missing",
    ),
    "no verifier": (lambda it: it.rp.redeems(it.code(), code_verifier=""), "invalid_grant", None),
    "a code twice": (
        lambda it: [it.rp.redeems(code) for code in [it.code()] * 1 for _ in range(2)][-1],
        "invalid_grant",
        None,
    ),
    "a user's key alone": (
        lambda it: ApiCaller(it.app, it.world.api_key("alice")).call(
            "POST", TOKEN, data={"grant_type": "client_credentials", "client_id": it.client_id}
        ),
        "invalid_client",
        "client_method_wrong",
    ),
}


@pytest.mark.parametrize("what", NEGATIVES)
def test_nothing_weaker_passes(profile: Profile, what: str) -> None:
    send, error, reason = NEGATIVES[what]
    answer = send(profile)
    assert answer.status_code in (400, 401), answer.data
    assert answer.json["error"] == error
    row = [one for one in profile.world.rows(AuditEvent) if one.outcome == "refused"]
    if reason is not None:
        assert row[-1].reasons == [reason]
        assert row[-1].decision == answer.json["decision"]


def test_a_request_by_the_browser_does_not_count(profile: Profile) -> None:
    """5.3.2.2: an error page, and 412 at the JSON call."""
    profile.alice.logs_in()
    page = profile.alice.visits(profile.rp.url())
    assert page.status_code == 400
    assert b"must push its request first" in page.data


def test_a_bound_token_as_bearer(profile: Profile) -> None:
    token = profile.rp.redeems(profile.code()).json["access_token"]
    assert profile.plain(signer=SIGNER).calls(SESSION, token).status_code == 401


def test_a_call_with_a_proof_by_rs256(profile: Profile, world: World) -> None:
    """The profile's algorithms at the calls too: a session that was bound before the flag."""
    world.change_client(profile.client_id, fapi2_security_profile=False)
    rp = profile.plain(signer=SIGNER, prover=Prover(Signer("RS256")))
    rp.prover.nonce = profile.rp.prover.nonce
    tokens = rp.redeems(rp.sends(profile.alice)["code"]).json
    assert rp.calls(SESSION, tokens["access_token"]).status_code == 200
    world.change_client(profile.client_id, fapi2_security_profile=True)
    assert rp.calls(SESSION, tokens["access_token"]).status_code == 401


# --- the flag -----------------------------------------------------------------------------------------------

NEW = {
    "shortName": "bank",
    "name": "Bank",
    "description": "It moves money.",
    "mainURI": "https://app.example.com/",
    "requiredFunction": "useApp",
    "permissionScope": "APP-ROLE",
    "clientIPRange": ["0.0.0.0/0"],
    "redirectURIs": [REDIRECT],
    "permittedScopes": ["openid", "profile"],
    "authenticationMethod": "privateKey",
    "jwks": SIGNER.jwks,
    "fapi2SecurityProfile": True,
}


def test_registered_by_the_api(admin: ApiCaller, world: World) -> None:
    made = admin.post(CLIENT, NEW)
    assert made.status_code == 201, made.json
    assert made.json["data"]["fapi2SecurityProfile"] is True


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"authenticationMethod": "password", "clientSecret": SECRET}, "fapi2SecurityProfile"),
        ({"authenticationMethod": "none"}, "fapi2SecurityProfile"),
        ({"redirectURIs": [REDIRECT, "http://127.0.0.1/callback"]}, "redirectURIs[1]"),
    ],
)
def test_what_the_profile_does_not_take(
    admin: ApiCaller, world: World, changes: dict[str, Any], field: str
) -> None:
    """By name, at registration and at a change."""
    refused = admin.post(CLIENT, NEW | changes)
    assert refused.status_code == 412
    assert field in [one["field"] for one in refused.json["messages"]]
    path = f"{CLIENT}/{admin.post(CLIENT, NEW).json['data']['id']}"
    assert field in [one["field"] for one in admin.put(path, changes).json["messages"]]


def test_the_console_says_what_it_turns_on(app: Flask, profile: Profile, world: World) -> None:
    """The page of the application shows what holds, not what the other fields say."""
    world.user("boss", holds=[("ALL-FUNCTIONS", "root")])
    boss = Person(app, "boss")
    boss.logs_in()
    page = boss.visits(f"/console/clients/{profile.client_id}").get_data(as_text=True)
    for name in ("require_pkce", "require_pushed_authorization_requests", "dpop_bound_access_tokens"):
        assert f"<dt>{BY_NAME[name].label}</dt><dd>yes</dd>" in page
