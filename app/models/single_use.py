"""What counts once: pushed requests, assertions of clients."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.models.base import Base
from app.models.base import Digest


class UsedOnce(Base):
    """Something that was used and must not count again; kept until it would have expired by itself."""

    __tablename__ = "used_once"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    digest: Mapped[bytes] = mapped_column(Digest, primary_key=True)
    kept_until: Mapped[datetime] = mapped_column(index=True)
