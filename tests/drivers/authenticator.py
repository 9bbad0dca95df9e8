"""A software WebAuthn authenticator: real attestation objects of format ``none``, real signatures."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def url64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Authenticator:
    """One passkey on one device; ``count`` is its counter and may be set by a test."""

    def __init__(self, origin: str = "http://localhost", rp_id: str = "localhost") -> None:
        self.origin = origin
        self.rp_id = rp_id
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.key_id = secrets.token_bytes(32)
        self.count = 0

    def enrols(self, options: dict[str, Any], *, verified: bool = True, **changes: Any) -> dict[str, Any]:
        """What the browser sends for EnrolOptions, but for the authorization."""
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self.key_id)) + self.key_id + cbor2.dumps(public)
        data = self._data(ATTESTED, verified=verified) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return {
            "challengeID": options["challengeID"],
            "webAuthnKeyID": url64(self.key_id),
            "attestationObject": url64(attestation),
            "clientData": url64(self._client_data("webauthn.create", options, changes)),
        }

    def signs(
        self, asked: dict[str, Any], *, verified: bool = True, encode: Any = url64, **changes: Any
    ) -> dict[str, Any]:
        """What the browser sends for a Challenge; ``changes`` replace members of the client data."""
        self.count += 1
        data = self._data(0, verified=verified)
        client_data = self._client_data("webauthn.get", asked, changes)
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return {
            "challengeID": asked["challengeID"],
            "webauthnKeyID": encode(self.key_id),
            "authenticatorData": encode(data),
            "clientData": encode(client_data),
            "signature": encode(signature),
        }

    def _data(self, flags: int, *, verified: bool) -> bytes:
        flags |= PRESENT | (VERIFIED if verified else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client_data(self, kind: str, asked: dict[str, Any], changes: dict[str, Any]) -> bytes:
        plain = asked["challenge"].replace("-", "+").replace("_", "/").rstrip("=")
        challenge = url64(base64.b64decode(plain + "=" * (-len(plain) % 4)))
        data = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(data | changes).encode()
