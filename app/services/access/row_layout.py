"""The columns of a statement, and the parts into which its rows are cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from itertools import accumulate
from typing import TYPE_CHECKING
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.sql import FromClause

from app.services.prepared import Row

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Columns = Sequence[ColumnElement[Any]]


class Layout:
    """The columns of a statement, part after part, and the position of each part in a result."""

    def __init__(self, *parts: Columns) -> None:
        self.columns = [column for part in parts for column in part]
        ends = accumulate(len(part) for part in parts)
        self.places = [slice(end - len(part), end) for part, end in zip(parts, ends, strict=True)]

    def cut(self, row: Row) -> list[Row]:
        """Return the values of each part."""
        return [row[place] for place in self.places]


def list_columns(
    part: type[DataclassInstance], table: FromClause, **elsewhere: ColumnElement[Any]
) -> Columns:
    """Return the columns of a part, by name and in field order; ``elsewhere`` are from another table."""
    return [elsewhere[f.name] if f.name in elsewhere else table.c[f.name] for f in fields(part)]
