"""Alembic's environment: runs inside an application context, so the URL and the tables are the app's.

A migration never imports ``app.models``; only autogeneration compares with them, through the metadata.
"""

from __future__ import annotations

from alembic import context
from flask import current_app

import app.models  # noqa: F401 - maps every table, for autogeneration
from app.extensions import metadata
from app.models.base import UtcDateTime

database = current_app.extensions["migrate"].db


def spell(kind: str, item: object, _context: object) -> str | bool:
    """Our own column type as the plain one it is: a migration never imports ``app``."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    """Migrate in one transaction per call; a failing step leaves nothing half done."""
    engine = database.engine
    with engine.connect() as raw:
        connection = raw
        if engine.dialect.name != "sqlite":
            connection = raw.execution_options(isolation_level="READ COMMITTED")
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=engine.dialect.name == "sqlite",
            compare_type=True,
            render_item=spell,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


if context.is_offline_mode():
    raise SystemExit("Offline migrations are not supported: the database decides the SQL.")
run()
