"""Links against each other, with two worker processes, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.drivers.mailbox import arrived
from tests.drivers.mailbox import tokens
from tests.drivers.person import first_form
from tests.races.test_races import AT_ONCE
from tests.races.test_races import DATABASES
from tests.races.test_races import Track
from tests.races.test_races import at_once
from tests.races.test_races import two_workers

pytestmark = [pytest.mark.server, pytest.mark.race]
PASSWORD = "/authentication/v1/password"
# As many as one user gets within the life of a link.
ROUNDS = 5


@pytest.fixture(scope="module", params=DATABASES)
def track(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Track]:
    with two_workers(request, tmp_path_factory.mktemp("recovery"), 0) as running:
        yield running


def asks(base: str, name: str) -> int:
    browser = requests.Session()
    page = browser.get(base + "/recover", timeout=30)
    _, hidden = first_form(page.text, {"name"})
    form = {**hidden, "name": name}
    return browser.post(base + "/recover", data=form, allow_redirects=False, timeout=30).status_code


def test_a_link_counts_once(track: Track) -> None:
    """Rule 7: sixteen at once choose sixteen passwords by one link; one of them does."""
    base = track.server.base

    def chooses(token: str, password: str) -> int:
        body = {"newPassword": password, "authorization": token}
        return requests.put(base + PASSWORD, json=body, timeout=30).status_code

    def logs_in(password: str) -> int:
        body = {"userName": "alice", "password": password}
        return requests.post(f"{base}{PASSWORD}/authentication", json=body, timeout=30).status_code

    for number in range(ROUNDS):
        assert asks(base, "alice") == 303
        token = tokens(arrived(track.server.folder, "alice@example.com", number + 1)[-1])[0]
        chosen = [f"round {number} password {one}" for one in range(AT_ONCE)]
        answers = at_once([lambda t=token, p=password: chooses(t, p) for password in chosen])
        assert sorted(answers) == [200] + [412] * (AT_ONCE - 1)
        # One that lost would only be a failed login of the same kind; two suffice.
        won = answers.index(200)
        assert logs_in(chosen[won]) == 200
        assert logs_in(chosen[won - 1]) == 401


def test_one_link_is_left(track: Track) -> None:
    """Of links asked for at once, in two processes, one counts."""
    base = track.server.base
    answers = at_once([lambda: asks(base, "bob")] * ROUNDS)
    assert answers == [303] * ROUNDS
    links = [tokens(mail)[0] for mail in arrived(track.server.folder, "bob@example.com", ROUNDS)]
    shown = [requests.get(f"{base}/recover/{token}", timeout=30).status_code for token in links]
    assert sorted(shown) == [200] + [410] * (ROUNDS - 1)
