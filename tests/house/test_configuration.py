"""Settings: each stands in the table of docs/configuration.md, and what is unsafe does not start."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app import config
from app.config import MailServer
from app.config import UnsafeConfiguration

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"ARGUS_[A-Z0-9_]+")


def test_the_table_lists_what_is_read() -> None:
    """Every name the code reads is documented, and nothing else is."""
    source = (ROOT / "app" / "config.py").read_text(encoding="utf-8")
    table = [
        line
        for line in (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `ARGUS_")
    ]
    listed = {name for line in table for name in NAME.findall(line.split("|")[1])}
    assert listed == set(NAME.findall(source)) - {"ARGUS_"}


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("", None),
        ("smtp://localhost:2525", MailServer("localhost", 2525, "none", None, None)),
        ("smtp://[::1]", MailServer("::1", 587, "none", None, None)),
        ("smtp://mail.example.com", MailServer("mail.example.com", 587, "starttls", None, None)),
        ("smtps://mail.example.com/", MailServer("mail.example.com", 465, "direct", None, None)),
        ("smtps://127.0.0.1:1465", MailServer("127.0.0.1", 1465, "direct", None, None)),
        (
            "smtp://idp%40example.com:a%2Fb%23c%3Ad@mail.example.com:25",
            MailServer("mail.example.com", 25, "starttls", "idp@example.com", "a/b#c:d"),
        ),
    ],
)
def test_a_mail_server(tmp_path: Path, text: str, server: MailServer | None) -> None:
    """In clear to this machine only; the password is not shown."""
    settings = config.load_settings({"ARGUS_INSTANCE": tmp_path, "ARGUS_SMTP_URL": text})
    assert settings.mail_server == server
    assert "a/b#c:d" not in repr(settings.mail_server)


@pytest.mark.parametrize(
    ("base_url", "sender"),
    [
        ("https://id.example.com:8443", "no-reply@id.example.com"),
        ("http://127.0.0.1:8080", "no-reply@[127.0.0.1]"),
        ("http://[::1]:8080", "no-reply@[IPv6:::1]"),
    ],
)
def test_the_sender(tmp_path: Path, base_url: str, sender: str) -> None:
    given = {"ARGUS_INSTANCE": tmp_path, "ARGUS_BASE_URL": base_url}
    assert config.load_settings(given).mail_from == sender
    assert config.load_settings(given | {"ARGUS_MAIL_FROM": "idp@example.com"}).mail_from == "idp@example.com"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ARGUS_SMTP_URL", "mail.example.com"),
        ("ARGUS_SMTP_URL", "http://mail.example.com"),
        ("ARGUS_SMTP_URL", "smtp://"),
        ("ARGUS_SMTP_URL", "smtp://mail.example.com:port"),
        ("ARGUS_SMTP_URL", "smtp://mail.example.com:0"),
        ("ARGUS_SMTP_URL", "smtp://mail.example.com:70000"),
        ("ARGUS_SMTP_URL", "smtp://idp@mail.example.com"),
        ("ARGUS_SMTP_URL", "smtp://:secret@mail.example.com"),
        ("ARGUS_SMTP_URL", "smtp://idp:sec#ret@mail.example.com"),
        ("ARGUS_SMTP_URL", "smtp://idp:sec/ret@mail.example.com"),
        ("ARGUS_SMTP_URL", "smtp://mail.example.com/path"),
        ("ARGUS_SMTP_URL", "smtp://mail.example.com?verify=no"),
        ("ARGUS_MAIL_FROM", "Argus <idp@example.com>"),
        ("ARGUS_MAIL_FROM", "idp@example.com\nBcc: eve@example.com"),
        ("ARGUS_MAIL_FROM", "idp"),
        ("ARGUS_RATELIMIT_STORAGE", "Database"),
        ("ARGUS_RATELIMIT_STORAGE", "memcached://127.0.0.1"),
        ("ARGUS_RECOVERY_SECONDS", "59"),
        ("ARGUS_RECOVERY_SECONDS", "0"),
        ("ARGUS_RECOVERY_SECONDS", "86401"),
        ("ARGUS_RECOVERY_SECONDS", "half an hour"),
    ],
)
def test_what_does_not_start(tmp_path: Path, name: str, text: str) -> None:
    """The message names the setting, and repeats nothing that may be a secret."""
    with pytest.raises(UnsafeConfiguration, match=f"^{name}: ") as refused:
        config.load_settings({"ARGUS_INSTANCE": tmp_path, name: text})
    assert "sec" not in str(refused.value)


KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU="


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ARGUS_BASE_URL", "http://id.example.com"),
        ("ARGUS_BASE_URL", "ftp://id.example.com"),
        ("ARGUS_BASE_URL", "https://id.example.com/path"),
        ("ARGUS_BASE_URL", "https://user@id.example.com"),
        ("ARGUS_BASE_URL", "id.example.com"),
        ("ARGUS_TRUSTED_PROXIES", "0.0.0.0/0"),
        ("ARGUS_TRUSTED_PROXIES", "0.0.0.0/1,128.0.0.0/1"),
        ("ARGUS_TRUSTED_PROXIES", "::/0"),
        ("ARGUS_TRUSTED_PROXIES", "everybody"),
        ("ARGUS_OUTGOING_ALLOW", "0.0.0.0/0"),
        ("ARGUS_OUTGOING_ALLOW", "10.0.0.1/8"),
        ("ARGUS_OUTGOING_ALLOW", "app.example.com"),
        ("ARGUS_SECRET_KEYS", "1:AAAA"),
        ("ARGUS_SECRET_KEYS", "1:" + "A" * 43 + "="),
        ("ARGUS_SECRET_KEYS", f"256:{KEY}"),
        ("ARGUS_SECRET_KEYS", f"x:{KEY}"),
        ("ARGUS_SECRET_KEYS", f"1:{KEY},1:{KEY}"),
        ("ARGUS_SECRET_KEYS", "changeme"),
        ("ARGUS_CODE_SECONDS", "0"),
        ("ARGUS_CODE_SECONDS", "601"),
        ("ARGUS_ACCESS_TOKEN_SECONDS", "0"),
        ("ARGUS_ACCESS_TOKEN_SECONDS", "-1"),
        ("ARGUS_REFRESH_TIMEOUT_SECONDS", "0"),
        ("ARGUS_REFRESH_GRACE_SECONDS", "61"),
        ("ARGUS_LOGIN_SECONDS", "0"),
        ("ARGUS_LOGIN_IDLE_SECONDS", "0"),
        ("ARGUS_REQUIRE_PKCE", "perhaps"),
        ("ARGUS_REQUIRE_DPOP_NONCE", "perhaps"),
        ("ARGUS_DATABASE_URL", "mysql://localhost/x"),
    ],
)
def test_what_is_unsafe_does_not_start(tmp_path: Path, name: str, text: str) -> None:
    """Rules 18, 52, 80: in clear, trusting everybody, with keys that can be guessed, or for ever."""
    with pytest.raises(UnsafeConfiguration, match=f"^{name}: ") as refused:
        config.load_settings({"ARGUS_INSTANCE": tmp_path, name: text})
    assert KEY not in str(refused.value)
