"""Discovery says what works and nothing else (rule 65), and the ID token follows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet

from app import clock as app_clock
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.world import World

OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"


def document(app: Flask, path: str) -> dict[str, Any]:
    answer = app.test_client().get(path)
    assert answer.status_code == 200
    return dict(answer.json or {})


@pytest.mark.parametrize(
    ("path", "kind"), [(OPENID, OpenIDProviderMetadata), (OAUTH, AuthorizationServerMetadata)]
)
def test_it_is_valid(app: Flask, path: str, kind: type) -> None:
    """Authlib's own validators, which want https: told that of a loopback issuer."""
    told = app.test_client().get(path).get_data(as_text=True)
    kind(json.loads(told.replace("http://localhost", "https://id.example.com"))).validate()


@pytest.mark.parametrize("path", [OPENID, OAUTH])
def test_it_names_only_what_works(app: Flask, path: str) -> None:
    """S256 only, code only, no request objects, ``iss`` in redirects."""
    told = document(app, path)
    assert told["issuer"] == "http://localhost"
    assert told["response_types_supported"] == ["code"]
    assert set(told["grant_types_supported"]) >= {"authorization_code", "refresh_token"}
    assert "password" not in told["grant_types_supported"]
    assert "implicit" not in told["grant_types_supported"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["authorization_response_iss_parameter_supported"] is True
    if path == OPENID:
        assert told["request_uri_parameter_supported"] is False
        assert told["request_parameter_supported"] is False
        assert told["id_token_signing_alg_values_supported"] == ["RS256", "ES256", "EdDSA"]


def test_every_endpoint_it_names_is_there(app: Flask) -> None:
    """No address in the document answers 404."""
    client = app.test_client()
    for name, value in document(app, OPENID).items():
        if name.endswith(("_endpoint", "_uri")):
            path = str(value).removeprefix("http://localhost")
            assert client.get(path).status_code != 404, name


def test_the_published_keys_are_public(app: Flask) -> None:
    """RFC 7517: no private member; ``kid``, ``alg``, ``use`` on each."""
    keys = document(app, "/oauth/jwks")["keys"]
    assert len(keys) >= 1
    for key in keys:
        assert {"kid", "kty", "alg", "use"} <= set(key)
        assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key)


def test_the_id_token(app: Flask, rp: RelyingParty, alice: Person, clock: Clock) -> None:
    """OIDC Core 2, 3.1.3.6: RS256, our issuer, plain audience, true ``auth_time``, the nonce unchanged."""
    alice.logs_in()
    logged_in = app_clock.now()
    clock.advance(120)
    tokens = rp.obtains(alice, nonce='n "once" +&')
    keys = KeySet.import_key_set(document(app, "/oauth/jwks"))
    token = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"])
    claims = token.claims
    assert token.header["kid"] == document(app, "/oauth/jwks")["keys"][0]["kid"]
    assert claims["iss"] == "http://localhost"
    assert claims["aud"] == rp.client_id
    assert claims["nonce"] == 'n "once" +&'
    assert abs(claims["auth_time"] - logged_in.timestamp()) < 5
    assert claims["exp"] > claims["iat"]
    assert "at_hash" in claims
    info = rp.calls("/authentication/v1/oauth/userinfo", tokens["access_token"]).json
    assert info["sub"] == claims["sub"]
    assert info["sub"].isdigit()


def test_no_id_token_without_openid(rp: RelyingParty, alice: Person) -> None:
    """OIDC Core 3.1.2.1: only ``openid`` asks for one; and the same nonce may come twice (pitfall 16)."""
    assert "id_token" not in rp.obtains(alice, scope="profile")
    assert "id_token" in rp.obtains(alice, nonce="same")
    assert "id_token" in rp.obtains(alice, nonce="same")


def test_userinfo_by_scope(rp: RelyingParty, alice: Person) -> None:
    """Contract 2.9: claims follow the granted scopes; GET and POST alike; no token is 401."""
    path = "/oauth/userinfo"
    told = rp.calls(path, rp.obtains(alice, scope="openid email")["access_token"]).json
    assert set(told) == {"sub", "email", "email_verified"}
    answer = rp.app.test_client().get(path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="argus"'
    wrong = rp.app.test_client().post(path, headers={"Authorization": "Bearer nonsense"})
    assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]


def test_a_clients_own_claims(world: World, rp: RelyingParty, alice: Person) -> None:
    """Contract 2.5: in ID token and userinfo, never over the protocol's; a lost role is a lost claim."""
    world.group("readers", ["alice"], customer="acme")
    world.group("writers", ["alice"], customer="acme")
    world.change_client(
        rp.client_id,
        open_id_custom_claims=[
            {"provider": "customClaim", "claimName": "mail", "claim": "email"},
            {"provider": "customClaim", "claimName": "sub", "claim": "email"},
            {"provider": "userGroups", "allowedGroups": ["readers"]},
            {"provider": "functionRoleMapping", "claimName": "roles",
             "roleMapping": {"readThings": "reader", "viewUsers": "boss"}},
        ],
    )  # fmt: skip
    tokens = rp.obtains(alice, scope="openid")
    info = rp.calls("/oauth/userinfo", tokens["access_token"]).json
    assert info["mail"] == "alice@example.com"
    assert info["groups"] == ["readers"]
    assert info["roles"] == ["reader"]
    assert info["sub"].isdigit()
    keys = KeySet.import_key_set(document(rp.app, "/oauth/jwks"))
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    assert {name: claims[name] for name in ("mail", "groups", "roles")} == {
        k: info[k] for k in ("mail", "groups", "roles")
    }
    world.cut("APP-ROLE", "readThings")
    assert rp.calls("/oauth/userinfo", tokens["access_token"]).json["roles"] == []
    assert "mail" not in rp.calls("/oauth/userinfo", rp.obtains(alice, scope="profile")["access_token"]).json
