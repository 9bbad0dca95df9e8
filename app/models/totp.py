"""One-time codes: a user's active generator, and the pending one that will replace it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy import ForeignKey
from sqlalchemy import LargeBinary
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.models.base import Base
from app.models.base import BigId
from app.models.base import Digest


class TOTPGenerator(Base):
    """``active_sealed`` and ``pending_sealed`` are seeds, encrypted under the server key.

    ``last_step`` is the time step of the last accepted code; no code of this step or earlier is accepted
    again.
    """

    __tablename__ = "totp_generator"

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("subject.id"), primary_key=True)
    active_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    verified_at: Mapped[datetime | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    last_used_at: Mapped[datetime | None]
    last_used_ip: Mapped[str | None] = mapped_column(String(45))
    pending_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    pending_digest: Mapped[bytes | None] = mapped_column(Digest)
    pending_at: Mapped[datetime | None]
