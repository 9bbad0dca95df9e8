"""Two changes of the policy at once, in two processes: one is judged after the other (design decision 21)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from collections.abc import Iterator
from functools import partial

import pytest
import requests

from tests.races.test_races import DATABASES
from tests.races.test_races import Track
from tests.races.test_races import at_once
from tests.races.test_races import two_workers

pytestmark = [pytest.mark.server, pytest.mark.race]
ROUNDS = 8
# A round needs four commands; tests/torture/test_duels.py has more of them.
ROUNDS_OF_ADMINISTRATORS = 1
C, F, G, U, P = (
    "/customeradmin/v2/customer",
    "/useradmin/v2/function",
    "/useradmin/v2/group",
    "/useradmin/v2/user",
    "/useradmin/v2/permission",
)
Made = tuple[str, str]


@pytest.fixture(scope="module", params=DATABASES)
def track(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Track]:
    with two_workers(request, tmp_path_factory.mktemp("policy"), 10) as made:
        yield made


def _makes(track: Track, path: str, **body: str) -> str:
    name = f"r{uuid.uuid4().hex[:12]}"
    names = {"name": name} if path == F else {"name": name, "shortName": name}
    answer = track.server.call("POST", path, json=names | body)
    assert answer.status_code in (200, 201), answer.text
    return name


def _pair(track: Track, path: str, **body: str) -> Made:
    return _makes(track, path, **body), _makes(track, path, **body)


def _moves(track: Track, below: str, above: str) -> requests.Response:
    return track.server.call("PUT", f"{C}/{below}/move", json={"parent": above})


def _bundles(track: Track, below: str, above: str) -> requests.Response:
    return track.server.call("POST", f"{F}/{above}/children", json={"children": [below]})


def _joins(track: Track, below: str, above: str) -> requests.Response:
    return track.server.call("POST", f"{G}/{above}/members", json={"subject": [below]})


# What is made twice, and how one goes below the other.
KINDS: dict[str, tuple[Callable[[Track], Made], Callable[[Track, str, str], requests.Response]]] = {
    "customers": (lambda track: _pair(track, C, parent="root"), _moves),
    "functions": (lambda track: _pair(track, F, parent="ALL-FUNCTIONS"), _bundles),
    "groups": (lambda track: _pair(track, G, customer="root"), _joins),
}


@pytest.mark.parametrize("kind", KINDS)
def test_no_circle_comes_to_be(track: Track, kind: str) -> None:
    """A below B and B below A at the same moment: one is done, the other is told of the circle."""
    makes, puts = KINDS[kind]
    for _ in range(ROUNDS):
        one, other = makes(track)
        calls = [partial(puts, track, one, other), partial(puts, track, other, one)]
        first, second = at_once(calls)
        assert sorted((first.status_code, second.status_code)) == [200, 412], (first.text, second.text)
        refused = first if first.status_code == 412 else second
        assert refused.json()["messages"][0]["messageTemplate"] == "CYCLE"
    assert track.server.command("doctor") == "All is well.\n"


# Of two administrators each takes the other out, in some way.
WAYS: dict[str, Callable[[Track, str, int], tuple[str, str]]] = {
    "block": lambda track, name, permission: ("PUT", f"/authentication/v1/user/{name}/block"),
    "delete": lambda track, name, permission: ("DELETE", f"{U}/{name}"),
    "revoke": lambda track, name, permission: ("DELETE", f"{P}/{permission}"),
}


def _administrator(track: Track) -> tuple[str, int, str]:
    """A new administrator: name, permission and key."""
    name = _makes(track, U, customer="root")
    grant = {"subject": name, "function": "ALL-FUNCTIONS", "customer": "root"}
    permission = track.server.call("POST", P, json=grant).json()["data"]["id"]
    return name, permission, track.server.command("apikey", "create", name).split()[-1]


@pytest.mark.parametrize("way", WAYS)
def test_one_administrator_is_left(track: Track, way: str) -> None:
    """Two that take each other out at the same moment, with nobody else there: not both succeed."""
    for _ in range(ROUNDS_OF_ADMINISTRATORS):
        pair = [_administrator(track) for _ in range(2)]
        try:
            assert track.server.call("PUT", "/authentication/v1/user/admin/block").status_code == 200

            def ends(by: int, whom: int, pair: list[tuple[str, int, str]] = pair) -> int:
                method, path = WAYS[way](track, *pair[whom][:2])
                headers = {"Argus-API-Key": pair[by][2]}
                url = track.server.base + path
                return requests.request(method, url, headers=headers, timeout=30).status_code

            found = at_once([partial(ends, 0, 1), partial(ends, 1, 0)])
            assert found.count(200) <= 1, found
            assert "administer" not in _doctor(track)
        finally:
            track.server.command("user", "make-administrator", "admin")
        for name, _permission, _key in pair:
            track.server.call("DELETE", f"{U}/{name}")


def _doctor(track: Track) -> str:
    return track.server.command("doctor")
