"""Devices that wait for somebody to approve them in a browser (RFC 8628)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy import Index
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.models.base import Base
from app.models.base import Bytes
from app.models.base import Digest
from app.models.base import SessionId
from app.models.base import index_where


class DeviceRequest(Base):
    """One device's wish for a session, until it expires. ``user_code_key`` is a keyed hash of what its user
    types. Answered: approved with the authorization code that stands for it (``code_id``), denied without.
    """

    __tablename__ = "device_request"
    __table_args__ = (
        # To count those that nobody answered, and to find the oldest of them.
        Index("ix_device_request_open", "created_at", **index_where("answered_at IS NULL")),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[bytes] = mapped_column(SessionId, primary_key=True)
    digest: Mapped[bytes] = mapped_column(Digest)
    user_code_key: Mapped[bytes] = mapped_column(Bytes(16), unique=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.id"))
    scopes: Mapped[list[str]]
    network: Mapped[str] = mapped_column(String(50))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    interval: Mapped[int]
    next_poll_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    code_id: Mapped[bytes | None] = mapped_column(SessionId)
