"""What every search refuses, how it sorts and pages, and the lists that are searched by less."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.search.fields import LISTS
from tests.search.world import SHOWN
from tests.search.world import build
from tests.world import World

STRATEGIES = (
    "keywordFieldStrategy",
    "timeFieldStrategy",
    "userFieldStrategy",
    "subjectFieldStrategy",
    "includeFlags",
    "excludeFlags",
    "sortBy",
)
QUERIES = ("keywordField", "includeFlag", "excludeFlag", "sortBy")


def list_fields(document: dict[str, Any], path: str) -> set[str]:
    """The fields of a search's body, from the document."""
    content = document["paths"][f"{path}/search"]["post"]["requestBody"]["content"]["application/json"]
    name = content["schema"]["$ref"].rsplit("/", 1)[1]
    return set(document["components"]["schemas"][name]["properties"])


@pytest.mark.parametrize("name", LISTS)
def test_an_unknown_name_is_refused(app: Flask, admin: ApiCaller, name: str) -> None:
    """Never ignored: a keyword in a field that is not there would find everything. The answer names them."""
    document, path = app.test_client().get("/openapi.json").json, LISTS[name].path
    asked = 0
    known = list_fields(document, path)
    words = {"keywords": ["no such word"]} if "keywords" in known else {}
    for field in STRATEGIES:
        if field in known:
            answer = admin.post(f"{path}/search", {**words, field: ["colour"]})
            assert answer.status_code == 412, (field, answer.data)
            (told,) = answer.json["messages"]
            assert told["field"] in (field, f"{field}[0]")
            assert " one of: " in told["message"]
            asked += 1
    parameters = {one["name"] for one in document["paths"][path]["get"]["parameters"]}
    for field in parameters.intersection(QUERIES):
        answer = admin.get(path, query_string={**words, field: "colour"})
        assert answer.status_code == 412, (field, answer.data)
        asked += 1
    assert asked > 1


@pytest.mark.parametrize("name", LISTS)
def test_order_and_pages(app: Flask, admin: ApiCaller, name: str) -> None:
    """Each field of ``sortBy`` both ways; pages by limit and offset are the whole list, in the same order."""
    build(app, admin)
    path = f"{LISTS[name].path}/search"
    refused = admin.post(path, {"sortBy": ["colour"]}).json["messages"][0]["message"]
    fields = refused.removeprefix("Sort by one of: ").removesuffix(".").split(", ")
    for field in fields:
        up = admin.post(path, {"limit": 0, "sortBy": [field]}).json["data"]
        down = admin.post(path, {"limit": 0, "sortBy": [f"-{field}"]}).json["data"]
        assert len(up) > 2
        if all(isinstance(one.get(field), int | str | None) and field in one for one in up):
            values = [(one[field] is not None, one[field] or 0) for one in up]
            keys = [value for there, value in values if there]
            assert [there for there, _ in values] == sorted(there for there, _ in values), field
            if all(isinstance(key, int) for key in keys):
                assert keys == sorted(keys), field
            assert [one[field] for one in down] == [one[field] for one in reversed(up)], field
        paged: list[Any] = []
        while len(paged) < len(up):
            page = admin.post(path, {"limit": 3, "offset": len(paged), "sortBy": [field]}).json
            assert (page["limit"], page["offset"], page["count"]) == (3, len(paged), len(up))
            assert page["size"] == len(page["data"]) > 0
            paged += page["data"]
        assert [one["id"] for one in paged] == [one["id"] for one in up], field
    assert admin.post(path, {"limit": 100_001}).status_code == 412
    assert len(admin.post(path, {}).json["data"]) <= 25


def names(answer: Any, field: str = "shortName") -> list[str]:
    assert answer.status_code == 200, answer.data
    return [one[field] for one in answer.json["data"]]


def test_groups_are_found_in_the_console(app: Flask, admin: ApiCaller) -> None:
    """A word finds a group, as at the API."""
    build(app, admin)
    helen = Person(app, "helen")
    helen.logs_in()
    page = helen.browser.get("/console/groups/?q=CREW").text
    assert "crew" in page
    assert "team" not in page.partition("<tbody")[2]


def test_groups_of_a_subject_are_sorted(app: Flask, admin: ApiCaller) -> None:
    """``sortBy`` counts, and an unknown field is refused."""
    facts = build(app, admin)
    path = f"/users/v2/subject/{facts.subject['alice']}/groups"
    assert names(admin.get(path)) == ["crew", "team"]
    assert names(admin.get(path, query_string={"sortBy": "-shortName"})) == ["team", "crew"]
    assert names(admin.get(path, query_string={"includeInherited": "false"})) == ["team"]
    assert names(admin.get(path, query_string={"limit": 1, "offset": 1})) == ["team"]
    assert admin.get(path, query_string={"sortBy": "colour"}).status_code == 412


def test_own_functions(app: Flask, admin: ApiCaller) -> None:
    """Words match name and description; the level is the session's own unless another is asked for."""
    build(app, admin)
    world = World(app)
    world.user("otto", "acme", holds=[("spare", "acme"), ("readThings", "acme")])
    otto = ApiCaller(app, world.api_key("otto"))
    path = "/currentuser/v1/functions"
    assert names(otto.get(path), "name") == ["readThings"]
    asked = {"maxSecurityLevel": "standard"}
    assert names(otto.get(path, query_string=asked), "name") == ["readThings"]
    assert names(otto.get(path, query_string={"onlyRoles": "true"}), "name") == []
    all_of_them = {"requirePermission": "false", "limit": 0}
    at_this_level = names(otto.get(path, query_string=all_of_them), "name")
    assert "writeThings" in at_this_level
    assert "spare" not in at_this_level
    assert "oldThings" not in at_this_level
    asked |= {**all_of_them, "onlyRoles": "true"}
    assert "spare" in names(otto.get(path, query_string=asked), "name")
    admin.put("/useradmin/v2/function/readThings", {"description": "Lese ÆRLIGE ting"})
    assert names(otto.get(path, query_string={"keywords": "ærlige"}), "name") == ["readThings"]


def test_own_customers(app: Flask, admin: ApiCaller) -> None:
    """Each required function must be held there; one that is unknown is a wrong field, not a missing page."""
    facts = build(app, admin)
    world = World(app)
    world.grant("alice", "viewUsers", "north")
    alice = ApiCaller(app, world.api_key("alice"))
    path = "/currentuser/v1/customers"
    assert {one["id"] for one in alice.get(path).json["data"]} == facts.reach()
    inside = alice.get(path, query_string={"requiredFunction": "useApp"})
    assert {one["id"] for one in inside.json["data"]} == facts.under("acme")
    asked = {"requiredFunction": ["viewUsers", "useApp"]}
    assert names(alice.get(path, query_string=asked)) == ["north"]
    assert names(alice.get(path, query_string={"keywords": "ACM"})) == ["acme"]
    refused = alice.get(path, query_string={"requiredFunction": "noSuchThing"})
    assert refused.status_code == 412
    assert refused.json["messages"][0]["field"] == "requiredFunction"


def test_preferences(app: Flask, admin: ApiCaller) -> None:
    """Keys are chosen before a page is cut; key and prefix both count."""
    world = World(app)
    world.standard()
    values = {f"a{number:02}": "x" for number in range(30)} | {"b1": "y", "b2": "z"}
    admin.put("/useradmin/v2/user/alice/preferences", {"preferences": values})
    asked = admin.get("/useradmin/v2/user/alice/preferencemap", query_string={"key": "b2"})
    assert asked.json["data"] == {"b2": "z"}
    alice = ApiCaller(app, world.api_key("alice"))
    path = "/currentuser/v1/preferences"
    for query, keys in (
        ({"keyPrefix": ["b"]}, ["b1", "b2"]),
        ({"keyPrefix": ["b"], "key": ["b2", "a01"]}, ["b2"]),
        ({"key": ["b2", "a01"]}, ["a01", "b2"]),
        ({"keyPrefix": ["a"], "limit": 2, "offset": 29}, ["a29"]),
    ):
        assert names(alice.get(path, query_string=query), "key") == keys


def test_events_of_customers(app: Flask, admin: ApiCaller) -> None:
    """Of the named customers and those below; without a name, of the caller's own; both ends count."""
    build(app, admin)
    for name in ("alice", "astrid", "per_cent", "hidden"):
        app.test_client().post(
            "/authentication/v1/password/authentication", json={"userName": name, "password": "not this one"}
        )
    path = "/authentication/v1/customer/events"
    helen = ApiCaller(app, World(app).api_key("helen"))

    def who(caller: ApiCaller, **query: Any) -> set[str]:
        answer = caller.get(path, query_string={"limit": 0, **query})
        assert answer.status_code == 200, answer.data
        return {one["user"]["shortName"] for one in answer.json["data"]} - {"percent", "helen", "admin"}

    assert who(helen, customer="acme") == {"alice", "astrid"}
    assert who(helen, customer="north", domain="MNEMONIC") == {"astrid"}
    assert who(helen) == who(helen, customer="group") == {"alice", "astrid", "per_cent"}
    assert helen.get(path, query_string={"customer": "secret"}).status_code == 412
    at = admin.get(path, query_string={"customer": "north"}).json["data"][0]["timestamp"]
    assert who(admin, customer="north", startTimestamp=at, endTimestamp=at) == {"astrid"}


def test_a_search_at_its_limits_is_answered(app: Flask, admin: ApiCaller) -> None:
    """As many words and sub-criteria as are taken, and the furthest times: an answer, or a named field."""
    words = [f"word {number}" for number in range(100)]
    inner: dict[str, Any] = {"keywords": words, "exclude": True}
    for _ in range(15):
        inner = {"keywords": words, "required": True, "subCriteria": [inner]}
    for body in (
        {"keywords": words, "subCriteria": [{"keywords": words} for _ in range(20)]},
        {"subCriteria": [inner]},
        {"startTimestamp": SHOWN, "endTimestamp": "9999-12-31T23:59:59.999999999Z"},
        {"endTimestamp": 253_402_300_799_000},
    ):
        assert admin.post("/useradmin/v2/user/search", body).status_code in (200, 412)


def test_domains_are_where_names_are_looked_up(app: Flask, admin: ApiCaller) -> None:
    """An unknown domain is named, in each search that takes one."""
    build(app, admin)
    for path, body in (
        ("/useradmin/v2/permission/search", {"domain": "NOWHERE"}),
        ("/useradmin/v2/membership/search", {"domain": "NOWHERE"}),
        ("/useradmin/v2/user/search", {"domain": ["NOWHERE"]}),
    ):
        answer = admin.post(path, body)
        assert answer.status_code == 412
        assert answer.json["messages"][0]["field"] == "domain"
    held = {"function": "useApp", "domain": "NOWHERE"}
    answer = admin.post("/useradmin/v2/user/search", {"permissions": [held]})
    assert answer.json["messages"][0]["field"] == "permissions.domain"
