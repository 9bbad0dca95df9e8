"""How connections to the database are made, and how long each waits for an answer.

SQLite's writers begin IMMEDIATE and a statement has a limit of time. PostgreSQL limits its statements by
itself; a server that is frozen, or behind a network that swallows everything, says nothing at all, and then
we stop waiting (security rule 79).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection
from sqlalchemy import Engine
from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from app.services import writers_queue

# Execution options of a unit: it writes; it migrates.
WRITES = "argus_writes"
MIGRATES = "argus_migrates"
DEADLINE = "argus_deadline"
# SQLite: how long a statement waits for another connection; a writer waits in its own way.
BUSY_MILLISECONDS = 5000
MIGRATION_PATIENCE_SECONDS = 60
# SQLite's steps, about a tenth of a second: a look takes Python's lock, so a short statement has none.
OPERATIONS_BETWEEN_LOOKS = 1_000_000
# How long a connection may take to be made, and one from the pool to say that it lives.
ANSWER_SECONDS = 2
# A connection that was lent this recently is not asked: that costs as much as a small read. If it is lost all
# the same, a unit is tried once more, and so is a read (``unit_of_work``).
REST_SECONDS = 1
RESTS_AT = "argus_rests_at"
# What PostgreSQL gets on top of its own limit before we take it for frozen.
SPARE_SECONDS = 1


def build_options(url: str, statement_seconds: int | None, *, pooled: bool = False) -> dict[str, object]:
    """Build the options of the engine. ``statement_seconds`` limits each statement (``None``: not at all).

    ``pooled``: behind a pooler each transaction may meet another server process (PgBouncer's transaction
    mode), so nothing is left there: no prepared statement, no limit of ours, which the role has instead.
    """
    if url.startswith("sqlite"):
        # The driver's own transactions are off (``prepare_engine``); a pool of connections to one file.
        # A new connection reads the planner's newest statistics.
        return {"pool_size": 8, "max_overflow": 16, "pool_timeout": 2, "pool_recycle": 600}
    limits = (
        f"-c statement_timeout={(statement_seconds or 0) * 1000} -c lock_timeout=5000 "
        "-c idle_in_transaction_session_timeout=30000"
    )
    return {
        "isolation_level": "AUTOCOMMIT",
        "pool_size": 8,
        "max_overflow": 16,
        # The one used last is lent first, and asked whether it lives only after a rest.
        "pool_use_lifo": True,
        "pool_timeout": 2,
        "connect_args": {
            "connect_timeout": ANSWER_SECONDS,
            **({"prepare_threshold": None} if pooled else {"options": limits}),
        },
    }


def prepare_engine(engine: Engine, statement_seconds: int | None) -> None:
    """Set what each new connection and each statement of this engine gets."""
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, statement_seconds)
    elif engine.dialect.name == "postgresql" and statement_seconds is not None:
        _prepare_postgresql(engine, statement_seconds + SPARE_SECONDS)


def _prepare_postgresql(engine: Engine, patience: float) -> None:
    # Only here: on SQLite the driver is not loaded.
    from app.services.limited_connection import LimitedConnection

    @event.listens_for(engine, "do_connect")
    def _connect(
        _dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]
    ) -> LimitedConnection:
        made = LimitedConnection.connect(*arguments, **options)
        made.patience = ANSWER_SECONDS
        return made

    @event.listens_for(engine, "checkout")
    def _lend(connection: LimitedConnection, record: ConnectionPoolEntry, _: object) -> None:
        if time.monotonic() > record.info.get(RESTS_AT, 0) + REST_SECONDS:
            _ask_whether_it_lives(engine, connection)
        connection.patience = patience

    @event.listens_for(engine, "checkin")
    def _take_back(connection: LimitedConnection | None, record: ConnectionPoolEntry) -> None:
        record.info[RESTS_AT] = time.monotonic()
        if connection is not None:
            connection.patience = ANSWER_SECONDS


def _ask_whether_it_lives(engine: Engine, connection: Any) -> None:
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as problem:
        # With it, all that are as old: whoever waits gets a new one.
        raise InvalidatePoolError from problem


def _prepare_sqlite(engine: Engine, statement_seconds: int | None) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: object, record: ConnectionPoolEntry) -> None:
        # The driver's transaction handling is off: the handler below sends BEGIN.
        connection.isolation_level = None  # type: ignore[attr-defined]
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in (
            f"busy_timeout={BUSY_MILLISECONDS}",
            "journal_mode=WAL",
            "foreign_keys=ON",
            "synchronous=NORMAL",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        # SQLite's own knows ASCII only: keywords ignore case in every language, as on PostgreSQL.
        connection.create_function("lower", 1, _lower, deterministic=True)  # type: ignore[attr-defined]
        info = record.info
        info[DEADLINE] = math.inf
        connection.set_progress_handler(  # type: ignore[attr-defined]
            lambda: time.monotonic() > info[DEADLINE], OPERATIONS_BETWEEN_LOOKS
        )

    @event.listens_for(engine, "before_cursor_execute")
    def _limit(connection: Connection, *arguments: object) -> None:
        # A statement with many rows of parameters is many statements.
        unlimited = arguments[-1] is True or connection.get_execution_options().get(MIGRATES)
        seconds = math.inf if unlimited or statement_seconds is None else statement_seconds
        connection.info[DEADLINE] = time.monotonic() + seconds

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        seconds = get_patience(options)
        if options.get(MIGRATES):
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        if options.get(WRITES):
            writers_queue.begin_writing(connection, BUSY_MILLISECONDS, seconds)


def get_patience(options: Mapping[str, Any]) -> float:
    """Return how many seconds a unit with these options waits for other writers of SQLite."""
    return MIGRATION_PATIENCE_SECONDS if options.get(MIGRATES) else writers_queue.PATIENCE_SECONDS


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value
