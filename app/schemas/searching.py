"""Common parts of every list and search (contract 1.5): pages, keywords, flags, times."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import AfterValidator
from pydantic import Field
from pydantic_core import PydanticCustomError

from app import clock
from app.schemas.texts import Named
from app.schemas.texts import OneOf
from app.schemas.wire import ArgusModel
from app.schemas.wire import QueryModel
from app.services.access.search import MOST_ROWS
from app.services.access.search import Page

Limit = Annotated[int, Field(ge=0, le=MOST_ROWS)]
Offset = Annotated[int, Field(ge=0, le=2**31 - 1)]
Match = Literal["any", "all"]
MOST = Field(max_length=100)
Names = Annotated[tuple[Named, ...], MOST]
RELATIVE = re.compile(r"now(?:([+-])([0-9]{1,6})([smhdw]))?", re.ASCII)
ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:]{5,8}(?:\.[0-9]{1,9})?Z)?", re.ASCII)
SPANS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LATEST = 253_402_300_799_000  # the last millisecond of the year 9999


def _check_moment(value: int | str) -> int | str:
    if to_moment(value) is None and value != 0:
        raise PydanticCustomError("moment", "is no time")
    return value


Moment = Annotated[
    Annotated[int, Field(ge=0, le=LATEST)] | Annotated[str, Field(max_length=40)],
    AfterValidator(_check_moment),
]


def to_moment(value: int | str | None) -> datetime | None:
    """Convert a time of a search: epoch milliseconds (0 is *none*), ISO-8601 in UTC,
    or text such as ``now-1d``.
    """
    if isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, UTC) if value else None
    if not value:
        return None
    if value.isascii() and value.isdigit() and int(value) <= LATEST:
        return to_moment(int(value))
    relative = RELATIVE.fullmatch(value)
    if relative is not None:
        span = timedelta(**{SPANS[relative[3]]: int(relative[2])}) if relative[1] else timedelta()
        try:
            return clock.now() - span if relative[1] == "-" else clock.now() + span
        except OverflowError:  # before the year 1, or after 9999
            return None
    if ISO.fullmatch(value) is None:
        return None
    try:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    except ValueError:
        return None


class Paged(QueryModel):
    """A list with pages."""

    limit: Limit = 25
    offset: Offset = 0

    @property
    def page(self) -> Page:
        return Page(self.limit, self.offset)


class Sorted(Paged):
    """A list that can be sorted; ``-`` for descending."""

    sort_by: Names = ()


def chosen_from(*tables: Iterable[str]) -> OneOf:
    """Return the check of a list that chooses fields of a search: names of these tables, or ``all``."""
    return OneOf((*dict.fromkeys(name for table in tables for name in table), "all"))


class KeywordQuery(Sorted):
    """A list with keywords; ``keyword`` is the old name. Each resource says what ``keywordField`` may be."""

    keywords: Names = ()
    keyword: Names = ()
    keyword_match: Match = "all"
    keyword_field: Names = ()

    def as_keyword_criteria(self) -> dict[str, Any]:
        """Convert to the service's ``Criteria``."""
        return {
            "keywords": self.keywords + self.keyword,
            "any_keyword": self.keyword_match == "any",
            "keyword_fields": self.keyword_field,
        }


class Search(ArgusModel):
    """A search by a criteria object, with pages."""

    limit: Limit = 25
    offset: Offset = 0
    sort_by: Names | None = None

    @property
    def page(self) -> Page:
        return Page(self.limit, self.offset)

    @property
    def order(self) -> tuple[str, ...]:
        return self.sort_by or ()


class KeywordSearch(ArgusModel):
    """Keywords of a criteria object. Each resource says what ``keywordFieldStrategy`` may be."""

    keywords: Names | None = None
    keyword_match_strategy: Match = "all"
    keyword_field_strategy: Names | None = None

    def as_keyword_criteria(self) -> dict[str, Any]:
        """Convert to the service's ``Criteria``."""
        return {
            "keywords": self.keywords or (),
            "any_keyword": self.keyword_match_strategy == "any",
            "keyword_fields": self.keyword_field_strategy or (),
        }


class TimeSearch(ArgusModel):
    """A time span, and the times that must be in it. Each resource says what ``timeFieldStrategy`` may be."""

    start_timestamp: Moment | None = None
    end_timestamp: Moment | None = None
    time_field_strategy: Names | None = None
    time_match_strategy: Match = "any"

    def as_time_criteria(self) -> dict[str, Any]:
        """Convert to the service's ``Criteria``."""
        return {
            "start": to_moment(self.start_timestamp),
            "end": to_moment(self.end_timestamp),
            "time_fields": self.time_field_strategy or (),
            "every_time": self.time_match_strategy == "all",
        }


class FlagSearch(ArgusModel):
    """Flags of a criteria object. Each resource says what they may be."""

    include_flags: Names | None = None
    exclude_flags: Names | None = None

    def as_flag_criteria(self) -> dict[str, Any]:
        """Convert to the service's ``Criteria``."""
        return {"include_flags": self.include_flags or (), "exclude_flags": self.exclude_flags or ()}


class SubCriterion(ArgusModel):
    """How a sub-criterion joins: OR, with ``required`` AND, with ``exclude`` NOT; its order has no effect."""

    required: bool = False
    exclude: bool = False
    sort_by: Names | None = None

    def as_joining(self) -> dict[str, Any]:
        """Convert to the service's ``Criteria``."""
        return {"required": self.required, "exclude": self.exclude}
