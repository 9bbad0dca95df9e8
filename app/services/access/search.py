"""Search in Argus's format (contract 1.5): criteria as one condition, pages, sorting by allow-list.

Filters of one criteria object are joined by AND, values of one filter by OR. A sub-criterion is joined by
OR, with ``required`` by AND, with ``exclude`` it must not match. What is unknown matches nothing.
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
# Flags of objects that are gone: ``includeDeleted`` asks for these.
GONE = frozenset({"deleted", "disabled"})
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

    def asks_for(self, flag: str) -> bool:
        """Tell whether this criteria object itself asks for objects that lists hide by this flag."""
        return flag in self.include_flags or (self.include_deleted and flag in GONE)

    def reveals(self, flag: str) -> bool:
        """Tell whether this criteria object, or a sub-criterion that adds rows, asks for them."""
        return self.asks_for(flag) or any(one.reveals(flag) for one in self.sub if not one.exclude)


C = TypeVar("C", bound=Criteria)


def build_condition(
    criteria: C, own: Callable[[C], Sequence[Condition]], shown: Mapping[str, Condition]
) -> Condition:
    """Build the condition of criteria with sub-criteria; ``own`` gives the filters of one criteria object.

    ``shown`` are flags whose objects are found only on request, by the criteria object or by one that it is
    part of; each with the condition of all others.
    """
    conditions = [*own(criteria)]
    conditions += [condition for flag, condition in shown.items() if not criteria.reveals(flag)]
    below = {flag: condition for flag, condition in shown.items() if not criteria.asks_for(flag)}
    optional: list[Condition] = []
    for sub in criteria.sub:
        if sub.exclude:
            conditions.append(negate(build_condition(sub, own, {})))
        elif sub.required:
            conditions.append(build_condition(sub, own, below))
        else:
            optional.append(build_condition(sub, own, below))
    if optional:
        conditions.append(or_(*optional))
    return and_(true(), *conditions)


def negate(condition: Condition) -> Condition:
    """Negate a condition so that a row matches it or its negation, also where a column is NULL."""
    return not_(func.coalesce(condition, false()))


def match_keywords(criteria: Criteria, columns: Mapping[str, Column]) -> list[Condition]:
    """Match each keyword (or any) in one of the chosen columns, literally and ignoring case; in no column,
    nothing matches.
    """
    if not criteria.keywords:
        return []
    chosen = [c for name, c in columns.items() if _is_chosen(name, criteria.keyword_fields)]
    found = [
        or_(false(), *(column.ilike(f"%{escape_like(word)}%", escape="\\") for column in chosen))
        for word in criteria.keywords
    ]
    return [or_(false(), *found)] if criteria.any_keyword else found


def match_flags(criteria: Criteria, flags: Mapping[str, Condition]) -> list[Condition]:
    """Match all included flags and no excluded one. A flag that this kind never has matches nothing."""
    wanted = [flags.get(name, false()) for name in criteria.include_flags]
    return wanted + [negate(flags[name]) for name in criteria.exclude_flags if name in flags]


def match_times(criteria: Criteria, columns: Mapping[str, Column]) -> list[Condition]:
    """Match one of the chosen times (or every one) between start and end, both included."""
    if criteria.start is None and criteria.end is None:
        return []
    found = [
        and_(column.is_not(None), *match_span(column, criteria.start, criteria.end))
        for name, column in columns.items()
        if _is_chosen(name, criteria.time_fields)
    ]
    return [and_(*found) if criteria.every_time and found else or_(false(), *found)]


def match_span(column: Column, start: datetime | None, end: datetime | None) -> list[Condition]:
    """Match times from start to end, both included, to the millisecond: times are shown without the rest."""
    bounds: list[Condition] = [column >= start] if start is not None else []
    if end is not None:
        bounds.append(column <= end.replace(microsecond=end.microsecond // 1000 * 1000 + 999))
    return bounds


def match_people(
    chosen: Collection[str], columns: Mapping[str, Column], ids: Collection[int], *, every: bool = False
) -> Condition:
    """Match rows that name one of these subjects in one of the chosen columns, or in every one."""
    found = [column.in_(ids) for name, column in columns.items() if _is_chosen(name, chosen)]
    return and_(*found) if every and found else or_(false(), *found)


def limit_to_reach(caller: Caller, guard: Guard, column: Column) -> Condition:
    """Limit to the customers for which the caller holds the guard now, by the decision."""
    return limit_to(caller, caller.list_reach(guard), column)


def limit_to(caller: Caller, reached: frozenset[int], column: Column) -> Condition:
    """Limit to these customers."""
    tree = caller.question.tree
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

    A row without a value comes before those with one, on either database. Raises ``Invalid``.
    """
    ordering = []
    for wish in wishes or (default,):
        column = columns.get(wish.removeprefix("-"))
        if column is None:
            raise Invalid(FieldProblem("sortBy", f"Sort by one of: {', '.join(columns)}.", "NOT_ALLOWED"))
        descending, may_be_empty = wish.startswith("-"), getattr(column, "nullable", True)
        order = column.desc() if descending else column.asc()
        if may_be_empty:
            order = order.nulls_last() if descending else order.nulls_first()
        ordering.append(order)
    return [*ordering, columns["id"].asc()]


def escape_like(text: str) -> str:
    """Escape text for a LIKE pattern, with backslash as escape character."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _is_chosen(name: str, fields: Collection[str]) -> bool:
    return not fields or "all" in fields or name in fields
