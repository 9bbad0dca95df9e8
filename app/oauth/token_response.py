"""The bare token response of RFC 6749 5.1, in the form the official client needs (contract 2.7, 5.3)."""

from __future__ import annotations

from typing import Any

from app.services.tokens.oauth_sessions import TokenPair


def build_token_response(
    pair: TokenPair, *, id_token: str | None = None, explicit_nulls: bool = False
) -> dict[str, Any]:
    """Build the body: no envelope, a positive ``expires_in``, no ``error`` key, ``scope`` exactly as granted.

    Fields without a value are left out, because strict OIDC libraries refuse null. ``explicit_nulls`` is the
    documented form of Argus's ``client_credentials``, which no standard library uses.
    """
    answer: dict[str, Any] = {
        "access_token": pair.access,
        "token_type": "DPoP" if pair.dpop_jkt is not None else "Bearer",
        "expires_in": pair.expires_in,
    }
    for name, value in (("refresh_token", pair.refresh), ("id_token", id_token)):
        if value is not None or explicit_nulls:
            answer[name] = value
    if pair.scopes:
        answer["scope"] = " ".join(pair.scopes)
    return answer
