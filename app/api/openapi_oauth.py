"""The OAuth endpoints in the OpenAPI document: forms in, bare JSON out (RFC 6749, 7009, 7662, OIDC Core 5.3).

Their parameters are judged by ``oauth/request_checks.py`` and Authlib, not by a schema. What is not written
here is read from the tables of grants, client authentication methods, scopes and claims.
"""

from __future__ import annotations

from typing import Any

from app.oauth.addresses import PREFIX
from app.oauth.grants import GRANT_PARAMETERS
from app.oauth.grants import GRANT_TYPES
from app.oauth.grants import GRANTS
from app.oauth.parameters import PUSHED_REQUEST
from app.policy.claims import CLAIMS
from app.policy.client_methods import METHOD_NAMES
from app.policy.client_methods import METHOD_PARAMETERS
from app.policy.scopes import STANDARD_SCOPES

FORM = "application/x-www-form-urlencoded"
TEXT = {"type": "string"}
CLIENT = dict.fromkeys(METHOD_PARAMETERS, TEXT)
CLIENT_METHODS = f"The client authenticates by one of: {', '.join(METHOD_NAMES)}."
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
        "token_type": {"enum": ["Bearer", "DPoP"]},
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
        "cnf": {"type": "object", "properties": {"jkt": TEXT}},
    },
}
ANNOUNCED: dict[str, Any] = {
    "type": "object",
    "required": ["request_uri", "expires_in"],
    "properties": {"request_uri": TEXT, "expires_in": {"type": "integer", "minimum": 1}},
}
DEVICE: dict[str, Any] = {
    "type": "object",
    "required": ["device_code", "user_code", "verification_uri", "expires_in"],
    "properties": {
        "device_code": TEXT,
        "user_code": TEXT,
        "verification_uri": TEXT,
        "verification_uri_complete": TEXT,
        "expires_in": {"type": "integer", "minimum": 1},
        "interval": {"type": "integer", "minimum": 1},
    },
}
# Without a type: a client's own provider may give another value under one of these names (contract 2.5).
USER_CLAIMS = {
    "type": "object",
    "required": ["sub"],
    "properties": {"sub": TEXT}
    | {claim.name: {"description": f"By the scope {claim.scope}."} for claim in CLAIMS if claim.scope},
}


# RFC 9449 5 and 7: with it the tokens are bound to its key, or shown to be.
PROOF = {"name": "DPoP", "in": "header", "required": False, "description": "A DPoP proof.", "schema": TEXT}


def _describe_json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _describe_operation(
    name: str,
    summary: str,
    answer: dict[str, Any] | None,
    form: dict[str, Any] | None,
    required: list[str],
    examples: dict[str, Any] | None = None,
    *,
    status: str = "200",
    proof: bool = True,
) -> dict[str, Any]:
    done = {"description": "Done.", **(_describe_json(answer) if answer is not None else {})}
    failed = {"description": "An OAuth error.", **_describe_json(ERROR)}
    statuses = ("400", "401", "405", "413", "429", "503")
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "tags": ["oauth"],
        "parameters": [PROOF] if proof else [],
        "responses": {status: done, **dict.fromkeys(statuses, failed)},
    }
    if form is not None:
        schema = {"type": "object", "required": required, "properties": CLIENT | form}
        content: dict[str, Any] = {"schema": schema} | ({"examples": examples} if examples else {})
        operation["description"] = CLIENT_METHODS
        operation["requestBody"] = {"required": True, "content": {FORM: content}}
    else:
        operation["security"] = [{"bearer": []}]
        # Without a token nothing is said but the challenge (RFC 6750 3.1).
        bare = _describe_json({**ERROR, "required": []})
        operation["responses"]["401"] = {"description": "An OAuth error, or empty without a token.", **bare}
    return operation


SCOPE = {
    "type": "string",
    "description": f"Names with a space between: {', '.join(sorted(STANDARD_SCOPES))}.",
}
GRANT = {"grant_type": {"enum": list(GRANT_TYPES)}} | dict.fromkeys(GRANT_PARAMETERS, TEXT) | {"scope": SCOPE}
EXAMPLES = {
    grant.grant_type: {
        "summary": f"{grant.summary} ({grant.section})",
        "value": {
            "grant_type": grant.grant_type,
            "client_id": "3f0e8b7e-5a70-4c5c-9c43-0d9f6a1d2b11",
            **grant.example,
        },
    }
    for grant in GRANTS
}
REQUEST = dict.fromkeys(PUSHED_REQUEST, TEXT) | {"scope": SCOPE}
QUESTION = {"token": TEXT, "token_type_hint": TEXT}
OAUTH_PATHS: dict[str, Any] = {
    f"{PREFIX}/token": {
        "post": _describe_operation(
            "token", "Redeem, refresh, or start", TOKEN, GRANT, ["grant_type"], EXAMPLES
        )
    },
    f"{PREFIX}/token/introspect": {
        "post": _describe_operation(
            "introspect", "Is one of our tokens alive?", ACTIVE, QUESTION, ["token"], proof=False
        )
    },
    f"{PREFIX}/token/revoke": {
        "post": _describe_operation(
            "revoke", "End one of our tokens, with its pair", None, QUESTION, ["token"], proof=False
        )
    },
    f"{PREFIX}/par": {
        "post": _describe_operation(
            "push", "Announce a login (RFC 9126)", ANNOUNCED, REQUEST, ["response_type"], status="201"
        )
    },
    f"{PREFIX}/device_authorization": {
        "post": _describe_operation(
            "device_authorization",
            "Begin for a device without a browser (RFC 8628)",
            DEVICE,
            {"scope": SCOPE},
            [],
            proof=False,
        )
    },
    f"{PREFIX}/userinfo": {
        "get": _describe_operation("userinfo", "Who approved this session", USER_CLAIMS, None, []),
        "post": _describe_operation("userinfo_post", "Who approved this session", USER_CLAIMS, None, []),
    },
}
