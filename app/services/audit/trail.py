"""The audit trail: rows that record who did what, with which decision, and the true reason.

Rows are written in the transaction of the change they describe. A refusal that changes nothing is written in
its own unit (``record_refusal``), or counted (``repetitions``). Some changes are also mailed to the account's
owner (``notices.NOTICES``).
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import insert
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.audit import AuditEvent
from app.models.directory import Subject
from app.models.directory import User
from app.policy.answers import choose_api_status
from app.policy.facts import Decision
from app.policy.facts import Leg
from app.policy.facts import Question
from app.services.audit import findings
from app.services.audit import repetitions
from app.services.contact import NOWHERE
from app.services.contact import Contact
from app.services.mail import notices
from app.services.prepared import Prepared
from app.services.unit_of_work import change
from app.services.unit_of_work import run_in_transaction

log = structlog.get_logger("argus.audit")
# Built once: to build a statement costs more than to run it.
_INSERT = Prepared(insert(AuditEvent.__table__).inline())  # type: ignore[arg-type]
# The rules that refuse whatever the credential is used for.
DEAD = frozenset({"user_active", "credential_live", "login_session"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: the person or key that acts, not the one acted upon.

    ``acts_as`` is the user in whose name an impersonator acts. ``client_id``: the application that asked the
    person to do it.
    """

    id: int | None = None
    name: str | None = None
    session: str | None = None
    contact: Contact = NOWHERE
    acts_as: tuple[int, str] | None = None
    client_id: str | None = None


def find_concerned_user(subject: Subject) -> tuple[int, str] | None:
    """Return the user that a row is about, who may then read it; ``None`` for a group."""
    return (subject.id, subject.short_name) if isinstance(subject, User) else None


def record(
    action: str,
    actor: Actor,
    *,
    outcome: str = "success",
    decision: Decision | None = None,
    user: tuple[int, str] | None = None,
    client_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
    number: str | None = None,
    reasons: Sequence[str] = (),
    counted: bool = False,
) -> str | None:
    """Write one row in the current transaction; returns its number. ``detail`` must contain no secret.

    ``number`` and ``reasons`` are for refusals before a user is known. ``counted`` is for what strangers and
    dead credentials can repeat: then the number is that of the first time, and it must be the one answered.
    """
    why = [f.reason for f in decision.denials] if decision is not None else list(reasons)
    user, client_id = user or actor.acts_as, client_id or actor.client_id
    evidence: dict[str, Any] = dict(detail or {})
    if decision is not None:
        evidence["findings"] = findings.shorten(decision)
    values: dict[str, Any] = {
        "at": clock.now(),
        "action": action,
        "outcome": outcome,
        "leg": str(decision.leg) if decision is not None else None,
        "decision": decision.number if decision is not None else number,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "user_id": user[0] if user else actor.id,
        "user_name": user[1] if user else actor.name,
        "client_id": client_id,
        "session": actor.session,
        "address": actor.contact.address,
        "request_id": actor.contact.request_id,
        "reasons": why,
        "detail": evidence,
    }
    number = values["decision"]
    if counted:
        number = repetitions.count_event(values)
    else:
        change(_INSERT, values)
    if outcome in ("success", "alert"):
        notices.notify_owner(action, user[0] if user else actor.id)
    log.info(action, outcome=outcome, decision=number, actor=actor.name, client=client_id, reasons=why)
    return number


def record_refusal(
    action: str, actor: Actor, decision: Decision, question: Question | None = None
) -> Decision:
    """Record a refusal in its own unit of work: nothing else changed.

    Returns the decision with the number to answer: what a dead credential repeats keeps its first.
    """
    client = question.client.id if question is not None and question.client is not None else None
    user = (question.user.id, question.user.name) if question is not None else None
    number = run_in_transaction(
        lambda: record(
            action,
            actor,
            outcome="refused",
            decision=decision,
            user=user,
            client_id=client,
            counted=_is_credential_dead(decision),
        )
    )
    return replace(decision, number=number or decision.number)


def _is_credential_dead(decision: Decision) -> bool:
    """Tell whether the credential itself is refused, so that every call with it is.

    At authorize a person who is logged in may be refused: that is one's own affair, and a row of its own.
    """
    if decision.leg in (Leg.LIST, Leg.AUTHORIZE):
        return not DEAD.isdisjoint(finding.rule for finding in decision.denials)
    return choose_api_status(decision) == 401


def record_alert(
    action: str,
    actor: Actor,
    *,
    client_id: str | None = None,
    detail: Mapping[str, Any],
    counted: bool = False,
) -> None:
    """Record something that an operator should look at, in the current transaction; ``counted`` as above."""
    record(action, actor, outcome="alert", client_id=client_id, detail=detail, counted=counted)
    log.warning(action, client=client_id, **detail)


def find_by_decision(number: str) -> AuditEvent | None:
    """Find the row of a decision number."""
    statement = select(AuditEvent).where(AuditEvent.decision == number).order_by(AuditEvent.id)
    return db.session.execute(statement).scalars().first()


def was_refused(user_id: int, client_id: str) -> bool:
    """Tell whether this user ever got a decision about this client."""
    statement = select(AuditEvent.id).where(AuditEvent.user_id == user_id, AuditEvent.client_id == client_id)
    return db.session.execute(statement.limit(1)).first() is not None
