"""Not a byte of a registered URI is rewritten, by any redirect (RFC 6749 3.1.2; RP-Initiated Logout 3)."""

from __future__ import annotations

from urllib.parse import parse_qs
from urllib.parse import urlencode

import pytest
from flask import Flask

from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.policy.test_redirects import OWN_QUERIES
from tests.world import REDIRECT
from tests.world import World

PLACE = "https://app.example.com/cb"


@pytest.fixture
def rp(app: Flask, world: World) -> RelyingParty:
    uris = [REDIRECT] + [PLACE + query for query in OWN_QUERIES]
    return RelyingParty(app, world.client(redirect_uris=uris, post_logout_redirect_uris=uris))


def added(location: str, uri: str) -> dict[str, list[str]]:
    """What stands behind the registered URI."""
    assert location.startswith(uri), location
    return parse_qs(location[len(uri) :].lstrip("?&"))


def test_every_redirect(rp: RelyingParty, alice: Person) -> None:
    """A code by consent and by a stored one, a denial, an error, a silent refusal."""
    for query in OWN_QUERIES:
        uri = PLACE + query
        approved = alice.approves(rp.url(redirect_uri=uri, prompt="consent"))
        remembered = alice.visits(rp.url(redirect_uri=uri)).headers["Location"]
        for location in (approved, remembered):
            assert set(added(location, uri)) == {"code", "state", "iss"}
        denied = alice.denies(rp.url(redirect_uri=uri, prompt="consent"))
        wrong = alice.visits(rp.url(redirect_uri=uri, scope="phone")).headers["Location"]
        silent = Person(rp.app).visits(rp.url(redirect_uri=uri, prompt="none")).headers["Location"]
        for location, error in (
            (denied, "access_denied"),
            (wrong, "invalid_scope"),
            (silent, "login_required"),
        ):
            assert added(location, uri)["error"] == [error]
            assert added(location, uri)["state"] == [rp.state]


def test_the_code_is_redeemed(rp: RelyingParty, alice: Person) -> None:
    """The same bytes again at the token endpoint."""
    for query in OWN_QUERIES:
        uri = PLACE + query
        code = added(alice.approves(rp.url(redirect_uri=uri)), uri)["code"][0]
        assert rp.redeems(code, redirect_uri=uri).status_code == 200


@pytest.mark.parametrize("query", OWN_QUERIES)
def test_the_way_out(rp: RelyingParty, alice: Person, query: str) -> None:
    uri = PLACE + query
    hint = rp.obtains(alice)
    asked = {"id_token_hint": hint["id_token"], "post_logout_redirect_uri": uri, "state": "s t"}
    location = alice.visits("/oauth/logout?" + urlencode(asked)).headers["Location"]
    assert added(location, uri) == {"state": ["s t"]}
