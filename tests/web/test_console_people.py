"""Users, groups and functions in the console: what is asked before, what is said afterwards."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.models.apikeys import APIKey
from app.models.authority import Permission
from app.models.webauthn import WebAuthnCredential
from app.services.access import apikeys
from tests.api.test_webauthn import enrolled
from tests.drivers.person import Person
from tests.fixtures import Clock
from tests.fixtures import Template
from tests.web.kit import is_in
from tests.web.kit import text_of
from tests.web.kit import user_id
from tests.world import World

USERS = "/console/users"


@pytest.fixture
def root(app: Flask, template: Template) -> Person:
    """The first administrator, logged in."""
    person = Person(app, "admin", template.secrets.password)
    person.logs_in()
    return person


def sent(person: Person, path: str, **fields: str) -> TestResponse:
    """Send the form of a page, or a button's address, with a token of this browser."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', person.visits(f"{USERS}/").get_data(as_text=True))
    assert token is not None
    return person.browser.post(path, data={"csrf_token": token[1], **fields})


def told(person: Person, path: str, **fields: str) -> str:
    """The page that follows a form."""
    answer = sent(person, path, **fields)
    assert answer.status_code == 303, text_of(answer)
    return text_of(person.visits(answer.headers["Location"]))


# --- what is asked before -----------------------------------------------------------------------------------


def test_what_is_wide_is_asked_first(app: Flask, world: World, root: Person, alice: Person) -> None:
    """Each is linked, asks by GET and changes nothing, and does it by POST, saying what happened."""
    alice.logs_in()
    world.api_key("alice")
    enrolled(app)
    (passkey,) = world.rows(WebAuthnCredential)
    number, group = user_id(app, "alice"), world.group("readers", ["alice"])
    user = f"{USERS}/{number}"
    parent, child = world.function("REPORTS", role=True), world.function("readReports", "REPORTS")
    for page, path, asked, said in (
        (user, f"{user}/keys/1/revoke", "Revoke ", "is revoked."),
        (user, f"{user}/passkeys/{passkey.id}/remove", "Remove ", "of alice is removed."),
        (user, f"{user}/methods/totp/disable", "Switch off One-time code for alice?", "by one-time code."),
        (user, f"{user}/sessions/end-all", "End everything of alice?", "that alice had open has ended."),
        (
            f"/console/functions/{parent}",
            f"/console/functions/{parent}/children/{child}/remove",
            "Remove readReports from REPORTS? Everybody who holds REPORTS loses it",
            "readReports is no longer part of REPORTS.",
        ),
        (
            f"/console/groups/{group}",
            f"/console/groups/{group}/members/{number}/remove",
            "Remove alice from readers?",
            "alice is no longer in readers.",
        ),
    ):
        assert f'href="{path}"' in root.visits(page).get_data(as_text=True), path
        question = root.visits(path)
        assert asked in text_of(question), path
        assert root.browser.post(path).status_code == 400, path
        assert f'href="{path}"' in root.visits(page).get_data(as_text=True), path
        assert said in told(root, path)
        assert f'href="{path}"' not in root.visits(page).get_data(as_text=True), path
    assert not is_in(alice)
    assert world.rows(APIKey)[-1].revoked_at is not None


def test_who_may_not_is_not_asked(app: Flask, world: World, root: Person) -> None:
    """The question is for whom the button works; what is not there is not asked about."""
    world.user("pia", "acme", holds=[("viewUsers", "acme")])
    world.api_key("alice")
    group = world.group("readers", ["alice"], "acme")
    number = user_id(app, "alice")
    user, pia = f"{USERS}/{number}", Person(app, "pia")
    pia.logs_in()
    for path in (
        f"{user}/keys/1/revoke",
        f"{user}/keys/1/renew",
        f"{user}/methods/totp/disable",
        f"{user}/sessions/end-all",
        f"/console/groups/{group}/members/{number}/remove",
    ):
        assert pia.visits(path).status_code == 403, path
    for path in (
        f"{user}/keys/9/revoke",
        f"{user}/passkeys/9/remove",
        f"/console/groups/{group}/members/99/remove",
        "/console/functions/useApp/children/nothing/remove",
    ):
        assert root.visits(path).status_code == 404, path


# --- keys ---------------------------------------------------------------------------------------------------


def test_a_key_of_another_is_renewed(app: Flask, world: World, root: Person) -> None:
    """A page asks for how long; what is wrong is said there."""
    world.api_key("alice")
    path = f"{USERS}/{user_id(app, 'alice')}/keys/1/renew"
    hint = f"Empty: {apikeys.DEFAULT_DAYS} days. 0: it never ends."
    assert hint in text_of(root.visits(path))
    assert "Problem:" in text_of(sent(root, path, expirationDays="99999"))
    assert re.search(r"The key \w+/1 now ends .* UTC\.", told(root, path, expirationDays="30"))
    assert re.search(r"The key \w+/1 now never ends\.", told(root, path, expirationDays="0"))


# --- what is said afterwards --------------------------------------------------------------------------------


def test_what_was_done_is_said_by_name(app: Flask, world: World, root: Person) -> None:
    """Users, groups and permissions: who or what, and what became of it."""
    new = {"shortName": "eve", "name": "Eve", "customer": "acme", "language": "english"}
    link = "eve was created. A link to choose a password is on its way to eve@example.com."
    assert link in told(root, f"{USERS}/add", **new, email="eve@example.com", sendLink="true")
    assert "eva was created." in told(root, f"{USERS}/add", **{**new, "shortName": "eva"})
    eve = f"{USERS}/{user_id(app, 'eve')}"
    for path, fields, said in (
        (f"{eve}/edit", {"name": "Eve E"}, "The changes to eve are saved."),
        (f"{eve}/move", {"customer": "bolt"}, "eve now belongs to Bolt."),
        (f"{eve}/methods/password/disable", {}, "eve can no longer log in by password."),
        (f"{eve}/methods/password/enable", {}, "eve may log in by password again."),
        (f"{eve}/block", {}, "eve is blocked. Everything that was open has ended."),
        (f"{eve}/unblock", {}, "eve may log in again."),
        (f"{eve}/password", {"how": "mail"}, "A link is on its way to eve@example.com."),
        (f"{eve}/delete", {}, "eve was deleted."),
        (f"{eve}/reenable", {}, "eve is back, without anything it held."),
        ("/console/groups/add", {"shortName": "all", "name": "All", "customer": "acme"}, "all was created."),
        ("/console/groups/all/members", {"subject": "eve\neva"}, "Added: eve, eva."),
        ("/console/groups/all/edit", {"name": "Everybody"}, "The changes to all are saved."),
        ("/console/groups/all/delete", {}, "all was deleted."),
        ("/console/groups/all/reenable", {}, "all is back, empty."),
        (
            "/console/permissions/add",
            {"subject": "eve", "function": "useApp", "customer": "acme"},
            "useApp for Acme is granted to eve.",
        ),
    ):
        assert said in told(root, path, **fields), path
    permission = max(row.id for row in world.rows(Permission))
    gone = told(root, f"/console/permissions/{permission}/revoke")
    assert "useApp for Acme is taken from eve." in gone


def test_a_link_wants_an_address(app: Flask, world: World, root: Person) -> None:
    """The form says both ways out; nobody was made."""
    new = {"shortName": "eve", "name": "Eve", "customer": "acme", "language": "english"}
    answer = sent(root, f"{USERS}/add", **new, sendLink="true")
    assert "Write an e-mail address, or clear “Send a link”." in text_of(answer)
    assert "eve was created." in told(root, f"{USERS}/add", **new)


# --- what a user's page shows -------------------------------------------------------------------------------


def test_the_page_of_a_user(app: Flask, world: World, root: Person, alice: Person) -> None:
    """Telephone, browser of each session, the way to the audit log."""
    alice.browser.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux) Gecko Firefox/140.0"
    alice.logs_in()
    world.change_user("alice", phone_country_code="47", phone_national_number="99999999")
    page = root.visits(f"{USERS}/{user_id(app, 'alice')}")
    assert "Telephone +4799999999" in text_of(page)
    assert "Firefox on Linux · since" in text_of(page)
    assert 'href="/console/audit/?who=alice"' in page.get_data(as_text=True)


def test_a_user_is_put_into_groups(app: Flask, world: World, root: Person) -> None:
    """From the user's page, into several; one that is none is said at its field and nothing is done."""
    world.group("readers")
    world.group("writers")
    path = f"{USERS}/{user_id(app, 'alice')}"
    answer = sent(root, f"{path}/groups", parentGroups="readers\nnothing")
    assert "There is no such group." in text_of(answer)
    assert not re.search(r'href="/console/groups/\d', root.visits(path).get_data(as_text=True))
    said = told(root, f"{path}/groups", parentGroups="readers\nwriters")
    assert "alice is now in: readers, writers." in said
    world.user("pia", "acme", holds=[("viewUsers", "acme")])
    pia = Person(app, "pia")
    pia.logs_in()
    assert "Add to a group" not in text_of(pia.visits(path))
    assert sent(pia, f"{path}/groups", parentGroups="readers").status_code == 200


def test_ones_own_address_is_changed_right_after_a_login(app: Flask, world: World, clock: Clock) -> None:
    """An open browser alone must not move the mailbox; the form says so at the field, and saves the rest."""
    number = world.user("carol", "acme", holds=[("viewUsers", "acme"), ("updateUser", "acme")])
    carol, path = Person(app, "carol"), f"{USERS}/{number}/edit"
    carol.logs_in()
    clock.advance(601)
    refused = sent(carol, path, email="thief@example.org")
    assert "Log in again, and change your own address within ten minutes." in text_of(refused)
    assert 'href="#email"' in refused.get_data(as_text=True)
    same = {"email": "carol@example.com", "name": "Carol Jones"}
    assert "The changes to carol are saved." in told(carol, path, **same)
    carol.logs_in()
    assert "The changes to carol are saved." in told(carol, path, email="carol@example.org")
