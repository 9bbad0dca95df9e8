"""The person's side of a question: user, login, impersonator and constraints, as the policy reads them."""

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

# Kept among a login's constraints, never shown: the impersonator's session epoch at the beginning.
IMPERSONATOR_EPOCH = "impersonatorEpoch"


def user_facts(user: PersonPart, land: PolicySnapshot) -> UserFacts:
    """A user with the rights of this moment."""
    return UserFacts(
        id=user.id,
        name=user.short_name,
        customer=user.customer_id,
        blocked=user.blocked_at is not None,
        deleted=user.deleted_at is not None,
        customer_disabled=not land.tree.alive(user.customer_id),
        rights=held_rights.resolve_user_rights(user.id, user.rights_version, land.version),
    )


def login_of(row: UserRow) -> LoginFacts | None:
    """The login, or the API key, that a credential hangs on."""
    if row.login is not None:
        return login_facts(row, row.login)
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


def login_facts(row: UserRow, login: LoginPart, idle_at: datetime | None = None) -> LoginFacts:
    """A login session; ``idle_at`` only when it was itself presented."""
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


def impersonator_of(row: UserRow, land: PolicySnapshot) -> Impersonator | None:
    """Who acts as the user."""
    if row.impersonator is None:
        return None
    return Impersonator(user_facts(row.impersonator, land), land.graph.by_name(Guard.IMPERSONATE))


def constraints_of(row: UserRow) -> tuple[Constraints, ...]:
    """What the login and the key may do at most."""
    stored = (part.constraints for part in (row.login, row.key) if part is not None)
    return tuple(_read_constraints(one) for one in stored if one)


def _read_constraints(stored: Mapping[str, Any]) -> Constraints:
    functions, customers = stored.get("functions"), stored.get("customers")
    return Constraints(
        functions=None if functions is None else frozenset(functions),
        customers=None if customers is None else frozenset(customers),
        read_only=bool(stored.get("readOnly")),
    )
