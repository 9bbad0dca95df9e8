"""Consent: what a user allowed a client to do."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy import Index
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.models.base import Base
from app.models.base import BigId
from app.models.base import index_where


class Grant(Base):
    """One active consent per user and client.
    Withdrawn rows are kept, so that their sessions stay invalid.
    """

    __tablename__ = "oauth_grant"
    __table_args__ = (
        Index(
            "uq_oauth_grant_user_id_client_id",
            "user_id",
            "client_id",
            unique=True,
            **index_where("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("subject.id"))
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.id"), index=True)
    permission_scope_id: Mapped[int] = mapped_column(BigId, ForeignKey("function.id"))
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
