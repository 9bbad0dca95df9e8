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
from app.policy.network import canonical_address
from app.schemas.searching import to_moment
from app.services.access import directory
from app.services.access import gate
from app.services.access.callers import Caller
from app.services.administration import visibility
from app.services.audit import verification
from app.services.guards import Guard
from app.services.inspection import audit_search
from app.services.inspection.audit_search import AuditCriteria
from app.services.inspection.audit_search import Leaf
from app.services.inspection.authentication_events import Span
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing
from app.web.console import audit_line
from app.web.console import decisions
from app.web.console import listing
from app.web.entries import Entry
from app.web.pages import Page
from app.web.pages import page

blueprint = Blueprint("auditlog", __name__, url_prefix="/console/audit")
FILTERS = ("who", "client", "outcome", "action", "decision", "address", "from", "to")
MINUTE = re.compile(r"T\d\d:\d\dZ?$", re.ASCII)


@blueprint.get("/")
@page
def index(caller: Caller) -> Page:
    """List the entries the caller may read, filtered; the page also tells whether the log is unchanged."""
    entry, rows = Entry({name: request.args.get(name, "").strip() for name in FILTERS}), listing.asked_page()
    try:
        leaf = audit_search.found(caller, _criteria(entry), rows)
    except Invalid as problem:
        leaf, entry = Leaf([], rows, more=False), entry.refused(problem)
    return render_template(
        "console/audit/list.html",
        leaf=leaf,
        link=listing.link,
        entry=entry,
        checked=verification.check(verification.NEWEST),
        unfit=verification.unfit(leaf.rows),
        line=audit_line.line_of,
        **_names(caller, leaf.rows),
    )


@blueprint.get("/<decision>")
@page
def show(caller: Caller, decision: str) -> Page:
    """Show the entry of one decision."""
    return _shown(caller, audit_search.of_decision(caller, gate.number_read(decision)))


@blueprint.get("/entry/<int:number>")
@page
def entry(caller: Caller, number: int) -> Page:
    """Show one entry, with or without a decision."""
    if number > 2**63 - 1:
        raise Missing("event")
    return _shown(caller, audit_search.of_id(caller, number))


def _shown(caller: Caller, event: AuditEvent) -> Page:
    return render_template(
        "console/audit/show.html",
        event=event,
        unfit=event.id in verification.unfit([event]),
        checks=decisions.checks_of(event),
        reasons=decisions.why_refused(event),
        changes=decisions.changes_of(event),
        rest=decisions.rest_of(event),
        moment_of=decisions.moment_name(event.leg),
        **_names(caller, [event]),
    )


def _criteria(entry: Entry) -> AuditCriteria:
    """Read the filters of the form. Raises ``Invalid`` for each one that cannot be read."""
    problems: list[FieldProblem] = []
    start, end = _moment(entry, "from", problems), _moment(entry, "to", problems)
    address = entry.value("address")
    canonical = canonical_address(address) if address else None
    if address and canonical is None:
        problems.append(FieldProblem("address", "Write one IPv4 or IPv6 address."))
    if problems:
        raise Invalid(*problems)
    return AuditCriteria(
        who="".join(listing.chosen("who")),
        client="".join(listing.chosen("client")),
        action="".join(listing.chosen("action")),
        outcome="".join(listing.chosen("outcome")),
        decision=gate.number_read(entry.value("decision")),
        address=str(canonical or ""),
        span=Span(start, end),
    )


def _moment(entry: Entry, name: str, problems: list[FieldProblem]) -> datetime | None:
    """Parse a time as the API does, or as a browser's field sends it; a minute includes its end."""
    text = entry.value(name)
    moment = to_moment(text) or to_moment(f"{text}Z")
    if text and moment is None:
        problems.append(FieldProblem(name, "Write a day and a time such as 2026-01-31T14:00."))
    if moment is not None and name == "to" and MINUTE.search(text):
        moment += timedelta(seconds=59, microseconds=999_999)
    return moment


def _names(caller: Caller, events: Sequence[AuditEvent]) -> dict[str, object]:
    """Load the names of objects in the entries, their links, and which entries may be read completely.

    It makes a fixed number of queries.
    """
    subjects = directory.subjects_by_id({e.user_id or 0 for e in events} | {e.actor_id or 0 for e in events})
    known = audit_search.clients_of(events)
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
        and listing.may(caller, Guard.VIEW_OAUTH_CLIENTS, one.customer_id)
    }
    readable = audit_search.explainable(caller, events, known, subjects)
    return {"people": people_urls, "clients": known, "client_urls": client_urls, "readable": readable}
