"""States of a test's database: kept once beside its tables, laid down again before each test."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import sqlalchemy as sa
from flask import Flask

from app.extensions import db
from app.extensions import metadata

# PostgreSQL: from this size on, a table is emptied faster with its files.
LARGE = 1 << 20
SIZE = sa.text(
    "SELECT max(pg_relation_size(oid)) FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)


class States:
    """The rows of every table by the name of the state. No id comes back: sequences keep counting, and so
    does the policy version, so that nothing cached by another application fits a later test.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.laid = 0
        with app.app_context():
            self.on_postgres = db.engine.dialect.name == "postgresql"
            self.file = db.engine.url.database or ""
        self.scripts: dict[str, list[str]] = {}
        if self.on_postgres:
            # In the place of a vacuumed row a new one comes before older ones, where no order is asked for.
            off = 'ALTER TABLE "{}" SET (autovacuum_enabled = off)'
            self._run([off.format(table.name) for table in metadata.sorted_tables])

    def keep(self, name: str) -> None:
        """Copy all rows; the tables hold what ``lay_down(name)`` shall bring back."""
        if self.on_postgres:
            make, place = [f"CREATE SCHEMA {name}"], f'{name}."{{}}"'
        else:
            make, place = [], f'kept."{name}_{{}}"'
        fill = []
        for table in metadata.sorted_tables:
            copy = place.format(table.name)
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            make.append(f'CREATE TABLE {copy} AS SELECT {columns} FROM "{table.name}"')
            fill.append(f'INSERT INTO "{table.name}" ({columns}) SELECT {columns} FROM {copy}')
        self._run(make)
        self.scripts[name] = fill

    def lay_down(self, name: str) -> None:
        """Every table as it was."""
        self.laid += 1
        versions = ("policy_version", "graph_version", "tree_version")
        moved = ", ".join(f"{name} = {name} + {self.laid * 1000}" for name in versions)
        count = f"UPDATE system_state SET {moved}"
        self._run([*self._clear(), *self.scripts[name], count])

    def _clear(self) -> list[str]:
        names = [f'"{table.name}"' for table in reversed(metadata.sorted_tables)]
        if self.on_postgres:
            with self.app.app_context(), db.engine.connect() as connection:
                if connection.execute(SIZE).scalar_one() > LARGE:
                    return [f"TRUNCATE {', '.join(names)}"]
        return [f"DELETE FROM {name}" for name in names]

    def _run(self, statements: list[str]) -> None:
        """In one transaction and, on PostgreSQL, one message."""
        script = ";\n".join(statements)
        with self.app.app_context():
            db.session.rollback()
            if self.on_postgres:
                with db.engine.begin() as connection:
                    connection.exec_driver_sql(script)
                return
        # A connection of its own: without the application's foreign keys, and nothing waits for the disk.
        with closing(sqlite3.connect(self.file, isolation_level=None, timeout=5)) as own:
            own.execute("PRAGMA synchronous=OFF")
            own.execute("ATTACH ? AS kept", [f"{self.file}.states"])
            own.executescript(f"BEGIN IMMEDIATE;\n{script};\nCOMMIT")
