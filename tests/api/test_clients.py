"""Clients by the JSON API: registered, changed, listed for exactly those who may know of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from app.models.audit import AuditEvent
from app.models.clients import OAuthClient
from tests.drivers.api_caller import ApiCaller
from tests.world import World

CLIENTS = "/authentication/v1/oauth/client"


def body(**changes: Any) -> dict[str, Any]:
    """The guide's example body, with a real range."""
    given = {
        "shortName": "my-client",
        "name": "My client",
        "description": "An application",
        "mainURI": "https://app.example.com/",
        "requiredFunction": "useApp",
        "permissionScope": "APP-ROLE",
        "clientIPRange": ["192.168.1.0/24"],
        "redirectURI": "https://app.example.com/callback",
        "clientSecret": "a secret that is long enough",
    }
    return {name: value for name, value in (given | changes).items() if value is not ...}


def test_the_guides_example_without_a_content_type(app: Flask, world: World, admin: ApiCaller) -> None:
    """Contract 0 #19: no authenticationMethod, a single redirectURI, sent by ``curl -d``."""
    answer = admin.call(
        "POST",
        CLIENTS,
        data=json.dumps(body()),
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 201, answer.data
    data = answer.json["data"]
    assert data["authenticationMethod"] == "password"
    assert data["maxSecurityLevel"] == "external"
    assert data["redirectURIs"] == ["https://app.example.com/callback"]
    assert data["redirectURI"] == "https://app.example.com/callback"
    assert data["permittedScopes"] == []
    assert data.pop("previousSecretUntil") == 0
    assert "secret" not in json.dumps(data).lower()


def test_put_changes_what_was_sent_and_nothing_else(world: World, admin: ApiCaller) -> None:
    """Design decision 19: absent stays; 220 when nothing changed."""
    before = admin.post(CLIENTS, body()).json["data"]
    answer = admin.put(f"{CLIENTS}/my-client", {"name": "Renamed"})
    assert answer.status_code == 200, answer.data
    after = answer.json["data"]
    assert after["name"] == "Renamed"
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"name", "lastUpdatedTimestamp"}
    assert admin.put(f"{CLIENTS}/my-client", {"name": "Renamed"}).status_code == 220
    (row,) = world.rows(OAuthClient)
    assert row.secret_hash is not None


OPENED = ("requiredFunction", "permissionScope", "clientIPRange", "permittedScopes", "redirectURIs",
          "maxSecurityLevel", "authenticationMethod", "clientSecret", "requirePkce")  # fmt: skip


@pytest.mark.parametrize("field", OPENED)
def test_null_opens_nothing(app: Flask, world: World, admin: ApiCaller, field: str) -> None:
    """Security rule 60: nothing is never *without limit*: the row stays as it was."""
    assert admin.post(CLIENTS, body(requirePkce=True)).status_code == 201
    (before,) = world.rows(OAuthClient)
    answer = admin.put(f"{CLIENTS}/my-client", {field: None})
    assert answer.status_code in (412, 220), answer.data
    (after,) = world.rows(OAuthClient)
    columns = [column.name for column in OAuthClient.__table__.columns if column.name != "updated_at"]
    assert {name: getattr(after, name) for name in columns} == {
        name: getattr(before, name) for name in columns
    }


def test_delete_is_final(world: World, admin: ApiCaller) -> None:
    """Security rule 60: a deleted client is gone, and its name is free for a new one."""
    first = admin.post(CLIENTS, body()).json["data"]["id"]
    gone = admin.delete(f"{CLIENTS}/{first}")
    assert gone.status_code == 200
    assert "deleted" in gone.json["data"]["flags"]
    assert admin.get(f"{CLIENTS}/{first}").status_code == 404
    second = admin.post(CLIENTS, body())
    assert second.status_code == 201
    assert second.json["data"]["id"] != first


def test_administrative_changes_are_audited_without_the_secret(world: World, admin: ApiCaller) -> None:
    """Design decision 22: every administrative change is a row, before and after."""
    admin.post(CLIENTS, body())
    admin.put(f"{CLIENTS}/my-client", {"name": "Renamed", "clientSecret": "another long secret"})
    rows = {row.action: row for row in world.rows(AuditEvent)}
    assert rows["client-add"].detail["after"]["name"] == "My client"
    assert rows["client-update"].detail["name"] == {"before": "My client", "after": "Renamed"}
    text = json.dumps([row.detail for row in rows.values()])
    assert "long secret" not in text
    assert "argon2" not in text


def test_listing_shows_what_the_decision_allows_and_what_one_administers(
    app: Flask, world: World, admin: ApiCaller
) -> None:
    """The list is leg LIST of the decision plus the clients of customers administered; nothing else."""
    world.client("open")
    world.client("bound-here", customer="acme")
    world.client("bound-there", customer="bolt")
    world.client("for-others", required_function="viewUsers")
    world.client("hidden", hidden=True)
    world.user("keeper", "bolt", holds=[("viewOAuthClients", "bolt")])

    def names(caller: ApiCaller) -> set[str]:
        answer = caller.get(CLIENTS, query_string={"limit": 0})
        assert answer.status_code == 200, answer.data
        assert answer.json["count"] == answer.json["size"] == len(answer.json["data"])
        return {client["shortName"] for client in answer.json["data"]}

    alice = ApiCaller(app, world.api_key("alice"))
    keeper = ApiCaller(app, world.api_key("keeper"))
    assert names(alice) == {"open", "bound-here"}
    assert names(keeper) == {"bound-there"}
    assert names(admin) == {"open", "bound-here", "bound-there", "for-others"}
    assert alice.get(f"{CLIENTS}/bound-there").status_code == 404
    shown = alice.get(f"{CLIENTS}/open").json["data"]
    assert shown["clientIPRange"] is None, "gated by viewOAuthClientsDetails"
    assert shown["permissionScope"] is None


def test_a_delegated_administrator_stays_within_his_customer(app: Flask, world: World) -> None:
    """Nobody registers for a customer he does not administer, nor a scope he does not hold."""
    world.user("boss", "bolt", holds=[("OAUTH-ADMIN", "bolt"), ("useApp", "bolt")])
    boss = ApiCaller(app, world.api_key("boss"))
    assert boss.post(CLIENTS, body()).status_code == 403, "unbound needs the root customer"
    assert boss.post(CLIENTS, body(customer="acme")).status_code in (403, 412)
    wide = boss.post(CLIENTS, body(customer="bolt"))
    assert wide.status_code == 412
    assert [m["field"] for m in wide.json["messages"]] == ["permissionScope"]
    assert boss.post(CLIENTS, body(customer="bolt", permissionScope="useApp")).status_code == 201
    assert len(world.rows(OAuthClient)) == 1


WRONG: list[tuple[str, Any, str]] = [
    (field, value, field)
    for field in (
        "shortName",
        "name",
        "description",
        "mainURI",
        "authenticationMethod",
        "clientSecret",
        "requiredFunction",
        "permissionScope",
        "redirectURI",
        "customer",
        "domain",
        "maxSecurityLevel",
    )
    for value in (1, True, [], {}, "x" * 5000)
]
WRONG += [
    (field, value, field)
    for field in ("clientIPRange", "redirectURIs", "permittedScopes")
    for value in (1, True, {}, "text", [1], [None], [["x"]], ["x" * 5000])
]
WRONG += [
    ("clientIPRange", value, "clientIPRange")
    for value in (
        [],
        [""],
        [" "],
        ["10.0.0.1/8"],
        ["fe80::1%eth0/64"],
        ["10.0.0.0/255.0.0.0"],
        ["10.0.0.0/08"],
        ["10.0.0"],
        ["anywhere"],
        ["10.0.0.0/8", "nonsense"],
        ["\uff11\uff10.0.0.0/8"],
    )
]
WRONG += [
    ("shortName", "has space", "shortName"),
    ("shortName", "", "shortName"),
    ("shortName", "in\nside", "shortName"),
    ("name", "<script>", "name"),
    ("name", "", "name"),
    ("mainURI", "http://app.example.com", "mainURI"),
    ("mainURI", "javascript:alert(1)", "mainURI"),
    ("authenticationMethod", "certificate", "authenticationMethod"),
    ("authenticationMethod", "none", "clientSecret"),
    ("clientSecret", "short", "clientSecret"),
    ("clientSecret", ..., "clientSecret"),
    ("requiredFunction", "noSuchFunction", "requiredFunction"),
    ("permissionScope", "noSuchFunction", "permissionScope"),
    ("customer", "noSuchCustomer", "customer"),
    ("domain", "NOWHERE", "domain"),
    ("maxSecurityLevel", "root", "maxSecurityLevel"),
    ("hidden", "yes", "hidden"),
    ("hidden", 1, "hidden"),
    ("permittedScopes", ['has"quote'], "permittedScopes"),
    ("redirectURIs", [], "redirectURIs"),
    ("redirectURIs", ["http://app.example.com/"], "redirectURIs"),
    ("redirectURIs", ["https://app.example.com/#f"], "redirectURIs"),
    ("redirectURIs", ["https://u:p@app.example.com/"], "redirectURIs"),
    ("redirectURIs", ["custom:/callback"], "redirectURIs"),
    ("redirectURI", ..., "redirectURIs"),
    ("id", "123", "id"),
    ("flags", ["hidden"], "flags"),
    ("createdTimestamp", 1, "createdTimestamp"),
]


@pytest.mark.parametrize(("field", "value", "named"), WRONG, ids=lambda v: repr(v)[:40])
def test_a_wrong_field_is_named_and_nothing_is_changed(
    world: World, admin: ApiCaller, field: str, value: Any, named: str
) -> None:
    """Wrong in type, length, pattern or reference: 412 naming the field; no client, no 500."""
    answer = admin.post(CLIENTS, body(**{field: value}))
    assert answer.status_code == 412, answer.data
    fields = {m["field"].split("[")[0].split(".")[0] for m in answer.json["messages"]}
    assert named in fields
    assert all(m["type"] == "FIELD_ERROR" and m["message"] for m in answer.json["messages"])
    assert world.rows(OAuthClient) == []


@pytest.mark.parametrize(
    "missing",
    ["shortName", "name", "description", "mainURI", "requiredFunction", "permissionScope", "clientIPRange"],
)
def test_a_missing_field_is_named(world: World, admin: ApiCaller, missing: str) -> None:
    answer = admin.post(CLIENTS, body(**{missing: ...}))
    assert answer.status_code == 412
    assert [m["field"] for m in answer.json["messages"]] == [missing]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not json",
        b"[]",
        b"1",
        b"null",
        b'"text"',
        b"{",
        b"\xff\xfe",
        b'{"a":1,"a":2}',
        b'{"name":NaN}',
        b'{"name":"\\u0000"}',
        b'{"name":"\\ud800"}',
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"x":"' + b"y" * 1_100_000 + b'"}',
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_bodies_that_are_no_object(world: World, admin: ApiCaller, raw: bytes) -> None:
    """Not JSON, not an object, nested, huge: refused, nothing changed, never 500."""
    answer = admin.call("POST", CLIENTS, data=raw, content_type="application/json")
    assert answer.status_code in (412, 413), answer.data
    assert answer.json["messages"]
    assert world.rows(OAuthClient) == []


def test_several_wrong_fields_are_all_named(world: World, admin: ApiCaller) -> None:
    """One FIELD_ERROR per field, so that a form is mended once."""
    answer = admin.post(CLIENTS, body(clientIPRange=["x"], mainURI="http://x", clientSecret="short"))
    assert {m["field"] for m in answer.json["messages"]} == {"clientIPRange[0]", "mainURI", "clientSecret"}


def test_short_names_are_unique_among_the_living(world: World, admin: ApiCaller) -> None:
    admin.post(CLIENTS, body())
    again = admin.post(CLIENTS, body())
    assert again.status_code == 412
    assert [m["field"] for m in again.json["messages"]] == ["shortName"]


def test_paging_and_sorting(world: World, admin: ApiCaller) -> None:
    """Contract 1.5: limit, offset, count, size; sortBy with a minus; wrong values are 412."""
    for number in range(5):
        world.client(f"c{number}")
    page = admin.get(CLIENTS, query_string={"limit": 2, "offset": 1, "sortBy": "-shortName"}).json
    assert [c["shortName"] for c in page["data"]] == ["c3", "c2"]
    assert (page["count"], page["size"], page["limit"], page["offset"]) == (5, 2, 2, 1)
    for query in (
        {"limit": -1},
        {"limit": "x"},
        {"offset": "1_0"},
        {"sortBy": "secret"},
        {"nonsense": "1"},
        {"limit": 100001},
    ):
        wrong = admin.get(CLIENTS, query_string=query)
        assert wrong.status_code == 412, (query, wrong.data)
        assert wrong.json["messages"][0]["field"] == next(iter(query))


def test_keywords_match_literally(world: World, admin: ApiCaller) -> None:
    """Security rule 61: % and _ are characters, not wildcards."""
    world.client("c1")
    assert admin.get(CLIENTS, query_string={"keywords": "%"}).json["count"] == 0
    assert admin.get(CLIENTS, query_string={"keywords": "c"}).json["count"] == 1


@pytest.mark.parametrize(
    ("ranges", "status"),
    [(["0.0.0.0/0"], 412), (["0.0.0.0/1", "128.0.0.0/1"], 412), (["10.0.0.0/8", "::/1", "8000::/1"], 412),
     (["0.0.0.0/1"], 201)],
)  # fmt: skip
def test_without_pkce_from_anywhere(world: World, admin: ApiCaller, ranges: list[str], status: int) -> None:
    """Anywhere in halves is anywhere."""
    given = body(
        authenticationMethod="none", clientSecret=..., insecureWithoutPkce=True, clientIPRange=ranges
    )
    answer = admin.post(CLIENTS, given)
    assert answer.status_code == status, answer.data
    if status == 412:
        assert [m["field"] for m in answer.json["messages"]] == ["insecureWithoutPkce"]
