"""Sends one mail: to the SMTP server of the settings, or as a file in the instance folder.

Every mail has plain text and HTML (RFC 2046 5.1.4), from us to one address. Nothing here is logged: a mail
can contain links that are as powerful as passwords.
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
from app.policy.mailboxes import is_mailbox
from app.runtime import settings

# The timeout of each step of the conversation.
TIMEOUT_SECONDS = 10
FOLDER = "mail"


@dataclass(frozen=True, slots=True)
class Mail:
    """The content of one mail."""

    to: str
    subject: str
    text: str
    html: str


class MailNotSent(Exception):
    """The mail was not accepted. The text names the kind of failure and contains nothing of the mail."""


def send_mail(mail: Mail) -> None:
    """Send a mail; this can take a minute. Raises ``MailNotSent``;
    ``ValueError`` for a header with a line break.
    """
    message = compose_message(mail)
    server = settings().mail_server
    try:
        if server is None:
            _write_file(message, settings().instance / FOLDER)
        else:
            _hand_over(message, mail.to, server)
    except smtplib.SMTPResponseException as problem:
        raise MailNotSent(f"{type(problem).__name__} {problem.smtp_code}") from None
    except OSError as problem:  # SMTP's and TLS's own errors too
        raise MailNotSent(type(problem).__name__) from None


def compose_message(mail: Mail) -> EmailMessage:
    """Build the message. Raises ``ValueError`` if a header would contain more than its own value."""
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
    # RFC 3834 5: suppress automatic replies.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, cte=_choose_encoding(mail.text))
    message.add_alternative(mail.html, subtype="html", cte=_choose_encoding(mail.html))
    return message


def _choose_encoding(text: str) -> str:
    """Keep lines as they are, so that a link is never split, not even in a file that is read as text."""
    return "7bit" if text.isascii() else "8bit"


def _write_file(message: EmailMessage, folder: Path) -> None:
    """Write one new file, readable only by us; its name sorts by time. It appears complete."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{clock.now():%Y%m%dT%H%M%S.%f}-{secrets.token_hex(4)}.eml"
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(message.as_bytes())
    part.rename(path)


def _hand_over(message: EmailMessage, to: str, server: MailServer) -> None:
    context = ssl.create_default_context()
    # The host name we announce, instead of asking the name service.
    own = settings().mail_from.rpartition("@")[2]
    if server.tls == "direct":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, own, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        connection = smtplib.SMTP(server.host, server.port, own, timeout=TIMEOUT_SECONDS)
    with connection:
        if server.tls == "starttls":
            # Raises if the server does not offer TLS: nothing is sent in clear text.
            connection.starttls(context=context)
        if server.user is not None and server.password is not None:
            connection.login(server.user, server.password)
        # Always 7 bit: not every server accepts 8 bit.
        content = message.as_bytes(policy=SMTP.clone(cte_type="7bit"))
        connection.sendmail(settings().mail_from, [to], content)
