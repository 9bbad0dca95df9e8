"""Consent: recorded on approval, remembered, withdrawn (design decision 14)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_
from sqlalchemy import bindparam
from sqlalchemy import case
from sqlalchemy import func
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.clients import OAuthClient
from app.models.grants import Grant
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.services.access.credential_parts import RequestingClient
from app.services.audit.trail import Actor
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.problems import Missing

_ACTIVE_CONSENT = select(Grant).where(
    Grant.user_id == bindparam("user"), Grant.client_id == bindparam("client"), Grant.withdrawn_at.is_(None)
)


def find_consent(user_id: int, client_id: str) -> Grant | None:
    """Find the active consent of this user for this client."""
    found = db.session.execute(_ACTIVE_CONSENT, {"user": user_id, "client": client_id})
    return found.scalar_one_or_none()


def record_consent(
    grant: Grant | None, user_id: int, client: RequestingClient, scopes: Iterable[str]
) -> Grant:
    """Record what the user approves now, beside what was approved before (``grant``) and is still valid."""
    now = clock.now()
    if grant is None:
        grant = Grant(
            id=str(uuid.uuid4()),
            user_id=user_id,
            client_id=client.id,
            permission_scope_id=client.permission_scope_id,
            scopes=sorted(set(scopes)),
            created_at=now,
            updated_at=now,
        )
        db.session.add(grant)
    elif grant.permission_scope_id != client.permission_scope_id or not {*scopes} <= {*grant.scopes}:
        grant.permission_scope_id = client.permission_scope_id
        grant.scopes = sorted({*grant.scopes, *scopes})
        grant.updated_at = now
    db.session.flush()
    return grant


def withdraw_consent(grant_id: str, user_id: int, actor: Actor) -> None:
    """Withdraw a consent: every session that depends on it is refused at its next use. Raises ``Missing``."""
    grant = db.session.get(Grant, grant_id)
    if grant is None or grant.user_id != user_id:
        raise Missing("consent")
    if not endings.end(Event.CONSENT_WITHDRAWN, grant, actor):
        raise Missing("consent")


def list_consents(user_id: int) -> list[tuple[Grant, OAuthClient]]:
    """List the active consents of a user, with their clients, by name."""
    rows = db.session.execute(
        select(Grant, OAuthClient)
        .join(OAuthClient, OAuthClient.id == Grant.client_id)
        .where(Grant.user_id == user_id, Grant.withdrawn_at.is_(None), OAuthClient.deleted_at.is_(None))
        .order_by(OAuthClient.name)
    )
    return [(row[0], row[1]) for row in rows]


@dataclass(frozen=True, slots=True)
class ConsentActivity:
    """When a client last got a token under a consent, and how many of its sessions are open."""

    last_used_at: datetime
    open_sessions: int


def load_activity(user_id: int, epoch: int) -> dict[str, ConsentActivity]:
    """Load the activity under each consent of a user, by consent id; one query.
    ``epoch`` is the user's current one.
    """
    now = clock.now()
    stands = and_(
        OAuthSession.ended_at.is_(None),
        OAuthSession.refresh_expires_at > now,
        LoginSession.ended_at.is_(None),
        LoginSession.expires_at > now,
        LoginSession.session_epoch == epoch,
    )
    rows = db.session.execute(
        select(OAuthSession.grant_id, func.max(OAuthSession.rotated_at), func.sum(case((stands, 1), else_=0)))
        .join(LoginSession, LoginSession.id == OAuthSession.login_session_id)
        .where(OAuthSession.user_id == user_id, OAuthSession.grant_id.is_not(None))
        .group_by(OAuthSession.grant_id)
    )
    return {str(row[0]): ConsentActivity(row[1], int(row[2])) for row in rows}
