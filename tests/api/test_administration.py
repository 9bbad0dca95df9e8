"""Users, groups, functions, permissions, customers by the JSON API; and delegation stays in its bounds."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.models.audit import AuditEvent
from app.models.directory import User
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.world import World

USERS = "/useradmin/v2/user"
GROUPS = "/useradmin/v2/group"
FUNCTIONS = "/useradmin/v2/function"
PERMISSIONS = "/useradmin/v2/permission"
CUSTOMERS = "/customeradmin/v2/customer"
SESSION = "/authentication/v1/session"


def user(**changes: Any) -> dict[str, Any]:
    return {"customer": "acme", "shortName": "hugo", "name": "Hugo Holm"} | changes


def fields(answer: Any) -> list[str]:
    assert answer.status_code == 412, answer.data
    return [m["field"] for m in answer.json["messages"]]


def test_a_user_from_cradle_to_grave(world: World, admin: ApiCaller) -> None:
    """Create, read, grant, block, unblock, delete; the id is never used again."""
    made = admin.post(
        USERS, user(email="hugo@example.com", phone={"countryCode": "47", "nationalNumber": "22222222"})
    )
    assert made.status_code == 201, made.data
    number = made.json["data"]["id"]
    assert made.json["data"]["flags"] == ["passwordNotSet"]
    for name in ("hugo", str(number)):
        assert admin.get(f"{USERS}/{name}").json["data"]["id"] == number
    assert admin.put(f"/authentication/v1/user/{number}/block").status_code == 200
    assert "blocked" in admin.get(f"{USERS}/hugo").json["data"]["flags"]
    assert admin.put("/authentication/v1/user/hugo/unblock").status_code == 200
    gone = admin.delete(f"{USERS}/hugo")
    assert "deleted" in gone.json["data"]["flags"]
    assert admin.get(f"{USERS}/{number}").status_code == 404
    again = admin.post(USERS, user()).json["data"]["id"]
    assert again > number


def test_a_permission_acts_at_the_next_request(
    app: Flask, world: World, admin: ApiCaller, rp: RelyingParty, alice: Person
) -> None:
    """Granted and revoked through the API; an open session widens and narrows at once."""
    token = rp.obtains(alice)["access_token"]
    check = f"{SESSION}/permission/readThings/bolt"
    assert rp.calls(check, token).status_code == 404  # as if it were not there
    made = admin.post(PERMISSIONS, {"subject": "alice", "function": "readThings", "customer": "bolt"})
    assert made.status_code == 201, made.data
    assert rp.calls(check, token).status_code == 200
    number = made.json["data"]["id"]
    again = admin.post(PERMISSIONS, {"subject": "alice", "function": "readThings", "customer": "bolt"})
    assert again.json["data"]["id"] == number, "an identical living permission is the same one"
    assert admin.delete(f"{PERMISSIONS}/{number}").status_code == 200
    assert rp.calls(check, token).status_code == 404  # as if it were not there
    assert admin.delete(f"{PERMISSIONS}/{number}").status_code == 404


def test_groups_give_and_take_at_once(
    app: Flask, world: World, admin: ApiCaller, rp: RelyingParty, alice: Person
) -> None:
    token = rp.obtains(alice)["access_token"]
    check = f"{SESSION}/permission/readThings/bolt"
    assert (
        admin.post(GROUPS, {"customer": "root", "shortName": "readers", "name": "Readers"}).status_code == 201
    )
    admin.post(PERMISSIONS, {"subject": "readers", "function": "readThings", "customer": "bolt"})
    members = admin.post(f"{GROUPS}/readers/members", {"subject": ["alice"]})
    assert [m["shortName"] for m in members.json["data"]] == ["alice"]
    assert rp.calls(check, token).status_code == 200
    assert admin.delete(f"{GROUPS}/readers/members", query_string={"subject": "alice"}).json["data"] == []
    assert rp.calls(check, token).status_code == 404  # as if it were not there
    admin.post(f"{GROUPS}/readers/members", {"subject": ["alice"]})
    assert rp.calls(check, token).status_code == 200
    assert admin.delete(f"{GROUPS}/readers").status_code == 200
    assert rp.calls(check, token).status_code == 404  # as if it were not there


def test_groups_hold_no_cycles(world: World, admin: ApiCaller) -> None:
    for name in ("inner", "outer"):
        admin.post(GROUPS, {"customer": "root", "shortName": name, "name": name})
    assert admin.post(f"{GROUPS}/outer/members", {"subject": ["inner"]}).status_code == 200
    assert fields(admin.post(f"{GROUPS}/inner/members", {"subject": ["outer"]})) == ["subject"]
    assert fields(admin.post(f"{GROUPS}/inner/members", {"subject": ["inner"]})) == ["subject"]


def test_the_function_graph(world: World, admin: ApiCaller, rp: RelyingParty, alice: Person) -> None:
    """Created under a parent, bundled, unbundled, deleted: each acts at the next request."""
    token = rp.obtains(alice)["access_token"]
    made = admin.post(
        FUNCTIONS,
        {
            "name": "signThings",
            "parent": "ALL-FUNCTIONS",
            "roleType": "otherRole",
            "minimumSecurityLevel": "external",
        },
    )
    assert made.status_code == 201, made.data
    assert made.json["data"]["roleType"] == "other"
    check = f"{SESSION}/permission/signThings"
    assert rp.calls(check, token).status_code == 403
    assert admin.post(f"{FUNCTIONS}/APP-ROLE/children", {"children": ["signThings"]}).status_code == 200
    assert rp.calls(check, token).status_code == 200
    children = admin.get(f"{FUNCTIONS}/APP-ROLE/children").json["data"]
    assert [c["name"] for c in children] == ["readThings", "signThings", "useApp", "writeThings"]
    assert fields(admin.post(f"{FUNCTIONS}/signThings/children", {"children": ["APP-ROLE"]})) == ["children"]
    assert (
        admin.delete(f"{FUNCTIONS}/APP-ROLE/children", query_string={"child": "signThings"}).status_code
        == 200
    )
    assert rp.calls(check, token).status_code == 403
    assert admin.delete(f"{FUNCTIONS}/signThings").status_code == 200
    assert rp.calls(check, token).status_code == 404
    assert fields(admin.delete(f"{FUNCTIONS}/viewUsers")) == ["function"], "a built-in stays"


def test_customers(world: World, admin: ApiCaller) -> None:
    made = admin.post(CUSTOMERS, {"name": "Cargo", "parent": "group", "shortName": "cargo"})
    assert made.status_code == 201, made.data
    assert made.json["data"]["parent"]["shortName"] == "group"
    assert admin.get(f"{CUSTOMERS}/cargo").json["data"]["type"] == "leaf"
    assert fields(admin.post(CUSTOMERS, {"name": "Cargo", "parent": "group", "shortName": "cargo"})) == [
        "shortName"
    ]
    assert fields(admin.post(CUSTOMERS, {"name": "X", "parent": "nowhere", "shortName": "x"})) == ["parent"]
    assert admin.get(f"{CUSTOMERS}/nowhere").status_code == 404


def test_time_zones(world: World, admin: ApiCaller) -> None:
    """One that exists, or none: a city alone is no time zone. What is refused changes nothing."""
    made = {"name": "Cargo", "parent": "group", "shortName": "cargo"}
    for wrong in ("Oslo", "europe/oslo", "Europe/", "../Europe/Oslo"):
        assert fields(admin.post(CUSTOMERS, made | {"timeZone": wrong})) == ["timeZone"]
        assert fields(admin.put(f"{CUSTOMERS}/acme", {"timeZone": wrong})) == ["timeZone"]
    assert admin.get(f"{CUSTOMERS}/acme").json["data"]["timeZone"] == "Europe/Oslo"
    assert admin.post(CUSTOMERS, made | {"timeZone": "UTC"}).json["data"]["timeZone"] == "UTC"
    assert admin.put(f"{CUSTOMERS}/acme", {"timeZone": "America/New_York"}).status_code == 200


def test_who_am_i(app: Flask, world: World) -> None:
    """Contract 4.3: userName, not shortName; functions and customers are the session's."""
    key = ApiCaller(app, world.api_key("alice"))
    me = key.get("/currentuser/v1/user").json["data"]
    assert (me["userName"], me["customer"]["shortName"]) == ("alice", "acme")
    names = [f["name"] for f in key.get("/currentuser/v1/functions").json["data"]]
    assert names == ["APP-ROLE", "readThings", "useApp", "writeThings"]
    roles = key.get("/currentuser/v1/functions", query_string={"onlyRoles": "True"}).json["data"]
    assert [f["name"] for f in roles] == ["APP-ROLE"]
    assert [c["shortName"] for c in key.get("/currentuser/v1/customers").json["data"]] == ["acme"]


WRITES = [
    ("POST", USERS, user()),
    ("DELETE", f"{USERS}/victim", None),
    ("POST", GROUPS, {"customer": "acme", "shortName": "g2", "name": "g2"}),
    ("DELETE", f"{GROUPS}/readers", None),
    ("POST", f"{GROUPS}/readers/members", {"subject": ["victim"]}),
    ("DELETE", f"{GROUPS}/readers/members?subject=victim", None),
    ("POST", FUNCTIONS, {"name": "f2", "parent": "APP-ROLE"}),
    ("DELETE", f"{FUNCTIONS}/readThings", None),
    ("POST", f"{FUNCTIONS}/APP-ROLE/children", {"children": ["viewUsers"]}),
    ("DELETE", f"{FUNCTIONS}/APP-ROLE/children?child=readThings", None),
    ("POST", PERMISSIONS, {"subject": "victim", "function": "readThings", "customer": "acme"}),
    ("POST", CUSTOMERS, {"name": "C2", "parent": "acme", "shortName": "c2"}),
    ("PUT", "/authentication/v1/user/victim/block", None),
    ("PUT", "/authentication/v1/user/victim/unblock", None),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=lambda v: v if isinstance(v, str) else "")
def test_who_may_write(app: Flask, world: World, admin: ApiCaller, method: str, path: str, body: Any) -> None:
    """Nobody 401; a plain user and another customer's administrator 403, 404 or 412; global succeeds."""
    world.user("victim", "acme")
    world.group("readers", ["victim"], customer="acme")
    world.user(
        "other", "bolt", holds=[("USER-ADMIN", "bolt"), ("CUSTOMER-ADMIN", "bolt"), ("readThings", "bolt")]
    )
    before = len(world.rows(AuditEvent))
    assert ApiCaller(app, None).call(method, path, body).status_code == 401
    for name in ("alice", "other"):
        answer = ApiCaller(app, world.api_key(name)).call(method, path, body)
        assert answer.status_code in (403, 404, 412), (name, answer.data)
    changes = [r.action for r in world.rows(AuditEvent)[before:] if r.outcome == "success"]
    assert set(changes) <= {"apikey-add"}, "nothing was changed"
    assert admin.call(method, path, body).status_code in (200, 201)


def test_nobody_gives_what_he_does_not_hold(app: Flask, world: World) -> None:
    """Security rule 59: through a permission, a group, a role."""
    world.user("boss", "acme", holds=[("USER-ADMIN", "acme"), ("readThings", "acme")])
    world.user("helper", "acme")
    world.group("powerful", customer="acme")
    world.grant("powerful", "APP-ROLE", "acme")
    boss = ApiCaller(app, world.api_key("boss"))
    allowed = {"subject": "helper", "function": "readThings", "customer": "acme"}
    assert boss.post(PERMISSIONS, allowed).status_code == 201
    assert fields(boss.post(PERMISSIONS, allowed | {"function": "APP-ROLE"})) == ["function"]
    assert boss.post(PERMISSIONS, allowed | {"customer": "bolt"}).status_code in (403, 412)
    assert fields(boss.post(f"{GROUPS}/powerful/members", {"subject": ["helper"]})) == ["subject"]


def test_nobody_takes_over_who_holds_more(app: Flask, world: World) -> None:
    """Security rule 59: an administrator cannot block, delete or empty what outranks him."""
    world.user("boss", "acme", holds=[("USER-ADMIN", "acme")])
    boss = ApiCaller(app, world.api_key("boss"))
    assert boss.put("/authentication/v1/user/alice/block").status_code == 403
    assert boss.delete(f"{USERS}/alice").status_code == 403
    row = next(row for row in world.rows(User) if row.short_name == "alice")
    assert row.blocked_at is None
    assert row.deleted_at is None


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        (USERS, user(shortName="has space"), "shortName"),
        (USERS, user(shortName=""), "shortName"),
        (USERS, user(name="<b>"), "name"),
        (USERS, user(customer="nowhere"), "customer"),
        (USERS, user(customer=1), "customer"),
        (USERS, user(email="no at"), "email"),
        (USERS, user(phone={"countryCode": "x", "nationalNumber": "22222222"}), "phone.countryCode"),
        (USERS, user(language="danish"), "language"),
        (USERS, user(password="x"), "password"),
        (USERS, user(id=1), "id"),
        (USERS, user(daemonAccount="yes"), "daemonAccount"),
        (USERS, {"customer": "acme"}, "shortName"),
        (GROUPS, {"customer": "acme", "shortName": "g", "name": 1}, "name"),
        (FUNCTIONS, {"name": "f", "parent": "nowhere"}, "parent"),
        (FUNCTIONS, {"name": "f g", "parent": "APP-ROLE"}, "name"),
        (FUNCTIONS, {"name": "readThings", "parent": "APP-ROLE"}, "name"),
        (
            FUNCTIONS,
            {"name": "f", "parent": "APP-ROLE", "minimumSecurityLevel": "top"},
            "minimumSecurityLevel",
        ),
        (PERMISSIONS, {"subject": "nobody", "function": "readThings", "customer": "acme"}, "subject"),
        (PERMISSIONS, {"subject": "alice", "function": "nothing", "customer": "acme"}, "function"),
        (PERMISSIONS, {"subject": "alice", "function": "readThings", "customer": "nowhere"}, "customer"),
        (CUSTOMERS, {"name": "C", "parent": "group", "shortName": "c", "type": "branch"}, "type"),
        (f"{GROUPS}/readers/members", {"subject": []}, "subject"),
        (f"{GROUPS}/readers/members", {"subject": ["nobody"]}, "subject"),
        (f"{GROUPS}/readers/members", {"subject": "alice"}, "subject"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(world: World, admin: ApiCaller, path: str, body: Any, named: str) -> None:
    """412 naming the field; nothing is changed."""
    world.group("readers")
    assert named in fields(admin.post(path, body))
    assert admin.get(USERS + "/hugo").status_code == 404


@pytest.mark.parametrize("path", [f"{USERS}/alice", f"{GROUPS}/readers", f"{FUNCTIONS}/readThings"])
def test_reading_needs_its_function(app: Flask, world: World, path: str) -> None:
    """A plain user sees himself and nothing else of the administration."""
    world.group("readers")
    world.user("plain", "acme")
    key = ApiCaller(app, world.api_key("plain"))
    assert key.get(path).status_code in (403, 404)
    assert key.get(f"{USERS}/plain").status_code == 200


def test_members_one_may_not_know_of(app: Flask, world: World, queries: Any) -> None:
    """Neither listed nor told by what adds and removes others; oneself always is. No query for each."""
    world.user("stranger", "bolt")
    guards = ("viewUsers", "addGroupMember", "removeGroupMember")
    world.user("keeper", "acme", holds=[(guard, "acme") for guard in guards])
    world.group("team", ["stranger", "alice"], customer="acme")
    keeper, path = ApiCaller(app, world.api_key("keeper")), f"{GROUPS}/team/members"

    def names(answer: Any) -> list[str]:
        assert answer.status_code == 200, answer.data
        return [one["shortName"] for one in answer.json["data"]]

    assert names(keeper.get(path)) == ["alice"]
    queries.reset()
    assert names(keeper.get(path)) == ["alice"]
    few = len(queries.statements)
    assert names(keeper.post(path, {"subject": ["keeper"]})) == ["alice", "keeper"]
    for number in range(5):
        world.user(f"member{number}", "acme")
    named = [f"member{number}" for number in range(5)]
    assert len(names(keeper.post(path, {"subject": named}))) == 7
    names(keeper.get(path))  # what is kept under the policy version is read anew
    queries.reset()
    assert len(names(keeper.get(path))) == 7
    assert len(queries.statements) <= few
    assert names(keeper.delete(path, query_string={"subject": ["alice", *named]})) == ["keeper"]
    world.revoke("keeper", "viewUsers")
    world.grant("keeper", "viewUsers", "bolt")
    assert keeper.get(path).status_code == 404


BASIC = "/users/v2/user"


@pytest.fixture
def reader(app: Flask, world: World) -> ApiCaller:
    """Knows alice and others by the reduced view, and none of their private fields."""
    world.change_user("alice", email="secret@corp.example", phone_national_number="12345678")
    world.user("zoe", "bolt")
    world.change_user("zoe", email="m.secret@corp.example", password_hash=None)
    world.user("low", "acme", holds=[("BASIC-USER", "group")])
    return ApiCaller(app, world.api_key("low"))


def found(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.data
    return [one["shortName"] for one in answer.json["data"]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("keywords=secret&keywordField=email", "keywordField"),
        ("keywords=1234&keywordField=name&keywordField=phoneNumber", "keywordField"),
        ("includeFlag=passwordNotSet", "includeFlag"),
        ("excludeFlag=blocked", "excludeFlag"),
        ("sortBy=email", "sortBy"),
        ("sortBy=-lastLoginTimestamp", "sortBy"),
    ],
)
def test_what_is_not_shown_is_not_searched_by(reader: ApiCaller, query: str, field: str) -> None:
    """The reduced view without the guard of private fields: by name it is refused (rule 58)."""
    answer = reader.get(f"{BASIC}?{query}")
    assert answer.status_code == 412
    assert fields(answer) == [field]


def test_private_fields_by_default_and_in_bodies(reader: ApiCaller) -> None:
    """Unnamed they are left out; a sub-criterion is no way around."""
    assert found(reader.get(f"{BASIC}?keywords=secret")) == []
    assert found(reader.get(f"{BASIC}?keywords=secret&keywordField=all")) == []
    assert found(reader.get(f"{BASIC}?keywords=alice&sortBy=name&excludeFlag=daemonAccount")) == ["alice"]
    bodies: list[dict[str, Any]] = [
        {"includeFlags": ["passwordNotSet"]},
        {"startTimestamp": 1, "timeFieldStrategy": ["lastLoginTimestamp"]},
        {"keywords": ["secret"], "keywordFieldStrategy": ["email"]},
    ]
    for body in bodies:
        assert reader.post(f"{BASIC}/search", body).status_code == 412, body
        sub = {"subCriteria": [body | {"exclude": True}]}
        assert reader.post(f"{BASIC}/search", sub).status_code == 412, body


def test_private_fields_are_searched_where_they_are_shown(world: World, reader: ApiCaller) -> None:
    """With the guard for one customer, the fields of the others are as if they were empty."""
    world.grant("low", "viewBasicUserPrivateInfo", "acme")
    assert found(reader.get(f"{BASIC}?keywords=secret")) == ["alice"]
    assert found(reader.get(f"{BASIC}?keywords=secret&keywordField=email")) == ["alice"]
    assert found(reader.get(f"{BASIC}?includeFlag=passwordNotSet")) == []
    assert found(reader.get(f"{BASIC}?excludeFlag=passwordNotSet")) == ["alice", "low", "zoe"]
    # Where an empty value stands is the database's own; her address would put her between the two.
    for way in ("", "-"):
        assert found(reader.get(f"{BASIC}?sortBy={way}email")).index("zoe") != 1
    excluded = {"subCriteria": [{"keywords": ["secret"], "exclude": True}]}
    assert found(reader.post(f"{BASIC}/search", excluded)) == ["low", "zoe"]
    world.grant("low", "viewBasicUserPrivateInfo", "bolt")
    assert found(reader.get(f"{BASIC}?keywords=secret")) == ["alice", "zoe"]
    assert found(reader.get(f"{BASIC}?includeFlag=passwordNotSet")) == ["zoe"]
