"""Step-up tokens: proof of presence for one operation (contract 3.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.models.base import Base
from app.models.base import BigId
from app.models.base import Digest
from app.models.base import SessionId


class StepUp(Base):
    """One operation, one user, one use. Only a password reset has no login.

    ``made_by_id`` is the administrator who issued a reset; empty for what the user got alone.
    """

    __tablename__ = "step_up"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    id: Mapped[bytes] = mapped_column(SessionId, primary_key=True)
    digest: Mapped[bytes] = mapped_column(Digest)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("subject.id"), index=True)
    login_session_id: Mapped[bytes | None] = mapped_column(
        SessionId, ForeignKey("login_session.id", ondelete="CASCADE"), index=True
    )
    operation: Mapped[str] = mapped_column(String(40))
    context: Mapped[dict[str, Any]]
    made_by_id: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
