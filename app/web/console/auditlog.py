"""The audit log: actions, decisions and refusals, newest first; each entry with all its reasons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from datetime import timedelta

from flask import Blueprint
from flask import current_app
from flask import render_template
from flask import request
from flask import url_for

from app.models.audit import AuditEvent
from app.policy.network import canonicalise_address
from app.schemas.searching import to_moment
from app.services.access import directory
from app.services.access import gate
from app.services.access.callers import Caller
from app.services.administration import visibility
from app.services.audit import verification
from app.services.guards import Guard
from app.services.inspection import audit_search
from app.services.inspection.audit_search import AuditCriteria
from app.services.inspection.audit_search import AuditPage
from app.services.inspection.authentication_events import Span
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing
from app.web.console import audit_line
from app.web.console import decisions
from app.web.console import listing
from app.web.form_values import FormValues
from app.web.pages import Page
from app.web.pages import require_login

blueprint = Blueprint("auditlog", __name__, url_prefix="/console/audit")
FILTERS = ("who", "client", "outcome", "action", "decision", "address", "from", "to")
MINUTE = re.compile(r"T\d\d:\d\dZ?$", re.ASCII)


@blueprint.get("/")
@require_login
def index(caller: Caller) -> Page:
    """List the entries the caller may read, filtered; the page also tells whether the log is unchanged."""
    entry, rows = (
        FormValues({name: request.args.get(name, "").strip() for name in FILTERS}),
        listing.read_page(),
    )
    try:
        leaf = audit_search.search_audit(caller, _read_criteria(caller, entry), rows)
    except Invalid as problem:
        leaf, entry = AuditPage([], rows, more=False), entry.with_problems(problem)
    return render_template(
        "console/audit/list.html",
        leaf=leaf,
        link=listing.link_to_offset,
        entry=entry,
        checked=verification.check_chain(verification.NEWEST),
        unfit=verification.find_unfit(leaf.rows),
        line=audit_line.describe_event_line,
        **_load_names(caller, leaf.rows),
    )


@blueprint.get("/<decision>")
@require_login
def show(caller: Caller, decision: str) -> Page:
    """Show the entry of one decision."""
    return _render_event(
        caller, audit_search.get_by_decision(caller, gate.normalise_decision_number(decision))
    )


@blueprint.get("/entry/<int:number>")
@require_login
def entry(caller: Caller, number: int) -> Page:
    """Show one entry, with or without a decision."""
    if number > 2**63 - 1:
        raise Missing("event")
    return _render_event(caller, audit_search.get_by_id(caller, number))


def _render_event(caller: Caller, event: AuditEvent) -> Page:
    return render_template(
        "console/audit/show.html",
        event=event,
        unfit=event.id in verification.find_unfit([event]),
        checks=decisions.list_checks(event),
        reasons=decisions.list_refusal_reasons(event),
        changes=decisions.list_changes(event),
        rest=decisions.list_other_fields(event),
        moment_of=decisions.label_moment(event.leg),
        **_load_names(caller, [event]),
    )


def _read_criteria(caller: Caller, entry: FormValues) -> AuditCriteria:
    """Read the filters of the form. Raises ``Invalid`` for each one that cannot be read."""
    problems: list[FieldProblem] = []
    start, end = _parse_moment(entry, "from", problems), _parse_moment(entry, "to", problems)
    address = entry.get_value("address")
    canonical = canonicalise_address(address) if address else None
    if address and canonical is None:
        problems.append(FieldProblem("address", "Write one IPv4 or IPv6 address."))
    if problems:
        raise Invalid(*problems)
    return AuditCriteria(
        who="".join(listing.read_choice(caller, "who")),
        client="".join(listing.read_choice(caller, "client")),
        action="".join(listing.read_choice(caller, "action")),
        outcome="".join(listing.read_choice(caller, "outcome")),
        decision=gate.normalise_decision_number(entry.get_value("decision")),
        address=str(canonical or ""),
        span=Span(start, end),
    )


def _parse_moment(entry: FormValues, name: str, problems: list[FieldProblem]) -> datetime | None:
    """Parse a time as the API does, or as a browser's field sends it; a minute includes its end."""
    text = entry.get_value(name)
    moment = to_moment(text) or to_moment(f"{text}Z")
    if text and moment is None:
        problems.append(FieldProblem(name, "Write a day and a time such as 2026-01-31T14:00."))
    if moment is not None and name == "to" and MINUTE.search(text):
        moment += timedelta(seconds=59, microseconds=999_999)
    return moment


def _load_names(caller: Caller, events: Sequence[AuditEvent]) -> dict[str, object]:
    """Load the names of objects in the entries, their links, and which entries may be read completely.

    It makes a fixed number of queries.
    """
    subjects = directory.load_subjects_by_id(
        {e.user_id or 0 for e in events} | {e.actor_id or 0 for e in events}
    )
    known = audit_search.load_clients(events)
    people_urls = {
        one.id: url_for("users.show", user=one.id)
        for one in subjects.values()
        if one.deleted_at is None and visibility.may_see(caller, one)
    }
    client_urls = {
        one.id: url_for("clients.show", client=one.id)
        for one in known.values()
        if "clients.show" in current_app.view_functions
        and one.deleted_at is None
        and listing.is_allowed(caller, Guard.VIEW_OAUTH_CLIENTS, one.customer_id)
    }
    readable = audit_search.find_explainable(caller, events, known, subjects)
    return {"people": people_urls, "clients": known, "client_urls": client_urls, "readable": readable}
