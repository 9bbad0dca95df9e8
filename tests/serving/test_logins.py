"""Many logins at once: who hashes holds up nobody else, and takes no memory for good (design decision 25)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from app.services.login import hashing
from app.serving.adapter import Limits
from tests.servers import LiveServer
from tests.servers import running
from tests.serving.test_stopping import children

pytestmark = pytest.mark.server

LOGIN = "/authentication/v1/password/authentication"
# As an operator has it; the tests' own hashes are too cheap to be seen.
REAL = {"argon2_memory_kib": 19_456, "argon2_time": 2}
# Each hash takes as long as it can, so that the gate is full while the test looks.
SLOW = {"argon2_memory_kib": 65_536, "argon2_time": 20}

# How long the test looks whether it is; what is kept for good is seen after any time.
GIVEN_BACK_SECONDS = 60


class Logins:
    """Wrong logins, ``count`` at once. ``answers`` are those that came so far."""

    def __init__(self, server: LiveServer, count: int) -> None:
        self.server = server
        self.answers: list[requests.Response] = []
        self.refused = threading.Event()
        self._threads = [threading.Thread(target=self._log_in, args=(n,)) for n in range(count)]

    def __enter__(self) -> Logins:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join()

    @property
    def statuses(self) -> list[int]:
        return sorted(answer.status_code for answer in self.answers)

    def _log_in(self, number: int) -> None:
        sent = {"userName": f"nobody{number}", "password": "wrong"}
        answer = requests.post(self.server.base + LOGIN, json=sent, timeout=60)
        self.answers.append(answer)
        if answer.status_code == 503:
            self.refused.set()


def test_there_are_fewer_hashes_than_threads() -> None:
    assert Limits().threads > hashing.SLOTS + hashing.MOST_WAITING


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running(tmp_path_factory.mktemp("slow") / "instance", **SLOW) as server:
        yield server


def test_logins_leave_a_thread_for_everybody_else(slow: LiveServer) -> None:
    """A call by key took 2.2 s while 24 passwords were hashed. Here it is answered before any of them."""
    with Logins(slow, 24) as logins:
        assert logins.refused.wait(60)
        assert slow.call("GET", "/authentication/v1/session").ok
        assert requests.get(slow.base + "/readyz", timeout=60).ok
        assert logins.statuses.count(401) == 0
    assert set(logins.statuses) == {401, 503}
    assert logins.statuses.count(401) >= hashing.SLOTS


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
def test_the_memory_of_hashes_is_given_back(tmp_path: Path) -> None:
    """Two workers stayed at 508 MB after 26 logins, from 327: each thread kept a block of 19 MiB."""
    kept = 2 * REAL["argon2_memory_kib"]  # less than a block for each worker
    with running(tmp_path / "instance", workers=2, throttle_login_failures=10_000, **REAL) as server:
        for _ in range(20):
            assert server.call("GET", "/authentication/v1/session").ok
        before = measure_memory(server)
        rush(server, 60)
        until = time.monotonic() + GIVEN_BACK_SECONDS
        while measure_memory(server) - before >= kept and time.monotonic() < until:
            time.sleep(0.1)
        assert measure_memory(server) - before < kept


def rush(server: LiveServer, count: int) -> None:
    for _ in range(count // 4):
        with Logins(server, 4):
            pass


def measure_memory(server: LiveServer) -> int:
    """The resident memory of all workers, in KiB."""
    total = 0
    for worker in children(server.process.pid):
        lines = Path(f"/proc/{worker}/status").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    return total
