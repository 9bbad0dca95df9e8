"""How a mail leaves: by SMTP with TLS, or as a file; what its headers can hold; what is logged of it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from aiosmtpd.smtp import Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask

from app import create_app
from app.config import MailServer
from app.services.mail import mailer
from app.services.mail.mailer import Mail
from app.services.mail.mailer import MailNotSent
from tests.drivers.mailbox import html_of
from tests.drivers.mailbox import read
from tests.drivers.mailbox import text_of

LINK = "https://id.example.com/recover/" + "x" * 180
MAIL = Mail("alice@example.com", "Æ subject", f"Blåbær\n\n{LINK}\n", f'<p><a href="{LINK}">Blåbær</a></p>\n')


class Inbox:
    """What a server of the tests received, and who logged in to it."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            self.envelopes.append(envelope)
        return self.answer

    def login(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=True)

    def mail(self) -> EmailMessage:
        (envelope,) = self.envelopes
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=SMTP_POLICY)
        assert isinstance(mail, EmailMessage)
        return mail


@contextmanager
def smtp(**options: Any) -> Iterator[tuple[Inbox, int]]:
    """A real SMTP server on a port of its own."""
    inbox = Inbox()
    if options.pop("login", False):
        options.update(authenticator=inbox.login)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    controller = Controller(inbox, hostname="127.0.0.1", port=port, server_hostname="localhost", **options)
    controller.start()
    try:
        yield inbox, port
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application without a database: none of this asks for one."""
    return create_app({"ARGUS_INSTANCE": tmp_path_factory.mktemp("mailer"), "ARGUS_LOG_LEVEL": "ERROR"})


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that nobody trusts by himself, and the server's side of it."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


def sends(app: Flask, mail: Mail = MAIL) -> None:
    with app.app_context():
        mailer.send_mail(mail)


def test_a_file_readable_by_us_alone(app: Flask, settings: Any, tmp_path: Path) -> None:
    """Brief: without a server each mail is a file of mode 0600; a link stands in it unbroken."""
    settings(instance=tmp_path)
    sends(app)
    (path,) = (tmp_path / "mail").iterdir()
    assert path.suffix == ".eml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert LINK.encode() in path.read_bytes()
    mail = read(path)
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert (mail["To"], mail["Subject"]) == ("alice@example.com", "Æ subject")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert text_of(mail).splitlines() == MAIL.text.splitlines()
    assert html_of(mail).strip() == MAIL.html.strip()


def test_smtp_on_this_machine(app: Flask, settings: Any) -> None:
    with smtp() as (inbox, port):
        settings(mail_server=MailServer("127.0.0.1", port, "none", None, None), mail_from="idp@example.com")
        sends(app)
    (envelope,) = inbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("idp@example.com", ["alice@example.com"])
    assert isinstance(envelope.content, bytes)
    assert envelope.content.isascii()
    assert text_of(inbox.mail()).splitlines() == MAIL.text.splitlines()
    assert html_of(inbox.mail()).strip() == MAIL.html.strip()


@pytest.mark.parametrize("tls", ["direct", "starttls"])
def test_smtp_with_tls_and_a_password(
    app: Flask,
    settings: Any,
    tls: Any,
    authority: tuple[Path, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The certificate is checked: not known, nothing goes out; known by SSL_CERT_FILE, all does."""
    public, context = authority
    # Over implicit TLS aiosmtpd does not see that the line is safe.
    direct = {"ssl_context": context, "auth_require_tls": False}
    options = direct if tls == "direct" else {"tls_context": context, "require_starttls": True}
    with smtp(login=True, **options) as (inbox, port):
        settings(mail_server=MailServer("127.0.0.1", port, tls, "idp", "pass:w@rd"))
        with pytest.raises(MailNotSent, match="SSLCertVerificationError"):
            sends(app)
        assert inbox.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(public))
        sends(app)
    assert inbox.logins == [(b"idp", b"pass:w@rd")]
    assert inbox.mail()["Subject"] == "Æ subject"


def test_nothing_goes_out_in_clear(app: Flask, settings: Any) -> None:
    """STARTTLS is insisted on: a server (or somebody between) that does not offer it gets nothing."""
    with smtp() as (inbox, port):
        settings(mail_server=MailServer("127.0.0.1", port, "starttls", "idp", "secret"))
        with pytest.raises(MailNotSent, match="SMTPNotSupportedError"):
            sends(app)
    assert inbox.envelopes == []


def test_what_the_server_refuses(app: Flask, settings: Any) -> None:
    """The failure says its kind, and nothing that the server answered or the mail held."""
    with smtp() as (inbox, port):
        settings(mail_server=MailServer("127.0.0.1", port, "none", None, None))
        inbox.answer = f"554 I do not like {LINK}"
        with pytest.raises(MailNotSent) as refused:
            sends(app)
    assert str(refused.value) == "SMTPDataError 554"
    with pytest.raises(MailNotSent, match=r"^ConnectionRefusedError$"):
        sends(app)


@pytest.mark.parametrize(
    "to",
    [
        "alice@example.com\nBcc: eve@example.com",
        "alice@example.com\r\nBcc: eve@example.com",
        "alice@example.com, eve@example.com",
        "alice@example.com eve@example.com",
        "<alice@example.com>",
        "alice <alice@example.com>",
        '"alice\r\nBcc: eve"@example.com',
        "álice@example.com",
        "alice@exámple.com",
        "alice@example.com\x00",
        "alice",
        "",
        "a" * 250 + "@example.com",
    ],
)
def test_one_plain_address(app: Flask, settings: Any, tmp_path: Path, to: str) -> None:
    """Header injection: an address is one plain address, or there is no mail."""
    settings(instance=tmp_path)
    with pytest.raises(ValueError, match="address"):
        sends(app, Mail(to, "subject", "text", "html"))
    assert not (tmp_path / "mail").exists()


@pytest.mark.parametrize("subject", ["a\nBcc: eve@example.com", "a\r\nb", "a\u2028b", "a\x00"])
def test_one_line_of_subject(app: Flask, settings: Any, tmp_path: Path, subject: str) -> None:
    settings(instance=tmp_path)
    with pytest.raises(ValueError, match="subject"):
        sends(app, Mail("alice@example.com", subject, "text", "html"))
    assert not (tmp_path / "mail").exists()
