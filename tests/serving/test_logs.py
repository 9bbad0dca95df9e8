"""A log that cannot be written is lost; the service goes on (decision 024)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
import requests

from tests.servers import LiveServer
from tests.servers import running

pytestmark = pytest.mark.server


@contextmanager
def open_full_disk() -> Iterator[IO[bytes]]:
    with Path("/dev/full").open("wb", buffering=0) as file:
        yield file


@contextmanager
def open_closed_pipe() -> Iterator[IO[bytes]]:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb", buffering=0) as file:
        yield file


@pytest.fixture(scope="module", params=[open_full_disk, open_closed_pipe])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with request.param() as output:
        folder = tmp_path_factory.mktemp("mute") / "instance"
        # Redis is nowhere, so that every login has something to log; so has every call, at this level.
        given = {"ratelimit_storage": "redis://127.0.0.1:1", "log_level": "DEBUG"}
        with running(folder, output=output, **given) as one:
            yield one


def test_it_starts_answers_and_logs_in(server: LiveServer) -> None:
    """It never became ready, and what had something to log answered 500."""
    assert server.call("GET", "/authentication/v1/session").ok
    name = server.told["adminUser"]
    for password, status in ((server.password(name), 200), ("wrong", 401)):
        sent = {"userName": name, "password": password}
        path = "/authentication/v1/password/authentication"
        assert requests.post(server.base + path, json=sent, timeout=30).status_code == status
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "nobody"}
    assert requests.post(server.base + "/oauth/token", data=form, timeout=30).status_code == 401


def test_it_ends_in_order(tmp_path: Path) -> None:
    with open_full_disk() as output:
        server = LiveServer(tmp_path / "instance", output=output)
        server.process.terminate()
        assert server.process.wait(timeout=30) == 0
