"""Which addresses get links: confirmed by their owner, or set by who may reset the password (decision 23)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.models.directory import User
from tests.drivers.api_caller import ApiCaller
from tests.drivers.mailbox import Mailbox
from tests.drivers.mailbox import text_of
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.recovery.kit import API
from tests.recovery.kit import NEW
from tests.recovery.kit import asks
from tests.recovery.kit import chooses
from tests.recovery.kit import logs_in
from tests.recovery.kit import reasons
from tests.world import World

USERS = "/useradmin/v2/user"
MINE = "mine@example.org"
LINK = re.compile(r"https?://[^/\s]+(/account/address/\S+)")
SECURITY = "/account/security"


@pytest.fixture
def clerk(app: Flask, world: World) -> ApiCaller:
    """Keeps names and addresses in ``acme``, and may reset nobody's password."""
    guards = ("createUser", "updateUser", "viewUsers", "APP-ROLE")
    world.user("clerk", "acme", holds=[(guard, "acme") for guard in guards])
    return ApiCaller(app, world.api_key("clerk"))


def row(world: World, name: str = "alice") -> User:
    return next(one for one in world.rows(User) if one.short_name == name)


def person(app: Flask, name: str = "alice") -> Person:
    made = Person(app, name)
    made.logs_in()
    return made


def asks_for_a_letter(person: Person) -> TestResponse:
    page = person.visits(SECURITY)
    fields = re.search(r'action="(/account/address)".*?name="csrf_token" value="([^"]+)"', page.text, re.S)
    assert fields is not None, page.text
    return person.browser.post(fields[1], data={"csrf_token": fields[2]})


def letter(mailbox: Mailbox, to: str = MINE) -> str:
    """The path of the newest link to confirm an address."""
    found = [LINK.search(text_of(mail)) for mail in mailbox.mails(to)]
    return str([one for one in found if one is not None][-1][1])


def confirms(person: Person, link: str) -> TestResponse:
    page = person.visits(link)
    return person.submits(page, link, form=-1) if page.status_code == 200 else page


def test_an_address_is_no_way_in_by_itself(
    app: Flask, world: World, clerk: ApiCaller, mailbox: Mailbox
) -> None:
    """``updateUser`` set an address, and the public recovery took the password."""
    assert clerk.put(f"{USERS}/alice", {"email": MINE}).status_code == 200
    asks(app, "alice")
    asks(app, MINE)
    assert mailbox.links() == []
    # Both times in one row.
    assert [why for _, _, why in reasons(world)] == [["recovery_unconfirmed"]]


def test_its_owner_confirms_it(app: Flask, world: World, clerk: ApiCaller, mailbox: Mailbox) -> None:
    """By a letter that goes there, in a login of the user."""
    assert clerk.put(f"{USERS}/alice", {"email": MINE}).status_code == 200
    alice = person(app)
    assert "not confirmed" in alice.visits(SECURITY).text
    assert asks_for_a_letter(alice).status_code == 303
    assert confirms(alice, letter(mailbox)).status_code == 303
    assert "not confirmed" not in alice.visits(SECURITY).text
    asks(app, "alice")
    chooses(app, mailbox.token(MINE))
    assert logs_in(app, NEW) == 200
    assert ("success", "alice", []) in reasons(world, "address-confirm")


@pytest.mark.parametrize("how", ["other user", "nobody", "another address", "late", "bent"])
def test_a_link_confirms_one_address_of_one_user(
    app: Flask, world: World, clerk: ApiCaller, mailbox: Mailbox, clock: Clock, how: str
) -> None:
    """Found in a mailbox, it is worth nothing without the login; and it is for an hour."""
    world.user("bob", "acme")
    for name in ("alice", "bob"):
        assert clerk.put(f"{USERS}/{name}", {"email": MINE}).status_code == 200
    alice = person(app)
    asks_for_a_letter(alice)
    link = letter(mailbox)
    who = {"other user": person(app, "bob"), "nobody": Person(app)}.get(how, alice)
    if how == "another address":
        assert clerk.put(f"{USERS}/alice", {"email": "other@example.org"}).status_code == 200
    if how == "late":
        clock.advance(3601)
        who = person(app)
    answer = confirms(who, link[:-2] + "xx" if how == "bent" else link)
    assert answer.status_code == (303 if how == "nobody" else 412)
    assert [row(world, name).email_confirmed_at for name in ("alice", "bob")] == [None, None]


@pytest.mark.parametrize(
    ("guards", "is_counted"), [((), False), (("resetUserPassword",), True)], ids=["clerk", "helpdesk"]
)
def test_who_may_reset_answers_for_the_address(
    app: Flask, world: World, clerk: ApiCaller, mailbox: Mailbox, guards: tuple[str, ...], is_counted: bool
) -> None:
    """A new user's, and another's; the password could be had at once by the reset itself."""
    for guard in guards:
        world.grant("clerk", guard, "acme")
    new = {"customer": "acme", "shortName": "new", "name": "New", "email": "new@example.org"}
    assert clerk.post(USERS, new).status_code == 201
    assert clerk.put(f"{USERS}/alice", {"email": MINE}).status_code == 200
    assert [row(world, name).email_confirmed_at is not None for name in ("new", "alice")] == [is_counted] * 2
    asks(app, "alice")
    assert bool(mailbox.links(MINE)) == is_counted


def test_ones_own_new_address_is_confirmed_too(app: Flask, world: World, mailbox: Mailbox) -> None:
    """Whatever one may reset: an open session is not its mailbox."""
    world.user("carol", "acme", holds=[("USER-ADMIN", "acme")])
    carol = person(app, "carol")
    at = f"/console/users/{row(world, 'carol').id}/edit"
    saved = carol.submits(carol.visits(at), at, shortName="carol", name="Carol", email=MINE)
    assert (saved.status_code, row(world, "carol").email) == (303, MINE)
    assert row(world, "carol").email_confirmed_at is None
    asks(app, "carol")
    assert mailbox.links(MINE) == []


def test_letters_are_few(app: Flask, world: World, clerk: ApiCaller, mailbox: Mailbox) -> None:
    """Nobody fills a stranger's mailbox with them."""
    assert clerk.put(f"{USERS}/alice", {"email": MINE}).status_code == 200
    alice = person(app)
    for _ in range(8):
        assert asks_for_a_letter(alice).status_code == 303
    assert len(mailbox.mails(MINE)) == 5


@pytest.mark.parametrize("confirmed", [True, False])
def test_applications_are_told(
    app: Flask, world: World, rp: RelyingParty, alice: Person, confirmed: bool
) -> None:
    """``email_verified`` (OpenID Connect Core 5.1)."""
    if not confirmed:
        world.change_user("alice", email_confirmed_at=None)
    told: dict[str, Any] = rp.calls(
        f"{API}/oauth/userinfo", rp.obtains(alice, scope="openid email")["access_token"]
    ).json
    assert (told["email"], told["email_verified"]) == ("alice@example.com", confirmed)


def test_the_page_says_when_nobody_confirmed_it(app: Flask, world: World, clerk: ApiCaller) -> None:
    """Who sends a link there answers for it."""
    world.user("chief", "root", holds=[("ALL-FUNCTIONS", "root")])
    assert clerk.put(f"{USERS}/alice", {"email": MINE}).status_code == 200
    chief, at = person(app, "chief"), f"/console/users/{row(world).id}/password"
    assert "Nobody has confirmed" in chief.visits(at).text
    world.change_user("alice", email_confirmed_at=row(world).updated_at)
    assert "Nobody has confirmed" not in chief.visits(at).text
