"""What every table shares: the declarative base and the column types."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from typing import Any
from typing import ClassVar

from sqlalchemy import JSON
from sqlalchemy import BigInteger
from sqlalchemy import DateTime
from sqlalchemy import Dialect
from sqlalchemy import Integer
from sqlalchemy import LargeBinary
from sqlalchemy import MetaData
from sqlalchemy import String
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import validates
from sqlalchemy.types import TypeDecorator

from app.extensions import metadata as shared_metadata
from app.policy.names import fold_name


class UtcDateTime(TypeDecorator[datetime]):
    """A timezone-aware time in UTC. A naive time is a programming error and is refused.

    SQLite keeps its text, in a form that sorts by time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        return _write_time if dialect.name == "sqlite" else _to_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:  # noqa: ARG002
        return _read_time if dialect.name == "sqlite" else _to_utc


def _to_utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("a naive time cannot be stored")
    return moment.astimezone(UTC)


def _write_time(moment: datetime | None) -> str | None:
    """Write as SQLAlchemy's own type does: that is what lies in databases."""
    moment = _to_utc(moment)
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds") if moment is not None else None


def _read_time(text: str | None) -> datetime | None:
    # As it is read, and not afterwards: that costs five times as much, for each time of each row.
    return datetime.fromisoformat(text + "+00:00") if text is not None else None


class Bytes(TypeDecorator[bytes]):
    """Bytes. Both drivers take and give them as they are, which SQLAlchemy's own type does not trust in."""

    impl = LargeBinary
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> None:  # noqa: ARG002
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> None:  # noqa: ARG002
        return None


# SQLite gives row ids only to INTEGER columns; PostgreSQL gets 64 bits.
BigId = BigInteger().with_variant(Integer(), "sqlite")
Digest = Bytes(32)
SessionId = Bytes(16)
Json = JSON().with_variant(JSONB(), "postgresql")


def index_where(condition: str) -> dict[str, Any]:
    """Return the arguments of an index that holds only the rows of this condition, for both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Base(DeclarativeBase):
    """The declarative base; Flask-SQLAlchemy and Flask-Migrate use its metadata."""

    metadata: ClassVar[MetaData] = shared_metadata
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        list[str]: Json,
        dict[str, Any]: Json,
    }


class Changeable:
    """Who made a row and who changed it last, and when; nobody's id where an operator or ``init`` did."""

    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(BigId)
    updated_at: Mapped[datetime]
    updated_by_id: Mapped[int | None] = mapped_column(BigId)


class Deletable(Changeable):
    """A row that is kept when it is deleted: what names it must stay readable."""

    deleted_at: Mapped[datetime | None]
    deleted_by_id: Mapped[int | None] = mapped_column(BigId)


def _fold(column: str) -> Any:
    def fold(context: DefaultExecutionContext) -> str:
        return fold_name(context.get_current_parameters()[column])  # type: ignore[no-untyped-call]

    return fold


class ShortNamed:
    """A row with a short name; ``short_name_key`` is the form it is compared by, and follows each new name.

    The same name again keeps the key: it may be the exact one of a name that was once taken (decision 36).
    """

    short_name: Mapped[str] = mapped_column(String(100))
    short_name_key: Mapped[str] = mapped_column(String(101), default=_fold("short_name"))

    @validates("short_name")
    def _fold_short_name(self, _column: str, name: str) -> str:
        if name != self.short_name:
            self.short_name_key = fold_name(name)
        return name


class Named:
    """As ``ShortNamed``, for rows whose handle is their name."""

    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(String(101), default=_fold("name"))

    @validates("name")
    def _fold_name(self, _column: str, name: str) -> str:
        if name != self.name:
            self.name_key = fold_name(name)
        return name
