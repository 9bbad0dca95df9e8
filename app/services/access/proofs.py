"""DPoP proofs (RFC 9449): who presents a token shows that he holds the key that it is bound to.

A proof is judged without a query, and used up (``use_up``) only when all else is right: so only who holds a
token, or may get one, makes the storage of counters grow, and by as much as he calls.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote
from urllib.parse import urlsplit

from app.runtime import settings
from app.services.access.throttle import throttle
from app.services.problems import NonceNeeded
from app.services.tokens import dpop_nonces
from app.services.tokens import public_keys
from app.services.tokens import signed_statements
from app.services.tokens.public_keys import ALGORITHMS
from app.services.tokens.public_keys import KeyProblem
from app.services.tokens.signed_statements import Statement
from app.services.tokens.signed_statements import StatementProblem
from app.services.tokens.token_text import is_same_digest

TYPE = "dpop+jwt"
# How far the time in a proof may be from ours (RFC 9449 11.1): with a nonce of ours, which says when it was
# made, wide enough for clocks that nobody sets.
SECONDS, SECONDS_WITH_NONCE = 60, 300
# How long a ``jti`` is remembered: longer than a proof can count, by its nonce or by its time.
REMEMBERED_SECONDS = 2 * SECONDS_WITH_NONCE
THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
DEFAULT_PORTS = {"http": 80, "https": 443}

# What is wrong with a proof, by the code that audit and log have.
SENTENCES = {
    "statement_malformed": "The DPoP proof cannot be read.",
    "statement_algorithm": "The DPoP proof is signed with an algorithm that is not supported.",
    "statement_key_unknown": "The DPoP proof is signed with another algorithm than its key has.",
    "statement_signature": "The DPoP proof is not signed by the key in it.",
    "statement_jti": "The DPoP proof has no jti.",
    "proof_type": "The DPoP proof has not the type dpop+jwt.",
    "proof_key": "The DPoP proof holds no public key that is supported.",
    "proof_method": "The DPoP proof is for another method.",
    "proof_address": "The DPoP proof is for another address.",
    "proof_time": "The DPoP proof is too old, or from the future.",
    "proof_token": "The DPoP proof is for another token.",
    "proof_other_key": "The DPoP proof is of another key.",
    "proof_missing": "A DPoP proof is needed.",
    "proof_replayed": "The DPoP proof was used before.",
}


class ProofProblem(Exception):
    """The proof does not count. ``reason`` is a code of ``SENTENCES``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def sentence(self) -> str:
        return SENTENCES[self.reason]


@dataclass(frozen=True, slots=True)
class PresentedProof:
    """A proof as it was sent, and the call that it came with. ``url`` is ours, by configuration."""

    text: str
    method: str
    url: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that is right: the thumbprint of its key (RFC 7638), and what tells it from all others."""

    thumbprint: str
    jti: str

    def use_up(self) -> None:
        """Use it up, outside of a unit of work. Raises ``ProofProblem`` if it was used before."""
        if not throttle().take_once(f"dpop/{self.thumbprint}/{self.jti}", REMEMBERED_SECONDS):
            raise ProofProblem("proof_replayed")


def judge(
    presented: PresentedProof,
    *,
    token: str | None = None,
    key: str | None = None,
    algorithms: Sequence[str] = ALGORITHMS,
) -> Proof:
    """Judge a proof (RFC 9449 4.3); ``token`` is the access token that it must be for, ``key`` the thumbprint
    of the key that it must be of. Raises ``ProofProblem``, and ``NonceNeeded`` if all else is right.
    """
    try:
        statement = signed_statements.read_statement(presented.text)
        if statement.header.get("typ") != TYPE:
            raise ProofProblem("proof_type")
        held = public_keys.read_key(statement.header.get("jwk"))
        signed_statements.verify(statement, [held], algorithms)
        jti = signed_statements.read_jti(statement)
        made = signed_statements.read_time(statement, "iat")
    except StatementProblem as problem:
        raise ProofProblem(problem.reason) from None
    except KeyProblem:
        raise ProofProblem("proof_key") from None
    if statement.find_text("htm") != presented.method:
        raise ProofProblem("proof_method")
    if not _is_same_address(statement.find_text("htu"), presented.url):
        raise ProofProblem("proof_address")
    if token is not None and not is_same_digest(_hash(token), _encode(statement.find_text("ath"))):
        raise ProofProblem("proof_token")
    if key is not None and held.thumbprint != key:
        raise ProofProblem("proof_other_key")
    _check_time(statement, made)
    return Proof(held.thumbprint, jti)


def _check_time(statement: Statement, made: float | None) -> None:
    """Require that it was made a moment ago, by its own word and by a nonce of ours."""
    nonce = statement.find_text("nonce")
    fresh = nonce is not None and dpop_nonces.is_current(nonce)
    if not fresh and (nonce is not None or settings().require_dpop_nonce):
        raise NonceNeeded
    most = SECONDS_WITH_NONCE if fresh else SECONDS
    if made is None or abs(signed_statements.get_now() - made) > most:
        raise ProofProblem("proof_time")


def _is_same_address(given: str | None, ours: str) -> bool:
    """Compare addresses without query and fragment, as RFC 9449 4.3 wants: scheme and host in any case, the
    default port told or not, and the path however it is escaped.
    """
    return given is not None and _normalise(given) == _normalise(ours)


def _normalise(url: str) -> tuple[str, str, int | None, str] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or parts.username is not None:
        return None
    return parts.scheme, parts.hostname, port or DEFAULT_PORTS.get(parts.scheme), unquote(parts.path) or "/"


def _encode(text: str | None) -> bytes:
    return (text or "").encode("utf-8", "surrogatepass")


def _hash(token: str) -> bytes:
    digest = hashlib.sha256(token.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=")


def is_thumbprint(text: str) -> bool:
    """Tell whether this has the form of a key's thumbprint (``dpop_jkt``, RFC 9449 10)."""
    return THUMBPRINT.fullmatch(text) is not None


def choose_error(reason: str) -> str:
    """Return the error of a call that is refused for this reason of the decision."""
    return "invalid_dpop_proof" if reason in ("proof_wrong", "proof_replayed") else "invalid_token"


def build_challenge(error: str) -> str:
    """Build the challenge of a call with a bound token (RFC 9449 7.1)."""
    return complete_challenge(f'error="{error}"')


def complete_challenge(parameters: str) -> str:
    """Build a challenge of a call with a bound token, with these parameters in it."""
    return f'DPoP realm="argus", {parameters}, algs="{" ".join(ALGORITHMS)}"'
