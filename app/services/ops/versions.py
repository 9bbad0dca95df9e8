"""The version of the tables: that of this code, and that of a database.

Read without Alembic: only who migrates needs to load it.
"""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection
from sqlalchemy import inspect

from app.config import find_migrations_folder


def find_version(connection: Connection) -> str | None:
    """Return the migration that the database is at; ``None`` for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


@cache
def find_head() -> str:
    """Return the newest migration of this code. Read once: no file is added while it runs.

    Migrations are numbered by their file names, and follow each other in that order.
    """
    return max(file.name.partition("_")[0] for file in (find_migrations_folder() / "versions").glob("0*.py"))
