"""The writes that end something, one or a few statements each. ``table`` tells which event makes which.

``reason`` is the event's text, kept in the audit row and in the ended row. Inside a unit of work.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_
from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.apikeys import APIKey
from app.models.authority import Permission
from app.models.directory import Membership
from app.models.directory import Subject
from app.models.directory import User
from app.models.grants import Grant
from app.models.sessions import LoginSession
from app.models.stepup import StepUp
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.outbox import occurrences
from app.services.outbox.occurrences import About
from app.services.outbox.occurrences import Target
from app.services.tokens import oauth_sessions


def raise_epoch(user: User, reason: str, actor: Actor) -> bool:
    """End all sessions of the user, everywhere, by one write without races (decision 8)."""
    db.session.execute(update(User).where(User.id == user.id).values(session_epoch=User.session_epoch + 1))
    db.session.expire(user, ["session_epoch"])
    trail.record("logout-everywhere", actor, user=(user.id, user.short_name), detail={"reason": reason})
    return True


def spend_tokens(user: Subject, reason: str, actor: Actor) -> bool:  # noqa: ARG001
    """Use up step-up tokens, resets and links: what was proven or given before is no longer valid."""
    return _changed(
        update(StepUp).where(StepUp.user_id == user.id, StepUp.used_at.is_(None)).values(used_at=clock.now())
    )


def end_login(login_id: bytes, reason: str, actor: Actor) -> bool:
    """End one login and, by the join at every use, all sessions under it."""
    ended = db.session.execute(
        update(LoginSession)
        .where(LoginSession.id == login_id, LoginSession.ended_at.is_(None))
        .values(ended_at=clock.now(), end_reason=reason)
        .returning(LoginSession.user_id, LoginSession.user_name)
    ).one_or_none()
    if ended is None:
        return False
    owner = (ended.user_id, ended.user_name) if ended.user_id != actor.id else None
    trail.record("logout", actor, user=owner, detail={"login": login_id.hex(), "reason": reason})
    return True


def end_session(session_id: bytes, reason: str, actor: Actor) -> bool:  # noqa: ARG001
    """End one OAuth session with both its tokens."""
    return oauth_sessions.end_session(session_id, reason)


def revoke_key(key: APIKey, reason: str, actor: Actor) -> bool:  # noqa: ARG001
    """Revoke one key and, by the join at every use, everything that was started with it."""
    key.revoked_at = clock.now()
    db.session.flush()
    return True


def withdraw_consent(grant: Grant, reason: str, actor: Actor) -> bool:  # noqa: ARG001
    """Withdraw a consent: every session that depends on it is refused at its next use."""
    withdrawn = _changed(
        update(Grant)
        .where(Grant.id == grant.id, Grant.withdrawn_at.is_(None))
        .values(withdrawn_at=clock.now())
    )
    if withdrawn:
        trail.record("withdraw", actor, client_id=grant.client_id, detail={"grant": grant.id})
    return withdrawn


def end_holdings(subject: Subject, reason: str, actor: Actor) -> bool:  # noqa: ARG001
    """End what a deleted subject held: a restored subject has no rights,
    keys or consents (security rule 60).
    """
    now, why = clock.now(), "deleted"
    either_side = or_(Membership.member_id == subject.id, Membership.group_id == subject.id)
    statements = (
        update(Permission)
        .where(Permission.subject_id == subject.id, Permission.revoked_at.is_(None))
        .values(revoked_at=now, revoked_by_id=actor.id, revoke_comment=why),
        update(APIKey)
        .where(APIKey.user_id == subject.id, APIKey.revoked_at.is_(None))
        .values(revoked_at=now),
        update(Grant)
        .where(Grant.user_id == subject.id, Grant.withdrawn_at.is_(None))
        .values(withdrawn_at=now),
        update(Membership)
        .where(either_side, Membership.removed_at.is_(None))
        .values(removed_at=now, removed_by_id=actor.id, remove_comment=why),
    )
    changed = [_changed(statement) for statement in statements]
    return any(changed)


def end_ways_in_for_others(maker: User, reason: str, actor: Actor) -> bool:
    """End keys and authorizations that the user made for others (design decision 23)."""
    made = db.session.execute(
        select(APIKey, User)
        .join(User, User.id == APIKey.user_id)
        .where(APIKey.created_by_id == maker.id, APIKey.user_id != maker.id, APIKey.revoked_at.is_(None))
    ).all()
    for key, owner in made:
        revoke_key(key, reason, actor)
        detail = {"key": key.prefix, "reason": reason, "maker": maker.short_name}
        trail.record("apikey-revoke", actor, user=(owner.id, owner.short_name), detail=detail)
    resets = and_(StepUp.made_by_id == maker.id, StepUp.user_id != maker.id, StepUp.used_at.is_(None))
    spent = _changed(update(StepUp).where(resets).values(used_at=clock.now()))
    return bool(made) or spent


def end_everything(*, keys: bool) -> None:
    """End what everybody has open, and links and authorizations; with ``keys`` revoke all API keys too.

    Not an event about one subject, so it is not in the table.
    """
    now = clock.now()
    statements = [
        update(User).values(session_epoch=func.coalesce(User.session_epoch, 0) + 1),
        update(StepUp).where(StepUp.used_at.is_(None)).values(used_at=now),
    ]
    if keys:
        statements.append(update(APIKey).where(APIKey.revoked_at.is_(None)).values(revoked_at=now))
    for statement in statements:
        db.session.execute(statement, execution_options={"synchronize_session": False})
    occurrences.note(About.EVERYBODY, Target(""), "ended by the operator")


def _changed(statement: Any) -> bool:
    return bool(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]
