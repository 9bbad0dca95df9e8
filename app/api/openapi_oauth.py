"""The OAuth endpoints in the OpenAPI document: forms in, bare JSON out (RFC 6749, 7009, 7662, OIDC Core 5.3).

Written by hand: their parameters are judged by ``oauth/hygiene.py`` and Authlib, not by a schema.
"""

from __future__ import annotations

from typing import Any

PREFIX = "/authentication/v1/oauth"
FORM = "application/x-www-form-urlencoded"
TEXT = {"type": "string"}
CLIENT = {"client_id": TEXT, "client_secret": TEXT}
ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error", "error_description"],
    "properties": {"error": TEXT, "error_description": TEXT, "decision": TEXT},
}
TOKEN: dict[str, Any] = {
    "type": "object",
    "required": ["access_token", "token_type", "expires_in"],
    "properties": {
        "access_token": TEXT,
        "token_type": {"const": "Bearer"},
        "expires_in": {"type": "integer", "minimum": 1},
        "refresh_token": {"type": ["string", "null"]},
        "id_token": {"type": ["string", "null"]},
        "scope": TEXT,
    },
}
ACTIVE: dict[str, Any] = {
    "type": "object",
    "required": ["active"],
    "properties": {
        "active": {"type": "boolean"},
        "client_id": TEXT,
        "username": TEXT,
        "sub": TEXT,
        "scope": TEXT,
        "token_type": TEXT,
        "exp": {"type": "integer"},
        "iat": {"type": "integer"},
    },
}
CLAIMS = {"type": "object", "required": ["sub"], "properties": {"sub": TEXT}}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _operation(
    name: str, summary: str, answer: dict[str, Any] | None, form: dict[str, Any] | None, required: list[str]
) -> dict[str, Any]:
    done = {"description": "Done.", **(_json(answer) if answer is not None else {})}
    failed = {"description": "An OAuth error.", **_json(ERROR)}
    statuses = ("400", "401", "405", "413", "429", "503")
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "tags": ["oauth"],
        "responses": {"200": done, **dict.fromkeys(statuses, failed)},
    }
    if form is not None:
        schema = {"type": "object", "required": required, "properties": CLIENT | form}
        operation["requestBody"] = {"required": True, "content": {FORM: {"schema": schema}}}
    else:
        operation["security"] = [{"bearer": []}]
    return operation


GRANT = {
    "grant_type": {"enum": ["authorization_code", "refresh_token", "client_credentials"]},
    "code": TEXT,
    "redirect_uri": TEXT,
    "code_verifier": TEXT,
    "refresh_token": TEXT,
    "scope": TEXT,
}
QUESTION = {"token": TEXT, "token_type_hint": TEXT}
OAUTH_PATHS: dict[str, Any] = {
    f"{PREFIX}/token": {
        "post": _operation("token", "Redeem, refresh, or start", TOKEN, GRANT, ["grant_type"])
    },
    f"{PREFIX}/token/introspect": {
        "post": _operation("introspect", "Is one of our tokens alive?", ACTIVE, QUESTION, ["token"])
    },
    f"{PREFIX}/token/revoke": {
        "post": _operation("revoke", "End one of our tokens, with its pair", None, QUESTION, ["token"])
    },
    f"{PREFIX}/userinfo": {
        "get": _operation("userinfo", "Who approved this session", CLAIMS, None, []),
        "post": _operation("userinfo_post", "Who approved this session", CLAIMS, None, []),
    },
}
