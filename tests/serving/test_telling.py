"""A running server tells applications of log-outs by itself, and goes on where a killed one stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest
import requests

from tests.drivers.logouts import read_sid
from tests.drivers.receiver import Receiver
from tests.drivers.receiver import says
from tests.servers import LiveServer
from tests.servers import running
from tests.torture.use_cases import API
from tests.torture.use_cases import Stage
from tests.torture.use_cases import bearer
from tests.torture.use_cases import build_stage

pytestmark = pytest.mark.server
# A lease of who was killed runs for a minute.
MOST_SECONDS = 100


def waits_for(receiver: Receiver, count: int) -> None:
    until = time.monotonic() + MOST_SECONDS
    while len(receiver.requests) < count and time.monotonic() < until:
        time.sleep(0.02)
    assert len(receiver.requests) == count


def registers(server: LiveServer, stage: Stage, receiver: Receiver) -> None:
    answer = server.call(
        "PUT", f"{API}/oauth/client/{stage.client_id}", json={"backchannelLogoutURI": receiver.url()}
    )
    assert answer.status_code == 200, answer.text


def logs_out(server: LiveServer, login: str) -> None:
    answer = requests.delete(server.base + f"{API}/session", headers=bearer(login), timeout=30)
    assert answer.status_code == 200


def kills(server: LiveServer) -> None:
    """The command and its workers."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text(
        encoding="ascii"
    )
    for number in (server.process.pid, *map(int, children.split())):
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    server.process.wait(timeout=30)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_running_server(tmp_path: Path, workers: int) -> None:
    """One process or several: each log-out is told once; and so is one of a command."""
    with Receiver() as receiver, running(tmp_path / "instance", workers=workers) as server:
        stage = build_stage(server)
        registers(server, stage, receiver)
        for count in range(1, 4):
            login = stage.logs_in()
            stage.obtains(login)
            logs_out(server, login)
            waits_for(receiver, count)
        assert len({read_sid(one) for one in receiver.requests}) == 3
        stage.obtains(stage.logs_in())
        server.command("user", "set-password", "alice", "--stdin", text="a much better password 7\n")
        waits_for(receiver, 4)


def test_a_killed_server(tmp_path: Path) -> None:
    """What nobody took before ``kill -9`` is taken after the next start."""
    with Receiver(says(503)) as receiver, running(tmp_path / "instance") as server:
        stage = build_stage(server)
        registers(server, stage, receiver)
        login = stage.logs_in()
        stage.obtains(login)
        logs_out(server, login)
        waits_for(receiver, 1)
        kills(server)
        receiver.answer = says()
        server.start()
        waits_for(receiver, 2)
        assert len({read_sid(one) for one in receiver.requests}) == 1
