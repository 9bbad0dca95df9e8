"""Confirmed by password or code (rule 42): one action, one login, one use, five minutes; no way around it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.models.apikeys import APIKey
from tests.api.test_webauthn import enrolled
from tests.drivers.person import Person
from tests.fixtures import Clock
from tests.web.kit import by_passkey
from tests.web.kit import enters_code
from tests.web.kit import given_codes
from tests.web.kit import handle_of
from tests.web.kit import offered
from tests.web.kit import reasons
from tests.web.kit import text_of
from tests.web.kit import user_id
from tests.world import PASSWORD
from tests.world import World

pytestmark = pytest.mark.usefixtures("early_in_a_step")
ADD = "/account/keys/add"
CONFIRM = "/account/confirm?for=apikey.create&next=%2Faccount%2Fkeys%2Fadd"
AGAIN = "Your confirmation was too old or used already. Confirm once more."


def confirms(person: Person, at: str = ADD, password: str = PASSWORD) -> TestResponse:
    """From an action to the page that confirms it, and the password there."""
    asked = person.visits(at).headers["Location"]
    return person.submits(person.visits(asked), asked, password=password)


def makes(person: Person, page: TestResponse, **fields: str) -> TestResponse:
    return person.submits(page, ADD, **{"description": "ci", "expirationDays": "30", **fields})


def test_there_and_back(person: Person) -> None:
    """The wrong order leads to the confirmation and from it back; it says what one is about to do."""
    answer = person.visits(ADD)
    assert answer.headers["Location"] == CONFIRM
    page = person.visits(CONFIRM)
    assert "You are about to make an API key." in text_of(page)
    wrong = person.submits(page, CONFIRM, password="not it at all")
    assert "This is not your password." in text_of(wrong)
    assert '<a href="#password">' in wrong.get_data(as_text=True)
    assert "not it at all" not in wrong.get_data(as_text=True)
    assert person.submits(wrong, CONFIRM, password=PASSWORD).headers["Location"] == ADD
    assert person.visits(ADD).status_code == 200


def test_it_counts_once(world: World, person: Person) -> None:
    """The key's text is shown once; sending the form again asks for presence again and makes nothing."""
    confirms(person)
    form = person.visits(ADD)
    assert "The key was created" in text_of(makes(person, form))
    answer = makes(person, form)
    assert answer.headers["Location"] == CONFIRM
    assert len([key for key in world.rows(APIKey) if key.description == "ci"]) == 1


@pytest.mark.parametrize("how", ["late", "spent elsewhere"])
def test_one_that_does_not_count_any_more(
    app: Flask, world: World, person: Person, clock: Clock, how: str
) -> None:
    """After five minutes, or once a copy of the cookie spent it: the page says why it asks again."""
    confirms(person)
    form = person.visits(ADD)
    if how == "late":
        clock.advance(301)
    else:
        twin = Person(app)
        for name in ("argus_session", "argus_form"):
            kept = person.browser.get_cookie(name)
            assert kept is not None
            twin.browser.set_cookie(name, kept.value)
        assert "The key was created" in text_of(makes(twin, form))
    answer = makes(person, form)
    assert answer.headers["Location"] == CONFIRM
    assert AGAIN in text_of(person.visits(CONFIRM))
    assert reasons(world, "step-up") == ["step_up_expired" if how == "late" else "step_up_spent"]


def test_for_one_action(person: Person) -> None:
    """What was confirmed for a key opens neither codes nor passkeys."""
    confirms(person)
    for path in ("/account/security/codes", "/account/security/passkeys/add"):
        assert person.visits(path).headers["Location"].startswith("/account/confirm?for=")


def test_for_one_key(app: Flask, person: Person) -> None:
    """The page says which key; what was confirmed for it does not renew another."""
    for _ in range(2):
        confirms(person)
        makes(person, person.visits(ADD))
    one, other = "/account/keys/1/renew", "/account/keys/2/renew"
    asked = person.visits(one).headers["Location"]
    prefix = f"{user_id(app, 'alice'):x}/1"
    assert f"This is about {prefix} only." in text_of(person.visits(asked))
    confirms(person, one)
    form = person.visits(one)
    assert form.status_code == 200
    answer = person.submits(form, other, expirationDays="30")
    assert answer.headers["Location"].startswith("/account/confirm?for=apikey.renew&prefix=")
    confirms(person, one)
    assert person.submits(person.visits(one), one, expirationDays="30").headers["Location"] == "/account/keys"


@pytest.mark.parametrize("query", ["for=apikey.renew", "for=apikey.renew&prefix="])
def test_an_object_that_is_not_named(person: Person, query: str) -> None:
    assert person.visits(f"/account/confirm?{query}").status_code == 404


def test_in_one_login(person: Person) -> None:
    """Who logs in again, in the same browser, confirms again."""
    confirms(person)
    assert person.visits(ADD).status_code == 200
    person.logs_in()
    assert person.visits(ADD).headers["Location"] == CONFIRM


def test_in_one_browser(app: Flask, world: World, person: Person) -> None:
    """The form cookie that holds it is empty in another login of the same user."""
    confirms(person)
    other = Person(app)
    other.logs_in()
    kept = person.browser.get_cookie("argus_form")
    assert kept is not None
    other.browser.set_cookie("argus_form", kept.value)
    assert other.visits(ADD).headers["Location"] == CONFIRM
    assert person.visits(ADD).status_code == 200


def test_guessing_is_slow(settings: Any, person: Person) -> None:
    """Too many wrong passwords: the page itself says how long to wait; an empty field is no try."""
    settings(throttle_login_failures=2)
    page = person.visits(CONFIRM)
    for _ in range(3):
        page = person.submits(page, CONFIRM, password="")
        assert "Enter your password." in text_of(page)
    for _ in range(2):
        page = person.submits(page, CONFIRM, password="not it at all")
    slow = person.submits(page, CONFIRM, password=PASSWORD)
    assert slow.status_code == 429
    assert slow.headers["Retry-After"]
    assert "Confirm that it is you" in text_of(slow)
    assert "Wait about 5 minutes" in text_of(slow)


@pytest.mark.parametrize("operation", ["", "user.delete", "password.reset"])
def test_no_other_action(person: Person, operation: str) -> None:
    """Only what pages ask for is confirmed."""
    assert person.visits(f"/account/confirm?for={operation}").status_code == 404


@pytest.mark.parametrize("trick", ["https://evil.example.com/", "//evil.example.com/", "/\\evil.example.com"])
def test_it_leads_nowhere_else(person: Person, trick: str) -> None:
    page = person.browser.get("/account/confirm", query_string={"for": "apikey.create", "next": trick})
    assert "evil" not in page.get_data(as_text=True)
    answer = person.submits(page, "/account/confirm", password=PASSWORD, next=trick)
    assert answer.headers["Location"] == "/account/"


def test_by_code(app: Flask, world: World, alice: Person) -> None:
    """In a login by code a fresh code will do; one used at the login does not count again."""
    codes = given_codes(app)
    enters_code(alice, alice.logs_in(), codes.code())
    page = alice.visits(alice.visits(ADD).headers["Location"])
    assert "used already" in text_of(alice.submits(page, CONFIRM, tokenCode=codes.code()))
    assert "Wrong code. Enter the six digits that the app shows now." in text_of(
        alice.submits(page, CONFIRM, tokenCode=codes.wrong())
    )
    grouped = codes.code(1)[:3] + " " + codes.code(1)[3:]
    assert alice.submits(page, CONFIRM, tokenCode=grouped).headers["Location"] == ADD


def test_a_code_only_in_a_login_by_code(app: Flask, world: World, person: Person) -> None:
    """Contract 3.4: presence is proven by the method the login began with, or by the password."""
    codes = given_codes(app)
    page = person.visits(CONFIRM)
    assert "Confirm by code" not in text_of(page)
    form = {"tokenCode": codes.code(), "for": "apikey.create"}
    answer = person.browser.post("/account/confirm", data=form | _token(page))
    assert answer.status_code == 412


def test_by_passkey(app: Flask, world: World, alice: Person) -> None:
    """In a login by passkey the passkey proves presence; its challenge is of this login and counts once."""
    device = enrolled(app)
    by_passkey(alice, device, handle_of(app))
    page = alice.visits(alice.visits(ADD).headers["Location"])
    signed = device.signs(offered(page))
    assert alice.submits(page, CONFIRM, **signed).headers["Location"] == ADD
    again = alice.submits(page, CONFIRM, **signed)
    assert "This does not prove your passkey." in text_of(again)
    assert reasons(world, "step-up") == ["webauthn_challenge"]


def _token(page: TestResponse) -> dict[str, str]:
    from tests.drivers.person import forms

    return {"csrf_token": forms(page.get_data(as_text=True))[-1][1]["csrf_token"]}
