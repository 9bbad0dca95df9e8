"""A form's token holds for the login it was shown in, and in no other (security rule 40)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from app.models.apikeys import APIKey
from tests.drivers.person import Person
from tests.drivers.person import forms
from tests.web.kit import FORM_COOKIE
from tests.web.kit import text_of
from tests.world import World

ADD = "/account/keys/add"
REFUSED = "The page was open too long or your login changed."


def _nobody(app: Flask) -> Person:
    return Person(app)


def _same_user(app: Flask) -> Person:
    alice = Person(app)
    alice.logs_in()
    return alice


def _other_user(app: Flask) -> Person:
    bob = Person(app, "bob")
    bob.logs_in()
    return bob


def _held(person: Person) -> tuple[str, str]:
    """The form cookie of a browser and the token of a form there."""
    page = person.visits("/logout")
    token = next(fields["csrf_token"] for _, fields in forms(page.text) if "csrf_token" in fields)
    cookie = person.browser.get_cookie(FORM_COOKIE)
    assert cookie is not None
    return cookie.value, token


def _sends(person: Person, cookie: str, token: str, path: str = ADD) -> tuple[int, str]:
    """A form sent with the form cookie and token of some browser."""
    person.browser.set_cookie(FORM_COOKIE, cookie)
    answer = person.browser.post(path, data={"csrf_token": token})
    return answer.status_code, answer.headers.get("Location") or text_of(answer)


@pytest.mark.parametrize("maker", [_nobody, _same_user, _other_user])
@pytest.mark.parametrize("user", [_nobody, _same_user, _other_user])
def test_a_token_is_of_one_login(
    app: Flask, world: World, maker: Callable[[Flask], Person], user: Callable[[Flask], Person]
) -> None:
    """Cookie and token together, planted in another login of the same or of another user: refused.

    Where nobody is logged in there is nobody to harm: the login is asked for.
    """
    world.user("bob", "acme")
    cookie, token = _held(maker(app))
    status, said = _sends(user(app), cookie, token)
    if user is _nobody:
        assert (status, said) == (303, "/login?next=%2Faccount%2Fkeys%2Fadd")
    else:
        assert status == 400
        assert REFUSED in said


def test_in_its_login_it_holds(app: Flask, world: World) -> None:
    alice = _same_user(app)
    assert _sends(alice, *_held(alice), "/logout")[0] == 303


def test_a_new_login_of_the_same_browser_is_another(app: Flask, world: World) -> None:
    """Also when it re-opens the same login, and after a log-out."""
    alice = _same_user(app)
    before = _held(alice)
    alice.logs_in()
    assert _sends(alice, *before)[0] == 400
    alice = _same_user(app)
    before = _held(alice)
    alice.logs_out()
    alice.logs_in()
    assert _sends(alice, *before)[0] == 400


def test_an_api_login_begins_anew_too(app: Flask, world: World) -> None:
    """The login cookie changes by other means than the form."""
    alice = _same_user(app)
    before = _held(alice)
    world.user("bob", "acme")
    body = {"userName": "bob", "password": alice.password}
    alice.browser.post("/authentication/v1/password/authentication", json=body)
    assert _sends(alice, *before)[0] == 400


def test_messages_survive_a_login_and_a_logout(app: Flask, world: World) -> None:
    """What is put into the form session with the very answer that changes the login is read afterwards."""
    alice = _same_user(app)
    page = alice.visits("/account/password")
    new = {
        "oldPassword": alice.password,
        "newPassword": "another battery staple",
        "newPasswordAgain": "another battery staple",
    }
    answer = alice.submits(page, "/account/password", **new)
    assert answer.status_code == 303, text_of(answer)
    assert "Your new password is set." in text_of(alice.visits(answer.headers["Location"]))
    assert world.rows(APIKey)
