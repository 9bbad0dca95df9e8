"""Addresses from which an account or a client authenticated before: strangers elsewhere do not stop it there.

Only a successful authentication adds one. A few for each owner are kept, for some weeks after the last use.
"""

from __future__ import annotations

import hmac
from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlalchemy import delete
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.throttle import KnownSource
from app.services.tokens.keyring import keyring
from app.services.unit_of_work import build_upsert
from app.services.unit_of_work import run_in_transaction

TABLE = KnownSource.metadata.tables[KnownSource.__tablename__]
LIFETIME = timedelta(weeks=8)
MOST_OF_ONE = 20
# A use is noted again only after this time, so that most of them write nothing.
NOTED_EACH = timedelta(days=1)


def is_known(owner: str, source: str) -> bool:
    """Tell whether this owner authenticated from this source lately."""
    seen = db.session.execute(select(TABLE.c.seen_at).where(*_match(owner, source))).scalar_one_or_none()
    return seen is not None and seen > clock.now() - LIFETIME


def remember(owner: str, source: str) -> None:
    """Note a successful authentication, in its own unit of work; the oldest of too many is forgotten."""
    now = clock.now()
    seen = db.session.execute(select(TABLE.c.seen_at).where(*_match(owner, source))).scalar_one_or_none()
    if seen is None or seen <= now - NOTED_EACH:
        run_in_transaction(lambda: _store(owner, source))


def match_old() -> ColumnElement[bool]:
    """Match what was not used for long."""
    return TABLE.c.seen_at <= clock.now() - LIFETIME


def _store(owner: str, source: str) -> None:
    now, mine = clock.now(), _hash(owner)
    made = build_upsert(TABLE).values(owner=mine, source=_hash(source), seen_at=now)
    db.session.execute(
        made.on_conflict_do_update(index_elements=[TABLE.c.owner, TABLE.c.source], set_={"seen_at": now})
    )
    kept = select(TABLE.c.source).where(TABLE.c.owner == mine).order_by(TABLE.c.seen_at.desc())
    db.session.execute(
        delete(TABLE).where(TABLE.c.owner == mine, TABLE.c.source.not_in(kept.limit(MOST_OF_ONE)))
    )


def _match(owner: str, source: str) -> tuple[ColumnElement[bool], ...]:
    return TABLE.c.owner == _hash(owner), TABLE.c.source == _hash(source)


def _hash(text: str) -> bytes:
    # The same on every node, in whatever order it holds the keys.
    key = keyring().derive("known-source", keyring().eldest) or b""
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256")[:16]
