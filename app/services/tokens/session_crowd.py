"""How many sessions a user may have at one client, and which end when one more begins (security rule 77)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy import ScalarSelect
from sqlalchemy import Select
from sqlalchemy import String
from sqlalchemy import Table
from sqlalchemy import bindparam
from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.models.base import BigId
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.runtime import settings
from app.services.once_read import keep
from app.services.once_read import take
from app.services.prepared import Prepared
from app.services.unit_of_work import change

SESSION: Table = OAuthSession.__table__  # type: ignore[assignment]
LOGIN: Table = LoginSession.__table__  # type: ignore[assignment]
MOST_ENDED = 500


def select_crowding(user: ColumnElement[int], client: ColumnElement[str]) -> ScalarSelect[bytes | None]:
    """Select a value if one more session of this user at this client is too many; part of another query.

    Its parameter ``most_others`` comes from ``count_most_others``.
    """
    return _select_open(user, client).limit(1).offset(bindparam("most_others")).scalar_subquery()


def count_most_others() -> int:
    """Return how many sessions of a user at a client leave room for one more."""
    return settings().sessions_per_client - 1


def keep_room(user_id: int, client_id: str, *, has_room: bool) -> None:
    """Keep whether another look-up found room for one more session, for ``has_room``."""
    keep(("room", str(user_id), client_id), has_room)


def has_room(user_id: int, client_id: str) -> bool:
    """Tell whether a look-up of this request found room; false if none looked."""
    return take(("room", str(user_id), client_id), lambda: False)


def make_room(user_id: int, client_id: str, epoch: int) -> None:
    """End the sessions that are too many:
    first those whose login or user ended, then those that expire first. ``epoch`` is the user's current one.

    A person's session expires later than a script's session without a refresh token, and each use extends it.
    At most ``MOST_ENDED`` are ended per call, so that no call has to wait for a large backlog.
    """
    change(
        _END_SURPLUS,
        {
            "user": user_id,
            "client": client_id,
            "epoch": epoch,
            "most_others": count_most_others(),
            "most_ended": MOST_ENDED,
            "now": clock.now(),
        },
    )


def _select_open(user: ColumnElement[int], client: ColumnElement[str]) -> Select[Any]:
    return select(SESSION.c.id).where(
        SESSION.c.user_id == user, SESSION.c.client_id == client, SESSION.c.ended_at.is_(None)
    )


_SURPLUS = (
    _select_open(bindparam("user", type_=BigId), bindparam("client", type_=String()))
    .outerjoin(LOGIN, LOGIN.c.id == SESSION.c.login_session_id)
    .order_by(
        (SESSION.c.session_epoch == bindparam("epoch")).desc(),
        LOGIN.c.ended_at.is_(None).desc(),
        func.coalesce(SESSION.c.refresh_expires_at, SESSION.c.access_expires_at).desc(),
    )
    .offset(bindparam("most_others"))
    .limit(bindparam("most_ended"))
)
_END_SURPLUS = Prepared(
    update(SESSION)
    .where(SESSION.c.id.in_(_SURPLUS), SESSION.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"), end_reason="too many sessions")
)
