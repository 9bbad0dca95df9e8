"""Statements that are compiled once for each database and run by the driver's own cursor.

SQLAlchemy builds them and knows their types; nothing of it runs at a call but who listens to its events.
Most of a small statement's price was to look it up, to set it up and to wrap its answer.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy import Dialect
from sqlalchemy import Executable
from sqlalchemy import Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]
Row = Sequence[Any]


class Prepared:
    """A statement with bind parameters, built once. An INSERT takes its columns from the values given."""

    __slots__ = ("_statement", "_texts")

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._texts = dict[tuple[str, ...], _Text]()

    def fetch_one(self, connection: Connection, values: Mapping[str, Any]) -> Row | None:
        """Return the first row, its values as the columns' types make them, or ``None``."""
        text = self._get_text(connection, values)
        cursor = _run(connection, text, values)
        try:
            row = cursor.fetchone()
        finally:
            cursor.close()
        return text.convert(row) if row is not None else None

    def fetch_all(self, connection: Connection, values: Mapping[str, Any]) -> list[Row]:
        """Return all rows."""
        text = self._get_text(connection, values)
        cursor = _run(connection, text, values)
        try:
            return [text.convert(row) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def change(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Return how many rows were changed."""
        cursor = _run(connection, self._get_text(connection, values), values)
        changed: int = cursor.rowcount
        cursor.close()
        return changed

    def _get_text(self, connection: Connection, values: Mapping[str, Any]) -> _Text:
        dialect = connection.dialect
        # Compiled for the names of these values; the same place of the code sends the same.
        key = (dialect.name, *values)
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = _compile(self._statement, dialect, list(values))
        return text


@dataclass(frozen=True, slots=True)
class _Text:
    sql: str
    # The parameters by place; ``None`` if the driver takes them by name.
    order: tuple[str, ...] | None
    # Values that are part of the statement.
    fixed: Mapping[str, Any]
    binders: Sequence[tuple[str, Convert]]
    converters: Sequence[tuple[int, Convert]]

    def bind(self, values: Mapping[str, Any]) -> Sequence[Any] | Mapping[str, Any]:
        bound = {**self.fixed, **values}
        for name, convert in self.binders:
            bound[name] = convert(bound[name])
        return bound if self.order is None else [bound[name] for name in self.order]

    def convert(self, row: Row) -> Row:
        found = list(row)
        for place, convert in self.converters:
            if found[place] is not None:
                found[place] = convert(found[place])
        return found


def _compile(statement: Executable, dialect: Dialect, names: list[str]) -> _Text:
    compiled = statement.compile(dialect=dialect, column_keys=names)  # type: ignore[attr-defined]
    if not isinstance(compiled, SQLCompiler) or compiled.update_prefetch or compiled.effective_returning:
        raise TypeError(f"{statement} is none that can be prepared.")
    fixed: dict[str, Any] = {
        name: bind.effective_value for bind, name in compiled.bind_names.items() if not bind.required
    }
    for column in compiled.insert_prefetch:
        default = column.default
        if not isinstance(default, ScalarElementColumnDefault):
            raise TypeError(f"{column} needs a value: its default is none that can be kept.")
        fixed[column.key] = default.arg
    given = set(names)
    binders = {
        name: convert
        for bind, name in compiled.bind_names.items()
        if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
    }
    kept = {
        name: binders[name](value) if name in binders else value
        for name, value in fixed.items()
        if name not in given
    }
    types: list[TypeEngine[Any]] = (
        [column.type for column in statement.inner_columns] if isinstance(statement, Select) else []
    )
    return _Text(
        sql=str(compiled),
        order=tuple(compiled.positiontup) if compiled.positiontup is not None else None,
        fixed=kept,
        binders=[(name, convert) for name, convert in binders.items() if name in given],
        converters=[
            (place, convert)
            for place, kind in enumerate(types)
            if (convert := kind.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ],
    )


def _run(connection: Connection, text: _Text, values: Mapping[str, Any]) -> Any:
    """Run it on the driver's connection; who listens to SQLAlchemy's statements is told of this one too."""
    parameters = text.bind(values)
    dialect = connection.dialect
    borrowed = connection.connection
    cursor: Any = borrowed.cursor()
    try:
        for listener in connection.dispatch.before_cursor_execute:
            listener(connection, cursor, text.sql, parameters, None, False)
        for listener in dialect.dispatch.do_execute:
            if listener(cursor, text.sql, parameters, None) is True:
                break
        else:
            cursor.execute(text.sql, parameters)
    except dialect.loaded_dbapi.Error as problem:
        # Half done, it would hold what it read for as long as somebody holds the exception.
        cursor.close()
        driver = borrowed.driver_connection
        is_lost = dialect.is_disconnect(problem, driver, cursor)
        if is_lost:
            # As SQLAlchemy does: all connections as old as this one are lost too.
            connection.engine.pool._invalidate(borrowed, problem)
            connection.invalidate(problem)
        raise DBAPIError.instance(
            text.sql,
            None,
            problem,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=is_lost,
            dialect=dialect,
        ) from problem
    return cursor
