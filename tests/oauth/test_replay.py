"""Refresh tokens: rotation, the grace window, replay, and what is not a token of ours (rules 15-19)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.models.audit import AuditEvent
from app.models.sessions import OAuthSession
from tests.drivers.person import Person
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.world import World

SESSION = "/authentication/v1/session"


def alive(rp: RelyingParty, tokens: dict[str, Any]) -> bool:
    return rp.calls(SESSION, tokens["access_token"]).status_code == 200


def test_a_lost_answer_can_be_asked_for_again(rp: RelyingParty, alice: Person) -> None:
    """Design §7: inside the grace window the predecessor yields the identical pair, the remaining life."""
    first = rp.obtains(alice)
    second = rp.refreshes(first["refresh_token"]).json or {}
    again = rp.refreshes(first["refresh_token"])
    assert again.status_code == 200
    same = {"access_token", "refresh_token", "scope", "token_type"}
    assert {k: again.json[k] for k in same} == {k: second[k] for k in same}
    assert again.json["expires_in"] <= second["expires_in"]
    assert alive(rp, second)


def test_after_the_grace_window_it_is_a_replay(rp: RelyingParty, alice: Person, clock: Clock) -> None:
    """RFC 9700 4.14.2: one of two holders is a thief: the session ends."""
    first = rp.obtains(alice)
    second = rp.refreshes(first["refresh_token"]).json or {}
    clock.advance(10)
    assert rp.refreshes(first["refresh_token"]).json["error"] == "invalid_grant"
    assert not alive(rp, second)
    assert rp.refreshes(second["refresh_token"]).status_code == 400


def test_what_is_dead_is_ended_once(rp: RelyingParty, alice: Person, world: World, clock: Clock) -> None:
    """Rule 16: the first replay ends the session and raises the alert; the next find nothing to end."""
    first = rp.obtains(alice)
    second = rp.refreshes(first["refresh_token"]).json or {}
    clock.advance(10)
    for _ in range(3):
        for tokens in (first, second):
            assert rp.refreshes(tokens["refresh_token"]).json["error"] == "invalid_grant"
    alerts = [row.action for row in world.rows(AuditEvent) if row.outcome == "alert"]
    assert alerts == ["refresh-token-replayed"]


def test_a_used_successor_closes_the_window(rp: RelyingParty, alice: Person) -> None:
    """Design §7: once the successor was refreshed, its predecessor is a replay inside the window too."""
    first = rp.obtains(alice)
    second = rp.refreshes(first["refresh_token"]).json or {}
    third = rp.refreshes(second["refresh_token"]).json or {}
    assert rp.refreshes(first["refresh_token"]).status_code == 400
    assert not alive(rp, third)


def test_grace_zero_is_strict(rp: RelyingParty, alice: Person, settings: Any) -> None:
    """0 means no window, not an endless one."""
    settings(refresh_grace_seconds=0)
    first = rp.obtains(alice)
    second = rp.refreshes(first["refresh_token"]).json or {}
    assert rp.refreshes(first["refresh_token"]).status_code == 400
    assert not alive(rp, second)


def test_three_repeats_in_a_row_raise_an_alert(rp: RelyingParty, alice: Person, world: World) -> None:
    """Design §7."""
    token = rp.obtains(alice)["refresh_token"]
    for _ in range(3):
        fresh = (rp.refreshes(token).json or {})["refresh_token"]
        assert rp.refreshes(token).status_code == 200
        token = fresh
    assert [row.action for row in world.rows(AuditEvent) if row.outcome == "alert"] == ["refresh-repeated"]


def test_a_stranger_changes_nothing(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """Rule 19: another client's attempt is refused, alerted, and ends nothing - old token or new."""
    first = rp.obtains(alice)
    second = rp.refreshes(first["refresh_token"]).json or {}
    other = RelyingParty(app, world.client("other"))
    for token in (first["refresh_token"], second["refresh_token"]):
        assert other.refreshes(token).json["error"] == "invalid_grant"
    assert alive(rp, second)
    assert "refresh-token-of-another-client" in [row.action for row in world.rows(AuditEvent)]


def test_from_outside_the_range_changes_nothing(
    world: World, rp: RelyingParty, alice: Person, clock: Clock
) -> None:
    """Rule 48: a refusal of the address consumes nothing, not even a replay."""
    first = rp.obtains(alice)
    second = rp.refreshes(first["refresh_token"]).json or {}
    clock.advance(20)
    world.change_client(rp.client_id, client_ip_range=["10.0.0.0/8"])
    assert rp.refreshes(first["refresh_token"]).json["error"] == "invalid_client"
    world.change_client(rp.client_id, client_ip_range=["127.0.0.1/32"])
    assert alive(rp, second)


def test_garbage_asks_the_database_nothing(
    app: Flask, world: World, rp: RelyingParty, alice: Person, queries: Any
) -> None:
    """Design §7: a token whose tag is wrong is refused before any query, and ends nothing."""
    tokens = rp.obtains(alice)
    good = tokens["refresh_token"]
    forged = good[:-2] + ("AA" if good[-2:] != "AA" else "BB")
    for text in (forged, "alice/" + "A" * 92, "alice", "/", "alice/" + good[6:40], "x" * 5000, "é/\x7f"):
        queries.reset()
        answer = app.test_client().get(
            SESSION, headers={"Authorization": f"Bearer {text}".encode().decode("latin-1")}
        )
        assert answer.status_code == 401, text
        assert queries.statements == []
    renamed = "bob" + good[5:]
    for text in (forged, renamed, tokens["access_token"]):
        assert rp.refreshes(text).json["error"] == "invalid_grant"
    assert alive(rp, tokens)
    assert rp.refreshes(good).status_code == 200


def test_kinds_are_not_interchangeable(rp: RelyingParty, alice: Person, app: Flask) -> None:
    """Rule 12: code, access, refresh and login token are each accepted in their own place only."""
    code = rp.sends(alice)["code"]
    tokens = rp.obtains(alice)
    login = alice.browser.get_cookie("argus_session")
    assert login is not None
    for wrong in (tokens["access_token"], code, login.value):
        assert rp.refreshes(wrong).json["error"] == "invalid_grant"
    for wrong in (tokens["access_token"], tokens["refresh_token"], login.value):
        assert rp.redeems(wrong).json["error"] == "invalid_grant"
    for wrong in (tokens["refresh_token"], code):
        assert rp.calls(SESSION, wrong).status_code == 401
    stranger = app.test_client()
    stranger.set_cookie("argus_session", tokens["access_token"])
    assert stranger.get("/").status_code == 303
    assert alive(rp, tokens)
    assert rp.redeems(code).status_code == 200


def test_the_refresh_token_may_come_as_code(rp: RelyingParty, alice: Person) -> None:
    """Contract 0 #7, rule 15: as ``code`` too; both at once is one too many."""
    token = rp.obtains(alice)["refresh_token"]
    both = rp.posts(grant_type="refresh_token", refresh_token=token, code=token)
    assert both.json["error"] == "invalid_request"
    assert rp.posts(grant_type="refresh_token", code=token).status_code == 200


def test_a_narrower_scope_narrows_this_access_token_only(rp: RelyingParty, alice: Person) -> None:
    """RFC 6749 6: the refresh token keeps the original scope; a wider one is refused and consumes nothing."""
    first = rp.obtains(alice)
    narrow = rp.refreshes(first["refresh_token"], scope="openid").json or {}
    assert narrow["scope"] == "openid"
    claims = rp.calls("/authentication/v1/oauth/userinfo", narrow["access_token"]).json
    assert set(claims) == {"sub"}
    assert rp.refreshes(narrow["refresh_token"], scope="openid email").json["error"] == "invalid_scope"
    wide = rp.refreshes(narrow["refresh_token"]).json or {}
    assert wide["scope"] == "openid profile"
    claims = rp.calls("/authentication/v1/oauth/userinfo", wide["access_token"]).json
    assert claims["preferred_username"] == "alice"


def test_idle_and_absolute_end(rp: RelyingParty, alice: Person, clock: Clock, settings: Any) -> None:
    """Rule 18: the refresh timeout slides, never beyond the login's absolute end."""
    token = rp.obtains(alice)["refresh_token"]
    for _ in range(24):
        clock.advance(1750)
        answer = rp.refreshes(token)
        assert answer.status_code == 200, answer.data
        token = answer.json["refresh_token"]
    clock.advance(43_200 - 24 * 1750 - 60)
    last = rp.refreshes(token).json or {}
    assert last["expires_in"] <= 60
    clock.advance(61)
    assert rp.refreshes(last["refresh_token"]).status_code == 400
    idle = rp.obtains(Person(rp.app))["refresh_token"]
    clock.advance(1801)
    assert rp.refreshes(idle).json["error"] == "invalid_grant"


def test_an_access_token_lives_a_little_longer_than_announced(
    rp: RelyingParty, alice: Person, clock: Clock
) -> None:
    """Rule 18: accepted 5 s longer, then refused."""
    tokens = rp.obtains(alice)
    clock.advance(303)
    assert alive(rp, tokens)
    clock.advance(4)
    assert not alive(rp, tokens)


@pytest.mark.parametrize("grant_type", ["password", "implicit", "urn:x", "Refresh_Token"])
def test_unknown_grants(rp: RelyingParty, grant_type: str) -> None:
    """RFC 6749 5.2."""
    assert rp.posts(TOKEN, grant_type=grant_type).json["error"] == "unsupported_grant_type"


def test_rows_do_not_grow(rp: RelyingParty, alice: Person, world: World) -> None:
    """One row per approval, whatever is presented."""
    tokens = rp.obtains(alice)
    rp.refreshes(tokens["refresh_token"])
    rp.refreshes(tokens["refresh_token"])
    rp.refreshes("alice/" + "A" * 92)
    assert len(world.rows(OAuthSession)) == 1
