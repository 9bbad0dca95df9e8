"""A form whose page is of another login, or too old, does nothing and leads on (security rule 40)."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.web import continuation
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.oauth.test_rp_logout import BYE
from tests.web.kit import given_codes
from tests.web.kit import text_of
from tests.world import PASSWORD
from tests.world import World

IDLE = 3601
OLD = "The page was open too long"
LOST = "What brought you here is too old or damaged"
NOT_SAVED = "Nothing was saved: send it again."


@pytest.fixture
def second(app: Flask, world: World) -> RelyingParty:
    """Another application, for the other tab."""
    return RelyingParty(app, world.client("second"))


def opened(person: Person, rp: RelyingParty, **changes: str) -> tuple[TestResponse, str]:
    """The login page for an application in one tab, and its address."""
    at = person.visits(rp.url(**changes)).headers["Location"]
    return person.visits(at), at


@pytest.mark.parametrize("typed", ["alice", "Alice ", ""])
def test_two_tabs_at_the_login(alice: Person, rp: RelyingParty, second: RelyingParty, typed: str) -> None:
    """Logged in by the first, the second goes on to its own application, whatever password was typed."""
    (one, at), (other, there) = opened(alice, rp), opened(alice, second)
    alice.submits(one, at, username="alice", password=PASSWORD)
    answer = alice.submits(other, there, username=typed, password="not it")
    assert answer.status_code == 303
    page = alice.visits(answer.headers["Location"])
    assert "Second wants to act for you" in text_of(page)
    assert alice.submits(other, there, username=typed, password="not it").status_code == 303


def test_the_second_tab_for_somebody_else(
    app: Flask, world: World, alice: Person, rp: RelyingParty, second: RelyingParty
) -> None:
    """Nobody is let in as the one who was there: both ways are offered, and lead to the application."""
    world.user("bob", "bolt", holds=[("APP-ROLE", "bolt")])
    (one, at), (other, there) = opened(alice, rp), opened(alice, second)
    alice.submits(one, at, username="alice", password=PASSWORD)
    page = alice.submits(other, there, username="bob", password=PASSWORD)
    assert page.status_code == 400
    assert "somebody logged in or out in another window" in text_of(page)
    assert "You are logged in as alice." in text_of(page)
    html = page.get_data(as_text=True)
    onward = html.split('">Go on as alice')[0].rsplit('href="', 1)[1]
    assert "Second wants to act for you" in text_of(alice.visits(onward))
    answer = alice.submits(page, "/login", username="bob", password=PASSWORD)
    assert "<dt>You are</dt><dd>bob" in alice.visits(answer.headers["Location"]).get_data(as_text=True)


def test_the_second_tab_when_nobody_is_left(alice: Person, rp: RelyingParty, second: RelyingParty) -> None:
    """Logged out again meanwhile: the form comes anew and keeps its application."""
    (one, at), (other, there) = opened(alice, rp), opened(alice, second)
    alice.submits(one, at, username="alice", password=PASSWORD)
    alice.logs_out()
    page = alice.submits(other, there, username="alice", password=PASSWORD)
    assert page.status_code == 400
    assert "to go on to Second" in text_of(page)
    assert 'value="alice"' in page.get_data(as_text=True)
    answer = alice.submits(page, "/login", username="alice", password=PASSWORD)
    assert "Second wants to act for you" in text_of(alice.visits(answer.headers["Location"]))


def test_two_tabs_at_the_second_step(
    app: Flask, alice: Person, rp: RelyingParty, second: RelyingParty
) -> None:
    """The form of the code too; the other tab's login is good for both."""
    codes = given_codes(app)
    (one, at), (other, there) = opened(alice, rp), opened(alice, second)
    first = alice.submits(one, at, username="alice", password=PASSWORD).headers["Location"]
    step = alice.visits(first)
    alice.submits(step, first, code=codes.code())
    answer = alice.submits(step, first, code="000000")
    assert answer.status_code == 303
    assert "App wants to act for you" in text_of(alice.visits(answer.headers["Location"]))
    assert alice.submits(other, there, username="alice", password="x").status_code == 303


def test_a_consent_page_of_an_earlier_cookie(alice: Person, rp: RelyingParty) -> None:
    """Logged in again in another tab: the question is shown anew, and nothing was decided."""
    alice.logs_in()
    page = alice.visits(rp.url())
    alice.logs_in()
    refused = alice.submits(page, "/oauth/authorize", decision="approve", transaction=transaction_of(page))
    assert refused.status_code == 400
    back = re.search(r'href="(/oauth/authorize[?]continue=[^"]+)">Go back', refused.get_data(as_text=True))
    assert back is not None
    assert "App wants to act for you" in text_of(alice.visits(back[1]))


def transaction_of(page: TestResponse) -> str:
    return page.get_data(as_text=True).split('name="transaction" value="')[1].split('"')[0]


def test_two_tabs_at_the_log_out(app: Flask, world: World, alice: Person, rp: RelyingParty) -> None:
    """Logged out already: it is done. Logged in again: asked again, and the application's way is kept."""
    world.change_client(rp.client_id, post_logout_redirect_uris=[BYE])
    hint = rp.obtains(alice)["id_token"]
    elsewhere = Person(app)
    elsewhere.logs_in()
    at = elsewhere.browser.get(
        "/oauth/logout", query_string={"id_token_hint": hint, "post_logout_redirect_uri": BYE}
    ).headers["Location"]
    page = elsewhere.visits(at)
    elsewhere.logs_in()
    again = elsewhere.submits(page, "/logout", out=at.split("out=")[1])
    assert again.status_code == 400
    assert "Nothing was ended" in text_of(again)
    elsewhere.logs_out()
    assert elsewhere.submits(page, "/logout", form=-1).headers["Location"] == BYE


@pytest.mark.parametrize("wanted", ["continue=x.y.z", "next=https%3A%2F%2Fevil.example%2F"])
def test_what_leads_nowhere_is_said(alice: Person, world: World, wanted: str) -> None:
    """Before the login and after it, not by a page that was never asked for."""
    at = f"/login?{wanted}"
    page = alice.visits(at)
    assert LOST in text_of(page)
    answer = alice.submits(page, at, username="alice", password=PASSWORD)
    assert answer.headers["Location"] == "/"
    home = alice.visits("/")
    assert "open the application again" in text_of(home)
    assert '<p class="notice" role="status"' in home.get_data(as_text=True)
    assert "open the application again" not in text_of(alice.visits("/"))


def test_what_leads_nowhere_is_said_after_a_second_step(app: Flask, alice: Person, world: World) -> None:
    codes = given_codes(app)
    at = "/login?continue=x.y.z"
    first = alice.submits(alice.visits(at), at, username="alice", password=PASSWORD).headers["Location"]
    assert alice.submits(alice.visits(first), first, code=codes.code()).headers["Location"] == "/"
    assert "open the application again" in text_of(alice.visits("/"))


def test_a_request_that_waited_too_long(
    alice: Person, rp: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than an hour at the login page: said there, and at the address that waited."""
    page, at = opened(alice, rp)
    monkeypatch.setattr(continuation, "LIFE_SECONDS", -1)
    assert LOST in text_of(alice.visits(at))
    answer = alice.submits(page, at, username="alice", password=PASSWORD)
    assert answer.headers["Location"] == "/"
    there = at.replace("/login", "/oauth/authorize")
    refused = alice.visits(there)
    assert refused.status_code == 400
    assert "waited for a login for more than an hour" in text_of(refused)
    assert "Go back to the application and start again." in text_of(refused)


@pytest.mark.parametrize("cookie", ["kept", "gone"])
@pytest.mark.parametrize("factor", ["password", "code"])
def test_a_form_lost_with_the_login(
    app: Flask, world: World, alice: Person, clock: Clock, cookie: str, factor: str
) -> None:
    """Nothing was saved, says the login page, and the page of the form after the login; then no more."""
    alice.logs_in()
    at = "/account/password"
    page = alice.visits(at)
    codes = given_codes(app) if factor == "code" else None
    if cookie == "gone":
        alice.browser.delete_cookie("argus_session")
    else:
        clock.advance(IDLE)
    answer = alice.submits(page, at, form=-1)
    assert answer.headers["Location"] == "/login?next=%2Faccount%2Fpassword"
    login = alice.visits(answer.headers["Location"])
    assert "what you sent was not saved" in text_of(login)
    back = alice.submits(login, "/login", username="alice", password=PASSWORD)
    if codes is not None:
        step = back.headers["Location"]
        back = alice.submits(alice.visits(step), step, code=codes.code())
    assert back.headers["Location"] == at
    assert NOT_SAVED in text_of(alice.visits(at))
    assert NOT_SAVED not in text_of(alice.visits(at))


@pytest.mark.parametrize("path", ["/consents/x/withdraw", "/account/password", "/account/sessions/end-all"])
def test_every_form_of_a_login_says_so(world: World, alice: Person, clock: Clock, path: str) -> None:
    """Forms of pages that look for the login by themselves too."""
    alice.logs_in()
    token = alice.visits("/logout").get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    clock.advance(IDLE)
    answer = alice.browser.post(path, data={"csrf_token": token})
    assert answer.status_code == 303
    assert "what you sent was not saved" in text_of(alice.visits(answer.headers["Location"]))


def test_a_stale_page_of_a_live_login(alice: Person, world: World) -> None:
    """Nothing is saved, and its page is one press away."""
    alice.logs_in()
    page = alice.visits("/account/password")
    alice.logs_in()
    refused = alice.submits(page, "/account/password", form=-1)
    assert refused.status_code == 400
    assert OLD in text_of(refused)
    assert '<a class="button primary" href="/account/password">Go back</a>' in refused.get_data(as_text=True)


def test_a_stale_page_of_recovery(alice: Person, world: World) -> None:
    """Which needs no login: back to itself."""
    page = alice.visits("/recover")
    alice.logs_in()
    refused = alice.submits(page, "/recover", name="alice")
    assert refused.status_code == 400
    assert '<a class="button primary" href="/recover">Go back</a>' in refused.get_data(as_text=True)
