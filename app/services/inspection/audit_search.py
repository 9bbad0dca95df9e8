"""Search the audit log: the rows that an administrator may read, newest first.

A row about a user is visible to callers with ``viewUserAuthenticationEvents`` for the user's customer. Other
rows require it for the root customer: of the client's domain, else of the home domain.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import and_
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import true

from app.extensions import db
from app.models.audit import AuditEvent
from app.models.clients import OAuthClient
from app.models.directory import Subject
from app.policy import names
from app.services.access import directory
from app.services.access import search
from app.services.access.callers import Caller
from app.services.access.facts import RequiredRight
from app.services.access.search import Condition
from app.services.access.search import Page
from app.services.clients import registry
from app.services.guards import Guard
from app.services.inspection.authentication_events import Span
from app.services.problems import Missing

GUARD = Guard.VIEW_USER_AUTHENTICATION_EVENTS
EVER = Span()
# The details of these rows reveal what a user holds.
OF_PERMISSIONS = ("permission-grant", "permission-revoke")


@dataclass(frozen=True, kw_only=True)
class AuditCriteria:
    """All filters are joined by AND. ``who`` is the actor or the user concerned;
    ``client`` is an id or short name.
    """

    who: str = ""
    client: str = ""
    action: str = ""
    outcome: str = ""
    decision: str = ""
    address: str = ""
    span: Span = EVER


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of the log, and whether there are older rows; counting all rows would take too long."""

    rows: list[AuditEvent]
    page: Page
    more: bool


def search_audit(caller: Caller, criteria: AuditCriteria, page: Page) -> AuditPage:
    """Search the rows the caller may read. Raises ``Denied``."""
    caller.require(GUARD)
    condition = and_(_match_readable(caller), *_build_filters(criteria))
    newest = select(AuditEvent).where(condition).order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
    rows = list(db.session.execute(newest.offset(page.offset).limit(page.limit + 1)).scalars())
    return AuditPage(rows[: page.limit], page, len(rows) > page.limit)


def get_by_decision(caller: Caller, number: str) -> AuditEvent:
    """Return the row of a decision number.
    Raises ``Missing`` for absent and hidden rows alike, ``Denied``.
    """
    return _get_one(caller, AuditEvent.decision == number)


def get_by_id(caller: Caller, event_id: int) -> AuditEvent:
    """Return one row by its id. Raises ``Missing`` for absent and hidden rows alike, ``Denied``."""
    return _get_one(caller, AuditEvent.id == event_id)


def find_explainable(
    caller: Caller,
    events: Iterable[AuditEvent],
    known: Mapping[str, OAuthClient],
    subjects: Mapping[int, Subject],
) -> frozenset[int]:
    """Return the rows whose evidence the caller may read too: callers who may ask explain for it (design §8).

    ``known`` and ``subjects`` are the objects that the rows name (``load_clients``,
    ``directory.load_subjects_by_id``).
    """
    return frozenset(
        event.id
        for event in events
        if _is_explainable(caller, event, known.get(event.client_id or ""), subjects.get(event.user_id or 0))
    )


def _is_explainable(
    caller: Caller, event: AuditEvent, client: OAuthClient | None, user: Subject | None
) -> bool:
    if client is not None and not registry.may_see_details(client, caller):
        return False
    of_permissions = "findings" in event.detail or event.action in OF_PERMISSIONS
    if user is None or caller.is_self(user.id) or not of_permissions:
        return True
    return bool(caller.allows(RequiredRight(Guard.VIEW_PERMISSIONS, user.customer_id)))


def load_clients(events: Iterable[AuditEvent]) -> dict[str, OAuthClient]:
    """Load the clients that these rows name, deleted ones included; one query."""
    ids = {event.client_id for event in events if event.client_id is not None}
    rows = db.session.execute(select(OAuthClient).where(OAuthClient.id.in_(ids))).scalars() if ids else ()
    return {client.id: client for client in rows}


def _get_one(caller: Caller, condition: Condition) -> AuditEvent:
    caller.require(GUARD)
    statement = select(AuditEvent).where(condition, _match_readable(caller)).order_by(AuditEvent.id).limit(1)
    event = db.session.execute(statement).scalar_one_or_none()
    if event is None:
        raise Missing("event")
    return event


def _match_readable(caller: Caller) -> Condition:
    reached = caller.list_reach(GUARD)
    if caller.question.tree.parents.keys() <= reached:
        return true()
    reach = search.limit_to_reach(caller, GUARD, Subject.customer_id)
    readable = [search.match_named(AuditEvent.user_id, Subject.id, reach)]
    roots = [c for c, parent in caller.question.tree.parents.items() if parent is None and c in reached]
    if roots:
        domains = {caller.question.tree.domains[root] for root in roots}
        of_clients = select(OAuthClient.id).where(OAuthClient.domain_id.in_(domains))
        nobodys = [AuditEvent.client_id.in_(of_clients)]
        if directory.get_home_domain().id in domains:
            nobodys += [
                AuditEvent.client_id.is_(None),
                AuditEvent.client_id.not_in(select(OAuthClient.id)),
            ]
        readable.append(and_(AuditEvent.user_id.is_(None), or_(*nobodys)))
    return or_(*readable)


def _build_filters(criteria: AuditCriteria) -> list[Condition]:
    conditions: list[Condition] = [
        column == text
        for column, text in (
            (AuditEvent.action, criteria.action),
            (AuditEvent.decision, criteria.decision),
            (AuditEvent.address, criteria.address),
        )
        if text
    ]
    if criteria.outcome:
        conditions.append(AuditEvent.outcome == criteria.outcome)
        # Repeated in the form of the partial index, which SQLite needs to use it.
        conditions += [AuditEvent.outcome != "success"] if criteria.outcome != "success" else []
    if criteria.who:
        acted = and_(AuditEvent.actor_name == criteria.who, AuditEvent.actor_name != AuditEvent.user_name)
        conditions.append(or_(AuditEvent.user_name == criteria.who, acted))
    if criteria.client:
        keys = names.list_keys(criteria.client)
        named = (OAuthClient.id == criteria.client) | OAuthClient.short_name_key.in_(keys)
        ids = db.session.execute(select(OAuthClient.id).where(named)).scalars()
        conditions.append(AuditEvent.client_id.in_([*ids]))
    return conditions + search.match_span(AuditEvent.at, criteria.span.start, criteria.span.end)
