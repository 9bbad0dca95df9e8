"""Scopes as claims (contract 2.9, 2.10), for both the ID token and userinfo."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.oauth.claim_values import VALUES
from app.oauth.claim_values import SessionUser
from app.oauth.custom_claims import build_custom_claims
from app.policy.claims import CLAIMS
from app.policy.rights import Rights
from app.services.access.credential_parts import CodeRow
from app.services.access.credential_parts import SessionRow


def build_claims(row: SessionRow | CodeRow, scopes: Collection[str], rights: Rights) -> dict[str, Any]:
    """Build the claims about a session's user that these scopes allow; ``sub`` is always present.

    With ``openid`` also those of the client's own providers, which never replace another.
    """
    user = SessionUser(row)
    claims: dict[str, Any] = {"sub": str(row.user.id)}
    for claim in CLAIMS:
        value = VALUES[claim.name](user) if claim.scope in scopes else None
        if value is not None:
            claims[claim.name] = value
    return (
        build_custom_claims(user, row.client.open_id_custom_claims or (), rights) | claims
        if "openid" in scopes
        else claims
    )
