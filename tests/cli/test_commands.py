"""The operator's commands, as processes over a database of their own."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.servers import CHEAP
from tests.servers import SCRIPTS
from tests.servers import LiveServer
from tests.servers import free_port
from tests.servers import own_postgres
from tests.servers import running

pytestmark = pytest.mark.server


def run(
    folder: Path, *arguments: str, text: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ARGUS_")}
    environment |= {**CHEAP, "ARGUS_INSTANCE": str(folder), **settings}
    return subprocess.run(
        [SCRIPTS / "argus-idp", *arguments],
        env=environment, cwd=folder, input=text, text=True, capture_output=True, check=False, timeout=120,
    )  # fmt: skip


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_init_is_idempotent(tmp_path: Path) -> None:
    """Secrets once, then null; ``--demo`` later adds the demo once; files are private."""
    first = told(run(tmp_path, "init", "--json"))
    assert first["adminPassword"]
    assert first["adminApiKey"].count("/") == 2
    assert first["domain"] == "MNEMONIC"
    assert first["customer"] == "root"
    again = told(run(tmp_path, "init", "--json"))
    assert (again["adminPassword"], again["adminApiKey"]) == (None, None)
    demo = told(run(tmp_path, "init", "--demo", "--json"))
    assert len(demo["users"]) == 4
    assert len(demo["clients"]) == 3
    assert told(run(tmp_path, "init", "--demo", "--json"))["clients"] == demo["clients"]
    for name in ("demo.json", "secret_keys", "argus.sqlite"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name


@pytest.mark.postgres
def test_init_on_postgres(tmp_path: Path, postgres_database: str) -> None:
    with own_postgres(postgres_database, "cli") as url:
        assert told(run(tmp_path, "init", "--demo", "--json", ARGUS_DATABASE_URL=url))["adminApiKey"]
        other = run(tmp_path, "serve", "--bind", f"127.0.0.1:{free_port()}", ARGUS_DATABASE_URL=url,
                    ARGUS_SECRET_KEYS="7:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=")  # fmt: skip
        assert other.returncode == 1
        assert "Traceback" not in other.stderr


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        (["serve", "--bind", "0.0.0.0:8080"], {}),
        (["serve", "--bind", "nonsense"], {}),
        (["serve"], {"ARGUS_BASE_URL": "http://id.example.com"}),
        (["serve"], {"ARGUS_BASE_URL": "https://id.example.com/path"}),
        (["serve"], {"ARGUS_TRUSTED_PROXIES": "0.0.0.0/0,::/0"}),
        (["serve"], {"ARGUS_TRUSTED_PROXIES": "10.0.0.1/8"}),
        (["serve"], {"ARGUS_CODE_SECONDS": "0"}),
        (["serve"], {"ARGUS_DATABASE_URL": "mysql://localhost/x"}),
        (["serve"], {"ARGUS_SECRET_KEYS": "1:AAAA"}),
        (["serve"], {}),
        (["user", "block", "nobody"], {}),
        (["audit", "show", "D-0000000000"], {}),
        (["explain", "--user", "a", "--client", "b"], {}),
    ],
)
def test_what_is_unsafe_or_wrong_is_one_plain_line(
    tmp_path: Path, arguments: list[str], settings: dict[str, str]
) -> None:
    """Before ``init`` nothing serves; what is unsafe does not start; never a traceback."""
    done = run(tmp_path, *arguments, **settings)
    assert done.returncode != 0
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_a_developers_mode_does_not_serve(tmp_path: Path) -> None:
    """Rule 80: FLASK_DEBUG of some shell must not make a server that tells more than it should."""
    told(run(tmp_path, "init", "--json"))
    done = run(tmp_path, "serve", "--bind", f"127.0.0.1:{free_port()}", FLASK_DEBUG="1")
    assert done.returncode == 1
    assert "FLASK_DEBUG" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_and_the_last_administrator(tmp_path: Path) -> None:
    """What two racing moves of an older version left is told and mended; an administrator is given back."""
    assert run(tmp_path, "doctor").returncode == 1
    assert told(run(tmp_path, "init", "--demo", "--json"))["adminUser"] == "admin"
    well = run(tmp_path, "doctor")
    assert (well.returncode, well.stdout) == (0, "All is well.\n"), well.stderr
    with sqlite3.connect(tmp_path / "argus.sqlite") as database:
        database.execute("UPDATE customer SET parent_id = id WHERE short_name = 'nordic'")
    ill = run(tmp_path, "doctor")
    assert ill.returncode == 1
    assert "nordic" in ill.stdout
    mended = run(tmp_path, "doctor", "--repair")
    assert (mended.returncode, mended.stdout.splitlines()[-1]) == (0, "All is well."), mended.stderr
    refused = run(tmp_path, "user", "block", "admin")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    with sqlite3.connect(tmp_path / "argus.sqlite") as database:
        database.execute("UPDATE permission SET revoked_at = '2026-01-01 00:00:00'")
    assert "make-administrator" in run(tmp_path, "doctor").stdout
    assert run(tmp_path, "user", "make-administrator", "alice").returncode == 0
    assert run(tmp_path, "doctor").stdout == "All is well.\n"
    assert run(tmp_path, "user", "make-administrator", "nobody").returncode == 1


def test_the_operators_day(tmp_path: Path) -> None:
    """Users, passwords, keys, explain, audit, prune on a running server."""
    with running(tmp_path) as server:
        made = server.command("user", "create", "erin", "--customer", "nordic").split()
        assert made[0] == "erin"
        assert login(server, "erin", made[1]) == 200
        server.command("user", "set-password", "erin", "--stdin", text="a good long password\n")
        assert login(server, "erin", made[1]) == 401
        assert login(server, "erin", "a good long password") == 200
        server.command("user", "block", "erin")
        assert login(server, "erin", "a good long password") == 401
        server.command("user", "unblock", "erin")
        assert login(server, "erin", "a good long password") == 200

        key = server.command("apikey", "create", "bob").strip()
        headers = {"Argus-API-Key": key}
        user = requests.get(server.base + "/currentuser/v1/user", headers=headers, timeout=30).json()
        assert user["data"]["userName"] == "bob"

        explained = json.loads(
            server.command("explain", "--user", "carol", "--client", "fjord-dashboard", "--json")
        )
        assert explained["allowed"] is False
        assert [f["rule"] for f in explained["findings"] if f["outcome"] == "fail"] == ["customer_binding"]
        assert "report-portal" in server.command("client", "list")
        assert "codes:" in server.command("prune")
        server.command("upgrade")


def login(server: LiveServer, name: str, password: str) -> int:
    body = {"userName": name, "password": password}
    url = server.base + "/authentication/v1/password/authentication"
    return requests.post(url, json=body, timeout=30).status_code
