"""Logins, OAuth sessions, authorization codes and authorize transactions.

Every child row names its parent, and every use joins them, so ending a parent is one write (design decision
8).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy import ForeignKey
from sqlalchemy import Index
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.models.base import Base
from app.models.base import BigId
from app.models.base import Digest
from app.models.base import Json
from app.models.base import SessionId
from app.models.base import index_where
from app.models.mixins import ArgusCodeMixin
from app.models.mixins import ArgusTokenMixin


class LoginSession(Base):
    """The login of a person, in one browser or by the API.

    ``session_epoch`` is the user's value when the password was verified. ``constraints`` limit what the login
    may do. A constrained login names its source in ``parent_id`` or ``api_key_id`` and ends with it.
    """

    __tablename__ = "login_session"
    __table_args__ = (
        # Index of live logins, newest first.
        Index(
            "ix_login_session_open",
            "created_at",
            **index_where("ended_at IS NULL"),
        ),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[bytes] = mapped_column(SessionId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("subject.id"), index=True)
    parent_id: Mapped[bytes | None] = mapped_column(SessionId, ForeignKey("login_session.id"), index=True)
    api_key_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("api_key.id"))
    impersonator_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("subject.id"))
    token_digest: Mapped[bytes] = mapped_column(Digest)
    user_name: Mapped[str] = mapped_column(String(100))
    method: Mapped[str] = mapped_column(String(20))
    security_level: Mapped[int]
    session_epoch: Mapped[int]
    constraints: Mapped[dict[str, Any] | None] = mapped_column(Json)
    client_ip: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    authenticated_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(40))


class OAuthSession(Base, ArgusTokenMixin):
    """The result of one approval: one access token and one refresh token at a time, in one row (design §7).

    Its parent is a login session or, for ``client_credentials``, an API key; exactly one of the two.
    ``refresh_digest`` is empty where no refresh token was issued. ``access_scopes`` are those of the present
    access token, which a refresh may narrow (RFC 6749 6); ``scopes`` stay what was granted. Its ID tokens
    tell when, how strongly and by which method the person had logged in at the approval; empty where nobody
    approved. ``dpop_jkt`` is the thumbprint of the key that the access token is bound to (RFC 9449).
    """

    __tablename__ = "oauth_session"
    __table_args__ = (
        CheckConstraint("(login_session_id IS NULL) <> (api_key_id IS NULL)", name="one_parent"),
        # Index to count the sessions of a user at a client, which are limited. With ``ended_at`` it
        # answers by itself: SQLite looks whether that is empty, and would read each row for it.
        Index(
            "ix_oauth_session_open",
            "user_id",
            "client_id",
            "ended_at",
            **index_where("ended_at IS NULL"),
        ),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[bytes] = mapped_column(SessionId, primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.id"), index=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("subject.id"), index=True)
    login_session_id: Mapped[bytes | None] = mapped_column(
        SessionId, ForeignKey("login_session.id"), index=True
    )
    api_key_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("api_key.id"), index=True)
    grant_id: Mapped[str | None] = mapped_column(ForeignKey("oauth_grant.id"), index=True)
    user_name: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[list[str]]
    access_scopes: Mapped[list[str]]
    security_level: Mapped[int]
    authenticated_at: Mapped[datetime | None]
    login_level: Mapped[int | None]
    login_method: Mapped[str | None] = mapped_column(String(20))
    session_epoch: Mapped[int]
    generation: Mapped[int] = mapped_column(default=0)
    access_digest: Mapped[bytes] = mapped_column(Digest)
    access_expires_at: Mapped[datetime]
    refresh_digest: Mapped[bytes | None] = mapped_column(Digest)
    refresh_expires_at: Mapped[datetime | None]
    previous_refresh_digest: Mapped[bytes | None] = mapped_column(Digest)
    rotation_seed: Mapped[bytes | None] = mapped_column(Digest)
    dpop_jkt: Mapped[str | None] = mapped_column(String(43))
    rotated_at: Mapped[datetime]
    repeats_in_a_row: Mapped[int] = mapped_column(default=0)
    repeated_generation: Mapped[int | None]
    client_ip: Mapped[str | None] = mapped_column(String(45))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(40))


class AuthorizationCode(Base, ArgusCodeMixin):
    """An approval that is not redeemed yet. One conditional UPDATE claims it;
    used codes are kept for ten minutes.
    """

    __tablename__ = "authorization_code"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    id: Mapped[bytes] = mapped_column(SessionId, primary_key=True)
    digest: Mapped[bytes] = mapped_column(Digest)
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.id"))
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("subject.id"))
    login_session_id: Mapped[bytes] = mapped_column(SessionId, ForeignKey("login_session.id"), index=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("oauth_grant.id"))
    redirect_uri: Mapped[str] = mapped_column(String(2048))
    redirect_uri_given: Mapped[bool]
    scopes: Mapped[list[str]]
    nonce: Mapped[str | None] = mapped_column(String(512))
    code_challenge: Mapped[str | None] = mapped_column(String(128))
    dpop_jkt: Mapped[str | None] = mapped_column(String(43))
    security_level: Mapped[int]
    authenticated_at: Mapped[datetime]
    login_method: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    wrong_verifiers: Mapped[int] = mapped_column(default=0)
    spent_at: Mapped[datetime | None] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    oauth_session_id: Mapped[bytes | None] = mapped_column(SessionId)


class AuthorizeTransaction(Base):
    """A validated authorization request that waits for the answer of its login; valid ten minutes, used once.

    ``permission_scope_id`` is the client's when the page was shown; an approval cannot cover more.
    ``created_at`` is when the request first arrived, before any login that it required.
    """

    __tablename__ = "authorize_transaction"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    id: Mapped[bytes] = mapped_column(SessionId, primary_key=True)
    login_session_id: Mapped[bytes] = mapped_column(SessionId, ForeignKey("login_session.id"), index=True)
    parameters: Mapped[dict[str, Any]]
    permission_scope_id: Mapped[int] = mapped_column(BigId, ForeignKey("function.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
