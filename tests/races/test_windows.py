"""Each use case that judges before it writes, with each fact changed in between (security rules 1-8).

The rival comes right before a unit of work opens: what was judged until then is no longer true.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import clock
from app.models.audit import AuditEvent
from app.models.directory import Customer
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.person import first_form
from tests.drivers.person import forms
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned
from tests.races.rival import rival_before_unit
from tests.world import REDIRECT
from tests.world import World

API = "/authentication/v1"
NEW = "another horse battery staple"


class Scene:
    """Alice, logged in, at an application that she approved once; it has a session and an unused code."""

    def __init__(self, app: Flask, world: World) -> None:
        self.app, self.world = app, world
        self.rp = RelyingParty(app, world.client())
        self.alice = Person(app)
        self.tokens = self.rp.obtains(self.alice)
        self.code = self.rp.sends(self.alice)["code"]
        cookie = self.alice.browser.get_cookie("argus_session")
        assert cookie is not None
        self.login = ApiCaller(app, None)
        self.bearer = {"Authorization": f"Bearer {cookie.value}"}
        self.key = ApiCaller(app, world.api_key("alice"))

    def change_client(self, **values: Any) -> None:
        self.world.change_client(self.rp.client_id, **values)

    def reopens(self) -> None:
        """Log in again in the same browser: the row lives on, under a new cookie."""
        old = self.alice.browser.get_cookie("argus_session")
        again = Person(self.app)
        assert old is not None
        again.browser.set_cookie("argus_session", old.value)
        answer = again.logs_in()
        assert answer.status_code == 303, answer.text


# What must be dead afterwards: all that alice has, what hangs on the login she had, what the application has.
PERSON, LOGIN, APPLICATION, NOTHING = "person", "login", "application", ""
# What changes in between, and what it takes away.
RIVALS: dict[str, tuple[Callable[[Scene], Any], str]] = {
    "nothing": (lambda s: None, NOTHING),
    "user blocked": (lambda s: s.world.block("alice"), PERSON),
    "user deleted": (lambda s: s.world.delete("alice"), PERSON),
    "function revoked": (lambda s: s.world.revoke("alice", "APP-ROLE"), APPLICATION),
    "customer disabled": (lambda s: s.world.disable_customer("acme"), APPLICATION),
    "every session ended": (lambda s: s.world.change_user("alice", session_epoch=5), LOGIN),
    "logged out": (lambda s: s.alice.logs_out(), LOGIN),
    "logged in again": (Scene.reopens, NOTHING),
    "consent withdrawn": (lambda s: _withdraw(s), NOTHING),
    "client deleted": (lambda s: s.change_client(deleted_at=clock.now()), APPLICATION),
    "scopes narrowed": (lambda s: s.change_client(permitted_scopes=["openid"]), NOTHING),
    "no scope left": (lambda s: s.change_client(permitted_scopes=[]), NOTHING),
    "redirect URI replaced": (
        lambda s: s.change_client(redirect_uris=["https://other.example.com/"]),
        NOTHING,
    ),
    "range elsewhere": (lambda s: s.change_client(client_ip_range=["10.9.0.0/16"]), APPLICATION),
    "secret replaced": (lambda s: s.change_client(secret_hash=None, secret_digest=b"x" * 32), NOTHING),
    "method changed": (lambda s: s.change_client(authentication_method="none", secret_hash=None), NOTHING),
    "required function replaced": (
        lambda s: s.change_client(required_function_id=s.world.function_id("ALL-FUNCTIONS")),
        APPLICATION,
    ),
    "permission scope grown": (
        lambda s: s.change_client(permission_scope_id=s.world.function_id("ALL-FUNCTIONS")),
        NOTHING,
    ),
    "bound to a customer": (lambda s: s.change_client(customer_id=_customer(s, "bolt")), APPLICATION),
    "level lowered": (lambda s: s.change_client(max_security_level=1), NOTHING),
    "password change due": (lambda s: s.world.change_user("alice", force_password_change=True), NOTHING),
}


def _withdraw(scene: Scene) -> None:
    page = scene.alice.visits("/")
    action, hidden = next(form for form in forms(page.text) if "withdraw" in form[0])
    scene.alice.browser.post(action, data=hidden)


def _customer(scene: Scene, name: str) -> int:
    return next(row.id for row in scene.world.rows(Customer) if row.short_name == name)


# Each prepares as far as a person or application would be, and returns the one request that is judged.
Request = Callable[[], TestResponse]


def approve_form(scene: Scene) -> Request:
    url = scene.rp.url(prompt="consent")
    page = scene.alice.visits(url)
    action, hidden = first_form(page.text, {"transaction"})
    return lambda: scene.alice.browser.post(action or url, data={**hidden, "decision": "approve"})


def deny_form(scene: Scene) -> Request:
    url = scene.rp.url(prompt="consent")
    page = scene.alice.visits(url)
    action, hidden = first_form(page.text, {"transaction"})
    return lambda: scene.alice.browser.post(action or url, data={**hidden, "decision": "deny"})


def approve_silently(scene: Scene) -> Request:
    return lambda: scene.alice.visits(scene.rp.url())


def ask(scene: Scene) -> Request:
    return lambda: scene.alice.visits(scene.rp.url(scope="openid profile email"))


def approve_call(scene: Scene) -> Request:
    body = {
        "clientID": scene.rp.client_id,
        "redirectURI": REDIRECT,
        "responseType": ["code"],
        "scope": ["openid", "profile"],
        "codeChallenge": scene.rp.challenge,
        "codeChallengeMethod": "S256",
    }
    return lambda: scene.login.post(f"{API}/oauth/authorize", body, headers=scene.bearer)


def buy(scene: Scene) -> Request:
    form = {
        "grant_type": "client_credentials",
        "client_id": scene.rp.client_id,
        "client_secret": scene.rp.secret,
    }
    return lambda: scene.key.call("POST", f"{API}/oauth/token", data=form)


def change_password(scene: Scene) -> Request:
    body = {"oldPassword": scene.alice.password, "newPassword": NEW}
    return lambda: scene.login.put("/currentuser/v1/password", body, headers=scene.bearer)


def log_in(scene: Scene) -> Request:
    return lambda: scene.alice.logs_in("/login?next=/")


def log_in_by_call(scene: Scene) -> Request:
    body = {"userName": "alice", "password": scene.alice.password}
    return lambda: scene.login.post(f"{API}/password/authentication", body)


USE_CASES: dict[str, Callable[[Scene], Request]] = {
    "approve, form": approve_form,
    "deny, form": deny_form,
    "approve, remembered": approve_silently,
    "ask": ask,
    "approve, call": approve_call,
    "redeem": lambda s: lambda: s.rp.redeems(s.code),
    "refresh": lambda s: lambda: s.rp.refreshes(s.tokens["refresh_token"]),
    "client_credentials": buy,
    "introspect": lambda s: (
        lambda: s.rp.posts(f"{API}/oauth/token/introspect", token=s.tokens["access_token"])
    ),
    "revoke": lambda s: lambda: s.rp.posts(f"{API}/oauth/token/revoke", token=s.tokens["access_token"]),
    "change password": change_password,
    "log in": log_in,
    "log in, call": log_in_by_call,
}


# Approving is where most is judged: with every rival. On PostgreSQL a few: the window is of our own making.
FEW = ("nothing", "user blocked", "logged out", "client deleted", "scopes narrowed", "secret replaced")
CELLS = [(use_case, rival) for use_case in USE_CASES for rival in (RIVALS if "approve" in use_case else FEW)]


@pytest.mark.parametrize(("use_case", "rival"), CELLS)
def test_what_changes_between_judging_and_writing(
    app: Flask, world: World, use_case: str, rival: str
) -> None:
    scene = Scene(app, world)
    request = USE_CASES[use_case](scene)
    happens, takes = RIVALS[rival]
    written = len(world.rows(AuditEvent))
    with rival_before_unit(lambda: happens(scene)) as opened:
        answer = request()
    assert answer.status_code < 500, answer.text
    if opened[0] == 0:
        assert use_case == "introspect"
        return
    fruits = list(gather(scene, answer))
    if rival == "nothing":
        assert fruits or use_case in ("deny, form", "ask", "revoke", "change password")
        assert len(world.rows(AuditEvent)) > written or use_case in ("ask", "refresh")
        return
    dead = [fruit for fruit in fruits if takes == PERSON or depends_on(use_case, fruit[0], takes)]
    assert [fruit for fruit in dead if lives(scene, fruit)] == []
    if rival == "logged in again" and use_case.startswith("approve"):
        assert fruits == []
    if rival in ("scopes narrowed", "no scope left"):
        for fruit in fruits:
            assert "profile" not in read_scopes(scene, fruit)
    if rival == "redirect URI replaced" and use_case.startswith("approve"):
        assert fruits == []
        assert not answer.headers.get("Location", "/").startswith(REDIRECT)


@pytest.mark.parametrize("use_case", ["log in", "log in, call"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_login_by_the_old_password_ends_with_it(
    app: Flask, world: World, use_case: str, number: int
) -> None:
    """Whenever the password changes after the old one was read, before or after it was found right."""
    scene = Scene(app, world)
    request, change = USE_CASES[use_case](scene), change_password(scene)
    with rival_before_unit(change, number) as opened:
        answer = request()
    assert opened[0] >= number
    assert scene.login.get(f"{API}/session", headers=scene.bearer).status_code == 401
    assert [fruit for fruit in gather(scene, answer) if lives(scene, fruit)] == []


def depends_on(use_case: str, kind: str, takes: str) -> bool:
    """Whether what came out hangs on what was taken away."""
    if takes == APPLICATION:
        return kind != "login"
    return takes == LOGIN and kind != "login" and use_case != "client_credentials"


def gather(scene: Scene, answer: TestResponse) -> Iterator[tuple[str, str]]:
    """What came out that opens something: a code, an access token, a login."""
    location = answer.headers.get("Location", "")
    if location.startswith(REDIRECT) and "code=" in location:
        yield "code", returned(location)["code"]
    data = (answer.json or {}) if answer.is_json else {}
    if "access_token" in data:
        yield "access", data["access_token"]
    inner = data.get("data") or {}
    if isinstance(inner, dict) and inner.get("authorizationCode"):
        yield "code", inner["authorizationCode"]
    if isinstance(inner, dict) and inner.get("credentials"):
        yield "login", inner["credentials"]["requestCredentialsData"]
    for cookie in answer.headers.getlist("Set-Cookie"):
        name, _, rest = cookie.partition("=")
        if name == "argus_session" and rest.partition(";")[0]:
            yield "login", rest.partition(";")[0]


def _open(scene: Scene, fruit: tuple[str, str]) -> str | None:
    """The bearer text that the fruit leads to, if any."""
    kind, text = fruit
    if kind != "code":
        return text
    answer = scene.rp.redeems(text)
    assert answer.status_code < 500, answer.text
    return dict(answer.json or {}).get("access_token")


def lives(scene: Scene, fruit: tuple[str, str]) -> bool:
    """Whether what came out acts for alice at the application, or logs her in while she may not."""
    text = _open(scene, fruit)
    if text is None:
        return False
    answer = scene.rp.calls(f"{API}/session/permission/readThings", text)
    return answer.status_code == 200


def read_scopes(scene: Scene, fruit: tuple[str, str]) -> list[str]:
    """The scopes of the session that the fruit leads to, as introspection tells them now."""
    text = _open(scene, fruit)
    return str(scene.rp.introspects(text).get("scope", "")).split() if text is not None else []
