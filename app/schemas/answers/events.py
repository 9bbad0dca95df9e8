"""Authentication events, accounts and session trees (contract 3.9, design §8)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Literal

from app.models.audit import AuditEvent
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.schemas.answers.infos import OLD_LEVELS
from app.schemas.answers.infos import CustomerInfo
from app.schemas.answers.infos import OldLevel
from app.schemas.answers.infos import SubjectInfo
from app.schemas.answers.infos import collect_people_ids
from app.schemas.answers.sessions import SessionShape
from app.schemas.wire import Shape
from app.schemas.wire import to_millis
from app.services.access import directory
from app.services.inspection import session_admin
from app.services.inspection.authentication_events import ACTIONS
from app.services.inspection.session_admin import LoginBranch

# Event ids are UUIDs on the wire and numbers here: a UUID namespace of ours converts one to the other.
EVENTS = uuid.UUID("7c1a6d52-6d0e-4c47-9a0c-2f4a3d1f8b11")
Action = Literal["login", "userBlocked", "userUnblocked", "totpEnrolled", "keyEnrolled"]


METHODS = ("password", "totp", "signature")


class EventShape(Shape):
    """AuthEvent; ``message`` contains only what the person concerned may know."""

    id: str
    timestamp: int
    action: Action
    result: Literal["success", "failure"]
    authentication_method: Literal["password", "totp", "signature"] | None
    ip: str | None
    message: str
    user: SubjectInfo | None
    customer: CustomerInfo | None


class AccountShape(Shape):
    """Whether and how a user can log in."""

    blocked: bool
    force_password_change: bool


class SessionsDeletedShape(Shape):
    sessions_deleted: int


class ApplicationSessionShape(Shape):
    """The session of an application that resulted from one approval."""

    session_identifier: str
    client: str
    client_name: str
    scopes: list[str]
    created_timestamp: int
    last_used_timestamp: int
    client_ip: str | None


class LoginTreeShape(Shape):
    """One login with the application sessions under it."""

    session_identifier: str
    authentication_method: str
    security_level: OldLevel
    client_ip: str | None
    user_agent: str
    created_timestamp: int
    last_used_timestamp: int
    valid_until_timestamp: int
    applications: list[ApplicationSessionShape]


def build_event_shapes(rows: Sequence[AuditEvent]) -> list[EventShape]:
    """Build the shapes of all rows with the users they name; one query."""
    people = directory.load_subjects_by_id(collect_people_ids(rows, "user_id"))
    shown = []
    for row in rows:
        user = people.get(row.user_id or 0)
        method = row.detail.get("method") or ("password" if row.action == "login" else None)
        shown.append(
            EventShape(
                id=str(uuid.uuid5(EVENTS, str(row.id))),
                timestamp=to_millis(row.at),
                action=ACTIONS[row.action],  # type: ignore[arg-type]
                result="success" if row.outcome == "success" else "failure",
                authentication_method=method if method in METHODS else None,  # type: ignore[arg-type]
                ip=row.address,
                message=row.decision or "",
                user=SubjectInfo.from_row(user) if user is not None else None,
                customer=CustomerInfo.from_row(user.customer) if user is not None else None,
            )
        )
    return shown


def build_login_tree_shapes(branches: Sequence[LoginBranch]) -> list[LoginTreeShape]:
    """Build the logins with the application sessions under them."""
    return [
        LoginTreeShape(
            session_identifier=branch.login.id.hex(),
            authentication_method=branch.login.method.upper(),
            security_level=OLD_LEVELS[branch.login.security_level],
            client_ip=branch.login.client_ip,
            user_agent=branch.login.user_agent or "",
            created_timestamp=to_millis(branch.login.created_at),
            last_used_timestamp=to_millis(branch.login.last_seen_at),
            valid_until_timestamp=to_millis(branch.login.expires_at),
            applications=[
                ApplicationSessionShape(
                    session_identifier=session.id.hex(),
                    client=client.id,
                    client_name=client.name,
                    scopes=list(session.scopes),
                    created_timestamp=to_millis(session.created_at),
                    last_used_timestamp=to_millis(session.rotated_at),
                    client_ip=session.client_ip,
                )
                for session, client in branch.applications
            ],
        )
        for branch in branches
    ]


def build_ended_session_shape(session: LoginSession | OAuthSession) -> SessionShape:
    """Build the shape of a session that was ended."""
    until = session.expires_at if isinstance(session, LoginSession) else session.refresh_expires_at
    used = session.last_seen_at if isinstance(session, LoginSession) else session.rotated_at
    return SessionShape(
        authentication_method=session_admin.name_method(session),  # type: ignore[arg-type]
        client_ip=session.client_ip or "",
        created_timestamp=to_millis(session.created_at),
        timestamp=to_millis(used),
        valid_until_timestamp=to_millis(until),
        security_level=OLD_LEVELS[session.security_level],
        read_only=isinstance(session, LoginSession) and bool((session.constraints or {}).get("readOnly")),
        password_not_set=False,
        session_key=None,
        session_identifier=session.id.hex(),
    )
