"""What counts once, between two worker processes: a DPoP proof, a client's assertion, a pushed request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from tests.drivers.signing import ASSERTION_TYPE
from tests.drivers.signing import Prover
from tests.drivers.signing import Signer
from tests.drivers.web_person import WebPerson
from tests.races.test_races import DATABASES
from tests.races.test_races import SESSION
from tests.races.test_races import TOKEN
from tests.races.test_races import Track
from tests.races.test_races import at_once
from tests.races.test_races import two_workers

pytestmark = [pytest.mark.server, pytest.mark.race]
ROUNDS, AT_ONCE = 10, 16
CLIENTS = "/authentication/v1/oauth/client"


@pytest.fixture(scope="module", params=DATABASES)
def track(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Track]:
    with two_workers(request, tmp_path_factory.mktemp("once"), 10) as made:
        yield made


def test_a_proof_counts_once(track: Track) -> None:
    """RFC 9449 11.1: of sixteen uses of one proof one is let in; the token lives on."""
    prover, base = Prover(Signer()), track.server.base
    login = track.logs_in()
    code = track.approves(login)
    own = {"client_id": track.client["id"], "client_secret": track.client["clientSecret"]}
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": track.client["redirectURI"]}

    def proof(method: str, path: str, token: str | None = None) -> str:
        return prover.proves(method, path, token, htu=base + path)

    for _ in range(2):
        headers = {"DPoP": proof("POST", TOKEN)}
        answer = requests.post(base + TOKEN, data=own | form, headers=headers, timeout=30)
        prover.nonce = answer.headers["DPoP-Nonce"]
    token = answer.json()["access_token"]
    for _ in range(ROUNDS):
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof("GET", SESSION, token)}
        answers = at_once([lambda h=headers: requests.get(base + SESSION, headers=h, timeout=30)] * AT_ONCE)
        assert sorted(a.status_code for a in answers) == [200] + [401] * (AT_ONCE - 1)
        prover.nonce = answers[0].headers["DPoP-Nonce"]


def test_an_assertion_counts_once(track: Track) -> None:
    """OIDC Core 9: of sixteen uses of one assertion one is let in."""
    signer, base = Signer(), track.server.base
    key = {"Argus-API-Key": track.server.key}
    changed: dict[str, Any] = {"authenticationMethod": "privateKey", "jwks": signer.jwks}
    path = f"{base}{CLIENTS}/fjord-dashboard"
    answer = requests.put(path, json=changed, headers=key, timeout=30)
    assert answer.status_code == 200, answer.text
    client_id = answer.json()["data"]["id"]
    revoke = f"{base}{TOKEN}/revoke"
    for _ in range(ROUNDS):
        form = {"client_assertion": signer.asserts(client_id, aud=base), "token": "x"}
        form |= {"client_assertion_type": ASSERTION_TYPE}
        answers = at_once([lambda f=form: requests.post(revoke, data=f, timeout=30)] * AT_ONCE)
        assert sorted(a.status_code for a in answers) == [200] + [401] * (AT_ONCE - 1)


def test_a_pushed_request_is_answered_once(track: Track) -> None:
    """RFC 9126 4: sixteen windows with one reference get one code."""
    base, client = track.server.base, track.client
    alice = WebPerson(base, "alice", track.server.password("alice"))
    request = {
        "response_type": "code",
        "redirect_uri": client["redirectURI"],
        "scope": "openid",
        "client_id": client["id"],
        "client_secret": client["clientSecret"],
    }

    def push() -> str:
        answer = requests.post(f"{base}/oauth/par", data=request, timeout=30)
        assert answer.status_code == 201, answer.text
        sent = {"client_id": client["id"], "request_uri": answer.json()["request_uri"]}
        return f"{base}/oauth/authorize?{urlencode(sent)}"

    assert "code=" in alice.approves(push())
    cookies = alice.browser.cookies.get_dict()
    for _ in range(ROUNDS):
        url = push()
        answers = at_once(
            [lambda u=url: requests.get(u, cookies=cookies, allow_redirects=False, timeout=30)] * AT_ONCE
        )
        assert sorted(a.status_code for a in answers) == [303] + [400] * (AT_ONCE - 1)
