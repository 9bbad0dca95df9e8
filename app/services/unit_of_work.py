"""The unit of work (design decision 21): reads use autocommit; a writer opens a unit first.

``run_in_transaction(work)`` runs ``work`` in one transaction and commits. On SQLite it begins IMMEDIATE, so
that a reader never has to upgrade its lock. A serialization failure or deadlock is retried once, then it
raises ``Unavailable``: nothing was committed. A connection lost during the COMMIT leaves open what was done:
then only work that recognises what it did before is retried. ``change_schema(work)`` is the unit of a
migration.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextlib import nullcontext
from typing import Any
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy import RootTransaction
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError as DatabaseError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import InterfaceError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from app.extensions import db
from app.runtime import UNIT
from app.runtime import memory
from app.runtime import per_app
from app.services.connections import MIGRATES
from app.services.connections import WRITES
from app.services.connections import get_patience
from app.services.once_read import READ
from app.services.prepared import Prepared
from app.services.prepared import Row
from app.services.problems import Conflict
from app.services.problems import Problem
from app.services.problems import Unavailable
from app.services.problems import Undetermined
from app.services.reading import Readers
from app.services.writers_queue import Turns

__all__ = [
    "DatabaseError",
    "PoolTimeout",
    "build_upsert",
    "change",
    "change_schema",
    "fetch_all",
    "fetch_one",
    "give_up_connections",
    "have_rights_moved",
    "list_moved_rights",
    "note_moved_rights",
    "run_after_commit",
    "run_in_transaction",
]

T = TypeVar("T")
AFTER = "argus_after_commit"
MOVED = "argus_rights_moved"
# How a unit begins, by dialect.
BEGINS: Mapping[str, Mapping[str, Any]] = {
    "sqlite": {WRITES: True},
    "postgresql": {"isolation_level": "READ COMMITTED"},
}
# Migrations wait for each other and for the requests of a running server; they may take as long as they need.
PATIENCE: Mapping[str, tuple[str, ...]] = {
    "sqlite": (),
    "postgresql": (
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        "SET LOCAL lock_timeout = '60s'",
        "SELECT pg_advisory_xact_lock(4702394921427289928)",
    ),
}
# PostgreSQL: serialization_failure, deadlock_detected, lock_not_available.
RETRIED_STATES = ("40001", "40P01", "55P03")


def run_in_transaction(work: Callable[[], T], *, repeatable: bool = False) -> T:
    """Run ``work`` in one write transaction and commit it.

    Raises ``Unavailable`` when the database is unavailable, ``Conflict`` when another request changed or took
    the same object; exceptions of ``work`` pass through. In each case nothing was committed. Raises
    ``Undetermined`` when nobody can know that; ``repeatable`` work finds out itself what it did before.
    """
    try:
        return _run_once(work)
    except Undetermined:
        if not repeatable:
            raise
    except DatabaseError as problem:
        if not _is_retryable(problem):
            raise
    try:
        return _run_once(work)
    except DatabaseError as problem:
        raise Unavailable from problem


def build_upsert(table: Table) -> sqlite.Insert | postgresql.Insert:
    """Build an INSERT that can say what to do when the row is there already (``on_conflict_do_update``)."""
    if db.session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def change_schema(work: Callable[[Connection], T]) -> T:
    """Run ``work``, which migrates and writes what belongs to that, in one transaction and commit it.

    One at a time, once, and without a limit of time. On SQLite foreign keys are not enforced meanwhile,
    because a table is changed by copying it; they are checked at the end. Whatever is raised passes through:
    nothing was changed.
    """

    def migrate() -> T:
        connection = db.session.connection()
        for statement in PATIENCE[connection.dialect.name]:
            connection.exec_driver_sql(statement)
        before = _list_orphans(connection)
        result = work(connection)
        db.session.flush()
        orphans = _list_orphans(connection) - before
        if orphans:
            raise Problem(f"The migration would leave rows that refer to nothing: {list(orphans)[:3]}")
        return result

    try:
        return _run_once(migrate, {MIGRATES: True})
    except Conflict as problem:
        # Nobody else is at work: what the database says is what the operator must know.
        raise problem.__cause__ or problem from None
    finally:
        # The next user of a connection expects foreign keys to be enforced.
        db.session.remove()
        give_up_connections()


def _list_orphans(connection: Connection) -> set[tuple[Any, ...]]:
    if connection.dialect.name != "sqlite":
        return set()
    return {tuple(row) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}


def run_after_commit(work: Callable[[], None]) -> None:
    """Run ``work`` after the current unit is committed, and not at all if it is not.

    It must not fail: committed work must never be answered with an error (security rule 10).
    """
    memory().setdefault(AFTER, []).append(work)


def fetch_one(statement: Prepared, values: Mapping[str, Any]) -> Row | None:
    """Fetch one row beside the ORM: of its objects, only what was flushed is seen."""
    return _read(lambda connection: statement.fetch_one(connection, values))


def fetch_all(statement: Prepared, values: Mapping[str, Any]) -> list[Row]:
    """Fetch all rows, as ``fetch_one`` does."""
    return _read(lambda connection: statement.fetch_all(connection, values))


def _read(read: Callable[[Connection], T]) -> T:
    """Read on the connection at hand. Outside of a unit, one that was lost is replaced once."""
    try:
        return read(_find_connection())
    except DatabaseError as problem:
        if not problem.connection_invalidated or UNIT in memory():
            raise
    per_app(Readers).drop()
    return read(_find_connection())


def change(statement: Prepared, values: Mapping[str, Any]) -> int:
    """Change rows beside the ORM, inside a unit; returns how many."""
    return statement.change(_find_connection(), values)


def _find_connection() -> Connection:
    """The connection of the unit at hand, or the one that this thread keeps for reading."""
    unit: Connection | None = memory().get(UNIT)
    return unit if unit is not None else per_app(Readers).find()


def give_up_connections() -> None:
    """Give up every connection of this process: another may not use them after a fork."""
    per_app(Readers).drop()
    db.engine.dispose()


def note_moved_rights(part: str) -> None:
    """Note that this unit changed a part of what rights are resolved from: no other can see that yet."""
    memory().setdefault(MOVED, set()).add(part)


def list_moved_rights() -> frozenset[str]:
    """List the parts that this unit changed."""
    return frozenset(memory().get(MOVED, ()))


def have_rights_moved() -> bool:
    """Tell whether this unit changed any of them."""
    return MOVED in memory()


def _run_once(work: Callable[[], T], options: Mapping[str, Any] | None = None) -> T:
    if UNIT in memory():
        # It would end the outer one, and what that did would be lost.
        raise RuntimeError("unit of work inside of another")
    _forget(AFTER)
    # What the session holds was read before: the unit decides with rows it reads itself.
    _end_session(commit=False)
    try:
        with _take_turn(options or {}), db.engine.connect() as opened:
            connection = opened.execution_options(**BEGINS[opened.dialect.name], **(options or {}))
            with connection.begin() as transaction:
                memory()[UNIT] = connection
                try:
                    result = work()
                    _end_session(commit=True)
                except BaseException:
                    _end_session(commit=False)
                    raise
                _commit(transaction)
    except (IntegrityError, StaleDataError) as problem:
        raise Conflict from problem
    except PoolTimeout as problem:
        raise Unavailable from problem
    finally:
        _forget()
    for follows in memory().pop(AFTER, ()):
        follows()
    return result


def _take_turn(options: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Wait until no other thread of this process writes; PostgreSQL has many writers."""
    if db.engine.dialect.name != "sqlite":
        return nullcontext()
    return per_app(Turns).take(get_patience(options))


def _end_session(*, commit: bool) -> None:
    """End the part that the ORM has in this unit, if it has one: ``commit`` sends what it holds, no more.

    Its session joins the unit's transaction (``extensions.UnitSession``), which alone is committed.
    """
    if db.session.registry.has():
        if commit:
            db.session.commit()
        else:
            db.session.rollback()


def _forget(*others: str) -> None:
    kept = memory()
    for name in (MOVED, READ, UNIT, *others):
        kept.pop(name, None)


def _commit(transaction: RootTransaction) -> None:
    try:
        transaction.commit()
    except BaseException as problem:
        # SQLAlchemy takes a transaction whose COMMIT failed for ended: without this its connection goes back
        # to the pool as if it were clean, and who gets it next reads, or commits, what was never committed.
        transaction.rollback()
        if isinstance(problem, DatabaseError) and problem.connection_invalidated:
            raise Undetermined from problem
        raise


def _is_retryable(problem: DatabaseError) -> bool:
    if isinstance(problem, InterfaceError) or problem.connection_invalidated:
        return True
    if getattr(problem.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
        return False  # it took too long, and would again
    state = getattr(problem.orig, "sqlstate", None)
    return state in RETRIED_STATES or (isinstance(problem, OperationalError) and state is None)
