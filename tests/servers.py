"""A real ``argus-idp serve``: its own process, port, instance folder and database."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from typing import Any

import psycopg
import requests
import sqlalchemy
from psycopg import sql

SCRIPTS = Path(sys.executable).parent
START_SECONDS = 60
CHEAP = {"ARGUS_ARGON2_MEMORY_KIB": "8", "ARGUS_ARGON2_TIME": "1", "ARGUS_LOG_LEVEL": "WARNING"}


class LiveServer:
    """Initialised with the demo and serving; ``told`` is what ``init --demo --json`` printed.

    Browsers use passkeys at a ``host`` with a name only, such as ``localhost``. What it writes goes to
    ``output``, else to a file. Environment variables of the server by keyword: ``refresh_grace_seconds=0``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 1,
        host: str = "127.0.0.1",
        output: IO[bytes] | None = None,
        **settings: object,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.base = f"http://{host}:{self.port}"
        given = {f"ARGUS_{name.upper()}": str(value) for name, value in settings.items()}
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("ARGUS_")},
            **CHEAP,
            "ARGUS_INSTANCE": str(folder),
            "ARGUS_BASE_URL": self.base,
            "PATH": f"{SCRIPTS}:{os.environ['PATH']}",
            **given,
        }
        self.told: dict[str, Any] = json.loads(self.command("init", "--demo", "--json"))
        self.log = folder / "server.log"
        if output is not None:
            self._start(workers, output)
            return
        self.start(workers)

    @property
    def key(self) -> str:
        """The administrator's API key."""
        return str(self.told["adminApiKey"])

    def password(self, name: str) -> str:
        """A demo user's password."""
        if name == self.told["adminUser"]:
            return str(self.told["adminPassword"])
        return next(str(u["password"]) for u in self.told["users"] if u["userName"] == name)

    def client(self, short_name: str) -> dict[str, Any]:
        """A demo client with its secret."""
        return next(dict(c) for c in self.told["clients"] if c["shortName"] == short_name)

    def command(self, *arguments: str, text: str | None = None) -> str:
        """What an ``argus-idp`` command prints."""
        done = subprocess.run(
            [SCRIPTS / "argus-idp", *arguments],
            env=self.environment, cwd=self.folder, capture_output=True, input=text, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request as the administrator, by API key."""
        headers = {"Argus-API-Key": self.key, **options.pop("headers", {})}
        return requests.request(method, self.base + path, headers=headers, timeout=30, **options)

    def start(self, workers: int = 1) -> None:
        """Serve; again, when it has ended."""
        with self.log.open("ab") as log:
            self._start(workers, log)

    def stop(self) -> None:
        """End the server, as an operator would."""
        self.process.terminate()
        self.process.wait(timeout=30)

    def _start(self, workers: int, output: IO[bytes]) -> None:
        arguments = ["serve", "--bind", f"127.0.0.1:{self.port}", "--workers", str(workers)]
        self.process = subprocess.Popen(
            [SCRIPTS / "argus-idp", *arguments],
            env=self.environment, cwd=self.folder, stdout=output, stderr=output,
        )  # fmt: skip
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if requests.get(self.base + "/readyz", timeout=2).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.05)
        self.process.kill()
        told = self.log.read_text(encoding="utf-8") if self.log.exists() else "it could not say why"
        raise AssertionError(f"the server did not start: {told}")


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(
    folder: Path,
    *,
    workers: int = 1,
    host: str = "127.0.0.1",
    output: IO[bytes] | None = None,
    **settings: object,
) -> Iterator[LiveServer]:
    """A server for the time of a ``with``."""
    server = LiveServer(folder, workers=workers, host=host, output=output, **settings)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def own_postgres(url: str, suffix: str) -> Iterator[str]:
    """The URL of a new, empty PostgreSQL database beside ``url``; dropped at the end."""
    base = sqlalchemy.make_url(url)
    own = base.set(database=f"{base.database}_{suffix}")
    name = sql.Identifier(own.database or "")
    server = base.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        # No test stops PostgreSQL itself: a commit need not wait for the disk.
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(name))
        try:
            yield own.render_as_string(hide_password=False)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
