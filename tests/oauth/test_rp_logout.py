"""OpenID Connect RP-Initiated Logout 1.0, by an application that we do not have to believe (rule 47)."""

from __future__ import annotations

import base64
import json
import secrets
import string
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import clock
from app.extensions import db
from app.models.audit import AuditEvent
from app.web.login import logout_confirmation
from app.web.login.logout_confirmation import PendingLogout
from tests.drivers.person import Person
from tests.drivers.person import forms
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.world import World

BYE = "https://app.example.com/bye?from=us"
EVIL = "https://evil.example.com/"
PATH = "/oauth/logout"
SESSION = "/authentication/v1/session"
OURS = "/logged-out"
STRANGE = [{"crit": [1]}, {"crit": [{}]}, {"crit": "x"}, {"kid": []}, {"alg": 1}]


@pytest.fixture
def rp(app: Flask, world: World) -> RelyingParty:
    client_id = world.client()
    world.change_client(client_id, post_logout_redirect_uris=[BYE])
    return RelyingParty(app, client_id)


@pytest.fixture
def tokens(rp: RelyingParty, alice: Person) -> dict[str, Any]:
    return rp.obtains(alice)


def asks(person: Person, **params: str) -> TestResponse:
    """What comes back; where the person is asked, that page, which repeats nothing of the request."""
    answer = person.visits(f"{PATH}?{urlencode(params)}")
    if not answer.headers.get("Location", "").startswith("/logout?"):
        return answer
    page = person.visits(answer.headers["Location"])
    assert params.get("id_token_hint", "no hint") not in page.get_data(as_text=True)
    return page


def confirms(person: Person, page: TestResponse) -> TestResponse:
    assert page.status_code == 200
    assert "Log out?" in page.get_data(as_text=True)
    return person.submits(page, PATH, form=-1)


def follows(person: Person, answer: TestResponse) -> str:
    """The page on which the browser ends, which is ours."""
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(OURS + "?out=")
    return unescape(person.visits(answer.headers["Location"]).get_data(as_text=True))


def logged_in(person: Person) -> bool:
    return person.visits("/").status_code == 200


def test_at_once(rp: RelyingParty, alice: Person, tokens: dict[str, Any]) -> None:
    """Its own ID token, its own user, its own login: no question; back to where it registered, with state."""
    hint = tokens["id_token"]
    answer = asks(
        alice, id_token_hint=hint, post_logout_redirect_uri=BYE, state="s t", client_id=rp.client_id
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, BYE + "&state=s+t")
    assert not logged_in(alice)
    assert rp.calls(SESSION, tokens["access_token"]).status_code == 401
    again = asks(alice, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE)
    assert again.headers["Location"] == BYE


def test_an_expired_hint(alice: Person, tokens: dict[str, Any], clock: Clock) -> None:
    """RP-Initiated Logout 2: accepted, for logging out long after."""
    clock.advance(3000)
    answer = asks(alice, id_token_hint=tokens["id_token"])
    assert answer.headers["Location"] == OURS
    assert not logged_in(alice)


def test_by_post(app: Flask, alice: Person, tokens: dict[str, Any]) -> None:
    """From another site the cookie stays away: it comes back by GET."""
    form = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BYE}
    answer = app.test_client().post(PATH, data=form)
    assert answer.status_code == 303
    assert alice.visits(answer.headers["Location"]).headers["Location"] == BYE
    assert not logged_in(alice)


@pytest.mark.parametrize("wish", [{}, {"post_logout_redirect_uri": BYE}, {"id_token_hint": "x.y.z"}], ids=str)
def test_without_proof_the_person_is_asked(
    rp: RelyingParty, alice: Person, tokens: dict[str, Any], wish: dict[str, str]
) -> None:
    """And goes nowhere else, whatever was asked for."""
    page = asks(alice, client_id=rp.client_id, **wish)
    assert logged_in(alice)
    assert rp.calls(SESSION, tokens["access_token"]).status_code == 200
    assert confirms(alice, page).headers["Location"] == OURS
    assert not logged_in(alice)


def test_somebody_else_is_here(app: Flask, world: World, rp: RelyingParty, tokens: dict[str, Any]) -> None:
    """A hint about alice does not log bob out; he may say yes."""
    world.user("bob", "acme")
    bob = Person(app, "bob")
    bob.logs_in()
    page = asks(bob, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE)
    assert "App asks you to log out." in page.get_data(as_text=True)
    assert "form-action" not in page.headers["Content-Security-Policy"]
    assert logged_in(bob)
    assert confirms(bob, page).headers["Location"] == BYE
    assert not logged_in(bob)
    assert rp.calls(SESSION, tokens["access_token"]).status_code == 200


def test_another_login_of_the_same_user(app: Flask, tokens: dict[str, Any]) -> None:
    """An ID token of long ago ends no login that its application was never used in."""
    elsewhere = Person(app, "alice")
    elsewhere.logs_in()
    page = asks(elsewhere, id_token_hint=tokens["id_token"])
    assert page.status_code == 200
    assert logged_in(elsewhere)


def test_another_login_that_the_application_served(
    app: Flask, rp: RelyingParty, alice: Person, tokens: dict[str, Any]
) -> None:
    """The ``sid`` says which login is meant: that of another browser ends nothing here without a question."""
    elsewhere = Person(app, "alice")
    own = rp.obtains(elsewhere)
    assert asks(elsewhere, id_token_hint=tokens["id_token"]).status_code == 200
    posted = app.test_client().post(PATH, data={"id_token_hint": tokens["id_token"]})
    assert "/logout?" in elsewhere.visits(posted.headers["Location"]).headers["Location"]
    assert logged_in(elsewhere)
    assert asks(elsewhere, id_token_hint=own["id_token"]).headers["Location"] == OURS
    assert not logged_in(elsewhere)


@pytest.mark.parametrize("uri", [EVIL, BYE + "x", BYE.upper(), "javascript:alert(1)", "/account/"])
def test_only_what_was_registered(alice: Person, tokens: dict[str, Any], uri: str) -> None:
    """Byte by byte; the log-out itself is in order, and our own page says why it went no further."""
    answer = asks(alice, id_token_hint=tokens["id_token"], post_logout_redirect_uri=uri)
    assert not logged_in(alice)
    told = follows(alice, answer)
    assert "You were not sent back to App." in told
    assert "The application asked to return to an address it has not registered" in told
    assert uri not in told
    assert BYE not in told


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("http://app.example.com/bye?from=us", "what it begins with, such as https, is not the same."),
        ("https://other.example.com/bye?from=us", "the host is not the same."),
        ("https://app.example.com/bye/?from=us", "the path is not the same."),
        ("https://app.example.com/bye", "the query, from ? on, is not the same."),
    ],
)
def test_the_page_names_the_part(alice: Person, tokens: dict[str, Any], uri: str, why: str) -> None:
    """Logged in or not, at once, by POST, and after the question."""
    form = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": uri}
    elsewhere = Person(alice.app, "alice")
    elsewhere.logs_in()
    assert why in follows(elsewhere, confirms(elsewhere, asks(elsewhere, **form)))
    posted = alice.app.test_client().post(PATH, data=form)
    assert why in follows(alice, alice.visits(posted.headers["Location"]))
    assert why in follows(alice, asks(alice, **form))


def test_without_proof_nothing_is_explained(alice: Person, rp: RelyingParty, tokens: dict[str, Any]) -> None:
    """Whoever knows an application's id learns nothing of what it registered."""
    for wish in ({"client_id": rp.client_id}, {"client_id": rp.client_id, "id_token_hint": "x.y.z"}, {}):
        answer = asks(Person(alice.app), post_logout_redirect_uri=EVIL, **wish)
        assert answer.headers["Location"] == OURS
    assert "not sent back" not in alice.visits(OURS + "?out=made-up").get_data(as_text=True)


def read_logouts(app: Flask) -> list[AuditEvent]:
    with app.app_context():
        rows = select(AuditEvent).where(AuditEvent.action == "logout").order_by(AuditEvent.id)
        return list(db.session.execute(rows).scalars())


def test_the_audit_row_names_the_application(rp: RelyingParty, alice: Person, tokens: dict[str, Any]) -> None:
    """That proved by an ID token that it asks: at once or after the question, and not who only says so."""
    asks(alice, id_token_hint=tokens["id_token"])
    elsewhere = Person(alice.app, "alice")
    elsewhere.logs_in()
    confirms(elsewhere, asks(elsewhere, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE))
    elsewhere.logs_in()
    confirms(elsewhere, asks(elsewhere, client_id=rp.client_id))
    elsewhere.logs_in()
    elsewhere.logs_out()
    rows = read_logouts(alice.app)
    assert [row.client_id for row in rows] == [rp.client_id, rp.client_id, None, None]
    assert {(row.actor_name, row.detail["reason"]) for row in rows} == {("alice", "logged out")}


def test_the_client_and_the_audience_differ(
    app: Flask, world: World, alice: Person, tokens: dict[str, Any]
) -> None:
    """RP-Initiated Logout 2: the hint is another application's: it counts for nothing."""
    other = world.client("other")
    world.change_client(other, post_logout_redirect_uris=[EVIL])
    page = asks(alice, client_id=other, id_token_hint=tokens["id_token"], post_logout_redirect_uri=EVIL)
    assert confirms(alice, page).headers["Location"] == OURS


def test_a_deleted_application(rp: RelyingParty, world: World, alice: Person, tokens: dict[str, Any]) -> None:
    """It says nothing any more."""
    world.change_client(rp.client_id, deleted_at=clock.now())
    page = asks(alice, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE)
    assert page.status_code == 200
    assert logged_in(alice)


def test_a_hint_signed_by_others(rp: RelyingParty, alice: Person, tokens: dict[str, Any]) -> None:
    """Another key, or none."""
    key = RSAKey.generate_key(2048)
    claims = {"iss": "http://localhost", "sub": "1", "aud": rp.client_id}
    forged = jwt.encode({"alg": "RS256"}, claims, key)
    head, body, _ = tokens["id_token"].split(".")
    for hint in (forged, f"eyJhbGciOiJub25lIn0.{body}.", f"{head}.{body}.", "x" * 5000):
        page = asks(alice, id_token_hint=hint, post_logout_redirect_uri=BYE)
        assert page.status_code in (200, 400)
        assert logged_in(alice)


def test_where_to_cannot_be_forged(app: Flask, alice: Person, tokens: dict[str, Any]) -> None:
    """The form leads only where we signed for, and needs its token."""
    for out in (EVIL, tokens["id_token"], "", "x" * 20_000):
        person = Person(app, "alice")
        person.logs_in()
        page = person.visits("/logout")
        held = next(fields for action, fields in forms(page.get_data(as_text=True)) if action == "/logout")
        assert person.browser.post("/logout", data={"out": out}).status_code == 400
        assert logged_in(person)
        answer = person.browser.post("/logout", data={**held, "out": out})
        assert answer.headers["Location"] == OURS


@pytest.mark.parametrize(
    "query", ["state=a&state=b", "state=%00", "id_token_hint=" + "x" * 12_001, "client_id=%ff"], ids=range(4)
)
def test_hostile_requests(alice: Person, tokens: dict[str, Any], query: str) -> None:
    """Repeated, unreadable, endless: a plain page, and nothing happened."""
    assert tokens
    page = alice.visits(f"{PATH}?{query}")
    assert page.status_code == 400
    assert logged_in(alice)


@pytest.mark.parametrize("head", STRANGE, ids=str)
def test_a_strange_header_of_a_hint(rp: RelyingParty, alice: Person, head: dict[str, Any]) -> None:
    """A header of a shape that no library expects: no hint of ours, here and at the login (rule 69)."""
    text = json.dumps({"alg": "RS256"} | head).encode()
    hint = base64.urlsafe_b64encode(text).decode().rstrip("=") + ".e30.AA"
    alice.logs_in()
    assert asks(alice, id_token_hint=hint).status_code == 200
    assert logged_in(alice)
    answer = alice.visits(rp.url(id_token_hint=hint))
    assert answer.status_code == 303
    assert "error=invalid_request" in answer.headers["Location"]


def test_two_cookies(alice: Person, tokens: dict[str, Any], rp: RelyingParty) -> None:
    """Which login is meant cannot be told: nobody is told that it ended (security rule 44)."""
    cookie = alice.browser.get_cookie("argus_session")
    assert cookie is not None
    both = {"Cookie": f"argus_session={cookie.value}; argus_session=planted"}
    stranger = alice.app.test_client(use_cookies=False)
    query = urlencode({"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BYE})
    page = stranger.get(f"{PATH}?{query}", headers=both)
    assert page.status_code == 400
    assert "Nothing was ended." in page.get_data(as_text=True)
    assert rp.calls(SESSION, tokens["access_token"]).status_code == 200


def test_an_endless_way_out(app: Flask) -> None:
    """Too long to be carried through the question: left out, so that one ends on our own page."""
    noise = "".join(secrets.choice(string.ascii_letters) for _ in range(12_000))
    with app.test_request_context():
        kept = logout_confirmation.unwrap_logout(logout_confirmation.wrap_logout(PendingLogout("App", BYE)))
        cut = logout_confirmation.unwrap_logout(
            logout_confirmation.wrap_logout(PendingLogout("App", f"{BYE}&state={noise}"))
        )
    assert (kept, cut) == (PendingLogout("App", BYE), PendingLogout("App", None))


def test_nobody_is_here(app: Flask) -> None:
    """Nothing to end, nothing to ask, and no cookie is touched."""
    answer = app.test_client().get(PATH)
    assert (answer.status_code, answer.headers["Location"]) == (303, OURS)
    assert "Set-Cookie" not in answer.headers
