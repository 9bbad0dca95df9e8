"""Ways in (design decision 23): every call that opens one, by each kind of session, and the roads to more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from app.extensions import db
from app.extensions import metadata
from app.models.audit import AuditEvent
from app.models.clients import OAuthClient
from app.models.directory import User
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Template
from tests.web.kit import given_codes
from tests.world import PASSWORD
from tests.world import SECRET
from tests.world import World

U, C, A = "/useradmin/v2/user", "/customeradmin/v2/customer", "/authentication/v1"
CLIENTS = f"{A}/oauth/client"
NEW_USER = {"customer": "acme", "shortName": "new", "name": "New", "email": "new@example.com"}
NEW_CLIENT = {
    "shortName": "new", "name": "New", "description": "As it comes.", "mainURI": "https://new.example.com/",
    "requiredFunction": "useApp", "permissionScope": "STRONG-ROLE", "clientIPRange": ["10.0.0.0/8"],
    "redirectURIs": ["https://new.example.com/callback"], "maxSecurityLevel": "administrative",
    "clientSecret": "a secret that is long enough",
}  # fmt: skip
# What a session of a lower level answers about somebody, or an application, that may do more.
# "yes": the way leads to nothing of that level. The number of each is in the answer's status.
LOW = (403, 412)
YES = (200, 201, 220)
# method, path, body; what a key (external) and a password login (standard) answer, where the target holds a
# function of level administrative. Whoever may open no way in at all is refused everywhere.
WAYS: list[tuple[str, str, Any, tuple[int, ...], tuple[int, ...]]] = [
    ("POST", U, NEW_USER, YES, YES),
    ("PUT", f"{U}/strong", {"email": "other@example.com"}, LOW, LOW),
    ("PUT", f"{U}/daemon", {"daemonAccount": False}, LOW, LOW),
    ("PUT", f"{U}/gone/reenable", None, YES, YES),
    ("PUT", f"{A}/user/shut/unblock", None, LOW, LOW),
    ("PUT", f"{C}/closed/reenable", None, LOW, LOW),
    ("PUT", f"{U}/strong/resetpassword", None, LOW, LOW),
    ("PUT", f"{A}/user/strong/password/reset", None, LOW, LOW),
    ("POST", f"{A}/user/strong/totp", None, LOW, LOW),
    ("DELETE", f"{A}/user/strong/totp", None, LOW, LOW),
    ("DELETE", f"{A}/user/strong/signature/1", None, LOW, LOW),
    ("PUT", f"{A}/user/strong/enable/totp", None, LOW, LOW),
    ("PUT", f"{A}/user/strong/disable/totp", None, LOW, LOW),
    # A key acts at the lowest level: it leads to nothing that asks for more.
    ("POST", f"{A}/user/strong/apikey", {"description": "x"}, YES, YES),
    ("PUT", f"{A}/user/strong/apikey/{{prefix}}", {}, YES, YES),
    ("POST", CLIENTS, NEW_CLIENT, LOW, LOW),
    ("PUT", f"{CLIENTS}/vault", {"clientSecret": "a secret that somebody knows"}, LOW, LOW),
    ("PUT", f"{CLIENTS}/vault", {"name": "Another name"}, LOW, LOW),
    ("PUT", f"{CLIENTS}/vault/serviceuser", {"user": "strong"}, LOW, LOW),
    ("DELETE", f"{CLIENTS}/vault/serviceuser", None, LOW, LOW),
    ("DELETE", f"{CLIENTS}/vault", None, LOW, LOW),
]  # fmt: skip
# About oneself: only whoever may open no way in at all is refused.
OWN: list[tuple[str, str, Any]] = [
    ("POST", f"{A}/apikey", {"description": "x", "password": PASSWORD}),
    ("PUT", f"{A}/apikey/{{own}}", {"password": PASSWORD}),
    ("PUT", f"{A}/apikey/1", {"password": PASSWORD}),
    ("POST", f"{A}/totp", {"password": PASSWORD}),
    ("PUT", f"{A}/totp", {"cookie": "x", "verificationCode": "123456"}),
    ("DELETE", f"{A}/totp", None),
    (
        "POST",
        f"{A}/signature/webauthn/enroll",
        {"challengeID": "x", "webAuthnKeyID": "eA", "attestationObject": "eA", "clientData": "eA",
         "authorization": "a.b.c"},
    ),
    ("DELETE", f"{A}/signature/1", None),
    ("PUT", f"{A}/password", {"oldPassword": PASSWORD, "newPassword": "another long sentence"}),
    ("PUT", "/currentuser/v1/password", {"oldPassword": PASSWORD, "newPassword": "another long sentence"}),
]  # fmt: skip
Calls = Callable[[str, str, Any], TestResponse]


class Scene:
    """``chief`` holds everything, by each kind of session; ``strong`` and ``vault`` may do more than most."""

    def __init__(self, app: Flask, world: World, keys: tuple[str, str]) -> None:
        self.app, self.world = app, world
        self.prefix, self.own = keys

    @staticmethod
    def build(world: World) -> tuple[str, str]:
        """Its rows; the prefixes of a key of ``strong`` and of one of ``chief``."""
        world.function("sealThings", level=3)
        world.function("STRONG-ROLE", role=True)
        world.edge("STRONG-ROLE", "sealThings")
        world.user("chief", "root", holds=[("ALL-FUNCTIONS", "root")])
        world.user("strong", "acme", holds=[("STRONG-ROLE", "acme"), ("readThings", "acme")])
        world.user("daemon", "acme", holds=[("STRONG-ROLE", "acme")], daemon_account=True)
        world.user("shut", "acme", holds=[("STRONG-ROLE", "acme")])
        world.block("shut")
        world.user("gone", "acme", holds=[("STRONG-ROLE", "acme")])
        world.delete("gone")
        world.customer("closed", "acme")
        world.user("inside", "closed", holds=[("STRONG-ROLE", "closed")])
        world.disable_customer("closed")
        world.client("vault", permission_scope="STRONG-ROLE", max_security_level=3)
        strong, chief = ("/".join(world.api_key(name).split("/")[:2]) for name in ("strong", "chief"))
        return strong, chief

    def application(self) -> Calls:
        client = self.world.client(
            "tool", required_function="viewUsers", permission_scope="ALL-FUNCTIONS", max_security_level=3
        )
        token = RelyingParty(self.app, client).obtains(Person(self.app, "chief"))["access_token"]
        return self._bearer(token)

    def limited_key(self) -> Calls:
        top = self.world.function_id("ALL-FUNCTIONS")
        return ApiCaller(self.app, self.world.api_key("chief", constraints={"functions": [top]})).call

    def constrained(self) -> Calls:
        return self._made(self.password, f"{A}/constrain", {})

    def impersonated(self) -> Calls:
        self.world.user("other", "root", holds=[("ALL-FUNCTIONS", "root")])
        other = self._bearer(logs_in(self.app, "other"))
        return self._made(lambda: other, f"{A}/impersonate", {"user": "chief"})

    def key(self) -> Calls:
        return ApiCaller(self.app, self.world.api_key("chief")).call

    def password(self) -> Calls:
        return self._bearer(logs_in(self.app, "chief"))

    def strong_login(self) -> Calls:
        return self._bearer(logs_in(self.app, "chief", given_codes(self.app, "chief").code()))

    def fills(self, path: str) -> str:
        return path.format(prefix=self.prefix, own=self.own)

    def _made(self, source: Callable[[], Calls], path: str, body: Any) -> Calls:
        answer = source()("POST", path, body)
        assert answer.status_code == 200, answer.data
        return self._bearer(answer.json["data"]["requestCredentialsData"])

    def _bearer(self, token: str) -> Calls:
        headers = {"Authorization": f"Bearer {token}"}
        caller = ApiCaller(self.app, None)
        return lambda method, path, body: caller.call(method, path, body, headers=headers)


def logs_in(app: Flask, name: str, code: str | None = None) -> str:
    """Log in by password, or with a code too; the token."""
    way = "password" if code is None else "totp"
    body = {"userName": name, "password": PASSWORD} | ({} if code is None else {"tokenCode": code})
    answer = app.test_client().post(f"{A}/{way}/authentication", json=body)
    assert answer.status_code == 200, answer.data
    return str(answer.json["data"]["credentials"]["requestCredentialsData"])


def stored(app: Flask) -> dict[str, Any]:
    """Every row, but for what any call notes down and the audit log."""
    noted = {"last_seen_at", "last_used_at", "last_used_ip"}
    with app.app_context():
        db.session.rollback()
        return {
            table.name: [
                {name: value for name, value in row._mapping.items() if name not in noted}
                for row in db.session.execute(sa.select(table).order_by(*table.primary_key))
            ]
            for table in metadata.sorted_tables
            if not table.name.startswith("audit")
        }


@pytest.fixture
def scene(app: Flask, world: World, template: Template, early_in_a_step: None) -> Scene:
    return Scene(app, world, template.once("ways_in", lambda: Scene.build(world)))


ids = {"ids": lambda value: value if isinstance(value, str) else ""}


@pytest.mark.parametrize("who", ["application", "limited_key", "constrained", "impersonated"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [row[:3] for row in WAYS] + OWN,
    **ids,  # type: ignore[arg-type]
)
def test_no_limited_session_opens_a_way_in(
    app: Flask, scene: Scene, who: str, method: str, path: str, body: Any
) -> None:
    """Rules 36, 54: whatever its user holds. Nothing is written but the audit row of the refusal."""
    calls: Calls = getattr(scene, who)()
    before = stored(app)
    answer = calls(method, scene.fills(path), body)
    assert answer.status_code == 403, (answer.status_code, answer.data)
    assert [m["messageTemplate"] for m in answer.json["messages"]] == ["NOT_INTERACTIVE"]
    assert stored(app) == before


@pytest.mark.parametrize("who", ["key", "password", "strong_login"])
@pytest.mark.parametrize(("method", "path", "body", "by_key", "by_password"), WAYS, **ids)  # type: ignore[arg-type]
def test_a_way_in_takes_the_level_that_it_leads_to(
    app: Flask,
    scene: Scene,
    who: str,
    method: str,
    path: str,
    body: Any,
    by_key: tuple[int, ...],
    by_password: tuple[int, ...],
) -> None:
    """The same administrator by key, by password and by two factors."""
    calls: Calls = getattr(scene, who)()
    expected = {"key": by_key, "password": by_password, "strong_login": YES}[who]
    if "signature" in path and who == "strong_login":
        expected = (404,)  # there is none to remove
    before = stored(app)
    answer = calls(method, scene.fills(path), body)
    assert answer.status_code in expected, (answer.status_code, answer.data)
    if answer.status_code >= 400:
        assert stored(app) == before
    if expected is LOW:
        assert {m["messageTemplate"] for m in answer.json["messages"]} == {"STRONGER_LOGIN"}


@pytest.mark.parametrize(("method", "path", "body", "_a", "_b"), WAYS, **ids)  # type: ignore[arg-type]
def test_who_holds_less_opens_none(
    app: Flask, scene: Scene, method: str, path: str, body: Any, _a: Any, _b: Any
) -> None:
    """The guards alone are not enough, at any level: what it leads to must be held."""
    roles = ("USER-ADMIN", "OAUTH-ADMIN", "CUSTOMER-ADMIN")
    scene.world.user("clerk", "root", holds=[(role, "root") for role in roles])
    clerk = ApiCaller(app, scene.world.api_key("clerk"))
    if path in (U, f"{U}/gone/reenable"):
        assert clerk.call(method, path, body).status_code in YES  # leads to nothing
        return
    before = stored(app)
    answer = clerk.call(method, scene.fills(path), body)
    assert answer.status_code in LOW, (answer.status_code, answer.data)
    assert {m["messageTemplate"] for m in answer.json["messages"]} == {"NOT_HELD"}
    assert stored(app) == before


def test_every_declared_call_is_in_the_tables(app: Flask) -> None:
    """No endpoint with ``way_in=`` goes untested."""
    walked = {(method, path) for method, path, *_ in [*WAYS, *OWN]}
    adapter = app.url_map.bind("localhost")
    reached = set()
    for method, path in walked:
        endpoint, _ = adapter.match(path.format(prefix="1/1", own="1/1"), method=method)
        reached.add(endpoint)
    declared = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if getattr(getattr(app.view_functions[rule.endpoint], "contract", None), "way_in", None) is not None
    }
    assert declared - reached == set()


# --- the roads to more, end to end --------------------------------------------------------------------------


def test_a_key_does_not_climb_to_administrative(app: Flask, scene: Scene) -> None:
    """A user made by a key gets no function that the key itself may not use, by any road."""
    key = ApiCaller(app, scene.world.api_key("chief"))
    assert key.post(U, NEW_USER).status_code == 201
    scene.world.group("sealers", customer="acme")
    scene.world.grant("sealers", "sealThings", "acme")
    permission = {"subject": "new", "function": "sealThings", "customer": "acme"}
    before = stored(app)
    for method, path, body in (
        ("POST", "/useradmin/v2/permission", permission),
        ("POST", "/useradmin/v2/permission", permission | {"function": "STRONG-ROLE"}),
        ("POST", "/useradmin/v2/permission/bulk", {"permissions": [permission]}),
        ("POST", "/useradmin/v2/group/sealers/members", {"subject": ["new"]}),
        ("POST", "/useradmin/v2/subject/new/groups", {"parentGroups": ["sealers"]}),
        ("POST", "/useradmin/v2/function/APP-ROLE/children", {"children": ["sealThings"]}),
        ("PUT", "/useradmin/v2/function/sealThings", {"minimumSecurityLevel": "external"}),
    ):
        answer = key.call(method, path, body)
        assert answer.status_code == 412, (path, answer.data)
    assert stored(app) == before
    # What the key may use, it gives; and the new user has that and no more, however strongly it logs in.
    assert key.post("/useradmin/v2/permission", permission | {"function": "readThings"}).status_code == 201
    link = key.put(f"{A}/user/new/password/reset").json["data"]["authorization"]
    body = {"newPassword": PASSWORD, "authorization": link}
    assert app.test_client().put(f"{A}/password", json=body).status_code == 200
    code = given_codes(app, "new").code()
    new = scene._bearer(logs_in(app, "new", code))
    assert new("GET", f"{A}/session", None).json["data"]["securityLevel"] == "ADMINISTRATIVE"
    assert new("GET", f"{A}/session/permission/readThings", None).status_code == 200
    assert new("GET", f"{A}/session/permission/sealThings", None).status_code == 403


def test_taking_asks_for_the_level_too(app: Flask, scene: Scene) -> None:
    """Whoever may not use it now takes it from nobody, and shuts nobody out who may."""
    permission = scene.world.grant("strong", "sealThings", "acme")
    for name, calls in (("key", scene.key()), ("password", scene.password())):
        before = stored(app)
        for method, path, expected in (
            ("DELETE", f"/useradmin/v2/permission/{permission}", 412),
            ("DELETE", "/useradmin/v2/function/sealThings", 412),
            ("DELETE", "/useradmin/v2/function/STRONG-ROLE/children?child=sealThings", 412),
            ("DELETE", f"{U}/strong", 403),
            ("PUT", f"{A}/user/strong/block", 403),
            ("DELETE", f"{A}/user/strong/sessions", 403),
        ):
            assert calls(method, path, None).status_code == expected, (name, path)
        assert stored(app) == before
    assert scene.strong_login()("PUT", f"{A}/user/strong/block", None).status_code == 200


def test_an_application_makes_nobody_who_outlives_the_log_out(app: Flask, world: World) -> None:
    """A user with an address that the application chose could recover its password for ever."""
    world.user("adm", "root", holds=[("ALL-FUNCTIONS", "root")])
    helper = world.client("helper", required_function="createUser", permission_scope="USER-ADMIN",
                          max_security_level=1)  # fmt: skip
    token = RelyingParty(app, helper).obtains(Person(app, "adm"))["access_token"]
    headers, caller = {"Authorization": f"Bearer {token}"}, ApiCaller(app, None)
    before = stored(app)
    assert caller.post(U, NEW_USER, headers=headers).status_code == 403
    assert caller.put(f"{U}/alice", {"email": "mine@example.org"}, headers=headers).status_code == 403
    assert stored(app) == before
    # Without an address it leads nowhere, and is none.
    plain = {name: value for name, value in NEW_USER.items() if name != "email"}
    assert caller.post(U, plain, headers=headers).status_code == 201
    assert caller.put(f"{A}/user/new/password/reset", headers=headers).status_code == 403
    assert caller.post(f"{A}/user/new/apikey", {"description": "x"}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "change", [{"maxSecurityLevel": "administrative"}, {"clientIPRange": ["0.0.0.0/0"]}, {"name": "X"}]
)
def test_an_application_never_changes_a_client(app: Flask, world: World, change: dict[str, Any]) -> None:
    """Its own least of all: neither its level nor from where it may call."""
    world.user("adm", "root", holds=[("ALL-FUNCTIONS", "root")])
    own = world.client("own", required_function="updateOAuthClient", permission_scope="ALL-FUNCTIONS",
                       max_security_level=1, client_ip_range=["127.0.0.0/8"])  # fmt: skip
    token = RelyingParty(app, own).obtains(Person(app, "adm"))["access_token"]
    headers, caller = {"Authorization": f"Bearer {token}"}, ApiCaller(app, None)
    before = stored(app)
    for method, path, body in (
        ("PUT", f"{CLIENTS}/{own}", change),
        ("POST", CLIENTS, NEW_CLIENT | {"maxSecurityLevel": "external"}),
        ("DELETE", f"{CLIENTS}/{own}", None),
        ("POST", f"{CLIENTS}/{own}/whatif", {"update": change}),
    ):
        assert caller.call(method, path, body, headers=headers).status_code == 403, path
    assert stored(app) == before


def test_the_scope_is_not_lowered_to_get_at_the_rest(app: Flask, world: World) -> None:
    """First a scope that is held, then secret and redirect URIs: the first step is refused already."""
    world.user("mallory", "acme", holds=[("OAUTH-ADMIN", "acme")])
    client = world.client("portal", customer="acme")
    mallory, at = ApiCaller(app, world.api_key("mallory")), f"{CLIENTS}/{client}"
    before = stored(app)
    for change, field in (
        ({"permissionScope": "OAUTH-ADMIN"}, "permissionScope"),
        ({"name": "Another name"}, "name"),
        ({"shortName": "other"}, "shortName"),
        ({"description": "Other"}, "description"),
        ({"mainURI": "https://evil.example/"}, "mainURI"),
        ({"permittedScopes": ["openid", "email", "phone"]}, "permittedScopes"),
        ({"postLogoutRedirectURIs": ["https://evil.example/"]}, "postLogoutRedirectURIs"),
        ({"backchannelLogoutURI": "https://evil.example/"}, "backchannelLogoutURI"),
        ({"hidden": True}, "flags"),
    ):
        answer = mallory.put(at, change)
        assert answer.status_code == 412, (change, answer.data)
        if field != "flags":
            told = {(m["field"], m["messageTemplate"]) for m in answer.json["messages"]}
            assert told == {(field, "NOT_HELD")}
    assert mallory.delete(at).status_code == 412
    assert stored(app) == before
    world.grant("mallory", "APP-ROLE", "acme")
    assert mallory.put(at, {"permissionScope": "OAUTH-ADMIN"}).status_code == 200
    assert mallory.delete(at).status_code == 200


def test_a_key_registers_up_to_standard(app: Flask, scene: Scene) -> None:
    """The guide's way: the first administrator's key. An application for two factors takes two factors."""
    key = ApiCaller(app, scene.world.api_key("chief"))
    made = key.post(CLIENTS, NEW_CLIENT | {"maxSecurityLevel": "standard"})
    assert made.status_code == 201, made.data
    at = f"{CLIENTS}/{made.json['data']['id']}"
    assert key.put(at, {"redirectURIs": ["https://new.example.com/other"]}).status_code == 200
    answer = key.put(at, {"maxSecurityLevel": "administrative"})
    told = [(m["field"], m["messageTemplate"]) for m in answer.json["messages"]]
    assert (answer.status_code, told) == (412, [("maxSecurityLevel", "STRONGER_LOGIN")])
    strong = scene.strong_login()
    assert strong("PUT", at, {"maxSecurityLevel": "administrative"}).status_code == 200
    assert key.put(at, {"maxSecurityLevel": "external"}).status_code == 412
    assert key.delete(at).status_code == 412
    assert strong("PUT", at, {"maxSecurityLevel": "standard"}).status_code == 200
    assert key.delete(at).status_code == 200


@pytest.mark.parametrize("how", ["own", "by a group", "below"])
def test_a_customer_is_not_disabled_around_its_users(app: Flask, world: World, how: str) -> None:
    """Whom ``block`` refuses is not shut out with the customer either, nor let in again."""
    world.customer("office", "acme")
    world.customer("desk", "office")
    holds = [] if how == "by a group" else [("APP-ROLE", "acme")]
    world.user("superior", "desk" if how == "below" else "office", holds=holds)
    if how == "by a group":
        world.group("holders", ["superior"], customer="acme")
        world.grant("holders", "APP-ROLE", "acme")
    world.user("boss", "acme", holds=[(role, "acme") for role in ("USER-ADMIN", "CUSTOMER-ADMIN")])
    boss = ApiCaller(app, world.api_key("boss"))
    assert boss.put(f"{A}/user/superior/block").status_code == 403
    before = stored(app)
    answer = boss.put(f"{C}/office/disable")
    told = [(m["field"], m["messageTemplate"]) for m in answer.json["messages"]]
    assert (answer.status_code, told) == (412, [("customer", "NOT_HELD")])
    page = Person(app, "boss")
    page.logs_in()
    number = next(row["id"] for row in before["customer"] if row["short_name"] == "office")
    at = f"/console/customers/{number}/disable"
    before = stored(app)
    assert page.submits(page.visits(at), at, form=-1).status_code == 412
    assert stored(app) == before
    world.disable_customer("office")
    assert boss.put(f"{C}/office/reenable").status_code == 412
    world.grant("boss", "APP-ROLE", "acme")
    assert boss.put(f"{C}/office/reenable").status_code == 200
    assert boss.put(f"{C}/office/disable").status_code == 200


def test_ones_own_customer_is_disabled_whatever_one_holds(app: Flask, world: World) -> None:
    """As one may block oneself: nobody else is above."""
    world.user("boss", "acme", holds=[("CUSTOMER-ADMIN", "acme"), ("APP-ROLE", "acme")])
    world.raise_level("readThings", 3)
    world.delete("alice")
    assert ApiCaller(app, world.api_key("boss")).put(f"{C}/acme/disable").status_code == 200


# --- the same through the console ---------------------------------------------------------------------------


def test_the_console_asks_for_the_same(app: Flask, scene: Scene) -> None:
    """An administrator who logged in by password alone gets no further by the pages than by the API."""
    chief = Person(app, "chief")
    chief.logs_in()
    with app.app_context():
        ids = {user.short_name: user.id for user in db.session.execute(sa.select(User)).scalars()}
        vault = db.session.execute(sa.select(OAuthClient.id)).scalar_one()
    strong, before = f"/console/users/{ids['strong']}", stored(app)
    home = chief.visits("/console/users/")
    for path, fields in (
        (f"{strong}/password", {"how": "show"}),
        (f"{strong}/password", {"how": "mail"}),
        (f"{strong}/codes", {}),
        (f"{strong}/codes", {"how": "remove"}),
        (f"{strong}/methods/password/enable", {}),
        (f"{strong}/methods/totp/disable", {}),
        (f"{strong}/block", {}),
        (f"{strong}/delete", {}),
        (f"{strong}/edit", {"shortName": "strong", "name": "Strong", "email": "mine@example.org"}),
        (f"{strong}/move", {"customer": "bolt"}),
        (
            f"/console/users/{ids['daemon']}/edit",
            {"shortName": "daemon", "name": "Daemon", "daemonAccount": "false"},
        ),
        (f"/console/users/{ids['shut']}/unblock", {}),
        (f"/console/clients/{vault}/secret", {"clientSecret": "a secret that somebody knows"}),
        (f"/console/clients/{vault}/delete", {}),
        ("/console/permissions/add", {"subject": "alice", "function": "sealThings", "customer": "acme"}),
    ):
        answer = chief.browser.post(path, data=fields | token_of(home))
        assert answer.status_code in (200, 403, 412), (path, answer.status_code)
        assert stored(app) == before, path
    assert chief.browser.post("/console/users/add", data=token_of(home)).status_code < 500


def token_of(page: TestResponse) -> dict[str, str]:
    """The token that every form of a page carries."""
    from tests.drivers.person import forms

    return next(
        {"csrf_token": fields["csrf_token"]}
        for _, fields in forms(page.get_data(as_text=True))
        if "csrf_token" in fields
    )


# --- what was made for somebody is judged again -------------------------------------------------------------


@pytest.fixture
def helpdesk(app: Flask, world: World) -> ApiCaller:
    """Makes keys and resets for those in ``acme`` who hold no more."""
    world.user("helpdesk", "acme", holds=[("USER-ADMIN", "acme"), ("readThings", "acme")])
    world.user("pupil", "acme", holds=[("readThings", "acme")])
    return ApiCaller(app, world.api_key("helpdesk"))


def made_key(app: Flask, helpdesk: ApiCaller, name: str = "pupil", **limits: Any) -> ApiCaller:
    answer = helpdesk.post(f"{A}/user/{name}/apikey", {"description": "x", **limits})
    assert answer.status_code == 201, answer.data
    return ApiCaller(app, answer.json["data"]["apiKeyString"])


def raise_pupil(world: World) -> None:
    world.grant("pupil", "writeThings", "acme")


def raise_pupil_by_group(world: World) -> None:
    world.group("writers", ["pupil"], customer="acme")
    world.grant("writers", "writeThings", "acme")


def lower_helpdesk(world: World) -> None:
    world.revoke("helpdesk", "readThings")


CHANGES = [raise_pupil, raise_pupil_by_group, lower_helpdesk]
changes = pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)


@changes
def test_a_key_made_for_somebody_lower_ends_there(
    app: Flask, world: World, helpdesk: ApiCaller, change: Callable[[World], None]
) -> None:
    """And with it what it bought; an own key goes on, and so does one that leads no further."""
    key = made_key(app, helpdesk)
    limited = made_key(app, helpdesk, sessionConstraints={"function": ["useApp"]})
    own = ApiCaller(app, world.api_key("pupil"))
    client = world.client("reader", required_function="readThings")
    bought = key.app.test_client().post(
        f"{A}/oauth/token",
        data={"grant_type": "client_credentials", "client_id": client, "client_secret": SECRET},
        headers={"Argus-API-Key": key.key},
    )
    session = key.post(f"{A}/constrain", {}).json["data"]["requestCredentialsData"]
    assert bought.status_code == 200, bought.data
    bearers = [{"Authorization": f"Bearer {token}"} for token in (bought.json["access_token"], session)]
    caller = ApiCaller(app, None)
    assert [caller.get(f"{A}/session", headers=one).status_code for one in bearers] == [200, 200]
    change(world)
    refused = key.get(f"{A}/session")
    assert refused.status_code == 401
    assert [caller.get(f"{A}/session", headers=one).status_code for one in bearers] == [401, 401]
    assert own.get(f"{A}/session").status_code == 200
    assert limited.get(f"{A}/session").status_code == 200
    denied = [row for row in world.rows(AuditEvent) if row.outcome == "refused"]
    assert {tuple(row.reasons) for row in denied} == {("key_outgrown",)}


def test_a_key_goes_by_what_a_key_can_do(app: Flask, world: World, helpdesk: ApiCaller) -> None:
    """Functions above its level are nothing to it; blocked, its maker ends it for good."""
    key = made_key(app, helpdesk)
    world.function("sealThings", level=3)
    world.grant("pupil", "sealThings", "acme")
    assert key.get(f"{A}/session").status_code == 200
    world.disable_customer("acme")
    assert key.get(f"{A}/session").status_code == 401


@changes
@pytest.mark.parametrize("how", ["api", "page"])
def test_a_reset_made_for_somebody_lower_ends_there(
    app: Flask, world: World, helpdesk: ApiCaller, change: Callable[[World], None], how: str
) -> None:
    """As link and as call; nothing is set."""
    link = helpdesk.put(f"{A}/user/pupil/password/reset").json["data"]["authorization"]
    change(world)
    before = stored(app)
    if how == "api":
        body = {"newPassword": "another long sentence", "authorization": link}
        answer = app.test_client().put(f"{A}/password", json=body)
        assert answer.status_code == 412
        assert [m["field"] for m in answer.json["messages"]] == ["authorization"]
    else:
        page = Person(app, "pupil").visits(f"/recover/{link}")
        assert b'name="newPassword"' not in page.data
    assert stored(app) == before
    # Whoever holds all of it makes another.
    world.user("chief", "root", holds=[("ALL-FUNCTIONS", "root")])
    again = ApiCaller(app, world.api_key("chief")).put(f"{A}/user/pupil/password/reset")
    body = {"newPassword": "another long sentence", "authorization": again.json["data"]["authorization"]}
    assert app.test_client().put(f"{A}/password", json=body).status_code == 200
