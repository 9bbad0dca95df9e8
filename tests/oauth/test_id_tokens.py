"""ID tokens: at a refresh (OIDC Core 12.2), how the person logged in (Core 2), and the key that signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from authlib.oidc.core.util import create_half_hash
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import update

from app.extensions import db
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.policy.login_contexts import METHODS
from app.services.tokens import signing_keys
from app.services.unit_of_work import run_in_transaction
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned
from tests.fixtures import Clock
from tests.world import World

OPENID = "/.well-known/openid-configuration"
USERINFO = "/oauth/userinfo"
# What a later token of the same session repeats, and what is its own.
SAME = ("iss", "sub", "aud", "azp", "auth_time", "acr", "amr")
# Our method -> its level, what RFC 8176 calls it, and the ``acr``.
LOGINS = [
    ("password", 2, ["pwd"], "standard"),
    ("totp", 3, ["pwd", "otp", "mfa"], "administrative"),
    ("signature", 3, ["pop", "user", "mfa"], "administrative"),
]


def read_claims(app: Flask, tokens: Mapping[str, Any], algorithm: str = "RS256") -> dict[str, Any]:
    """The claims of an answer's ID token, after a check with the published keys and of its ``at_hash``."""
    keys = KeySet.import_key_set(app.test_client().get("/oauth/jwks").json)
    token = jwt.decode(tokens["id_token"], keys, algorithms=[algorithm])
    assert token.header["alg"] == algorithm
    half = create_half_hash(tokens["access_token"], algorithm)
    assert half is not None
    assert token.claims["at_hash"] == half.decode()
    return dict(token.claims)


def change_rows(app: Flask, model: type, **values: Any) -> None:
    with app.app_context():
        run_in_transaction(lambda: db.session.execute(update(model).values(**values)))


def test_a_refresh_brings_one(app: Flask, rp: RelyingParty, alice: Person, clock: Clock) -> None:
    """Core 12.2: the same person, application and login; a new time and no nonce; again at each refresh."""
    tokens = rp.obtains(alice, nonce="once")
    first = read_claims(app, tokens)
    assert first["nonce"] == "once"
    assert first["azp"] == first["aud"] == rp.client_id
    for _ in range(2):
        clock.advance(200)
        tokens = rp.refreshes(tokens["refresh_token"]).json
        later = read_claims(app, tokens)
        assert {name: later[name] for name in SAME} == {name: first[name] for name in SAME}
        assert "nonce" not in later
        assert later["iat"] > first["iat"]
        assert later["exp"] == later["iat"] + tokens["expires_in"]


def test_a_later_login_is_not_the_one_it_tells_of(
    app: Flask, rp: RelyingParty, alice: Person, clock: Clock
) -> None:
    """Core 12.2: ``auth_time`` is of the original authentication, also when the login was renewed since."""
    tokens = rp.obtains(alice)
    first = read_claims(app, tokens)
    clock.advance(100)
    alice.approves(rp.url(prompt="login"))
    assert read_claims(app, rp.refreshes(tokens["refresh_token"]).json)["auth_time"] == first["auth_time"]
    assert read_claims(app, rp.obtains(alice))["auth_time"] > first["auth_time"]


def test_an_answer_that_got_lost(app: Flask, rp: RelyingParty, alice: Person) -> None:
    """The repeat has one too, for the same access token."""
    tokens = rp.obtains(alice)
    lost = rp.refreshes(tokens["refresh_token"]).json
    again = rp.refreshes(tokens["refresh_token"]).json
    assert again["access_token"] == lost["access_token"]
    assert read_claims(app, again) == read_claims(app, lost)


@pytest.mark.parametrize("scope", ["profile", "email profile"])
def test_none_without_openid(rp: RelyingParty, alice: Person, scope: str) -> None:
    """Neither where it was never granted, nor where a refresh narrows it away (RFC 6749 6)."""
    never = rp.obtains(alice, scope=scope)
    assert "id_token" not in rp.refreshes(never["refresh_token"]).json
    granted = rp.obtains(alice, scope=f"openid {scope}")
    narrow = rp.refreshes(granted["refresh_token"], scope=scope).json
    assert "id_token" not in narrow
    assert "id_token" in rp.refreshes(narrow["refresh_token"]).json


def test_it_tells_what_is_true_now(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """Claims about the person are of today, and a scope that the client lost gives none."""
    tokens = rp.obtains(alice, scope="openid profile email")
    world.change_user("alice", name="Alice Other")
    tokens = rp.refreshes(tokens["refresh_token"]).json
    assert read_claims(app, tokens)["name"] == "Alice Other"
    world.change_client(rp.client_id, permitted_scopes=["openid", "profile"])
    assert "email" not in read_claims(app, rp.refreshes(tokens["refresh_token"]).json)


def test_a_session_from_before_it_was_kept(app: Flask, rp: RelyingParty, alice: Person) -> None:
    """How its person had logged in is not known, so nothing is said of it."""
    tokens = rp.obtains(alice)
    change_rows(app, OAuthSession, authenticated_at=None, login_level=None, login_method=None)
    later = read_claims(app, rp.refreshes(tokens["refresh_token"]).json)
    assert not {"auth_time", "acr", "amr"} & set(later)


@pytest.mark.parametrize(("method", "level", "amr", "acr"), LOGINS, ids=[one[0] for one in LOGINS])
def test_how_the_person_logged_in(
    app: Flask, rp: RelyingParty, alice: Person, method: str, level: int, amr: list[str], acr: str
) -> None:
    """``acr`` is the level, ``amr`` the methods; of the login and not of what the application may do.
    What the login becomes later changes neither.
    """
    alice.logs_in()
    change_rows(app, LoginSession, method=method, security_level=level)
    tokens = rp.obtains(alice)
    change_rows(app, LoginSession, method="password", security_level=2)
    for answer in (tokens, rp.refreshes(tokens["refresh_token"]).json):
        told = read_claims(app, answer)
        assert (told["amr"], told["acr"]) == (amr, acr)
    assert acr in app.test_client().get(OPENID).json["acr_values_supported"]


def test_every_method_of_a_person_has_its_names() -> None:
    assert {one[0] for one in LOGINS} == set(METHODS)


@pytest.mark.parametrize("algorithm", signing_keys.ALGORITHMS)
def test_the_algorithm_of_a_client(
    app: Flask, world: World, rp: RelyingParty, alice: Person, algorithm: str
) -> None:
    """Registration 1.0: ``id_token_signed_response_alg``; at the redemption, at a refresh and as a hint."""
    world.change_client(rp.client_id, id_token_signed_response_alg=algorithm)
    assert algorithm in app.test_client().get(OPENID).json["id_token_signing_alg_values_supported"]
    tokens = rp.obtains(alice)
    read_claims(app, tokens, algorithm)
    tokens = rp.refreshes(tokens["refresh_token"]).json
    read_claims(app, tokens, algorithm)
    hinted = alice.visits(rp.url(prompt="none", id_token_hint=tokens["id_token"]))
    assert "code" in returned(hinted.headers["Location"])
    with app.app_context():
        run_in_transaction(signing_keys.replace_leaked_keys)
    read_claims(app, rp.refreshes(tokens["refresh_token"]).json, algorithm)


@pytest.mark.parametrize("algorithm", signing_keys.ALGORITHMS)
def test_a_rotation_of_each(
    app: Flask, world: World, rp: RelyingParty, alice: Person, clock: Clock, algorithm: str
) -> None:
    """A client that keeps the published set, and asks for it when a key is new to it, never fails: the next
    key can be fetched before it signs, the last one while what it signed is of use.
    """
    world.change_client(rp.client_id, id_token_signed_response_alg=algorithm)
    kept = KeySet.import_key_set(app.test_client().get("/oauth/jwks").json)
    tokens, signers = rp.obtains(alice), set()
    for moment in range(12):
        if moment == 4:
            with app.app_context():
                run_in_transaction(signing_keys.rotate_keys)
        if moment == 6:
            kept = KeySet.import_key_set(app.test_client().get("/oauth/jwks").json)
        token = jwt.decode(tokens["id_token"], kept, algorithms=[algorithm])
        signers.add(token.header["kid"])
        clock.advance(900)
        tokens = rp.refreshes(tokens["refresh_token"]).json
    assert len(signers) == 2


def test_the_standard_claims(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """Core 5.1, 5.4: beside Argus's own names, in ID token and userinfo alike; only what is known."""
    world.change_client(rp.client_id, permitted_scopes=["openid", "profile", "phone", "customer"])
    bare = rp.calls(USERINFO, rp.obtains(alice, scope="openid phone")["access_token"]).json
    assert set(bare) == {"sub"}
    world.change_user(
        "alice", language="norwegian", phone_country_code="+47", phone_national_number="21000000"
    )
    tokens = rp.obtains(alice, scope="openid profile phone customer")
    told = rp.calls(USERINFO, tokens["access_token"]).json
    assert told["locale"] == "nb"
    assert told["zoneinfo"] == "Europe/Oslo"
    assert isinstance(told["updated_at"], int)
    assert told["phone"] == told["phone_number"] == "+4721000000"
    assert told["phone_number_verified"] is False
    assert told["customer_shortname"] == "acme"
    claims = read_claims(app, tokens)
    assert {name: claims[name] for name in told} == told
    assert set(told) <= set(app.test_client().get(OPENID).json["claims_supported"])


def test_what_is_said_of_languages(app: Flask) -> None:
    """Discovery names the languages of the pages (Discovery 1.0 3)."""
    assert app.test_client().get(OPENID).json["ui_locales_supported"] == ["en", "nb"]
