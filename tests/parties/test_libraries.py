"""Applications of others, by the libraries that people have: each discovers, logs in by the real pages, asks
who it is, refreshes and logs out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.drivers.web_person import WebPerson
from tests.parties.party import AuthlibParty
from tests.parties.party import OauthlibParty
from tests.parties.party import register
from tests.parties.party import running_node
from tests.servers import LiveServer
from tests.servers import running

pytestmark = pytest.mark.server
NODE = ("openid-client", "oauth4webapi", "passport-openidconnect", "passport-oauth2", "simple-oauth2")
PYTHON = {"requests-oauthlib": OauthlibParty, "Authlib": AuthlibParty}
PARTIES = [*(pytest.param(name, marks=pytest.mark.node) for name in NODE), *PYTHON]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running(tmp_path_factory.mktemp("parties")) as live:
        yield live


@pytest.fixture
def loopback_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """oauthlib wants to be told that http is meant, though it is this machine."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def status(server: LiveServer, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(server.base + "/oauth/userinfo", headers=headers, timeout=30).status_code


@pytest.mark.parametrize("name", PARTIES)
def test_from_login_to_log_out(
    server: LiveServer, tmp_path: Path, name: str, loopback_in_clear: None
) -> None:
    """After a refresh the old token is dead; after the log-out the new one, and the browser is back."""
    at = register(server, name)
    person = WebPerson(server.base, "alice", server.password("alice"))
    party: Any = PYTHON[name](at) if name in PYTHON else None
    with nullcontext(party) if party is not None else running_node(at, name, tmp_path / "app") as party:
        told, first = party.enter(person)
        assert told["sub"].isdigit()
        assert told["name"].startswith("Alice")
        assert status(server, first) == 200
        second = party.refresh(person)
        assert (status(server, first), status(server, second)) == (401, 200)
        assert party.leave(person).startswith(at.bye)
        assert status(server, second) == 401
    assert person.browser.get(server.base + "/", allow_redirects=False, timeout=30).status_code == 303
