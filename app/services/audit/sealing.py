"""Adds committed audit rows to the chain, in batches, after the commit (design decision 22).

A row gets its place when it becomes visible, whatever its id, so that a row committed late is not missed. One
sealer works at a time: on PostgreSQL it locks the row of the head, on SQLite the database.
"""

from __future__ import annotations

from sqlalchemy import bindparam
from sqlalchemy import exists
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from app.extensions import db
from app.models.audit import AuditEvent
from app.models.audit import AuditHead
from app.services.audit import chain
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.tokens.keyring import keyring
from app.services.unit_of_work import run_in_transaction

BATCH = 200
EVENT = AuditEvent.metadata.tables[AuditEvent.__tablename__]
HEAD = AuditHead.metadata.tables[AuditHead.__tablename__]
# Rows that are counted are in no chain: they go on changing.
UNSEALED = (EVENT.c.place.is_(None), EVENT.c.repeat_key.is_(None))


class BrokenChain(Exception):
    """The end of the chain does not match its mark: sealing further rows would hide a deletion."""


def begin_chain() -> None:
    """Create the end of an empty chain, if there is none. Only commands do this, never a server.

    Run it in a unit of work. Rows older than the chain are sealed as they are now, and a row records this.
    """
    if db.session.execute(select(exists().where(HEAD.c.id == 1))).scalar_one():
        return
    if db.session.execute(select(exists().where(EVENT.c.place.is_not(None)))).scalar_one():
        return  # there was a chain, and somebody took its end away: ``verify`` says so
    db.session.execute(insert(HEAD).values(id=1, **_build_end(0, chain.START)))
    if db.session.execute(select(exists().where(EVENT.c.id.is_not(None)))).scalar_one():
        trail.record("audit-begin", Actor(name="operator"))


def renew_mark() -> None:
    """Mark the end of the chain under the signing key, so that no other is needed to go on.

    Inside a unit of work. Raises ``BrokenChain``.
    """
    head = db.session.execute(select(HEAD).with_for_update()).one_or_none()
    if head is None:
        return
    if not chain.is_marked(keyring(), head.mark, head.place, head.seal):
        raise BrokenChain("the end of the chain was changed")
    db.session.execute(update(HEAD).values(**_build_end(head.place, head.seal)))


def seal_some(most: int = BATCH) -> int:
    """Seal up to ``most`` rows in their own unit of work; returns the number.

    Returns 0 if there is nothing to do or another process is sealing. Raises ``BrokenChain``.
    """
    waiting, begun = db.session.execute(
        select(exists().where(*UNSEALED), exists().where(HEAD.c.id == 1))
    ).one()
    if not waiting:
        return 0
    if not begun:
        raise BrokenChain("the chain has no end")
    return run_in_transaction(lambda: _seal(most))


def _seal(most: int) -> int:
    head = db.session.execute(select(HEAD).with_for_update(skip_locked=True)).one_or_none()
    if head is None:
        return 0
    ring = keyring()
    if not chain.is_marked(ring, head.mark, head.place, head.seal):
        raise BrokenChain("the end of the chain was changed")
    rows = db.session.execute(select(EVENT).where(*UNSEALED).order_by(EVENT.c.id).limit(most))
    place, last, sealed = head.place, head.seal, []
    for row in rows.mappings():
        place += 1
        last = chain.compute_seal(ring, last, {**row, "place": place})
        sealed.append({"event": row["id"], "its_place": place, "its_seal": last})
    if sealed:
        db.session.execute(
            update(EVENT)
            .where(EVENT.c.id == bindparam("event"))
            .values(place=bindparam("its_place"), seal=bindparam("its_seal")),
            sealed,
        )
        db.session.execute(update(HEAD).values(**_build_end(place, last)))
    return len(sealed)


def _build_end(place: int, last: bytes) -> dict[str, int | bytes]:
    return {"place": place, "seal": last, "mark": chain.compute_mark(keyring(), place, last)}
