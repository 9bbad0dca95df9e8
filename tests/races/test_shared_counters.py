"""Two worker processes count together, without Redis, on both databases (design decision 25)."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.servers import LiveServer
from tests.servers import own_postgres
from tests.servers import running

pytestmark = [pytest.mark.server, pytest.mark.race]
DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
LOGIN = "/authentication/v1/password/authentication"
TOKEN = "/authentication/v1/oauth/token"
MOST = 10
AT_ONCE = 32


@pytest.fixture(scope="module", params=DATABASES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Two workers over a database of their own, with a limit of ten."""
    folder = tmp_path_factory.mktemp("counters")
    settings: dict[str, object] = {"throttle_login_failures": MOST, "throttle_client_failures": MOST}
    with ExitStack() as stack:
        if request.param == "postgres":
            beside = request.getfixturevalue("postgres_database")
            settings["database_url"] = stack.enter_context(own_postgres(beside, folder.name))
        yield stack.enter_context(running(folder, workers=2, **settings))


def at_once(call: Callable[[], int]) -> list[int]:
    """The statuses of many calls at the same time, each on a connection of its own."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda _: call(), range(AT_ONCE)))


def guesses(server: LiveServer, name: str, password: str = "wrong") -> int:
    body = {"userName": name, "password": password}
    return requests.post(server.base + LOGIN, json=body, timeout=60).status_code


def judged(call: Callable[[], int]) -> int:
    """How many guesses are judged before the rest waits: many at once, then one after the other."""
    statuses = at_once(call)
    # 503: too many hashes at once; such a guess was not judged, and is given back.
    assert set(statuses) <= {401, 429, 503}
    first = statuses.count(401)
    assert first <= MOST
    return first + [call() for _ in range(AT_ONCE)].count(401)


def test_guesses_at_a_password(server: LiveServer) -> None:
    """As many as the limit are judged, whichever worker they come to, and not one more."""
    assert judged(lambda: guesses(server, "alice")) == MOST
    assert guesses(server, "alice", server.password("alice")) == 429


def test_guesses_at_a_chosen_secret(server: LiveServer) -> None:
    client = server.client("report-portal")
    body = {"clientSecret": "chosen by people, long enough"}
    changed = server.call("PUT", f"/authentication/v1/oauth/client/{client['id']}", json=body)
    assert changed.status_code == 200, changed.text

    def tries(secret: str = "wrong") -> int:
        form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": client["id"]}
        answer = requests.post(server.base + TOKEN, data=form | {"client_secret": secret}, timeout=60)
        return answer.status_code

    assert judged(tries) == MOST
    assert tries(body["clientSecret"]) == 429


def test_several_workers_do_not_count_each_for_itself(tmp_path: Path) -> None:
    """A storage in the memory of one process would multiply every limit: such a server does not start."""
    server = LiveServer(tmp_path, ratelimit_storage="memory://")
    server.stop()
    with pytest.raises(AssertionError, match="ARGUS_RATELIMIT_STORAGE"):
        server.command("serve", "--workers", "2", "--bind", f"127.0.0.1:{server.port}")
