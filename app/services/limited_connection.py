"""A connection to PostgreSQL that does not wait for ever (security rule 79)."""

from __future__ import annotations

from typing import Any
from typing import TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

T = TypeVar("T")
# How often a waiting thread looks whether it is to end; the driver's own.
LOOK_SECONDS = 0.1


class LimitedConnection(psycopg.Connection[Any]):
    """Given up when the server says nothing for ``patience`` seconds (``None``: never)."""

    patience: float | None = None

    def __del__(self, *_: object) -> None:
        """Close it without a word: that of a thread that ended is left to the collector, and so is one that
        was given back to a pool that is gone (``reading``).
        """
        if hasattr(self, "pgconn"):
            self.pgconn.finish()

    def wait(self, gen: PQGen[T], interval: float = LOOK_SECONDS, timeout: float | None = None) -> T:
        """Wait for an answer. Raises ``psycopg.OperationalError``; the connection is closed then."""
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.OperationalError:
            # The answer may still come, and must not be taken for that of the next statement.
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise
