"""Scopes into claims (contract 2.9, 2.10), for the ID token and userinfo alike."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row

from app.oauth.claim_values import VALUES
from app.oauth.claim_values import SessionUser
from app.oauth.custom_claims import custom_claims
from app.policy.claims import CLAIMS
from app.policy.rights import Rights


def claims_for(row: Row[Any], scopes: Collection[str], rights: Rights) -> dict[str, Any]:
    """The claims about a session's user that these scopes allow; ``sub`` always.

    With ``openid`` also those of the client's own providers, which never replace another. ``row`` is a
    ``fact_rows.session_row`` or ``fact_rows.code_row``.
    """
    user = SessionUser(row)
    claims: dict[str, Any] = {"sub": str(row.user_id)}
    for claim in CLAIMS:
        value = VALUES[claim.name](user) if claim.scope in scopes else None
        if value is not None:
            claims[claim.name] = value
    return custom_claims(user, row.custom_claims or (), rights) | claims if "openid" in scopes else claims
