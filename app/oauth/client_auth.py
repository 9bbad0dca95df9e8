"""Client authentication (RFC 6749 2.3, security rules 28-29): look-up, address, throttle, proof.

An unknown client, a wrong address and a wrong secret or signature all give the same ``invalid_client`` with a
number; the audit row records the true reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from app import clock
from app.models.clients import OAuthClient
from app.oauth import assertions
from app.oauth.errors import ArgusOAuthError
from app.oauth.requests import ArgusRequest
from app.oauth.requests import ClientCredentials
from app.policy import network
from app.policy.client_methods import WITH_SECRET
from app.policy.client_methods import ClientMethod
from app.policy.facts import Outcome
from app.services.access import facts
from app.services.access import gate
from app.services.access.credential_parts import ClientPart
from app.services.access.throttle import Guesser
from app.services.access.throttle import throttle
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.clients import registry
from app.services.login.passwords import passwords
from app.services.tokens.signed_statements import StatementProblem
from app.services.tokens.token_text import compute_digest
from app.services.tokens.token_text import is_same_digest
from app.services.unit_of_work import run_in_transaction

# A deleted client is still named in the audit row.
AnyClient = ClientPart | OAuthClient
QueryClient = Callable[[str], ClientPart | None]


def build_authenticator(
    method: ClientMethod,
) -> Callable[[QueryClient, ArgusRequest], ClientPart | None]:
    """Build the function that Authlib calls for a method:
    it returns the client, or ``None`` for another method.
    """

    def authenticate(query_client: QueryClient, request: ArgusRequest) -> ClientPart | None:
        given = request.client_credentials
        if given is not None and given.method is not method:
            return None
        return authenticate_client(query_client, request)

    return authenticate


def authenticate_client(query_client: QueryClient, request: ArgusRequest) -> ClientPart:
    """Authenticate the client of this request.
    Raises ``ArgusOAuthError`` ``invalid_client`` 401, ``Throttled``.
    """
    given = request.client_credentials
    if given is None or given.client_id is None:
        unread = given is not None and given.assertion is not None
        refuse_stranger(request, None, "statement_malformed" if unread else "client_missing")
    client = get_client(query_client, request, given.client_id)
    check_address(request, client)
    check_proof(request, client, given)
    return client


def get_client(query_client: QueryClient, request: ArgusRequest, client_id: str) -> ClientPart:
    """Find the client of this name. Raises ``invalid_client``, ``Throttled``."""
    client = query_client(client_id)
    if client is None:
        # Both cases give the same answer; the audit row tells them apart.
        gone = registry.find_deleted_client(client_id)
        refuse_stranger(request, gone, "client_deleted" if gone is not None else "client_unknown")
    return client


def check_address(request: ArgusRequest, client: ClientPart) -> None:
    """Require the client's own IP range, before the secret is checked. Raises ``invalid_client``."""
    finding = gate.check_client_address(facts.to_client_facts(client), request.contact.address)
    if finding.outcome is Outcome.FAIL:
        refuse_stranger(request, client, finding.reason)


def check_proof(request: ArgusRequest, client: ClientPart, given: ClientCredentials) -> None:
    """Require what proves that it is this client, in the one way that is its own.

    Raises ``invalid_client``, ``Throttled``.
    """
    if given.assertion is None and client.fapi2_security_profile:
        refuse_stranger(request, client, "client_method_wrong")
    if given.assertion is None:
        _check_secret(request, client, given.secret)
        return
    try:
        assertions.check_assertion(client, given.assertion)
    except StatementProblem as problem:
        # Nobody guesses a signature: as for a random secret, only the address is counted.
        refuse_stranger(request, client, problem.reason)


def _check_secret(request: ArgusRequest, client: ClientPart, presented: str | None) -> None:
    """Require the client's own secret: none satisfies only ``none``, one only ``password``.

    Raises ``invalid_client``; ``Throttled`` after many failures. Only a secret that people chose can be
    guessed, so only its clients can be slowed; for all others what is wrong counts for its address alone.
    """
    if client.authentication_method != WITH_SECRET or presented is None:
        if not (client.is_public and presented is None):
            refuse_stranger(request, client, "client_secret_wrong")
        return
    hashes, digests = _list_secrets(client)
    given = compute_digest(presented)
    if any(is_same_digest(digest, given) for digest in digests):
        return
    if not hashes:
        refuse_stranger(request, client, "client_secret_wrong")
    if not _is_chosen_secret(request, client, hashes, presented):
        refuse_client(request, client, "client_secret_wrong")


def _list_secrets(client: ClientPart) -> tuple[list[str], list[bytes]]:
    """List what verifies the secrets that count now: slow hashes of chosen ones, digests of random ones."""
    held = [(client.secret_hash, client.secret_digest)]
    if client.previous_secret_until is not None and client.previous_secret_until > clock.now():
        held.append((client.previous_secret_hash, client.previous_secret_digest))
    return [one for one, _ in held if one is not None], [one for _, one in held if one is not None]


def _is_chosen_secret(request: ArgusRequest, client: ClientPart, hashes: list[str], presented: str) -> bool:
    """Check a secret that people chose. Raises ``Throttled`` before it is judged."""
    address = request.contact.address
    narrow = network.is_in_narrow_range(address, client.client_ip_range)
    who = Guesser(client.id, address, known_address=narrow)
    caller = f"{client.id}/{address}"
    # Right from this address a moment ago: nothing is counted or asked, while nobody was stopped there.
    remembered = any(passwords().remembers(caller, stored, presented) for stored in hashes)
    if remembered and not throttle().stopped_lately("client", who):
        return True
    guess = throttle().admit("client", who)
    with guess.judging():
        right = any(passwords().verify_client_secret(caller, stored, presented) for stored in hashes)
    if not right:
        return False
    guess.succeed()
    return True


def refuse_stranger(request: ArgusRequest, client: AnyClient | None, reason: str) -> NoReturn:
    """Refuse a caller that is not the client. After many attempts raise ``Throttled`` and record nothing.

    This counts against no client and blocks none.
    """
    throttle().count_refusal("client", request.contact.address)
    refuse_client(request, client, reason)


def refuse_client(request: ArgusRequest, client: AnyClient | None, reason: str) -> NoReturn:
    """Raise ``invalid_client`` and record why."""
    actor = Actor(contact=request.contact)
    number = run_in_transaction(
        lambda: trail.record(
            "client-authentication",
            actor,
            outcome="refused",
            number=gate.make_decision_number(),
            client_id=client.id if client is not None else None,
            reasons=[reason],
            counted=True,
        )
    )
    raise ArgusOAuthError("invalid_client", status=401, decision=number or "")
