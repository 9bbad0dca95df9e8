"""Deletes rows that are no longer needed, in small batches,
each in its own unit of work (security rule 79).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy import or_
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.sessions import AuthorizationCode
from app.models.sessions import AuthorizeTransaction
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.services.access import known_sources
from app.services.access.counters.in_database import prune_counters
from app.services.login import passkey_challenges
from app.services.login import stepup_tokens
from app.services.tokens import codes
from app.services.tokens import waiting_requests
from app.services.unit_of_work import run_in_transaction

BATCH = 1000


def prune_all(days: int) -> dict[str, int]:
    """Delete old rows; returns the number per kind. Ended sessions are kept for ``days`` as a record."""
    before = clock.now() - timedelta(days=days)
    return {
        "codes": run_in_transaction(codes.prune_codes),
        "transactions": run_in_transaction(waiting_requests.prune_requests),
        "expired counters": _prune_fully(lambda: prune_counters(BATCH)),
        "known addresses": run_in_transaction(known_sources.prune_known_sources),
        "step-up tokens": run_in_transaction(stepup_tokens.prune_tokens),
        "passkey challenges": run_in_transaction(passkey_challenges.prune_challenges),
        "OAuth sessions": _prune_fully(lambda: _prune_oauth_sessions(before)),
        "logins": _prune_fully(lambda: _prune_logins(before)),
    }


def _prune_fully(batch: Callable[[], int]) -> int:
    total = 0
    while deleted := run_in_transaction(batch):
        total += deleted
        if deleted < BATCH:
            break
    return total


def _prune_oauth_sessions(before: datetime) -> int:
    last = OAuthSession.refresh_expires_at
    over = or_(
        OAuthSession.ended_at < before,
        last < before,
        (last.is_(None)) & (OAuthSession.access_expires_at < before),
    )
    ids = select(OAuthSession.id).where(over).limit(BATCH)
    return _count_deleted(delete(OAuthSession).where(OAuthSession.id.in_(ids)))


def _prune_logins(before: datetime) -> int:
    """Delete only logins that no other row refers to."""
    children = (
        select(OAuthSession.login_session_id)
        .where(OAuthSession.login_session_id == LoginSession.id)
        .exists(),
        select(AuthorizationCode.id).where(AuthorizationCode.login_session_id == LoginSession.id).exists(),
        select(AuthorizeTransaction.id)
        .where(AuthorizeTransaction.login_session_id == LoginSession.id)
        .exists(),
    )
    over = or_(LoginSession.ended_at < before, LoginSession.expires_at < before)
    child = LoginSession.__table__.alias("child")
    has_children = select(child.c.id).where(child.c.parent_id == LoginSession.id).exists()
    ids = (
        select(LoginSession.id)
        .where(over, ~children[0], ~children[1], ~children[2], ~has_children)
        .limit(BATCH)
    )
    return _count_deleted(delete(LoginSession).where(LoginSession.id.in_(ids)))


def _count_deleted(statement: object) -> int:
    return int(db.session.execute(statement, execution_options={"synchronize_session": False}).rowcount)  # type: ignore[call-overload]
