"""Settings from ``ARGUS_*`` variables, read once and frozen. Unsafe settings prevent the start.

Nothing else reads the environment. The table in ``docs/configuration.md`` documents each name.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote
from urllib.parse import urlsplit

from app import files
from app.policy import network
from app.policy import redirects
from app.policy.mailboxes import is_mailbox
from app.policy.network import is_loopback

DEFAULT_BASE_URL = "http://127.0.0.1:8080"
SECRET_KEYS_FILE = "secret_keys"  # noqa: S105 - a file name
# Of one request; the server and the application refuse more.
MOST_BODY_BYTES = 1_000_000
# ``Retry-After`` of every 503, of the server and of the application.
RETRY_AFTER_SECONDS = 1


class UnsafeConfiguration(Exception):
    """A setting is missing, malformed or unsafe. The text names it and says what to do."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """The server that sends our mails; ``tls`` is ``none`` only on this machine."""

    host: str
    port: int
    tls: Literal["direct", "starttls", "none"]
    user: str | None
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Durations are whole seconds; addresses and networks are canonical text."""

    instance: Path
    database_url: str
    database_pooled: bool
    base_url: str
    domain: str
    trusted_proxies: tuple[str, ...]
    outgoing_allow: tuple[str, ...]
    ratelimit_storage: str
    require_pkce: bool
    require_dpop_nonce: bool
    log_level: str
    code_seconds: int
    access_token_seconds: int
    refresh_timeout_seconds: int
    refresh_grace_seconds: int
    login_seconds: int
    login_idle_seconds: int
    sessions_per_client: int
    secret_keys: tuple[tuple[int, bytes], ...]
    throttle_login_failures: int
    throttle_client_failures: int
    throttle_window_seconds: int
    argon2_memory_kib: int
    argon2_time: int
    mail_server: MailServer | None
    mail_from: str
    recovery_seconds: int
    support_contact: str

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def is_local(self) -> bool:
        """Tell whether only this machine reaches this server."""
        return is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def host(self) -> str:
        """Return host and port as a browser sends them in ``Host``."""
        return urlsplit(self.base_url).netloc.lower()


def load_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """Load the settings of this process from the environment; ``overrides`` (``ARGUS_`` names) win.

    Raises ``UnsafeConfiguration``. Secret keys that are not given are made once and kept in the instance.
    """
    given: dict[str, str] = {k: v for k, v in os.environ.items() if k.startswith("ARGUS_")}
    given.update({k: str(v) for k, v in (overrides or {}).items()})

    instance = Path(given.get("ARGUS_INSTANCE", "instance")).resolve()
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    base_url = _read_base_url(given.get("ARGUS_BASE_URL") or DEFAULT_BASE_URL)
    return Settings(
        instance=instance,
        database_url=_read_database_url(given, instance),
        database_pooled=_read_boolean(given, "ARGUS_DATABASE_POOLED", default=False),
        base_url=base_url,
        domain=given.get("ARGUS_DOMAIN") or "MNEMONIC",
        trusted_proxies=_read_networks(given, "ARGUS_TRUSTED_PROXIES"),
        outgoing_allow=_read_networks(given, "ARGUS_OUTGOING_ALLOW"),
        ratelimit_storage=_read_storage(given.get("ARGUS_RATELIMIT_STORAGE") or "database"),
        require_pkce=_read_boolean(given, "ARGUS_REQUIRE_PKCE", default=False),
        require_dpop_nonce=_read_boolean(given, "ARGUS_REQUIRE_DPOP_NONCE", default=True),
        log_level=(given.get("ARGUS_LOG_LEVEL") or "INFO").upper(),
        code_seconds=_read_seconds(given, "ARGUS_CODE_SECONDS", 60, most=600),
        access_token_seconds=_read_seconds(given, "ARGUS_ACCESS_TOKEN_SECONDS", 300, most=86_400),
        refresh_timeout_seconds=_read_seconds(given, "ARGUS_REFRESH_TIMEOUT_SECONDS", 1_800, most=2_592_000),
        refresh_grace_seconds=_read_seconds(given, "ARGUS_REFRESH_GRACE_SECONDS", 10, least=0, most=60),
        login_seconds=_read_seconds(given, "ARGUS_LOGIN_SECONDS", 43_200, most=2_592_000),
        login_idle_seconds=_read_seconds(given, "ARGUS_LOGIN_IDLE_SECONDS", 3_600, most=2_592_000),
        sessions_per_client=_read_seconds(given, "ARGUS_SESSIONS_PER_CLIENT", 100, most=10_000),
        secret_keys=_read_secret_keys(given.get("ARGUS_SECRET_KEYS"), instance),
        throttle_login_failures=_read_seconds(given, "ARGUS_THROTTLE_LOGIN_FAILURES", 10, most=10_000),
        throttle_client_failures=_read_seconds(given, "ARGUS_THROTTLE_CLIENT_FAILURES", 30, most=10_000),
        throttle_window_seconds=_read_seconds(given, "ARGUS_THROTTLE_WINDOW_SECONDS", 300, most=86_400),
        argon2_memory_kib=_read_seconds(given, "ARGUS_ARGON2_MEMORY_KIB", 19_456, least=8, most=1_048_576),
        argon2_time=_read_seconds(given, "ARGUS_ARGON2_TIME", 2, most=20),
        mail_server=_read_mail_server(given.get("ARGUS_SMTP_URL", "")),
        mail_from=_read_mail_from(given.get("ARGUS_MAIL_FROM", ""), base_url),
        recovery_seconds=_read_seconds(given, "ARGUS_RECOVERY_SECONDS", 1_800, least=60, most=86_400),
        support_contact=_read_support_contact(given.get("ARGUS_SUPPORT_CONTACT", "")),
    )


def _read_database_url(given: Mapping[str, str], instance: Path) -> str:
    url = given.get("ARGUS_DATABASE_URL") or f"sqlite:///{instance / 'argus.sqlite'}"
    if url.startswith(("postgresql://", "postgres://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    if url.startswith("sqlite:///"):
        # SQLite would create the file readable by everybody; it holds hashes and encrypted keys.
        Path(url.removeprefix("sqlite:///")).touch(mode=0o600, exist_ok=True)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise UnsafeConfiguration("ARGUS_DATABASE_URL: only sqlite:/// and postgresql:// are supported.")
    return url


def _read_base_url(text: str) -> str:
    """Read the public origin, which is also the issuer: https, or http only for a loopback address."""
    name = "ARGUS_BASE_URL"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise UnsafeConfiguration(f"{name}: write an origin such as https://id.example.com.") from None
    if not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise UnsafeConfiguration(f"{name}: write an origin such as https://id.example.com, without a path.")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise UnsafeConfiguration(f"{name}: http is accepted for a loopback address only; use https.")
    if parts.scheme not in ("http", "https"):
        raise UnsafeConfiguration(f"{name}: the scheme must be https.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None and port != default else "")


def _read_mail_server(text: str) -> MailServer | None:
    """Read the server from ``ARGUS_SMTP_URL``; ``None`` if not set. Messages never repeat the URL."""
    name = "ARGUS_SMTP_URL"
    if not text:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise UnsafeConfiguration(f"{name}: the port is not a number.") from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or port == 0:
        raise UnsafeConfiguration(f"{name}: write smtp://user:password@host:587 or smtps://….")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise UnsafeConfiguration(f"{name}: write nothing after the host; / ? # are %2F %3F %23.")
    if bool(parts.username) != bool(parts.password):
        raise UnsafeConfiguration(f"{name}: write a user and a password, or neither.")
    tls: Literal["direct", "starttls", "none"] = "direct"
    if parts.scheme == "smtp":
        tls = "none" if is_loopback(parts.hostname) else "starttls"
    return MailServer(
        host=parts.hostname,
        port=port or (465 if tls == "direct" else 587),
        tls=tls,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _read_mail_from(text: str, base_url: str) -> str:
    if not text:
        host = urlsplit(base_url).hostname or ""
        if ":" in host:
            host = f"[IPv6:{host}]"
        elif host.replace(".", "").isdigit():
            host = f"[{host}]"
        text = f"no-reply@{host}"
    if not is_mailbox(text):
        raise UnsafeConfiguration("ARGUS_MAIL_FROM: write one address such as no-reply@example.com.")
    return text


def _read_support_contact(text: str) -> str:
    """Read the contact for people who were refused: a mail address or an https page; empty if none."""
    if text and not is_mailbox(text) and redirects.find_main_uri_problem(text) is not None:
        raise UnsafeConfiguration("ARGUS_SUPPORT_CONTACT: write a mail address or an https:// address.")
    return text


def _read_storage(text: str) -> str:
    if text not in ("database", "memory://") and not text.startswith(("redis://", "rediss://")):
        raise UnsafeConfiguration("ARGUS_RATELIMIT_STORAGE: write database, memory:// or redis://….")
    return text


def _read_networks(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    entries = [entry.strip() for entry in given.get(name, "").split(",") if entry.strip()]
    if not entries:
        return ()
    try:
        ranges = network.parse_ranges(entries)
    except network.InvalidRange as problem:
        raise UnsafeConfiguration(f"{name}: {problem}") from None
    if network.trusts_everyone(ranges):
        raise UnsafeConfiguration(f"{name}: a list that names everybody is refused.")
    return ranges


def _read_boolean(given: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = given.get(name, "").strip().lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    if text:
        raise UnsafeConfiguration(f"{name}: write true or false.")
    return default


def _read_seconds(given: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int) -> int:
    """Read a whole number between ``least`` and ``most``; 0 never means *for ever*."""
    text = given.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
        raise UnsafeConfiguration(f"{name}: write a whole number from {least} to {most}.")
    return int(text)


def _read_secret_keys(text: str | None, instance: Path) -> tuple[tuple[int, bytes], ...]:
    if not text:
        text = _load_or_make_secret_keys(instance / SECRET_KEYS_FILE)
    keys: dict[int, bytes] = {}
    for entry in text.split(","):
        number, _, encoded = entry.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not (number.isascii() and number.isdigit()) or not 0 <= int(number) <= 255 or len(key) < 32:
            raise UnsafeConfiguration(
                "ARGUS_SECRET_KEYS: write id:base64,… with ids from 0 to 255 and keys of at least 32 bytes."
            )
        if int(number) in keys or len(set(key)) < 8:
            raise UnsafeConfiguration("ARGUS_SECRET_KEYS: ids must differ and keys must be random.")
        keys[int(number)] = key
    return tuple(keys.items())


def _load_or_make_secret_keys(path: Path) -> str:
    """Load the keys from the instance folder, or make them once.
    Two processes that start together share one file.
    """
    if not path.exists():
        with contextlib.suppress(FileExistsError):
            key = base64.b64encode(secrets.token_bytes(32)).decode("ascii")
            files.create_file(path, f"1:{key}\n")
    text = path.read_text(encoding="ascii").strip()
    if not text:
        raise UnsafeConfiguration(
            f"{path} is empty: put the keys back, or delete it if there never were any."
        )
    return text


def find_migrations_folder() -> Path:
    """Find the migrations: beside this package in a checkout, inside it in an installed wheel."""
    inside = Path(__file__).parent / "migrations"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "migrations"
