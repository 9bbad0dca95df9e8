"""The audit log: one row per authorize, redeem, refusal, end and administrative change;
and its hash chain.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy import Index
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.models.base import Base
from app.models.base import BigId
from app.models.base import Digest
from app.models.base import Json
from app.models.base import index_where


class AuditEvent(Base):
    """One event. Names are copied, not joined,
    so that a row reads the same after the named objects are deleted.

    ``decision`` is the decision number. ``place`` is the position in the chain, not that of the id: a
    transaction that was open for long commits a low id late. It and ``seal`` are filled by the sealer,
    never by the writer (``services/audit/sealing.py``).

    What strangers can repeat is counted in one row, which is in no chain: ``repeat_key`` says what is the
    same, ``times`` how often it happened since ``since``; the rest is of the last time, but the number of the
    first.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_decision", "decision"),
        Index("ix_audit_event_user_id_at", "user_id", "at"),
        Index("ix_audit_event_client_id_at", "client_id", "at"),
        # Indexes for searching the audit log, newest first.
        Index("ix_audit_event_at", "at"),
        Index("ix_audit_event_action_at", "action", "at"),
        Index("ix_audit_event_address_at", "address", "at"),
        Index("ix_audit_event_user_name_at", "user_name", "at"),
        Index(
            "ix_audit_event_actor_name_at",
            "actor_name",
            "at",
            **index_where("actor_name <> user_name"),
        ),
        Index(
            "ix_audit_event_outcome_at",
            "outcome",
            "at",
            **index_where("outcome <> 'success'"),
        ),
        # Indexes for the chain, and for the rows that are not in it yet.
        Index(
            "uq_audit_event_place",
            "place",
            unique=True,
            **index_where("place IS NOT NULL"),
        ),
        Index(
            "ix_audit_event_unsealed",
            "id",
            **index_where("place IS NULL AND repeat_key IS NULL"),
        ),
        # Indexes for the rows that are counted: to find the one to count, and the oldest of too many.
        Index(
            "uq_audit_event_repeat_key",
            "repeat_key",
            unique=True,
            **index_where("repeat_key IS NOT NULL"),
        ),
        Index(
            "ix_audit_event_counted",
            "at",
            **index_where("repeat_key IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(60))
    outcome: Mapped[str] = mapped_column(String(10))
    leg: Mapped[str | None] = mapped_column(String(12))
    decision: Mapped[str | None] = mapped_column(String(12))
    actor_id: Mapped[int | None] = mapped_column(BigId)
    actor_name: Mapped[str | None] = mapped_column(String(100))
    user_id: Mapped[int | None] = mapped_column(BigId)
    user_name: Mapped[str | None] = mapped_column(String(100))
    client_id: Mapped[str | None] = mapped_column(String(36))
    session: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(String(45))
    request_id: Mapped[str | None] = mapped_column(String(64))
    reasons: Mapped[list[str]] = mapped_column(default=list)
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    repeat_key: Mapped[bytes | None] = mapped_column(Digest)
    times: Mapped[int | None] = mapped_column(BigId)
    since: Mapped[datetime | None]
    place: Mapped[int | None] = mapped_column(BigId)
    seal: Mapped[bytes | None] = mapped_column(Digest)


class AuditHead(Base):
    """The end of the chain: place and seal of its last row, and a ``mark`` that only a key holder can make.

    There is one row. If it is missing or its mark is wrong, sealing stops.
    """

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(BigId)
    seal: Mapped[bytes] = mapped_column(Digest)
    mark: Mapped[bytes] = mapped_column(Digest)
