"""The owner of an account is told by mail when a way into it changes, whoever changed it, once it is so."""

from __future__ import annotations

import pytest
from flask import Flask

from app.services.access import apikeys
from app.services.administration import users_and_groups
from app.services.unit_of_work import run_in_transaction
from tests.api.test_stepup import bearer
from tests.api.test_stepup import calls
from tests.api.test_totp import enrols
from tests.drivers.api_caller import ApiCaller
from tests.drivers.mailbox import Mailbox
from tests.drivers.mailbox import html_of
from tests.drivers.mailbox import text_of
from tests.drivers.mailbox import tokens
from tests.recovery.kit import API
from tests.recovery.kit import NEW
from tests.recovery.kit import user
from tests.world import OPERATOR
from tests.world import PASSWORD
from tests.world import World


def told(mailbox: Mailbox) -> list[tuple[str, str]]:
    return [(str(mail["To"]), str(mail["Subject"])) for mail in mailbox.mails()]


def test_a_changed_password(app: Flask, world: World, mailbox: Mailbox) -> None:
    """By the owner himself; a change that was refused is none."""
    body = {"oldPassword": PASSWORD, "newPassword": "short"}
    assert calls(app, "PUT", "/password", body, bearer(app)).status_code == 412
    assert told(mailbox) == []
    body = {"oldPassword": PASSWORD, "newPassword": NEW}
    assert calls(app, "PUT", "/password", body, bearer(app)).status_code == 200
    assert told(mailbox) == [("alice@example.com", "Your password was changed")]
    (mail,) = mailbox.mails()
    assert tokens(mail) == []
    for words in (text_of(mail), html_of(mail)):
        assert "the user alice at http://localhost" in words
        assert "http://localhost/recover" in words


def test_a_second_factor(app: Flask, world: World, mailbox: Mailbox, admin: ApiCaller) -> None:
    """Set up by the owner, taken away by an administrator: the owner hears of both."""
    enrols(app)
    assert admin.delete(f"{API}/user/alice/totp").status_code == 200
    assert told(mailbox) == [
        ("alice@example.com", "A second factor was added"),
        ("alice@example.com", "A second factor was removed"),
    ]


def test_a_new_key(app: Flask, world: World, mailbox: Mailbox) -> None:
    body = {"description": "ci", "password": PASSWORD}
    made = calls(app, "POST", "/apikey", body, bearer(app))
    assert made.status_code == 201, made.data
    assert told(mailbox) == [("alice@example.com", "A new API key was created")]
    key = made.json["data"]
    assert not [
        text for text in key.values() if isinstance(text, str) and text in text_of(mailbox.mails()[0])
    ]


def test_what_did_not_happen_is_not_told(app: Flask, world: World, mailbox: Mailbox) -> None:
    """The letter waits for the commit: what is rolled back sends none, not even with the next unit."""

    def undone() -> None:
        apikeys.create_key(user("alice"), "test", OPERATOR)
        raise LookupError

    with app.app_context():
        with pytest.raises(LookupError):
            run_in_transaction(undone)
        run_in_transaction(lambda: users_and_groups.block_user(user("alice"), OPERATOR))
    assert told(mailbox) == []


def test_who_has_no_address(app: Flask, world: World, mailbox: Mailbox) -> None:
    world.change_user("alice", email=None)
    world.api_key("alice")
    assert told(mailbox) == []


def test_another_address(app: Flask, world: World, mailbox: Mailbox, admin: ApiCaller) -> None:
    """The mailbox that was is told, and only of a change."""
    path = "/useradmin/v2/user/alice"
    assert admin.put(path, {"email": "alice@example.com", "name": "Alice"}).status_code == 200
    assert told(mailbox) == []
    assert admin.put(path, {"email": "new@example.com"}).status_code == 200
    assert told(mailbox) == [("alice@example.com", "Your e-mail address was changed")]
