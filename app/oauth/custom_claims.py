"""The claims that a client's own providers add (contract 2.5), for every session with ``openid``."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from app.models.directory import Group
from app.oauth.claim_values import SessionUser
from app.oauth.claim_values import resolve_own_value
from app.policy.claims import PROTOCOL_CLAIMS
from app.policy.claims import name_claim
from app.policy.rights import Rights
from app.services.access import directory


def build_custom_claims(
    user: SessionUser, providers: Iterable[Mapping[str, Any]], rights: Rights
) -> dict[str, Any]:
    """Build name and value of each claim. ``rights`` are the session's, so a lost role is a lost claim."""
    found: dict[str, Any] = {}
    for provider in providers:
        name, value = name_claim(provider), _resolve_value(provider, user, rights)
        if value is not None and name not in PROTOCOL_CLAIMS:
            found[name] = value
    return found


def _resolve_value(provider: Mapping[str, Any], user: SessionUser, rights: Rights) -> Any:
    kind = provider["provider"]
    if kind == "customClaim":
        return resolve_own_value(str(provider["claim"]), user)
    if kind == "functionRoleMapping":
        return _list_roles(provider["roleMapping"], rights)
    names = user.group_names
    if kind == "userGroups":
        allowed = {str(one) for one in provider["allowedGroups"]}
        names = [group.short_name for group in user.groups if _is_one(group, allowed)]
    return ",".join(names) if provider.get("stringified") else names


def _is_one(group: Group, allowed: set[str]) -> bool:
    return group.short_name in allowed or str(group.id) in allowed


def _list_roles(mapping: Mapping[str, str], rights: Rights) -> list[str]:
    """List the role of every function that the session holds for some customer, once each,
    in mapping order.
    """
    held = {str(one) for f in directory.list_functions_by_id(rights.held) for one in (f.id, f.name)}
    return list(dict.fromkeys(role for function, role in mapping.items() if function in held))
