"""Rows into a Question: what ``fact_rows`` read becomes what the policy reads.

No rule is judged here: an ended login is a fact, not a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from app import clock
from app.models.clients import OAuthClient
from app.policy.facts import ClientFacts
from app.policy.facts import Constraints
from app.policy.facts import CredentialFacts
from app.policy.facts import GrantFacts
from app.policy.facts import Impersonator
from app.policy.facts import Leg
from app.policy.facts import LoginFacts
from app.policy.facts import Question
from app.policy.facts import RightAsked
from app.policy.facts import SecurityLevel
from app.policy.facts import UserFacts
from app.runtime import settings
from app.services.access import held_rights
from app.services.access.held_rights import Landscape
from app.services.guards import Guard

# A token is accepted this much longer than announced: the official client has no leeway (contract 5.4).
LEEWAY = timedelta(seconds=5)
# Kept among a login's constraints, never shown: the impersonator's session epoch when he began.
IMPERSONATOR_EPOCH = "impersonatorEpoch"


@dataclass(frozen=True, slots=True)
class Asked:
    """The function an API call needs, by name, and for which customer (``None``: for any)."""

    function: str
    customer: int | None = None


def client_facts(client: OAuthClient) -> ClientFacts:
    """A client row as the policy reads it."""
    return ClientFacts(
        id=client.id,
        domain=client.domain_id,
        customer=client.customer_id,
        required_function=client.required_function_id,
        permission_scope=client.permission_scope_id,
        deleted=client.deleted_at is not None,
        address_ranges=tuple(client.client_ip_range or ()),
        max_level=SecurityLevel(client.max_security_level),
        name=client.name,
    )


def question(
    row: Row[Any],
    leg: Leg,
    *,
    address: str | None = None,
    credential: CredentialFacts | None = None,
    client: ClientFacts | None = None,
    grant: GrantFacts | None = None,
    scopes: frozenset[str] | None = None,
    consent_needed: bool = False,
    presented_login: bool = False,
    login: LoginFacts | None = None,
) -> Question:
    """The question that a row's facts pose. What the row does not hold is passed in.

    ``presented_login``: the login itself was presented (cookie or its own token), so its idle clock counts.
    """
    has: Mapping[str, Any] = dict(row._mapping)
    land = held_rights.landscape(has["policy_version"])
    rights = held_rights.rights_of(has["user_id"], has["rights_version"], has["policy_version"])
    if client is None and "client_deleted_at" in has:
        client = _client_from(has)
    if grant is None and has.get("grant_id") is not None:
        grant = GrantFacts(
            has["grant_scope"], frozenset(has["grant_scopes"] or ()), has["grant_withdrawn_at"] is not None
        )
    return Question(
        leg=leg,
        now=clock.now(),
        user=UserFacts(
            id=has["user_id"],
            name=has["user_name"],
            customer=has["user_customer"],
            blocked=has["user_blocked_at"] is not None,
            deleted=has["user_deleted_at"] is not None,
            customer_disabled=not land.tree.alive(has["user_customer"]),
            rights=rights,
        ),
        graph=land.graph,
        tree=land.tree,
        client=client,
        credential=credential,
        login=login if login is not None else _login_from(has, presented=presented_login),
        grant=grant,
        consent_needed=consent_needed,
        scopes=scopes if scopes is not None else frozenset(),
        address=address,
        constraints=_constraints_from(has),
        impersonator=_impersonator_from(has, land),
    )


def right_asked(q: Question, asked: Asked) -> RightAsked:
    """The asked function by its id of today."""
    return RightAsked(q.graph.by_name(asked.function), asked.function, asked.customer)


def _client_from(has: Mapping[str, Any]) -> ClientFacts:
    return ClientFacts(
        id=has["client_id"],
        domain=has["client_domain"],
        customer=has["client_customer"],
        required_function=has["required_function"],
        permission_scope=has["permission_scope"],
        deleted=has["client_deleted_at"] is not None,
        address_ranges=tuple(has["client_ranges"] or ()),
        max_level=SecurityLevel(has["client_level"]),
        name=has["client_name"],
    )


def _login_from(has: Mapping[str, Any], *, presented: bool) -> LoginFacts | None:
    if has.get("login_id") is not None:
        seen: datetime = has["login_last_seen_at"]
        return LoginFacts(
            level=SecurityLevel(has["login_level"]),
            expires_at=has["login_expires_at"],
            idle_at=seen + timedelta(seconds=settings().login_idle_seconds) if presented else None,
            ended=any(has.get(end) for end in ("login_ended_at", "parent_ended_at", "key_revoked_at")),
            superseded=has["login_epoch"] != has["user_epoch"] or _impersonator_left(has),
            must_change_password=bool(has["must_change_password"]),
        )
    if has.get("key_id") is not None:
        # An API key is its own login, at the lowest level (design decision 17).
        return LoginFacts(
            level=SecurityLevel.EXTERNAL,
            expires_at=has["key_expires_at"],
            ended=has["key_revoked_at"] is not None,
            # What a key bought does not outlive a block or "log out everywhere"; the key itself does.
            superseded=has.get("session_epoch", has["user_epoch"]) != has["user_epoch"],
        )
    return None


def _impersonator_left(has: Mapping[str, Any]) -> bool:
    """Whether everything the impersonator had open was ended since, be it by a login or a key."""
    if has.get("impersonator_id") is None:
        return False
    return bool((has["login_constraints"] or {}).get(IMPERSONATOR_EPOCH) != has["impersonator_epoch"])


def _impersonator_from(has: Mapping[str, Any], land: Landscape) -> Impersonator | None:
    who = has.get("impersonator_id")
    if who is None:
        return None
    rights = held_rights.rights_of(who, has["impersonator_rights_version"], has["policy_version"])
    user = UserFacts(
        id=who,
        name=has["impersonator_name"],
        customer=has["impersonator_customer"],
        blocked=has["impersonator_blocked_at"] is not None,
        deleted=has["impersonator_deleted_at"] is not None,
        customer_disabled=not land.tree.alive(has["impersonator_customer"]),
        rights=rights,
    )
    return Impersonator(user, land.graph.by_name(Guard.IMPERSONATE))


def _constraints_from(has: Mapping[str, Any]) -> tuple[Constraints, ...]:
    stored = (has.get("login_constraints"), has.get("key_constraints"))
    return tuple(read_constraints(one) for one in stored if one)


def read_constraints(stored: Mapping[str, Any]) -> Constraints:
    """Stored constraints as the policy reads them."""
    functions, customers = stored.get("functions"), stored.get("customers")
    return Constraints(
        functions=None if functions is None else frozenset(functions),
        customers=None if customers is None else frozenset(customers),
        read_only=bool(stored.get("readOnly")),
    )
