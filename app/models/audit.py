"""What happened: one row per authorize, redeem, refusal, end and administrative change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.models.base import Base
from app.models.base import BigId
from app.models.base import Digest
from app.models.base import Json


class AuditEvent(Base):
    """Names are copied, not joined: an audit row must read the same after everything it names is gone.

    ``decision`` is the decision number; ``seal`` is filled by the sealer, never by the writer.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_decision", "decision"),
        Index("ix_audit_event_user_id_at", "user_id", "at"),
        Index("ix_audit_event_client_id_at", "client_id", "at"),
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
    seal: Mapped[bytes | None] = mapped_column(Digest)
