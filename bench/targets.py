"""What ``make bench-http`` measures side by side: product, floor and peer, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from urllib.parse import quote

import requests

from bench import large
from tests.drivers.web_person import WebPerson
from tests.servers import free_port
from tests.servers import own_postgres
from tests.servers import running

VERIFIER = "v" * 48
CHALLENGE = "4A01DUGx7AT8ouWhbPhYzuvyoNDA2r8CzlD81Yz8KbQ"
WORKERS = 2
PEER = Path(__file__).parent / "peer"
PATHS = {
    "authorize": "/oauth/authorize",
    "token": "/oauth/token",
    "introspect": "/oauth/introspect",
    "userinfo": "/oauth/userinfo",
    "session": "/session",
    "discovery": "/.well-known/openid-configuration",
    "jwks": "/oauth/jwks",
}


@dataclass
class Target:
    """A server that is up: its origin, root process, and the values that fill the requests of a workload.

    ``paths``: where it answers what; ``lacks``: the workloads it cannot serve.
    """

    name: str
    base: str
    pid: int
    values: dict[str, str]
    database: str
    paths: dict[str, str] = field(default_factory=lambda: PATHS)
    lacks: frozenset[str] = frozenset()


@contextmanager
def serve_product(
    folder: Path, database: str, postgres: str, *, with_large_set: bool = False
) -> Iterator[Target]:
    """The product with its demo; alice is logged in and approved the portal once."""
    name = "large" if with_large_set else "product"
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'argus.sqlite'}"
        if database == "postgres":
            url = stack.enter_context(own_postgres(postgres, name))
        # Throttles stay on: only wrong secrets count, and none is sent.
        server = stack.enter_context(running(folder, workers=WORKERS, database_url=url))
        if with_large_set:
            server.stop()
            large.fill(url)
            server.start(WORKERS)
        client = server.client("report-portal")
        alice = WebPerson(server.base, "alice", server.password("alice"))
        values = {
            "client": client["id"],
            "secret": client["clientSecret"],
            "redirect": client["redirectURI"],
            "key": server.key,
            "cookie": "",
        }
        paths = PATHS | {"session": "/authentication/v1/session"}
        alice.approves(server.base + paths["authorize"] + fill(AUTHORIZE, values))
        values["cookie"] = f"argus_session={alice.browser.cookies['argus_session']}"
        yield Target(name, server.base, server.process.pid, values, database, paths)


@contextmanager
def serve_floor(folder: Path, database: str, postgres: str) -> Iterator[Target]:
    """The floor, which ``python -m bench.floor`` makes and serves."""
    folder.mkdir(parents=True)
    port = free_port()
    with ExitStack() as stack:
        command = [sys.executable, "-m", "bench.floor", str(folder), str(port)]
        if database == "postgres":
            url = stack.enter_context(own_postgres(postgres, "floor"))
            command.append(url.replace("postgresql+psycopg:", "postgresql:"))
        process = subprocess.Popen(command)
        stack.callback(process.wait, timeout=30)
        stack.callback(process.terminate)
        base = f"http://127.0.0.1:{port}"
        _wait_for(base)
        told = json.loads((folder / "floor.json").read_text(encoding="utf-8"))
        values = {**told, "cookie": f"session={told['session']}"}
        yield Target("floor", base, process.pid, values, database)


@contextmanager
def serve_peer(folder: Path, database: str, postgres: str) -> Iterator[Target]:
    """The peer, node-oidc-provider, which ``bench/peer/server.mjs`` makes and serves."""
    folder.mkdir(parents=True)
    port, told = free_port(), folder / "peer.json"
    with ExitStack() as stack:
        store = str(folder / "peer.sqlite")
        if database == "postgres":
            url = stack.enter_context(own_postgres(postgres, "peer"))
            store = url.replace("postgresql+psycopg:", "postgresql:")
        process = subprocess.Popen(
            ["node", "server.mjs", str(port), str(told)],
            cwd=PEER,
            env={**os.environ, "PEER_DATABASE": store, "NODE_ENV": "production"},
        )
        stack.callback(process.wait, timeout=30)
        stack.callback(process.terminate)
        _wait_for_file(told, process)
        values = json.loads(told.read_text(encoding="utf-8"))
        paths = {
            "authorize": "/auth",
            "token": "/token",
            "introspect": "/token/introspection",
            "userinfo": "/me",
            "discovery": "/.well-known/openid-configuration",
            "jwks": "/jwks",
        }
        base = f"http://127.0.0.1:{port}"
        yield Target("node", base, process.pid, values, database, paths, frozenset({"session"}))


def _wait_for(base: str) -> None:
    for _ in range(200):
        try:
            requests.get(base + "/healthz", timeout=2)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{base} did not start")


def _wait_for_file(file: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if file.exists():
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"{process.args!r} did not start")


AUTHORIZE = (
    "?response_type=code&client_id={client}&redirect_uri={redirect}&scope=openid%20profile&state=s"
    f"&code_challenge={CHALLENGE}&code_challenge_method=S256"
)


def fill(text: str, values: dict[str, str]) -> str:
    """The text with its ``{names}`` filled in, quoted for a URL or form."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", quote(value, safe=""))
    return text
