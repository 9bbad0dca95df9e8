"""All rows of a database: to compare them, and to set them back."""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import Connection
from sqlalchemy import Engine
from sqlalchemy import Table
from sqlalchemy import create_engine
from sqlalchemy import select

from app.extensions import db
from app.extensions import metadata

Key = tuple[Any, ...]
Rows = dict[str, dict[Key, dict[str, Any]]]
# What is made anew at each run: numbers of sessions, decisions and requests, digests.
MADE = re.compile(r"[0-9a-f]{16,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|D-[0-9A-Z]{10}")
MOST_SHOWN = 400
# What the sealer adds behind every writer's back (services/audit/sealing.py).
SEALED = {"audit_event": {"place", "seal"}, "audit_head": {"place", "seal", "mark"}}


@contextmanager
def connected(url: str) -> Iterator[Engine]:
    """An engine of the test's own."""
    engine = create_engine(url, pool_size=1)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def connected_as(app: Flask) -> Iterator[Engine]:
    """An engine of the test's own for the database of an application."""
    with app.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    with connected(url) as engine:
        yield engine


def read(engine: Engine) -> Rows:
    """Every row of every table, by its primary key."""
    with engine.connect() as connection:
        return {table.name: _read_table(connection, table) for table in metadata.sorted_tables}


def _read_table(connection: Connection, table: Table) -> dict[Key, dict[str, Any]]:
    left_out = SEALED.get(table.name, set())
    columns = [column for column in table.columns if column.name not in left_out]
    keys = [column.name for column in table.primary_key]
    rows = [dict(row) for row in connection.execute(select(*columns)).mappings()]
    return {tuple(row[key] for key in keys): row for row in rows}


def restore(engine: Engine, wanted: Rows) -> None:
    """Set every row back that is new, changed or gone."""
    tables = metadata.sorted_tables
    now = read(engine)
    with engine.begin() as connection:
        for table in reversed(tables):
            for key in now[table.name].keys() - wanted[table.name].keys():
                connection.execute(table.delete().where(*_match(table, key)))
        for table in tables:
            for key, row in wanted[table.name].items():
                there = now[table.name].get(key)
                if there is None:
                    connection.execute(table.insert().values(**row))
                elif there != row:
                    connection.execute(table.update().where(*_match(table, key)).values(**row))


def _match(table: Table, key: Key) -> list[Any]:
    return [column == value for column, value in zip(table.primary_key, key, strict=True)]


def mask(rows: Rows, without: Mapping[str, Collection[str]] = {}) -> dict[str, list[str]]:
    """The rows without what differs between two runs of one use case: times, random values, serial numbers.

    ``without`` names more columns of a table to leave out.
    """
    return {
        name: sorted(_mask_row(name, row, without.get(name, ())) for row in found.values())
        for name, found in rows.items()
    }


def _mask_row(table: str, row: Mapping[str, Any], without: Collection[str] = ()) -> str:
    serial = metadata.tables[table].autoincrement_column
    left_out = {*without, serial.name if serial is not None else ""}
    return repr({name: _mask_value(value) for name, value in row.items() if name not in left_out})


def _mask_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return "time"
    if isinstance(value, bytes):
        return "bytes"
    if isinstance(value, str):
        return MADE.sub("made", value)
    if isinstance(value, Mapping):
        return {key: _mask_value(one) for key, one in value.items()}
    return [_mask_value(one) for one in value] if isinstance(value, list) else value


def describe_difference(one: Rows, other: Rows) -> str:
    """What the second has more or less, after masking; for a failing test."""
    left, right = mask(one), mask(other)
    lines = []
    for name in left:
        lines += [f"- {name} {row[:MOST_SHOWN]}" for row in left[name] if row not in right[name]]
        lines += [f"+ {name} {row[:MOST_SHOWN]}" for row in right[name] if row not in left[name]]
    return "\n".join(lines)


def find_changes(before: Rows, now: Rows) -> list[str]:
    """Every row that is new, gone or changed, masked."""
    lines = []
    for name, rows in before.items():
        there = now[name]
        lines += [f"+ {name} {_mask_row(name, there[key])}" for key in there.keys() - rows.keys()]
        lines += [f"- {name} {_mask_row(name, rows[key])}" for key in rows.keys() - there.keys()]
        for key in rows.keys() & there.keys():
            old, new = rows[key], there[key]
            changed = {column: _mask_value(new[column]) for column in new if new[column] != old[column]}
            lines += [f"~ {name} {changed}"] if changed else []
    return sorted(lines)
