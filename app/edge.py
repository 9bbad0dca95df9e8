"""What the API, the pages and OAuth read from a request: the client address, and the presented credential."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Request
from flask import g
from structlog import get_logger

from app import cookies
from app.config import MOST_BODY_BYTES
from app.policy import network
from app.runtime import settings
from app.services.access import callers
from app.services.access import presented
from app.services.access import proofs
from app.services.access.callers import Caller
from app.services.access.client_algorithms import choose_algorithms
from app.services.access.proofs import PresentedProof
from app.services.access.proofs import ProofProblem
from app.services.contact import Contact
from app.services.problems import NonceNeeded

log = get_logger("argus")

# Health checks may use any host name (design §8).
HEALTH_PATHS = frozenset({"/healthz", "/readyz"})
# Whatever its length: one that is longer than ours is no token of ours, as any other wrong one.
TOKEN = re.compile(r"(bearer|dpop) +([\x21-\x7e]+)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The most that a body may hold: bytes, and values if it is JSON."""

    body_bytes: int
    values: int


FIND: Mapping[str, Callable[[str, Contact], Caller | None]] = {
    "key": presented.from_api_key,
    "bearer": presented.from_token,
    "dpop": presented.from_token,
    "cookie": presented.from_cookie,
}
# Every body is a stranger's until the decision has allowed its caller (``accept_long_body``): a route that
# identifies nobody cannot read more. The longest password fits twice, however it is encoded.
OF_STRANGERS = BodyLimits(16_384, 200)
OF_CALLERS = BodyLimits(MOST_BODY_BYTES, 10_000)


class AmbiguousCredential(Exception):
    """More than one credential of a kind, or an unreadable one: the request is refused, never guessed at."""


@dataclass(frozen=True, slots=True)
class PresentedCredential:
    """One credential as it was sent: ``kind`` is ``key``, ``bearer``, ``dpop`` or ``cookie``."""

    kind: str
    text: str


def read_contact(request: Request) -> Contact:
    """Read address (through trusted proxies only), request id, user agent and device, once per request."""
    known: Contact | None = g.get("argus_contact")
    if known is None:
        forwarded = list_header(request, "X-Forwarded-For")
        trusted = settings().trusted_proxies
        known = g.argus_contact = Contact(
            address=network.find_client_address(request.remote_addr, forwarded, trusted),
            asserted=network.find_asserted_address(request.remote_addr, forwarded, trusted),
            request_id=secrets.token_hex(8),
            user_agent=request.headers.get("User-Agent", "")[:200],
            device=next(iter(cookies.read_cookie_values(request, cookies.DEVICE)), ""),
        )
    return known


def list_header(request: Request, name: str) -> list[str]:
    """Return the lines of a header: one or none. The server joins repeated ones by a comma (PEP 3333), and
    who allows one credential only finds that the joined text is none.
    """
    line = request.headers.get(name)
    return [] if line is None else [line]


def accept_long_body(request: Request) -> None:
    """Let this request have the body of a caller. Call it only when the decision has allowed the caller."""
    g.argus_body_limits = OF_CALLERS
    request.max_content_length = OF_CALLERS.body_bytes


def get_body_limits() -> BodyLimits:
    """Return the limits of the body of this request."""
    found: BodyLimits = g.get("argus_body_limits", OF_STRANGERS)
    return found


def find_credential(request: Request) -> PresentedCredential | None:
    """Find the credential of a request. If a credential header is present, the cookie is ignored.

    Raises ``AmbiguousCredential`` for a key beside a bearer, or for two of one kind (security rules 44, 45,
    53).
    """
    key = find_api_key(request)
    authorizations = list_header(request, "Authorization")
    if len(authorizations) > 1 or (key is not None and authorizations):
        raise AmbiguousCredential
    if key is not None:
        return key
    if authorizations:
        match = TOKEN.fullmatch(authorizations[0])
        if match is None:
            raise AmbiguousCredential
        return PresentedCredential(match[1].lower(), match[2])
    logins = cookies.read_cookie_values(request, cookies.LOGIN)
    if len(logins) > 1:
        raise AmbiguousCredential
    return PresentedCredential("cookie", logins[0]) if logins else None


def find_api_key(request: Request) -> PresentedCredential | None:
    """Find the API key of a request, ignoring other credentials. Raises ``AmbiguousCredential`` for two."""
    keys = list_header(request, "Argus-API-Key")
    if len(keys) > 1:
        raise AmbiguousCredential
    return PresentedCredential("key", keys[0]) if keys else None


def identify_caller(request: Request, credential: PresentedCredential) -> Caller | None:
    """Find the caller of a credential; ``None`` if this server did not issue it.

    Raises ``NonceNeeded`` for a token that is bound to a key.
    """
    caller = FIND[credential.kind](credential.text, read_contact(request))
    if caller is None or (caller.bound_key is None and credential.kind != "dpop"):
        return caller
    fault = _find_proof_fault(request, credential, caller)
    return caller if fault is None else callers.leave_unproven(caller, fault)


def read_proof(request: Request) -> PresentedProof | None:
    """Read the DPoP proof of a request. It is for our own address, whatever ``Host`` says."""
    lines = list_header(request, "DPoP")
    return PresentedProof(lines[0], request.method, settings().base_url + request.path) if lines else None


def _find_proof_fault(request: Request, credential: PresentedCredential, caller: Caller) -> str | None:
    """Find what is wrong with the proof of a call, once in a request: it counts once."""
    known: dict[str, str | None] = g.setdefault("argus_proof_faults", {})
    if credential.text not in known:
        known[credential.text] = _judge_proof(request, credential, caller)
    return known[credential.text]


def _judge_proof(request: Request, credential: PresentedCredential, caller: Caller) -> str | None:
    if caller.bound_key is None:
        return "proof_not_wanted"
    presented = read_proof(request)
    if credential.kind != "dpop" or presented is None:
        return "proof_missing"
    try:
        algorithms = choose_algorithms(caller.session.client)
        proof = proofs.judge(presented, token=credential.text, key=caller.bound_key, algorithms=algorithms)
        # What a dead token brings is not kept.
        if caller.decision:
            proof.use_up()
    except NonceNeeded as needed:
        needed.client_id = caller.session.client.id
        raise
    except ProofProblem as problem:
        log.info("dpop-proof", reason=problem.reason, client=caller.session.client.id)
        return "proof_replayed" if problem.reason == "proof_replayed" else "proof_wrong"
    return None
