"""Names that people hold to be the same are the same: at creation, in paths, at login, for the throttle."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.services.access import directory
from app.services.login import password_login
from app.services.login.passwords import passwords
from app.services.problems import Invalid
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.world import PASSWORD
from tests.world import World

CLIENT = {
    "name": "A", "description": "d", "mainURI": "https://a.example.com/", "authenticationMethod": "none",
    "requiredFunction": "useApp", "permissionScope": "APP-ROLE", "clientIPRange": ["192.0.2.0/24"],
    "redirectURIs": ["https://a.example.com/cb"],
}  # fmt: skip
# Path, body without its name, the name's field, and whether the path takes a query for another domain.
KINDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "user": ("/useradmin/v2/user", {"customer": "acme", "name": "X"}, "shortName"),
    "group": ("/useradmin/v2/group", {"customer": "acme", "name": "X"}, "shortName"),
    "customer": ("/customeradmin/v2/customer", {"parent": "group", "name": "X"}, "shortName"),
    "function": ("/useradmin/v2/function", {"parent": "ALL-FUNCTIONS"}, "name"),
    "client": ("/authentication/v1/oauth/client", CLIENT, "shortName"),
}


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("kind", KINDS)
def test_one_name_one_object(admin: ApiCaller, kind: str) -> None:
    """Another spelling is taken; each spelling finds it; its owner may change the spelling."""
    path, body, field = KINDS[kind]
    made = admin.post(path, {**body, field: "Jan.X"}).json["data"]
    refused = admin.post(path, {**body, field: "jAN.x"})
    assert refused.status_code == 412
    assert [m["field"] for m in refused.json["messages"]] == [field]
    for spelling in ("Jan.X", "jan.x", "JAN.X", " jan.x", "\uff2a\uff21\uff2e\uff0e\uff38"):
        assert admin.get(f"{path}/{spelling}").json["data"]["id"] == made["id"], spelling
    changed = admin.put(f"{path}/jan.x", {field: "JAN.x"})
    assert changed.status_code == 200, changed.data
    assert changed.json["data"][field] == "JAN.x"
    other = admin.post(path, {**body, field: "other"}).json["data"]
    assert admin.put(f"{path}/{other['id']}", {field: "Jan.x"}).status_code == 412


def test_digits_are_an_id(admin: ApiCaller, world: World) -> None:
    """A name of digits from before the rule is never reached by a path that means somebody's id."""
    victim = world.user("victim", "acme")
    world.user("bearer", "acme")
    world.change_user("bearer", short_name=str(victim), short_name_key=str(victim))
    assert admin.put(f"/authentication/v1/user/{victim}/block").status_code == 200
    blocked = {one["shortName"]: one["flags"] for one in admin.get("/useradmin/v2/user").json["data"]}
    assert "blocked" in blocked["victim"]
    assert "blocked" not in blocked[str(victim)]
    unused = str(victim + 5000)
    world.change_user(str(victim), short_name=unused, short_name_key=unused)
    assert admin.put(f"/authentication/v1/user/{unused}/block").status_code == 404


@pytest.mark.usefixtures("world")
def test_login_by_any_spelling(app: Flask) -> None:
    """On the page and at the API; a domain too."""
    path = "/authentication/v1/password/authentication"
    for name, domain in (("ALICE", "MNEMONIC"), (" Alice ", "mnemonic"), ("\uff41lice", None)):
        body = {"userName": name, "password": PASSWORD} | ({"domain": domain} if domain else {})
        assert app.test_client().post(path, json=body).status_code == 200, name
    assert Person(app, "AlicE").logs_in().status_code == 303


@pytest.mark.usefixtures("world")
def test_spellings_share_one_throttle(app: Flask, settings: Any) -> None:
    """Whoever guesses gains no tries by another spelling."""
    settings(throttle_login_failures=3)
    path, statuses = "/authentication/v1/password/authentication", []
    for name in ("alice", "Alice", "ALICE", "aLICE", " alice"):
        body = {"userName": name, "password": "not this one"}
        statuses.append(app.test_client().post(path, json=body).status_code)
    assert 429 in statuses


COMPOSED, DECOMPOSED = "bl\u00e5b\u00e6rsyltet\u00f8y \u00e9", "bla\u030ab\u00e6rsyltet\u00f8y e\u0301"


def test_passwords_however_composed(app: Flask, world: World) -> None:
    """New hashes are of NFC; an older one, of either form, still matches both. Others do not."""
    with app.app_context():
        hasher = passwords()
        stored = [hasher.hash(DECOMPOSED), hasher._hasher.hash(DECOMPOSED), hasher._hasher.hash(COMPOSED)]
        for one in stored:
            assert hasher.verify(one, COMPOSED)
            assert hasher.verify(one, DECOMPOSED)
            assert not hasher.verify(one, COMPOSED.upper())
            assert not hasher.verify(None, DECOMPOSED)
    world.user("per", "acme")
    world.change_user("per", password_hash=stored[1])
    assert Person(app, "per", COMPOSED).logs_in().status_code == 303


@pytest.mark.parametrize("password", [" " * 14, "\u00a0" * 14, "\u3164" * 14, " \u200b" * 8])
def test_a_password_of_nothing_is_refused(app: Flask, world: World, password: str) -> None:
    """Blanks, and what only looks like them."""
    number = world.user("per", "acme")
    with app.app_context():
        user = directory.get_user(number)
        with pytest.raises(Invalid, match="can be seen"):
            password_login.check_password(password, user)
        password_login.check_password("a b c d e f g", user)
