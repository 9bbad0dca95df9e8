"""``private_key_jwt``: a client proves who it is by a statement that it signs (RFC 7523 3, OIDC Core 9).

What it must say: issuer and subject are the client, the audience is this server and nobody else, it ends
soon, and its ``jti`` counts once. What is wrong is in the audit row; the answer is always ``invalid_client``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from datetime import datetime

from app.oauth.addresses import PUSH
from app.oauth.addresses import TOKEN
from app.oauth.protocol_errors import ProtocolError
from app.oauth.requests import ClientCredentials
from app.policy.client_methods import ASSERTION_TYPE
from app.policy.client_methods import WITH_KEY
from app.runtime import settings
from app.services.access.client_algorithms import choose_algorithms
from app.services.access.credential_parts import ClientPart
from app.services.tokens import public_keys
from app.services.tokens import signed_statements
from app.services.tokens import single_use
from app.services.tokens.public_keys import KeyProblem
from app.services.tokens.public_keys import PublicKey
from app.services.tokens.signed_statements import SKEW_SECONDS
from app.services.tokens.signed_statements import Statement
from app.services.tokens.signed_statements import StatementProblem
from app.services.unit_of_work import run_in_transaction

# The longest that common libraries make one; so long its ``jti`` is remembered.
MOST_SECONDS = 600
CLIENT_ID = re.compile(r"[\x21-\x7e]{1,36}", re.ASCII)


def read_assertion(params: Mapping[str, str]) -> str | None:
    """Return the assertion of a form; ``None`` without one. Raises ``ProtocolError``."""
    kind, text = params.get("client_assertion_type"), params.get("client_assertion")
    if kind is None and text is None:
        return None
    if kind != ASSERTION_TYPE or text is None:
        raise ProtocolError("invalid_client", f"Send client_assertion with the type {ASSERTION_TYPE}.", 401)
    return text


def name_client(assertion: str, given_id: str | None) -> ClientCredentials:
    """Return the credentials of the client that an assertion names. Raises ``ProtocolError``."""
    try:
        subject = signed_statements.read_statement(assertion).find_text("sub")
    except StatementProblem:
        subject = None
    client_id = subject if subject is not None and CLIENT_ID.fullmatch(subject) else None
    if given_id is not None and client_id is not None and given_id != client_id:
        raise ProtocolError("invalid_request", "The parameter client_id is not the authenticated client.")
    return ClientCredentials(client_id or given_id, None, by_header=False, assertion=assertion)


def check_assertion(client: ClientPart, assertion: str) -> None:
    """Require that this client signed the assertion, for us, now, and never showed it before.

    Raises ``StatementProblem``.
    """
    if client.authentication_method != WITH_KEY:
        raise StatementProblem("client_method_wrong")
    statement = signed_statements.read_statement(assertion)
    signed_statements.verify(statement, _read_keys(client), choose_algorithms(client))
    until = _check_claims(statement, client)
    name = f"{client.id}/{signed_statements.read_jti(statement)}"
    if not run_in_transaction(lambda: single_use.use_up("client-assertion", name, until)):
        raise StatementProblem("statement_replayed")


def _read_keys(client: ClientPart) -> list[PublicKey]:
    try:
        return public_keys.read_keys(client.jwks)
    except KeyProblem:
        raise StatementProblem("statement_key_unknown") from None


def _check_claims(statement: Statement, client: ClientPart) -> datetime:
    """Judge what it says (RFC 7523 3); returns when it can be forgotten. Raises ``StatementProblem``."""
    if not client.id == statement.find_text("iss") == statement.find_text("sub"):
        raise StatementProblem("statement_issuer")
    _check_audience(statement, client)
    now = signed_statements.get_now()
    expires = signed_statements.read_time(statement, "exp")
    if expires is None or expires > now + MOST_SECONDS + SKEW_SECONDS:
        raise StatementProblem("statement_too_long")
    if expires <= now - SKEW_SECONDS:
        raise StatementProblem("statement_expired")
    for name in ("iat", "nbf"):
        begins = signed_statements.read_time(statement, name)
        if begins is not None and begins > now + SKEW_SECONDS:
            raise StatementProblem("statement_early")
    return datetime.fromtimestamp(expires + 2 * SKEW_SECONDS, UTC)


def _check_audience(statement: Statement, client: ClientPart) -> None:
    """Accept our issuer, and the addresses that stock libraries write; beside them nobody else's. In FAPI 2.0
    it is the issuer, as a text (5.3.2.1).
    """
    base = settings().base_url
    audience = statement.claims.get("aud")
    if client.fapi2_security_profile:
        if audience != base:
            raise StatementProblem("statement_audience")
        return
    named = audience if isinstance(audience, list) else [audience]
    ours = {base, *(base + path for path in (*TOKEN, *PUSH))}
    if not named or not all(isinstance(one, str) and one in ours for one in named):
        raise StatementProblem("statement_audience")
