"""A server that stops, and a worker that dies: who loses a call."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests

from tests.servers import LiveServer
from tests.servers import running

pytestmark = pytest.mark.server

CLIENTS = 4


class Load:
    """Calls over kept connections until told to end. ``lost`` names those without a good answer."""

    def __init__(self, server: LiveServer, clients: int) -> None:
        self.server = server
        self.answered = 0
        # Why, and when the call began, by ``time.monotonic``.
        self.lost: dict[str, float] = {}
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._call) for _ in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, answers: int) -> None:
        """Until so many more calls were answered, or nobody listens any more."""
        until = self.answered + answers
        while self.answered < until and any(thread.is_alive() for thread in self._threads):
            self._end.wait(0.01)

    def _call(self) -> None:
        headers = {"Argus-API-Key": self.server.key}
        with requests.Session() as session:
            while not self._end.is_set():
                begun = time.monotonic()
                try:
                    answer = session.get(
                        self.server.base + "/authentication/v1/session", headers=headers, timeout=20
                    )
                except requests.ConnectionError as error:
                    if "refused" in str(error):
                        # Nobody listens: the call was not taken, so nothing of it is lost.
                        return
                    self._lose(str(error), begun)
                    continue
                with self._lock:
                    self.answered += 1
                if not answer.ok:
                    self._lose(f"{answer.status_code} {answer.text}", begun)

    def _lose(self, why: str, begun: float) -> None:
        with self._lock:
            self.lost[f"{len(self.lost) + 1}: {why}"] = begun


def test_a_stop_under_load_loses_no_call(tmp_path: Path) -> None:
    server = LiveServer(tmp_path / "instance", workers=2)
    with Load(server, 6) as load:
        load.wait_for(100)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0
    assert load.lost == {}
    assert load.answered >= 100
    assert not list(Path(os.environ.get("TMPDIR", "/tmp")).glob(f"argus-idp-{server.process.pid}-*"))


def test_a_killed_worker_costs_a_call_at_most_and_is_replaced(tmp_path: Path) -> None:
    with running(tmp_path / "instance", workers=2) as server, Load(server, CLIENTS) as load:
        load.wait_for(50)
        victim = children(server.process.pid)[0]
        os.kill(victim, signal.SIGKILL)
        while victim in children(server.process.pid):
            load.wait_for(1)
        gone = time.monotonic()
        load.wait_for(200)
        # What it was answering is lost, and what came while it fell; from then on, nothing is.
        assert [text for text, begun in load.lost.items() if begun > gone] == []
        assert len(load.lost) <= 2 * CLIENTS
        assert requests.get(server.base + "/healthz", timeout=5).ok
        assert victim not in children(server.process.pid)


def children(parent: int) -> list[int]:
    """The processes that this one started and that are still there."""
    done = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in done.stdout.split()]
