"""A user has so many live sessions at an application, no more: another makes room (security rule 77)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.models.sessions import OAuthSession
from app.services.tokens import session_crowd
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.world import World

SESSION = "/authentication/v1/session"


def alive(rp: RelyingParty, token: str) -> bool:
    return rp.calls(SESSION, token).status_code == 200


def not_ended(world: World) -> int:
    return sum(row.ended_at is None for row in world.rows(OAuthSession))


def buys(key: ApiCaller, rp: RelyingParty) -> str:
    form = {"grant_type": "client_credentials", "client_id": rp.client_id}
    return str(key.call("POST", TOKEN, data=form).json["access_token"])


def test_the_oldest_makes_room(
    rp: RelyingParty, alice: Person, world: World, clock: Clock, settings: Any
) -> None:
    """One more than allowed ends the one opened first; it says so, and its refresh token is dead too."""
    settings(sessions_per_client=2)
    opened = []
    for _ in range(3):
        opened.append(rp.obtains(alice))
        clock.advance(1)
    assert [alive(rp, one["access_token"]) for one in opened] == [False, True, True]
    assert rp.refreshes(opened[0]["refresh_token"]).json["error"] == "invalid_grant"
    assert rp.refreshes(opened[1]["refresh_token"]).status_code == 200
    assert [row.end_reason for row in world.rows(OAuthSession) if row.ended_at] == ["too many sessions"]


def test_each_user_and_each_application_has_its_own(
    app: Flask, rp: RelyingParty, alice: Person, world: World, settings: Any
) -> None:
    """Nobody ends what is another's, nor what is at another application."""
    settings(sessions_per_client=1)
    world.user("bob", "acme", holds=[("APP-ROLE", "acme")])
    other = RelyingParty(app, world.client("other"))
    tokens = [rp.obtains(alice), rp.obtains(Person(app, "bob")), other.obtains(alice)]
    assert [alive(rp, one["access_token"]) for one in tokens] == [True, True, True]


def test_what_is_over_goes_first(
    app: Flask, rp: RelyingParty, alice: Person, world: World, clock: Clock, settings: Any
) -> None:
    """A script that opens a short session every few minutes ends none of a person's that still runs."""
    settings(sessions_per_client=3)
    refresh = rp.obtains(alice)["refresh_token"]
    key = ApiCaller(app, world.api_key("alice"))
    for _ in range(4):
        buys(key, rp)
        clock.advance(400)
        refresh = rp.refreshes(refresh).json["refresh_token"]
    assert not_ended(world) == 3
    assert rp.refreshes(refresh).status_code == 200


def test_keys_and_logins_count_together(
    app: Flask, rp: RelyingParty, world: World, clock: Clock, settings: Any
) -> None:
    """``client_credentials`` opens no more than the code grant does."""
    settings(sessions_per_client=2)
    key = ApiCaller(app, world.api_key("alice"))
    tokens = []
    for _ in range(3):
        tokens.append(buys(key, rp))
        clock.advance(1)
    assert [alive(rp, token) for token in tokens] == [False, True, True]


def test_what_is_logged_out_goes_first(
    app: Flask, rp: RelyingParty, world: World, clock: Clock, settings: Any
) -> None:
    """Sessions of logins that ended take no room from one that is used."""
    settings(sessions_per_client=3)
    used = rp.obtains(Person(app, "alice"))["access_token"]
    for _ in range(4):
        clock.advance(1)
        elsewhere = Person(app, "alice")
        rp.obtains(elsewhere)
        elsewhere.logs_out()
    assert alive(rp, used)
    assert not_ended(world) == 3


def test_a_script_ends_no_session_that_is_used(
    app: Flask, rp: RelyingParty, alice: Person, world: World, clock: Clock, settings: Any
) -> None:
    """However many it opens at once by the person's own key: they run out sooner."""
    settings(sessions_per_client=3)
    refresh = rp.obtains(alice)["refresh_token"]
    clock.advance(200)
    key = ApiCaller(app, world.api_key("alice"))
    for _ in range(5):
        buys(key, rp)
    assert rp.refreshes(refresh).status_code == 200


def test_a_backlog_is_worked_off_in_pieces(
    app: Flask,
    rp: RelyingParty,
    world: World,
    clock: Clock,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No call waits for all that was left by a version that did not count."""
    key = ApiCaller(app, world.api_key("alice"))
    for _ in range(10):
        buys(key, rp)
    clock.advance(400)
    settings(sessions_per_client=2)
    monkeypatch.setattr(session_crowd, "MOST_ENDED", 4)
    left = []
    for _ in range(4):
        assert alive(rp, buys(key, rp))
        left.append(not_ended(world))
    assert left == [7, 4, 2, 2]
