"""An application that knows nothing but our address: Authlib's own client over real sockets, by discovery."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.drivers.web_person import WebPerson
from tests.servers import LiveServer
from tests.servers import running

pytestmark = pytest.mark.server
BYE = "http://127.0.0.1:8081/bye"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running(tmp_path_factory.mktemp("discovered")) as live:
        yield live


@pytest.fixture
def found(server: LiveServer) -> dict[str, Any]:
    return dict(requests.get(f"{server.base}/.well-known/openid-configuration", timeout=30).json())


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_from_login_to_logout(server: LiveServer, found: dict[str, Any], method: str) -> None:
    """Code with PKCE and nonce, ID token by the published keys, userinfo, refresh, introspection, log-out."""
    registered = server.client("report-portal")
    path = f"/authentication/v1/oauth/client/{registered['id']}"
    assert server.call("PUT", path, json={"postLogoutRedirectURIs": [BYE]}).ok
    client = OAuth2Session(
        registered["id"],
        registered["clientSecret"],
        token_endpoint_auth_method=method,
        redirect_uri=registered["redirectURI"],
        scope="openid profile",
        code_challenge_method="S256",
        token_endpoint=found["token_endpoint"],
    )
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    url, state = client.create_authorization_url(
        found["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    person = WebPerson(server.base, "alice", server.password("alice"))
    tokens = client.fetch_token(
        authorization_response=person.approves(url), state=state, code_verifier=verifier
    )

    known = KeySet.import_key_set(requests.get(found["jwks_uri"], timeout=30).json())
    told = jwt.decode(tokens["id_token"], known, algorithms=found["id_token_signing_alg_values_supported"])
    claims = CodeIDToken(
        told.claims,
        told.header,
        options={"iss": {"value": found["issuer"]}, "aud": {"value": registered["id"]}},
        params={"nonce": nonce, "client_id": registered["id"], "access_token": tokens["access_token"]},
    )
    claims.validate()
    assert client.get(found["userinfo_endpoint"]).json()["sub"] == claims["sub"]

    old = tokens["access_token"]
    fresh = client.refresh_token(found["token_endpoint"], tokens["refresh_token"])
    introspected = [
        client.introspect_token(found["introspection_endpoint"], token=token).json()["active"]
        for token in (old, fresh["access_token"])
    ]
    assert introspected == [False, True]

    asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BYE, "state": "z"}
    out = person.browser.get(
        f"{found['end_session_endpoint']}?{urlencode(asked)}", allow_redirects=False, timeout=30
    )
    assert out.headers["Location"] == f"{BYE}?state=z"
    assert client.get(found["userinfo_endpoint"]).status_code == 401


def test_it_gives_its_token_back(server: LiveServer, found: dict[str, Any]) -> None:
    """RFC 7009: after the revocation neither token works."""
    registered = server.client("report-portal")
    client = OAuth2Session(
        registered["id"],
        registered["clientSecret"],
        redirect_uri=registered["redirectURI"],
        scope="openid profile",
        token_endpoint=found["token_endpoint"],
    )
    url, state = client.create_authorization_url(found["authorization_endpoint"])
    person = WebPerson(server.base, "alice", server.password("alice"))
    tokens = client.fetch_token(authorization_response=person.approves(url), state=state)
    assert client.get(found["userinfo_endpoint"]).status_code == 200
    revoked = client.revoke_token(found["revocation_endpoint"], token=tokens["refresh_token"])
    assert revoked.status_code == 200
    assert client.get(found["userinfo_endpoint"]).status_code == 401
