"""Reads the mails that are files in the instance folder, once the application did what it does later."""

from __future__ import annotations

import re
import time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from flask import Flask

from app.services.background import background

MOST_SECONDS = 30
LINK = re.compile(r"https?://\S+/recover/(\S+)")


class Mailbox:
    """The mails that came since it was opened, oldest first."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._before = set(self.files())

    def files(self) -> list[Path]:
        """The files, by time, when nothing is under way any more."""
        with self.app.app_context():
            background().run_later("wait", lambda: None).result(timeout=30)
            return sorted(Path(self.app.instance_path, "mail").glob("*.eml"))

    def mails(self, to: str | None = None) -> list[EmailMessage]:
        new = [read(path) for path in self.files() if path not in self._before]
        return [mail for mail in new if to in (None, mail["To"])]

    def links(self, to: str | None = None) -> list[EmailMessage]:
        """The mails that hold a link to a new password."""
        return [mail for mail in self.mails(to) if tokens(mail)]

    def token(self, to: str = "alice@example.com") -> str:
        """The token of the newest link that went to this address."""
        return tokens(self.links(to)[-1])[0]


def read(path: Path) -> EmailMessage:
    """A mail as its reader's program sees it."""
    mail = message_from_bytes(path.read_bytes(), policy=SMTP)
    assert isinstance(mail, EmailMessage)
    return mail


def text_of(mail: EmailMessage) -> str:
    """The plain part."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html_of(mail: EmailMessage) -> str:
    """The other part."""
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def tokens(mail: EmailMessage) -> list[str]:
    """What stands behind /recover/ in the plain part."""
    return LINK.findall(text_of(mail))


def arrived(folder: Path, to: str, count: int) -> list[EmailMessage]:
    """The links that a running server sent to this address, once there are so many, oldest first."""
    until = time.monotonic() + MOST_SECONDS
    while time.monotonic() < until:
        mails = [read(path) for path in sorted(folder.joinpath("mail").glob("*.eml"))]
        found = [mail for mail in mails if mail["To"] == to and tokens(mail)]
        if len(found) >= count:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{count} links to {to} did not come")
