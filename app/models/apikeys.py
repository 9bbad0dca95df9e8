"""API keys: credentials of a user, with fewer rights."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy import Index
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.models.base import Base
from app.models.base import BigId
from app.models.base import Digest
from app.models.base import Json


class APIKey(Base):
    """``<userID>/<keyID>/<secret>`` in hexadecimal (contract 1.7), found by its prefix.

    ``valid_sources`` is never empty: *anywhere* is written explicitly. ``expires_at`` is empty only if expiry
    was disabled explicitly.
    """

    __tablename__ = "api_key"
    __table_args__ = (
        Index("uq_api_key_user_id_key_number", "user_id", "key_number", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("subject.id"))
    key_number: Mapped[int]
    secret_digest: Mapped[bytes] = mapped_column(Digest)
    description: Mapped[str] = mapped_column(String(1000))
    valid_sources: Mapped[list[str]]
    constraints: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(BigId)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_used_ip: Mapped[str | None] = mapped_column(String(45))

    @property
    def prefix(self) -> str:
        """Return how a key is named: ``<userID>/<keyID>`` in hexadecimal."""
        return f"{self.user_id:x}/{self.key_number:x}"
