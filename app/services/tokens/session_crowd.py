"""How many sessions a user may have at one client, and which end when one more begins (security rule 77)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy import ScalarSelect
from sqlalchemy import Select
from sqlalchemy import bindparam
from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.runtime import settings

MOST_ENDED = 500


def select_crowding(user: ColumnElement[int], client: ColumnElement[str]) -> ScalarSelect[bytes | None]:
    """Select a value if one more session of this user at this client is too many; part of another query.

    Its parameter ``most_others`` comes from ``count_most_others``.
    """
    return _select_open(user, client).limit(1).offset(bindparam("most_others")).scalar_subquery()


def count_most_others() -> int:
    """Return how many sessions of a user at a client leave room for one more."""
    return settings().sessions_per_client - 1


def make_room(user_id: int, client_id: str, epoch: int) -> None:
    """End the sessions that are too many:
    first those whose login or user ended, then those that expire first. ``epoch`` is the user's current one.

    A person's session expires later than a script's session without a refresh token, and each use extends it.
    At most ``MOST_ENDED`` are ended per call, so that no call has to wait for a large backlog.
    """
    surplus = (
        _select_open(user_id, client_id)
        .outerjoin(LoginSession, LoginSession.id == OAuthSession.login_session_id)
        .order_by(
            (OAuthSession.session_epoch == epoch).desc(),
            LoginSession.ended_at.is_(None).desc(),
            func.coalesce(OAuthSession.refresh_expires_at, OAuthSession.access_expires_at).desc(),
        )
        .offset(count_most_others())
        .limit(MOST_ENDED)
    )
    db.session.execute(
        update(OAuthSession)
        .where(OAuthSession.id.in_(surplus), OAuthSession.ended_at.is_(None))
        .values(ended_at=clock.now(), end_reason="too many sessions"),
        execution_options={"synchronize_session": False},
    )


def _select_open(user: ColumnElement[int] | int, client: ColumnElement[str] | str) -> Select[Any]:
    return select(OAuthSession.id).where(
        OAuthSession.user_id == user, OAuthSession.client_id == client, OAuthSession.ended_at.is_(None)
    )
