"""PostgreSQL ends every session of the application, again and again, under load (``pg_terminate_backend``).

Who got an answer can rely on it, who got none can ask again, and nobody sees a 500.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from tests.servers import own_postgres
from tests.servers import running
from tests.torture import state
from tests.torture.scale import figure
from tests.torture.use_cases import API
from tests.torture.use_cases import TOKEN
from tests.torture.use_cases import Reply
from tests.torture.use_cases import Stage
from tests.torture.use_cases import bearer
from tests.torture.use_cases import build_stage

pytestmark = [pytest.mark.server, pytest.mark.race, pytest.mark.postgres]
PEOPLE = 4
PAUSE_SECONDS = 0.15
MOST_TRIES = 60


@dataclass
class Account:
    """What one person was told: what lives, what is over, and how often each status came."""

    stage: Stage
    live: list[str] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)

    def asks(self, send: object) -> Reply:
        """Send until there is an answer that is not *try again*."""
        for _ in range(MOST_TRIES):
            reply = send()  # type: ignore[operator]
            self.answers[reply.status] += 1
            if reply.status != 503:
                return reply
            time.sleep(0.02)
        raise AssertionError(f"never an answer: {reply.text}")

    def goes_round(self) -> None:
        """Log in, approve, redeem, refresh twice; then log out, revoke, or leave it open."""
        stage = self.stage
        body = {"userName": stage.user, "password": stage.password}
        told = self.asks(lambda: stage.send("POST", f"{API}/password/authentication", json=body))
        assert told.status == 200, told.text
        login = told.data["data"]["credentials"]["requestCredentialsData"]
        self.live.append(login)
        told = self.asks(lambda: stage.approves(login))
        assert told.status == 201, told.text
        code = told.data["data"]["authorizationCode"]
        told = self.asks(lambda: stage.redeems(code))
        # A code that was redeemed without an answer cannot be redeemed again: RFC 6749 4.1.2.
        assert told.status == 200 or (told.status == 400 and self.answers[503]), told.text
        if told.status != 200:
            return
        for _ in range(2):
            pair = told.data
            told = self.asks(lambda p=pair: stage.refreshes(p["refresh_token"]))
            # The lost answer of a refresh is given again.
            assert told.status == 200, told.text
            self.over.append(pair["access_token"])
        self._ends(login, told.data["access_token"], told.data["refresh_token"])

    def _ends(self, login: str, access: str, refresh: str) -> None:
        stage, number = self.stage, len(self.over) // 2 % 3
        if number == 0:
            self.live.append(access)
        elif number == 1:
            # 401: it was ended, and the answer was lost.
            told = self.asks(lambda: stage.send("DELETE", f"{API}/session", headers=bearer(login)))
            assert told.status in (200, 401), told.text
            self.live.remove(login)
            self.over += [login, access]
        else:
            told = self.asks(lambda: stage.posts(f"{TOKEN}/revoke", token=refresh))
            assert told.status == 200, told.text
            self.over.append(access)


@contextmanager
def terminating(url: str) -> Iterator[list[int]]:
    """End all other sessions of the database, again and again; yields how many were ended."""
    ended, stop = [0], threading.Event()
    plain = sqlalchemy.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    statement = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    def work() -> None:
        with psycopg.connect(plain, autocommit=True) as connection:
            while not stop.wait(PAUSE_SECONDS):
                ended[0] += len(connection.execute(statement).fetchall())

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        try:
            yield ended
        finally:
            stop.set()
            done.result()


def test_ended_database_sessions_lose_nothing(tmp_path: Path, postgres_database: str) -> None:
    with (
        own_postgres(postgres_database, "terminated") as url,
        running(tmp_path, workers=2, database_url=url, sessions_per_client=10_000) as server,
    ):
        accounts = [Account(build_stage(server)) for _ in range(PEOPLE)]
        until = time.monotonic() + figure("terminating_seconds")

        def works(account: Account) -> None:
            while time.monotonic() < until:
                account.goes_round()

        with terminating(url) as ended, ThreadPoolExecutor(PEOPLE) as pool:
            list(pool.map(works, accounts))
        answers = sum((account.answers for account in accounts), Counter[int]())
        print(f"{ended[0]} sessions ended; answers {dict(answers)}")  # noqa: T201 - the figures of this run
        assert ended[0] > PEOPLE
        assert answers[200] > PEOPLE
        for account in accounts:
            assert [one for one in account.live if not _lives(account, one)] == []
            assert [one for one in account.over if _lives(account, one)] == []
        with state.connected(url) as engine:
            _judge_rows(state.read(engine))
        server.command("audit", "verify")


def _lives(account: Account, token: str) -> bool:
    """As ``Stage.lives``; the first calls may still meet a connection that was ended."""
    reply = account.asks(lambda: account.stage.send("GET", f"{API}/session", headers=bearer(token)))
    assert reply.status in (200, 401), reply.text
    return reply.status == 200


def _judge_rows(rows: state.Rows) -> None:
    """A spent code has its session, a session its code and its audit row, and the other way round."""
    spent = {row["oauth_session_id"] for row in rows["authorization_code"].values() if row["spent_at"]}
    sessions = {row["id"] for row in rows["oauth_session"].values()}
    events = list(rows["audit_event"].values())
    redeemed = [e["session"] for e in events if e["action"] == "redeem" and e["outcome"] == "success"]
    assert spent == sessions
    assert sorted(redeemed) == sorted(one.hex() for one in sessions)
    approved = [e for e in events if e["action"] == "authorize" and e["outcome"] == "success"]
    assert len(approved) == len(rows["authorization_code"])
