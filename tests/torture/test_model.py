"""Random lives of users, rights, clients, consents and tokens, each step predicted by a small model.

``model`` says which token lives and what it may do; the product must agree at every step.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import invariant
from hypothesis.stateful import precondition
from hypothesis.stateful import rule
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from app import clock as app_clock
from tests.drivers.person import forms
from tests.fixtures import Template
from tests.servers import LiveServer
from tests.servers import running
from tests.torture import state
from tests.torture.model import LOGIN_SECONDS
from tests.torture.model import SEEN_SECONDS
from tests.torture.model import Client
from tests.torture.model import Code
from tests.torture.model import Login
from tests.torture.model import Model
from tests.torture.model import Session
from tests.torture.model import Token
from tests.torture.model import User
from tests.torture.scale import IS_FULL
from tests.torture.scale import figure
from tests.torture.use_cases import API
from tests.torture.use_cases import TOKEN
from tests.torture.use_cases import InProcess
from tests.torture.use_cases import OverSockets
from tests.torture.use_cases import Reply
from tests.torture.use_cases import bearer

FUNCTIONS = ("enter", "read", "write")
ROLES = ("reader", "writer")
# Which edges come and go; "reader" may bundle "writer", never the other way round.
EDGES = [("reader", one) for one in (*FUNCTIONS, "writer")] + [("writer", one) for one in FUNCTIONS]
CUSTOMERS = ("group", "acme", "bolt")
SCOPES = ("openid", "profile")
FIELDS = ("requiredFunction", "permissionScope", "permittedScopes", "clientIPRange")
EVERYWHERE, ELSEWHERE = ["0.0.0.0/0", "::/0"], ["203.0.113.7/32"]
REDIRECT = "https://app.example.com/callback"
SECRET = "a-client-secret-of-some-length"
# Mostly what came last: it is what lives.
ANY = st.one_of(st.integers(0, 3), st.integers(0, 10_000))
# What ends much is done once in a few times: else nothing ever lives long.
SURE = st.integers(0, 3).map(lambda drawn: drawn == 0)
# Between them lie all limits: grace, code, last seen, access, refresh, idle, the end of a login.
PAUSES = st.sampled_from((7, 7, 7, 65, 65, 301, 1_900, 3_700, 12_000))


class Place:
    """A service to try out, and how to begin there anew. ``prefix`` keeps names of several lives apart."""

    prefix = ""

    def __init__(self, wire: InProcess | OverSockets, key: str) -> None:
        self.wire, self.key = wire, key

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        """As administrator."""
        if body is not None:
            options["json"] = body
        return self.wire.send(method, path, headers={"Argus-API-Key": self.key}, **options)

    def done(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        reply = self.call(method, path, body)
        assert reply.status in (200, 201, 220), (method, path, body, reply.text)
        return reply.data["data"] or {}

    def builds(self) -> None:
        """Functions, customers and users, under names with the prefix."""
        p = self.prefix
        for name in (*FUNCTIONS, *ROLES):
            new = {"name": p + name, "parent": "ALL-FUNCTIONS", "minimumSecurityLevel": "external"}
            self.done("POST", "/useradmin/v2/function", new | {"role": name in ROLES})
        for name, parent in (("group", "root"), ("acme", p + "group"), ("bolt", p + "group")):
            new = {"name": name, "shortName": p + name, "parent": parent}
            self.done("POST", "/customeradmin/v2/customer", new)
        for name, home in (("ann", "acme"), ("ben", "bolt")):
            new = {"shortName": p + name, "name": name, "customer": p + home}
            self.done("POST", "/useradmin/v2/user", new)
            reset = self.done("PUT", f"{API}/user/{p}{name}/password/reset")
            body = {"newPassword": f"the first one of {name}", "authorization": reset["authorization"]}
            self.done("PUT", f"{API}/password", body)

    def begins(self) -> None:
        """Everything as after ``builds``."""

    def waits(self, seconds: float) -> None:
        """Let time go by; where that takes real time it is not done (``has_clock``)."""

    has_clock = False


class Here(Place):
    """In this process: rows are set back, and time is ours."""

    has_clock = True

    def __init__(self, template: Template, engine: Engine, patch: pytest.MonkeyPatch) -> None:
        super().__init__(InProcess(template.app), template.secrets.api_key)
        self.template, self.start, self.ahead = template, app_clock.now(), 0.0
        template.restore()
        patch.setattr(app_clock, "now", lambda: self.start + timedelta(seconds=self.ahead))
        self.engine = engine
        self.builds()
        self.rows = state.read(self.engine)

    def begins(self) -> None:
        kept = self.template.app.extensions["argus"]
        for factory in [key for key in kept if key != "settings"]:
            del kept[factory]
        state.restore(self.engine, self.rows)
        self.ahead = 0.0

    def waits(self, seconds: float) -> None:
        self.ahead += seconds


class There(Place):
    """A running server: each life has names of its own, and time is what it is."""

    numbers = itertools.count(1)

    def __init__(self, server: LiveServer) -> None:
        super().__init__(OverSockets(server.base), server.key)

    def begins(self) -> None:
        self.prefix = f"life{next(self.numbers)}-"
        self.builds()


class Life(RuleBasedStateMachine):
    """One random life. Lists keep what was ever handed out, dead or alive: all of it is presented again."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place, self.serial, self.turn = place, 0, 0
        place.begins()
        self.model = Model({"group": None, "acme": "group", "bolt": "group"})
        self.users = [
            User("ann", "acme", "the first one of ann"),
            User("ben", "bolt", "the first one of ben"),
        ]
        self.logins: list[Login] = []
        self.codes: list[Code] = []
        self.tokens: list[Token] = []
        for edge in (("reader", "enter"), ("reader", "read"), ("writer", "write")):
            self.turn_edge(len(EDGES) - 1 - EDGES.index(edge))
        self.clients = [self.register(None), self.register("acme")]
        self.turn_permission(1, 1, 1)
        self.log_in(1)
        self.approve(0, 1, 2)
        self.redeem(0)

    # --- rights ------------------------------------------------------------------------------------------

    @rule(user=ANY, function=ANY, customer=ANY)
    def turn_permission(self, user: int, function: int, customer: int) -> None:
        """Grant it, or revoke it when it is there."""
        who = _pick(self.users, user)
        key = (who.name, _pick((*FUNCTIONS, *ROLES), function), _pick(CUSTOMERS, customer))
        held, p = self.model.permissions, self.place.prefix
        if not (self.model.stands(who.home) and self.model.stands(key[2])):
            return  # what is disabled is not found
        if key in held:
            self.place.done("DELETE", f"/useradmin/v2/permission/{held.pop(key)}")
            return
        body = dict(zip(("subject", "function", "customer"), (p + one for one in key), strict=True))
        held[key] = int(self.place.done("POST", "/useradmin/v2/permission", body)["id"])

    @rule(edge=ANY)
    def turn_edge(self, edge: int) -> None:
        """Put a function into a role, or take it out."""
        parent, child = key = _pick(EDGES, edge)
        p, path = self.place.prefix, f"/useradmin/v2/function/{self.place.prefix}{parent}/children"
        if key in self.model.edges:
            self.place.done("DELETE", f"{path}?child={p}{child}")
        else:
            self.place.done("POST", path, {"children": [p + child]})
        self.model.edges ^= {key}

    @rule(customer=ANY, sure=SURE)
    def turn_customer(self, customer: int, sure: bool) -> None:
        name = _pick(CUSTOMERS, customer)
        parent = self.model.parents[name]
        if parent is not None and not self.model.stands(parent):
            return  # what is below it is not found
        if not (sure or name in self.model.disabled):
            return
        verb = "reenable" if name in self.model.disabled else "disable"
        self.place.done("PUT", f"/customeradmin/v2/customer/{self.place.prefix}{name}/{verb}", {})
        self.model.disabled ^= {name}

    # --- clients -----------------------------------------------------------------------------------------

    def register(self, customer: str | None) -> Client:
        self.serial += 1
        p = self.place.prefix
        new = {
            "shortName": f"{p}app-{self.serial}", "name": f"App {self.serial:03}",
            "description": "An application", "mainURI": "https://app.example.com/",
            "redirectURIs": [REDIRECT],
            "authenticationMethod": "password", "clientSecret": SECRET,
            "requiredFunction": p + "enter", "permissionScope": p + "reader", "permittedScopes": list(SCOPES),
            "clientIPRange": EVERYWHERE, "maxSecurityLevel": "external",
        }  # fmt: skip
        if customer is not None:
            new["customer"] = p + customer
        made = self.place.done("POST", f"{API}/oauth/client", new)
        return Client(made["id"], new["name"], customer, "enter", "reader", set(SCOPES))

    @rule(client=ANY, field=st.sampled_from(FIELDS), to=ANY)
    def change_client(self, client: int, field: str, to: int) -> None:
        it, p = _pick(self.clients, client), self.place.prefix
        if it.customer is not None and not self.model.stands(it.customer):
            return
        if field == "requiredFunction":
            it.required = _pick(FUNCTIONS, to)
            change: dict[str, Any] = {field: p + it.required}
        elif field == "permissionScope":
            it.scope = _pick((*FUNCTIONS, *ROLES), to)
            change = {field: p + it.scope}
        elif field == "permittedScopes":
            it.permitted = set(SCOPES[: 1 + to % 2])
            change = {field: sorted(it.permitted)}
        else:
            it.reachable = not it.reachable
            change = {"clientIPRange": EVERYWHERE if it.reachable else ELSEWHERE}
        self.place.done("PUT", f"{API}/oauth/client/{it.id}", change)

    @rule(client=ANY, sure=SURE)
    def replace_client(self, client: int, sure: bool) -> None:
        """Delete it and register another: nothing goes over."""
        if not sure:
            return
        old = _pick(self.clients, client)
        if old.customer is not None and not self.model.stands(old.customer):
            return
        self.place.done("DELETE", f"{API}/oauth/client/{old.id}")
        old.deleted = True
        self.clients[self.clients.index(old)] = self.register(old.customer)

    # --- logins ------------------------------------------------------------------------------------------

    @rule(user=ANY)
    def log_in(self, user: int) -> None:
        who = _pick(self.users, user)
        body = {"userName": self.place.prefix + who.name, "password": who.password}
        reply = self.place.wire.send("POST", f"{API}/password/authentication", json=body)
        assert (reply.status == 200) == self.model.may_be_here(who), reply.text
        if reply.status == 200:
            token = reply.data["data"]["credentials"]["requestCredentialsData"]
            now = self.model.now
            self.logins.append(Login(who, token, who.epoch, now + LOGIN_SECONDS, now))

    @precondition(lambda self: self.logins)
    @rule(login=ANY, sure=SURE)
    def log_out(self, login: int, sure: bool) -> None:
        it = _pick(self.logins, login)
        if not sure:
            return
        reply = self.place.wire.send("DELETE", f"{API}/session", headers=bearer(it.token))
        assert self.uses(it) == (reply.status == 200), reply.text
        it.ended = it.ended or reply.status == 200

    @precondition(lambda self: self.logins)
    @rule(login=ANY, sure=SURE)
    def change_password(self, login: int, sure: bool) -> None:
        it = _pick(self.logins, login)
        if not sure:
            return
        self.serial += 1
        body = {"oldPassword": it.user.password, "newPassword": f"number {self.serial} of {it.user.name}"}
        reply = self.place.wire.send("PUT", f"{API}/password", json=body, headers=bearer(it.token))
        assert self.model.is_login_usable(it) == (reply.status == 200), reply.text
        if reply.status == 200:
            it.user.password = body["newPassword"]
            it.user.epoch += 1

    @rule(user=ANY, how=st.sampled_from(("block", "sessions")), sure=SURE)
    def end_user(self, user: int, how: str, sure: bool) -> None:
        """Block or unblock, or log out everywhere."""
        who = _pick(self.users, user)
        if not (sure or who.blocked):
            return
        path = f"{API}/user/{self.place.prefix}{who.name}"
        if not self.model.stands(who.home):
            return
        if how == "sessions":
            self.place.done("DELETE", f"{path}/sessions")
            who.epoch += 1
        elif who.blocked:
            self.place.done("PUT", f"{path}/unblock", {})
            who.blocked = False
        else:
            self.place.done("PUT", f"{path}/block", {"comment": "life"})
            who.blocked = True
            who.epoch += 1

    def uses(self, login: Login) -> bool:
        """A use of the login itself: whether it works; if so, it was seen."""
        usable = self.model.is_login_usable(login)
        if usable and self.model.now - login.seen >= SEEN_SECONDS:
            login.seen = self.model.now
        return usable

    # --- consents and tokens -----------------------------------------------------------------------------

    @precondition(lambda self: self.logins)
    @rule(login=ANY, client=ANY, scopes=st.integers(1, 2))
    def approve(self, login: int, client: int, scopes: int) -> None:
        it, at, asked = _pick(self.logins, login), _pick(self.clients, client), set(SCOPES[:scopes])
        body = {"clientID": at.id, "redirectURI": REDIRECT, "responseType": ["code"], "scope": sorted(asked)}
        reply = self.place.wire.send("POST", f"{API}/oauth/authorize", json=body, headers=bearer(it.token))
        expected = self.uses(it) and asked <= at.permitted and self.model.may_enter(it.user, at)
        assert (reply.status == 201) == expected, reply.text
        if expected:
            grant = self.model.approve(it, at, asked)
            code = reply.data["data"]["authorizationCode"]
            self.codes.append(Code(code, it, grant, asked, self.model.now + 60))

    @precondition(lambda self: self.model.grants)
    @rule(login=ANY, grant=ANY, sure=SURE)
    def withdraw(self, login: int, grant: int, sure: bool) -> None:
        """By the person's own page, which lists what stands by the name of the application."""
        it = _pick(self.logins, login)
        if not (sure and self.uses(it)):
            return
        cookies = {"argus_session": it.token}
        page = self.place.wire.send("GET", "/", cookies=cookies)
        buttons = [form for form in forms(page.text) if "withdraw" in form[0]]
        mine = [one for one in self.model.grants if one.user is it.user]
        standing = [one for one in mine if not one.withdrawn and not one.client.deleted]
        assert len(buttons) == len(standing), page.text
        if not standing:
            return
        standing.sort(key=lambda one: one.client.name)
        number = grant % len(standing)
        name, _, value = page.headers.get("Set-Cookie", "").partition(";")[0].partition("=")
        action, hidden = buttons[number]
        reply = self.place.wire.send("POST", action, data=hidden, cookies=cookies | {name: value})
        assert reply.status == 303, reply.text
        standing[number].withdrawn = True

    @precondition(lambda self: self.codes)
    @rule(code=ANY)
    def redeem(self, code: int) -> None:
        it = _pick(self.codes, code)
        expected, replayed = self.model.is_redeemable(it), it.session
        reply = self.posts(
            it.grant.client, TOKEN, grant_type="authorization_code", code=it.text, redirect_uri=REDIRECT
        )
        assert (reply.status == 200) == expected, reply.text
        if expected:
            self.keeps(reply, self.model.open_session(it))
        elif replayed is not None and self.model.answers(it.grant.client):
            replayed.ended = True

    @precondition(lambda self: self.tokens)
    @rule(token=ANY)
    def refresh(self, token: int) -> None:
        found = [one for one in self.tokens if one.kind == "refresh"]
        it = _pick(found, token)
        session = it.session
        expected, repeated = self.model.may_refresh(it), self.model.is_repeated(it)
        reply = self.posts(session.grant.client, TOKEN, grant_type="refresh_token", refresh_token=it.text)
        assert (reply.status == 200) == expected, reply.text
        if expected and repeated:
            # Still the same pair; what narrowed in between shows at its use.
            pair = {one.text for one in self.tokens if one.session is session}
            assert {reply.data["access_token"], reply.data["refresh_token"]} <= pair
        elif expected:
            self.model.rotate(session)
            self.keeps(reply, session)
        elif it.generation < session.generation and not repeated and self.model.answers(session.grant.client):
            session.ended = True

    @precondition(lambda self: self.tokens)
    @rule(token=ANY)
    def introspect(self, token: int) -> None:
        it = _pick(self.tokens, token)
        client = it.session.grant.client
        reply = self.posts(client, f"{TOKEN}/introspect", token=it.text)
        assert (reply.status == 200) == self.model.answers(client), reply.text
        live = self.model.is_access_live(it) if it.kind == "access" else self.model.is_refresh_live(it)
        assert bool(reply.data.get("active")) == live, reply.text
        if live:
            assert set(reply.data["scope"].split()) == it.session.scopes & client.permitted

    @precondition(lambda self: self.tokens)
    @rule(token=ANY, sure=SURE)
    def revoke(self, token: int, sure: bool) -> None:
        if not sure:
            return
        it = _pick(self.tokens, token)
        client = it.session.grant.client
        reply = self.posts(client, f"{TOKEN}/revoke", token=it.text)
        assert (reply.status == 200) == self.model.answers(client), reply.text
        known = it.kind == "refresh" or it.generation == it.session.generation
        it.session.ended = it.session.ended or (reply.status == 200 and known)

    @precondition(lambda self: self.tokens)
    @rule(token=ANY, function=ANY, customer=ANY)
    def act(self, token: int, function: int, customer: int) -> None:
        """A call of the API by an access token: 401 dead, 403 or 404 not this, 200."""
        found = [one for one in self.tokens if one.kind == "access"]
        self.tries(_pick(found, token), _pick((*FUNCTIONS, *ROLES), function), _pick(CUSTOMERS, customer))

    def tries(self, token: Token, function: str, customer: str) -> None:
        p = self.place.prefix
        path = f"{API}/session/permission/{p}{function}/{p}{customer}"
        reply = self.place.wire.send("GET", path, headers=bearer(token.text))
        ANSWERS[reply.status] += 1
        if not self.model.is_access_live(token):
            assert reply.status == 401, reply.text
        elif self.model.may_do(token, function, customer):
            assert reply.status == 200, reply.text
        else:
            assert reply.status in (403, 404), reply.text

    @rule(user=ANY, client=ANY)
    def go_in(self, user: int, client: int) -> None:
        """The whole way, as far as it goes."""
        before = len(self.logins), len(self.codes)
        self.log_in(user)
        if len(self.logins) > before[0]:
            self.approve(0, client, 1)
        if len(self.codes) > before[1]:
            self.redeem(0)

    @invariant()
    def the_last_token_is_what_it_should_be(self) -> None:
        """After each step: one function for one customer, in turn."""
        self.turn += 1
        if self.tokens:
            self.act(0, self.turn, self.turn)

    @precondition(lambda self: self.place.has_clock)
    @rule(seconds=PAUSES)
    def wait(self, seconds: int) -> None:
        self.place.waits(seconds)
        self.model.now += seconds

    def posts(self, client: Client, path: str, **form: str) -> Reply:
        own = {"client_id": client.id, "client_secret": SECRET}
        return self.place.wire.send("POST", path, data=own | form)

    def keeps(self, reply: Reply, session: Session) -> None:
        for kind in ("access", "refresh"):
            self.tokens.append(Token(reply.data[f"{kind}_token"], kind, session, session.generation))

    def teardown(self) -> None:
        """At the end, every access token ever issued, with one function for one customer."""
        found = [one for one in self.tokens if one.kind == "access"]
        for number, token in enumerate(found):
            self.tries(token, _pick((*FUNCTIONS, *ROLES), number), _pick(CUSTOMERS, number))


# What calls with an access token were answered: a run in which none works shows nothing.
ANSWERS = Counter[int]()


def _pick(things: Any, number: int) -> Any:
    """The last for 0, the one before for 1, and so on in circles."""
    return things[-1 - number % len(things)]


def run(make: Callable[[], Life], lives: int, steps: int) -> None:
    settings = hypothesis.settings(
        max_examples=lives,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        # In each run the same lives: what is found by chance is found by ``make torture``.
        derandomize=not IS_FULL,
        suppress_health_check=list(HealthCheck),
    )
    ANSWERS.clear()
    run_state_machine_as_test(make, settings=settings)
    print(f"{lives} lives; calls with an access token: {dict(ANSWERS)}")  # noqa: T201 - the figures of this run
    assert ANSWERS[200] > lives


@pytest.fixture
def roomy(template: Template) -> Iterator[Template]:
    """Without throttles: this tries out what is right and wrong, not how often."""
    import dataclasses

    kept = template.app.extensions["argus"]["settings"]
    template.app.extensions["argus"]["settings"] = dataclasses.replace(
        kept, throttle_login_failures=10_000, throttle_client_failures=10_000
    )
    yield template
    template.app.extensions["argus"]["settings"] = kept


def test_the_product_does_as_the_model_says(roomy: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    with state.connected_as(roomy.app) as engine:
        place = Here(roomy, engine, monkeypatch)
        run(lambda: Life(place), figure("lives"), figure("steps"))


@pytest.mark.server
def test_a_running_server_does_as_the_model_says(tmp_path: Any) -> None:
    with running(tmp_path, throttle_login_failures=10_000, throttle_client_failures=10_000) as server:
        place = There(server)
        run(lambda: Life(place), figure("live_lives"), figure("steps"))
