"""A backup that is put back revives nothing unless the operator says so (decision 35).

Real copies, real servers.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from tests.servers import SCRIPTS
from tests.servers import LiveServer
from tests.servers import own_postgres

pytestmark = pytest.mark.server


class Site:
    """A server, the token of a login that was ended after a backup was made, and the backup."""

    def __init__(self, folder: Path, url: str | None) -> None:
        given = {"database_url": url} if url else {}
        self.server = LiveServer(folder, **given)
        self.url, self.copied = url, folder.with_name("copy")
        self.token = self.logs_in()
        self.server.stop()
        self.backs_up()
        self.server.start()
        assert self.lives()
        requests.delete(self.session, headers=self.bearer, timeout=30).raise_for_status()
        assert not self.lives()
        self.server.stop()

    @property
    def session(self) -> str:
        return f"{self.server.base}/authentication/v1/session"

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def logs_in(self) -> str:
        body = {"userName": "alice", "password": self.server.password("alice")}
        path = f"{self.server.base}/authentication/v1/password/authentication"
        answer = requests.post(path, json=body, timeout=30)
        return str(answer.json()["data"]["credentials"]["requestCredentialsData"])

    def backs_up(self) -> None:
        shutil.copytree(self.server.folder, self.copied)
        if self.url:
            recreate(self.url, name_of(self.url) + "_copy", name_of(self.url))

    def lives(self) -> bool:
        return requests.get(self.session, headers=self.bearer, timeout=30).status_code == 200

    def key_lives(self) -> bool:
        return self.server.call("GET", "/currentuser/v1/user").status_code == 200

    def moves_to(self, folder: Path) -> None:
        self.server.folder = folder
        self.server.environment["ARGUS_INSTANCE"] = str(folder)

    def refuses(self) -> str:
        """What ``serve`` says instead of serving."""
        done = subprocess.run(
            [SCRIPTS / "argus-idp", "serve", "--bind", f"127.0.0.1:{self.server.port}"],
            env=self.server.environment, cwd=self.server.folder,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr


def name_of(url: str) -> str:
    return sa.make_url(url).database or ""


def recreate(url: str, name: str, template: str) -> None:
    server = sa.create_engine(
        sa.make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with server.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        if template:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


# --- how a backup comes back --------------------------------------------------------------------------------


def put_back_the_file(site: Site) -> None:
    """SQLite: the file alone, over the present one, in its place (its number stays)."""
    target = site.server.folder / "argus.sqlite"
    with (
        closing(sqlite3.connect(site.copied / "argus.sqlite")) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)


def put_back_the_folder(site: Site) -> None:
    """SQLite: the whole folder, in place of the present one."""
    site.server.folder.rename(site.server.folder.with_name("broken"))
    shutil.copytree(site.copied, site.server.folder)


def put_the_file_elsewhere(site: Site) -> None:
    """SQLite: the file with its keys on another machine, where no server has been."""
    folder = site.server.folder.with_name("elsewhere")
    folder.mkdir()
    for name in ("argus.sqlite", "secret_keys"):
        shutil.copy2(site.copied / name, folder)
    site.moves_to(folder)


def put_back_the_rows(site: Site) -> None:
    """PostgreSQL: the rows of all tables, into the tables there are."""
    assert site.url
    old = sa.create_engine(
        sa.make_url(site.url).set(database=name_of(site.url) + "_copy"), poolclass=sa.NullPool
    )
    new = sa.create_engine(site.url, poolclass=sa.NullPool)
    tables = sa.MetaData()
    tables.reflect(old)
    with old.connect() as source, new.begin() as target:
        names = ", ".join(f'"{table.name}"' for table in tables.sorted_tables)
        target.exec_driver_sql(f"TRUNCATE {names}")
        for table in tables.sorted_tables:
            rows = [dict(row._mapping) for row in source.execute(sa.select(table))]
            if rows:
                target.execute(table.insert(), rows)


def put_back_the_database(site: Site) -> None:
    """PostgreSQL: dropped, and made anew from the backup."""
    assert site.url
    recreate(site.url, name_of(site.url), name_of(site.url) + "_copy")


def put_the_database_elsewhere(site: Site) -> None:
    """PostgreSQL: under another name, on a machine where no server has been."""
    assert site.url
    folder = site.server.folder.with_name("elsewhere")
    folder.mkdir()
    shutil.copy2(site.copied / "secret_keys", folder)
    site.moves_to(folder)
    copy = sa.make_url(site.url).set(database=name_of(site.url) + "_copy")
    site.server.environment["ARGUS_DATABASE_URL"] = copy.render_as_string(hide_password=False)


WAYS: dict[str, tuple[str, Callable[[Site], None]]] = {
    "file": ("sqlite", put_back_the_file),
    "folder": ("sqlite", put_back_the_folder),
    "file elsewhere": ("sqlite", put_the_file_elsewhere),
    "rows": ("postgres", put_back_the_rows),
    "database": ("postgres", put_back_the_database),
    "database elsewhere": ("postgres", put_the_database_elsewhere),
}
ANSWERS = {
    # command -> whether the session lives, whether the API key lives
    "end-all": (False, True),
    "end-all --api-keys": (False, False),
    "keep-all": (True, True),
}
# Every way, and every answer on each database.
TRIED = {
    "file": ("end-all", "keep-all"),
    "folder": ("end-all --api-keys",),
    "rows": ("end-all --api-keys", "keep-all"),
}
CASES = [
    pytest.param(way, answer, marks=pytest.mark.postgres if WAYS[way][0] == "postgres" else ())
    for way in WAYS
    for answer in TRIED.get(way, ("end-all",))
]


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with ExitStack() as stack:

        def make(kind: str) -> Site:
            url = None
            if kind == "postgres":
                url = stack.enter_context(
                    own_postgres(request.getfixturevalue("postgres_database"), "restored")
                )
                stack.callback(recreate, url, name_of(url) + "_copy", "")
            made = Site(tmp_path / "instance", url)
            stack.callback(lambda: made.server.process.poll() is None and made.server.stop())
            return made

        yield make


@pytest.mark.parametrize(("way", "answer"), CASES)
def test_a_copy_is_not_served_unasked(site: Any, way: str, answer: str) -> None:
    """It says so and how to answer; the answer does what it says, and is asked for once."""
    kind, put_back = WAYS[way]
    made: Site = site(kind)
    put_back(made)
    told = made.refuses()
    assert "sessions end-all" in told
    assert "sessions keep-all" in told
    made.server.command("sessions", *answer.split())
    made.server.start()
    assert (made.lives(), made.key_lives()) == ANSWERS[answer]
    made.server.stop()
    made.server.start()
    assert made.key_lives() == ANSWERS[answer][1]


def test_a_restart_is_no_copy(site: Any) -> None:
    """Nor is a server that was killed, nor a folder that was renamed."""
    made: Site = site("sqlite")
    made.server.start()
    made.token = made.logs_in()
    parent = made.server.process
    workers = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text(encoding="ascii").split()
    for process in (parent.pid, *map(int, workers)):
        os.kill(process, signal.SIGKILL)
    parent.wait(30)
    made.server.start()
    assert made.lives()
    made.server.stop()
    folder = made.server.folder.rename(made.server.folder.with_name("renamed"))
    made.moves_to(folder)
    made.server.log = folder / "server.log"
    made.server.start()
    assert made.lives()
