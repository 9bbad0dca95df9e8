"""The step after the password (decision 15): it cannot be skipped, replayed, moved, outlived or guessed."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.services.access import directory
from app.services.administration import users_and_groups
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.login import password_login
from app.services.unit_of_work import run_in_transaction
from tests.api.test_webauthn import enrolled
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.person import forms
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.web.kit import COOKIE
from tests.web.kit import FORM_COOKIE
from tests.web.kit import enters_code
from tests.web.kit import given_codes
from tests.web.kit import handle_of
from tests.web.kit import is_in
from tests.web.kit import level_of
from tests.web.kit import offered
from tests.web.kit import reasons
from tests.web.kit import text_of
from tests.world import OPERATOR
from tests.world import PASSWORD
from tests.world import World

pytestmark = pytest.mark.usefixtures("early_in_a_step")
STEP = "/login/second-step"
API_LOGIN = "/authentication/v1/password/authentication"
TRICKS = ("https://evil.example.com/", "//evil.example.com/", "/\\evil.example.com", "javascript:alert(1)")


def starts_again(answer: TestResponse, person: Person) -> None:
    """Back to the password, with a word about it, and no login."""
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login")
    assert not answer.headers["Location"].startswith(STEP)
    assert "Enter your password again" in text_of(person.visits(answer.headers["Location"]))
    assert not is_in(person)


def test_password_and_code(app: Flask, world: World, alice: Person) -> None:
    """An administrative login; where one wanted to go is kept through both steps."""
    codes = given_codes(app)
    first = alice.logs_in("/login?next=/account/keys")
    assert alice.browser.get_cookie(COOKIE) is None
    assert level_of(world) == []
    answer = enters_code(alice, first, codes.code())
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/account/keys"
    assert level_of(world) == [("totp", 3)]
    assert is_in(alice)


def test_a_waiting_application_is_named_and_comes_back(
    app: Flask, world: World, alice: Person, rp: RelyingParty
) -> None:
    """Rule 74: the form's redirects may end at the application's origin, from this page too."""
    codes = given_codes(app)
    first = alice.logs_in(alice.visits(rp.url()).headers["Location"])
    page = alice.visits(first.headers["Location"])
    assert "to go on to App" in text_of(page)
    assert "form-action" not in page.headers["Content-Security-Policy"]
    answer = enters_code(alice, first, codes.code())
    assert answer.headers["Location"].startswith("/oauth/authorize?continue=")
    assert alice.visits(answer.headers["Location"]).status_code == 200


def test_the_password_alone_opens_nothing(app: Flask, world: World, alice: Person) -> None:
    """Between the steps every page wants a login, and the page before it can be left and loaded again."""
    codes = given_codes(app)
    first = alice.logs_in()
    for path in ("/", "/account/sessions", "/account/password", "/account/security/codes", "/console/"):
        assert alice.visits(path).headers["Location"].startswith("/login?next=%2F"), path
    assert alice.visits(STEP).status_code == 200
    assert enters_code(alice, first, codes.code()).headers["Location"] == "/"


def test_without_the_first_step(app: Flask, world: World, alice: Person) -> None:
    """Nobody gets there by the address, or by a code alone, or in another browser."""
    codes = given_codes(app)
    starts_again(alice.visits(STEP), alice)
    other = Person(app)
    page = other.visits(other.logs_in().headers["Location"])
    assert alice.submits(page, STEP, code=codes.code()).status_code == 400
    own = alice.visits("/login")
    (_, fields), *_rest = forms(own.get_data(as_text=True))
    starts_again(alice.browser.post(STEP, data=fields | {"code": codes.code()}), alice)


def test_five_minutes(app: Flask, world: World, alice: Person, clock: Clock) -> None:
    """A right password counts for five minutes, not a second longer."""
    codes = given_codes(app)
    first = alice.logs_in()
    page = alice.visits(first.headers["Location"])
    clock.advance(299)
    assert alice.visits(STEP).status_code == 200
    clock.advance(1)
    starts_again(alice.submits(page, STEP, code=codes.code()), alice)
    starts_again(alice.visits(STEP), alice)


def _ends(app: Flask, world: World, how: str) -> None:
    if how == "blocked":
        world.block("alice")
    elif how == "blocked and unblocked":
        world.block("alice")
        with app.app_context():
            run_in_transaction(lambda: users_and_groups.unblock_user(_alice(), OPERATOR))
    elif how == "deleted":
        world.delete("alice")
    elif how == "customer disabled":
        world.disable_customer("acme")
    elif how == "new password":
        with app.app_context():
            run_in_transaction(
                lambda: password_login.set_password(_alice(), "four brown kettles sing", OPERATOR)
            )
    else:
        with app.app_context():
            run_in_transaction(lambda: endings.end(Event.LOGGED_OUT_EVERYWHERE, _alice(), OPERATOR))


def _alice() -> Any:
    found = directory.find_user("alice", directory.get_home_domain().id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "how",
    ["blocked", "blocked and unblocked", "deleted", "customer disabled", "new password", "everywhere"],
)
@pytest.mark.parametrize("way", ["code", "passkey"])
def test_what_voids_the_first_step(app: Flask, world: World, alice: Person, how: str, way: str) -> None:
    """Decision 8: what ends everything ends a half login too, whichever way it would have gone on."""
    device = enrolled(app)
    codes = given_codes(app)
    first = alice.logs_in()
    page = alice.visits(first.headers["Location"])
    _ends(app, world, how)
    if way == "code":
        answer = alice.submits(page, STEP, code=codes.code())
    else:
        answer = alice.submits(page, STEP, **device.signs(offered(page)))
    assert alice.browser.get_cookie(COOKIE) is None
    assert answer.status_code in (200, 303)
    assert not is_in(alice)


def test_a_code_counts_once(app: Flask, world: World, alice: Person) -> None:
    """In another browser too, whose owner also knows the password; the page says to wait for the next."""
    codes = given_codes(app)
    assert enters_code(alice, alice.logs_in(), codes.code()).headers["Location"] == "/"
    thief = Person(app)
    first = thief.logs_in()
    assert "used already" in text_of(enters_code(thief, first, codes.code()))
    assert not is_in(thief)
    assert enters_code(thief, first, codes.code(1)).headers["Location"] == "/"


def test_a_wrong_code_says_so(app: Flask, world: World, alice: Person) -> None:
    """Tied to its field, with the reason in the audit trail; codes may be typed as apps group them."""
    codes = given_codes(app)
    first = alice.logs_in("/login?next=/account/keys")
    page = enters_code(alice, first, codes.wrong())
    assert page.status_code == 200
    body = page.get_data(as_text=True)
    assert 'aria-invalid="true"' in body
    assert 'aria-describedby="code-hint problem"' in body
    assert "<title>Problem:" in body
    assert reasons(world) == ["totp_wrong_code"]
    grouped = codes.code()[:3] + " " + codes.code()[3:]
    assert alice.submits(page, STEP, code=grouped).headers["Location"] == "/account/keys"


def test_guessing_is_slow_and_starting_again_gains_nothing(
    app: Flask, world: World, settings: Any, alice: Person
) -> None:
    """Rule 42: wrong codes count per account, wherever they come from; the password clears no such count."""
    settings(throttle_login_failures=3)
    codes = given_codes(app)
    for address in ("198.51.100.1", "198.51.100.2", "198.51.100.3"):
        guesser = Person(app)
        guesser.browser.environ_base["REMOTE_ADDR"] = address
        assert enters_code(guesser, guesser.logs_in(), codes.wrong()).status_code == 200
    page = enters_code(alice, alice.logs_in(), codes.code())
    assert page.status_code == 429
    assert 3600 < int(page.headers["Retry-After"]) <= 86_401
    assert "Wait about 24 hours" in text_of(page)
    assert not is_in(alice)


def test_one_source_guesses_for_many(app: Flask, world: World, settings: Any) -> None:
    """Rule 42: wrong codes count among the failed logins of their source, whosever account it is."""
    settings(throttle_login_failures=1)
    guesser = Person(app)
    guesser.browser.environ_base["REMOTE_ADDR"] = "198.51.100.1"
    for number in range(10):
        name = f"victim-{number}"
        world.user(name, "acme")
        codes = given_codes(app, name)
        guesser.name = name
        assert enters_code(guesser, guesser.logs_in(), codes.wrong()).status_code == 200
    assert guesser.logs_in().status_code == 429
    honest = Person(app)
    assert honest.logs_in().headers["Location"] == "/"


def test_the_form_session_is_new_at_each_step(app: Flask, world: World, alice: Person) -> None:
    """Rules 40, 41: a form cookie planted before the password counts for nothing after it."""
    codes = given_codes(app)
    alice.visits("/login")
    planted = alice.browser.get_cookie(FORM_COOKIE)
    assert planted is not None
    first = alice.logs_in()
    between = alice.browser.get_cookie(FORM_COOKIE)
    assert between is not None
    page = alice.visits(first.headers["Location"])
    assert alice.submits(page, STEP, code=codes.code()).headers["Location"] == "/"
    with alice.browser.session_transaction() as held:
        assert "second_step" not in held
    for old in (planted.value, between.value):
        late = Person(app)
        late.browser.set_cookie(FORM_COOKIE, old)
        assert not is_in(late)
    stale = Person(app)
    stale.browser.set_cookie(FORM_COOKIE, planted.value)
    starts_again(stale.visits(STEP), stale)


@pytest.mark.parametrize("trick", TRICKS)
def test_it_leads_nowhere_else(app: Flask, world: World, alice: Person, trick: str) -> None:
    """Rule 40, for the code and for the passkey."""
    device = enrolled(app)
    codes = given_codes(app)
    first = alice.logs_in()
    assert enters_code(alice, first, codes.code(), next=trick).headers["Location"] == "/"
    other = Person(app)
    page = other.visits(other.logs_in().headers["Location"])
    assert other.submits(page, STEP, **device.signs(offered(page)), next=trick).headers["Location"] == "/"
    assert "evil" not in Person(app).visits(f"{STEP}?next={trick}").headers["Location"]


def test_by_passkey(app: Flask, world: World, alice: Person) -> None:
    """The passkeys of this very user are offered; what one signs makes an administrative login."""
    device = enrolled(app)
    page = alice.visits(alice.logs_in("/login?next=/account/keys").headers["Location"])
    asked = offered(page)
    assert len(asked["allowCredentials"]) == 1
    assert (asked["userVerification"], asked["rpId"]) == ("required", "localhost")
    answer = alice.submits(page, STEP, **device.signs(asked))
    assert answer.headers["Location"] == "/account/keys"
    assert level_of(world)[-1] == ("signature", 3)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("another's passkey", "webauthn_unknown_key"),
        ("another's name", "webauthn_other_user"),
        ("not verified", "webauthn_signature"),
        ("late", "webauthn_challenge"),
        ("replay", "webauthn_challenge"),
        ("other browser", "webauthn_signature"),
        ("revoked", "login_unknown_user"),
    ],
)
def test_a_passkey_that_does_not_count(
    app: Flask, world: World, admin: ApiCaller, alice: Person, clock: Clock, how: str, why: str
) -> None:
    """The same sentence for each; the true reason is in the audit trail."""
    device = enrolled(app)
    world.user("bob", "acme")
    bobs = enrolled(app, "bob")
    given_codes(app)
    page = alice.visits(alice.logs_in().headers["Location"])
    # As passkeys that live in several devices: they count nothing, so that no counter betrays a replay.
    device.count = -1
    signed = (bobs if how == "another's passkey" else device).signs(
        offered(page), verified=how != "not verified"
    )
    if how == "another's name":
        signed["userHandle"] = handle_of(app, "bob")
    if how == "late":
        clock.advance(301)
        alice = Person(app)
        page = alice.visits(alice.logs_in().headers["Location"])
    if how == "replay":
        kept = alice.browser.get_cookie(FORM_COOKIE)
        assert kept is not None
        assert alice.submits(page, STEP, **signed).headers["Location"] == "/"
        alice = Person(app)
        alice.browser.set_cookie(FORM_COOKIE, kept.value)
        page = alice.visits(STEP)
    if how == "other browser":
        alice = Person(app)
        page = alice.visits(alice.logs_in().headers["Location"])
    if how == "revoked":
        path = "/authentication/v1/user/alice/signature"
        key = admin.get(path).json["data"]["keys"][0]["keyID"]
        assert admin.delete(f"{path}/{key}").status_code == 200
    answer = alice.submits(page, STEP, **signed)
    assert answer.status_code == 200
    assert "That passkey did not work here" in text_of(answer)
    assert not is_in(alice)
    assert reasons(world) == [why]


def test_what_an_administrator_switched_off(
    app: Flask, world: World, admin: ApiCaller, alice: Person
) -> None:
    """A way that is off is neither offered nor taken; with none left the password is enough, and standard."""
    codes = given_codes(app)
    first = alice.logs_in()
    page = alice.visits(first.headers["Location"])
    assert admin.put("/authentication/v1/user/alice/disable/totp").status_code == 200
    starts_again(alice.submits(page, STEP, code=codes.code()), alice)
    assert alice.logs_in().headers["Location"] == "/"
    assert level_of(world)[-1] == ("password", 2)


def test_where_a_password_alone_opens_nothing(
    app: Flask, world: World, admin: ApiCaller, alice: Person
) -> None:
    """Decision 15: with the method password off, the two steps go on; nothing begins by a password alone."""
    codes = given_codes(app)
    world.user("bob", "acme")
    for name in ("alice", "bob"):
        assert admin.put(f"/authentication/v1/user/{name}/disable/password").status_code == 200
        body = {"userName": name, "password": PASSWORD}
        assert app.test_client().post(API_LOGIN, json=body).status_code == 401
    assert enters_code(alice, alice.logs_in(), codes.code()).headers["Location"] == "/"
    bob = Person(app, "bob")
    assert "do not match" in text_of(bob.logs_in())


def test_another_users_login_ends_only_with_the_second_step(app: Flask, world: World, alice: Person) -> None:
    """Who half logs in where somebody else is logged in changes nothing yet."""
    world.user("bob", "acme")
    bob = Person(app, "bob")
    codes = given_codes(app)
    bob.logs_in()
    bob.name = "alice"
    first = bob.logs_in()
    assert is_in(bob)
    assert "Logged in as bob" in text_of(bob.visits("/"))
    enters_code(bob, first, codes.code())
    assert "Logged in as alice" in text_of(bob.visits("/"))
    assert [row for row in level_of(world) if row[0] == "password"]
