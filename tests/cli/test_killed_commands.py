"""``init`` and ``upgrade`` end at any moment, by ``kill -9`` or by an error: the same command goes on.

Afterwards tables and indexes are those of a command that nobody disturbed, and so are the rows. Each run of
the tests tries a share of the moments; ``ARGUS_TEST_TORTURE=full`` tries all.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app import create_app
from app.extensions import db
from app.services import unit_of_work
from tests.migrating import upgrade
from tests.servers import CHEAP
from tests.servers import own_postgres

pytestmark = pytest.mark.race
ROOT = Path(__file__).parents[2]
IS_FULL = os.environ.get("ARGUS_TEST_TORTURE") == "full"
SHARE = 4
COMMANDS = {"init": ["init", "--demo", "--json"], "upgrade": ["upgrade"]}
# Written anew each time: their number counts, not their text.
RANDOM = {"audit_event", "audit_head"}
ROWS = 3


class Place:
    """An instance folder and its database, which can be set back to what it was at first."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.folder, self.origin = folder, folder.with_name("origin")
        self.url = url or f"sqlite:///{folder / 'argus.sqlite'}"
        self.environment = {**CHEAP, "ARGUS_INSTANCE": str(folder), "ARGUS_DATABASE_URL": self.url}

    def keep(self) -> None:
        """What is there now is where each attempt starts."""
        self.folder.mkdir(exist_ok=True)
        shutil.copytree(self.folder, self.origin)
        if self._is_postgres:
            self._recreate(f"{self._name}_origin", self._name)

    def set_back(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self.origin, self.folder)
        if self._is_postgres:
            self._recreate(self._name, f"{self._name}_origin")

    def drop(self) -> None:
        if self._is_postgres:
            with self._server() as server:
                server.exec_driver_sql(f'DROP DATABASE IF EXISTS "{self._name}_origin" WITH (FORCE)')

    def fill(self, revision: str) -> None:
        """Tables of this revision with a few rows in each."""
        app = create_app({**self.environment, "ARGUS_LOG_LEVEL": "ERROR"})
        with app.app_context():
            upgrade(revision=revision)
            insert_rows(db.engine)
            db.session.remove()
            unit_of_work.give_up_connections()

    def read(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Tables with columns, keys and indexes, and all rows; of random ones the number."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        if not self._is_postgres and not Path(engine.url.database or "").exists():
            return {}, {}
        inspector = sa.inspect(engine)
        schema, rows = {}, {}
        with engine.connect() as connection:
            for name in sorted(inspector.get_table_names()):
                columns = {c["name"]: (str(c["type"]), c["nullable"]) for c in inspector.get_columns(name)}
                indexes = {str(i["name"]): i["column_names"] for i in inspector.get_indexes(name)}
                foreign = sorted(str(k["name"]) for k in inspector.get_foreign_keys(name))
                schema[name] = (columns, indexes, foreign, inspector.get_pk_constraint(name)["name"])
                listed = ", ".join(f'"{column}"' for column in columns)
                held = connection.exec_driver_sql(f'SELECT {listed} FROM "{name}"').all()
                rows[name] = len(held) if name in RANDOM else sorted(repr(tuple(row)) for row in held)
            if not self._is_postgres:
                assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
                assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        return schema, rows

    @property
    def _is_postgres(self) -> bool:
        return self.url.startswith("postgresql")

    @property
    def _name(self) -> str:
        return sa.make_url(self.url).database or ""

    def _server(self) -> Any:
        url = sa.make_url(self.url).set(database="postgres")
        return sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect()

    def _recreate(self, name: str, template: str) -> None:
        with self._server() as server:
            server.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            server.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


class Victim:
    """Runs commands that end where they are told to."""

    def __init__(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ARGUS_")}
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("victim.py")],
            env={**environment, "PYTHONPATH": str(ROOT)}, cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, place: Place, command: str, how: str = "", at: int = 0) -> tuple[int, int, str]:
        """Exit status (-9: killed), the moments seen, and what was printed."""
        output = place.folder.with_name("output")
        job = {"arguments": COMMANDS[command], "environment": place.environment, "how": how, "at": at}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({**job, "output": str(output)}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["status"], answer["seen"], output.read_text(encoding="utf-8")

    def stop(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    made = Victim()
    yield made
    made.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        url = None
        if request.param == "postgres":
            url = stack.enter_context(own_postgres(request.getfixturevalue("postgres_database"), "killed"))
        made = Place(tmp_path / "instance", url)
        stack.callback(made.drop)
        yield made


@pytest.mark.parametrize("command", COMMANDS)
def test_the_same_command_goes_on(victim: Victim, place: Place, command: str) -> None:
    """Killed, or refused by the database or the disk, at any moment; then run again, undisturbed."""
    if command == "upgrade":
        place.folder.mkdir()
        place.fill("0001")
    place.keep()
    before = place.read()
    status, moments, output = victim.run(place, command)
    assert status == 0, output
    schema, rows = place.read()
    files = read_files(place)
    assert moments > 20

    for how, at in choose_moments(moments):
        place.set_back()
        status, _, output = victim.run(place, command, how, at)
        # An error of a statement after the commit may be one that is tried again.
        assert status in ((-9,) if how == "kill" else (0, 1)), (how, at, status, output)
        assert status or place.read()[0] == schema, (how, at, output)
        assert "Traceback" not in output, (how, at, output)
        assert_all_or_nothing(place.read(), before, (schema, rows))
        status, _, output = victim.run(place, command)
        assert status == 0, (how, at, output)
        found_schema, found_rows = place.read()
        assert found_schema == schema, (how, at)
        assert read_files(place) == files, (how, at)
        # Keys and passwords that a command makes differ from one run to another; what is there does not.
        assert {t: count(r) for t, r in found_rows.items()} == {t: count(r) for t, r in rows.items()}
        if command == "upgrade":
            made = {"signing_key"}
            kept = [{t: r for t, r in one.items() if t not in made} for one in (found_rows, rows)]
            assert kept[0] == kept[1], (how, at)
        else:
            assert len(json.loads(output)["users"]) == 4, (how, at)


def choose_moments(number: int) -> list[tuple[str, int]]:
    """All of them; in each run a share, the first and the last two always."""
    every = range(1, number + 1)
    if IS_FULL:
        return [(how, at) for how in ("kill", "raise") for at in every]
    chosen = {1, *every[-2:], *(1 + number * i // SHARE for i in range(SHARE))}
    return [("raise" if at % 3 == 0 else "kill", at) for at in sorted(chosen)]


def assert_all_or_nothing(found: Any, before: Any, after: Any) -> None:
    """No table is half there, and none has lost its rows."""
    assert found[0] in ({}, before[0], after[0])
    if found[0] == before[0]:
        assert found[1] == before[1]
    elif found[0]:
        assert {t: count(r) for t, r in found[1].items()} == {t: count(r) for t, r in after[1].items()}


def count(held: Any) -> int:
    return held if isinstance(held, int) else len(held)


def read_files(place: Place) -> set[str]:
    """The files of the folder, all private; drafts and what SQLite keeps beside its file do not count."""
    names = [
        p
        for p in place.folder.iterdir()
        if not p.name.startswith(".") and p.suffix[-4:] not in ("-wal", "-shm")
    ]
    for path in names:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    return {path.name for path in names}


def test_a_failed_upgrade_leaves_a_copy(victim: Victim, tmp_path: Path) -> None:
    """SQLite's database as it was stands beside it, private, until an upgrade has succeeded."""
    place = Place(tmp_path / "instance", None)
    place.folder.mkdir()
    place.fill("0001")
    before = place.read()
    place.keep()
    _, moments, _ = victim.run(place, "upgrade")
    place.set_back()
    assert victim.run(place, "upgrade", "kill", moments // 2)[0] == -9
    copy = place.folder / "argus.sqlite.before-upgrade"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    kept = Place(tmp_path / "kept", f"sqlite:///{copy}")
    assert kept.read() == before
    assert victim.run(place, "upgrade")[0] == 0
    assert not copy.exists()


def insert_rows(engine: sa.Engine) -> None:
    """A few rows in each table, made from the types of its columns."""
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            if table.name == "alembic_version":
                continue
            for number in range(1, ROWS + 1 if table.name != "system_state" else 2):
                values = {column.name: make_value(column, number) for column in table.columns}
                if table.name == "oauth_session":
                    values["api_key_id"] = None
                connection.execute(table.insert().values(values))
        if engine.dialect.name == "postgresql":
            for table in tables.sorted_tables:
                for column in table.primary_key.columns:
                    named = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
                    connection.exec_driver_sql(f"SELECT setval({named}, 1000) WHERE {named} IS NOT NULL")


def make_value(column: sa.Column[Any], number: int) -> object:
    if column.foreign_keys:
        (key,) = column.foreign_keys
        if key.column.table is column.table:
            return None
        return make_value(key.column, number)
    if column.name == "kind":
        return "user"
    kind = column.type
    if isinstance(kind, sa.JSON):
        return []
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, sa.Integer):
        return number
    if isinstance(kind, sa.DateTime):
        return datetime(2026, 1, number, tzinfo=UTC)
    if isinstance(kind, sa.LargeBinary):
        return bytes([number]) * 16
    return f"{column.name[:8]}{number}"[: getattr(kind, "length", None) or 100]


def test_an_empty_key_file_is_named(victim: Victim, tmp_path: Path) -> None:
    """Keys are never made anew in place of lost ones: what they sealed could not be read any more."""
    place = Place(tmp_path / "instance", None)
    place.folder.mkdir()
    (place.folder / "secret_keys").touch(mode=0o600)
    status, _, output = victim.run(place, "init")
    assert status == 1
    assert "secret_keys is empty" in output
    assert "Traceback" not in output
