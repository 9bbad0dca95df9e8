"""Search in Argus's format (contract 1.5): criteria as one condition, pages, sorting by allow-list.

Filters of one criteria object are joined by AND, values of one filter by OR. A sub-criterion is joined by
OR, with ``required`` by AND, with ``exclude`` it must not match.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from typing import Generic
from typing import TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy import and_
from sqlalchemy import exists
from sqlalchemy import false
from sqlalchemy import func
from sqlalchemy import not_
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import true
from sqlalchemy.orm import InstrumentedAttribute

from app.extensions import db
from app.services.access.callers import Caller
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid

MOST_ROWS = 100_000
T = TypeVar("T")
Condition = ColumnElement[bool]
Column = ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class Page:
    """The requested rows: ``limit`` 0 means all of them, up to ``MOST_ROWS``."""

    limit: int = 25
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """One page of rows, and the number of all matches."""

    rows: list[T]
    count: int
    page: Page


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """Criteria common to every search; each resource adds its own filters."""

    keywords: Sequence[str] = ()
    any_keyword: bool = False
    keyword_fields: Collection[str] = ()
    include_flags: Collection[str] = ()
    exclude_flags: Collection[str] = ()
    include_deleted: bool = False
    start: datetime | None = None
    end: datetime | None = None
    time_fields: Collection[str] = ()
    every_time: bool = False
    sub: Sequence[Any] = ()
    required: bool = False
    exclude: bool = False

    @property
    def wants_deleted(self) -> bool:
        """Tell whether deleted objects are included, by name or by flag."""
        return (
            self.include_deleted or "deleted" in self.include_flags or any(s.wants_deleted for s in self.sub)
        )


C = TypeVar("C", bound=Criteria)


def build_condition(criteria: C, own: Callable[[C], Sequence[Condition]]) -> Condition:
    """Build the condition of criteria with sub-criteria; ``own`` gives the filters of one criteria object."""
    conditions = [*own(criteria)]
    optional: list[Condition] = []
    for sub in criteria.sub:
        condition = build_condition(sub, own)
        if sub.exclude:
            conditions.append(not_(condition))
        elif sub.required:
            conditions.append(condition)
        else:
            optional.append(condition)
    if optional:
        conditions.append(or_(*optional))
    return and_(true(), *conditions)


def match_keywords(criteria: Criteria, columns: Mapping[str, Column]) -> list[Condition]:
    """Match each keyword (or any) in one of the chosen columns, literally and ignoring case."""
    if not criteria.keywords:
        return []
    chosen = [c for name, c in columns.items() if _is_chosen(name, criteria.keyword_fields)]
    found = [
        or_(*(column.ilike(f"%{escape_like(word)}%", escape="\\") for column in chosen))
        for word in criteria.keywords
    ]
    return [or_(*found)] if criteria.any_keyword else found


def match_flags(criteria: Criteria, flags: Mapping[str, Condition]) -> list[Condition]:
    """Match all included flags and no excluded one. A flag that this kind never has matches nothing."""
    wanted = [flags.get(name, false()) for name in criteria.include_flags]
    return wanted + [not_(flags[name]) for name in criteria.exclude_flags if name in flags]


def match_times(criteria: Criteria, columns: Mapping[str, Column]) -> list[Condition]:
    """Match one of the chosen times (or every one) between start and end, both included."""
    if criteria.start is None and criteria.end is None:
        return []
    found = []
    for name, column in columns.items():
        if _is_chosen(name, criteria.time_fields):
            bounds: list[Condition] = [column.is_not(None)]
            bounds += [column >= criteria.start] if criteria.start is not None else []
            bounds += [column <= criteria.end] if criteria.end is not None else []
            found.append(and_(*bounds))
    return [and_(*found) if criteria.every_time else or_(false(), *found)]


def limit_to_reach(caller: Caller, guard: Guard, column: Column) -> Condition:
    """Limit to the customers for which the caller holds the guard now, by the decision."""
    tree = caller.question.tree
    reached = caller.list_reach(guard)
    out_of_reach = tree.parents.keys() - reached
    # Use the shorter list: the query of an administrator of nearly everything must not contain every customer
    # id.
    if len(out_of_reach) < len(reached):
        return column.not_in(sorted(out_of_reach)) if out_of_reach else true()
    return column.in_(sorted(reached))


def match_named(column: Column, key: Column, condition: Condition) -> Condition:
    """Match rows whose ``column`` names, by ``key``, a row that meets the condition.

    One look-up by primary key for each row. With IN and a query of many rows, SQLite may loop over all pairs.
    """
    return exists().where(key == column, condition)


def fetch_page(
    model: type[T], condition: Condition, page: Page, order: Sequence[ColumnElement[Any]]
) -> Found[T]:
    """Fetch one page and the count: two queries.
    Raises ``Invalid`` if all rows are requested and there are too many.
    """
    count = db.session.execute(select(func.count()).select_from(model).where(condition)).scalar_one()
    check_size(page, count)
    statement = select(model).where(condition).order_by(*order).offset(page.offset)
    rows = db.session.execute(statement.limit(page.limit or MOST_ROWS)).scalars().unique()
    return Found(list(rows), count, page)


def cut_page(rows: Sequence[T], page: Page) -> Found[T]:
    """Cut one page out of rows that are already loaded."""
    check_size(page, len(rows))
    end = page.offset + page.limit if page.limit else None
    return Found(list(rows[page.offset : end]), len(rows), page)


def check_size(page: Page, count: int) -> None:
    """Refuse an unlimited request with more rows than the maximum: 412 (contract 1.5)."""
    if not page.limit and count > MOST_ROWS:
        raise Invalid(FieldProblem("limit", f"More than {MOST_ROWS} match. Set a limit.", "TOO_MANY"))


def build_ordering(
    wishes: Sequence[str], columns: Mapping[str, Column], default: str
) -> list[ColumnElement[Any]]:
    """Build the ordering of ``sortBy``: names from the allow-list, ``-`` for descending, then the id.

    Raises ``Invalid``.
    """
    ordering = []
    for wish in wishes or (default,):
        column = columns.get(wish.removeprefix("-"))
        if column is None:
            raise Invalid(FieldProblem("sortBy", f"Sort by one of: {', '.join(columns)}.", "NOT_ALLOWED"))
        ordering.append(column.desc() if wish.startswith("-") else column.asc())
    return [*ordering, columns["id"].asc()]


def escape_like(text: str) -> str:
    """Escape text for a LIKE pattern, with backslash as escape character."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _is_chosen(name: str, fields: Collection[str]) -> bool:
    return not fields or "all" in fields or name in fields
