"""The process ends at a statement of a use case, as by ``kill -9`` (design decision 21).

A real server; its worker kills itself where the request says (``faults``). Afterwards all is as before the
request or all as after it, and the server goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from sqlalchemy import Engine

from tests.servers import LiveServer
from tests.servers import own_postgres
from tests.servers import running
from tests.torture import state
from tests.torture.faults import COMMIT
from tests.torture.faults import HEADER
from tests.torture.scale import IS_FULL
from tests.torture.use_cases import USE_CASES
from tests.torture.use_cases import build_stage
from tests.torture.use_cases import is_done

pytestmark = [pytest.mark.server, pytest.mark.race]
ROOT = Path(__file__).parents[2]
DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
NAMES = list(USE_CASES) if IS_FULL else ["redeem"]
# No request sends so many statements; without this a server that never ends would never end the test.
MOST_STATEMENTS = 100
WAIT_SECONDS = 60


class Victim:
    """A server that can be told to die, and its database."""

    def __init__(self, server: LiveServer, engine: Engine) -> None:
        self.server, self.engine = server, engine
        self.stage = build_stage(server)

    def comes_back(self) -> None:
        """Wait until the server has a worker again.

        Two deaths of one worker within seconds end the server (granian: a crash loop); whoever keeps services
        starts it again, and so do we.
        """
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            if self.server.process.poll() is not None:
                self.server.start()
            try:
                if requests.get(self.server.base + "/readyz", timeout=5).ok:
                    return
            except requests.RequestException:
                time.sleep(0.05)
        raise AssertionError("the server did not come back")

    def prepares(self, name: str) -> Callable[..., object]:
        """A request of this use case, good once; an unlucky worker may die while it is prepared."""
        self.comes_back()
        return USE_CASES[name](self.stage)

    def dies(self, name: str, moment: str, at: int | str) -> tuple[bool, list[str], Callable[..., object]]:
        """Whether it died there, what had changed by then, and the request."""
        request = self.prepares(name)
        before = state.read(self.engine)
        try:
            reply = request(**{HEADER: f"kill {moment} {at}"})
        except requests.ConnectionError:
            self.comes_back()
            return True, state.find_changes(before, state.read(self.engine)), request
        assert is_done(reply), reply
        return False, state.find_changes(before, state.read(self.engine)), request


@pytest.fixture(scope="module", params=DATABASES)
def victim(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    folder = tmp_path_factory.mktemp("victim")
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("PYTHONPATH", f"{Path(__file__).parent / 'startup'}:{ROOT}")
        url = f"sqlite:///{folder / 'argus.sqlite'}"
        if request.param == "postgres":
            url = stack.enter_context(own_postgres(request.getfixturevalue("postgres_database"), folder.name))
        server = stack.enter_context(running(folder, database_url=url, sessions_per_client=10_000))
        yield Victim(server, stack.enter_context(state.connected(url)))


@pytest.mark.parametrize("name", NAMES)
def test_the_process_may_end_at_every_statement(victim: Victim, name: str) -> None:
    died, done, _ = victim.dies(name, "before", MOST_STATEMENTS)
    assert not died
    assert done
    places: list[tuple[str, int | str]] = [("before", COMMIT), ("after", COMMIT)]
    if IS_FULL:
        places = [(moment, at) for at in range(1, MOST_STATEMENTS) for moment in ("before", "after")]
    deaths = 0
    for moment, at in places:
        died, changed, request = victim.dies(name, moment, at)
        if not died:
            assert changed == done
            break
        deaths += 1
        where = f"{moment} statement {at}"
        assert changed in ([], done), f"half done, killed {where}"
        before = state.read(victim.engine)
        again = request()
        assert again.status < 500, f"sent again after {where}: {again.text}"
        if not changed:
            assert is_done(again), f"sent again after {where}: {again.text}"
            assert state.find_changes(before, state.read(victim.engine)) == done
    assert deaths >= 2


def test_the_audit_chain_is_whole(victim: Victim) -> None:
    """Whatever was killed while it was sealed."""
    victim.comes_back()
    assert "in order" in victim.server.command("audit", "verify")
