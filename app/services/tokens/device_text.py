"""The text of the device cookie: for each user who logged in from this browser, a signed mark.

It proves only that this user logged in here before, so that guesses of strangers do not stop the user here.
It is no part of a login: password and second factor are still required. It lasts some weeks, and ends with
all sessions of the user.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from app import clock
from app.services.tokens.keyring import keyring

LIFETIME = timedelta(weeks=8)
# Of one browser; the one that was used longest ago goes.
MOST_USERS = 5
MOST_CHARACTERS = 512
# User, session epoch and time, the device's random id, the id of the key.
SIZES = (8, 4, 4, 12, 1)
MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Device:
    """One user's mark in one browser. ``id`` is random; ``epoch`` the user's at the login."""

    user_id: int
    epoch: int
    made: int
    id: bytes

    @property
    def label(self) -> str:
        """Return what counts as this device."""
        return f"{self.user_id}/{self.id.hex()}"


def find_device(text: str, user_id: int, epoch: int) -> Device | None:
    """Find the mark of this user, unless all of the user's sessions were ended since."""
    return next((one for one in read_devices(text) if (one.user_id, one.epoch) == (user_id, epoch)), None)


def add_device(text: str, user_id: int, epoch: int) -> str:
    """Return the new text after a login: the user's mark first, and those of the others."""
    held = read_devices(text)
    own = next((one for one in held if (one.user_id, one.epoch) == (user_id, epoch)), None)
    mark = Device(
        user_id, epoch, int(clock.now().timestamp()), own.id if own is not None else secrets.token_bytes(12)
    )
    others = [one for one in held if one.user_id != user_id]
    return ".".join(_mint(one) for one in [mark, *others][:MOST_USERS])


def read_devices(text: str) -> list[Device]:
    """Read the marks that this server signed and that have not expired. Never raises, makes no query."""
    if not text or len(text) > MOST_CHARACTERS or not text.isascii():
        return []
    found = [_read(part) for part in text.split(".")]
    oldest = (clock.now() - LIFETIME).timestamp()
    return [one for one in found if one is not None and one.made > oldest]


def _mint(device: Device) -> str:
    key_id = keyring().signing
    values = (device.user_id, device.epoch, device.made, int.from_bytes(device.id), key_id)
    body = b"".join(value.to_bytes(size) for value, size in zip(values, SIZES, strict=True))
    return base64.urlsafe_b64encode(body + _sign(body, key_id)).rstrip(b"=").decode("ascii")


def _read(text: str) -> Device | None:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    if len(raw) != sum(SIZES) + MAC_BYTES:
        return None
    body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    if not hmac.compare_digest(mac, _sign(body, body[-1])):
        return None
    user_id, epoch, made = int.from_bytes(body[:8]), int.from_bytes(body[8:12]), int.from_bytes(body[12:16])
    return Device(user_id, epoch, made, body[16:28])


def _sign(body: bytes, key_id: int) -> bytes:
    key = keyring().derive("device", key_id)
    # An unknown key signs nothing: an empty text equals no signature.
    return hmac.digest(key, body, "sha256")[:MAC_BYTES] if key is not None else b""
