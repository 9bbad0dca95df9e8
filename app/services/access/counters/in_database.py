"""Counters in the database: shared by every process and every machine that serves it.

Each step is one short unit of work of its own, so it must not be called inside another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlalchemy import case
from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.throttle import ThrottleCounter
from app.services.access.counters.interface import Counter
from app.services.unit_of_work import build_upsert
from app.services.unit_of_work import run_in_transaction

TABLE = ThrottleCounter.metadata.tables[ThrottleCounter.__tablename__]
# Expired counters deleted with each step: more than a step can add.
PRUNED = 20


class _Full(Exception):
    """Ends the unit, so that nothing is counted."""


class DatabaseCounters:
    """The rows of ``throttle_counter``."""

    def take(self, counters: Sequence[Counter]) -> int:
        # Always in the same order: two processes that count the same keys wait, and do not block each other.
        ordered = sorted(counters, key=lambda one: one.key)
        try:
            run_in_transaction(lambda: _take(ordered))
        except _Full:
            return _find_wait(ordered)
        return 0

    def settle(self, cleared: Sequence[Counter], returned: Sequence[Counter]) -> None:
        run_in_transaction(lambda: _settle(cleared, returned))


def match_old() -> ColumnElement[bool]:
    """Match expired counters."""
    return TABLE.c.ends_at <= clock.now()


def prune_counters(most: int) -> None:
    """Delete up to ``most`` expired counters. Inside a unit of work."""
    over = select(TABLE.c.key).where(match_old()).limit(most)
    db.session.execute(delete(TABLE).where(TABLE.c.key.in_(over.with_for_update(skip_locked=True))))


def _take(counters: Sequence[Counter]) -> None:
    now = clock.now()
    for one in counters:
        if not _count(one, now):
            raise _Full
    prune_counters(PRUNED)


def _count(one: Counter, now: datetime) -> bool:
    """Count one by one statement: it changes no row if the counter is full."""
    made = build_upsert(TABLE).values(key=one.key, count=1, ends_at=now + timedelta(seconds=one.seconds))
    over = TABLE.c.ends_at <= now
    counted = made.on_conflict_do_update(
        index_elements=[TABLE.c.key],
        set_={
            "count": case((over, 1), else_=TABLE.c.count + 1),
            "ends_at": case((over, made.excluded.ends_at), else_=TABLE.c.ends_at),
        },
        where=or_(over, TABLE.c.count < one.limit),
    ).returning(TABLE.c.count)
    return db.session.execute(counted).scalar_one_or_none() is not None


def _find_wait(counters: Sequence[Counter]) -> int:
    """Return the seconds until none is full; 1 if none is any more."""
    now = clock.now()
    full = or_(*((TABLE.c.key == one.key) & (TABLE.c.count >= one.limit) for one in counters))
    last = db.session.execute(
        select(func.max(TABLE.c.ends_at)).where(TABLE.c.ends_at > now, full)
    ).scalar_one()
    return int((last - now).total_seconds()) + 1 if last is not None else 1


def _settle(cleared: Sequence[Counter], returned: Sequence[Counter]) -> None:
    steps = [(one.key, None) for one in cleared] + [(one.key, TABLE.c.count - 1) for one in returned]
    for key, left in sorted(steps, key=lambda step: step[0]):
        if left is None:
            db.session.execute(delete(TABLE).where(TABLE.c.key == key))
        else:
            db.session.execute(update(TABLE).where(TABLE.c.key == key, TABLE.c.count > 0).values(count=left))
