"""Encrypts what the database keeps anew, under the first of ``ARGUS_SECRET_KEYS``, so that another can go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import InvalidToken
from sqlalchemy import select
from sqlalchemy import update
from sqlalchemy.orm import InstrumentedAttribute

from app.extensions import db
from app.models.keys import SigningKey
from app.models.state import SystemState
from app.models.totp import TOTPGenerator
from app.services.audit import sealing
from app.services.audit import trail
from app.services.ops import readiness
from app.services.ops.bootstrap import OPERATOR
from app.services.problems import Problem
from app.services.tokens.keyring import keyring
from app.services.unit_of_work import run_in_transaction

BATCH = 500
# Every encrypted column, beside the key of its table.
SEALED: tuple[tuple[InstrumentedAttribute[Any], InstrumentedAttribute[Any]], ...] = (
    (SigningKey.kid, SigningKey.private_encrypted),
    (TOTPGenerator.user_id, TOTPGenerator.active_sealed),
    (TOTPGenerator.user_id, TOTPGenerator.pending_sealed),
)


def reseal_all() -> tuple[int, int]:
    """Encrypt everything anew, in batches; safe to repeat, and to interrupt.

    Returns the numbers of values encrypted, and of those that no key opens (they stay). At the end the
    database belongs to the signing key: a node without it refuses to start. Raises ``Problem`` if it belongs
    to none of the keys here.
    """
    if readiness.find_problem() == "keys":
        raise Problem(readiness.REPAIRS["keys"])
    resealed = unreadable = 0
    for key, column in SEALED:
        after: Any = None
        while rows := _load_batch(key, column, after):
            done = run_in_transaction(lambda rows=rows, key=key, column=column: _reseal(key, column, rows))  # type: ignore[misc]
            resealed, unreadable, after = resealed + done, unreadable + len(rows) - done, rows[-1][0]

    def finish() -> None:
        sealing.renew_mark()
        db.session.execute(update(SystemState).values(key_fingerprint=keyring().compute_fingerprint()))
        trail.record("keys-reseal", OPERATOR, detail={"key": keyring().signing, "unreadable": unreadable})

    run_in_transaction(finish)
    return resealed, unreadable


def _load_batch(
    key: InstrumentedAttribute[Any], column: InstrumentedAttribute[Any], after: Any
) -> Sequence[tuple[Any, Any]]:
    statement = select(key, column).where(column.is_not(None)).order_by(key).limit(BATCH)
    rows = db.session.execute(statement if after is None else statement.where(key > after))
    return [(identity, sealed) for identity, sealed in rows]


def _reseal(
    key: InstrumentedAttribute[Any], column: InstrumentedAttribute[Any], rows: Sequence[tuple[Any, Any]]
) -> int:
    """Encrypt values anew, unless somebody else wrote another one; returns the number of readable ones."""
    box, readable = keyring().build_box(), 0
    for identity, sealed in rows:
        try:
            anew = box.rotate(sealed)
        except InvalidToken:
            continue
        readable += 1
        db.session.execute(
            update(column.class_).where(key == identity, column == sealed).values({column: anew}),
            execution_options={"synchronize_session": False},
        )
    return readable
