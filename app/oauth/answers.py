"""The bare token answer of RFC 6749 5.1, as the official client needs it (contract 2.7, 5.3)."""

from __future__ import annotations

from typing import Any

from app.services.tokens.oauth_sessions import Pair


def token_answer(pair: Pair, *, id_token: str | None = None, explicit_nulls: bool = False) -> dict[str, Any]:
    """The body: no envelope, a positive ``expires_in``, no ``error`` key, ``scope`` exactly as granted.

    What there is none of is left out, because strict OIDC libraries refuse a null; ``explicit_nulls`` is the
    documented form of Argus's ``client_credentials``, which no stock library speaks.
    """
    answer: dict[str, Any] = {
        "access_token": pair.access,
        "token_type": "Bearer",
        "expires_in": pair.expires_in,
    }
    for name, value in (("refresh_token", pair.refresh), ("id_token", id_token)):
        if value is not None or explicit_nulls:
            answer[name] = value
    if pair.scopes:
        answer["scope"] = " ".join(pair.scopes)
    return answer
