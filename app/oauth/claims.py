"""Scopes into claims (contract 2.9, 2.10), for the ID token and userinfo alike, and the ID token itself."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING
from typing import Any

from authlib.oidc.core.grants import OpenIDCode
from sqlalchemy import Row

from app import clock
from app.oauth.custom_claims import custom_claims
from app.policy.claims import PROTOCOL_CLAIMS
from app.policy.rights import Rights
from app.runtime import settings
from app.services.access import directory
from app.services.tokens import signing_keys
from app.services.tokens.oauth_sessions import Pair

if TYPE_CHECKING:
    from app.oauth.code_grant import ArgusAuthorizationCodeGrant


def claims_for(row: Row[Any], scopes: Collection[str], rights: Rights) -> dict[str, Any]:
    """The claims about a session's user that these scopes allow; ``sub`` always.

    With ``openid`` also those of the client's own providers, which never replace another. ``row`` is a
    ``fact_rows.session_row`` or ``fact_rows.code_row``.
    """
    claims: dict[str, Any] = {"sub": str(row.user_id)}
    if "profile" in scopes:
        claims |= {
            "preferred_username": row.user_name,
            "username": row.user_name,
            "name": row.user_full_name,
        }
    if "email" in scopes and row.user_email:
        claims["email"] = row.user_email
    if "phone" in scopes:
        phone = directory.phone_of(row.user_id)
        if phone:
            claims["phone"] = phone
    if "customer" in scopes:
        customer = directory.customer_by_id(row.user_customer)
        claims |= {
            "customer_id": customer.id,
            "domain_id": customer.domain_id,
            "customer_shortname": customer.short_name,
            "customer_name": customer.name,
        }
    if "clientip" in scopes and row.login_ip:
        claims["client_ip"] = row.login_ip
    if "groups" in scopes or "groupstring" in scopes:
        names = [group.short_name for group in directory.groups_of(row.user_id)]
        if "groups" in scopes:
            claims["groups"] = names
        if "groupstring" in scopes:
            claims["groupstring"] = json.dumps(names)
    return custom_claims(row, rights) | claims if "openid" in scopes else claims


def id_token(grant: ArgusAuthorizationCodeGrant, row: Row[Any], pair: Pair) -> str:
    """The signed ID token of a code's redemption (OIDC Core 2, 3.1.3.6).

    Signed before the code is claimed, so that nothing can fail after the commit; Authlib's hook would sign
    after it.
    """
    token = {"access_token": pair.access, "scope": " ".join(pair.scopes)}
    return str(_IDToken(row, pair, grant.decision.rights).encode_id_token(token, grant.request))


class _IDToken(OpenIDCode):  # type: ignore[misc]
    """One ID token in the making: our one active key (pitfall D4), a plain ``aud``, a true ``auth_time``."""

    def __init__(self, row: Row[Any], pair: Pair, rights: Rights) -> None:
        super().__init__(require_nonce=False)
        self._row, self._pair, self._rights = row, pair, rights
        self._signer = signing_keys.signer(row.active_kid)

    def exists_nonce(self, nonce: str, request: object) -> bool:  # noqa: ARG002
        """Never: a reloaded authorize page repeats its nonce (pitfall 16)."""
        return False

    def get_client_algorithm(self, client: object) -> str:  # noqa: ARG002
        return signing_keys.ALGORITHM

    def get_encode_header(self, client: object) -> dict[str, Any]:  # noqa: ARG002
        return {"alg": signing_keys.ALGORITHM, "kid": self._signer.kid, "typ": "JWT"}

    def resolve_client_private_key(self, client: object) -> Any:  # noqa: ARG002
        return self._signer.key

    def get_client_claims(self, client: Any) -> dict[str, Any]:
        now = int(clock.now().timestamp())
        return {
            "iss": settings().base_url,
            "aud": client.get_client_id(),
            "iat": now,
            "exp": now + settings().access_token_seconds,
        }

    def generate_user_info(self, user: object, scope: str) -> dict[str, Any]:  # noqa: ARG002
        claims = claims_for(self._row, self._pair.scopes, self._rights)
        return {name: value for name, value in claims.items() if name not in PROTOCOL_CLAIMS or name == "sub"}
