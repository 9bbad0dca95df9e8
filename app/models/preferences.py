"""Preferences: small texts of a user, by key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.models.base import Base
from app.models.base import BigId


class Preference(Base):
    """One value of one user."""

    __tablename__ = "preference"

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("subject.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[str] = mapped_column(String(4000))
    updated_at: Mapped[datetime]
