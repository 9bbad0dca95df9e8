"""Every text that somebody writes into an object: what cannot be seen or is too long is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from app.models.clients import OAuthClient
from tests.drivers.api_caller import ApiCaller
from tests.world import World

UNSEEN = {
    "NUL": "Jose\x00x",
    "control": "Jose\x07x",
    "C1 control": "Jose\x85x",
    "bidi": "Jose\u202ex",
    "isolate": "Jose\u2066x",
    "zero width": "Jose\u200bx",
    "joiner": "Jose\u200dx",
    "soft hyphen": "Jose\u00adx",
    "tag": "Jose\U000e0041x",
    "private": "Jose\ue000x",
    "half a character": "Jose\ud800x",
}
NO_TEXT = {UNSEEN[name] for name in ("NUL", "control", "half a character")}
BLANK = {"blanks": "   ", "other blanks": "\u00a0\u2003\u3000", "fillers": "\u3164\uffa0", "nothing": ""}
HUGE = "a" * 100_000
DECOMPOSED, COMPOSED = "Jose\u0301", "Jos\u00e9"


@dataclass(frozen=True)
class Place:
    """A field of a body. It holds a handle, line, text, clearable, comment, email or secret: its ``kind``."""

    method: str
    path: str
    field: str
    kind: str
    body: Mapping[str, Any]

    def fill(self, value: Any) -> dict[str, Any]:
        """The body with this value, also for a text by language."""
        name, _, inner = self.field.partition(".")
        return {**self.body, name: {inner: value} if inner else value}


USER = {"customer": "acme", "shortName": "fresh", "name": "Fresh"}
FUNCTION = {"name": "freshThings", "parent": "ALL-FUNCTIONS"}
CUSTOMER = {"parent": "group", "shortName": "fresh", "name": "Fresh"}
CLIENT = {
    "shortName": "fresh", "name": "Fresh", "description": "d", "mainURI": "https://a.example.com/",
    "authenticationMethod": "none", "requiredFunction": "useApp", "permissionScope": "APP-ROLE",
    "clientIPRange": ["192.0.2.0/24"], "redirectURIs": ["https://a.example.com/cb"],
}  # fmt: skip
BODIES: dict[tuple[str, str], tuple[Mapping[str, Any], dict[str, str]]] = {
    ("POST", "/useradmin/v2/user"): (
        USER, {"shortName": "handle", "name": "line", "description": "text", "role": "text", "email": "email"}
    ),
    ("PUT", "/useradmin/v2/user/alice"): (
        {},
        {"shortName": "handle", "name": "line", "description": "clearable", "role": "clearable"}
        | {"email": "email"},
    ),
    ("POST", "/useradmin/v2/group"): (USER, {"shortName": "handle", "name": "line", "description": "text"}),
    ("PUT", "/useradmin/v2/group/team"): (
        {}, {"shortName": "handle", "name": "line", "description": "clearable"}
    ),
    ("POST", "/useradmin/v2/function"): (
        FUNCTION,
        {"name": "handle", "description": "text", "localizedNames.english": "text",
         "localizedDescriptions.norwegian": "text"},
    ),
    ("PUT", "/useradmin/v2/function/readThings"): (
        {}, {"name": "handle", "description": "text", "localizedNames.norwegian": "text"}
    ),
    ("POST", "/customeradmin/v2/customer"): (CUSTOMER, {"shortName": "handle", "name": "line"}),
    ("PUT", "/customeradmin/v2/customer/bolt"): ({}, {"shortName": "handle", "name": "line"}),
    ("POST", "/authentication/v1/oauth/client"): (
        CLIENT, {"shortName": "handle", "name": "line", "description": "text"}
    ),
    ("PUT", "/authentication/v1/oauth/client/app"): (
        {}, {"shortName": "handle", "name": "line", "description": "text", "clientSecret": "secret"}
    ),
    ("POST", "/useradmin/v2/permission"): (
        {"subject": "alice", "function": "readThings", "customer": "bolt"}, {"comment": "comment"}
    ),
    ("POST", "/useradmin/v2/group/team/members"): ({"subject": ["alice"]}, {"comment": "comment"}),
    ("POST", "/authentication/v1/user/alice/apikey"): ({}, {"description": "line"}),
}  # fmt: skip
PLACES = [
    Place(method, path, name, kind, body)
    for (method, path), (body, fields) in BODIES.items()
    for name, kind in fields.items()
]


@pytest.fixture
def places(world: World) -> World:
    world.group("team")
    world.client("app")
    return world


def refuses(admin: ApiCaller, place: Place, value: str) -> None:
    answer = admin.call(place.method, place.path, place.fill(value))
    assert answer.status_code == 412, (place, value[:20], answer.status_code, answer.data[:300])
    fields = {message["field"] for message in answer.json["messages"]}
    # What JSON itself must not hold is refused before its fields are told apart.
    assert fields & {place.field, "body"}, fields
    assert len(value.strip()) < 4 or value[:20] not in answer.text


@pytest.mark.usefixtures("places")
def test_what_cannot_be_seen(admin: ApiCaller) -> None:
    """Refused in every text; a secret may hold what a keyboard can type, but not nothing else."""
    for place in PLACES:
        for value in UNSEEN.values():
            if (
                place.kind == "secret"
                and "\x00" not in value
                and "\x07" not in value
                and "\ud800" not in value
            ):
                continue
            refuses(admin, place, f"{value}@example.com" if place.kind == "email" else value)
        for value in BLANK.values():
            if place.kind not in ("comment", "clearable", "email"):
                refuses(admin, place, value * 20 if place.kind == "secret" else value)
        refuses(admin, place, HUGE)
        if place.kind == "handle":
            for digits in ("25", "0", " 007 "):
                refuses(admin, place, digits)


@pytest.mark.usefixtures("places")
def test_letters_are_composed_and_blanks_around_left_out(admin: ApiCaller) -> None:
    """One text, however the keyboard writes it."""
    for number, place in enumerate(PLACES):
        if place.kind in ("line", "text", "clearable") and place.method == "PUT":
            answer = admin.call(place.method, place.path, place.fill(f"  {DECOMPOSED}\r\n"))
            assert answer.status_code in (200, 220), (place, answer.data)
            shown = answer.json["data"].get(
                "description" if place.field == "role" else place.field.partition(".")[0]
            )
            assert COMPOSED in (shown, *(shown.values() if isinstance(shown, dict) else ())), (place, shown)
        if place.kind == "handle" and place.method == "POST":
            answer = admin.call(place.method, place.path, place.fill(f" Fresh.{number} "))
            assert answer.status_code in (200, 201), (place, answer.data)
            assert answer.json["data"][place.field] == f"Fresh.{number}"


MIXED = {
    "Latin and Cyrillic": "P\u0430ypal",
    "Latin and Greek": "G\u03bfogle",
    "in the second word": "\u041c\u043e\u0439 b\u0430nk",
    "full width and Cyrillic": "\uff21cm\u0435",
}
HONEST = (
    "\u00c5se's app (v2)",
    "\u041c\u043e\u0439 \u0431\u0430\u043d\u043a",
    "\u65e5\u672c\u8a9e\u30a2\u30d7\u30eaX",
    "Bank \u0411\u0430\u043d\u043a",
    "\uff21cme",
)


@pytest.mark.usefixtures("places")
def test_an_application_is_called_what_it_looks_like(admin: ApiCaller, app: Flask) -> None:
    """People trust this name on the consent page: no word mixes letters that look alike, no line ends."""
    path = "/authentication/v1/oauth/client/app"
    for name in (*MIXED.values(), "Acme\nIT"):
        answer = admin.put(path, {"name": name})
        assert answer.status_code == 412, name
        assert answer.json["messages"][0]["field"] == "name"
    for name in HONEST:
        assert admin.put(path, {"name": name}).status_code in (200, 220), name
    (row,) = World(app).rows(OAuthClient)
    assert row.name == "Acme"


@pytest.mark.usefixtures("places")
def test_lists_tolerate_blanks_and_name_the_wrong_piece(admin: ApiCaller, app: Flask) -> None:
    """Ranges, scopes and addresses, each with blanks around; the error tells which entry."""
    path = "/authentication/v1/oauth/client/app"
    sent = {
        "clientIPRange": [" 192.0.2.0/24 ", "2001:db8::/32\n"],
        "permittedScopes": [" openid", "profile  email", " "],
        "redirectURIs": [" https://a.example.com/cb "],
        "mainURI": " https://a.example.com/ ",
    }
    assert admin.put(path, sent).status_code == 200
    (row,) = World(app).rows(OAuthClient)
    assert row.client_ip_range == ["192.0.2.0/24", "2001:db8::/32"]
    assert row.permitted_scopes == ["email", "openid", "profile"]
    assert row.redirect_uris == ["https://a.example.com/cb"]
    assert row.main_uri == "https://a.example.com/"
    for field, value, piece in (
        ("clientIPRange", ["192.0.2.0/24", "192.0.2.1/24"], "clientIPRange[1]"),
        ("clientIPRange", [" "], "clientIPRange[0]"),
        ("permittedScopes", ["openid", 'pro"file'], "permittedScopes[1]"),
        ("redirectURIs", ["https://a.example.com/cb", "ftp://b"], "redirectURIs[1]"),
    ):
        answer = admin.put(path, {field: value})
        assert [m["field"] for m in answer.json["messages"]] == [piece]


@pytest.mark.usefixtures("places")
def test_claims_are_bounded(admin: ApiCaller) -> None:
    """A number of them, and of what is in each: every token is made of them."""
    path = "/authentication/v1/oauth/client/app"
    one = {"provider": "customClaim", "claim": "name"}
    for claims, status in (
        ([one | {"claimName": f"claim{number}"} for number in range(50)], 200),
        ([one | {"claimName": f"claim{number}"} for number in range(1000)], 412),
        ([{"provider": "userGroups", "allowedGroups": [f"g{number}" for number in range(1000)]}], 412),
        ([{"provider": "functionRoleMapping", "claimName": "r",
           "roleMapping": {f"f{number}": "x" for number in range(1000)}}], 412),
    ):  # fmt: skip
        assert admin.put(path, {"openIDCustomClaims": claims}).status_code == status
