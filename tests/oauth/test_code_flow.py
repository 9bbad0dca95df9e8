"""The main job: approve, redeem, call, refresh, log out, refused."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.models.audit import AuditEvent
from app.models.sessions import AuthorizationCode
from app.models.sessions import OAuthSession
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.world import REDIRECT
from tests.world import World

SESSION = "/authentication/v1/session"


def test_whole_flow(rp: RelyingParty, alice: Person) -> None:
    """Approve, exchange, call, refresh, log out: refused at the next use, everywhere."""
    tokens = rp.obtains(alice)
    assert tokens["token_type"] == "Bearer"
    assert tokens["scope"] == "openid profile"
    assert 0 < tokens["expires_in"] <= 300
    assert tokens["access_token"].startswith("alice/")
    assert rp.calls(SESSION, tokens["access_token"]).status_code == 200
    fresh = rp.refreshes(tokens["refresh_token"]).json or {}
    assert rp.calls(SESSION, tokens["access_token"]).status_code == 401
    assert rp.calls(SESSION, fresh["access_token"]).status_code == 200
    alice.logs_out()
    assert rp.calls(SESSION, fresh["access_token"]).status_code == 401
    refused = rp.refreshes(fresh["refresh_token"])
    assert refused.status_code == 400
    assert refused.json["error"] == "invalid_grant"
    assert rp.introspects(fresh["access_token"]) == {"active": False}


def test_redirect_names_issuer_and_state(rp: RelyingParty, alice: Person) -> None:
    """RFC 9207 2: iss in every authorization response, state unchanged."""
    back = rp.sends(alice)
    assert back["iss"] == "http://localhost"
    assert back["state"] == rp.state


def test_denied_by_the_user(rp: RelyingParty, alice: Person) -> None:
    """Deny goes back with access_denied, iss and state, and issues nothing."""
    target = alice.denies(rp.url())
    assert "error=access_denied" in target
    assert f"state={rp.state}" in target
    assert "iss=http" in target


def test_consent_is_remembered(rp: RelyingParty, alice: Person) -> None:
    """The second time nothing is asked; with prompt=consent it is."""
    rp.obtains(alice)
    assert alice.visits(rp.url()).status_code == 303
    assert b'name="transaction"' in alice.visits(rp.url(prompt="consent")).data


def test_code_is_single_use_and_a_replay_ends_what_it_bought(rp: RelyingParty, alice: Person) -> None:
    """RFC 6749 4.1.2: a code used twice is refused and its tokens are revoked."""
    code = rp.sends(alice)["code"]
    first = rp.redeems(code).json or {}
    replay = rp.redeems(code)
    assert replay.status_code == 400
    assert replay.json["error"] == "invalid_grant"
    assert rp.calls(SESSION, first["access_token"]).status_code == 401
    assert rp.refreshes(first["refresh_token"]).status_code == 400


def test_wrong_verifier_leaves_the_code_usable(rp: RelyingParty, alice: Person) -> None:
    """Security rule 14: failed redemptions consume nothing."""
    code = rp.sends(alice)["code"]
    assert rp.redeems(code, code_verifier="x" * 43).json["error"] == "invalid_grant"
    assert rp.redeems(code, redirect_uri="https://app.example.com/other").json["error"] == "invalid_grant"
    assert rp.redeems(code).status_code == 200


def test_five_wrong_verifiers_burn_the_code(rp: RelyingParty, alice: Person) -> None:
    """Security rule 14."""
    code = rp.sends(alice)["code"]
    for _ in range(5):
        assert rp.redeems(code, code_verifier="x" * 43).status_code == 400
    assert rp.redeems(code).status_code == 400


def test_code_of_another_client(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """A code is bound to its client; another's attempt changes nothing."""
    code = rp.sends(alice)["code"]
    other = RelyingParty(app, world.client("other"))
    other.verifier = rp.verifier
    assert other.redeems(code).json["error"] == "invalid_grant"
    assert rp.redeems(code).status_code == 200


@pytest.mark.parametrize("how", ["verifier", "redirect URI", "client", "address"])
def test_an_invalid_replay_ends_nothing(
    app: Flask, world: World, rp: RelyingParty, alice: Person, how: str
) -> None:
    """Rule 13: whoever found a spent code, and has nothing else of its client, logs nobody out."""
    code = rp.sends(alice)["code"]
    tokens = rp.redeems(code).json or {}
    if how == "client":
        other = RelyingParty(app, world.client("other"))
        other.verifier = rp.verifier
        assert other.redeems(code).json["error"] == "invalid_grant"
    elif how == "address":
        world.change_client(rp.client_id, client_ip_range=["127.0.0.0/8"])
        assert rp.redeems(code, address="192.0.2.1").json["error"] == "invalid_client"
    else:
        changes = {"verifier": {"code_verifier": "x" * 43}, "redirect URI": {"redirect_uri": REDIRECT + "/"}}
        assert rp.redeems(code, **changes[how]).json["error"] == "invalid_grant"
    assert rp.calls(SESSION, tokens["access_token"]).status_code == 200
    assert rp.refreshes(tokens["refresh_token"]).status_code == 200


def test_from_outside_the_range_a_code_stays_usable(world: World, rp: RelyingParty, alice: Person) -> None:
    """Rules 14, 48: the refusal of the address consumes nothing."""
    code = rp.sends(alice)["code"]
    world.change_client(rp.client_id, client_ip_range=["127.0.0.0/8"])
    assert rp.redeems(code, address="192.0.2.1").json["error"] == "invalid_client"
    assert rp.redeems(code).status_code == 200


def test_only_digests_are_stored(rp: RelyingParty, alice: Person, world: World) -> None:
    """Design 15: neither codes nor tokens can be read from the database."""
    code = rp.sends(alice)["code"]
    tokens = rp.redeems(code).json or {}
    for model in (OAuthSession, AuthorizationCode, AuditEvent):
        for row in world.rows(model):
            text = repr(vars(row))
            for secret in (code, tokens["access_token"], tokens["refresh_token"]):
                assert secret not in text
                assert secret.rpartition("/")[2] not in text


def test_a_million_refreshes_add_no_row(rp: RelyingParty, alice: Person, world: World) -> None:
    """Design 7: rows are OAuth sessions, not tokens ever issued."""
    token = rp.obtains(alice)["refresh_token"]
    for _ in range(5):
        token = (rp.refreshes(token).json or {})["refresh_token"]
    assert len(world.rows(OAuthSession)) == 1


def test_basic_authentication_and_public_client(app: Flask, world: World, alice: Person) -> None:
    """Contract 0 #6: Basic, and Basic with an empty password for method none."""
    rp = RelyingParty(app, world.client("cli", authentication_method="none"), secret=None)
    code = rp.sends(alice)["code"]
    answer = app.test_client().post(
        TOKEN,
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": rp.verifier,
        },
        auth=(rp.client_id, ""),
    )
    assert answer.status_code == 200, answer.data


def test_query_counts(rp: RelyingParty, alice: Person, admin: ApiCaller, queries: Any) -> None:
    """Design 7, warm. A look-up brings along what is asked for next; a row that is written is not read again.

    Authorize: one before its unit, and in it the same again, the code and the audit row.
    """
    tokens = rp.obtains(alice)
    code = rp.sends(alice)["code"]
    form = {"grant_type": "client_credentials", "client_id": rp.client_id, "scope": "openid"}
    bought = {"Argus-API-Key": str(admin.key)}
    rp.app.test_client().post(TOKEN, data=form, headers=bought)
    counted = {}

    def count(name: str, call: Any) -> Any:
        queries.reset()
        answer = call()
        counted[name] = list(queries.statements)
        return answer

    count("bearer", lambda: rp.calls(SESSION, tokens["access_token"]))
    count("introspect", lambda: rp.introspects(tokens["access_token"]))
    count("refresh", lambda: rp.refreshes(tokens["refresh_token"]))
    assert count("redeem", lambda: rp.redeems(code)).status_code == 200
    assert count("authorize", lambda: alice.visits(rp.url())).status_code == 303
    credentials = count("credentials", lambda: rp.app.test_client().post(TOKEN, data=form, headers=bought))
    assert credentials.status_code == 200, credentials.data
    limits = {"bearer": 1, "introspect": 1, "refresh": 2, "redeem": 4, "authorize": 4, "credentials": 3}
    assert not [(name, counted[name]) for name in limits if len(counted[name]) > limits[name]]
