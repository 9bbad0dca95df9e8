"""OpenID Connect Back-Channel Logout 1.0: who is told what, when a login or a session ends here."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models.directory import User
from app.models.grants import Grant
from app.models.outbox import Occurrence
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.services.endings import table as endings
from app.services.endings import writes
from app.services.endings.table import TABLE
from app.services.endings.table import Event
from app.services.outbox.occurrences import About
from app.services.unit_of_work import run_in_transaction
from tests.drivers.api_caller import ApiCaller
from tests.drivers.logouts import LogoutReceiver
from tests.drivers.logouts import works_off
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.world import OPERATOR
from tests.world import World

CLIENT = "/authentication/v1/oauth/client"
SESSION = "/authentication/v1/session"


@pytest.fixture
def receiver(app: Flask, world: World, rp: RelyingParty) -> Iterator[LogoutReceiver]:
    with LogoutReceiver(app, rp.client_id) as made:
        world.change_client(rp.client_id, backchannel_logout_uri=made.url("/out"))
        yield made


def claims_of(tokens: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[1] + "==")))


def sid_of(tokens: dict[str, Any]) -> str:
    return str(claims_of(tokens)["sid"])


def occurrences(app: Flask) -> list[Occurrence]:
    with app.app_context():
        return list(db.session.execute(select(Occurrence)).scalars())


def test_a_logout_in_the_browser(
    app: Flask, rp: RelyingParty, alice: Person, receiver: LogoutReceiver
) -> None:
    """The token names issuer, user, application and the login that it knows from its ID token."""
    known = claims_of(rp.obtains(alice))
    works_off(app)
    assert receiver.requests == []
    alice.logs_out()
    works_off(app)
    (told,) = receiver.tokens
    assert {name: told[name] for name in ("iss", "sub", "aud", "sid")} == {
        name: known[name] for name in ("iss", "sub", "aud", "sid")
    }
    assert receiver.requests[0].path == "/out"
    works_off(app)
    assert len(receiver.requests) == 1


def test_another_login_hears_nothing(
    app: Flask, rp: RelyingParty, alice: Person, receiver: LogoutReceiver
) -> None:
    elsewhere = Person(app, "alice")
    rp.obtains(elsewhere)
    ended = sid_of(rp.obtains(alice))
    alice.logs_out()
    works_off(app)
    assert receiver.sids == [ended]


def test_each_application_of_the_login(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """That has an address, and was told who the user is: once, however many sessions it had."""
    other = RelyingParty(app, world.client("other"))
    nameless, silent = RelyingParty(app, world.client("nameless")), RelyingParty(app, world.client("silent"))
    sids = [sid_of(one.obtains(alice)) for one in (rp, other, rp)]
    nameless.obtains(alice, scope="profile")
    silent.obtains(alice)
    receivers = [LogoutReceiver(app, one.client_id) for one in (rp, other, nameless)]
    for one in receivers:
        world.change_client(one.client_id, backchannel_logout_uri=one.url())
    alice.logs_out()
    works_off(app)
    assert [one.sids for one in receivers] == [[sids[0]], [sids[1]], []]
    for one in receivers:
        one.close()


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_it_is_signed_as_the_clients_id_tokens_are(
    app: Flask, world: World, rp: RelyingParty, alice: Person, receiver: LogoutReceiver, algorithm: str
) -> None:
    world.change_client(rp.client_id, id_token_signed_response_alg=algorithm)
    rp.obtains(alice)
    alice.logs_out()
    works_off(app)
    head = receiver.requests[0].body.decode().removeprefix("logout_token=").split(".")[0]
    assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == algorithm
    assert len(receiver.tokens) == 1


def find_user(name: str) -> User:
    return db.session.execute(select(User).where(User.short_name == name)).scalar_one()


def newest(model: type[Any]) -> Any:
    return db.session.execute(select(model).order_by(model.created_at.desc())).scalars().first()


# How each event comes about, and that it is told is the table's word (``tells``).
TARGETS: dict[About | None, Callable[[], Any]] = {
    About.LOGIN: lambda: newest(LoginSession).id,
    About.SESSION: lambda: newest(OAuthSession).id,
    About.CONSENT: lambda: newest(Grant),
    About.USER: lambda: find_user("alice"),
    About.CUSTOMER: lambda: find_user("alice").customer,
}
TELLING = {
    event: next(effect.tells for effect in effects if effect.tells is not None)
    for event, effects in TABLE.items()
    if any(effect.tells is not None for effect in effects)
}


@pytest.mark.parametrize("event", TELLING)
def test_each_event_that_tells(
    app: Flask, rp: RelyingParty, alice: Person, receiver: LogoutReceiver, event: Event
) -> None:
    """One row in the unit that ends it; the application is told of its login."""
    sid = sid_of(rp.obtains(alice))
    with app.app_context():
        run_in_transaction(lambda: endings.end(event, TARGETS[TELLING[event]](), OPERATOR))
    assert [(one.kind, one.reason) for one in occurrences(app)] == [(TELLING[event], event)]
    works_off(app)
    assert receiver.sids == [sid]
    assert occurrences(app) == []


# What the application did itself, or what ends nothing of it.
SILENT = {
    "it revokes its token": lambda rp, tokens: rp.posts(
        "/authentication/v1/oauth/token/revoke", token=tokens["refresh_token"]
    ),
    "it logs its session out": lambda rp, tokens: rp.app.test_client().delete(
        SESSION, headers={"Authorization": f"Bearer {tokens['access_token']}"}
    ),
    "it refreshes": lambda rp, tokens: rp.refreshes(tokens["refresh_token"]),
}


@pytest.mark.parametrize("does", SILENT)
def test_what_the_application_does_itself(
    app: Flask, rp: RelyingParty, alice: Person, receiver: LogoutReceiver, does: str
) -> None:
    assert SILENT[does](rp, rp.obtains(alice)).status_code == 200
    assert occurrences(app) == []
    works_off(app)
    assert receiver.requests == []


def test_a_block_by_the_api(
    app: Flask, admin: ApiCaller, rp: RelyingParty, alice: Person, receiver: LogoutReceiver
) -> None:
    """Every login of the user; what she begins after the unblock is not told of."""
    elsewhere = Person(app, "alice")
    sids = {sid_of(rp.obtains(one)) for one in (alice, elsewhere)}
    admin.put("/authentication/v1/user/alice/block", {})
    admin.put("/authentication/v1/user/alice/unblock", {})
    rp.obtains(Person(app, "alice"))
    works_off(app)
    assert sorted(receiver.sids) == sorted(sids)


def test_two_ends_at_once(app: Flask, rp: RelyingParty, alice: Person, receiver: LogoutReceiver) -> None:
    """The epoch is raised twice before the first is worked off: nobody is overlooked."""
    sids = []
    for _ in range(2):
        sids.append(sid_of(rp.obtains(Person(app, "alice"))))
        with app.app_context():
            run_in_transaction(lambda: endings.end(Event.LOGGED_OUT_EVERYWHERE, find_user("alice"), OPERATOR))
    living = sid_of(rp.obtains(Person(app, "alice")))
    works_off(app)
    assert set(receiver.sids) == set(sids)
    assert living not in receiver.sids


def test_everybody(
    app: Flask, world: World, rp: RelyingParty, alice: Person, receiver: LogoutReceiver
) -> None:
    """``sessions end-all`` tells of every login."""
    world.user("bob", "acme", holds=[("APP-ROLE", "acme")])
    sids = {sid_of(rp.obtains(one)) for one in (alice, Person(app, "bob"))}
    with app.app_context():
        run_in_transaction(lambda: writes.end_everything(keys=False))
    works_off(app)
    assert set(receiver.sids) == sids


def test_a_customer_above(
    app: Flask, world: World, rp: RelyingParty, alice: Person, receiver: LogoutReceiver, admin: ApiCaller
) -> None:
    """Of a disabled customer the users below it, and nobody else's."""
    world.user("bob", "bolt", holds=[("APP-ROLE", "acme")])
    world.customer("beside")
    world.user("carol", "beside", holds=[("APP-ROLE", "acme")])
    sids = {sid_of(rp.obtains(one)) for one in (alice, Person(app, "bob"))}
    rp.obtains(Person(app, "carol"))
    assert admin.put("/customeradmin/v2/customer/group/disable", {}).status_code == 200
    works_off(app)
    assert set(receiver.sids) == sids


def test_a_login_that_ran_out(
    app: Flask, rp: RelyingParty, alice: Person, receiver: LogoutReceiver, clock: Clock
) -> None:
    """The application may keep its own session longer: a block tells of it for a week."""
    sid = sid_of(rp.obtains(alice))
    clock.advance(43_200 + 6 * 86_400)
    late = sid_of(rp.obtains(Person(app, "alice")))
    with app.app_context():
        run_in_transaction(lambda: endings.end(Event.BLOCKED, find_user("alice"), OPERATOR))
    works_off(app)
    assert set(receiver.sids) == {sid, late}


def test_nobody_listens(app: Flask, rp: RelyingParty, alice: Person) -> None:
    """Nothing is written while no application hears of log-outs."""
    rp.obtains(alice)
    alice.logs_out()
    assert occurrences(app) == []


@pytest.mark.parametrize("base_url", ["http://localhost", "https://id.example.com"])
@pytest.mark.parametrize(
    ("uri", "home", "public"),
    [
        ("https://app.example.com/out", 200, 200),
        (" https://app.example.com/out?x=1 ", 200, 200),
        ("http://127.0.0.1:8081/out", 200, 412),
        ("http://app.example.com/out", 412, 412),
        ("https://app.example.com/#out", 412, 412),
        ("com.example.app:/out", 412, 412),
    ],
)
def test_the_address(
    world: World,
    admin: ApiCaller,
    settings: Callable[..., None],
    base_url: str,
    uri: str,
    home: int,
    public: int,
) -> None:
    """https; http for this machine where the server is on it (2.2)."""
    client_id = world.client()
    settings(base_url=base_url)
    answer = admin.put(f"{CLIENT}/{client_id}", {"backchannelLogoutURI": uri}, base_url=base_url)
    assert answer.status_code == (home if base_url.startswith("http:") else public), answer.data
    if answer.status_code == 412:
        assert answer.json["messages"][0]["field"] == "backchannelLogoutURI"
    else:
        assert answer.json["data"]["backchannelLogoutURI"] == uri.strip()


def test_discovery(app: Flask) -> None:
    told = app.test_client().get("/.well-known/openid-configuration").json or {}
    assert told["backchannel_logout_supported"] is True
    assert told["backchannel_logout_session_supported"] is True
    assert "sid" in told["claims_supported"]
