"""Nobody gives or takes what he does not hold: through bulk, moves, keys, and what comes back (rule 59)."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.world import World

USERS, CUSTOMERS = "/useradmin/v2/user", "/customeradmin/v2/customer"
PERMISSIONS = "/useradmin/v2/permission"


@pytest.fixture
def boss(app: Flask, world: World) -> ApiCaller:
    """Administers users and customers of ``acme`` and ``bolt``, and may do nothing else there."""
    roles = ("USER-ADMIN", "CUSTOMER-ADMIN")
    world.user("boss", "acme", holds=[(role, at) for role in roles for at in ("acme", "bolt")])
    return ApiCaller(app, world.api_key("boss"))


def test_bulk_is_all_or_none(world: World, boss: ApiCaller) -> None:
    """One item that may not be given refuses all, and is named."""
    world.user("helper", "acme")
    good = {"subject": "helper", "function": "viewUsers", "customer": "acme"}
    answer = boss.post(f"{PERMISSIONS}/bulk", {"permissions": [good, good | {"function": "readThings"}]})
    assert answer.status_code == 412
    assert [m["field"] for m in answer.json["messages"]] == ["permissions[1].function"]
    assert boss.get(f"{PERMISSIONS}?subject=helper").json["count"] == 0
    assert boss.post(f"{PERMISSIONS}/bulk", {"permissions": [good]}).status_code == 201


def test_a_move_hands_over_what_is_held_above(world: World, boss: ApiCaller, admin: ApiCaller) -> None:
    """Whoever holds something above the new place would get it below: the mover must hold it himself."""
    world.customer("small", "acme")
    world.user("other", "bolt", holds=[("readThings", "bolt")])
    answer = boss.put(f"{CUSTOMERS}/small/move", {"parent": "bolt"})
    assert answer.status_code == 412
    assert [m["field"] for m in answer.json["messages"]] == ["parent"]
    assert admin.put(f"{CUSTOMERS}/small/move", {"parent": "bolt"}).status_code == 200
    assert admin.put(f"{CUSTOMERS}/bolt/move", {"parent": "small"}).status_code == 412


def test_a_move_stays_inside(world: World, boss: ApiCaller) -> None:
    """Neither to nor from where the caller administers nothing; the root stays."""
    world.user("helper", "acme")
    world.customer("elsewhere", "root")
    assert boss.put(f"{USERS}/helper/move", {"customer": "elsewhere"}).status_code in (403, 412)
    assert boss.put(f"{CUSTOMERS}/acme/move", {"parent": "elsewhere"}).status_code in (403, 412)
    top = "root"
    assert boss.put(f"{CUSTOMERS}/{top}/move", {"parent": "acme"}).status_code == 404
    assert boss.put(f"{USERS}/helper/move", {"customer": "bolt"}).status_code == 200


def test_who_holds_more_is_left_alone(app: Flask, world: World, boss: ApiCaller) -> None:
    """No key, no reset, no factor, no rename, no move of somebody who holds more than the caller."""
    for method, path, body in (
        ("POST", "/authentication/v1/user/alice/apikey", {"description": "x"}),
        ("PUT", "/authentication/v1/user/alice/password/reset", None),
        ("POST", "/authentication/v1/user/alice/totp", None),
        ("DELETE", "/authentication/v1/user/alice/sessions", None),
        ("PUT", f"{USERS}/alice", {"email": "boss@example.com"}),
        ("PUT", f"{USERS}/alice/move", {"customer": "bolt"}),
        ("DELETE", f"{USERS}/alice", None),
    ):
        assert boss.call(method, path, body).status_code == 403, path
    assert world.app is app


def test_what_comes_back_brings_nothing(app: Flask, world: World, admin: ApiCaller) -> None:
    """Rule 60: a user brought back holds nothing, is in no group, and no session or key works again."""
    world.group("readers", ["alice"], customer="acme")
    key = ApiCaller(app, world.api_key("alice"))
    assert admin.delete(f"{USERS}/alice").status_code == 200
    assert key.get("/currentuser/v1/user").status_code == 401
    back = admin.put(f"{USERS}/alice/reenable")
    assert back.status_code == 200, back.data
    assert back.json["data"]["memberOf"] == []
    assert admin.get(f"{USERS}/alice/permissions").json["count"] == 0
    assert admin.put(f"{USERS}/alice/reenable").status_code == 404
    assert key.get("/authentication/v1/session").status_code == 401


P = "/authentication/v1"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"redirectURIs": ["https://evil.example/callback"]}, "redirectURIs"),
        ({"clientSecret": "a secret that mallory knows"}, "clientSecret"),
        ({"authenticationMethod": "none"}, "authenticationMethod"),
        ({"clientIPRange": ["10.0.0.0/8"]}, "clientIPRange"),
        ({"requiredFunction": "viewOAuthClients"}, "requiredFunction"),
        ({"maxSecurityLevel": "standard"}, "maxSecurityLevel"),
        ({"requirePkce": True}, "requirePkce"),
        (
            {"openIDCustomClaims": [{"provider": "customClaim", "claimName": "m", "claim": "email"}]},
            "openIDCustomClaims",
        ),
    ],
)
def test_who_holds_less_takes_no_application_over(
    app: Flask, world: World, change: dict[str, object], field: str
) -> None:
    """Whoever gets its tokens acts with its whole scope: only who holds that changes it at all."""
    world.user("mallory", "acme", holds=[("OAUTH-ADMIN", "acme")])
    client = world.client("portal", customer="acme", max_security_level=1)
    mallory, at = ApiCaller(app, world.api_key("mallory")), f"{P}/oauth/client/{client}"
    answer = mallory.put(at, change)
    assert answer.status_code == 412, answer.json
    assert {(m["field"], m["messageTemplate"]) for m in answer.json["messages"]} == {(field, "NOT_HELD")}
    unchanged = {"name": "Portal", "permissionScope": "APP-ROLE"}
    assert mallory.put(at, unchanged).status_code == 220
    world.grant("mallory", "APP-ROLE", "acme")
    assert mallory.put(at, change).status_code == 200


def test_an_application_takes_no_other_over(app: Flask, world: World) -> None:
    """Whatever its user holds: an application never changes a client (design decision 23)."""
    world.user("adm", "root", holds=[("ALL-FUNCTIONS", "root")])
    helper = world.client("helper", required_function="updateOAuthClient", permission_scope="OAUTH-ADMIN")
    victim = world.client("victim")
    token = RelyingParty(app, helper).obtains(Person(app, "adm"))["access_token"]
    answer = app.test_client().put(
        f"{P}/oauth/client/{victim}",
        json={"redirectURIs": ["https://evil.example/callback"]},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 403
    assert answer.json["messages"][0]["messageTemplate"] == "NOT_INTERACTIVE"


@pytest.mark.parametrize("change", ["disable", "cut"])
def test_a_refused_change_leaves_nothing_behind(app: Flask, world: World, change: str) -> None:
    """What a unit resolved and took back is kept by nobody: a later change elsewhere acts at once."""
    world.user("pawn", "acme")
    world.user("adm", "acme", holds=[("viewUsers", "acme"), ("addGroupMember", "acme")])
    for name in ("first", "second"):
        world.group(name, customer="acme")
    world.grant("second", "ALL-FUNCTIONS", "root")
    rp, alice = RelyingParty(app, world.client()), Person(app)
    tokens = rp.obtains(alice)
    adm = ApiCaller(app, world.api_key("adm"))
    answer = adm.post("/useradmin/v2/subject/pawn/groups", {"parentGroups": ["first", "second"]})
    assert answer.status_code == 412
    # As another process would: nothing of this one is told.
    if change == "disable":
        world.disable_customer("acme")
    else:
        world.cut("APP-ROLE", "useApp")
    assert rp.calls(f"{P}/session", tokens["access_token"]).status_code == 401
    assert rp.refreshes(tokens["refresh_token"]).status_code == 400


def test_what_sleeps_at_a_disabled_customer_counts(app: Flask, world: World, admin: ApiCaller) -> None:
    """A customer is disabled and comes back: meanwhile nobody takes over, or joins, who holds more there."""
    world.customer("branch", "acme")
    world.user("chief", "acme", holds=[("APP-ROLE", "branch")])
    world.group("insiders", customer="acme")
    world.grant("insiders", "APP-ROLE", "branch")
    guards = ("resetUserPassword", "viewUsers", "addGroupMember", "deleteUser", "updateUser")
    world.user("helpdesk", "acme", holds=[(guard, "acme") for guard in guards])
    helpdesk = ApiCaller(app, world.api_key("helpdesk"))
    assert admin.put(f"{CUSTOMERS}/branch/disable").status_code == 200
    members = "/useradmin/v2/group/insiders/members"
    assert helpdesk.put("/authentication/v1/user/chief/password/reset").status_code == 403
    assert helpdesk.put(f"{USERS}/chief", {"email": "helpdesk@example.com"}).status_code == 403
    assert helpdesk.delete(f"{USERS}/chief").status_code == 403
    assert helpdesk.delete("/useradmin/v2/group/insiders").status_code == 412
    assert helpdesk.post(members, {"subject": ["helpdesk"]}).status_code == 412
    # Who stands above it all holds it too, and goes on.
    assert admin.post(members, {"subject": ["helpdesk"]}).status_code == 200
    assert admin.put("/authentication/v1/user/chief/password/reset").status_code == 200


def test_ones_own_mailbox_is_moved_by_another(app: Flask, world: World, admin: ApiCaller) -> None:
    """Links to a new password go there: a key that was found must not become a way in that outlives it."""
    world.user("carol", "acme", holds=[("USER-ADMIN", "acme")])
    carol = ApiCaller(app, world.api_key("carol"))
    answer = carol.put(f"{USERS}/carol", {"email": "thief@example.org"})
    assert answer.status_code == 412
    assert [(m["field"], m["messageTemplate"]) for m in answer.json["messages"]] == [("email", "OWN_ACCOUNT")]
    same = {"email": "carol@example.com", "name": "Carol Jones"}
    assert carol.put(f"{USERS}/carol", same).json["data"]["name"] == "Carol Jones"
    assert admin.put(f"{USERS}/carol", {"email": "new@example.com"}).status_code == 200
