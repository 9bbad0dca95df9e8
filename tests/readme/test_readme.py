"""Every command of the README runs against a real server and prints what the README says it prints."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import pytest

from tests.drivers.web_person import WebPerson
from tests.servers import LiveServer
from tests.servers import running

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(
    r"(?:<!-- browser: (?P<browser>[^>]+) -->\n)?```sh\n(?P<run>.*?)```\n(?:```text\n(?P<says>.*?)```)?", re.S
)
STEPS = [match.groupdict() for match in BLOCK.finditer(README.read_text(encoding="utf-8"))]
END = "--- end of step ---"
CALLBACK = "http://127.0.0.1:8081/callback"
pytestmark = pytest.mark.server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    with running(tmp_path) as live:
        yield live


def test_every_command_prints_what_the_readme_says(server: LiveServer) -> None:
    """The blocks run in order in one shell; ``…`` stands for what differs each time."""
    assert len(STEPS) > 10
    shell = subprocess.Popen(
        ["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**server.environment, "BASE": server.base, "KEY": server.key},
    )  # fmt: skip
    try:
        _walk(server, shell)
    finally:
        shell.communicate(timeout=10)


def _walk(server: LiveServer, shell: subprocess.Popen[str]) -> None:
    person = WebPerson(server.base, "alice", server.password("alice"))
    assert shell.stdin is not None
    assert shell.stdout is not None
    printed = ""
    for step in STEPS:
        if step["browser"] == "alice approves":
            target = person.approves(printed.strip())
            assert target.startswith(CALLBACK)
            shell.stdin.write(f"CODE={parse_qs(urlsplit(target).query)['code'][0]}\n")
        elif step["browser"] == "alice logs out":
            person.logs_out()
        shell.stdin.write(step["run"] + f"\necho; echo '{END}'\n")
        shell.stdin.flush()
        printed = "".join(iter(shell.stdout.readline, END + "\n"))
        if step["says"] is not None:
            expected = step["says"].strip().replace("http://127.0.0.1:8080", server.base)
            pattern = ".*?".join(re.escape(part) for part in expected.split("…"))
            assert re.fullmatch(pattern, printed.strip(), re.S), f"{step['run']}\nprinted:\n{printed}"
