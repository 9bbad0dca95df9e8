"""``audit verify`` and the sealer beside a real server, under either of the two programs that serve."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.test_commands import login
from tests.cli.test_commands import run
from tests.servers import LiveServer
from tests.servers import own_postgres
from tests.servers import running

pytestmark = pytest.mark.server
TOLD = re.compile(r"([\d,]+) rows sealed and in order; ([\d,]+) not sealed yet\.\nend (\d+:[0-9a-f]{64})\n")
TRIES = 20


def verified(server: LiveServer, *arguments: str) -> tuple[int, int, str]:
    """Sealed, not sealed, and the end that was printed."""
    told = TOLD.fullmatch(server.command("audit", "verify", *arguments))
    assert told is not None
    return int(told[1].replace(",", "")), int(told[2]), told[3]


def all_sealed(server: LiveServer) -> tuple[int, str]:
    """How many rows there are, once the server has sealed them all: it takes a second, a command longer."""
    for _ in range(TRIES):
        sealed, waiting, end = verified(server)
        if not waiting:
            return sealed, end
    raise AssertionError("nobody seals")


def test_before_a_server_ran(tmp_path: Path) -> None:
    """Commands leave their rows to the next server; without a database there is one plain line."""
    assert "Traceback" not in run(tmp_path, "audit", "verify").stderr
    run(tmp_path, "init", "--json")
    told = TOLD.fullmatch(run(tmp_path, "audit", "verify").stdout)
    assert told is not None
    assert told[1] == "0"
    assert int(told[2]) > 1


def test_a_server_seals(tmp_path: Path) -> None:
    """What commands and requests write is sealed; what is changed then is named; exit 1."""
    with running(tmp_path, workers=2) as server:
        before, end = all_sealed(server)
        assert login(server, "alice", server.password("alice")) == 200
        after, _ = all_sealed(server)
        assert after > before > 1
        assert verified(server, "--end", end)[0] == after
        refused = run(tmp_path, "audit", "verify", "--end", end.replace(":", ":00")[:-2])
        assert refused.returncode == 1
        assert "older copy" in refused.stderr
    with closing(sqlite3.connect(tmp_path / "argus.sqlite")) as database, database:
        (number,) = database.execute("SELECT id FROM audit_event WHERE place = 2").fetchone()
        database.execute("UPDATE audit_event SET outcome = 'refused' WHERE place = 2")
    failed = run(tmp_path, "audit", "verify")
    assert failed.returncode == 1
    assert f"row {number}, place 2: This entry was changed" in failed.stderr
    assert "1 rows before it" in failed.stderr


@pytest.mark.postgres
def test_on_postgres(tmp_path: Path, postgres_database: str) -> None:
    with (
        own_postgres(postgres_database, "seal") as url,
        running(tmp_path, workers=2, database_url=url) as server,
    ):
        assert all_sealed(server)[0] > 1
