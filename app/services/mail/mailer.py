"""Hands one mail over: to the SMTP server of the settings, or as a file in the instance folder.

Every mail is plain text and HTML side by side (RFC 2046 5.1.4), from us to one address. Nothing here is
logged: a mail holds links that are as good as passwords.
"""

from __future__ import annotations

import os
import secrets
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from email.utils import make_msgid
from pathlib import Path

from app import clock
from app.config import MailServer
from app.config import is_mailbox
from app.runtime import settings

# For each step of the conversation.
TIMEOUT_SECONDS = 10
FOLDER = "mail"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as its reader sees it."""

    to: str
    subject: str
    text: str
    html: str


class NotSent(Exception):
    """Nobody took the mail. The text says what kind of failure it was, and nothing that was in the mail."""


def send(mail: Mail) -> None:
    """Hand a mail over; it may take a minute. Raises ``NotSent``; ``ValueError`` for an unclean header."""
    message = compose(mail)
    server = settings().mail_server
    try:
        if server is None:
            _write(message, settings().instance / FOLDER)
        else:
            _hand_over(message, mail.to, server)
    except smtplib.SMTPResponseException as problem:
        raise NotSent(f"{type(problem).__name__} {problem.smtp_code}") from None
    except OSError as problem:  # SMTP's and TLS's own errors too
        raise NotSent(type(problem).__name__) from None


def compose(mail: Mail) -> EmailMessage:
    """The message. Raises ``ValueError`` when a header would hold more than its own value."""
    sender = settings().mail_from
    if not is_mailbox(mail.to):
        raise ValueError("this is not one plain mail address")
    if not mail.subject.isprintable():
        raise ValueError("a subject is one line of text")
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    # RFC 3834 5: nobody's holiday greeting comes back.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, cte=_encoding(mail.text))
    message.add_alternative(mail.html, subtype="html", cte=_encoding(mail.html))
    return message


def _encoding(text: str) -> str:
    """Lines as they are, so that a link is never broken in two, not even in a file that is read as text."""
    return "7bit" if text.isascii() else "8bit"


def _write(message: EmailMessage, folder: Path) -> None:
    """One new file, readable by us alone; its name sorts by time. It appears at once and whole."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{clock.now():%Y%m%dT%H%M%S.%f}-{secrets.token_hex(4)}.eml"
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(message.as_bytes())
    part.rename(path)


def _hand_over(message: EmailMessage, to: str, server: MailServer) -> None:
    context = ssl.create_default_context()
    # What we call ourselves, instead of asking the name service for it.
    own = settings().mail_from.rpartition("@")[2]
    if server.tls == "direct":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, own, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        connection = smtplib.SMTP(server.host, server.port, own, timeout=TIMEOUT_SECONDS)
    with connection:
        if server.tls == "starttls":
            # Raises when the server does not offer it: nothing goes out in clear.
            connection.starttls(context=context)
        if server.user is not None and server.password is not None:
            connection.login(server.user, server.password)
        # As 7 bits whatever the text: not every server takes eight.
        content = message.as_bytes(policy=SMTP.clone(cte_type="7bit"))
        connection.sendmail(settings().mail_from, [to], content)
