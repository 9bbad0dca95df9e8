"""Client authentication (RFC 6749 2.3, security rules 28-29): look-up, address, throttle, secret.

An unknown client, a wrong address and a wrong secret all give the same ``invalid_client`` with a number; the
audit row records the true reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from app.models.clients import OAuthClient
from app.oauth.errors import ArgusOAuthError
from app.oauth.requests import ArgusRequest
from app.policy.client_methods import ClientMethod
from app.policy.facts import Outcome
from app.runtime import settings
from app.services.access import facts
from app.services.access import gate
from app.services.access.throttle import throttle
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.clients import registry
from app.services.login.passwords import passwords
from app.services.tokens.token_text import compute_digest
from app.services.tokens.token_text import is_same_digest
from app.services.unit_of_work import run_in_transaction

QueryClient = Callable[[str], OAuthClient | None]


def build_authenticator(method: ClientMethod) -> Callable[[QueryClient, ArgusRequest], OAuthClient | None]:
    """Build the function that Authlib calls for a method:
    it returns the client, or ``None`` for another method.
    """

    def authenticate(query_client: QueryClient, request: ArgusRequest) -> OAuthClient | None:
        given = request.client_credentials
        if given is not None and given.method is not method:
            return None
        return authenticate_client(query_client, request)

    return authenticate


def authenticate_client(query_client: QueryClient, request: ArgusRequest) -> OAuthClient:
    """Authenticate the client of this request.
    Raises ``ArgusOAuthError`` ``invalid_client`` 401, ``Throttled``.
    """
    given = request.client_credentials
    if given is None or given.client_id is None:
        refuse_stranger(request, None, "client_missing")
    client = get_client(query_client, request, given.client_id)
    check_address(request, client)
    check_secret(request, client, given.secret)
    return client


def get_client(query_client: QueryClient, request: ArgusRequest, client_id: str) -> OAuthClient:
    """Find the client of this name. Raises ``invalid_client``, ``Throttled``."""
    client = query_client(client_id)
    if client is None:
        # Both cases give the same answer; the audit row tells them apart.
        gone = registry.find_deleted_client(client_id)
        refuse_stranger(request, gone, "client_deleted" if gone is not None else "client_unknown")
    return client


def check_address(request: ArgusRequest, client: OAuthClient) -> None:
    """Require the client's own IP range, before the secret is checked. Raises ``invalid_client``."""
    finding = gate.check_client_address(facts.to_client_facts(client), request.contact.address)
    if finding.outcome is Outcome.FAIL:
        refuse_stranger(request, client, finding.reason)


def check_secret(request: ArgusRequest, client: OAuthClient, presented: str | None) -> None:
    """Require the client's own secret. Raises ``invalid_client``; ``Throttled`` after many failures."""
    limit, address = settings().throttle_client_failures, request.contact.address
    throttle().check("client", limit, client.id, address)
    if not _is_right_secret(client, presented):
        throttle().count_failure("client", limit, client.id, address)
        refuse_client(request, client, "client_secret_wrong")
    if presented is not None:
        # An address that used the right secret is not blocked by wrong secrets from other addresses.
        throttle().record_success("client", limit, client.id, address)


def _is_right_secret(client: OAuthClient, presented: str | None) -> bool:
    """Check the secret by the client's method:
    no secret never satisfies ``password``, and a secret never ``none``.
    """
    if client.is_public:
        return presented is None
    if presented is None:
        return False
    if client.secret_digest is not None:
        return is_same_digest(client.secret_digest, compute_digest(presented))
    if client.secret_hash is None:
        return False
    return passwords().verify_client_secret(client.id, client.secret_hash, presented)


def refuse_stranger(request: ArgusRequest, client: OAuthClient | None, reason: str) -> NoReturn:
    """Refuse a caller that is not the client. After many attempts raise ``Throttled`` and record nothing.

    This counts against no client and blocks none.
    """
    throttle().count_stranger("stranger", settings().throttle_client_failures, request.contact.address)
    refuse_client(request, client, reason)


def refuse_client(request: ArgusRequest, client: OAuthClient | None, reason: str) -> NoReturn:
    """Raise ``invalid_client`` and record why."""
    number = gate.make_decision_number()
    actor = Actor(contact=request.contact)
    run_in_transaction(
        lambda: trail.record(
            "client-authentication",
            actor,
            outcome="refused",
            number=number,
            client_id=client.id if client is not None else None,
            reasons=[reason],
        )
    )
    basic = request.client_credentials is not None and request.client_credentials.by_header
    raise ArgusOAuthError(
        "invalid_client",
        status=401,
        decision=number,
        challenge='Basic realm="argus"' if basic else None,
    )
