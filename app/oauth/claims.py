"""Scopes into claims (contract 2.9, 2.10), for the ID token and userinfo alike."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import Row

from app.oauth.custom_claims import custom_claims
from app.policy.rights import Rights
from app.services.access import directory


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
