"""Authentication events (contract 3.9): the audit trail as the people concerned may read it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from app.models.audit import AuditEvent
from app.models.directory import Subject
from app.services.access import search
from app.services.access.callers import Caller
from app.services.access.search import Condition
from app.services.access.search import Found
from app.services.access.search import Page
from app.services.guards import Guard

# The contract's names of our actions; other actions are not authentication events.
ACTIONS = {
    "login": "login",
    "user-block": "userBlocked",
    "user-unblock": "userUnblocked",
    "totp-enrol": "totpEnrolled",
    "webauthn-enrol": "keyEnrolled",
}


# Calls that only read: too many for the person concerned to read.
UNTOLD = ("introspect", "userinfo", "api", "page")


@dataclass(frozen=True, slots=True)
class Span:
    """Start and end of a time span, both included; ``None`` means no limit."""

    start: datetime | None = None
    end: datetime | None = None


def list_user_events(user_id: int, span: Span, page: Page) -> Found[AuditEvent]:
    """List the events of one user, newest first."""
    return _search(AuditEvent.user_id == user_id, span, page)


def list_account_events(user_id: int, page: Page) -> Found[AuditEvent]:
    """List everything recorded about one user or done by that user, newest first, for that user."""
    condition = (AuditEvent.user_id == user_id) & AuditEvent.action.not_in(UNTOLD)
    return search.fetch_page(AuditEvent, condition, page, [AuditEvent.at.desc(), AuditEvent.id.desc()])


def list_customer_events(
    caller: Caller, customers: Collection[int], domains: Collection[int], span: Span, page: Page
) -> Found[AuditEvent]:
    """List the events of users for whom the caller may see them, newest first. Raises ``Denied``."""
    caller.require(Guard.VIEW_USER_AUTHENTICATION_EVENTS)
    visible = search.limit_to_reach(caller, Guard.VIEW_USER_AUTHENTICATION_EVENTS, Subject.customer_id)
    if customers:
        tree = caller.question.tree
        below = [c for c in tree.parents if not frozenset(customers).isdisjoint(tree.list_ancestors(c))]
        visible &= Subject.customer_id.in_(below)
    if domains:
        visible &= Subject.domain_id.in_(list(domains))
    return _search(search.match_named(AuditEvent.user_id, Subject.id, visible), span, page)


def _search(condition: Condition, span: Span, page: Page) -> Found[AuditEvent]:
    condition = condition & AuditEvent.action.in_(list(ACTIONS))
    if span.start is not None:
        condition &= AuditEvent.at >= span.start
    if span.end is not None:
        condition &= AuditEvent.at <= span.end
    return search.fetch_page(AuditEvent, condition, page, [AuditEvent.at.desc(), AuditEvent.id.desc()])
