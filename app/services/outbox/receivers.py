"""Who is called next, and what became of it: leases, pauses and the end of patience.

A receiver is called by one worker at a time: a lease, taken by compare-and-swap, that runs out by itself if
the worker is killed. What was called and not noted is called again. A receiver that fails rests, ever longer,
and only its own messages wait.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import timedelta

import structlog
from sqlalchemy import ColumnElement
from sqlalchemy import Table
from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.outbox import Delivery
from app.models.outbox import Receiver
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.outbox.occurrences import CLIENT
from app.services.outbox.occurrences import HEARS

# Longer than a worker calls one receiver without a word (``calls``).
LEASE = timedelta(seconds=60)
BATCH = 50
# Who does not take a message for so long is not told it any more.
PATIENCE = timedelta(days=1)
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 10, 900
# After the first refusals of a message; one more is the last.
REFUSED_PAUSES = (timedelta(minutes=1), timedelta(minutes=5))
# Rows that one unit takes away.
MOST_REMOVED = 1000
DELIVERY: Table = Delivery.__table__  # type: ignore[assignment]
RECEIVER: Table = Receiver.__table__  # type: ignore[assignment]
OUTBOX = Actor(name="outbox")
log = structlog.get_logger("argus.outbox")


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery: the user and the login that ended."""

    id: int
    user_id: int
    sid: str


@dataclass(frozen=True, slots=True)
class Call:
    """What one receiver is told now, and until when it is ours."""

    client_id: str
    uri: str
    algorithm: str
    messages: tuple[Message, ...]
    claimed_until: datetime


@dataclass(slots=True)
class Outcome:
    """What it took, and what it refused; ``problem``: it answered nothing, or in no sense, to one more."""

    taken: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    problem: str | None = None


def list_due(most: int) -> list[str]:
    """List receivers that something waits for, the longest waiting first."""
    now = clock.now()
    statement = select(RECEIVER.c.id).where(RECEIVER.c.next_at <= now, _match_unclaimed(now))
    return list(db.session.execute(statement.order_by(RECEIVER.c.next_at).limit(most)).scalars())


def claim(client_id: str) -> Call | None:
    """Take the receiver for a while, with its next messages; ``None`` if there is nothing to do for it now.

    Inside a unit of work.
    """
    now = clock.now()
    until = now + LEASE
    mine = RECEIVER.c.id == client_id, RECEIVER.c.next_at <= now, _match_unclaimed(now)
    if not db.session.execute(update(RECEIVER).where(*mine).values(claimed_until=until)).rowcount:  # type: ignore[attr-defined]
        return None
    client = db.session.execute(
        select(CLIENT.c.backchannel_logout_uri, CLIENT.c.id_token_signed_response_alg).where(
            CLIENT.c.id == client_id, *HEARS
        )
    ).one_or_none()
    if client is None:
        _remove(client_id, clock.now())
        _let_rest(client_id)
        return None
    late = _remove(client_id, now - PATIENCE)
    if late:
        record_untold(client_id, "not taken in time", late)
    found = db.session.execute(
        select(DELIVERY.c.id, DELIVERY.c.user_id, DELIVERY.c.sid)
        .where(
            DELIVERY.c.receiver_id == client_id,
            DELIVERY.c.created_at >= now - PATIENCE,
            or_(DELIVERY.c.not_before.is_(None), DELIVERY.c.not_before <= now),
        )
        .order_by(DELIVERY.c.id)
        .limit(BATCH)
    )
    messages = tuple(Message(*row) for row in found)
    if not messages:
        _let_rest(client_id)
        return None
    return Call(
        client_id, client.backchannel_logout_uri, client.id_token_signed_response_alg, messages, until
    )


def finish(call: Call, outcome: Outcome) -> None:
    """Note what became of a call, and when the receiver is called next. Inside a unit of work."""
    mine = RECEIVER.c.id == call.client_id, RECEIVER.c.claimed_until == call.claimed_until
    before = db.session.execute(
        select(RECEIVER.c.failures).where(*mine).with_for_update()
    ).scalar_one_or_none()
    if outcome.taken:
        db.session.execute(delete(DELIVERY).where(DELIVERY.c.id.in_(outcome.taken)))
    _note_refusals(call, outcome.refused)
    if before is None:  # we took too long, and somebody else has it now
        return
    if outcome.problem is None:
        db.session.execute(update(RECEIVER).where(*mine).values(failures=0))
        _let_rest(call.client_id)
        return
    failures = (0 if outcome.taken or outcome.refused else before) + 1
    next_at = clock.now() + _choose_pause(failures)
    db.session.execute(
        update(RECEIVER).where(*mine).values(failures=failures, next_at=next_at, claimed_until=None)
    )
    log.warning(
        "logout-not-taken",
        client=call.client_id,
        problem=outcome.problem,
        failures=failures,
        next_at=next_at.isoformat(timespec="seconds"),
    )


def _note_refusals(call: Call, refused: list[int]) -> None:
    """Ask again later what was refused (400: the log-out failed, or is not understood); in the end, not."""
    if not refused:
        return
    rows = db.session.execute(
        select(DELIVERY.c.id, DELIVERY.c.refusals).where(DELIVERY.c.id.in_(refused))
    ).all()
    last = [row.id for row in rows if row.refusals >= len(REFUSED_PAUSES)]
    for refusals, pause in enumerate(REFUSED_PAUSES):
        again = [row.id for row in rows if row.refusals == refusals]
        db.session.execute(
            update(DELIVERY)
            .where(DELIVERY.c.id.in_(again))
            .values(refusals=refusals + 1, not_before=clock.now() + pause)
        )
    if last:
        db.session.execute(delete(DELIVERY).where(DELIVERY.c.id.in_(last)))
        record_untold(call.client_id, "refused", len(last))
    log.warning("logout-refused", client=call.client_id, count=len(rows))


def _let_rest(client_id: str) -> None:
    """Give the receiver back: due when its next message is, or when another comes.

    Its row is locked by now, and whoever adds a message locks it first: none is overlooked.
    """
    waits_until = func.coalesce(DELIVERY.c.not_before, DELIVERY.c.created_at)
    earliest = db.session.execute(
        select(waits_until).where(DELIVERY.c.receiver_id == client_id).order_by(waits_until).limit(1)
    ).scalar_one_or_none()
    next_at = None if earliest is None else max(earliest, clock.now())
    db.session.execute(
        update(RECEIVER).where(RECEIVER.c.id == client_id).values(claimed_until=None, next_at=next_at)
    )


def _remove(client_id: str, before: datetime) -> int:
    """Take some messages away that are older; returns the number."""
    old = (
        select(DELIVERY.c.id)
        .where(DELIVERY.c.receiver_id == client_id, DELIVERY.c.created_at < before)
        .order_by(DELIVERY.c.id)
        .limit(MOST_REMOVED)
    )
    return int(db.session.execute(delete(DELIVERY).where(DELIVERY.c.id.in_(old))).rowcount)  # type: ignore[attr-defined]


def record_untold(client_id: str, why: str, count: int) -> None:
    """Record that an application will not be told of so many log-outs."""
    detail = {"why": why, "count": count}
    trail.record_alert("logout-not-told", OUTBOX, client_id=client_id, detail=detail, counted=True)


def _match_unclaimed(now: datetime) -> ColumnElement[bool]:
    return or_(RECEIVER.c.claimed_until.is_(None), RECEIVER.c.claimed_until <= now)


def _choose_pause(failures: int) -> timedelta:
    """Choose a pause that doubles, and differs from receiver to receiver."""
    seconds = min(FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 20), LONGEST_PAUSE_SECONDS)
    return timedelta(seconds=seconds * (75 + secrets.randbelow(51)) / 100)
