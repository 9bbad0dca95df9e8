"""Requests of devices (RFC 8628): a long code for the device, a short one that its user types in a browser.

Whoever knows the name of a public client may begin one, so their number is limited: the newest few of each
client and network, and of all that nobody answered. What the short code opens is a question to its user; the
throttle of whoever types (``user-code``) is what keeps it from being guessed.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlalchemy import delete
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.devices import DeviceRequest
from app.services.tokens import token_text
from app.services.tokens.keyring import keyring
from app.services.tokens.token_text import Kind
from app.services.tokens.token_text import make_id
from app.services.tokens.token_text import mint_token

# RFC 8628 6.1: consonants alone, so that no word comes out; nobody takes one for another.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
CHARACTERS = 8
LIFE = timedelta(minutes=10)
KEPT = timedelta(minutes=10)
INTERVAL_SECONDS, SLOWED_SECONDS = 5, 5
# A poll may come so much too early: clocks and networks are not exact.
LEEWAY_SECONDS = 1
# Of one client in one network, and of all, while nobody answered; the oldest goes.
MOST_OF_ONE, MOST_OPEN = 20, 10_000


@dataclass(frozen=True, slots=True)
class DeviceCodes:
    """The two codes of a request, in clear text."""

    device_code: str
    user_code: str


def begin(client_id: str, scopes: tuple[str, ...], network: str) -> DeviceCodes:
    """Store a request inside a unit of work, and return its codes, of which only hashes are stored."""
    now, device_id = clock.now(), make_id()
    user_code = _draw_user_code()
    token = mint_token(Kind.DEVICE, "", device_id)
    db.session.add(
        DeviceRequest(
            id=device_id,
            digest=token.digest,
            user_code_key=_hash(user_code),
            client_id=client_id,
            scopes=list(scopes),
            network=network,
            created_at=now,
            expires_at=now + LIFE,
            interval=INTERVAL_SECONDS,
            next_poll_at=now,
        )
    )
    db.session.flush()
    _drop_oldest(MOST_OF_ONE, DeviceRequest.client_id == client_id, DeviceRequest.network == network)
    _drop_oldest(MOST_OPEN)
    return DeviceCodes(token.text, user_code)


def find_by_device_code(text: str) -> DeviceRequest | None:
    """Find the request of a device code; text that we did not make takes no query."""
    token = token_text.read_token(text, Kind.DEVICE)
    row = db.session.get(DeviceRequest, token.session_id) if token is not None else None
    return row if token is not None and row is not None and row.digest == token.digest else None


def find_by_user_code(text: str) -> DeviceRequest | None:
    """Find the open request of a typed code, in any case, with blanks and dashes anywhere."""
    user_code = normalise(text)
    if user_code is None:
        return None
    found = select(DeviceRequest).where(DeviceRequest.user_code_key == _hash(user_code), *_match_open())
    return db.session.execute(found).scalar_one_or_none()


def find_open(device_id: bytes) -> DeviceRequest | None:
    """Find a request that may still be answered."""
    found = select(DeviceRequest).where(DeviceRequest.id == device_id, *_match_open())
    return db.session.execute(found).scalar_one_or_none()


def answer(device_id: bytes, code_id: bytes | None) -> bool:
    """Answer a request inside a unit of work, by the code that stands for it or by a no; true for the first.

    One conditional statement, so it is answered once.
    """
    changed = db.session.execute(
        update(DeviceRequest)
        .where(DeviceRequest.id == device_id, *_match_open())
        .values(answered_at=clock.now(), code_id=code_id)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def take_poll(row: DeviceRequest) -> bool:
    """Count a poll inside a unit of work; false if it came too early, and then the next may come later still
    (RFC 8628 3.5). One conditional statement: of polls at once one goes on.
    """
    now = clock.now()
    due = _set_next(row.id, now, row.interval, DeviceRequest.next_poll_at <= now)
    return due or (_set_next(row.id, now, row.interval + SLOWED_SECONDS) and False)


def _set_next(device_id: bytes, now: datetime, interval: int, *due: ColumnElement[bool]) -> bool:
    next_at = now + timedelta(seconds=interval - LEEWAY_SECONDS)
    changed = db.session.execute(
        update(DeviceRequest)
        .where(DeviceRequest.id == device_id, *due)
        .values(next_poll_at=next_at, interval=interval)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def normalise(text: str) -> str | None:
    """Return a typed code as it was made; ``None`` if it cannot be one."""
    letters = "".join(one for one in text.upper() if one not in " -\u2013\u2010\u2011\t")
    return letters if len(letters) == CHARACTERS and set(letters) <= set(ALPHABET) else None


def show(user_code: str) -> str:
    """Return a code as people read it: two halves and a dash."""
    half = CHARACTERS // 2
    return f"{user_code[:half]}-{user_code[half:]}"


def match_old() -> ColumnElement[bool]:
    """Match requests that expired a while ago; until then a device is told so."""
    return DeviceRequest.expires_at < clock.now() - KEPT


def _match_open() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return DeviceRequest.answered_at.is_(None), DeviceRequest.expires_at > clock.now()


def _drop_oldest(most: int, *of: ColumnElement[bool]) -> None:
    newest = select(DeviceRequest.id).where(DeviceRequest.answered_at.is_(None), *of)
    over = newest.order_by(DeviceRequest.created_at.desc(), DeviceRequest.id).offset(most).limit(most)
    ids = db.session.execute(over).scalars().all()
    if ids:
        db.session.execute(delete(DeviceRequest).where(DeviceRequest.id.in_(ids)))


def _draw_user_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CHARACTERS))


def _hash(user_code: str) -> bytes:
    # The same on every node, in whatever order it holds the keys.
    key = keyring().derive("user-code", keyring().eldest) or b""
    return hmac.digest(key, user_code.encode(), "sha256")[:16]
