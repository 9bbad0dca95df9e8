"""Passwords and client secrets chosen by people: argon2id, with the same cost for every answer."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
import unicodedata
from collections import OrderedDict

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError
from argon2.exceptions import VerificationError

from app.runtime import per_app
from app.runtime import settings
from app.services.login import hashing

MOST_CHARACTERS = 1024
REMEMBERED_SECONDS = 60.0
REMEMBERED_SECRETS = 1000


class Passwords:
    """Hashes and verifies. Both raise ``hashing.Busy`` when too many hashes run already."""

    def __init__(self) -> None:
        chosen = settings()
        self._hasher = PasswordHasher(
            time_cost=chosen.argon2_time, memory_cost=chosen.argon2_memory_kib, parallelism=1
        )
        self._nobody = self.hash(secrets.token_urlsafe(16))
        self._process_key = secrets.token_bytes(32)
        self._remembered: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def hash(self, chosen: str) -> str:
        with hashing.gate.enter():
            return self._hasher.hash(unicodedata.normalize("NFC", chosen))

    def verify(self, stored: str | None, presented: str) -> bool:
        """Tell whether the password is right, however its letters are composed.
        Without a stored hash the cost is the same and the answer is no.
        """
        if len(presented) > MOST_CHARACTERS:
            return False
        # NFC; then as it was typed, which older hashes were made of, by a keyboard that composes or does not.
        forms = (unicodedata.normalize("NFC", presented), presented, unicodedata.normalize("NFD", presented))
        return any(self._matches(stored, form) for form in dict.fromkeys(forms))

    def _matches(self, stored: str | None, presented: str) -> bool:
        try:
            with hashing.gate.enter():
                self._hasher.verify(stored or self._nobody, presented)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Tell whether the hash was made with other parameters and should be made again."""
        return self._hasher.check_needs_rehash(stored)

    def verify_client_secret(self, caller: str, stored: str, presented: str) -> bool:
        """As ``verify``, but cache a success for a minute under a process-random key (security rule 23).

        ``caller`` is the client at one address. The cache key contains the stored hash, so a rotated secret
        is forgotten at once.
        """
        if self.remembers(caller, stored, presented):
            return True
        if not self.verify(stored, presented):
            return False
        with self._lock:
            self._remembered[self._mark(caller, stored, presented)] = time.monotonic() + REMEMBERED_SECONDS
            while len(self._remembered) > REMEMBERED_SECRETS:
                self._remembered.popitem(last=False)
        return True

    def remembers(self, caller: str, stored: str, presented: str) -> bool:
        """Tell whether this secret was right within the last minute, in this process. Hashes nothing slow."""
        with self._lock:
            until = self._remembered.get(self._mark(caller, stored, presented))
        return until is not None and until > time.monotonic()

    def _mark(self, *parts: str) -> bytes:
        text = b"\0".join(part.encode("utf-8", "surrogatepass") for part in parts)
        return hmac.digest(self._process_key, hashlib.sha256(text).digest(), "sha256")


def passwords() -> Passwords:
    """Return the hasher of this application."""
    return per_app(Passwords)
