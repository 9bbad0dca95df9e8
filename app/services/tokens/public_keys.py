"""Public keys of others (RFC 7517): those of clients, and those inside proofs.

A key that is private, weak, not for signatures, or of a kind that is not in the table is refused. Of a key
only what makes it is kept: no certificate, and no address that somebody would have to fetch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jwk import JWKRegistry
from joserfc.jwk import OKPKey
from joserfc.jwk import RSAKey
from joserfc.util import base64_to_int

AnyKey = RSAKey | ECKey | OKPKey

MOST_KEYS = 10
MOST_KID_CHARACTERS = 200
LEAST_RSA_BITS, MOST_RSA_BITS = 2048, 4096
# A modulus of 4096 bits; the public exponent is short, because a long one makes each verification slow.
MEMBER = re.compile(r"[A-Za-z0-9_-]{1,684}", re.ASCII)
EXPONENT = re.compile(r"[A-Za-z0-9_-]{1,6}", re.ASCII)
UNREADABLE = "The key lacks a part, or one cannot be read."
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of key: its type, its curve if it has one, what makes it, and the algorithms it signs with."""

    kty: str
    crv: str | None
    members: tuple[str, ...]
    algorithms: tuple[str, ...]


KINDS = (
    Kind("RSA", None, ("n", "e"), ("PS256", "RS256")),
    Kind("EC", "P-256", ("crv", "x", "y"), ("ES256",)),
    # RFC 9864 names the same algorithm anew.
    Kind("OKP", "Ed25519", ("crv", "x"), ("EdDSA", "Ed25519")),
)
ALGORITHMS = tuple(name for kind in KINDS for name in kind.algorithms)


class KeyProblem(Exception):
    """No key that can be used. ``sentence`` says why, and holds nothing of the key."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, and the algorithms that it may sign with."""

    key: AnyKey
    algorithms: tuple[str, ...]
    kid: str | None

    @property
    def thumbprint(self) -> str:
        """Return the SHA-256 thumbprint (RFC 7638)."""
        return self.key.thumbprint()

    def as_jwk(self) -> dict[str, Any]:
        """Return what is kept of it."""
        named = {"kid": self.kid} if self.kid is not None else {}
        alone = {"alg": self.algorithms[0]} if len(self.algorithms) == 1 else {}
        return {**self.key.as_dict(private=False), **named, **alone}


def read_key(jwk: Any) -> PublicKey:
    """Read one public key. Raises ``KeyProblem``."""
    if not isinstance(jwk, Mapping):
        raise KeyProblem("Write each key as an object.")
    if PRIVATE & jwk.keys():
        raise KeyProblem("This holds a private key, or a secret. Give the public part alone, and replace it.")
    kind = next((one for one in KINDS if (one.kty, one.crv) == (jwk.get("kty"), jwk.get("crv"))), None)
    if kind is None:
        raise KeyProblem("Use a key of type RSA, EC with curve P-256, or OKP with curve Ed25519.")
    if jwk.get("use", "sig") != "sig":
        raise KeyProblem("The key is not for signatures.")
    kid = jwk.get("kid")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= MOST_KID_CHARACTERS):
        raise KeyProblem("The key's kid is a text of at most 200 characters.")
    algorithms = kind.algorithms if jwk.get("alg") is None else (jwk["alg"],)
    if not set(map(str, algorithms)) <= set(kind.algorithms):
        raise KeyProblem("The key's alg is none that its type signs with.")
    return PublicKey(_import_key(kind, jwk), algorithms, kid)


def read_keys(jwks: Any) -> list[PublicKey]:
    """Read a key set (RFC 7517 5) of a client. Raises ``KeyProblem``."""
    held = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(held, list):
        raise KeyProblem('Give a key set: an object with a list of "keys".')
    if len(held) > MOST_KEYS:
        raise KeyProblem("Give at most 10 keys.")
    keys = [read_key(one) for one in held]
    named = [key.kid for key in keys]
    if len(keys) > 1 and (None in named or len(set(named)) < len(keys)):
        raise KeyProblem("Give each of several keys a kid of its own.")
    return keys


def _import_key(kind: Kind, jwk: Mapping[str, Any]) -> AnyKey:
    members: dict[str, Any] = {name: jwk.get(name) for name in kind.members}
    forms = {"e": EXPONENT, "crv": re.compile(r"[\w-]+")}
    for name, value in members.items():
        if not isinstance(value, str) or not forms.get(name, MEMBER).fullmatch(value):
            raise KeyProblem(UNREADABLE)
    try:
        if "n" in members and not LEAST_RSA_BITS <= base64_to_int(members["n"]).bit_length() <= MOST_RSA_BITS:
            raise KeyProblem("Use an RSA key of 2048 to 4096 bits.")
        key = JWKRegistry.import_key({"kty": kind.kty, **members})
    except (JoseError, ValueError, TypeError, LookupError):
        raise KeyProblem(UNREADABLE) from None
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        raise KeyProblem(UNREADABLE)
    return key
