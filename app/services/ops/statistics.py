"""SQLite's planner statistics: how many rows there are, so that joins begin at the right end.

PostgreSQL gathers its own. SQLite's own ``PRAGMA optimize`` looks only at what its connection asked before,
so it is ANALYZE here, limited to a sample of each index.
"""

from __future__ import annotations

from sqlalchemy import text

from app.extensions import db
from app.services.unit_of_work import give_up_connections
from app.services.unit_of_work import run_in_transaction

# Rows read of each index.
SAMPLE = 1000
# Statistics of a small table are soon wrong, and SQLite's guess without any is the cautious one.
LEAST_ROWS = 1000
# Its rows are found by group or member alone. Where SQLite knows how many there are, it reads them all, for a
# Bloom filter, before it walks up the groups of one person.
UNCOUNTED = "membership"


def refresh_statistics() -> None:
    """Gather SQLite's statistics; new connections of every process use them. Elsewhere nothing is done."""
    if db.engine.dialect.name != "sqlite":
        return

    def work() -> None:
        connection = db.session.connection()
        connection.exec_driver_sql(f"PRAGMA analysis_limit={SAMPLE}")
        connection.exec_driver_sql("ANALYZE")
        unwanted = text("DELETE FROM sqlite_stat1 WHERE CAST(stat AS INTEGER) < :least OR tbl = :uncounted")
        connection.execute(unwanted, {"least": LEAST_ROWS, "uncounted": UNCOUNTED})

    run_in_transaction(work)
    # A connection reads them when it opens; those of other processes are replaced in time (pool_recycle).
    db.session.remove()
    give_up_connections()
