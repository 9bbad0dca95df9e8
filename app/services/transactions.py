"""Authorize transactions: a validated request kept until its own login answers it (security rule 35)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.sessions import AuthorizeTransaction
from app.services.tokens import new_id

LIFE = timedelta(minutes=10)


def begin(login_session_id: bytes, parameters: Mapping[str, str]) -> str:
    """Keep a validated request for this login; returns the transaction's id as hexadecimal text."""
    transaction_id, now = new_id(), clock.now()
    db.session.add(
        AuthorizeTransaction(
            id=transaction_id,
            login_session_id=login_session_id,
            parameters=dict(parameters),
            created_at=now,
            expires_at=now + LIFE,
        )
    )
    return transaction_id.hex()


def peek(text: str, login_session_id: bytes) -> dict[str, str] | None:
    """The request of a transaction that this login may still answer."""
    transaction_id = _parse(text)
    if transaction_id is None:
        return None
    found: dict[str, Any] | None = db.session.execute(
        select(AuthorizeTransaction.parameters).where(*_open(transaction_id, login_session_id))
    ).scalar_one_or_none()
    return found


def use(text: str, login_session_id: bytes) -> bool:
    """Answer a transaction: one conditional statement, so a second submit of the form gets ``False``."""
    transaction_id = _parse(text)
    if transaction_id is None:
        return False
    changed = db.session.execute(
        update(AuthorizeTransaction)
        .where(*_open(transaction_id, login_session_id))
        .values(used_at=clock.now())
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def prune() -> int:
    """Delete transactions nobody can answer any more; returns how many."""
    gone = db.session.execute(
        delete(AuthorizeTransaction).where(AuthorizeTransaction.expires_at < clock.now())
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _open(transaction_id: bytes, login_session_id: bytes) -> tuple[Any, ...]:
    return (
        AuthorizeTransaction.id == transaction_id,
        AuthorizeTransaction.login_session_id == login_session_id,
        AuthorizeTransaction.used_at.is_(None),
        AuthorizeTransaction.expires_at > clock.now(),
    )


def _parse(text: str) -> bytes | None:
    if len(text) != 32:
        return None
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None
