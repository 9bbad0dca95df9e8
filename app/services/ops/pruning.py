"""Deletes rows that are no longer needed (security rule 79), while the server works.

Each table is walked along its primary key, a stretch of ``BATCH`` rows at a time. A stretch is read without a
lock; only where something is old, one short unit of work deletes it. So the work grows with the table and not
with its square, needs no index of its own, and makes nobody wait for more than one stretch.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy import and_
from sqlalchemy import delete
from sqlalchemy import exists
from sqlalchemy import or_
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.devices import DeviceRequest
from app.models.sessions import AuthorizationCode
from app.models.sessions import AuthorizeTransaction
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.models.single_use import UsedOnce
from app.models.stepup import StepUp
from app.models.throttle import KnownSource
from app.models.throttle import ThrottleCounter
from app.models.webauthn import WebAuthnChallenge
from app.services.access import known_sources
from app.services.access.counters import in_database
from app.services.login import passkey_challenges
from app.services.login import stepup_tokens
from app.services.tokens import codes
from app.services.tokens import devices
from app.services.tokens import single_use
from app.services.tokens import waiting_requests
from app.services.unit_of_work import run_in_transaction

BATCH = 1000
# Between two units of work as long as the last one took, and at least this: SQLite has no queue of writers,
# and whoever waits looks again only now and then.
LEAST_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Sweep:
    """Rows of one table that match ``old`` are deleted."""

    model: type[Any]
    old: ColumnElement[bool]

    @property
    def key(self) -> ColumnElement[Any]:
        """Return the first column of the primary key: few rows share a value of it."""
        return next(iter(self.model.__table__.primary_key))


def prune_all(days: int) -> dict[str, int]:
    """Delete old rows; returns the number per kind. Ended sessions are kept for ``days`` as a record.

    Safe to interrupt, and to run beside servers and other prunes.
    """
    return {
        kind: sum(_sweep(sweep) for sweep in sweeps)
        for kind, sweeps in list_sweeps(clock.now() - timedelta(days=days)).items()
    }


def list_sweeps(before: datetime) -> Mapping[str, Sequence[Sweep]]:
    """List what is deleted, children before parents; sessions that ended before this time."""
    logins = Sweep(LoginSession, _match_old_login(before))
    constrained = Sweep(LoginSession, and_(LoginSession.parent_id.is_not(None), logins.old))
    return {
        "codes": [Sweep(AuthorizationCode, codes.match_old())],
        "requests of devices": [Sweep(DeviceRequest, devices.match_old())],
        "used once": [Sweep(UsedOnce, single_use.match_old())],
        "transactions": [Sweep(AuthorizeTransaction, waiting_requests.match_old())],
        "expired counters": [Sweep(ThrottleCounter, in_database.match_old())],
        "known addresses": [Sweep(KnownSource, known_sources.match_old())],
        "step-up tokens": [Sweep(StepUp, stepup_tokens.match_old())],
        "passkey challenges": [Sweep(WebAuthnChallenge, passkey_challenges.match_old())],
        "OAuth sessions": [Sweep(OAuthSession, _match_old_session(before))],
        "logins": [constrained, logins],
    }


def _sweep(sweep: Sweep) -> int:
    key, total, after = sweep.key, 0, None
    while True:
        keys = select(key) if after is None else select(key).where(key > after)
        stretch = db.session.execute(keys.order_by(key).limit(BATCH)).scalars().all()
        if not stretch:
            return total
        within = and_(key >= stretch[0], key <= stretch[-1], sweep.old)
        if db.session.execute(select(exists().where(within))).scalar_one():
            began = time.monotonic()
            total += run_in_transaction(lambda within=within: _delete(sweep.model, within))  # type: ignore[misc]
            time.sleep(max(LEAST_PAUSE_SECONDS, time.monotonic() - began))
        after = stretch[-1]


def _delete(model: type[Any], condition: ColumnElement[bool]) -> int:
    statement = delete(model).where(condition)
    gone = db.session.execute(statement, execution_options={"synchronize_session": False})
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _match_old_session(before: datetime) -> ColumnElement[bool]:
    last = OAuthSession.refresh_expires_at
    return or_(
        OAuthSession.ended_at < before,
        last < before,
        last.is_(None) & (OAuthSession.access_expires_at < before),
    )


def _match_old_login(before: datetime) -> ColumnElement[bool]:
    """Match only logins that no other row refers to."""
    child = LoginSession.__table__.alias("child")
    return and_(
        or_(LoginSession.ended_at < before, LoginSession.expires_at < before),
        ~exists().where(OAuthSession.login_session_id == LoginSession.id),
        ~exists().where(AuthorizationCode.login_session_id == LoginSession.id),
        ~exists().where(AuthorizeTransaction.login_session_id == LoginSession.id),
        ~exists().where(child.c.parent_id == LoginSession.id),
    )
