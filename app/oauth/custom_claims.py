"""The claims a client's own providers add (contract 2.5); for every session with ``openid``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.models.directory import Group
from app.policy.claims import PROTOCOL_CLAIMS
from app.policy.claims import claim_name
from app.policy.rights import Rights
from app.services.access import directory
from app.services.access.credential_parts import CodeRow
from app.services.access.credential_parts import SessionRow


def custom_claims(row: SessionRow | CodeRow, rights: Rights) -> dict[str, Any]:
    """Name and value of each; ``rights`` are the session's own, so that a role lost is a claim lost."""
    found: dict[str, Any] = {}
    for provider in row.client.open_id_custom_claims or ():
        name, value = claim_name(provider), _value(provider, row, rights)
        if value is not None and name not in PROTOCOL_CLAIMS:
            found[name] = value
    return found


def _value(provider: Mapping[str, Any], row: SessionRow | CodeRow, rights: Rights) -> Any:
    kind = provider["provider"]
    if kind == "customClaim":
        return _about(str(provider["claim"]), row)
    if kind == "functionRoleMapping":
        return _roles(provider["roleMapping"], rights)
    names = [group.short_name for group in directory.groups_of(row.user.id)]
    if kind == "userGroups":
        allowed = {str(one) for one in provider["allowedGroups"]}
        names = [group.short_name for group in directory.groups_of(row.user.id) if _is_one(group, allowed)]
    return ",".join(names) if provider.get("stringified") else names


def _is_one(group: Group, allowed: set[str]) -> bool:
    return group.short_name in allowed or str(group.id) in allowed


def _about(claim: str, row: SessionRow | CodeRow) -> Any:
    customer = directory.customer_by_id(row.user.customer_id)
    values = {
        "username": row.user.short_name,
        "name": row.user.name,
        "picture": None,
        "email": row.user.email,
        "clientIP": row.login_ip,
        "customerID": customer.id,
        "customerShortName": customer.short_name,
        "customerName": customer.name,
        "domainID": customer.domain_id,
        "phone": directory.phone_of(row.user.id) or None,
    }
    return values[claim]


def _roles(mapping: Mapping[str, str], rights: Rights) -> list[str]:
    """The role of every function the session holds for some customer, each once, in order of the mapping."""
    held = {str(one) for f in directory.functions_by_id(rights.held) for one in (f.id, f.name)}
    return list(dict.fromkeys(role for function, role in mapping.items() if function in held))
