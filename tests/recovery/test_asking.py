"""Asking for a link: it comes to whoever may have one, and tells a stranger nothing."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import telemetry
from app.config import MailServer
from app.models.audit import AuditEvent
from app.models.stepup import StepUp
from app.services.access import throttle
from app.services.background import background
from app.services.login import recovery
from tests.drivers.mailbox import Mailbox
from tests.drivers.mailbox import html_of
from tests.drivers.mailbox import text_of
from tests.drivers.mailbox import tokens
from tests.drivers.person import Person
from tests.fixtures import Clock
from tests.recovery.kit import NEW
from tests.recovery.kit import asks
from tests.recovery.kit import chooses
from tests.recovery.kit import logs_in
from tests.recovery.kit import reasons
from tests.world import World


@pytest.mark.parametrize("name", ["alice@example.com", "ALICE@Example.COM", "  alice@example.com "])
def test_by_address(app: Flask, mailbox: Mailbox, name: str) -> None:
    """An address means whoever has it, however it is written; the mail goes to the address on record."""
    asks(app, name)
    assert [mail["To"] for mail in mailbox.mails()] == ["alice@example.com"]


def test_each_user_of_an_address_gets_a_mail(app: Flask, world: World, mailbox: Mailbox) -> None:
    """A few at most; each link is one user's, and says whose it is."""
    for number in range(8):
        world.user(f"twin{number}", "acme")
        world.change_user(f"twin{number}", email="twins@example.com")
    asks(app, "twins@example.com")
    mails = mailbox.mails("twins@example.com")
    named = [re.findall(r"twin\d", text_of(mail))[0] for mail in mails]
    assert named == [f"twin{number}" for number in range(recovery.MOST_USERS)]
    chooses(app, tokens(mails[1])[0])
    assert [logs_in(app, NEW, name) for name in ("twin0", "twin1", "twin2")] == [401, 200, 401]


def test_a_name_that_looks_like_an_address(app: Flask, world: World, mailbox: Mailbox) -> None:
    """A user name may be somebody else's address: each gets his own mail, at his own address."""
    world.user("alice@example.com", "acme")
    world.change_user("alice@example.com", email="mallory@example.com")
    asks(app, "alice@example.com")
    told = {str(mail["To"]): text_of(mail) for mail in mailbox.mails()}
    assert set(told) == {"alice@example.com", "mallory@example.com"}
    assert "the user alice at" in told["alice@example.com"]
    assert "the user alice@example.com at" in told["mallory@example.com"]


def no_mail(world: World) -> None:
    world.change_user("alice", email=None)


def unconfirmed(world: World) -> None:
    world.change_user("alice", email_confirmed_at=None)


def odd_mail(world: World) -> None:
    world.change_user("alice", email="alice@example.com\nBcc: eve@example.com")


def daemon(world: World) -> None:
    world.change_user("alice", daemon_account=True)


def no_password_login(world: World) -> None:
    world.change_user("alice", disabled_methods=["password"])


def unchanged(world: World) -> None:
    pass


CASES: list[tuple[Callable[[World], None], str, str]] = [
    (unchanged, "nobody", "login_unknown_user"),
    (unchanged, "nobody@example.com", "login_unknown_user"),
    (unchanged, "alice\u200b", "login_unknown_user"),
    (unchanged, "1", "login_unknown_user"),
    (lambda world: world.block("alice"), "alice", "user_blocked"),
    (lambda world: world.delete("alice"), "alice", "login_unknown_user"),
    (lambda world: world.disable_customer("acme"), "alice", "user_customer_disabled"),
    (daemon, "alice", "login_daemon_account"),
    (no_password_login, "alice", "login_method_disabled"),
    (no_mail, "alice", "recovery_no_address"),
    (odd_mail, "alice", "recovery_no_address"),
    (unconfirmed, "alice", "recovery_unconfirmed"),
]


@pytest.mark.parametrize(("change", "name", "why"), CASES)
def test_the_same_answer_for_everybody(
    app: Flask, world: World, mailbox: Mailbox, change: Callable[[World], None], name: str, why: str
) -> None:
    """Errors never reveal whether an account exists: one answer to the letter; the reason is in the audit."""
    known = asks(app, "alice")
    mailbox.files()
    change(world)
    answer = asks(app, name)
    assert answer.status_code == known.status_code == 303
    assert answer.data == known.data
    unlike = {"Set-Cookie"}
    assert {k: v for k, v in answer.headers if k not in unlike} == {
        k: v for k, v in known.headers if k not in unlike
    }
    assert len(mailbox.mails()) == 1
    assert reasons(world)[-1][0::2] == ("refused", [why])


def test_the_answer_does_not_wait(app: Flask, world: World, mailbox: Mailbox, queries: Any) -> None:
    """Timing: the request itself asks the database the same, whoever is named; all else is done later."""
    for name in ("alice", "nobody"):
        assert asks(app, name).status_code == 303
        mailbox.files()
    gate = threading.Event()
    with app.app_context():
        background().run_later("gate", gate.wait)
    counted = []
    for name in ("alice", "nobody", "alice@example.com"):
        browser = Person(app)
        page = browser.visits("/recover")
        queries.reset()
        browser.submits(page, "/recover", name=name)
        counted.append(list(queries.statements))
    gate.set()
    assert counted[0] == counted[1] == counted[2]
    assert len(mailbox.mails()) == 3


def test_requests_are_slowed(app: Flask, world: World, mailbox: Mailbox) -> None:
    """Throttled on requests, not failures; unknown names alike; another address still gets through."""
    for name in ("alice", "nobody"):
        for _ in range(throttle.MOST_MAILS):
            assert asks(app, name).status_code == 303
        slowed = asks(app, f" {name.upper()} ")
        assert slowed.status_code == 429
        assert int(slowed.headers["Retry-After"]) > 0
        assert asks(app, name, "192.0.2.7").status_code == 303


def test_one_mailbox_is_not_flooded(app: Flask, world: World, mailbox: Mailbox, clock: Clock) -> None:
    """From however many addresses it is asked; and the newest link in the mailbox still counts."""
    for number in range(recovery.MOST_LINKS + 3):
        assert asks(app, "alice", f"192.0.2.{number}").status_code == 303
    assert len(mailbox.mails()) == recovery.MOST_LINKS
    assert reasons(world)[-1] == ("refused", "alice", ["recovery_too_often"])
    assert Person(app).visits(f"/recover/{mailbox.token()}").status_code == 200
    clock.advance(1801)
    asks(app, "alice", "192.0.2.99")
    assert len(mailbox.mails()) == recovery.MOST_LINKS + 1


def test_in_the_readers_language(app: Flask, world: World, mailbox: Mailbox) -> None:
    world.change_user("alice", language="norwegian")
    asks(app, "alice")
    assert '<html lang="nb">' in html_of(mailbox.mails()[0])


def test_nothing_secret_is_written_down(
    app: Flask,
    world: World,
    mailbox: Mailbox,
    capfd: pytest.CaptureFixture[str],
    settings: Any,
    tmp_path: Path,
) -> None:
    """Rule 76: neither link nor token in a log line or an audit row, whether the mail went out or not."""
    telemetry.configure_logging("DEBUG")
    try:
        asks(app, "alice")
        token = mailbox.token()
        chooses(app, token)
        settings(mail_server=MailServer("127.0.0.1", 1, "none", None, None))
        asks(app, "alice")
        mailbox.files()
        # A place that cannot be written to is a failure like any other.
        (tmp_path / "mail").write_text("in the way", encoding="ascii")
        settings(instance=tmp_path)
        asks(app, "alice")
        mailbox.files()
    finally:
        telemetry.configure_logging("ERROR")
    said = capfd.readouterr().err
    assert '"problem": "ConnectionRefusedError"' in said
    assert '"problem": "FileExistsError"' in said
    assert said.count('"event": "recovery"') == 3
    kept = repr([vars(row) for row in world.rows(AuditEvent)]) + repr(
        [vars(row) for row in world.rows(StepUp)]
    )
    for text in (said, kept):
        assert "/recover/" not in text
        assert token not in text
        # Nor the random part alone.
        assert token.split(".")[1][-40:] not in text
