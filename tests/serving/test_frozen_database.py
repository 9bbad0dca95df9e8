"""PostgreSQL does not answer any more, and closes nothing: 503, until it does (security rule 79)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import requests
import sqlalchemy
from sqlalchemy.exc import OperationalError

from app.services import connections
from tests.servers import LiveServer
from tests.servers import own_postgres
from tests.servers import running
from tests.serving.freezing import FreezingWay
from tests.serving.freezing import freezing

pytestmark = [pytest.mark.postgres, pytest.mark.server]
# More than there are threads.
CALLERS = 12
Served = tuple[LiveServer, FreezingWay]


@pytest.fixture
def served(tmp_path: Path, postgres_database: str) -> Iterator[Served]:
    with (
        own_postgres(postgres_database, "frozen") as url,
        freezing(url) as (way, by_way),
        running(tmp_path / "instance", database_url=by_way) as server,
    ):
        yield server, way


def test_nobody_waits_for_ever(served: Served) -> None:
    """Each thread waited for good, and with them the whole server, health and all."""
    server, way = served
    calls = ["/authentication/v1/session", "/useradmin/v2/user", "/readyz"]
    for path in calls:
        assert server.call("GET", path).status_code == 200
    way.freeze()
    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(lambda n: server.call("GET", calls[n % len(calls)]), range(CALLERS)))
    assert {one.status_code for one in answers} == {503}
    assert all(one.headers["Retry-After"] for one in answers)
    assert requests.get(server.base + "/healthz", timeout=30).status_code == 200
    way.thaw()
    for path in calls:
        assert server.call("GET", path).status_code == 200


@pytest.fixture
def engine(postgres_database: str) -> Iterator[tuple[sqlalchemy.Engine, FreezingWay]]:
    with freezing(postgres_database) as (way, url):
        made = sqlalchemy.create_engine(url, **connections.build_options(url, 1))
        connections.prepare_engine(made, 1)
        yield made, way
        made.dispose()


def test_a_connection_that_says_nothing_is_given_up(engine: tuple[sqlalchemy.Engine, FreezingWay]) -> None:
    """In the middle of its work, too; its answer is never taken for that of another statement."""
    made, way = engine
    with made.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        assert connection.execute(sqlalchemy.text("select 1")).scalar_one() == 1
        way.freeze()
        with pytest.raises(OperationalError) as caught:
            connection.execute(sqlalchemy.text("select 2"))
        assert caught.value.connection_invalidated
        assert driver.closed
    way.thaw()
    with made.connect() as connection:
        assert connection.execute(sqlalchemy.text("select 3")).scalar_one() == 3


def test_what_is_slow_is_ended_by_the_server_itself(engine: tuple[sqlalchemy.Engine, FreezingWay]) -> None:
    """The connection lives on: it did answer."""
    made, _ = engine
    with made.connect() as connection:
        with pytest.raises(OperationalError) as caught:
            connection.execute(sqlalchemy.text("select pg_sleep(60)"))
        assert not caught.value.connection_invalidated
        assert connection.execute(sqlalchemy.text("select 3")).scalar_one() == 3
