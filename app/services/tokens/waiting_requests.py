"""Authorize transactions: a validated request, stored until its own login answers it (security rule 35)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy import delete
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.sessions import AuthorizeTransaction
from app.services.tokens.token_text import make_id

LIFE = timedelta(minutes=10)
# How long the question of an expired transaction can be asked again.
KEPT = timedelta(hours=12)
# Of one login: each page that asks adds one.
MOST_WAITING = 20


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """A request that waits for an answer, and when it first arrived."""

    parameters: dict[str, str]
    began_at: datetime


def store_request(
    login_session_id: bytes, parameters: Mapping[str, str], permission_scope: int, began_at: datetime
) -> str:
    """Store a validated request for this login, with the permission scope that the page shows.

    Returns the transaction's id as hexadecimal text. Of too many of one login the oldest go.
    """
    transaction_id, now = make_id(), clock.now()
    db.session.add(
        AuthorizeTransaction(
            id=transaction_id,
            login_session_id=login_session_id,
            parameters=dict(parameters),
            permission_scope_id=permission_scope,
            created_at=began_at,
            expires_at=now + LIFE,
        )
    )
    db.session.flush()
    newest = select(AuthorizeTransaction.id).where(AuthorizeTransaction.login_session_id == login_session_id)
    kept = newest.order_by(AuthorizeTransaction.expires_at.desc(), AuthorizeTransaction.id).limit(
        MOST_WAITING
    )
    db.session.execute(
        delete(AuthorizeTransaction).where(
            AuthorizeTransaction.login_session_id == login_session_id, AuthorizeTransaction.id.not_in(kept)
        )
    )
    return transaction_id.hex()


def find_request(text: str, login_session_id: bytes) -> WaitingRequest | None:
    """Find the request of a transaction that this login may still answer."""
    transaction_id = _parse_id(text)
    if transaction_id is None:
        return None
    found = db.session.execute(
        select(AuthorizeTransaction.parameters, AuthorizeTransaction.created_at).where(
            *_match_open(transaction_id, login_session_id)
        )
    ).one_or_none()
    return WaitingRequest(found.parameters, found.created_at) if found is not None else None


def find_unanswered(text: str, login_session_id: bytes) -> dict[str, str] | None:
    """Find the request of an unanswered transaction of this login, even if expired, to ask again."""
    transaction_id = _parse_id(text)
    if transaction_id is None:
        return None
    found: dict[str, Any] | None = db.session.execute(
        select(AuthorizeTransaction.parameters).where(*_match_unanswered(transaction_id, login_session_id))
    ).scalar_one_or_none()
    return found


def answer_request(text: str, login_session_id: bytes) -> int | None:
    """Answer a transaction; returns the permission scope that the page showed.

    One conditional statement, so a second submission of the form gets ``None``.
    """
    transaction_id = _parse_id(text)
    if transaction_id is None:
        return None
    shown: int | None = db.session.execute(
        update(AuthorizeTransaction)
        .where(*_match_open(transaction_id, login_session_id))
        .values(used_at=clock.now())
        .returning(AuthorizeTransaction.permission_scope_id)
    ).scalar_one_or_none()
    return shown


def match_old() -> ColumnElement[bool]:
    """Match transactions that are no longer needed."""
    return AuthorizeTransaction.expires_at < clock.now() - KEPT


def _match_open(transaction_id: bytes, login_session_id: bytes) -> tuple[Any, ...]:
    return (
        *_match_unanswered(transaction_id, login_session_id),
        AuthorizeTransaction.expires_at > clock.now(),
    )


def _match_unanswered(transaction_id: bytes, login_session_id: bytes) -> tuple[Any, ...]:
    return (
        AuthorizeTransaction.id == transaction_id,
        AuthorizeTransaction.login_session_id == login_session_id,
        AuthorizeTransaction.used_at.is_(None),
    )


def _parse_id(text: str) -> bytes | None:
    if len(text) != 32:
        return None
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None
