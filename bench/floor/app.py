"""The application: code with PKCE and ID token, refresh, client credentials, introspection, userinfo."""

from __future__ import annotations

import json
import os
import secrets
import time
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask
from flask import Response
from flask import abort
from flask import jsonify
from flask import request
from joserfc.jwk import RSAKey

from bench.floor.store import Store
from bench.floor.store import digest

SCOPES = "openid profile"


class Client:
    """A confidential client, authenticated by a secret in the body."""

    def __init__(self, row: Any) -> None:
        self.client_id, self.secret, self.redirect_uri, self.scope = row
        self.id_token_signed_response_alg = "RS256"

    def get_client_id(self) -> str:
        return str(self.client_id)

    def get_default_redirect_uri(self) -> str:
        return str(self.redirect_uri)

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(one for one in scope.split() if one in self.scope.split())

    def check_redirect_uri(self, uri: str) -> bool:
        return bool(uri == self.redirect_uri)

    def check_client_secret(self, secret: str) -> bool:
        return secrets.compare_digest(self.secret, digest(secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002
        return method == "client_secret_post"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in ("authorization_code", "refresh_token", "client_credentials")


class Code:
    """A row of ``code``, as Authlib reads it."""

    def __init__(self, row: Any) -> None:
        self.digest, self.client_id, self.user_id, self.redirect_uri, self.scope = row[:5]
        self.code_challenge, self.nonce, self.auth_time, self.expires_at = row[5:]
        self.code_challenge_method = "S256"

    def get_redirect_uri(self) -> str:
        return str(self.redirect_uri)

    def get_scope(self) -> str:
        return str(self.scope)

    def get_nonce(self) -> str | None:
        return str(self.nonce) if self.nonce else None

    def get_auth_time(self) -> int:
        return int(self.auth_time)

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Token:
    """A row of ``token``, found by its refresh token."""

    def __init__(self, row: Any) -> None:
        self.access, self.client_id, self.user_id, self.scope = row

    def check_client(self, client: Client) -> bool:
        return bool(self.client_id == client.client_id)

    def get_scope(self) -> str:
        return str(self.scope)


def create_app() -> Flask:
    app = Flask("floor")
    store = Store(os.environ["FLOOR_DATABASE"])
    issuer, key = os.environ["FLOOR_ISSUER"], _load_key()
    app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
    app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"authorization_code": 300, "refresh_token": 300}

    def find_client(client_id: str) -> Client | None:
        row = store.one("SELECT id, secret, redirect_uri, scope FROM client WHERE id = ?", client_id)
        return Client(row) if row is not None else None

    def save_token(token: dict[str, Any], protocol: Any) -> None:
        now, refresh = int(time.time()), token.get("refresh_token")
        store.write(
            "INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?)",
            digest(token["access_token"]),
            digest(refresh) if refresh else None,
            protocol.client.client_id,
            protocol.user,
            token["scope"],
            now,
            now + token["expires_in"],
        )

    class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_post",)

        def save_authorization_code(self, code: str, protocol: Any) -> None:
            now, data = int(time.time()), protocol.payload.data
            store.write(
                "INSERT INTO code VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                digest(code),
                protocol.client.client_id,
                protocol.user,
                protocol.payload.redirect_uri,
                protocol.scope,
                data.get("code_challenge"),
                data.get("nonce"),
                now,
                now + 60,
            )

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            row = store.one(
                "DELETE FROM code WHERE digest = ? AND client_id = ? AND expires_at > ? RETURNING *",
                digest(code),
                client.client_id,
                int(time.time()),
            )
            return Code(row) if row is not None else None

        def delete_authorization_code(self, code: Code) -> None:
            """It went with the look-up."""

        def authenticate_user(self, code: Code) -> int:
            return int(code.user_id)

    class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_post",)
        INCLUDE_NEW_REFRESH_TOKEN = True

        def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
            row = store.one(
                "SELECT access, client_id, user_id, scope FROM token WHERE refresh = ?", digest(refresh_token)
            )
            return Token(row) if row is not None else None

        def authenticate_user(self, token: Token) -> int:
            return int(token.user_id)

        def revoke_old_credential(self, token: Token) -> None:
            store.write("DELETE FROM token WHERE access = ?", token.access)

    class Credentials(grants.ClientCredentialsGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_post",)

    class OpenID(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, protocol: Any) -> bool:  # noqa: ARG002
            return False

        def get_client_claims(self, client: Client) -> dict[str, Any]:
            return {"iss": issuer, "aud": [client.client_id]}

        def resolve_client_private_key(self, client: Client) -> RSAKey:  # noqa: ARG002
            return key

        def generate_user_info(self, user: int, scope: str) -> UserInfo:  # noqa: ARG002
            return UserInfo(sub=str(user))

    server = AuthorizationServer(app, find_client, save_token)
    server.register_grant(CodeGrant, [CodeChallenge(required=True), OpenID()])
    server.register_grant(RefreshGrant)
    server.register_grant(Credentials)
    _add_routes(app, server, store, issuer, key, find_client)
    return app


def _add_routes(
    app: Flask, server: AuthorizationServer, store: Store, issuer: str, key: RSAKey, find_client: Any
) -> None:
    def live_token() -> Any:
        text = request.headers.get("Authorization", "").removeprefix("Bearer ")
        row = store.one(
            "SELECT user_id, scope, client_id, expires_at FROM token WHERE access = ? AND expires_at > ?",
            digest(text),
            int(time.time()),
        )
        return row if row is not None else abort(401)

    @app.get("/oauth/authorize")
    def authorize() -> Response:
        login = store.one(
            "SELECT user_id FROM login WHERE digest = ?", digest(request.cookies.get("session", ""))
        )
        user = login[0] if login is not None else abort(401)
        grant = server.get_consent_grant(end_user=user)
        held = store.one(
            "SELECT scope FROM consent WHERE user_id = ? AND client_id = ?", user, grant.client.client_id
        )
        if held is None or not set(grant.request.payload.scope.split()) <= set(held[0].split()):
            abort(403)
        return server.create_authorization_response(grant_user=user, grant=grant)  # type: ignore[no-any-return]

    @app.post("/oauth/token")
    def token() -> Response:
        return server.create_token_response()  # type: ignore[no-any-return]

    @app.post("/oauth/introspect")
    def introspect() -> Response:
        client = find_client(request.form["client_id"])
        if client is None or not client.check_client_secret(request.form["client_secret"]):
            abort(401)
        row = store.one(
            "SELECT user_id, scope, client_id, expires_at FROM token WHERE access = ? AND expires_at > ?",
            digest(request.form["token"]),
            int(time.time()),
        )
        if row is None or row[2] != client.client_id:
            return jsonify(active=False)
        return jsonify(active=True, sub=str(row[0]), scope=row[1], client_id=row[2], exp=row[3])

    @app.get("/oauth/userinfo")
    def userinfo() -> Response:
        return jsonify(sub=str(live_token()[0]))

    @app.get("/session")
    def session() -> Response:
        row = live_token()
        return jsonify(user=row[0], scope=row[1], expires=row[3])

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        return jsonify(issuer=issuer, token_endpoint=f"{issuer}/oauth/token", jwks_uri=f"{issuer}/oauth/jwks")

    @app.get("/oauth/jwks")
    def jwks() -> Response:
        return jsonify(keys=[key.as_dict(private=False)])

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")


def _load_key() -> RSAKey:
    """The signing key that all workers share."""
    with open(os.environ["FLOOR_KEY"], encoding="utf-8") as file:
        return RSAKey.import_key(json.load(file))
