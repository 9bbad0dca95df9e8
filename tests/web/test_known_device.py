"""Strangers guess at an account; its owner goes on: on a known device, or by a link that makes one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import cookies
from app.models.audit import AuditEvent
from app.models.directory import User
from app.services.tokens import device_text
from tests.drivers.api_caller import ApiCaller
from tests.drivers.mailbox import Mailbox
from tests.drivers.mailbox import text_of as letter_of
from tests.drivers.mailbox import tokens
from tests.drivers.person import Person
from tests.fixtures import Clock
from tests.recovery.kit import NEW
from tests.recovery.kit import asks
from tests.web.kit import enters_code
from tests.web.kit import given_codes
from tests.web.kit import is_in
from tests.web.kit import text_of
from tests.world import PASSWORD
from tests.world import World

API_LOGIN = "/authentication/v1/password/authentication"
DEVICE = cookies.DEVICE.name
HERE = "127.0.0.1"


@pytest.fixture
def mailbox(app: Flask, world: World) -> Iterator[Mailbox]:
    opened = Mailbox(app)
    yield opened
    opened.files()


def guess(app: Flask, name: str = "alice", *places: str) -> None:
    """Strangers fill whatever they can: from ten addresses, and from the owner's own."""
    for place in places or (HERE, *(f"198.51.100.{n}" for n in range(10))):
        caller = ApiCaller(app, None, address=place)
        for _ in range(3):
            caller.post(API_LOGIN, {"userName": name, "password": "wrong"})


def at(person: Person, address: str) -> Person:
    person.browser.environ_base["REMOTE_ADDR"] = address
    return person


def comes_back(person: Person) -> TestResponse:
    """Log in again in the same browser, as after the login ended; from another address."""
    person.browser.delete_cookie("argus_session")
    return at(person, "203.0.113.9").logs_in()


@pytest.fixture
def tight(settings: Any) -> None:
    settings(throttle_login_failures=2)


@pytest.mark.usefixtures("tight")
def test_the_owner_goes_on_where_one_logged_in_before(app: Flask, world: World, alice: Person) -> None:
    """On the page and at the API; on any other device one waits."""
    assert alice.logs_in().status_code == 303
    guess(app)
    assert at(Person(app), "203.0.113.9").logs_in().status_code == 429
    assert comes_back(alice).status_code == 303
    assert is_in(alice)
    body = {"userName": "alice", "password": PASSWORD}
    place = {"REMOTE_ADDR": HERE}
    assert alice.browser.post(API_LOGIN, json=body, environ_overrides=place).status_code == 200
    assert app.test_client().post(API_LOGIN, json=body, environ_overrides=place).status_code == 429


@pytest.mark.usefixtures("tight")
def test_the_api_makes_a_device_known_too(app: Flask, world: World) -> None:
    program = app.test_client()
    body = {"userName": "alice", "password": PASSWORD}
    assert program.post(API_LOGIN, json=body).status_code == 200
    guess(app)
    assert program.post(API_LOGIN, json=body).status_code == 200


@pytest.mark.usefixtures("tight")
def test_a_known_device_guesses_no_more_than_others(app: Flask, world: World, alice: Person) -> None:
    """It has a counter of its own, and stops nobody else."""
    alice.logs_in()
    alice.browser.delete_cookie("argus_session")
    alice.password = "wrong"
    assert [alice.logs_in().status_code for _ in range(3)] == [200, 200, 429]
    assert Person(app).logs_in().status_code == 303


@pytest.mark.usefixtures("tight")
@pytest.mark.parametrize("how", ["another user's", "forged", "cut", "old", "all sessions ended", "nonsense"])
def test_what_is_no_known_device(app: Flask, world: World, clock: Clock, alice: Person, how: str) -> None:
    other = Person(app, "bob" if how == "another user's" else "alice")
    world.user("bob", "acme")
    other.logs_in()
    held = other.browser.get_cookie(DEVICE)
    assert held is not None
    text = held.value
    if how == "forged":
        text = text[:-1] + ("A" if text[-1] != "A" else "B")
    if how == "old":
        clock.advance(device_text.LIFETIME.total_seconds() + 1)
    if how == "all sessions ended":
        world.change_user("alice", session_epoch=7)
    text = {"cut": text[:-2], "nonsense": "\u00e9.=.." * 20}.get(how, text)
    guess(app)
    browser = app.test_client()
    browser.set_cookie(DEVICE, text)
    at_a_stranger = {"REMOTE_ADDR": "203.0.113.9"}
    body = {"userName": "alice", "password": PASSWORD}
    assert browser.post(API_LOGIN, json=body, environ_overrides=at_a_stranger).status_code == 429


def test_several_users_of_one_browser(app: Flask, world: World) -> None:
    """Each has a mark of one's own, the latest few; a mark outlives a login, not eight weeks."""
    with app.app_context():
        text = ""
        for number in range(1, device_text.MOST_USERS + 3):
            text = device_text.add_device(text, number, 0)
        found = [one.user_id for one in device_text.read_devices(text)]
        assert found == [7, 6, 5, 4, 3]
        same = device_text.find_device(text, 7, 0)
        again = device_text.find_device(device_text.add_device(text, 7, 0), 7, 0)
        assert same is not None
        assert again is not None
        assert same.id == again.id
        assert len(text) < device_text.MOST_CHARACTERS


# --- the link -----------------------------------------------------------------------------------------------


def is_stopped(app: Flask, person: Person) -> TestResponse:
    """The page of somebody who waits, with its offer."""
    guess(app)
    page = at(person, "203.0.113.9").logs_in(at="/login?next=/account/keys")
    assert page.status_code == 429
    assert "lets you log in from this browser without waiting" in text_of(page)
    return page


def asks_for_link(person: Person, page: TestResponse) -> None:
    sent = person.submits(page, "/login", form=-1)
    assert sent.status_code == 303, text_of(sent)
    assert sent.headers["Location"] == "/login/link/sent"
    assert "Check your e-mail" in text_of(person.visits("/login/link/sent"))


def link(mailbox: Mailbox) -> str:
    letter = letter_of(mailbox.mails()[-1])
    return next(line for line in letter.splitlines() if "/login/link/" in line).removeprefix(
        "http://localhost"
    )


@pytest.mark.usefixtures("tight")
def test_a_link_lets_the_owner_in(app: Flask, world: World, mailbox: Mailbox, alice: Person) -> None:
    """In the browser that asked, once; then the login is what it always was, and leads where one wanted."""
    asks_for_link(alice, is_stopped(app, alice))
    url = link(mailbox)
    page = alice.visits(url)
    assert page.status_code == 200
    used = alice.submits(page, url, form=-1)
    assert used.headers["Location"] == "/login?next=%2Faccount%2Fkeys"
    assert not is_in(alice)
    assert alice.submits(page, url, form=-1).status_code == 410
    alice.password = "wrong"
    assert alice.logs_in(used.headers["Location"]).status_code == 200
    alice.password = PASSWORD
    assert alice.logs_in(used.headers["Location"]).headers["Location"] == "/account/keys"
    assert alice.visits(url).status_code == 410
    assert [row.outcome for row in world.rows(AuditEvent) if row.action == "device-known"] == ["success"]


@pytest.mark.usefixtures("tight", "early_in_a_step")
def test_a_link_is_no_second_factor(app: Flask, world: World, mailbox: Mailbox, alice: Person) -> None:
    codes = given_codes(app)
    asks_for_link(alice, is_stopped(app, alice))
    url = link(mailbox)
    used = alice.submits(alice.visits(url), url, form=-1)
    step = alice.logs_in(used.headers["Location"])
    assert step.headers["Location"].startswith("/login/second-step")
    assert not is_in(alice)
    assert enters_code(alice, step, codes.code()).status_code == 303
    assert is_in(alice)


@pytest.mark.usefixtures("tight")
@pytest.mark.parametrize("how", ["another browser", "asked for another user", "its form elsewhere"])
def test_a_link_is_for_the_browser_that_asked(
    app: Flask, world: World, mailbox: Mailbox, alice: Person, how: str
) -> None:
    """Whoever sends the owner a link of somebody else's asking gains nothing, nor does who finds it."""
    world.user("bob", "acme")
    asks_for_link(alice, is_stopped(app, alice))
    url = link(mailbox)
    other = Person(app, "bob")
    if how == "asked for another user":
        guess(app, "bob")
        asks_for_link(other, at(other, "203.0.113.9").logs_in())
    if how == "its form elsewhere":
        page = alice.visits(url)
        other.browser.set_cookie("argus_form", stolen_form(app, alice, other))
        assert other.submits(page, url, form=-1, csrf_token=token_of(other)).status_code in (400, 403)
    else:
        assert other.visits(url).status_code == 403
    assert other.browser.get_cookie(DEVICE) is None
    assert alice.visits(url).status_code == 200


def stolen_form(app: Flask, alice: Person, other: Person) -> str:
    """The other browser's own form session: what alice's browser asked for is not in it."""
    other.visits("/login")
    kept = other.browser.get_cookie("argus_form")
    assert kept is not None
    return kept.value


def token_of(person: Person) -> str:
    from tests.drivers.person import forms

    return forms(person.visits("/login").get_data(as_text=True))[0][1]["csrf_token"]


def test_strangers_leave_the_owner_a_link(app: Flask, world: World, mailbox: Mailbox, alice: Person) -> None:
    """They ask until no more mails go; the newest link then works for the owner, who asked too."""
    for number in range(8):
        stranger = at(Person(app), f"198.51.100.{number}")
        stranger.submits(stranger.visits("/login"), "/login", username="alice", password="")
        asks_from_api(stranger)
    assert len(mailbox.mails()) == 5
    url = link(mailbox)
    asks_from_api(alice)
    assert len(mailbox.mails()) == 5
    assert alice.visits(url).status_code == 200


def asks_from_api(person: Person) -> None:
    token = token_of(person)
    sent = person.browser.post("/login/link", data={"csrf_token": token, "username": "alice", "next": ""})
    assert sent.status_code == 303


def test_asking_tells_nothing(app: Flask, world: World, mailbox: Mailbox) -> None:
    """The same answer for every name; a mail only to whom there is; none without a form of ours."""
    answers = []
    for name in ("alice", "nobody"):
        browser = Person(app)
        data = {"csrf_token": token_of(browser), "username": name, "next": ""}
        answers.append(browser.browser.post("/login/link", data=data))
    assert {answer.status_code for answer in answers} == {303}
    assert answers[0].get_data() == answers[1].get_data()
    assert [mail["To"] for mail in mailbox.mails()] == ["alice@example.com"]
    assert tokens(mailbox.mails()[0]) == []
    assert app.test_client().post("/login/link", data={"username": "alice"}).status_code == 400


def test_a_link_to_a_password_is_no_link_to_a_device(
    app: Flask, world: World, mailbox: Mailbox, alice: Person
) -> None:
    """Each token is for its own page, and none of the API takes the other."""
    asks(app, "alice")
    token = mailbox.token()
    asks_from_api(alice)
    assert alice.visits(f"/login/link/{token}").status_code == 410
    device = link(mailbox).removeprefix("/login/link/")
    assert alice.visits(f"/recover/{device}").status_code == 410
    body = {"newPassword": NEW, "authorization": device}
    assert app.test_client().put("/authentication/v1/password", json=body).status_code in (401, 412)


@pytest.mark.usefixtures("tight")
def test_a_new_password_by_mail_makes_the_browser_known(
    app: Flask, world: World, mailbox: Mailbox, alice: Person
) -> None:
    """Who recovers while strangers go on guessing is not stopped at the very next step."""
    asks(app, "alice", "192.0.2.7")
    url = f"/recover/{mailbox.token()}"
    fields = {"newPassword": NEW, "newPasswordAgain": NEW}
    assert at(alice, "203.0.113.9").submits(alice.visits(url), url, **fields).status_code == 303
    guess(app)
    alice.password = NEW
    assert alice.logs_in().status_code == 303


# --- codes --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("early_in_a_step")
def test_wrong_codes_count_for_a_day_and_are_told(
    app: Flask, world: World, mailbox: Mailbox, clock: Clock, settings: Any
) -> None:
    """Who enters codes knows the password: the owner hears of the third, once a day."""
    settings(throttle_login_failures=4)
    codes = given_codes(app)
    before = len(mailbox.mails())
    statuses = []
    for number in range(6):
        clock.advance(3600)
        guesser = at(Person(app), f"198.51.100.{number}")
        statuses.append(enters_code(guesser, guesser.logs_in(), codes.wrong()).status_code)
    assert statuses == [200] * 4 + [429] * 2
    told = [str(mail["Subject"]) for mail in mailbox.mails()[before:]]
    assert told == ["Somebody who knows your password enters wrong codes"]
    stopped = at(Person(app), "198.51.100.9")
    page = enters_code(stopped, stopped.logs_in(), codes.code())
    assert "hours" in text_of(page)
    assert "lets you log in from this browser without waiting" in text_of(page)
    clock.advance(86_400)
    again = at(Person(app), "198.51.100.10")
    assert enters_code(again, again.logs_in(), codes.code()).status_code == 303


@pytest.mark.usefixtures("early_in_a_step")
def test_the_owner_enters_codes_while_others_guess_them(
    app: Flask, world: World, clock: Clock, settings: Any, alice: Person
) -> None:
    settings(throttle_login_failures=2)
    codes = given_codes(app)
    assert enters_code(alice, alice.logs_in(), codes.code()).status_code == 303
    for number in range(4):
        guesser = at(Person(app), f"198.51.100.{number}")
        enters_code(guesser, guesser.logs_in(), codes.wrong())
    clock.advance(60)
    assert enters_code(alice, comes_back(alice), codes.code()).status_code == 303
    assert is_in(alice)


def test_one_mistake_is_not_told(app: Flask, world: World, mailbox: Mailbox, alice: Person) -> None:
    codes = given_codes(app)
    before = len(mailbox.mails())
    page = alice.logs_in()
    for _ in range(2):
        assert enters_code(alice, page, codes.wrong()).status_code == 200
    assert mailbox.mails()[before:] == []


def test_no_user_is_known_by_what_it_says(app: Flask, world: World, alice: Person) -> None:
    """The cookie holds no name and nothing that logs in."""
    alice.logs_in()
    held = alice.browser.get_cookie(DEVICE)
    assert held is not None
    assert held.http_only
    alone = app.test_client()
    alone.set_cookie(DEVICE, held.value)
    assert alone.get("/account/keys").status_code == 303
    assert world.rows(User)
