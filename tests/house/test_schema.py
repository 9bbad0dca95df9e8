"""Migrations and models agree; up and down leave nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from app import create_app
from app.extensions import db
from app.extensions import metadata
from app.services import unit_of_work
from app.services.ops import versions
from tests.migrating import downgrade
from tests.migrating import read_scripts
from tests.migrating import upgrade
from tests.servers import own_postgres


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An application over an empty database."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'empty.sqlite'}"
        if request.param == "postgres":
            url = stack.enter_context(own_postgres(request.getfixturevalue("postgres_database"), "house"))
        app = create_app({"ARGUS_INSTANCE": tmp_path, "ARGUS_DATABASE_URL": url, "ARGUS_LOG_LEVEL": "ERROR"})
        yield app
        with app.app_context():
            db.session.remove()
            unit_of_work.give_up_connections()


def test_up_and_down(empty: Flask) -> None:
    """After the upgrade the tables are the models'; after the downgrade nothing is left; and up again."""
    with empty.app_context():
        upgrade()
        with db.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        downgrade(revision="base")
        left = set(sa.inspect(db.engine).get_table_names())
        assert left <= {"alembic_version"}
        upgrade()
        assert set(metadata.tables) <= set(sa.inspect(db.engine).get_table_names())


def test_the_newest_migration_is_the_last_file(app: Flask) -> None:
    """``find_head`` reads no more than the names of the files."""
    with app.app_context():
        scripts = read_scripts()
    order = [one.revision for one in reversed(list(scripts.walk_revisions()))]
    assert order == sorted(order)
    assert [Path(one.path).name.partition("_")[0] for one in map(scripts.get_revision, order)] == order
    assert versions.find_head() == scripts.get_current_head()


def test_every_constraint_has_a_name() -> None:
    """A nameless constraint cannot be dropped by the next migration."""
    for table in metadata.sorted_tables:
        for constraint in table.constraints:
            assert constraint.name, (table.name, constraint)
        for index in table.indexes:
            assert index.name


def test_no_column_holds_a_secret() -> None:
    """House style 3.3: digests and hashes, never a ``token``, ``secret`` or ``password``."""
    named = {column.name for table in metadata.sorted_tables for column in table.columns}
    assert not named & {
        "token",
        "secret",
        "password",
        "access_token",
        "refresh_token",
        "client_secret",
        "code",
    }
