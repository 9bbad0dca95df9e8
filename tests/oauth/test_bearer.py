"""Where an access token may stand, and where it counts for nothing (RFC 6750 2, RFC 9700 4.3.2; rule 53)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty

SESSION = "/authentication/v1/session"
USERINFO = "/oauth/userinfo"


@pytest.mark.parametrize("path", [SESSION, USERINFO])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_header_counts(rp: RelyingParty, alice: Person, path: str, scheme: str) -> None:
    """RFC 6750 2.1; RFC 9110 11.1: the scheme's name has no case."""
    token = rp.obtains(alice)["access_token"]
    answer = rp.app.test_client().get(path, headers={"Authorization": f"{scheme} {token}"})
    assert answer.status_code == 200, answer.data


@pytest.mark.parametrize("path", [SESSION, USERINFO])
@pytest.mark.parametrize(
    "how", ["query", "form", "cookie", "key", "other scheme", "no scheme", "two headers", "two tokens"]
)
def test_nothing_else_counts(rp: RelyingParty, alice: Person, path: str, how: str) -> None:
    """Neither query nor form: both end up in logs and histories. Two are one too many."""
    token = rp.obtains(alice)["access_token"]
    browser = rp.app.test_client()
    sent: dict[str, dict[str, Any]] = {
        "query": {"query_string": {"access_token": token}},
        "form": {"data": {"access_token": token}},
        "cookie": {},
        "key": {"headers": {"Argus-API-Key": token}},
        "other scheme": {"headers": {"Authorization": f"Token {token}"}},
        "no scheme": {"headers": {"Authorization": token}},
        "two headers": {
            "headers": [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
        },
        "two tokens": {"headers": {"Authorization": f"Bearer {token} {token}"}},
    }
    if how == "cookie":
        browser.set_cookie("argus_session", token)
    method = "POST" if how == "form" and path == USERINFO else "GET"
    answer = browser.open(path, method=method, **sent[how])
    # A query parameter that a call does not know is 412 by the contract, once somebody is there.
    assert answer.status_code in (400, 401), answer.data
    assert token not in answer.get_data(as_text=True)
