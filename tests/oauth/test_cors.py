"""Which other origins may read which answers (design decision 27, decision 042)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from app import clock as app_clock
from app.extensions import db
from app.services.tokens.token_text import compute_digest
from tests.drivers.person import Person
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.drivers.signing import Prover
from tests.drivers.signing import Signer
from tests.fixtures import Counter
from tests.world import World

EVERYBODY, CLIENT, BEARER = "everybody", "its client", "its bearer's client"
OPEN = {
    "oauth.openid_configuration": EVERYBODY,
    "oauth.authorization_server_metadata": EVERYBODY,
    "oauth.protected_resource_metadata": EVERYBODY,
    "oauth.jwks": EVERYBODY,
    "oauth.token": CLIENT,
    "oauth.revoke": CLIENT,
    "oauth.userinfo": BEARER,
    "oauth.introspect": None,
    "oauth.push": None,
    "oauth.device_authorization": None,
}
# Nobody elsewhere reads what these answer.
CLOSED = {
    "account", "activity", "address", "admin", "auditlog", "client_form", "clients", "confirm", "consent",
    "console", "customers", "device", "device_link", "docs", "explain", "functions", "groups", "home", "keys",
    "language", "login", "logout", "open_sessions", "ops", "passkey_login", "passkeys", "password",
    "permissions", "recovery", "rp_logout", "second_step", "security", "sessions", "static", "theme",
    "user_access", "user_groups", "user_keys", "users",
}  # fmt: skip
PAGE = "https://spa.example.com"
CALLBACK = PAGE + "/callback"
EVIL = "https://evil.example.com"
USERINFO = "/oauth/userinfo"
USERINFO_LONG = "/authentication/v1/oauth/userinfo"
REVOKE = TOKEN + "/revoke"
DOCUMENTS = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource",
    "/oauth/jwks",
)
BY_CLIENT = (TOKEN, REVOKE, "/oauth/token", "/oauth/revoke")
OWN = (*BY_CLIENT, USERINFO, USERINFO_LONG)
ALLOW = "Access-Control-Allow-Origin"


class Page(RelyingParty):
    """A script of an origin: what it sends has an ``Origin``, as browsers add it."""

    def __init__(self, app: Flask, client_id: str, origin: str = PAGE, *, secret: str | None = None) -> None:
        super().__init__(app, client_id, secret=secret)
        self.origin = origin

    def posts(self, path: str = TOKEN, *, address: str | None = None, **form: str) -> TestResponse:
        return self.fetches("POST", path, data={"client_id": self.client_id, **form}, address=address)

    def fetches(
        self, method: str, path: str, *, address: str | None = None, headers: Any = None, **options: Any
    ) -> TestResponse:
        return self.app.test_client().open(
            path,
            method=method,
            headers={"Origin": self.origin, **(headers or {})},
            environ_overrides={"REMOTE_ADDR": address or self.address},
            **options,
        )

    def asks(self, path: str, method: str = "POST", **headers: str) -> TestResponse:
        """Send a preflight."""
        return self.fetches("OPTIONS", path, headers={"Access-Control-Request-Method": method, **headers})


def cors(answer: TestResponse) -> dict[str, str]:
    return {name: value for name, value in answer.headers if name.lower().startswith("access-control-")}


def is_readable(answer: TestResponse, origin: str = PAGE) -> bool:
    """As the browser judges; and whatever it says, caches are told that it depends on the origin."""
    assert "Origin" in answer.headers.get("Vary", "")
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert answer.headers.get(ALLOW) in (None, origin)
    return ALLOW in answer.headers


@pytest.fixture
def spa(app: Flask, world: World) -> Page:
    """A public client that alice may use, and its page."""
    return Page(app, world.client(authentication_method="none", redirect_uris=[CALLBACK]))


def tokens_of(page: Page, person: Person) -> dict[str, Any]:
    code = page.sends(person, redirect_uri=CALLBACK)["code"]
    answer = page.redeems(code, redirect_uri=CALLBACK)
    assert answer.status_code == 200, answer.data
    assert is_readable(answer, page.origin)
    return dict(answer.json or {})


def test_every_route_is_decided(app: Flask, spa: Page) -> None:
    """A new endpoint of the protocol, or a new blueprint, is a row here; what is closed sends nothing."""
    seen = set()
    for rule in app.url_map.iter_rules():
        name = rule.endpoint if rule.endpoint.startswith("oauth.") else rule.endpoint.partition(".")[0]
        assert (name in OPEN) != (name in CLOSED), rule.endpoint
        seen.add(name)
        values = {key: 1 if "Integer" in type(one).__name__ else "x" for key, one in rule._converters.items()}
        _, path = rule.build(values) or ("", rule.rule)
        answers = [spa.asks(path)]
        if name in CLOSED:
            answers += [spa.fetches(one, path) for one in (rule.methods or set()) - {"HEAD", "OPTIONS"}]
        told = [cors(answer) for answer in answers if cors(answer)]
        assert bool(told) == bool(OPEN.get(name)), rule.endpoint
        for answer in answers:
            answer.close()
    assert seen == CLOSED | set(OPEN)


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("origin", [PAGE, EVIL, "null", None])
def test_documents_are_everybodys(app: Flask, path: str, origin: str | None) -> None:
    """The same header for all, so that one cached answer serves all; of a 304 too."""
    headers = {"Origin": origin} if origin is not None else {}
    answer = app.test_client().get(path, headers=headers)
    assert cors(answer) == {ALLOW: "*"}
    assert answer.headers["Vary"] == "Accept-Encoding"
    again = app.test_client().get(path, headers=headers | {"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, cors(again)) == (304, {ALLOW: "*"})


@pytest.mark.parametrize("path", OWN)
def test_a_preflight_asks_the_database_nothing(spa: Page, queries: Counter, path: str) -> None:
    """No client is known yet: every origin but ``null`` gets the same, whatever it sends."""
    sent = "authorization,content-type,dpop"
    answer = spa.asks(path, **{"Access-Control-Request-Headers": sent})
    assert (answer.status_code, answer.data) == (200, b"")
    told = cors(answer)
    assert told[ALLOW] == "*"
    assert set(told["Access-Control-Allow-Headers"].lower().split(", ")) == set(sent.split(","))
    assert "POST" in told["Access-Control-Allow-Methods"]
    assert 600 <= int(told["Access-Control-Max-Age"]) <= 86_400
    assert "Access-Control-Allow-Credentials" not in told
    for strange in (EVIL, "x" * 5000, "https://\u00e6", "*", ""):
        assert cors(Page(spa.app, spa.client_id, strange).asks(path, "DELETE")) == told
    assert cors(Page(spa.app, spa.client_id, "null").asks(path)) == {}
    assert cors(spa.fetches("OPTIONS", path)) == {}
    assert queries.statements == []


def test_a_page_lives_with_its_tokens(spa: Page, alice: Person) -> None:
    """Redeem, userinfo both ways, refresh, revoke; after that the 401 can be read with its challenge."""
    tokens = tokens_of(spa, alice)
    fresh = spa.refreshes(tokens["refresh_token"])
    assert is_readable(fresh)
    bearer = {"Authorization": f"Bearer {fresh.json['access_token']}"}
    for path in (USERINFO, USERINFO_LONG):
        for method in ("GET", "POST"):
            answer = spa.fetches(method, path, headers=bearer)
            assert (answer.status_code, is_readable(answer)) == (200, True)
    gone = spa.posts(REVOKE, token=fresh.json["refresh_token"])
    assert (gone.status_code, is_readable(gone)) == (200, True)
    dead = spa.fetches("GET", USERINFO, headers=bearer)
    assert (dead.status_code, is_readable(dead)) == (401, True)
    assert "WWW-Authenticate" in dead.headers["Access-Control-Expose-Headers"]
    assert spa.posts("/oauth/introspect", token="x").headers.get(ALLOW) is None


def test_a_page_that_makes_proofs(spa: Page, alice: Person) -> None:
    """RFC 9449 8, 9: it can read that a nonce is wanted, and which, at token and at userinfo."""
    prover = Prover(Signer())
    code = spa.sends(alice, redirect_uri=CALLBACK)["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": spa.verifier,
        "client_id": spa.client_id,
    }
    for status in (400, 200):
        headers = {"DPoP": prover.proves("POST", TOKEN)}
        answer = spa.fetches("POST", TOKEN, data=form, headers=headers)
        assert (answer.status_code, is_readable(answer)) == (status, True), answer.data
        prover.nonce = answer.headers.get("DPoP-Nonce", prover.nonce)
    assert "DPoP-Nonce" in answer.headers["Access-Control-Expose-Headers"]
    token, prover.nonce = answer.json["access_token"], None
    for status in (401, 200):
        headers = {"DPoP": prover.proves("GET", USERINFO, token), "Authorization": f"DPoP {token}"}
        answer = spa.fetches("GET", USERINFO, headers=headers)
        assert (answer.status_code, is_readable(answer)) == (status, True), answer.data
        prover.nonce = answer.headers.get("DPoP-Nonce", prover.nonce)


NOBODYS = (EVIL, "null", "*", "", "https://spa.example.com.evil.example", "http://spa.example.com",
           "https://spa.example.com:8443", "https://SPA.example.com", "https://spa.example.com/",
           CALLBACK, "https://spa.example.com, https://spa.example.com", "spa.example.com")  # fmt: skip


@pytest.mark.parametrize("origin", NOBODYS)
def test_no_other_origin_reads(spa: Page, alice: Person, origin: str) -> None:
    """Byte by byte as browsers write it. Errors are not read either: they tell right from wrong."""
    tokens = tokens_of(spa, alice)
    other = Page(spa.app, spa.client_id, origin)
    for answer in (
        other.refreshes("x"),
        other.posts(grant_type="nothing"),
        other.posts(REVOKE, token="x"),
        other.fetches("GET", USERINFO, headers={"Authorization": f"Bearer {tokens['access_token']}"}),
        other.refreshes(tokens["refresh_token"]),
    ):
        assert not is_readable(answer, origin)


def test_a_client_with_a_secret_has_no_page(app: Flask, world: World, alice: Person) -> None:
    """Not even with the right secret: it would stand in a script that everybody reads."""
    page = Page(app, world.client(redirect_uris=[CALLBACK]))
    server = RelyingParty(app, page.client_id)
    code = server.sends(alice, redirect_uri=CALLBACK)["code"]
    token = server.redeems(code, redirect_uri=CALLBACK).json["access_token"]
    right = {"client_secret": server.secret or ""}
    for answer in (
        page.refreshes("x"),
        page.refreshes("x", **right),
        page.fetches("GET", USERINFO, headers={"Authorization": f"Bearer {token}"}),
    ):
        assert not is_readable(answer)


# What goes wrong before or after the client is looked for. The last has no client that could be known.
WRONG: dict[str, tuple[int, dict[str, Any], bool]] = {
    "no grant type": (400, {"data": {"client_id": "{id}"}}, True),
    "a wrong grant": (400, {"data": {"client_id": "{id}", "grant_type": "password"}}, True),
    "a wrong code": (400, {"data": {"client_id": "{id}", "grant_type": "authorization_code",
                                    "code": "x"}}, True),
    "a parameter twice": (400, {"data": "client_id={id}&code=a&code=b"}, True),
    "JSON": (400, {"json": {"client_id": "{id}", "grant_type": "refresh_token"}}, True),
    "in the query": (400, {"query_string": "client_id={id}&code=x", "data": {"a": "b"}}, True),
    "a secret it has not": (401, {"data": {"client_id": "{id}", "client_secret": "x" * 20,
                                           "grant_type": "refresh_token"}}, True),
    "from elsewhere": (401, {"data": {"client_id": "{id}", "grant_type": "refresh_token"},
                             "address": "198.51.100.7"}, True),
    "too long": (413, {"data": "client_id={id}&x=" + "x" * 20_000}, False),
    "another client": (401, {"data": {"client_id": "00000000-0000-0000-0000-000000000000",
                                      "grant_type": "refresh_token"}}, False),
    "two clients": (400, {"data": "client_id={id}&client_id=00000000-0000-0000-0000-000000000000"}, False),
    "no client": (401, {"data": {"grant_type": "refresh_token"}}, False),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_errors_are_read(world: World, spa: Page, name: str) -> None:
    """Whoever writes the page sees what is wrong, as far as it can be told whose page it is."""
    world.change_client(spa.client_id, client_ip_range=["127.0.0.1/32"])
    status, options, readable = WRONG[name]

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: fill(one) for key, one in value.items()}
        return value.replace("{id}", spa.client_id)

    options = {key: fill(one) for key, one in options.items()}
    if isinstance(options.get("data"), str):
        options["content_type"] = "application/x-www-form-urlencoded"
    answer = spa.fetches("POST", TOKEN, **options)
    assert (answer.status_code, is_readable(answer)) == (status, readable)


def test_too_many_failures_are_read(world: World, spa: Page, settings: Any) -> None:
    """429, and when to come again."""
    settings(throttle_client_failures=1)
    world.change_client(spa.client_id, client_ip_range=["127.0.0.1/32"])
    codes = set()
    for _ in range(12):
        answer = spa.posts(grant_type="refresh_token", refresh_token="x", address="198.51.100.7")
        assert is_readable(answer)
        codes.add(answer.status_code)
    assert codes == {401, 429}
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


@pytest.fixture
def no_writing(app: Flask) -> Iterator[None]:
    """The database reads and does not write."""

    def fail(*called: Any) -> None:
        if called[2].lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
            raise OperationalError("", None, Exception())

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", fail)
    yield
    event.remove(engine, "before_cursor_execute", fail)


def test_that_it_is_not_available_is_read(spa: Page, alice: Person, request: pytest.FixtureRequest) -> None:
    """503, once the client is known; a database that fails to read is not asked a second time."""
    tokens = tokens_of(spa, alice)
    request.getfixturevalue("no_writing")
    answer = spa.refreshes(tokens["refresh_token"])
    assert (answer.status_code, is_readable(answer)) == (503, True)


def test_a_client_that_is_named_by_header(spa: Page) -> None:
    """Basic with an empty password (contract 0 #6), in a request that is refused before it is looked at."""
    basic = base64.b64encode(f"{spa.client_id}:".encode()).decode()
    answer = spa.fetches("POST", TOKEN, data={"a": "b"}, headers={"Authorization": f"Basic {basic}"})
    assert (answer.status_code, is_readable(answer)) == (400, True)


def test_a_database_that_fails_is_asked_once(app: Flask, spa: Page) -> None:
    """An origin makes an outage no dearer."""
    asked: list[str] = []

    def fail(*called: Any) -> None:
        asked.append(called[2])
        raise OperationalError("", None, Exception())

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", fail)
    try:
        counts = []
        for page in (RelyingParty(app, spa.client_id, secret=None), spa):
            asked.clear()
            assert page.refreshes("x").status_code == 503
            counts.append(len(asked))
    finally:
        event.remove(engine, "before_cursor_execute", fail)
    assert counts[0] == counts[1] > 0


def test_a_bearer_that_is_nobodys(spa: Page) -> None:
    """No token, or none of ours, names no client, whatever the body says."""
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}):
        answer = spa.fetches("POST", USERINFO, headers=headers, data={"client_id": spa.client_id})
        assert answer.status_code in (400, 401)
        assert not is_readable(answer)


def test_a_changed_client_is_read_anew(world: World, spa: Page, alice: Person) -> None:
    """An address taken away, a secret given, deleted: no page reads from the next answer on."""
    tokens = tokens_of(spa, alice)
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    changes: list[dict[str, Any]] = [
        {"redirect_uris": ["https://other.example.com/"]},
        {"authentication_method": "password", "secret_digest": compute_digest("x")},
        {"deleted_at": app_clock.now()},
    ]
    for change in changes:
        world.change_client(spa.client_id, authentication_method="none", redirect_uris=[CALLBACK])
        assert is_readable(spa.fetches("GET", USERINFO, headers=bearer))
        world.change_client(spa.client_id, **change)
        assert not is_readable(spa.fetches("GET", USERINFO, headers=bearer))
        assert not is_readable(spa.refreshes("x"))


LOOPBACK = ("http://127.0.0.1:8081/cb", "http://localhost", "http://[::1]/cb")
PORTS = (
    ("http://127.0.0.1:5173", True), ("http://127.0.0.1", True), ("http://localhost:3000", True),
    ("http://[::1]:3000", True), ("http://127.0.0.2:3000", False), ("https://127.0.0.1:5173", False),
    ("https://localhost:3000", False), ("http://localhost.evil.example:3000", False),
    ("http://localhost:99999", False),
)  # fmt: skip


@pytest.mark.parametrize(("origin", "readable"), PORTS)
def test_on_ones_own_machine_the_port_is_free(world: World, spa: Page, origin: str, readable: bool) -> None:
    """As at the authorization endpoint (RFC 8252 7.3): a development server takes any."""
    world.change_client(spa.client_id, redirect_uris=list(LOOPBACK))
    assert is_readable(Page(spa.app, spa.client_id, origin).refreshes("x"), origin) is readable


def test_an_origin_is_no_extra_query(spa: Page, alice: Person, queries: Counter) -> None:
    """Refresh, code and userinfo ask the database as often as without one."""
    counted: dict[str, list[int]] = {"with": [], "without": []}
    for kind, page in (("without", RelyingParty(spa.app, spa.client_id, secret=None)), ("with", spa)):
        for turn in range(2):  # the first warms what is kept
            code = page.sends(alice, redirect_uri=CALLBACK)["code"]
            queries.reset()
            tokens = page.redeems(code, redirect_uri=CALLBACK).json
            redeemed = len(queries.statements)
            queries.reset()
            page.refreshes(tokens["refresh_token"])
            refreshed = len(queries.statements)
            queries.reset()
            page.posts(REVOKE, token="x")
            if turn:
                counted[kind] = [redeemed, refreshed, len(queries.statements)]
    assert counted["with"] == counted["without"]
