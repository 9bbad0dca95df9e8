"""Brings the database to the version of this code, in one transaction; SQLite's file is copied first."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from app.config import find_migrations_folder
from app.extensions import db
from app.services.ops.versions import find_head
from app.services.ops.versions import find_version
from app.services.problems import Problem
from app.services.unit_of_work import change_schema

T = TypeVar("T")
COPY_SUFFIX = ".before-upgrade"


def upgrade_database(then: Callable[[], T]) -> T:
    """Apply the missing migrations and do ``then``, in one transaction.

    Killed or failed at any moment, nothing was changed. Until it has succeeded, SQLite's database as it was
    stands beside the file (``….before-upgrade``, mode 0600). Raises ``Problem``
    if the database is at a version that this code does not know.
    """

    file = Path(db.engine.url.database or "") if db.engine.dialect.name == "sqlite" else None
    copy = file.with_name(file.name + COPY_SUFFIX) if file is not None else None

    def work(connection: Connection) -> T:
        at = find_version(connection)
        if at != find_head():
            if at is not None and file is not None and copy is not None:
                _copy_database(file, copy)
            _migrate(connection)
        return then()

    done = change_schema(work)
    if copy is not None:
        copy.unlink(missing_ok=True)
    return done


def _migrate(connection: Connection) -> None:
    # Imported here: no server and no other command needs them.
    from alembic import command
    from alembic.util import CommandError
    from flask_migrate import Migrate

    config = Migrate().get_config(find_migrations_folder())
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as problem:
        raise Problem(f"The database is of another version than this program: {problem}") from None


def _copy_database(file: Path, copy: Path) -> None:
    """Copy what is committed in an SQLite file, while others use it; the copy is whole or not there."""
    draft = copy.with_name(copy.name + ".part")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    with (
        closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(draft)) as target,
    ):
        source.backup(target)
    os.replace(draft, copy)
