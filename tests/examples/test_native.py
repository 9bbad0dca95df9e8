"""The command-line application of ``docs/examples/native``: oauth4webapi, by port and by scheme."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.drivers.web_person import WebPerson
from tests.examples.kit import EXAMPLES
from tests.examples.kit import register
from tests.npm import lay_out
from tests.servers import LiveServer
from tests.servers import running

pytestmark = [pytest.mark.node, pytest.mark.server]
SCHEME = "com.example.cli:/callback"
SECONDS = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running(tmp_path_factory.mktemp("native")) as live:
        yield live


@pytest.fixture(scope="module")
def client_id(server: LiveServer) -> str:
    return str(register(server, "native")["id"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(EXAMPLES / "native", tmp_path_factory.mktemp("cli"))


def start(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """The program, and the address that it asks to open."""
    program = subprocess.Popen(
        ["node", "cli.mjs", *arguments],
        cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert program.stdout is not None
    line = program.stdout.readline()
    assert line.startswith("Open this address: http"), line + program.communicate(timeout=SECONDS)[0]
    return program, line.removeprefix("Open this address: ").strip()


@pytest.mark.parametrize("way", ["port", "scheme"])
def test_from_login_to_log_out(server: LiveServer, folder: Path, client_id: str, way: str) -> None:
    """Login, userinfo, refresh, revocation, and the address that logs the browser out."""
    program, url = start(folder, server.base, client_id, *([SCHEME] if way == "scheme" else []))
    person = WebPerson(server.base, "alice", server.password("alice"))
    target = person.approves(url)
    if way == "scheme":
        assert target.startswith(SCHEME + "?code=")
        said, _ = program.communicate(target + "\n", timeout=SECONDS)
    else:
        assert target.startswith("http://127.0.0.1:")
        assert requests.get(target, timeout=30).text == "You may close this window."
        said, _ = program.communicate(timeout=SECONDS)
    assert program.returncode == 0, said
    first, *lines, last = said.strip().splitlines()
    assert first.startswith("Logged in as Alice")
    assert [line.partition(",")[0] for line in lines] == ["Refreshed", "Given back."]
    out = person.browser.get(last.partition("open: ")[2], allow_redirects=False, timeout=30)
    assert out.headers["Location"] == "/logged-out"


def test_denied(server: LiveServer, folder: Path, client_id: str) -> None:
    """The program is told, and fails with what it was told."""
    program, url = start(folder, server.base, client_id, SCHEME)
    target = WebPerson(server.base, "bob", server.password("bob")).denies(url)
    said, _ = program.communicate(target + "\n", timeout=SECONDS)
    assert program.returncode != 0
    assert "access_denied" in said
