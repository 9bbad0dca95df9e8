"""Logging in by password: alike for every cause, slowed, after being away, with a new password to choose."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.models.sessions import LoginSession
from app.services.login.passwords import Passwords
from tests.api.test_webauthn import enrolled
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.web.kit import COOKIE
from tests.web.kit import by_passkey
from tests.web.kit import given_codes
from tests.web.kit import handle_of
from tests.web.kit import is_in
from tests.web.kit import reasons
from tests.web.kit import text_of
from tests.world import PASSWORD
from tests.world import World

NEW = "four brown kettles sing"
IDLE = 3601


# --- one message, one cost ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how", ["unknown", "wrong", "blocked", "deleted", "daemon", "disabled", "switched off"]
)
def test_one_message_and_one_cost(
    app: Flask,
    world: World,
    admin: ApiCaller,
    alice: Person,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    """Rule 41: the page, the status and the one slow hash are the same for every cause."""
    hashed: list[str] = []
    verify = Passwords.verify

    def counted(self: Passwords, stored: str | None, presented: str) -> bool:
        hashed.append(presented)
        return verify(self, stored, presented)

    if how == "unknown":
        alice.name = "nobody"
    if how == "wrong":
        alice.password = "not it at all"
    if how == "blocked":
        world.block("alice")
    if how == "deleted":
        world.delete("alice")
    if how == "daemon":
        world.change_user("alice", daemon_account=True)
    if how == "disabled":
        world.disable_customer("acme")
    if how == "switched off":
        assert admin.put("/authentication/v1/user/alice/disable/password").status_code == 200
    monkeypatch.setattr(Passwords, "verify", counted)
    answer = alice.logs_in()
    assert answer.status_code == 200
    assert "That user name and password do not match. Check both and try again." in text_of(answer)
    assert len(hashed) == 1
    assert alice.password not in answer.get_data(as_text=True)
    assert not is_in(alice)
    assert len(reasons(world)) == 1


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_too_many_tries(app: Flask, world: World, name: str) -> None:
    """Rule 42: the page says in plain words how long to wait; elsewhere the owner gets in meanwhile."""
    guesser = Person(app, name, "not it at all")
    for _ in range(10):
        assert guesser.logs_in().status_code == 200
    page = guesser.logs_in()
    assert page.status_code == 429
    assert 0 < int(page.headers["Retry-After"]) <= 301
    assert "Too many failed attempts. Wait about 5 minutes and try again." in text_of(page)
    assert f'value="{name}"' in page.get_data(as_text=True)
    owner = Person(app)
    owner.browser.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    assert owner.logs_in().headers["Location"] == "/"


@pytest.mark.parametrize("name", ["alice", "nobody"])
@pytest.mark.parametrize(
    ("contact", "asked"),
    [
        ("", "Still cannot log in? Ask your administrator."),
        ("help@example.com", "Still cannot log in? Ask help@example.com ."),
    ],
)
def test_whom_to_ask(app: Flask, world: World, settings: Any, name: str, contact: str, asked: str) -> None:
    """Once a login failed, for whatever reason; not before."""
    settings(support_contact=contact)
    person = Person(app, name, "not it at all")
    assert "Still cannot" not in text_of(person.visits("/login"))
    page = person.logs_in()
    assert asked in text_of(page)
    assert ("mailto:help@example.com" in page.get_data(as_text=True)) == bool(contact)


def test_whom_to_ask_at_the_second_step(app: Flask, world: World, alice: Person, settings: Any) -> None:
    """After a wrong code."""
    settings(support_contact="https://help.example.com/")
    codes = given_codes(app)
    at = alice.logs_in().headers["Location"]
    assert "Still cannot" not in text_of(alice.visits(at))
    page = alice.submits(alice.visits(at), at, code=codes.wrong())
    assert "Still cannot log in? Ask https://help.example.com/" in text_of(page)
    assert 'href="https://help.example.com/"' in page.get_data(as_text=True)


# --- away for a while ---------------------------------------------------------------------------------------


def test_back_where_one_was(app: Flask, world: World, alice: Person, clock: Clock) -> None:
    """Decision 8: after idling one logs in again, to the same login under a new cookie, where one was."""
    alice.logs_in()
    before = alice.browser.get_cookie(COOKIE)
    clock.advance(IDLE)
    answer = alice.visits("/account/activity?offset=25")
    assert answer.status_code == 303
    page = alice.visits(answer.headers["Location"])
    assert "You have been away for a while. Log in again to go on." in text_of(page)
    assert 'value="alice"' in page.get_data(as_text=True)
    back = alice.submits(page, "/login", username="alice", password=PASSWORD)
    assert back.headers["Location"] == "/account/activity?offset=25"
    assert alice.visits(back.headers["Location"]).status_code == 200
    assert len(world.rows(LoginSession)) == 1
    after = alice.browser.get_cookie(COOKIE)
    assert before is not None
    assert after is not None
    assert before.value != after.value
    thief = Person(app)
    thief.browser.set_cookie(COOKIE, before.value)
    assert not is_in(thief)


def test_back_to_a_page_whose_form_was_sent(app: Flask, world: World, alice: Person, clock: Clock) -> None:
    """What was sent is gone and not sent again by itself; one is back at its page."""
    alice.logs_in()
    page = alice.visits("/account/password")
    clock.advance(IDLE)
    answer = alice.submits(
        page, "/account/password", oldPassword=PASSWORD, newPassword=NEW, newPasswordAgain=NEW
    )
    assert answer.headers["Location"] == "/login?next=%2Faccount%2Fpassword"
    assert Person(app).logs_in().status_code == 303


def test_back_to_the_application(
    app: Flask, world: World, alice: Person, rp: RelyingParty, clock: Clock
) -> None:
    """The authorization request waits too; a consent given before is not asked for again."""
    rp.obtains(alice)
    clock.advance(IDLE)
    answer = alice.visits(rp.url())
    page = alice.visits(answer.headers["Location"])
    assert "to go on to App" in text_of(page)
    assert "You have been away" in text_of(page)
    back = alice.submits(page, "/login", username="alice", password=PASSWORD)
    assert "code=" in alice.visits(back.headers["Location"]).headers["Location"]


def test_somebody_else_comes_back(app: Flask, world: World, alice: Person, clock: Clock) -> None:
    """Decision 8: another user's login ends the one that idled here."""
    world.user("bob", "acme")
    alice.logs_in()
    kept = alice.browser.get_cookie(COOKIE)
    clock.advance(IDLE)
    alice.name = "bob"
    alice.logs_in()
    assert "Logged in as bob" in text_of(alice.visits("/"))
    (first, _second) = sorted(world.rows(LoginSession), key=lambda row: row.created_at)
    assert (first.user_name, first.end_reason) == ("alice", "another user logged in")
    assert kept is not None


def test_after_the_absolute_end(app: Flask, world: World, alice: Person, clock: Clock) -> None:
    """Nothing is re-opened beyond it: a new login, with nothing of the old under it."""
    alice.logs_in()
    clock.advance(43_201)
    assert not is_in(alice)
    alice.logs_in()
    assert len(world.rows(LoginSession)) == 2
    assert is_in(alice)


# --- one must choose a new password -------------------------------------------------------------------------


def test_a_forced_change(app: Flask, world: World, alice: Person) -> None:
    """Rule 41: such a login can do only that; afterwards every login has ended and one is back on the way."""
    world.change_user("alice", force_password_change=True)
    answer = alice.logs_in("/login?next=/account/keys")
    assert answer.headers["Location"] == "/account/password?next=%2Faccount%2Fkeys"
    for path in ("/", "/account/sessions", "/account/keys/add", "/console/"):
        target = alice.visits(path).headers["Location"]
        assert target.startswith(("/account/password", "/login?next=")), path
    page = alice.visits(answer.headers["Location"])
    assert "You must choose a new password before you can go on." in text_of(page)
    assert "Cancel" not in text_of(page)
    assert "/recover" in page.get_data(as_text=True)
    same = alice.submits(
        page, "/account/password", oldPassword=PASSWORD, newPassword=PASSWORD, newPasswordAgain=PASSWORD
    )
    assert "This is the password you have. Choose another." in text_of(same)
    done = alice.submits(
        same, "/account/password", oldPassword=PASSWORD, newPassword=NEW, newPasswordAgain=NEW
    )
    assert done.headers["Location"] == "/login?next=%2Faccount%2Fkeys"
    page = alice.visits(done.headers["Location"])
    assert "Your new password is set. Log in with it." in text_of(page)
    assert (
        alice.submits(page, "/login", username="alice", password=NEW).headers["Location"] == "/account/keys"
    )


def test_a_forced_change_on_the_way_to_an_application(
    app: Flask, world: World, alice: Person, rp: RelyingParty
) -> None:
    """The request waits through all of it, and the last form may end at the application (rule 74)."""
    rp.obtains(alice)
    world.change_user("alice", force_password_change=True)
    alice = Person(app)
    answer = alice.logs_in(alice.visits(rp.url()).headers["Location"])
    assert answer.headers["Location"].startswith("/account/password?continue=")
    page = alice.visits(answer.headers["Location"])
    done = alice.submits(
        page, "/account/password", oldPassword=PASSWORD, newPassword=NEW, newPasswordAgain=NEW
    )
    page = alice.visits(done.headers["Location"])
    assert "to go on to App" in text_of(page)
    assert "form-action" not in page.headers["Content-Security-Policy"]
    back = alice.submits(page, "/login", username="alice", password=NEW)
    assert "code=" in alice.visits(back.headers["Location"]).headers["Location"]


def test_a_passkey_does_not_save_from_it(app: Flask, world: World, alice: Person) -> None:
    """Rule 41 again: whichever way one came in."""
    device = enrolled(app)
    world.change_user("alice", force_password_change=True)
    answer = by_passkey(alice, device, handle_of(app))
    assert answer.headers["Location"] == "/account/password"
    assert alice.visits("/account/sessions").headers["Location"] == "/account/password"


@pytest.mark.parametrize("trick", ["https://evil.example.com/", "//evil.example.com/", "/\\evil.example.com"])
def test_a_forced_change_leads_nowhere_else(app: Flask, world: World, alice: Person, trick: str) -> None:
    """Rule 40: neither the address nor the form of that page."""
    world.change_user("alice", force_password_change=True)
    alice.logs_in()
    page = alice.browser.get("/account/password", query_string={"next": trick})
    done = alice.submits(
        page, "/account/password", oldPassword=PASSWORD, newPassword=NEW, newPasswordAgain=NEW, next=trick
    )
    assert done.headers["Location"] == "/login?continue=lost"


# --- the forms ----------------------------------------------------------------------------------------------


def test_what_a_password_manager_finds(app: Flask, world: World, alice: Person) -> None:
    """Design §5: names, labels, kinds of the fields; nothing is needed of a script."""
    page = alice.visits("/login").get_data(as_text=True)
    assert '<label for="username">Username</label>' in page
    assert 'autocomplete="username webauthn"' in page
    assert '<label for="password">Password</label>' in page
    assert 'autocomplete="current-password"' in page


def test_an_empty_form(app: Flask, world: World, alice: Person) -> None:
    """Each field says what it wants; no try is counted."""
    page = alice.submits(alice.visits("/login"), "/login", username="", password="")
    assert "Enter your user name." in text_of(page)
    assert "Enter your password." in text_of(page)
    assert reasons(world) == []


def test_logging_out(app: Flask, world: World, alice: Person) -> None:
    """A GET asks; the POST ends the row and both cookies; another browser stays."""
    other = Person(app)
    other.logs_in()
    alice.logs_in()
    kept = alice.browser.get_cookie(COOKIE)
    assert alice.visits("/logout").status_code == 200
    assert is_in(alice)
    assert alice.logs_out().headers["Location"] == "/logged-out"
    assert alice.browser.get_cookie(COOKIE) is None
    assert kept is not None
    alice.browser.set_cookie(COOKIE, kept.value)
    assert not is_in(alice)
    assert is_in(other)


def test_who_is_logged_in_already_may_go_on(app: Flask, world: World, alice: Person, clock: Clock) -> None:
    """Said with the way on; the form still logs in somebody else. Of an ended login nothing is said."""
    words = "You are logged in as alice."
    assert words not in text_of(alice.visits("/login"))
    alice.logs_in()
    page = alice.visits("/login")
    assert f"{words} Go on as alice" in text_of(page)
    assert '<a href="/">Go on as alice</a>' in page.get_data(as_text=True)
    assert words not in text_of(alice.visits("/login?next=/account/keys"))
    world.user("bob", "acme")
    assert alice.submits(page, "/login", username="bob", password=PASSWORD).status_code == 303
    assert "You are logged in as bob." in text_of(alice.visits("/login"))
    clock.advance(IDLE)
    assert "You are logged in as" not in text_of(alice.visits("/login"))
