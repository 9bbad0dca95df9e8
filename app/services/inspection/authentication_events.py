"""Authentication events (contract 3.9): the audit trail as the people concerned may read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_

from app.models.audit import AuditEvent
from app.models.directory import Subject
from app.services.access import search
from app.services.access.callers import Caller
from app.services.access.search import Condition
from app.services.access.search import Found
from app.services.access.search import Page
from app.services.administration import filter_names
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
    caller: Caller, customers: Sequence[str], domain: str | None, span: Span, page: Page
) -> Found[AuditEvent]:
    """List the events of users of these customers and all below, where the caller may see them, newest first.
    Without customers: of the caller's own. They are looked up in ``domain``. Raises ``Denied``, ``Invalid``.
    """
    caller.require(Guard.VIEW_USER_AUTHENTICATION_EVENTS)
    visible = search.limit_to_reach(caller, Guard.VIEW_USER_AUTHENTICATION_EVENTS, Subject.customer_id)
    domains = filter_names.resolve_domains([domain] if domain is not None else [])
    named = customers or (str(caller.question.user.customer),)
    of = filter_names.resolve_customer_groups(named, caller, domains=domains)
    visible &= search.limit_to(caller, of, Subject.customer_id)
    return _search(search.match_named(AuditEvent.user_id, Subject.id, visible), span, page)


def _search(condition: Condition, span: Span, page: Page) -> Found[AuditEvent]:
    span_of = search.match_span(AuditEvent.at, span.start, span.end)
    condition = and_(condition, AuditEvent.action.in_(list(ACTIONS)), *span_of)
    return search.fetch_page(AuditEvent, condition, page, [AuditEvent.at.desc(), AuditEvent.id.desc()])
