"""What counts once, remembered by a row until it would have expired by itself.

Only who is authenticated, or logged in, uses something up: strangers add no row (docs/decisions/032).
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy import Table

from app import clock
from app.extensions import db
from app.models.single_use import UsedOnce
from app.services.unit_of_work import build_upsert

USED: Table = UsedOnce.__table__  # type: ignore[assignment]


def use_up(kind: str, text: str, until: datetime) -> bool:
    """Note inside a unit of work that this was used; false if it was used before.

    One statement: of any number of uses at once exactly one gets ``True``.
    """
    digest = hashlib.sha256(f"{kind}/{text}".encode("utf-8", "surrogatepass")).digest()
    added = build_upsert(USED).values(digest=digest, kept_until=until).on_conflict_do_nothing()
    return db.session.execute(added.returning(USED.c.digest)).first() is not None


def match_old() -> ColumnElement[bool]:
    """Match what has expired by itself."""
    return USED.c.kept_until < clock.now()
