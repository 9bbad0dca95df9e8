"""An application's session is below its own user: it gains no way in that outlives it (rule 54)."""

from __future__ import annotations

import pytest
from flask import Flask

from app.models.apikeys import APIKey
from app.models.directory import User
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Template
from tests.world import World

AUTH, USERS = "/authentication/v1/user", "/useradmin/v2/user"


@pytest.fixture(params=["administrativeAuthenticationSetup-APIKEY", "ALL-FUNCTIONS"])
def bearer(request: pytest.FixtureRequest, app: Flask, world: World) -> dict[str, str]:
    """A token of carol's, bounded by a small scope or by none; she administers users."""
    roles = ["USER-ADMIN", "useApp", "writeThings"]
    world.user("carol", "acme", holds=[(role, "acme") for role in roles])
    scope = request.param
    if scope != "ALL-FUNCTIONS":
        world.function("HELPER", role=True)
        for child in (scope, "viewUsers", "updateUser"):
            world.edge("HELPER", child)
        scope = "HELPER"
    rp = RelyingParty(app, world.client("helper", permission_scope=scope))
    return {"Authorization": f"Bearer {rp.obtains(Person(app, 'carol'))['access_token']}"}


def test_it_buys_no_key(app: Flask, world: World, bearer: dict[str, str]) -> None:
    """Neither for its own user nor for another, nor does it lengthen, end or list one."""
    world.user("dora", "acme")
    world.api_key("carol")
    before = len(world.rows(APIKey))
    number = next(key.key_number for key in world.rows(APIKey) if key.description == "test")
    owner = next(user.id for user in world.rows(User) if user.short_name == "carol")
    browser = app.test_client()
    key = f"{AUTH}/carol/apikey/{owner:x}/{number:x}"
    for answer in (
        browser.post(f"{AUTH}/carol/apikey", json={"description": "mine"}, headers=bearer),
        browser.post(f"{AUTH}/dora/apikey", json={"description": "hers"}, headers=bearer),
        browser.get(f"{AUTH}/carol/apikey", headers=bearer),
        browser.put(key, json={}, headers=bearer),
        browser.delete(key, headers=bearer),
        browser.delete(f"{AUTH}/carol/apikey/{number}", headers=bearer),
    ):
        assert answer.status_code == 403, answer.request.path
    keys = world.rows(APIKey)
    assert len(keys) == before
    assert all(one.revoked_at is None for one in keys)


def test_it_does_not_move_the_mailbox(app: Flask, world: World, bearer: dict[str, str]) -> None:
    """Whoever reads the mail gets the link to a new password: the address is not for a token to change."""
    body = {"email": "thief@example.org"}
    answer = app.test_client().put(f"{USERS}/carol", json=body, headers=bearer)
    assert answer.status_code == 403
    carol = next(user for user in world.rows(User) if user.short_name == "carol")
    assert carol.email == "carol@example.com"


@pytest.mark.parametrize("whose", ["carol", "dora"])
def test_it_administers_no_sessions(app: Flask, world: World, whose: str) -> None:
    """Neither by name nor by number, its user's or another's: it sees none and ends none."""
    world.user("carol", "acme", holds=[("deleteSession", "acme"), ("viewUsers", "acme"), ("useApp", "acme")])
    world.user("dora", "acme", holds=[("useApp", "acme")])
    other = RelyingParty(app, world.client("helper", permission_scope="ALL-FUNCTIONS"))
    Person(app, whose).logs_in()
    bearer = {"Authorization": f"Bearer {other.obtains(Person(app, 'carol'))['access_token']}"}
    own = {"Argus-API-Key": world.api_key("carol")}
    browser, path = app.test_client(), f"{AUTH}/{whose}/sessions"
    logins = browser.get(path, headers=own).json["data"]
    number = logins[0]["sessionIdentifier"]
    assert browser.get(path, headers=bearer).status_code == 403
    assert browser.delete(path, headers=bearer).status_code == 403
    assert browser.delete(f"/authentication/v1/session/{number}", headers=bearer).status_code == 403
    assert browser.get(path, headers=own).json["data"] == logins
    assert browser.delete(path, headers=own).json["data"]["sessionsDeleted"] == len(logins)


def test_who_administers_makes_no_key_for_oneself(app: Flask, world: World) -> None:
    """One's own takes proof of presence, by the call that asks for it (security rule 57)."""
    headers = {"Argus-API-Key": world.api_key("admin")}
    answer = app.test_client().post(f"{AUTH}/admin/apikey", json={"description": "x"}, headers=headers)
    assert answer.status_code == 412
    assert [m["field"] for m in answer.json["messages"]] == ["user"]


def test_nor_by_hand(app: Flask, world: World, template: Template) -> None:
    """The console leads to no key of one's own, and makes none: presence is proven first."""
    boss = Person(app, "admin", template.secrets.password)
    boss.logs_in()
    html = boss.visits("/console/users/admin").get_data(as_text=True)
    assert "/keys/add" not in html
    assert boss.visits("/console/users/admin/keys/add").status_code == 412


@pytest.mark.parametrize("limit", ["application", "constrained key", "read-only key"])
def test_it_reads_no_events_and_leaves_nothing_behind(app: Flask, world: World, limit: str) -> None:
    """Who logged in from where is the person's to read, and preferences are the person's to change."""
    if limit == "application":
        rp = RelyingParty(app, world.client())
        headers = {
            "Authorization": f"Bearer {rp.obtains(Person(app, 'alice'), scope='openid')['access_token']}"
        }
    else:
        bounds = {"readOnly": True} if limit == "read-only key" else {"functions": []}
        headers = {"Argus-API-Key": world.api_key("alice", constraints=bounds)}
    browser = app.test_client()
    own = {"Argus-API-Key": world.api_key("alice")}
    prefs, auth = "/currentuser/v1/prefs", "/authentication/v1"
    assert browser.post(prefs, json={"colour": "red"}, headers=own).status_code == 200
    for method, path, body, status in (
        ("GET", f"{auth}/customer/events", None, 403),
        # Without a function that shows users it does not see alice as one.
        ("GET", f"{AUTH}/alice/events", None, 404),
        ("POST", prefs, {"colour": "blue"}, 403),
        ("DELETE", f"{prefs}?key=colour", None, 403),
        ("DELETE", f"{prefs}/colour", None, 403),
    ):
        assert browser.open(path, method=method, json=body, headers=headers).status_code == status, path
    assert browser.get(prefs, headers=own).json["data"] == {"colour": "red"}
    for path in (prefs, f"{auth}/events"):
        assert browser.get(path, headers=headers).status_code == 403, path
        assert browser.get(path, headers=own).status_code == 200, path
