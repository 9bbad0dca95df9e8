"""Scopes into claims (contract 2.9, 2.10), for the ID token and userinfo alike."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from app.oauth.custom_claims import custom_claims
from app.policy.rights import Rights
from app.services.access import directory
from app.services.access.credential_parts import CodeRow
from app.services.access.credential_parts import SessionRow


def claims_for(row: SessionRow | CodeRow, scopes: Collection[str], rights: Rights) -> dict[str, Any]:
    """The claims about a session's user that these scopes allow; ``sub`` always.

    With ``openid`` also those of the client's own providers, which never replace another.
    """
    claims: dict[str, Any] = {"sub": str(row.user.id)}
    if "profile" in scopes:
        claims |= {
            "preferred_username": row.user.short_name,
            "username": row.user.short_name,
            "name": row.user.name,
        }
    if "email" in scopes and row.user.email:
        claims["email"] = row.user.email
    if "phone" in scopes:
        phone = directory.phone_of(row.user.id)
        if phone:
            claims["phone"] = phone
    if "customer" in scopes:
        customer = directory.customer_by_id(row.user.customer_id)
        claims |= {
            "customer_id": customer.id,
            "domain_id": customer.domain_id,
            "customer_shortname": customer.short_name,
            "customer_name": customer.name,
        }
    if "clientip" in scopes and row.login_ip:
        claims["client_ip"] = row.login_ip
    if "groups" in scopes or "groupstring" in scopes:
        names = [group.short_name for group in directory.groups_of(row.user.id)]
        if "groups" in scopes:
            claims["groups"] = names
        if "groupstring" in scopes:
            claims["groupstring"] = json.dumps(names)
    return custom_claims(row, rights) | claims if "openid" in scopes else claims
