"""What slows down guessing: counters that expire, and addresses that are known to be right."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.models.base import Base
from app.models.base import Bytes


class ThrottleCounter(Base):
    """One counter, until ``ends_at``. The key is a keyed hash: it contains nothing that a person typed.

    The number of keys that strangers can make is limited (``services/access/throttle.py``).
    """

    __tablename__ = "throttle_counter"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    key: Mapped[bytes] = mapped_column(Bytes(16), primary_key=True)
    count: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)


class KnownSource(Base):
    """An address from which this account or client authenticated successfully; both are keyed hashes.

    A few for each owner, the newest.
    """

    __tablename__ = "known_source"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    owner: Mapped[bytes] = mapped_column(Bytes(16), primary_key=True)
    source: Mapped[bytes] = mapped_column(Bytes(16), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(index=True)
