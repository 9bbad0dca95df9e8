"""Races between two worker processes, on both databases (security rules 7-18, design §7)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from typing import TypeVar
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import pytest
import requests

from tests.drivers.web_person import WebPerson
from tests.servers import LiveServer
from tests.servers import own_postgres
from tests.servers import running

# One worker of the test run has them all: a server is made once.
pytestmark = [pytest.mark.server, pytest.mark.race]
ROUNDS = 20
AT_ONCE = 16
TOKEN = "/authentication/v1/oauth/token"
SESSION = "/authentication/v1/session"
T = TypeVar("T")


class Track:
    """One running server, and the shortest ways to a login, a code and a pair of tokens."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.client = server.client("report-portal")

    def logs_in(self, name: str = "alice") -> str:
        body = {"userName": name, "password": self.server.password(name)}
        answer = self._post("/authentication/v1/password/authentication", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["credentials"]["requestCredentialsData"])

    def approves(self, login: str) -> str:
        """A code, by the JSON authorize call of an interactive login."""
        body = {
            "clientID": self.client["id"],
            "redirectURI": self.client["redirectURI"],
            "responseType": ["code"],
            "scope": ["openid"],
        }
        answer = self._post(
            "/authentication/v1/oauth/authorize", json=body, headers={"Authorization": f"Bearer {login}"}
        )
        assert answer.status_code == 201, answer.text
        return str(parse_qs(urlsplit(answer.json()["data"]["redirectURI"]).query)["code"][0])

    def redeems(self, code: str) -> requests.Response:
        return self._token(
            grant_type="authorization_code", code=code, redirect_uri=self.client["redirectURI"]
        )

    def refreshes(self, refresh_token: str) -> requests.Response:
        return self._token(grant_type="refresh_token", refresh_token=refresh_token)

    def obtains(self, login: str) -> dict[str, Any]:
        answer = self.redeems(self.approves(login))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def status(self, access_token: str) -> int:
        """What an API call with this access token answers."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return requests.get(self.server.base + SESSION, headers=headers, timeout=30).status_code

    def logs_out(self, login: str) -> int:
        headers = {"Authorization": f"Bearer {login}"}
        return requests.delete(self.server.base + SESSION, headers=headers, timeout=30).status_code

    def _token(self, **form: str) -> requests.Response:
        own = {"client_id": self.client["id"], "client_secret": self.client["clientSecret"]}
        return self._post(TOKEN, data=own | form)

    def _post(self, path: str, **options: Any) -> requests.Response:
        return requests.post(self.server.base + path, timeout=30, **options)


def at_once(calls: list[Callable[[], T]]) -> list[T]:
    """Run all calls from threads that start together; their results in order."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="module", params=DATABASES)
def graceful(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Track]:
    """Two workers, grace 10 s."""
    with two_workers(request, tmp_path_factory.mktemp("graceful"), 10) as track:
        yield track


@pytest.fixture(scope="module", params=DATABASES)
def strict(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Track]:
    """Two workers, grace 0."""
    with two_workers(request, tmp_path_factory.mktemp("strict"), 0) as track:
        yield track


@contextmanager
def two_workers(request: pytest.FixtureRequest, folder: Path, grace: int) -> Iterator[Track]:
    """A server with two worker processes over a database of its own."""
    with ExitStack() as stack:
        settings: dict[str, object] = {"refresh_grace_seconds": grace}
        if request.param == "postgres":
            beside = request.getfixturevalue("postgres_database")
            settings["database_url"] = stack.enter_context(own_postgres(beside, folder.name))
        yield Track(stack.enter_context(running(folder, workers=2, **settings)))


def test_refreshes_inside_the_grace_window_get_one_successor(graceful: Track) -> None:
    """Design §7: 16 at once are 16 times 200 with one identical successor; the session lives."""
    login = graceful.logs_in()
    for _ in range(ROUNDS):
        tokens = graceful.obtains(login)
        answers = at_once([lambda t=tokens: graceful.refreshes(t["refresh_token"])] * AT_ONCE)
        assert [a.status_code for a in answers] == [200] * AT_ONCE, [a.text for a in answers]
        pairs = {(a.json()["access_token"], a.json()["refresh_token"]) for a in answers}
        assert len(pairs) == 1
        (access, refresh) = pairs.pop()
        assert graceful.status(access) == 200
        assert graceful.status(tokens["access_token"]) == 401
        assert graceful.refreshes(refresh).status_code == 200


def test_refreshes_without_grace_end_the_session(strict: Track) -> None:
    """Security rules 15-16: one of two holders is a thief; at most one 200 and then nothing lives."""
    login = strict.logs_in()
    for _ in range(ROUNDS):
        tokens = strict.obtains(login)
        answers = at_once([lambda t=tokens: strict.refreshes(t["refresh_token"])] * AT_ONCE)
        won = [a.json() for a in answers if a.status_code == 200]
        assert len(won) <= 1
        assert {a.status_code for a in answers} <= {200, 400}, [a.text for a in answers]
        for pair in [tokens, *won]:
            assert strict.status(pair["access_token"]) == 401
            assert strict.refreshes(pair["refresh_token"]).status_code == 400


def test_a_code_is_redeemed_once(graceful: Track) -> None:
    """RFC 6749 4.1.2: one success, and the replays leave nothing alive."""
    login = graceful.logs_in()
    for _ in range(ROUNDS):
        code = graceful.approves(login)
        answers = at_once([lambda c=code: graceful.redeems(c)] * AT_ONCE)
        won = [a.json() for a in answers if a.status_code == 200]
        assert len(won) == 1
        assert {a.status_code for a in answers} == {200, 400}, [a.text for a in answers]
        assert graceful.status(won[0]["access_token"]) == 401
        assert graceful.refreshes(won[0]["refresh_token"]).status_code == 400


@pytest.mark.parametrize("ending", ["log out", "block", "withdraw"])
def test_nothing_outlives_its_end(graceful: Track, ending: str) -> None:
    """Decision 8: whatever a refresh wins in the race against the end, no token lives afterwards."""
    ends, login = ending_of(graceful, ending)
    for _ in range(ROUNDS):
        bearer = login()
        tokens = [graceful.obtains(bearer) for _ in range(4)]
        codes = [graceful.approves(bearer) for _ in range(2)]
        calls: list[Callable[[], Any]] = [lambda t=t: graceful.refreshes(t["refresh_token"]) for t in tokens]
        calls += [lambda c=c: graceful.redeems(c) for c in codes]
        calls.insert(3, ends)
        answers = [a for a in at_once(calls) if isinstance(a, requests.Response)]
        assert {a.status_code for a in answers} <= {200, 400}, [a.text for a in answers]
        for pair in tokens + [a.json() for a in answers if a.status_code == 200]:
            assert graceful.status(pair["access_token"]) == 401
            assert graceful.refreshes(pair["refresh_token"]).status_code == 400


def ending_of(track: Track, ending: str) -> tuple[Callable[[], None], Callable[[], str]]:
    """How a round ends, and how it gets an interactive login to begin with."""
    server = track.server
    if ending == "withdraw":
        # The form is the person's own; codes and tokens come from another login of the same person.
        person = WebPerson(server.base, "alice", server.password("alice"))
        person.logs_in()
        login = track.logs_in()
        return lambda: ended(person.withdraws().status_code == 303), lambda: login
    held: list[str] = []
    # Somebody else is blocked, so that the other tests' alice never is.
    name = "carol" if ending == "block" else "alice"

    def logs_in() -> str:
        server.call("PUT", f"/authentication/v1/user/{name}/unblock", json={})
        held[:] = [track.logs_in(name)]
        return held[0]

    if ending == "log out":
        return lambda: ended(track.logs_out(held[0]) == 200), logs_in
    block = "/authentication/v1/user/carol/block"
    return lambda: ended(server.call("PUT", block, json={"comment": "race"}).status_code == 200), logs_in


def ended(worked: bool) -> None:
    """The end itself must have worked: else the round shows nothing."""
    assert worked
