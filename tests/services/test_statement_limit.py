"""A statement that takes too long is given up: 503, on either database; a command may take its time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from app import cli
from app import create_app
from app.extensions import db
from app.services import unit_of_work
from app.services.connections import DEADLINE
from app.services.ops import statistics
from app.services.unit_of_work import DatabaseError
from app.services.unit_of_work import run_in_transaction
from tests.fixtures import BASE_URL
from tests.fixtures import CHEAP

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def hasty(app: Flask, database_url: str) -> Iterator[Flask]:
    """Another application over the same database, which gives a statement one second."""
    made = create_app(
        {
            **CHEAP,
            "ARGUS_INSTANCE": app.instance_path,
            "ARGUS_DATABASE_URL": database_url,
            "ARGUS_BASE_URL": BASE_URL,
        },
        statement_seconds=1,
    )
    yield made
    with made.app_context():
        db.session.remove()
        unit_of_work.give_up_connections()


def test_an_endless_statement_is_503(hasty: Flask) -> None:
    """And the next request is answered: the connection is whole."""
    hasty.add_url_rule(
        "/users/v2/endless", view_func=lambda: str(db.session.execute(sa.text(ENDLESS)).scalar())
    )
    with hasty.test_client() as browser:
        assert browser.get("/users/v2/endless").status_code == 503
        assert browser.get("/readyz").status_code == 200


def test_it_is_not_tried_twice(hasty: Flask) -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        db.session.execute(sa.text(ENDLESS)).scalar()

    with hasty.app_context(), pytest.raises(DatabaseError):
        run_in_transaction(work)
    assert tries == [1]


def test_a_command_has_no_limit(app: Flask, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_INSTANCE", app.instance_path)
    monkeypatch.setenv("ARGUS_DATABASE_URL", database_url)
    made = cli._create_app()
    with made.app_context():
        with db.engine.connect() as connection:
            if db.engine.dialect.name == "postgresql":
                assert connection.execute(sa.text("SHOW statement_timeout")).scalar() == "0"
            else:
                connection.execute(sa.text("SELECT 1"))
                assert connection.info[DEADLINE] == float("inf")
        unit_of_work.give_up_connections()


def test_statistics_are_of_large_tables(app: Flask) -> None:
    """A table that was small when it was counted keeps SQLite's cautious guess."""
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            statistics.refresh_statistics()
            return
        add = sa.text(
            "INSERT INTO audit_event (at, action, outcome, reasons, detail)"
            " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000)"
            " SELECT '2026-01-01 00:00:00', 'login', 'success', '[]', '{}' FROM n"
        )
        run_in_transaction(lambda: db.session.execute(add))
        statistics.refresh_statistics()
        found = db.session.execute(sa.text("SELECT DISTINCT tbl FROM sqlite_stat1")).scalars().all()
        assert found == ["audit_event"]
