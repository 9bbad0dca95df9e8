"""Consent: recorded on approval, remembered, withdrawn (design decision 14)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table
from sqlalchemy import and_
from sqlalchemy import bindparam
from sqlalchemy import case
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.clients import OAuthClient
from app.models.grants import Grant
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.services.access.credential_parts import ActiveConsent
from app.services.access.credential_parts import ClientPart
from app.services.access.row_layout import list_columns
from app.services.audit.trail import Actor
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.once_read import take
from app.services.prepared import Prepared
from app.services.problems import Missing
from app.services.unit_of_work import change
from app.services.unit_of_work import fetch_one

GRANT: Table = Grant.__table__  # type: ignore[assignment]
_INSERT = Prepared(insert(GRANT).inline())
_UPDATE = Prepared(update(GRANT).where(GRANT.c.id == bindparam("consent")))
_ACTIVE = Prepared(
    select(*list_columns(ActiveConsent, GRANT)).where(
        GRANT.c.user_id == bindparam("user"),
        GRANT.c.client_id == bindparam("client"),
        GRANT.c.withdrawn_at.is_(None),
    )
)


def find_consent(user_id: int, client_id: str) -> ActiveConsent | None:
    """Find the active consent of this user for this client."""

    def read() -> ActiveConsent | None:
        row = fetch_one(_ACTIVE, {"user": user_id, "client": client_id})
        return ActiveConsent(*row) if row is not None else None

    return take(("consent", str(user_id), client_id), read)


def record_consent(
    consent: ActiveConsent | None, user_id: int, client: ClientPart, scopes: Iterable[str]
) -> str:
    """Record what the user approves now, beside what was approved before (``consent``) and is still valid.

    Returns the id of the consent.
    """
    now = clock.now()
    if consent is None:
        new_id = str(uuid.uuid4())
        change(
            _INSERT,
            {
                "id": new_id,
                "user_id": user_id,
                "client_id": client.id,
                "permission_scope_id": client.permission_scope_id,
                "scopes": sorted(set(scopes)),
                "created_at": now,
                "updated_at": now,
            },
        )
        return new_id
    if consent.permission_scope_id != client.permission_scope_id or not {*scopes} <= {*consent.scopes}:
        change(
            _UPDATE,
            {
                "consent": consent.id,
                "permission_scope_id": client.permission_scope_id,
                "scopes": sorted({*consent.scopes, *scopes}),
                "updated_at": now,
            },
        )
    return consent.id


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
