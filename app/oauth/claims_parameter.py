"""What a request asks to know of the login: ``acr_values`` (OIDC Core 3.1.2.1) and ``claims`` (Core 5.5).

Of ``claims``, ``acr`` and ``sub`` of the ID token count; ``auth_time`` is always there. Every other member
asks for a claim about the user, and those follow the granted scopes alone (docs/decisions/056).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.oauth.errors import ArgusOAuthError
from app.policy.facts import SecurityLevel
from app.policy.login_contexts import find_lowest_level

TWO_SUBJECTS = "The id_token_hint and claims name two users."
MEMBERS = ("id_token", "userinfo")


@dataclass(frozen=True, slots=True)
class AskedOfLogin:
    """The level that a request asks of the login, whether it insists, and the subject that it asks for.

    ``level`` is ``None`` if any will do.
    """

    level: SecurityLevel | None = None
    essential: bool = False
    subject: str | None = None


def read_asked_of_login(params: Mapping[str, str]) -> AskedOfLogin:
    """Read both parameters. Raises ``ArgusOAuthError``: ``invalid_request`` for ``claims`` of another shape,
    ``unmet_authentication_requirements`` if it insists on values of ``acr`` that no login here has.
    """
    level = find_lowest_level(params.get("acr_values", "").split())
    asked = _read_id_token_claims(params.get("claims"))
    acr, sub = asked.get("acr") or {}, asked.get("sub") or {}
    essential, values = acr.get("essential") is True, _list_values(acr)
    if values:
        level = find_lowest_level(values)
        if level is None and essential:
            raise ArgusOAuthError("unmet_authentication_requirements")
    subject = sub.get("value")
    return AskedOfLogin(level, essential and level is not None, subject if isinstance(subject, str) else None)


def _read_id_token_claims(text: str | None) -> Mapping[str, Any]:
    """Return what is asked for in the ID token: by claim, an object or nothing."""
    if text is None:
        return {}
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or not all(_is_in_shape(asked.get(name)) for name in MEMBERS):
        raise ArgusOAuthError("invalid_request", "The parameter claims must be a JSON object (Core 5.5).")
    found: Mapping[str, Any] = asked.get("id_token") or {}
    return found


def _is_in_shape(member: object) -> bool:
    """Tell whether this is nothing, or an object with an object or nothing for each claim."""
    return member is None or (
        isinstance(member, dict) and all(one is None or isinstance(one, dict) for one in member.values())
    )


def _list_values(acr: Mapping[str, Any]) -> list[str]:
    values = acr.get("values")
    listed = values if isinstance(values, list) else []
    return [one for one in (acr.get("value"), *listed) if isinstance(one, str)]
