"""Turns what ended into what each receiver is told: a delivery for each login at each application.

In stretches, each a unit of work: what one block ended may be many. An occurrence of many users becomes one
of each. On PostgreSQL several workers may be at it, each at another occurrence.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy import Select
from sqlalchemy import String
from sqlalchemy import Table
from sqlalchemy import and_
from sqlalchemy import case
from sqlalchemy import cast
from sqlalchemy import delete
from sqlalchemy import exists
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import literal
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import tuple_
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.directory import Customer
from app.models.directory import User
from app.models.outbox import Occurrence
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.services.outbox.occurrences import CLIENT
from app.services.outbox.occurrences import HEARS
from app.services.outbox.occurrences import OCCURRENCE
from app.services.outbox.occurrences import About
from app.services.outbox.receivers import DELIVERY
from app.services.outbox.receivers import RECEIVER
from app.services.outbox.receivers import record_untold
from app.services.tokens.session_text import compute_sid
from app.services.unit_of_work import build_upsert
from app.services.unit_of_work import run_in_transaction

STRETCH = 500
# What waits for one receiver; a dead one lets no table grow without end.
MOST_WAITING = 100_000
# An application may keep its own session longer than we keep the login: so long after it ran out.
REMEMBERED = timedelta(days=7)
LOGIN: Table = LoginSession.__table__  # type: ignore[assignment]
SESSION: Table = OAuthSession.__table__  # type: ignore[assignment]


def expand_some() -> bool:
    """Expand one stretch of one occurrence, in a unit of its own; true if there was one."""
    if not db.session.execute(select(exists().where(OCCURRENCE.c.id.is_not(None)))).scalar_one():
        return False
    return run_in_transaction(_expand_stretch)


def _expand_stretch() -> bool:
    statement = select(Occurrence).order_by(Occurrence.id).limit(1).with_for_update(skip_locked=True)
    occurrence = db.session.execute(statement).scalar_one_or_none()
    if occurrence is None:
        return False
    after = _expand_users(occurrence) if occurrence.kind in OF_MANY else _expand_logins(occurrence)
    if after is None:
        db.session.execute(delete(OCCURRENCE).where(OCCURRENCE.c.id == occurrence.id))
    else:
        db.session.execute(update(OCCURRENCE).where(OCCURRENCE.c.id == occurrence.id).values(after=after))
    return True


def _expand_logins(occurrence: Occurrence) -> list[str] | None:
    """Write the deliveries of one stretch of logins; returns how far it came, ``None`` at the end."""
    pairs = db.session.execute(_select_pairs(occurrence)).all()
    waiting: dict[str, list[dict[str, Any]]] = {}
    for login_id, client_id, user_id in pairs:
        delivery = {
            "receiver_id": client_id,
            "user_id": user_id,
            "sid": compute_sid(login_id, client_id),
            "created_at": occurrence.at,
        }
        waiting.setdefault(client_id, []).append(delivery)
    # In one order, so that two workers never wait for each other.
    for client_id in sorted(waiting):
        _wake_receiver(client_id)
        if _is_full(client_id):
            record_untold(client_id, "too many wait", len(waiting[client_id]))
        else:
            db.session.execute(insert(DELIVERY), waiting[client_id])
    return [bytes(pairs[-1][0]).hex(), pairs[-1][1]] if len(pairs) == STRETCH else None


def _select_pairs(occurrence: Occurrence) -> Select[Any]:
    """Select logins with the applications that got ID tokens in them and hear of log-outs."""
    key = tuple_(SESSION.c.login_session_id, SESSION.c.client_id)
    after = occurrence.after
    return (
        select(SESSION.c.login_session_id, SESSION.c.client_id, SESSION.c.user_id)
        .distinct()
        .join(LOGIN, LOGIN.c.id == SESSION.c.login_session_id)
        .join(CLIENT, CLIENT.c.id == SESSION.c.client_id)
        .where(
            ENDED[About(occurrence.kind)](occurrence),
            *HEARS,
            # Approved by a person, who was named to it: the application knows the ``sid``.
            SESSION.c.grant_id.is_not(None),
            cast(SESSION.c.scopes, String).like('%"openid"%'),
            LOGIN.c.expires_at > occurrence.at - REMEMBERED,
            key > (bytes.fromhex(after[0]), after[1]) if after else literal(True),
        )
        .order_by(SESSION.c.login_session_id, SESSION.c.client_id)
        .limit(STRETCH)
    )


def _match_user(occurrence: Occurrence) -> ColumnElement[bool]:
    """Match what the user had open: under an older epoch; or begun before, where nothing ended for good."""
    current = select(func.coalesce(User.session_epoch, 0)).where(User.id == LOGIN.c.user_id)
    return and_(
        LOGIN.c.user_id == int(occurrence.target),
        LOGIN.c.ended_at.is_(None),
        LOGIN.c.session_epoch >= occurrence.epoch,
        or_(LOGIN.c.session_epoch < current.scalar_subquery(), LOGIN.c.created_at <= occurrence.at),
    )


ENDED: Mapping[About, Callable[[Occurrence], ColumnElement[bool]]] = {
    About.LOGIN: lambda one: SESSION.c.login_session_id == bytes.fromhex(one.target),
    About.SESSION: lambda one: SESSION.c.id == bytes.fromhex(one.target),
    About.CONSENT: lambda one: SESSION.c.grant_id == one.target,
    About.USER: _match_user,
}


def _expand_users(occurrence: Occurrence) -> list[str] | None:
    """Write an occurrence for each of the next users who have something open."""
    after = occurrence.after
    users = db.session.execute(
        select(User.id, func.coalesce(User.session_epoch, 0))
        .where(
            OF_MANY[About(occurrence.kind)](occurrence),
            User.id > int(after[0]) if after else literal(True),
            exists().where(
                LOGIN.c.user_id == User.id,
                LOGIN.c.ended_at.is_(None),
                LOGIN.c.expires_at > occurrence.at - REMEMBERED,
            ),
        )
        .order_by(User.id)
        .limit(STRETCH)
    ).all()
    if users:
        # The operator's end raised every epoch by one.
        back = 1 if occurrence.kind == About.EVERYBODY else 0
        same = {"kind": str(About.USER), "reason": occurrence.reason, "at": occurrence.at}
        rows = [{**same, "target": str(user_id), "epoch": epoch - back} for user_id, epoch in users]
        db.session.execute(insert(OCCURRENCE), rows)
    return [str(users[-1][0])] if len(users) == STRETCH else None


def _match_below(occurrence: Occurrence) -> ColumnElement[bool]:
    """Match the users of a customer and of those below it."""
    below = select(Customer.id).where(Customer.id == int(occurrence.target)).cte("below", recursive=True)
    below = below.union_all(select(Customer.id).join(below, Customer.parent_id == below.c.id))
    return User.customer_id.in_(select(below.c.id))


OF_MANY: Mapping[About, Callable[[Occurrence], ColumnElement[bool]]] = {
    About.CUSTOMER: _match_below,
    About.EVERYBODY: lambda _one: literal(True),
}


def _wake_receiver(client_id: str) -> None:
    """Make the receiver due, unless it rests because it failed; this locks its row until the unit ends.

    A worker that is about to put it to rest locks it too, and looks for deliveries after that.
    """
    rests = and_(RECEIVER.c.failures > 0, RECEIVER.c.next_at.is_not(None))
    made = build_upsert(RECEIVER).values(id=client_id, failures=0, next_at=clock.now())
    db.session.execute(
        made.on_conflict_do_update(
            index_elements=[RECEIVER.c.id],
            set_={"next_at": case((rests, RECEIVER.c.next_at), else_=made.excluded.next_at)},
        )
    )


def _is_full(client_id: str) -> bool:
    beyond = select(DELIVERY.c.id).where(DELIVERY.c.receiver_id == client_id).limit(1).offset(MOST_WAITING)
    return db.session.execute(beyond).first() is not None
