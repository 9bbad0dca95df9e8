"""Behind PgBouncer in transaction mode: each transaction meets another server process, and nothing breaks."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs
from urllib.parse import urlencode
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
import sqlalchemy

from tests.drivers.web_person import WebPerson
from tests.servers import LiveServer
from tests.servers import free_port
from tests.servers import own_postgres
from tests.servers import running

pytestmark = [pytest.mark.postgres, pytest.mark.server]
POSTGRES = os.environ.get("ARGUS_TEST_POSTGRES_URL", "")
TOKEN, AUTHORIZE, USERINFO = "/oauth/token", "/oauth/authorize", "/oauth/userinfo"
PEOPLE, TURNS = 8, 12
VERIFIER = "v" * 48


@contextmanager
def pooling(folder: Path, url: str) -> Iterator[str]:
    """A PgBouncer with two server processes for everybody; the URL through it."""
    binary = shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin")
    if binary is None:
        pytest.skip("pgbouncer is not here: install pgbouncer")
    direct, port = sqlalchemy.make_url(url), free_port()
    password = f" password={direct.password}" if direct.password else ""
    users = folder / "users.txt"
    users.write_text(f'"{direct.username}" "{direct.password or ""}"\n', encoding="utf-8")
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"""[databases]
* = host={direct.host} port={direct.port or 5432}{password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
""",
        encoding="utf-8",
    )
    folder.chmod(0o755)
    # It refuses to be root.
    other = {"user": "nobody"} if os.geteuid() == 0 else {}
    process = subprocess.Popen([binary, str(config)], stderr=subprocess.DEVNULL, **other)  # type: ignore[call-overload]
    pooled = direct.set(host="127.0.0.1", port=port)
    try:
        _wait_for(pooled, process)
        yield pooled.render_as_string(hide_password=False)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(url: sqlalchemy.URL, process: subprocess.Popen[bytes]) -> None:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    for _ in range(500):
        try:
            psycopg.connect(plain, prepare_threshold=None).close()
        except psycopg.OperationalError:
            assert process.poll() is None, "pgbouncer ended"
            time.sleep(0.02)
        else:
            return
    raise AssertionError("pgbouncer did not start")


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    # Not below pytest's own folder, which nobody else may enter.
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    with own_postgres(POSTGRES, "pooled") as url, pooling(folder, url) as pooled:
        made = tmp_path_factory.mktemp("pooled")
        with running(made, workers=2, database_url=pooled, database_pooled="true") as one:
            yield one
    shutil.rmtree(folder)


def test_flows_beside_each_other(server: LiveServer) -> None:
    """More connections than server processes, and each statement more often than a driver prepares it at."""
    client = server.client("report-portal")
    alice = WebPerson(server.base, "alice", server.password("alice"))
    alice.approves(_build_request(server, client["id"], client["redirectURI"]))
    logged_in = dict(alice.browser.cookies)
    secret = {"client_id": client["id"], "client_secret": client["clientSecret"]}

    def act(_number: int) -> None:
        url = _build_request(server, client["id"], client["redirectURI"])
        back = requests.get(url, cookies=logged_in, allow_redirects=False, timeout=30).headers["Location"]
        form = {"code": parse_qs(urlsplit(back).query)["code"][0], "redirect_uri": client["redirectURI"]}
        told = _post(server, form | secret | {"grant_type": "authorization_code", "code_verifier": VERIFIER})
        for _ in range(TURNS):
            form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
            told = _post(server, form | secret)
            bearer = {"Authorization": f"Bearer {told['access_token']}"}
            assert requests.get(server.base + USERINFO, headers=bearer, timeout=30).status_code == 200

    with ThreadPoolExecutor(PEOPLE) as people:
        for done in [people.submit(act, number) for number in range(PEOPLE)]:
            done.result()
    assert server.call("GET", "/authentication/v1/oauth/client").status_code == 200


def _build_request(server: LiveServer, client: str, redirect: str) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code", "client_id": client, "redirect_uri": redirect, "scope": "openid",
        "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    return f"{server.base}{AUTHORIZE}?{urlencode(asked)}"


def _post(server: LiveServer, form: dict[str, str]) -> dict[str, str]:
    answer = requests.post(server.base + TOKEN, data=form, timeout=30)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
