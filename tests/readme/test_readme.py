"""Every command of the README runs against a real server and prints what the README says it prints."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.drivers.person import first_form

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(
    r"(?:<!-- browser: (?P<browser>[^>]+) -->\n)?```sh\n(?P<run>.*?)```\n(?:```text\n(?P<says>.*?)```)?", re.S
)
STEPS = [match.groupdict() for match in BLOCK.finditer(README.read_text(encoding="utf-8"))]
END = "--- end of step ---"
CALLBACK = "http://127.0.0.1:8081/callback"
pytestmark = pytest.mark.server


class Server:
    """``argus-idp serve`` on a free port, in an instance folder of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        script = Path(sys.executable).parent
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("ARGUS_")},
            "ARGUS_INSTANCE": str(folder),
            "ARGUS_BASE_URL": self.base,
            "ARGUS_ARGON2_MEMORY_KIB": "8",
            "ARGUS_ARGON2_TIME": "1",
            "PATH": f"{script}:{os.environ['PATH']}",
        }
        made = subprocess.run(
            [script / "argus-idp", "init", "--demo", "--json"],
            env=self.environment, capture_output=True, check=True, cwd=folder,
        )  # fmt: skip
        self.told: dict[str, Any] = json.loads(made.stdout)
        self.process = subprocess.Popen(
            [script / "argus-idp", "serve", "--bind", f"127.0.0.1:{port}"],
            env=self.environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(200):
            try:
                with urllib.request.urlopen(self.base + "/readyz", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server did not start")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    yield running
    running.process.terminate()
    running.process.wait(timeout=30)


def test_every_command_prints_what_the_readme_says(server: Server) -> None:
    """The blocks run in order in one shell; ``…`` stands for what differs each time."""
    assert len(STEPS) > 10
    shell = subprocess.Popen(
        ["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**server.environment, "BASE": server.base, "KEY": server.told["adminApiKey"]},
    )  # fmt: skip
    try:
        _walk(server, shell)
    finally:
        shell.communicate(timeout=10)


def _walk(server: Server, shell: subprocess.Popen[str]) -> None:
    person = requests.Session()
    assert shell.stdin is not None
    assert shell.stdout is not None
    printed = ""
    for step in STEPS:
        if step["browser"] == "alice approves":
            code = _approves(server, person, printed.strip())
            shell.stdin.write(f"CODE={code}\n")
        elif step["browser"] == "alice logs out":
            _logs_out(server, person)
        shell.stdin.write(step["run"] + f"\necho; echo '{END}'\n")
        shell.stdin.flush()
        printed = "".join(iter(shell.stdout.readline, END + "\n"))
        if step["says"] is not None:
            expected = step["says"].strip().replace("http://127.0.0.1:8080", server.base)
            pattern = ".*?".join(re.escape(part) for part in expected.split("…"))
            assert re.fullmatch(pattern, printed.strip(), re.S), f"{step['run']}\nprinted:\n{printed}"


def _approves(server: Server, person: requests.Session, url: str) -> str:
    password = next(u["password"] for u in server.told["users"] if u["userName"] == "alice")
    page = person.get(url)
    page = _submit(server, person, page, username="alice", password=password)
    answer = _submit(server, person, page, decision="approve", follow=False)
    target = answer.headers["Location"]
    assert target.startswith(CALLBACK)
    found = re.search(r"code=([^&]+)", target)
    assert found is not None
    return found[1]


def _logs_out(server: Server, person: requests.Session) -> None:
    page = person.get(server.base + "/logout")
    _submit(server, person, page)


def _submit(
    server: Server, person: requests.Session, page: requests.Response, *, follow: bool = True, **fields: str
) -> requests.Response:
    action, hidden = first_form(page.text, set(fields) - {"decision"})
    url = server.base + action if action else page.url
    answer = person.post(url, data={**hidden, **fields}, allow_redirects=follow)
    assert answer.status_code < 400, answer.text
    return answer
