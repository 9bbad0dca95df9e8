"""Grants, client authentication methods, scopes and claims each stand in one table, and all else names those.

A grant, method or claim that is registered or told of beside its table fails here.
"""

from __future__ import annotations

import base64
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from authlib.oauth2.rfc6749 import TokenEndpoint
from authlib.oauth2.rfc6749.grants import BaseGrant
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from app import oauth
from app.oauth.claim_values import VALUES
from app.oauth.errors import ArgusOAuthError
from app.oauth.grants import GRANT_TYPES
from app.oauth.grants import GRANTS
from app.oauth.grants import RESPONSE_TYPES
from app.oauth.grants import named
from app.oauth.parameters import KNOWN
from app.policy.claims import CLAIMS
from app.policy.claims import ID_TOKEN_CLAIMS
from app.policy.claims import SCOPES
from app.policy.client_methods import CLIENT_METHODS
from app.policy.client_methods import METHOD_NAMES
from app.policy.client_methods import METHOD_PARAMETERS
from tests.drivers.person import Person
from tests.drivers.relying_party import DEVICE
from tests.drivers.relying_party import PAR
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.drivers.signing import ASSERTION_TYPE
from tests.drivers.signing import Signer
from tests.world import SECRET
from tests.world import World

OPENID = "/.well-known/openid-configuration"
DOCUMENTS = (OPENID, "/.well-known/oauth-authorization-server")
BY_CLIENT = (TOKEN, TOKEN + "/introspect", TOKEN + "/revoke", PAR, DEVICE)
KEY = Signer()
USERINFO = "/authentication/v1/oauth/userinfo"
SCOPE_NAMES = [scope.name for scope in SCOPES]
USER_CLAIMS = {claim.name for claim in CLAIMS if claim.scope is not None}


def classes_of(kind: type) -> Iterator[type]:
    """Every class of this kind that some module of ``app/oauth`` defines."""
    for found in pkgutil.walk_packages(oauth.__path__, oauth.__name__ + "."):
        for one in vars(importlib.import_module(found.name)).values():
            if inspect.isclass(one) and issubclass(one, kind) and one.__module__ == found.name:
                yield one


def post_of(app: Flask, path: str) -> dict[str, Any]:
    """What ``/openapi.json`` says of a POST."""
    told: dict[str, Any] = app.test_client().get("/openapi.json").json["paths"][path]["post"]
    return told


def form_of(operation: dict[str, Any]) -> dict[str, Any]:
    (form,) = operation["requestBody"]["content"].values()
    return dict(form)


def test_every_grant_stands_in_its_table(app: Flask) -> None:
    """The classes, the rows of ``GRANTS`` and what Authlib's server has registered are the same."""
    handlers = {grant.handler for grant in GRANTS}
    assert len(set(GRANT_TYPES)) == len(GRANTS) == len(handlers)
    assert set(classes_of(BaseGrant)) == handlers
    server = app.extensions["argus_oauth"]
    assert [(one, tuple(more)) for one, more in server._token_grants] == [
        (grant.handler, grant.extensions) for grant in GRANTS
    ]
    assert [one for one, _ in server._authorization_grants] == [
        grant.handler for grant in GRANTS if grant.response_types
    ]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_discovery_names_those(app: Flask, path: str) -> None:
    """RFC 8414 2, OpenID Connect Discovery 1.0 3."""
    told = app.test_client().get(path).json
    assert told["grant_types_supported"] == list(GRANT_TYPES)
    assert told["response_types_supported"] == list(RESPONSE_TYPES)
    assert told["scopes_supported"] == sorted(SCOPE_NAMES)
    for endpoint in ("token", "introspection", "revocation"):
        assert told[f"{endpoint}_endpoint_auth_methods_supported"] == list(METHOD_NAMES)
    if path == OPENID:
        assert set(told["claims_supported"]) == USER_CLAIMS | set(ID_TOKEN_CLAIMS)
        assert len(told["claims_supported"]) == len(set(told["claims_supported"]))


def test_openapi_names_those(app: Flask) -> None:
    """The grants with an example each, the parameters, the methods, the scopes and the claims."""
    form = form_of(post_of(app, TOKEN))
    fields = form["schema"]["properties"]
    assert fields["grant_type"]["enum"] == list(GRANT_TYPES)
    assert {name: one["value"]["grant_type"] for name, one in form["examples"].items()} == {
        name: name for name in GRANT_TYPES
    }
    assert set(fields) - {"grant_type", *METHOD_PARAMETERS} == {
        name for grant in GRANTS for name in (*grant.parameters, *grant.aliases)
    }
    assert set(fields) <= KNOWN
    assert re.findall(r"[a-z_]+(?=[,.])", fields["scope"]["description"]) == sorted(SCOPE_NAMES)
    for path in BY_CLIENT:
        operation = post_of(app, path)
        assert set(METHOD_PARAMETERS) <= set(form_of(operation)["schema"]["properties"])
        assert re.findall(r"[a-z_]+(?=[,.])", operation["description"]) == list(METHOD_NAMES)
    (answer,) = post_of(app, USERINFO)["responses"]["200"]["content"].values()
    assert set(answer["schema"]["properties"]) == USER_CLAIMS | {"sub"}


@pytest.mark.parametrize("grant", GRANTS, ids=GRANT_TYPES)
def test_a_grant_is_given_its_own_parameters(grant: Any) -> None:
    """Not those of another grant, and none under two names at once. Its example is a request of its own."""
    assert named(grant.grant_type) is grant
    own = {"grant_type", *METHOD_PARAMETERS, *grant.parameters}
    assert set(grant.own_parameters(dict.fromkeys(KNOWN - set(grant.aliases), "x"))) == own
    assert set(grant.example) <= own
    for alias, name in grant.aliases.items():
        assert grant.own_parameters({alias: "x"}) == {name: "x"}
        with pytest.raises(ArgusOAuthError):
            grant.own_parameters({alias: "x", name: "x"})


def test_every_method_stands_in_its_table(app: Flask) -> None:
    """Authlib's own methods are replaced by ours, and every endpoint takes all of them."""
    registered = app.extensions["argus_oauth"]._client_auth._methods
    assert set(registered) == set(METHOD_NAMES)
    assert all(one.__module__ == "app.oauth.client_auth" for one in registered.values())
    for grant in GRANTS:
        assert grant.handler.TOKEN_ENDPOINT_AUTH_METHODS == METHOD_NAMES
    endpoints = set(classes_of(TokenEndpoint))
    assert len(endpoints) >= 2
    assert all(one.CLIENT_AUTH_METHODS == METHOD_NAMES for one in endpoints)


def revokes(app: Flask, client_id: str, method: str) -> TestResponse:
    """Revoke nothing, as this client by this method."""
    both = base64.b64encode(f"{client_id}:{SECRET}".encode()).decode()
    form, headers = {
        "client_secret_basic": ({}, {"Authorization": "Basic " + both}),
        "client_secret_post": ({"client_id": client_id, "client_secret": SECRET}, {}),
        "none": ({"client_id": client_id}, {}),
        "private_key_jwt": (
            {"client_assertion": KEY.asserts(client_id), "client_assertion_type": ASSERTION_TYPE},
            {},
        ),
    }[method]
    return app.test_client().post(TOKEN + "/revoke", data={"token": "x", **form}, headers=headers)


@pytest.mark.parametrize("method", CLIENT_METHODS, ids=METHOD_NAMES)
@pytest.mark.parametrize("kind", ["password", "none", "privateKey"])
def test_each_method_serves_its_kind_of_client(app: Flask, world: World, kind: str, method: Any) -> None:
    """A client with a secret or a key never gets in without it, and one without never by a made-up one."""
    client_id = world.client("other", authentication_method=kind, jwks=KEY.jwks)
    answer = revokes(app, client_id, method.name)
    assert answer.status_code == (200 if method.of == kind else 401)


def test_every_claim_has_a_scope_and_a_value() -> None:
    """One row, one value; no scope without a claim but ``openid``, which gives the ID token itself."""
    names = [claim.name for claim in CLAIMS]
    assert len(names) == len(set(names))
    assert set(VALUES) == set(names)
    assert {claim.scope for claim in CLAIMS if claim.scope is not None} == set(SCOPE_NAMES) - {"openid"}


def test_the_claims_told_are_the_claims_given(
    app: Flask, world: World, rp: RelyingParty, alice: Person
) -> None:
    """With every scope the ID token holds just what discovery names, and userinfo the user's part."""
    told = app.test_client().get(OPENID).json["claims_supported"]
    world.change_client(rp.client_id, permitted_scopes=SCOPE_NAMES)
    world.change_user("alice", phone_country_code="47", phone_national_number="21000000")
    tokens = rp.obtains(alice, scope=" ".join(SCOPE_NAMES), nonce="n")
    keys = KeySet.import_key_set(app.test_client().get("/oauth/jwks").json)
    assert set(jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims) == set(told)
    assert set(rp.calls(USERINFO, tokens["access_token"]).json) == USER_CLAIMS | {"sub"}
