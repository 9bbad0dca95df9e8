"""Plain SQL on the driver's own connection, one per thread, autocommit; SQLite in WAL mode, or PostgreSQL."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from typing import Any

import psycopg

TABLES = (
    "CREATE TABLE IF NOT EXISTS client (id TEXT PRIMARY KEY, secret TEXT, redirect_uri TEXT, scope TEXT)",
    "CREATE TABLE IF NOT EXISTS login (digest TEXT PRIMARY KEY, user_id BIGINT, at BIGINT)",
    "CREATE TABLE IF NOT EXISTS consent"
    " (user_id BIGINT, client_id TEXT, scope TEXT, PRIMARY KEY (user_id, client_id))",
    "CREATE TABLE IF NOT EXISTS code"
    " (digest TEXT PRIMARY KEY, client_id TEXT, user_id BIGINT, redirect_uri TEXT,"
    " scope TEXT, challenge TEXT, nonce TEXT, at BIGINT, expires_at BIGINT)",
    "CREATE TABLE IF NOT EXISTS token"
    " (access TEXT PRIMARY KEY, refresh TEXT UNIQUE, client_id TEXT, user_id BIGINT,"
    " scope TEXT, issued_at BIGINT, expires_at BIGINT)",
)


def digest(text: str) -> str:
    """What is stored of a code, token or secret."""
    return hashlib.sha256(text.encode()).hexdigest()


class Store:
    """``url``: the path of a SQLite file, or ``postgresql://…``. Statements use ``?`` for values."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._own = threading.local()
        self._is_postgres = url.startswith("postgresql:")

    def make_tables(self) -> None:
        for statement in TABLES:
            self.write(statement)

    def one(self, statement: str, *values: object) -> Sequence[Any] | None:
        """The first row."""
        row: Sequence[Any] | None = self._run(statement, values).fetchone()
        return row

    def write(self, statement: str, *values: object) -> int:
        """Number of rows changed."""
        return int(self._run(statement, values).rowcount)

    def _run(self, statement: str, values: Sequence[object]) -> Any:
        if self._is_postgres:
            statement = statement.replace("?", "%s")
        return self._connection().execute(statement, values)

    def _connection(self) -> Any:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._connect()
        return connection

    def _connect(self) -> Any:
        if self._is_postgres:
            return psycopg.connect(self._url, autocommit=True)
        connection = sqlite3.connect(self._url, isolation_level=None, timeout=5, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")
        return connection
