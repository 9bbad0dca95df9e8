"""Passkeys: public keys, and challenges that wait for an answer (contract 3.8)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy import CheckConstraint
from sqlalchemy import ForeignKey
from sqlalchemy import Index
from sqlalchemy import LargeBinary
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.models.base import Base
from app.models.base import BigId
from app.models.base import SessionId


class WebAuthnCredential(Base):
    """One passkey. ``credential_id`` is the authenticator's own id for it, unique for ever."""

    __tablename__ = "webauthn_credential"
    __table_args__ = (
        Index("uq_webauthn_credential_credential_id", "credential_id", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("subject.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    description: Mapped[str] = mapped_column(String(200))
    valid_sources: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    last_used_ip: Mapped[str | None] = mapped_column(String(45))
    revoked_at: Mapped[datetime | None]


class WebAuthnChallenge(Base):
    """Random bytes to sign: for one purpose, valid five minutes, claimed once.

    ``user_id`` is empty for a challenge that nobody can answer. Such challenges are issued so that the answer
    does not reveal whether a user exists.
    """

    __tablename__ = "webauthn_challenge"
    __table_args__ = (CheckConstraint("purpose IN ('login', 'authorize', 'enrol')", name="purpose"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(10))
    challenge: Mapped[bytes] = mapped_column(LargeBinary(32))
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("subject.id"))
    login_session_id: Mapped[bytes | None] = mapped_column(
        SessionId, ForeignKey("login_session.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
