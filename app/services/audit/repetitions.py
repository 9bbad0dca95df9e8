"""What strangers and dead credentials can repeat: one row with a count, in a bounded number (decision 22).

Such a row is in no chain, so that counting changes nothing that is sealed. It keeps the number of its first
time, which every repetition answers; the rest of it is of the last time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete
from sqlalchemy import select

from app.extensions import db
from app.models.audit import AuditEvent
from app.policy import network
from app.services.unit_of_work import build_upsert

EVENT = AuditEvent.metadata.tables[AuditEvent.__tablename__]
# Rows that are counted, together; the one that happened last longest ago goes.
MOST_COUNTED = 5_000
# Rows that are alike in all of these, and come from one network, are one.
ALIKE = ("action", "outcome", "leg", "actor_id", "user_id", "client_id", "reasons")
LATEST = ("at", "actor_name", "user_name", "session", "address", "request_id", "detail")


def count_event(values: Mapping[str, Any]) -> str | None:
    """Write a row, or count one more of it; returns its decision number. Inside a unit of work."""
    made = build_upsert(EVENT).values(
        {**values, "repeat_key": _build_key(values), "times": 1, "since": values["at"]}
    )
    counted = db.session.execute(
        made.on_conflict_do_update(
            index_elements=[EVENT.c.repeat_key],
            index_where=EVENT.c.repeat_key.is_not(None),
            set_={name: made.excluded[name] for name in LATEST} | {"times": EVENT.c.times + 1},
        ).returning(EVENT.c.decision, EVENT.c.times)
    ).one()
    if counted.times == 1:
        _drop_oldest()
    number: str | None = counted.decision
    return number


def _drop_oldest() -> None:
    newest_first = select(EVENT.c.id).where(EVENT.c.repeat_key.is_not(None)).order_by(EVENT.c.at.desc())
    # On SQLite an offset needs a limit; nobody else waits for a row that another process just counts.
    over = newest_first.offset(MOST_COUNTED).limit(MOST_COUNTED).with_for_update(skip_locked=True)
    db.session.execute(delete(EVENT).where(EVENT.c.id.in_(over)))


def _build_key(values: Mapping[str, Any]) -> bytes:
    parts = [values[name] for name in ALIKE] + [network.name_network(values["address"])]
    return hashlib.sha256(json.dumps(parts, default=str).encode("ascii")).digest()
