"""The pages of one's own account: keys, codes, passkeys, sessions, password, what happened."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.models.apikeys import APIKey
from app.models.totp import TOTPGenerator
from app.models.webauthn import WebAuthnCredential
from app.web.account import keys
from tests.api.test_webauthn import enrolled
from tests.drivers.api_caller import ApiCaller
from tests.drivers.authenticator import Authenticator
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.fixtures import Counter
from tests.fixtures import Template
from tests.web.kit import Codes
from tests.web.kit import by_passkey
from tests.web.kit import enters_code
from tests.web.kit import given_codes
from tests.web.kit import handle_of
from tests.web.kit import is_in
from tests.web.kit import offered
from tests.web.kit import text_of
from tests.web.test_confirming import ADD
from tests.web.test_confirming import confirms
from tests.web.test_confirming import makes
from tests.world import PASSWORD
from tests.world import World

pytestmark = pytest.mark.usefixtures("early_in_a_step")
NEW = "four brown kettles sing"
CODES = "/account/security/codes"
PASSKEY = "/account/security/passkeys/add"
CHANGE = "/account/password"


def new_key(person: Person, **fields: str) -> TestResponse:
    confirms(person)
    return makes(person, person.visits(ADD), **fields)


def text_of_key(page: TestResponse) -> str:
    found = re.search(r'<p class="once">([^<]+)</p>', page.get_data(as_text=True))
    assert found is not None, text_of(page)
    return found[1]


# --- keys ---------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_works(app: Flask, world: World, person: Person) -> None:
    """It acts as its owner; its text is on no later page."""
    assert "You have none." in text_of(person.visits("/account/keys"))
    key = text_of_key(new_key(person))
    assert ApiCaller(app, key).get("/currentuser/v1/user").status_code == 200
    listed = person.visits("/account/keys")
    assert "ci" in text_of(listed)
    assert key.rsplit("/", 1)[0] in text_of(listed)
    for path in ("/account/keys", "/account/activity", ADD):
        assert key.rsplit("/", 1)[1] not in person.visits(path).get_data(as_text=True)


def test_a_key_with_limits(app: Flask, world: World, person: Person) -> None:
    """Functions, addresses, customers, reading only: stored as asked, told on the page."""
    world.grant("alice", "APP-ROLE", "bolt")
    confirms(person)
    page = person.visits(ADD)
    choices = re.findall(
        r'name="sessionConstraints.customerID" value="(\d+)"[^>]*><label[^>]*>(\w+)<',
        page.get_data(as_text=True),
    )
    assert [name for _number, name in choices] == ["Acme", "Bolt"]
    made = makes(
        person,
        page,
        **{
            "validSources": "192.0.2.0/24\n198.51.100.7",
            "sessionConstraints.function": "useApp",
            "sessionConstraints.customerID": choices[0][0],
            "sessionConstraints.readOnly": "true",
        },
    )
    key = text_of_key(made)
    assert ApiCaller(app, key).get("/currentuser/v1/user").status_code == 401
    shown = text_of(person.visits("/account/keys"))
    assert "Only from 192.0.2.0/24, 198.51.100.7/32" in shown
    assert "Only these functions useApp" in shown
    assert "Only for these customers Acme" in shown
    assert "It may only read yes" in shown


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("validSources", "192.0.2.1\nnonsense", "nonsense"),
        ("expirationDays", "0", "You may not make a key that never expires."),
        ("expirationDays", "soon", "Write a whole number."),
        ("sessionConstraints.function", "noSuchThing", "There is no such function."),
        ("sessionConstraints.customerID", "999999", "There is no such customer."),
        ("description", "", "What it is for"),
    ],
)
def test_a_key_that_is_not_made(
    world: World, person: Person, monkeypatch: pytest.MonkeyPatch, field: str, value: str, says: str
) -> None:
    """Each problem is told at its field; what was typed stays, and so does the confirmation."""
    # As for somebody with more customers than a page lists.
    monkeypatch.setattr(keys, "MOST_PLACES", 0)
    confirms(person)
    page = makes(person, person.visits(ADD), **{field: value})
    assert page.status_code == 200
    assert 'id="summary"' in page.get_data(as_text=True)
    assert says in text_of(page)
    assert [key for key in world.rows(APIKey) if key.description == "ci"] == []
    assert person.visits(ADD).status_code == 200


def test_a_key_is_renewed_and_revoked(app: Flask, world: World, person: Person, clock: Clock) -> None:
    """A key that ran out says so and comes back by renewing; a revoked one never does."""
    key = ApiCaller(app, text_of_key(new_key(person)))
    clock.advance(31 * 86_400)
    person.logs_in()
    assert "run out" in text_of(person.visits("/account/keys"))
    assert key.get("/currentuser/v1/user").status_code == 401
    (number,) = [row.key_number for row in world.rows(APIKey) if row.description == "ci"]
    renew = f"/account/keys/{number}/renew"
    confirms(person, renew)
    done = person.submits(person.visits(renew), renew, expirationDays="10")
    assert done.headers["Location"] == "/account/keys"
    assert re.search(r"The key \w+/\w+ now ends .* UTC\.", text_of(person.visits("/account/keys")))
    assert key.get("/currentuser/v1/user").status_code == 200
    revoke = f"/account/keys/{number}/revoke"
    assert "Revoke ci?" in text_of(person.visits(revoke))
    assert person.submits(person.visits(revoke), revoke, form=-1).status_code == 303
    assert key.get("/currentuser/v1/user").status_code == 401
    assert person.visits(revoke).status_code == 404
    assert person.visits(renew).status_code == 404


def test_keys_of_others_are_not_there(app: Flask, world: World, person: Person) -> None:
    """Keys are named by one's own numbers: no address reaches another's."""
    world.user("bob", "acme")
    world.api_key("bob")
    (number,) = [row.key_number for row in world.rows(APIKey) if row.description == "test"]
    for action in ("renew", "revoke"):
        assert person.visits(f"/account/keys/{number}/{action}").status_code == 404


# --- one-time codes -----------------------------------------------------------------------------------------


def test_codes_are_set_up(app: Flask, world: World, person: Person) -> None:
    """A picture and the same seed in groups of four, once; the first code switches them on."""
    confirms(person, CODES)
    page = person.submits(person.visits(CODES), CODES, form=-1)
    body = page.get_data(as_text=True)
    assert "<svg " in body
    groups = text_of_key(page).split(" ")
    assert [len(group) for group in groups] == [4] * 8
    assert f"secret={''.join(groups)}" in body
    codes = Codes("".join(groups))
    wrong = person.submits(page, CODES, verificationCode=codes.wrong())
    assert "Wrong code. Enter the six digits that the app shows now." in text_of(wrong)
    assert "Start again" in text_of(wrong)
    assert "".join(groups) not in wrong.get_data(as_text=True)
    done = person.submits(wrong, CODES, verificationCode=codes.code())
    assert done.headers["Location"] == "/account/security"
    assert "One-time codes are set up" in text_of(person.visits("/account/security"))
    other = Person(app)
    assert enters_code(other, other.logs_in(), codes.code(1)).headers["Location"] == "/"


def test_a_second_factor_guards_itself(app: Flask, world: World, person: Person) -> None:
    """Decision 12: a login by password alone changes no second factor, by whatever address."""
    confirms(person, CODES)
    form = person.visits(CODES)
    codes = given_codes(app)
    for path in (CODES, f"{CODES}/remove", PASSKEY):
        answer = person.visits(path)
        assert answer.status_code == 403, path
        assert "Log in with your second factor first" in text_of(answer)
    assert person.submits(form, CODES, form=-1).status_code == 403
    page = person.visits("/account/security")
    assert "You logged in by password alone." in text_of(page)
    assert CODES not in page.get_data(as_text=True)
    enters_code(person, person.logs_in(), codes.code())
    assert person.submits(person.visits(f"{CODES}/remove"), f"{CODES}/remove", form=-1).status_code == 303
    assert [row.active_sealed for row in world.rows(TOTPGenerator)] == [None]


def test_a_waiting_generator_is_of_its_owner(app: Flask, world: World, person: Person) -> None:
    """The name of a waiting generator is worth nothing in another account."""
    world.user("bob", "acme")
    confirms(person, CODES)
    page = person.submits(person.visits(CODES), CODES, form=-1)
    codes = Codes("".join(text_of_key(page).split(" ")))
    bob = Person(app, "bob")
    bob.logs_in()
    confirms(bob, CODES)
    own = bob.submits(bob.visits(CODES), CODES, form=-1)
    cookie = re.search(r'name="cookie" value="([^"]+)"', page.get_data(as_text=True))
    assert cookie is not None
    stolen = bob.submits(own, CODES, cookie=cookie[1], verificationCode=codes.code())
    assert "There is nothing to verify now. Start again." in text_of(stolen)


def test_guessing_the_first_code_is_slow(settings: Any, person: Person) -> None:
    """The page says how long to wait, and keeps the generator waiting."""
    settings(throttle_login_failures=2)
    confirms(person, CODES)
    page = person.submits(person.visits(CODES), CODES, form=-1)
    codes = Codes("".join(text_of_key(page).split(" ")))
    for _ in range(2):
        page = person.submits(page, CODES, verificationCode=codes.wrong())
    slow = person.submits(page, CODES, verificationCode=codes.code())
    assert slow.status_code == 429
    assert "Wait about 24 hours" in text_of(slow)
    assert 'name="cookie"' in slow.get_data(as_text=True)


# --- passkeys -----------------------------------------------------------------------------------------------


def test_a_passkey_is_added_named_and_removed(app: Flask, world: World, person: Person) -> None:
    """It logs in from then on, is told apart by its name, and never counts again once removed."""
    confirms(person, PASSKEY)
    page = person.visits(PASSKEY)
    asked = offered(page)
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    device = Authenticator()
    answer = person.submits(page, PASSKEY, **device.enrols(asked), description="Blue key")
    assert answer.headers["Location"] == "/account/security"
    assert "Blue key" in text_of(person.visits("/account/security"))
    other = Person(app)
    assert by_passkey(other, device, handle_of(app)).headers["Location"] == "/"
    (row,) = world.rows(WebAuthnCredential)
    remove = f"/account/security/passkeys/{row.id}/remove"
    assert person.visits(remove).status_code == 403
    assert "Remove Blue key?" in text_of(other.visits(remove))
    assert other.submits(other.visits(remove), remove, form=-1).headers["Location"] == "/account/security"
    assert other.visits(remove).status_code == 404
    assert by_passkey(Person(app), device, handle_of(app)).status_code == 200


@pytest.mark.parametrize(
    "how", ["not verified", "replay", "other origin", "another's", "nothing", "odd name"]
)
def test_a_passkey_that_is_not_added(app: Flask, world: World, person: Person, how: str) -> None:
    """The page says so and offers a new challenge; the confirmation stands."""
    confirms(person, PASSKEY)
    page = person.visits(PASSKEY)
    asked = offered(page)
    device = Authenticator()
    if how == "another's":
        world.user("bob", "acme")
        bob = Person(app, "bob")
        bob.logs_in()
        confirms(bob, PASSKEY)
        asked = offered(bob.visits(PASSKEY))
    changes = {"origin": "https://evil.example.com"} if how == "other origin" else {}
    body = device.enrols(asked, verified=how != "not verified", **changes)
    if how == "nothing":
        body = dict.fromkeys(body, "")
    if how == "replay":
        person.submits(page, PASSKEY, **body)
        (row,) = world.rows(WebAuthnCredential)
        assert by_passkey(person, device, handle_of(app)).status_code == 303
        confirms(person, PASSKEY)
        page = person.visits(PASSKEY)
        person.submits(page, PASSKEY, **body)
        assert [one.id for one in world.rows(WebAuthnCredential)] == [row.id]
        return
    answer = person.submits(page, PASSKEY, **body, description="<b>" if how == "odd name" else "Key")
    assert answer.status_code == 200
    assert 'id="summary"' in answer.get_data(as_text=True)
    assert offered(answer)["challengeID"] != asked["challengeID"]
    assert world.rows(WebAuthnCredential) == []


def test_no_passkeys_at_an_address(app: Flask, world: World, settings: Any, person: Person) -> None:
    """Where browsers refuse them they are not offered; those there are can still be removed."""
    settings(base_url="http://127.0.0.1")

    def visits(path: str) -> TestResponse:
        return person.browser.get(path, base_url="http://127.0.0.1")

    kept = person.browser.get_cookie("argus_session")
    assert kept is not None
    person.browser.set_cookie("argus_session", kept.value, domain="127.0.0.1")
    assert "Passkey" not in text_of(visits("/account/security"))
    assert visits(PASSKEY).status_code == 404


# --- sessions -----------------------------------------------------------------------------------------------


def test_the_tree_of_sessions(app: Flask, world: World, rp: RelyingParty, person: Person) -> None:
    """Each login with the applications under it, any of which can be ended; this browser is marked."""
    other = Person(app)
    tokens = rp.obtains(other)
    page = person.visits("/account/sessions")
    shown = text_of(page)
    assert shown.count("this browser") == 1
    assert shown.count("No application acts for you here.") == 1
    assert "App last used" in shown
    answer = _press(person, page, "End the session of App")
    assert answer.headers["Location"] == "/account/sessions"
    assert rp.refreshes(tokens["refresh_token"]).status_code == 400
    assert is_in(other)
    page = person.visits("/account/sessions")
    ends = re.findall(r'action="(/account/sessions/\w+/end)"', page.get_data(as_text=True))
    assert len(ends) == 2
    assert person.browser.post(ends[0], data=_csrf(page)).headers["Location"] == "/account/sessions"
    assert not is_in(other)
    assert person.browser.post(ends[1], data=_csrf(page)).headers["Location"] == "/logged-out"
    assert not is_in(person)


def test_what_has_run_out_is_not_listed(
    app: Flask, world: World, rp: RelyingParty, person: Person, clock: Clock
) -> None:
    """An application that can no longer act is not shown as if it could."""
    rp.obtains(person)
    assert "App last used" in text_of(person.visits("/account/sessions"))
    clock.advance(1_801)
    assert "No application acts for you here." in text_of(person.visits("/account/sessions"))


def test_ending_ones_own_and_all(app: Flask, world: World, person: Person) -> None:
    """One is told so; elsewhere everything has ended too when everything was asked for."""
    other = Person(app)
    other.logs_in()
    question = "/account/sessions/end-all"
    assert f'href="{question}"' in person.visits("/account/sessions").get_data(as_text=True)
    asked = person.visits(question)
    assert "End everything?" in text_of(asked)
    assert is_in(person)
    assert is_in(other)
    assert person.browser.post(question, data=_csrf(asked)).headers["Location"] == "/logged-out"
    assert not is_in(person)
    assert not is_in(other)


def test_sessions_of_others_are_not_there(app: Flask, world: World, person: Person) -> None:
    """Another's login cannot be ended by its name."""
    world.user("bob", "acme")
    bob = Person(app, "bob")
    bob.logs_in()
    path = re.findall(r"/account/sessions/\w+/end", bob.visits("/account/sessions").get_data(as_text=True))[0]
    page = person.visits("/account/sessions")
    assert person.browser.post(path, data=_csrf(page)).status_code == 404
    assert person.browser.post("/account/sessions/nonsense/end", data=_csrf(page)).status_code == 404
    assert is_in(bob)


@pytest.mark.parametrize(
    "path", ["/account/sessions", "/account/keys", "/account/security", "/account/activity"]
)
def test_queries_do_not_grow(
    app: Flask, world: World, rp: RelyingParty, person: Person, queries: Counter, path: str
) -> None:
    """One row or many: the same number of queries (house rule)."""
    world.api_key("alice")
    rp.obtains(Person(app))

    def cost() -> int:
        person.visits(path)
        queries.reset()
        assert person.visits(path).status_code == 200
        return len(queries.statements)

    before = cost()
    for _ in range(3):
        world.api_key("alice")
        rp.obtains(Person(app))
    assert cost() == before


# --- password -----------------------------------------------------------------------------------------------


def test_a_new_password(app: Flask, world: World, person: Person, rp: RelyingParty) -> None:
    """Every login ends, this one too, with all that applications held; the new one works."""
    other = Person(app)
    tokens = rp.obtains(other)
    answer = person.submits(
        person.visits(CHANGE), CHANGE, oldPassword=PASSWORD, newPassword=NEW, newPasswordAgain=NEW
    )
    assert answer.headers["Location"] == "/login"
    assert "Your new password is set." in text_of(person.visits("/login"))
    assert not is_in(person)
    assert not is_in(other)
    assert rp.refreshes(tokens["refresh_token"]).status_code == 400
    assert Person(app, password=NEW).logs_in().headers["Location"] == "/"
    assert Person(app).logs_in().status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "again", "field", "says"),
    [
        ("not it at all", NEW, NEW, "oldPassword", "This is not your password."),
        (PASSWORD, NEW, NEW + "!", "newPasswordAgain", "The two passwords differ."),
        (PASSWORD, "short", "short", "newPassword", "Choose a password of 12 to 1024 characters."),
        (PASSWORD, "liverpool1234", "liverpool1234", "newPassword", "password is too common"),
        (PASSWORD, "Trustno1trustno1!", "Trustno1trustno1!", "newPassword", "password is too common"),
        (PASSWORD, "alice in wonderland", "alice in wonderland", "newPassword", "without your user name"),
        (PASSWORD, PASSWORD, PASSWORD, "newPassword", "This is the password you have."),
    ],
)
def test_a_password_that_will_not_do(
    app: Flask, world: World, person: Person, old: str, new: str, again: str, field: str, says: str
) -> None:
    """What is wrong, at its field; nothing of what was typed comes back, nothing has changed."""
    page = person.submits(
        person.visits(CHANGE), CHANGE, oldPassword=old, newPassword=new, newPasswordAgain=again
    )
    assert says in text_of(page)
    assert f'<a href="#{field}">' in page.get_data(as_text=True)
    assert f'value="{new}"' not in page.get_data(as_text=True)
    assert is_in(person)
    assert Person(app).logs_in().headers["Location"] == "/"


def test_guessing_the_old_password_is_slow(settings: Any, person: Person) -> None:
    """An open browser is no place to guess the password in."""
    settings(throttle_login_failures=2)
    page = person.visits(CHANGE)
    for _ in range(2):
        page = person.submits(page, CHANGE, oldPassword="not it", newPassword=NEW, newPasswordAgain=NEW)
    slow = person.submits(page, CHANGE, oldPassword=PASSWORD, newPassword=NEW, newPasswordAgain=NEW)
    assert slow.status_code == 429
    assert "Wait about 5 minutes" in text_of(slow)
    assert is_in(person)


# --- what happened ------------------------------------------------------------------------------------------


def test_activity(app: Flask, world: World, person: Person) -> None:
    """One's own logins, refusals too, and nothing of others."""
    world.user("bob", "acme")
    Person(app, "bob").logs_in()
    Person(app, "bob", "not it at all").logs_in()
    stranger = Person(app, "alice", "not it at all")
    stranger.browser.environ_base["REMOTE_ADDR"] = "198.51.100.66"
    stranger.logs_in()
    shown = text_of(person.visits("/account/activity"))
    assert "Login refused" in shown
    assert "refused refused" not in shown
    assert "198.51.100.66" in shown
    assert "1 to 2 of 2" in shown
    for offset in ("-1", "x", "99999999999999999999", "25"):
        assert person.visits(f"/account/activity?offset={offset}").status_code == 200


def test_activity_names_the_application(app: Flask, world: World, rp: RelyingParty, person: Person) -> None:
    """Which one was approved and began to act."""
    rp.obtains(person)
    shown = text_of(person.visits("/account/activity"))
    assert "Approval of an application App · " in shown
    assert "Application session began App · " in shown


def test_activity_tells_what_others_did(app: Flask, world: World, template: Template, person: Person) -> None:
    """Whose session, key, group or right it was sees that it was touched, and by whom."""
    number = world.user("dave", "acme")
    world.api_key("dave")
    group = world.group("readers", customer="acme")
    dave, admin = Person(app, "dave"), Person(app, "admin", template.secrets.password)
    dave.logs_in()
    admin.logs_in()
    csrf = _csrf(admin.visits("/console/users/add"))
    html = admin.visits(f"/console/users/{number}").get_data(as_text=True)
    ends = re.findall(rf"/console/users/{number}/sessions/\w+/end", html)
    for path, fields in (
        (ends[0], {}),
        (f"/console/users/{number}/keys/1/renew", {"expirationDays": "5"}),
        (f"/console/users/{number}/keys/1/revoke", {}),
        (f"/console/groups/{group}/members", {"subject": "dave\nalice"}),
        ("/console/permissions/add", {"subject": "dave", "function": "viewUsers", "customer": "acme"}),
        (f"/console/users/{number}/move", {"customer": "bolt"}),
    ):
        assert admin.browser.post(path, data={**csrf, **fields}).status_code == 303, path
    dave.logs_in()
    shown = text_of(dave.visits("/account/activity"))
    for what in (
        "Session ended",
        "API key renewed",
        "API key revoked",
        "Members added to a group",
        "Permission granted",
        "User moved",
    ):
        assert re.search(rf"{what} [^:]*:\d\d UTC · 127.0.0.1 · by admin", shown), (what, shown)
    assert "API key re" not in text_of(person.visits("/account/activity"))
    assert "Session ended" not in text_of(admin.visits("/account/activity"))


def _press(person: Person, page: TestResponse, name: str) -> TestResponse:
    """The button of this name."""
    found = re.search(
        rf'<form method="post" action="([^"]+)">(?:(?!</form>).)*?(?:aria-label="{name}"|>{name}<)',
        page.get_data(as_text=True),
        re.DOTALL,
    )
    assert found is not None, name
    return person.browser.post(found[1], data=_csrf(page))


def _csrf(page: TestResponse) -> dict[str, str]:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True))
    assert found is not None
    return {"csrf_token": found[1]}


def test_the_passkeys_of_a_page_are_ones_own(app: Flask, world: World, person: Person) -> None:
    """Another's passkey is neither listed nor removed."""
    world.user("bob", "acme")
    enrolled(app, "bob")
    (row,) = world.rows(WebAuthnCredential)
    assert person.visits(f"/account/security/passkeys/{row.id}/remove").status_code == 404
    assert "added" not in text_of(person.visits("/account/security"))


def test_the_way_to_the_documentation_of_the_api(
    app: Flask, world: World, person: Person, template: Template
) -> None:
    """Whoever has a key or an application to program for finds it, and from there the way back."""
    words = '<a href="/docs">How programs use a key: API documentation</a>'
    assert words in person.visits("/account/keys").get_data(as_text=True)
    assert words in new_key(person, description="build").get_data(as_text=True)
    client = world.client("portal")
    boss = Person(app, "admin", template.secrets.password)
    boss.logs_in()
    assert words in boss.visits(f"/console/clients/{client}").get_data(as_text=True)
    assert re.search(r'<a [^>]*href="/">← [^<]+</a>', person.visits("/docs").get_data(as_text=True))
