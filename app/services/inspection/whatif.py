"""The effect of a change before it is made: who gains access to a client, who loses it, and what changes.

The same decision is made twice for every user: with the current facts and with the proposed ones. Nothing is
written.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Literal

from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.authority import Permission
from app.models.clients import OAuthClient
from app.models.directory import Group
from app.models.directory import Membership
from app.models.directory import User
from app.policy import network
from app.policy.facts import ClientFacts
from app.policy.facts import Decision
from app.policy.facts import Leg
from app.policy.facts import LoginFacts
from app.policy.facts import Question
from app.policy.facts import SecurityLevel
from app.policy.facts import UserFacts
from app.policy.rights import Rights
from app.policy.rights import resolve_rights
from app.services.access import facts
from app.services.access import gate
from app.services.access.callers import Caller
from app.services.administration import permissions
from app.services.administration.permissions import NewPermission
from app.services.clients import registry
from app.services.clients.changes import ClientChange
from app.services.guards import Guard

Pair = tuple[int, int]
MOST_NAMED = 1000


@dataclass(frozen=True, slots=True)
class Proposal:
    """A client as it would be; a permission to be granted, or one to be revoked.

    ``changed``: which columns of the client would differ, each before and after.
    """

    client: ClientFacts | None = None
    changed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    granted: tuple[int, int, int] | None = None  # subject, function, customer
    revoked: int | None = None


def propose_grant(new: NewPermission, caller: Caller) -> Proposal:
    """Propose to grant a permission, judged like the grant itself. Raises ``Denied``, ``Invalid``."""
    subject, function, customer = permissions.check_grant(new, caller)
    return Proposal(granted=(subject.id, function.id, customer.id))


def propose_revocation(permission: int, caller: Caller) -> Proposal:
    """Propose to revoke a permission, judged like the revocation itself.
    Raises as ``permissions.get_revocable``.
    """
    return Proposal(revoked=permissions.get_revocable(permission, caller).id)


@dataclass(frozen=True, slots=True)
class Effect:
    """One user whose decision or rights would differ. Rights are pairs of function and customer."""

    user: User
    before: Decision
    after: Decision
    gained: tuple[Pair, ...]
    lost: tuple[Pair, ...]

    @property
    def access(self) -> Literal["gains", "loses", "keeps", "none"]:
        """Tell how the access to the client changes."""
        if self.before.allowed:
            return "keeps" if self.after.allowed else "loses"
        return "gains" if self.after.allowed else "none"


@dataclass(frozen=True, slots=True)
class Forecast:
    """The effects on users the caller may name, and the number of the others."""

    effects: tuple[Effect, ...]
    unnamed: int

    def count(self, access: str) -> int:
        """Count the named users who gain access, lose it, or keep it with other rights."""
        return sum(one.access == access for one in self.effects)


def get_client(id_or_short_name: str, caller: Caller) -> OAuthClient:
    """Return the client, if the caller may see all of it. Raises ``Missing``, ``Denied``."""
    client = registry.get_visible_client(id_or_short_name, caller)
    caller.require(Guard.VIEW_OAUTH_CLIENTS_DETAILS, registry.find_guard_customer(client, caller))
    return client


def propose_update(client: OAuthClient, change: ClientChange, caller: Caller) -> Proposal:
    """Propose a change of the client, judged like the change itself. Raises as ``registry.update_client``."""
    then = registry.propose_update(client.id, change, caller)
    changed = registry.find_differences(registry.take_snapshot(client), registry.take_snapshot(then), change)
    return Proposal(client=facts.to_client_facts(then), changed=changed)


def forecast_change(client: OAuthClient, proposal: Proposal, caller: Caller) -> Forecast:
    """Decide for every user of the client's domain, before and after; five queries in total."""
    now_client = facts.to_client_facts(client)
    then_client = proposal.client or now_client
    nameable = caller.list_reach(Guard.VIEW_PERMISSIONS) & caller.list_reach(Guard.VIEW_USERS)
    before, after = _load_held({}, None), _load_held(_collect_added(proposal), proposal.revoked)
    effects: list[Effect] = []
    unnamed = 0
    for user in _list_users(client.domain_id):
        one = _decide(caller, user, now_client, before.get(user.id, ()))
        two = _decide(caller, user, then_client, after.get(user.id, ()))
        gained, lost = _subtract(two.rights, one.rights), _subtract(one.rights, two.rights)
        if one.allowed == two.allowed and not gained and not lost:
            continue
        may_know = caller.is_self(user.id) or user.customer_id in nameable
        if may_know and len(effects) < MOST_NAMED:
            effects.append(Effect(user, one, two, gained, lost))
        else:
            unnamed += 1
    return Forecast(tuple(effects), unnamed)


def _decide(caller: Caller, user: User, client: ClientFacts, granted: Iterable[Pair]) -> Decision:
    graph, tree = caller.question.graph, caller.question.tree
    question = Question(
        leg=Leg.API,
        now=clock.now(),
        user=UserFacts(
            id=user.id,
            name=user.short_name,
            customer=user.customer_id,
            blocked=user.blocked_at is not None,
            customer_disabled=not tree.is_alive(user.customer_id),
            rights=resolve_rights(granted, graph, tree),
        ),
        client=client,
        login=LoginFacts(level=SecurityLevel.STANDARD),
        credential=facts.suppose_session(),
        address=network.pick_address(client.address_ranges),
        graph=graph,
        tree=tree,
    )
    return gate.ask(question)


def _list_users(domain_id: int) -> list[User]:
    statement = select(User).where(User.domain_id == domain_id, User.deleted_at.is_(None))
    return list(db.session.execute(statement.order_by(User.short_name)).scalars())


def _collect_added(proposal: Proposal) -> dict[int, list[Pair]]:
    if proposal.granted is None:
        return {}
    subject, function, customer = proposal.granted
    return {subject: [(function, customer)]}


def _load_held(added: Mapping[int, list[Pair]], without: int | None) -> dict[int, list[Pair]]:
    """Return what every user is granted, through groups too, with the proposed rows added or removed."""
    rows = db.session.execute(
        select(Permission.id, Permission.subject_id, Permission.function_id, Permission.customer_id).where(
            Permission.revoked_at.is_(None)
        )
    )
    granted: dict[int, list[Pair]] = {subject: list(pairs) for subject, pairs in added.items()}
    for row in rows:
        if row.id != without:
            granted.setdefault(row.subject_id, []).append((row.function_id, row.customer_id))
    above = _load_groups_above()
    members = {*granted, *above}
    return {
        one: [p for subject in _list_with_ancestors(one, above) for p in granted.get(subject, ())]
        for one in members
    }


def _load_groups_above() -> dict[int, list[int]]:
    living = select(Group.id).where(Group.deleted_at.is_(None))
    rows = db.session.execute(
        select(Membership.member_id, Membership.group_id).where(
            Membership.removed_at.is_(None), Membership.group_id.in_(living)
        )
    )
    above: dict[int, list[int]] = {}
    for row in rows:
        above.setdefault(row.member_id, []).append(row.group_id)
    return above


def _list_with_ancestors(subject: int, above: Mapping[int, list[int]]) -> set[int]:
    seen: set[int] = set()
    waiting = [subject]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting.extend(above.get(one, ()))
    return seen


def _subtract(rights: Rights, other: Rights) -> tuple[Pair, ...]:
    """Return what is in one and not in the other."""
    pairs = ((function, top) for function, tops in sorted(rights.held.items()) for top in sorted(tops))
    return tuple((function, top) for function, top in pairs if not other.allows(function, top))
