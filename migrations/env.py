"""Alembic's environment: runs inside an application context, so the URL and the tables are the app's.

A migration never imports ``app.models``; only autogeneration compares with them, through the metadata.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

import app.models  # noqa: F401 - maps every table, for autogeneration
from app.extensions import metadata
from app.models.base import Bytes
from app.models.base import UtcDateTime
from app.services.unit_of_work import change_schema


def spell(kind: str, item: object, _context: object) -> str | bool:
    """Our own column types as the plain ones they are: a migration never imports ``app``."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Bytes):
        return f"sa.LargeBinary({item.length or ''})"
    return False


def run(connection: Connection) -> None:
    """Migrate inside the transaction of this connection; who began it commits."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=spell,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Offline migrations are not supported: the database decides the SQL.")
given = context.config.attributes.get("connection")
if given is None:
    change_schema(run)
else:
    run(given)
