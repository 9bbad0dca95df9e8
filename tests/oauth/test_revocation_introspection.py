"""RFC 7009 and RFC 7662: one's own tokens only, any hint, no oracle (rule 55)."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.drivers.person import Person
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.world import World

SESSION = "/authentication/v1/session"
REVOKE = TOKEN + "/revoke"
INTROSPECT = TOKEN + "/introspect"


@pytest.fixture
def other(app: Flask, world: World) -> RelyingParty:
    return RelyingParty(app, world.client("other"))


def test_introspection_tells_the_owner(rp: RelyingParty, alice: Person) -> None:
    """RFC 7662 2.2, bare; seconds, not milliseconds."""
    tokens = rp.obtains(alice)
    told = rp.introspects(tokens["access_token"])
    assert told["active"] is True
    assert told["client_id"] == rp.client_id
    assert told["username"] == "alice"
    assert told["scope"] == "openid profile"
    assert told["exp"] < 10_000_000_000
    assert rp.introspects(tokens["refresh_token"])["active"] is True


def test_introspection_of_strangers_and_garbage(rp: RelyingParty, other: RelyingParty, alice: Person) -> None:
    """Everything else is ``{"active": false}`` and nothing more."""
    tokens = rp.obtains(alice)
    login = alice.browser.get_cookie("argus_session")
    assert login is not None
    code = rp.sends(alice)["code"]
    for caller, text in (
        (other, tokens["access_token"]),
        (other, tokens["refresh_token"]),
        (rp, "nonsense"),
        (rp, login.value),
        (rp, code),
    ):
        assert caller.introspects(text) == {"active": False}


@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "no_such_hint"])
@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_either_token_with_any_hint_ends_the_pair(
    rp: RelyingParty, alice: Person, which: str, hint: str | None
) -> None:
    """RFC 7009 2.1: a wrong hint extends the search; revoking either kills both."""
    tokens = rp.obtains(alice)
    form = {"token": tokens[which]} | ({"token_type_hint": hint} if hint else {})
    answer = rp.posts(REVOKE, **form)
    assert answer.status_code == 200
    assert answer.data == b""
    assert "Content-Type" not in answer.headers  # oidc-client-ts takes a page for a failure
    assert rp.calls(SESSION, tokens["access_token"]).status_code == 401
    assert rp.refreshes(tokens["refresh_token"]).status_code == 400
    assert rp.introspects(tokens["access_token"]) == {"active": False}


def test_revoking_what_is_not_ones_own(rp: RelyingParty, other: RelyingParty, alice: Person) -> None:
    """The same empty 200, and nothing ends."""
    tokens = rp.obtains(alice)
    for text in (tokens["access_token"], tokens["refresh_token"], "nonsense"):
        answer = other.posts(REVOKE, token=text)
        assert (answer.status_code, answer.data) == (200, b"")
    assert rp.calls(SESSION, tokens["access_token"]).status_code == 200


@pytest.mark.parametrize("path", [REVOKE, INTROSPECT, "/oauth/revoke", "/oauth/introspect"])
def test_the_client_must_prove_itself(rp: RelyingParty, alice: Person, path: str) -> None:
    """No, wrong, or out-of-range client: ``invalid_client`` and nothing happens."""
    tokens = rp.obtains(alice)
    access = tokens["access_token"]
    assert rp.posts(path, token=access, client_secret="wrong").status_code == 401
    assert rp.posts(path, token=access, client_id="00000000-0000-0000-0000-000000000000").status_code == 401
    assert rp.app.test_client().post(path, data={"token": access}).status_code == 401
    assert rp.posts(path).json["error"] == "invalid_request"
    assert rp.calls(SESSION, access).status_code == 200


def test_a_superseded_token_is_not_active(rp: RelyingParty, alice: Person) -> None:
    """What the last rotation replaced is dead, though the repeat window still knows it."""
    tokens = rp.obtains(alice)
    rp.refreshes(tokens["refresh_token"])
    assert rp.introspects(tokens["access_token"]) == {"active": False}
    assert rp.introspects(tokens["refresh_token"]) == {"active": False}


def test_an_old_refresh_token_revokes_what_came_of_it(rp: RelyingParty, alice: Person) -> None:
    """Whoever still holds it may have been robbed: the session that was rotated on ends (rule 16)."""
    first = rp.obtains(alice)
    second = rp.refreshes(first["refresh_token"]).json
    assert rp.posts(REVOKE, token=first["access_token"]).status_code == 200
    assert rp.introspects(second["access_token"])["active"]
    assert rp.posts(REVOKE, token=first["refresh_token"]).status_code == 200
    assert not rp.introspects(second["access_token"])["active"]
    assert rp.refreshes(second["refresh_token"]).status_code == 400
