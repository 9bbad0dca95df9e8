"""What is to be told to applications: what happened, who is to hear of it, and how each receiver does.

Whoever ends something writes one ``Occurrence`` in its own unit of work, however much it ends. The worker
turns that into a ``Delivery`` for each receiver and login (``services/outbox``).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy import Index
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.models.base import Base
from app.models.base import BigId
from app.models.base import Json


class Occurrence(Base):
    """Something ended. ``target`` is the id of what is meant by ``kind``, ``reason`` the event's text.

    ``epoch``: of a user, that of the eldest logins that ended. ``after``: how far the worker has come.
    """

    __tablename__ = "outbox_occurrence"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    target: Mapped[str] = mapped_column(String(40))
    epoch: Mapped[int | None]
    reason: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    after: Mapped[list[str] | None] = mapped_column(Json)


class Receiver(Base):
    """An application that gets log-outs, by its id.

    ``next_at`` is when to call it again: empty while nothing waits for it. ``claimed_until``: a worker calls
    it. ``failures`` came in a row.
    """

    __tablename__ = "outbox_receiver"
    __table_args__ = (Index("ix_outbox_receiver_next_at", "next_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]


class Delivery(Base):
    """One message that a receiver has not taken yet: that a login (``sid``) of this user ended.

    ``not_before``: it refused it, and is asked again then.
    """

    __tablename__ = "outbox_delivery"
    __table_args__ = (Index("ix_outbox_delivery_receiver_id", "receiver_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    receiver_id: Mapped[str] = mapped_column(ForeignKey("outbox_receiver.id"))
    user_id: Mapped[int] = mapped_column(BigId)
    sid: Mapped[str] = mapped_column(String(22))
    created_at: Mapped[datetime]
    refusals: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None]
