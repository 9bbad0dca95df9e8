"""Verify that the audit trail is as it was sealed: nothing changed, added, moved or removed. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select
from sqlalchemy import func
from sqlalchemy import select

from app.extensions import db
from app.models.audit import AuditEvent
from app.models.audit import AuditHead
from app.services.audit import chain
from app.services.audit.chain import UnknownKey
from app.services.audit.sealing import UNSEALED
from app.services.tokens.keyring import keyring

BATCH = 500
# The number of rows that a page verifies each time.
NEWEST = 200
EVENT = AuditEvent.metadata.tables[AuditEvent.__tablename__]
HEAD = AuditHead.metadata.tables[AuditHead.__tablename__]
MISSING = "An entry was deleted here."
CHANGED = "This entry was changed, or another was put in its place."
UNREADABLE = "This entry was changed: it cannot be read any more."
FOREIGN_KEY = (
    "This was sealed under a key that is no longer among ARGUS_SECRET_KEYS: put it back, as the last."
)
CUT = "The newest entries were deleted, from here on."
ADDED = "Entries were added after the end of the chain, from here on."
NO_END = "The end of the chain is missing: it was deleted, or 'argus-idp upgrade' was not run."
WRONG_END = "The end of the chain was changed: nothing is sealed any more."


@dataclass(frozen=True, slots=True)
class ChainFault:
    """The first fault: its place in the chain, and its row if there is one."""

    what: str
    place: int | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class ChainReport:
    """``sealed`` rows in total, of which the newest ``checked`` were verified;
    ``waiting`` are not sealed yet.
    """

    sealed: int = 0
    checked: int = 0
    waiting: int = 0
    until: datetime | None = None
    end: str = ""
    wrong: ChainFault | None = None


@dataclass(slots=True)
class _Position:
    """The current position in the chain: the place, its seal, and the time of its row."""

    place: int
    seal: bytes
    until: datetime | None = None


def check_chain(newest: int | None = None) -> ChainReport:
    """Verify the whole chain, or its ``newest`` rows, in batches."""
    # One statement, so that end and rows are from the same moment.
    last = select(func.max(EVENT.c.place)).where(EVENT.c.place.is_not(None)).scalar_subquery()
    waiting = select(func.count()).where(*UNSEALED).scalar_subquery()
    head = db.session.execute(select(HEAD, last.label("last"), waiting.label("waiting"))).one_or_none()
    if head is None:
        return ChainReport(wrong=ChainFault(NO_END))
    after = max(0, head.place - newest) if newest is not None else 0
    walk = _Position(after, chain.START)
    wrong = _check_end(head) or _find_start(walk) or _walk(walk, head.place)
    if wrong is None and (walk.place, walk.seal) != (head.place, head.seal):
        wrong = ChainFault(CUT, walk.place + 1)
    if wrong is None and (head.last or 0) > head.place:
        wrong = ChainFault(ADDED, head.place + 1)
    end = f"{head.place}:{bytes(head.seal).hex()}"
    return ChainReport(head.place, walk.place - after, head.waiting, walk.until, end, wrong)


def find_unfit(events: Sequence[AuditEvent]) -> frozenset[int]:
    """Return the ids of rows that do not match their seals; one query. Unsealed rows are not judged."""
    rows = [{column.key: getattr(event, column.key) for column in EVENT.columns} for event in events]
    rows = [row for row in rows if row["place"] is not None]
    before = _load_seals([row["place"] - 1 for row in rows])
    walks = ((row, _Position(row["place"] - 1, before.get(row["place"] - 1, b""))) for row in rows)
    return frozenset(row["id"] for row, walk in walks if _check_row(walk, row) is not None)


def contains_end(end: str) -> bool:
    """Tell whether an end noted earlier, ``place:seal``, is still part of the chain."""
    place, _, seal = end.strip().partition(":")
    if not (place.isascii() and place.isdigit() and len(place) <= 18):
        return False
    found = _load_seals([int(place)]).get(int(place))
    return found is not None and found.hex() == seal.lower()


def _check_end(head: Any) -> ChainFault | None:
    try:
        genuine = chain.is_marked(keyring(), head.mark, head.place, head.seal)
    except UnknownKey:
        return ChainFault(FOREIGN_KEY)
    return None if genuine else ChainFault(WRONG_END)


def _find_start(walk: _Position) -> ChainFault | None:
    before = _load_seals([walk.place]).get(walk.place)
    if before is None:
        return ChainFault(MISSING, walk.place)
    walk.seal = before
    return None


def _walk(walk: _Position, end: int) -> ChainFault | None:
    """Verify up to the last row before ``end``, or up to the first fault."""
    most = BATCH
    while True:
        try:
            rows = _load_rows(select(EVENT), walk.place, end, most)
        except (ValueError, TypeError):
            # A row contains an invalid time or invalid JSON. Go row by row to find it.
            if most == 1:
                (found,) = _load_rows(select(EVENT.c.place, EVENT.c.id), walk.place, end, 1)
                return ChainFault(UNREADABLE, found["place"], found["id"])
            most = 1
            continue
        for row in rows:
            wrong = _check_row(walk, row)
            if wrong is not None:
                return wrong
            walk.place, walk.seal, walk.until = row["place"], row["seal"], row["at"]
        if len(rows) < most:
            return None


def _load_rows(columns: Select[Any], after: int, end: int, most: int) -> list[dict[str, Any]]:
    statement = columns.where(EVENT.c.place > after, EVENT.c.place <= end).order_by(EVENT.c.place)
    return [dict(row._mapping) for row in db.session.execute(statement.limit(most))]


def _check_row(walk: _Position, row: Mapping[str, Any]) -> ChainFault | None:
    if row["place"] != walk.place + 1:
        return ChainFault(MISSING, walk.place + 1)
    try:
        fits = chain.is_sealed(keyring(), walk.seal, row)
    except UnknownKey:
        return ChainFault(FOREIGN_KEY, row["place"], row["id"])
    return None if fits else ChainFault(CHANGED, row["place"], row["id"])


def _load_seals(places: Sequence[int]) -> dict[int, bytes]:
    """Return seals by place; place 0 has the seal that every chain starts with."""
    statement = select(EVENT.c.place, EVENT.c.seal).where(EVENT.c.place.in_(places))
    found = {row.place: row.seal for row in db.session.execute(statement) if row.seal is not None}
    return found | {0: chain.START}
