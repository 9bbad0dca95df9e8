"""The user's part of a question: user, login, impersonator and constraints, converted for the policy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.policy.facts import Constraints
from app.policy.facts import Impersonator
from app.policy.facts import LoginFacts
from app.policy.facts import SecurityLevel
from app.policy.facts import UserFacts
from app.services.access import held_rights
from app.services.access.credential_parts import LoginPart
from app.services.access.credential_parts import PersonPart
from app.services.access.credential_parts import UserRow
from app.services.access.held_rights import PolicySnapshot
from app.services.guards import Guard

# Stored in a login's constraints, never shown: the impersonator's session epoch at the start.
IMPERSONATOR_EPOCH = "impersonatorEpoch"


def to_user_facts(user: PersonPart, land: PolicySnapshot) -> UserFacts:
    """Convert a user, with the current rights."""
    return UserFacts(
        id=user.id,
        name=user.short_name,
        customer=user.customer_id,
        blocked=user.blocked_at is not None,
        deleted=user.deleted_at is not None,
        customer_disabled=not land.tree.is_alive(user.customer_id),
        rights=held_rights.resolve_user_rights(user.id, user.rights_version, land.versions),
    )


def to_login_or_key_facts(row: UserRow) -> LoginFacts | None:
    """Convert the login, or the API key, that a credential depends on."""
    if row.login is not None:
        return to_login_facts(row, row.login)
    if row.key is None:
        return None
    # An API key is its own login, at the lowest level (design decision 17).
    return LoginFacts(
        level=SecurityLevel.EXTERNAL,
        expires_at=row.key.expires_at,
        ended=row.key.revoked_at is not None,
        # What a key bought does not outlive a block or "log out everywhere"; the key itself does.
        superseded=row.oauth is not None and row.oauth.session_epoch != row.user.session_epoch,
    )


def to_login_facts(row: UserRow, login: LoginPart, idle_at: datetime | None = None) -> LoginFacts:
    """Convert a login session; ``idle_at`` only if the login itself was presented."""
    key_revoked = row.key is not None and row.key.revoked_at is not None
    return LoginFacts(
        level=SecurityLevel(login.security_level),
        expires_at=login.expires_at,
        idle_at=idle_at,
        ended=login.ended_at is not None or login.parent_ended_at is not None or key_revoked,
        superseded=login.session_epoch != row.user.session_epoch or _impersonator_left(row, login),
        must_change_password=bool(row.user.force_password_change),
    )


def _impersonator_left(row: UserRow, login: LoginPart) -> bool:
    """Tell whether the impersonator's login or key was ended since the impersonation began."""
    if row.impersonator is None:
        return False
    return (login.constraints or {}).get(IMPERSONATOR_EPOCH) != row.impersonator.session_epoch


def to_impersonator(row: UserRow, land: PolicySnapshot) -> Impersonator | None:
    """Convert the user who acts as another one."""
    if row.impersonator is None:
        return None
    return Impersonator(to_user_facts(row.impersonator, land), land.graph.find_by_name(Guard.IMPERSONATE))


def to_maker(row: UserRow, land: PolicySnapshot) -> UserFacts | None:
    """Convert the user who made the key for its owner."""
    return to_user_facts(row.maker, land) if row.maker is not None else None


def to_constraints(row: UserRow) -> tuple[Constraints, ...]:
    """Return the limits of the login and of the key."""
    stored = (part.constraints for part in (row.login, row.key) if part is not None)
    return tuple(_read_constraints(one) for one in stored if one)


def _read_constraints(stored: Mapping[str, Any]) -> Constraints:
    functions, customers = stored.get("functions"), stored.get("customers")
    return Constraints(
        functions=None if functions is None else frozenset(functions),
        customers=None if customers is None else frozenset(customers),
        read_only=bool(stored.get("readOnly")),
    )
