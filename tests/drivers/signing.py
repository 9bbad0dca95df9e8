"""A client's own key: signs assertions (RFC 7523) and whatever else a test wants signed, right or wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey
from joserfc.jwk import OKPKey
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from app import clock

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ISSUER = "http://localhost"


class _Any(JWSRegistry):
    """Every algorithm and header."""

    max_header_length = 100_000

    def get_alg(self, name: str) -> Any:
        return self.algorithms["Ed25519" if name == "EdDSA" else name]


@cache
def make_key(alg: str, number: int = 0) -> Any:
    """A key pair of this algorithm, the same one each time: RSA keys take long to make."""
    del number
    if alg in ("EdDSA", "Ed25519"):
        return OKPKey.generate_key("Ed25519")
    return ECKey.generate_key("P-256") if alg == "ES256" else RSAKey.generate_key(2048)


def encode(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Signer:
    """One key pair with its id."""

    def __init__(self, alg: str = "ES256", kid: str | None = "k1", number: int = 0) -> None:
        self.alg, self.kid = alg, kid
        self.key = make_key(alg, number)

    @property
    def jwk(self) -> dict[str, Any]:
        """The public half."""
        named = {"kid": self.kid} if self.kid is not None else {}
        return {**{n: v for n, v in self.key.as_dict(private=False).items() if n != "kid"}, **named}

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.jwk]}

    def signs(self, claims: dict[str, Any] | bytes, **header: Any) -> str:
        """Any claims under any header; a header of ``None`` is left out."""
        held = {"alg": self.alg, "kid": self.kid, **header}
        held = {name: value for name, value in held.items() if value is not None}
        payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        registry = _Any(strict_check_header=False)
        return str(jws.serialize_compact(held, payload, self.key, registry=registry))

    def asserts(self, client_id: str, **changes: Any) -> str:
        """A client assertion; a claim of ``None`` is left out."""
        return self.signs(claims_of(client_id, **changes))


def claims_of(client_id: str, **changes: Any) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": ISSUER,
        "exp": now + 60,
        "iat": now,
        "jti": uuid.uuid4().hex,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


class Prover:
    """A client that makes DPoP proofs (RFC 9449), and keeps the nonce that answers bring."""

    def __init__(self, signer: Signer) -> None:
        self.signer = signer
        self.nonce: str | None = None

    @property
    def thumbprint(self) -> str:
        return str(self.signer.key.thumbprint())

    def proves(self, method: str, path: str, token: str | None = None, **changes: Any) -> str:
        """A proof for this call; ``changes`` are claims, and ``header`` changes of the header."""
        jwk = {name: value for name, value in self.signer.jwk.items() if name != "kid"}
        header = {"typ": "dpop+jwt", "kid": None, "jwk": jwk, **changes.pop("header", {})}
        claims = {
            "htm": method,
            "htu": ISSUER + path,
            "iat": int(clock.now().timestamp()),
            "jti": uuid.uuid4().hex,
            "nonce": self.nonce,
            "ath": None if token is None else encode(hashlib.sha256(token.encode()).digest()),
            **changes,
        }
        held = {name: value for name, value in claims.items() if value is not None}
        return self.signer.signs(held, **header)
