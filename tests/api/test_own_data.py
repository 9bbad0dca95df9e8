"""What each kind of credential reads of its own user (decision 027): every call that reads, by every kind."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.services.access import directory
from app.services.administration.own_data import Own
from tests.api.test_sessions import Bearer
from tests.api.test_sessions import login
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.world import World

A, C, U = "/authentication/v1", "/currentuser/v1", "/useradmin/v2"
SEARCH: dict[str, Any] = {"keywords": []}
KINDS = ("openid", "profile", "function", "impersonated", "constrained", "limited key", "login", "key")
# Of each call that reads: what it answers to the kinds above, in this order. y: yes, all of it; p: yes, as
# much as the scopes say; r: only what the credential's own rights reach, which is nothing of the user here;
# d: denied; h: as if there were no such thing.
READS = {
    # own data
    f"GET {C}/user": "p p y p p p y y",
    f"GET {C}/groups": "d d y d d d y y",
    f"GET {C}/permissions": "d d d d y y y y",
    f"GET {C}/preferences": "d d y d d d y y",
    f"GET {C}/prefs": "d d y d d d y y",
    f"GET {C}/prefs/colour": "d d y d d d y y",
    f"GET {C}/authmethods": "d d d d d d y y",
    f"GET {A}/session/authmethods": "d d d d d d y y",
    f"GET {A}/sessions": "d d d d d d y y",
    f"GET {A}/apikey": "d d d d d d y y",
    f"GET {A}/signature": "d d d d d d y y",
    f"GET {A}/events": "d d d d d d y y",
    # the same by the calls of administrators
    f"GET {U}/user/self": "h h y h h h y y",
    f"GET {U}/subject/self": "h h y h h h y y",
    f"GET {U}/user/self/permissions": "h h d h h h d d",
    f"GET {U}/user/self/preferences": "h h y h h h y y",
    f"GET {U}/user/self/preferencemap": "h h y h h h y y",
    f"GET {U}/user/self/preferences/colour": "h h y h h h y y",
    "GET /users/v2/user/self": "h h h h h h y y",
    "GET /users/v2/subject/self": "h h h h h h y y",
    "GET /users/v2/subject/self/groups": "h h y h h h y y",
    f"GET {A}/user/self": "h h y h h h y y",
    f"GET {A}/user/self/methods": "h h y h h h y y",
    f"GET {A}/user/self/sessions": "d d d d d d y y",
    f"GET {A}/user/self/events": "h h d h h h d d",
    f"GET {A}/user/self/apikey": "d d d d d d d d",
    f"GET {A}/user/self/signature": "d d d d d d d d",
    # what the credential itself is and may do
    f"GET {A}/session": "r r r r r r r r",
    f"GET {A}/session/customer": "r r r r r r r r",
    f"GET {A}/session/function": "r r r r r r r r",
    f"GET {A}/session/permission/useApp": "r r r r d d r r",
    f"GET {A}/session/permission/useApp/acme": "r r r r h h r r",
    f"GET {C}/permission/useApp/acme": "r r r r h h r r",
    f"GET {C}/functions": "r r r r r r r r",
    f"GET {C}/functions?requirePermission=false": "d d d d d d y y",
    f"GET {C}/customers": "r r r r r r r r",
    f"GET {A}/oauth/client": "r r r r r r r r",
    f"POST {A}/oauth/client/search": "r r r r r r r r",
    f"GET {A}/oauth/client/mine": "r r r r h h r r",
    f"GET {A}/oauth/client/theirs": "h h h h h h y y",
}  # fmt: skip
# Calls that need a function of an administrator from everybody: tests/api/test_matrix.py says who may.
BY_FUNCTION = re.compile(
    r"/(useradmin|customeradmin|customers)/v2/.*|/users/v2/.*"
    r"|/authentication/v1/(customer/events|user/<user>/.*|oauth/client/<client>/serviceuser)"
)
# Without a login, or a pure question whose answer is the caller's proof.
ELSEWHERE = {
    f"GET {A}/client", f"GET {A}/methods", f"GET {A}/signature/webauthn/authentication",
    f"GET {A}/signature/webauthn/authorize", f"GET {A}/signature/webauthn/enroll",
}  # fmt: skip
MEANS = {"y": (200,), "p": (200,), "r": (200,), "d": (403,), "h": (404,)}


@pytest.fixture
def scene(app: Flask, world: World) -> None:
    """Alice, of whom there is something to read, and a colleague who may act as her."""
    world.change_user(
        "alice", email="alice@example.com", phone_country_code="47", phone_national_number="12345678"
    )
    world.group("readers", ["alice"], customer="acme")
    for name in ("APP-ROLE", "secretApp"):
        if name == "secretApp":
            world.function(name)
    world.grant("alice", "secretApp", "acme")
    world.grant("alice", "viewUsers", "acme")
    world.user("boss", "acme", holds=[("impersonate", "acme"), ("APP-ROLE", "acme"), ("viewUsers", "acme")])
    world.client("mine", customer="acme")
    world.client("theirs", required_function="secretApp", permission_scope="APP-ROLE")
    own = ApiCaller(app, world.api_key("alice"))
    assert own.post(f"{C}/prefs", {"colour": "red"}).status_code == 200


def presents(app: Flask, world: World, kind: str) -> ApiCaller:
    """Somebody who calls for alice with this kind of credential."""
    if kind in ("openid", "profile", "function"):
        if kind == "function":
            world.edge("APP-ROLE", "viewUsers")
        scope = "openid profile email" if kind == "profile" else "openid"
        rp = RelyingParty(app, world.client("rp"))
        return Bearer(app, rp.obtains(Person(app, "alice"), scope=scope)["access_token"])
    if kind == "impersonated":
        answer = login(app, "boss").post(
            f"{A}/session/impersonate", {"user": "alice", "function": ["APP-ROLE"]}
        )
    elif kind == "constrained":
        answer = login(app).post(f"{A}/session/constrain", {"function": ["readThings"], "customer": []})
    else:
        if kind == "login":
            return login(app)
        limits = {"constraints": {"functions": []}} if kind == "limited key" else {}
        return ApiCaller(app, world.api_key("alice", **limits))
    assert answer.status_code == 200, answer.data
    return Bearer(app, answer.json["data"]["credentials"]["requestCredentialsData"])


def asks(caller: ApiCaller, call: str, number: int) -> TestResponse:
    method, path = call.split(" ")
    return caller.call(method, path.replace("/self", f"/{number}"), SEARCH if method == "POST" else None)


def number_of(app: Flask, name: str = "alice") -> int:
    with app.app_context():
        found = directory.find_user(name, directory.get_home_domain().id)
        assert found is not None
        return found.id


@pytest.mark.parametrize("kind", KINDS)
def test_what_each_reads(app: Flask, world: World, scene: None, kind: str) -> None:
    """Every call that reads, by one kind of credential."""
    caller, at, number = presents(app, world, kind), KINDS.index(kind), number_of(app)
    found = {call: asks(caller, call, number).status_code for call in READS}
    wrong = {call: status for call, status in found.items() if status not in MEANS[READS[call].split()[at]]}
    assert wrong == {}


WHO = {"id", "userName"}
ALWAYS = {"flags", "ascendantIDs", "properties"}
FIELDS = {
    "openid": WHO,
    "profile": WHO | {"name", "language", "email"},
    "impersonated": WHO | {"name", "language", "customer", "domain", "timeZone"},
    "constrained": WHO | {"name", "language", "customer", "domain", "timeZone"},
    "limited key": WHO | {"name", "language", "customer", "domain", "timeZone"},
}


@pytest.mark.parametrize("kind", FIELDS)
def test_which_fields_each_reads(app: Flask, world: World, scene: None, kind: str) -> None:
    """``/currentuser/v1/user``: what may not be read is null, empty or 0."""
    told = presents(app, world, kind).get(f"{C}/user").json["data"]
    assert {name for name, value in told.items() if value} == FIELDS[kind]
    assert set(told) >= ALWAYS


@pytest.mark.parametrize(
    ("scope", "field"), [("phone", "mobile"), ("groups", "ascendantIDs"), ("customer", "customer")]
)
def test_each_scope_opens_its_field(app: Flask, world: World, scene: None, scope: str, field: str) -> None:
    rp = RelyingParty(app, world.client("rp", permitted_scopes=["openid", scope]))
    token = rp.obtains(Person(app, "alice"), scope=f"openid {scope}")["access_token"]
    assert Bearer(app, token).get(f"{C}/user").json["data"][field]
    world.change_client(rp.client_id, permitted_scopes=["openid"])
    assert not Bearer(app, token).get(f"{C}/user").json["data"][field]


def test_what_rights_alone_open(app: Flask, world: World, scene: None) -> None:
    """Lists hold what the credential's own rights reach, not what its user's would."""
    for kind in ("openid", "impersonated"):
        caller = presents(app, world, kind)
        names = {one["shortName"] for one in caller.get(f"{A}/oauth/client").json["data"]}
        assert "mine" in names
        assert "theirs" not in names
        held = {one["name"] for one in caller.get(f"{C}/functions").json["data"]}
        assert "secretApp" not in held
    assert presents(app, world, "constrained").get(f"{A}/oauth/client").json["data"] == []


def test_clients_of_customers_hidden_from_an_impersonator(app: Flask, world: World, scene: None) -> None:
    """The victim may use them there; who acts in the victim's name does not learn of them."""
    world.grant("alice", "APP-ROLE", "bolt")
    world.client("elsewhere", customer="bolt")
    assert login(app).get(f"{A}/oauth/client/elsewhere").status_code == 200
    child = presents(app, world, "impersonated")
    assert child.get(f"{A}/oauth/client/elsewhere").status_code == 404
    assert "elsewhere" not in {one["shortName"] for one in child.get(f"{A}/oauth/client").json["data"]}
    body = {"user": "alice"}
    assert child.post(f"{A}/oauth/client/elsewhere/explain", body).status_code == 404
    assert child.post(f"{A}/oauth/client/mine/explain", body).status_code in (403, 404, 412)


def test_an_impersonator_with_every_right_reads_no_own_data(app: Flask, world: World, scene: None) -> None:
    """The calls of administrators answer by function, as to anybody; those about oneself do not."""
    for name in ("boss", "alice"):
        world.grant(name, "ALL-FUNCTIONS", "root")
    answer = login(app, "boss").post(f"{A}/session/impersonate", {"user": "alice"})
    child = Bearer(app, answer.json["data"]["credentials"]["requestCredentialsData"])
    assert child.get(f"{U}/user/alice/preferences").status_code == 200
    for call, contract in _list_reading_calls(app).items():
        if contract.own not in (None, Own.IDENTITY):
            assert asks(child, call.replace("<key>", "colour"), 0).status_code == 403, call


# --- no call is forgotten ----------------------------------------------------------------------------------


def _list_reading_calls(app: Flask) -> dict[str, Any]:
    """Every call of the JSON API that reads, by method and rule, with its declaration."""
    found = {}
    for rule in app.url_map.iter_rules():
        contract = getattr(app.view_functions[rule.endpoint], "contract", None)
        for method in rule.methods & {"GET", "POST"} if contract is not None else ():
            if method == "GET" or rule.rule.endswith("/search"):
                found[f"{method} {rule.rule}"] = contract
    return found


def _is_in_table(call: str) -> bool:
    pattern = re.compile(re.sub(r"<[^>]+>", "[^/]+", call) + r"(\?.*)?")
    return any(pattern.fullmatch(one) for one in READS)


def test_every_call_that_reads_is_in_a_table(app: Flask) -> None:
    calls = _list_reading_calls(app)
    left = {call for call in calls if not _is_in_table(call) and call not in ELSEWHERE}
    assert {call for call in left if not BY_FUNCTION.fullmatch(call.split(" ")[1])} == set()
    assert {call for call in ELSEWHERE if call not in calls} == set()


def test_own_data_is_declared(app: Flask) -> None:
    """One search for ``own=`` lists them all: these, by kind, and no other."""
    declared: dict[Own, set[str]] = {}
    for call, contract in _list_reading_calls(app).items():
        if contract.own is not None:
            declared.setdefault(contract.own, set()).add(call)
    assert declared == {
        Own.IDENTITY: {f"GET {C}/user"},
        Own.PROFILE: {f"GET {C}/{one}" for one in ("groups", "preferences", "prefs", "prefs/<key>")},
        Own.PERMISSIONS: {f"GET {C}/permissions"},
        Own.EVENTS: {f"GET {A}/events"},
        Own.CREDENTIALS: {
            f"GET {A}/apikey", f"GET {A}/sessions", f"GET {A}/signature", f"GET {C}/authmethods",
            f"GET {A}/session/authmethods",
        },
    }  # fmt: skip
