"""Keys derived from ``ARGUS_SECRET_KEYS``: one per purpose, so that no key is used for two.

The first key signs, all verify. Nodes may hold the keys in different orders while an operator changes them
one by one, so whatever is signed or encrypted either names its key or is tried under all of them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from dataclasses import field

from cryptography.fernet import Fernet
from cryptography.fernet import MultiFernet
from itsdangerous import URLSafeTimedSerializer

from app.runtime import per_app
from app.runtime import settings


@dataclass(frozen=True, slots=True)
class KeyRing:
    """``keys`` maps key id to 32 bytes or more; ``signing`` is the id of the first."""

    keys: dict[int, bytes]
    signing: int
    # What was derived before: there are few purposes.
    derived: dict[tuple[str, int], bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def order(self) -> list[int]:
        """The ids of all keys, the signing one first."""
        return [self.signing, *(key_id for key_id in self.keys if key_id != self.signing)]

    @property
    def eldest(self) -> int:
        """The lowest id: on every node the same, in whatever order, as new keys take higher ids."""
        return min(self.keys)

    def derive(self, purpose: str, key_id: int) -> bytes | None:
        """Derive a 32-byte key for one purpose from the key of this id; ``None`` for an unknown id."""
        found = self.derived.get((purpose, key_id))
        if found is None and (key := self.keys.get(key_id)) is not None:
            found = hmac.digest(key, b"argus-idp/" + purpose.encode(), "sha256")
            self.derived[purpose, key_id] = found
        return found

    def derive_all(self, purpose: str) -> list[bytes]:
        """Derive the key of one purpose from each key: the first signs, all verify."""
        return [self.derive(purpose, key_id) or b"" for key_id in self.order]

    def build_serializer(self, purpose: str, salt: str) -> URLSafeTimedSerializer:
        """Return a signer of short texts that verifies under any key."""
        return URLSafeTimedSerializer(self.derive_all(purpose)[::-1], salt=salt)

    def build_box(self, purpose: str = "encryption") -> MultiFernet:
        """Return an encryptor that encrypts under the signing key and decrypts under any key."""
        return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in self.derive_all(purpose)])

    def compute_fingerprint(self) -> str:
        """Return what the database stores of the signing key; it reveals nothing about the key."""
        return _hash(self.derive_all("fingerprint")[0])

    def list_fingerprints(self) -> frozenset[str]:
        """Return the fingerprints of all keys: a node accepts a database sealed under any of its keys."""
        return frozenset(_hash(key) for key in self.derive_all("fingerprint"))


def _hash(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()


def keyring() -> KeyRing:
    """Return the key ring of this application."""
    return per_app(_make_keyring)


def _make_keyring() -> KeyRing:
    keys = settings().secret_keys
    return KeyRing(dict(keys), keys[0][0])
