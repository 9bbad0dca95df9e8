"""Links to a new password: single use, short, ended by whatever ends an account, voided by no stranger."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.services.administration import users_and_groups
from app.services.login import login_methods
from app.services.login import recovery
from app.services.problems import Invalid
from app.services.unit_of_work import run_in_transaction
from tests.api.test_stepup import authorizes
from tests.api.test_stepup import bearer
from tests.api.test_stepup import calls
from tests.api.test_totp import enrols
from tests.drivers.api_caller import ApiCaller
from tests.drivers.mailbox import Mailbox
from tests.drivers.mailbox import html_of
from tests.drivers.mailbox import text_of
from tests.drivers.mailbox import tokens
from tests.drivers.person import Person
from tests.fixtures import Clock
from tests.recovery.kit import API
from tests.recovery.kit import NEW
from tests.recovery.kit import asks
from tests.recovery.kit import chooses
from tests.recovery.kit import logs_in
from tests.recovery.kit import reasons
from tests.recovery.kit import user
from tests.world import OPERATOR
from tests.world import PASSWORD
from tests.world import World


def administrator_sends(app: Flask, name: str) -> None:
    with app.app_context():
        run_in_transaction(lambda: recovery.send_link(user(name), OPERATOR))


def test_by_a_link(app: Flask, world: World, mailbox: Mailbox) -> None:
    """The whole way: asked by user name, a mail, a new password; every login that was open ends."""
    own = bearer(app)
    answer = asks(app, "alice")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/recover/sent")
    (mail,) = mailbox.mails()
    assert mail["To"] == "alice@example.com"
    assert mail.get_content_type() == "multipart/alternative"
    (token,) = tokens(mail)
    assert "http://localhost/recover/" in text_of(mail)
    assert f'href="http://localhost/recover/{token}"' in html_of(mail)
    for words in (text_of(mail), html_of(mail)):
        assert "alice" in words
        assert "30 minutes" in words
    done = chooses(app, token)
    assert (done.status_code, done.headers["Location"]) == (303, "/login")
    assert calls(app, "GET", "/session", None, own).status_code == 401
    assert logs_in(app, PASSWORD) == 401
    assert logs_in(app, NEW) == 200
    assert reasons(world) == [("success", "alice", [])]


def test_once(app: Flask, world: World, mailbox: Mailbox) -> None:
    """Single use; a password that will not do spends nothing; opening the link spends nothing."""
    asks(app, "alice")
    token = mailbox.token()
    for _ in range(2):
        assert Person(app).visits(f"/recover/{token}").status_code == 200
    for password, again, told in (
        ("short", "short", "Choose a password of 12"),
        ("alice likes this", "alice likes this", "without your user name"),
        ("Password1234!", "Password1234!", "password is too common"),
        (PASSWORD, PASSWORD, "the password you have"),
        (NEW, NEW + "!", "The two passwords differ"),
        ("", "", "Enter a new password"),
    ):
        refused = chooses(app, token, password, again)
        assert refused.status_code == 400
        assert told in refused.get_data(as_text=True)
        assert NEW not in refused.get_data(as_text=True)
    assert chooses(app, token).status_code == 303
    spent = chooses(app, token, NEW + "!")
    assert spent.status_code == 410
    assert 'href="/recover"' in spent.get_data(as_text=True)
    assert logs_in(app, NEW) == 200


def test_short(app: Flask, world: World, mailbox: Mailbox, clock: Clock, settings: Any) -> None:
    """It lives for ARGUS_RECOVERY_SECONDS, and a form that was open longer is refused too."""
    settings(recovery_seconds=600)
    asks(app, "alice")
    token = mailbox.token()
    assert "10 minutes" in text_of(mailbox.mails()[-1])
    browser = Person(app)
    page = browser.visits(f"/recover/{token}")
    clock.advance(599)
    assert Person(app).visits(f"/recover/{token}").status_code == 200
    clock.advance(2)
    assert Person(app).visits(f"/recover/{token}").status_code == 410
    late = browser.submits(page, "", newPassword=NEW, newPasswordAgain=NEW)
    assert late.status_code == 410
    assert logs_in(app, NEW) == 401
    assert reasons(world, "step-up")[-1] == ("refused", "alice", ["step_up_expired"])


@pytest.mark.parametrize("token", ["x", "a.b.c", "sent.", "%00", "é", "x" * 5000, "password"])
def test_what_is_no_link(app: Flask, world: World, token: str) -> None:
    answer = Person(app).visits(f"/recover/{token}")
    assert answer.status_code in (404, 410)
    assert "Traceback" not in answer.get_data(as_text=True)


def test_only_the_newest_counts(app: Flask, world: World, mailbox: Mailbox) -> None:
    for _ in range(2):
        asks(app, "alice")
    first, second = (tokens(mail)[0] for mail in mailbox.mails())
    assert chooses(app, first).status_code == 410
    assert chooses(app, second).status_code == 303


def test_a_stranger_voids_nothing(app: Flask, world: World, mailbox: Mailbox, admin: ApiCaller) -> None:
    """An administrator's reset and a running step-up survive whatever an outsider asks for."""
    own = bearer(app)
    proof = authorizes(app, own, "password.set")
    asks(app, "alice")
    mailbox.files()
    change = {"newPassword": NEW, "authorization": proof}
    assert calls(app, "PUT", "/password", change, own).status_code == 200

    reset = admin.put(f"{API}/user/alice/password/reset").json["data"]["authorization"]
    for _ in range(3):
        asks(app, "alice")
    assert len(mailbox.links()) == 4
    body = {"newPassword": NEW + "!", "authorization": reset}
    assert app.test_client().put(f"{API}/password", json=body).status_code == 200
    assert chooses(app, mailbox.token()).status_code == 410


def test_the_administrators_reset_takes_the_place_of_a_link(
    app: Flask, world: World, mailbox: Mailbox, admin: ApiCaller
) -> None:
    asks(app, "alice")
    token = mailbox.token()
    assert admin.put(f"{API}/user/alice/password/reset").status_code == 200
    assert chooses(app, token).status_code == 410


def test_what_ends_a_link(app: Flask, world: World, mailbox: Mailbox) -> None:
    """Blocked since, or with another address since, there is no way in by an older link."""
    asks(app, "alice")
    token = mailbox.token()
    world.block("alice")
    assert chooses(app, token).status_code == 410
    with app.app_context():
        run_in_transaction(lambda: users_and_groups.unblock_user(user("alice"), OPERATOR))
    assert chooses(app, token).status_code == 410


def test_another_address_ends_a_link(app: Flask, world: World, mailbox: Mailbox, admin: ApiCaller) -> None:
    """Whoever reads the old mailbox must not get in by what lies there."""
    asks(app, "alice")
    token = mailbox.token()
    changed = admin.put("/useradmin/v2/user/alice", {"email": "new@example.com"})
    assert changed.status_code == 200, changed.data
    assert chooses(app, token).status_code == 410


def test_the_second_factor_stays(app: Flask, world: World, mailbox: Mailbox) -> None:
    """A link replaces the password and nothing else: the new one does not take the generator away."""
    enrols(app)
    asks(app, "alice")
    assert chooses(app, mailbox.token()).status_code == 303
    assert logs_in(app, NEW) == 401
    with app.app_context():
        assert login_methods.has_second_factor(user("alice").id)


def test_the_first_password(app: Flask, world: World, mailbox: Mailbox, clock: Clock) -> None:
    """An administrator's link: good for a day, and no stranger voids it."""
    world.user("newcomer", "acme")
    world.change_user("newcomer", password_hash=None)
    administrator_sends(app, "newcomer")
    (mail,) = mailbox.mails("newcomer@example.com")
    assert "24 hours" in text_of(mail)
    assert mail["Subject"] == "Your new account"
    asks(app, "newcomer")
    clock.advance(86_000)
    assert chooses(app, tokens(mail)[0]).status_code == 303
    assert logs_in(app, NEW, "newcomer") == 200


def test_a_new_password_by_an_administrator(app: Flask, world: World, mailbox: Mailbox) -> None:
    """Who has a password must change it, and the mail says so."""
    own = bearer(app)
    administrator_sends(app, "alice")
    assert calls(app, "GET", "/session", None, own).status_code == 401
    (mail,) = mailbox.mails()
    assert "administrator asks you" in text_of(mail)
    assert chooses(app, tokens(mail)[0]).status_code == 303
    world.change_user("alice", email=None)
    with pytest.raises(Invalid, match="no address"):
        administrator_sends(app, "alice")


def test_a_spent_link_tells_no_password(app: Flask, world: World, mailbox: Mailbox) -> None:
    """An authorization that counts no more is refused before the new password is compared with the old."""
    asks(app, "alice")
    token = mailbox.token()
    assert chooses(app, token).status_code == 303
    guesses = [
        app.test_client().put(f"{API}/password", json={"newPassword": guess, "authorization": token})
        for guess in (NEW, "another guess entirely")
    ]
    assert [guess.status_code for guess in guesses] == [412, 412]
    assert guesses[0].json["messages"] == guesses[1].json["messages"]
    own = bearer(app, "alice", NEW)
    guesses = [
        calls(app, "PUT", "/password", {"newPassword": guess, "authorization": "made up"}, own)
        for guess in (NEW, "another guess entirely")
    ]
    assert guesses[0].json["messages"] == guesses[1].json["messages"]
