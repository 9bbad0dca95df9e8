"""Keys derived from ``ARGUS_SECRET_KEYS``: one per purpose, so that no key is used for two.

The first key signs, all verify.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from cryptography.fernet import Fernet
from cryptography.fernet import MultiFernet

from app.runtime import per_app
from app.runtime import settings


@dataclass(frozen=True, slots=True)
class KeyRing:
    """``keys`` maps key id to 32 bytes or more; ``signing`` is the id of the first."""

    keys: dict[int, bytes]
    signing: int

    def derive(self, purpose: str, key_id: int | None = None) -> bytes | None:
        """Derive a 32-byte key for one purpose, from the given or the signing key;
        ``None`` for an unknown id.
        """
        key = self.keys.get(self.signing if key_id is None else key_id)
        return None if key is None else hmac.digest(key, b"argus-idp/" + purpose.encode(), "sha256")

    def build_box(self) -> MultiFernet:
        """Return an encryptor that encrypts under the signing key and decrypts under any key."""
        order = [self.signing, *(k for k in self.keys if k != self.signing)]
        return MultiFernet(
            [Fernet(base64.urlsafe_b64encode(self.derive("encryption", k) or b"")) for k in order]
        )

    def compute_fingerprint(self) -> str:
        """Return what the database stores of the signing key; it reveals nothing about the key."""
        return hashlib.sha256(self.derive("fingerprint") or b"").hexdigest()

    def list_fingerprints(self) -> frozenset[str]:
        """Return the fingerprints of all keys: a node accepts a database sealed under any of its keys."""
        return frozenset(hashlib.sha256(self.derive("fingerprint", k) or b"").hexdigest() for k in self.keys)


def keyring() -> KeyRing:
    """Return the key ring of this application."""
    return per_app(_make_keyring)


def _make_keyring() -> KeyRing:
    keys = settings().secret_keys
    return KeyRing(dict(keys), keys[0][0])
