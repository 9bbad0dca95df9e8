"""Sessions and logins (contract 3.1-3.3)."""

from __future__ import annotations

from typing import Any
from typing import Literal

from app.policy.effective import compute_session_level
from app.schemas.answers.infos import OLD_LEVELS
from app.schemas.answers.infos import OldLevel
from app.schemas.wire import Shape
from app.schemas.wire import to_millis
from app.services.access.callers import Caller
from app.services.login.session_key import derive_session_key
from app.services.tokens.token_text import Token

Method = Literal["PASSWORD", "SIGNATURE", "TOTP", "APIKEY", "IMPERSONATED"]


class SessionShape(Shape):
    """SessionInfo; ``sessionKey`` only for the person's own login; ``sessionIdentifier`` is our addition."""

    authentication_method: Method
    client_ip: str
    created_timestamp: int
    timestamp: int
    valid_until_timestamp: int
    security_level: OldLevel
    read_only: bool
    password_not_set: bool
    session_key: str | None
    session_identifier: str


class CredentialsShape(Shape):
    """RequestCredentials."""

    request_credentials_type: Literal["sessionToken"]
    request_credentials_data: str
    client_ip: str
    forwarded_ip: str | None
    uri: str | None


class AuthorizationShape(Shape):
    """UserAuthorization: proof of presence for one operation, valid once."""

    authorization: str
    operation: str
    identifier: str | None
    next_uri: str | None
    expires: int


class LoginShape(Shape):
    """AuthenticationResponse."""

    credentials: CredentialsShape
    session_key: str
    authorizations: list[AuthorizationShape]


class ClientAddressShape(Shape):
    """The caller's address as this server sees it."""

    client_ip: str


def build_session_shape(caller: Caller) -> SessionShape:
    """Build the shape of the caller's session."""
    question = caller.question
    until = question.credential.expires_at if question.credential is not None else None
    interactive = caller.kind == "login"
    return SessionShape(
        authentication_method="APIKEY" if caller.by_key else caller.login.method.upper(),  # type: ignore[arg-type]
        client_ip=(caller.login.client_ip if interactive else caller.contact.address) or "",
        created_timestamp=to_millis(caller.opened_at),
        timestamp=to_millis(caller.used_at),
        valid_until_timestamp=to_millis(until),
        security_level=OLD_LEVELS[max(1, compute_session_level(question))],
        read_only=any(bound.read_only for bound in question.constraints),
        password_not_set=False,
        # Only the person's own login may sign for itself; an application never gets the key (rule 45).
        session_key=derive_session_key(caller.token) if interactive else None,
        session_identifier=caller.session_label,
    )


def build_login_shape(
    token: Token, address: str | None, authorizations: list[Any] | None = None
) -> LoginShape:
    """Build the answer of every login: the token, shown once,
    and the key that signs calls with its cookie.
    """
    return LoginShape(
        credentials=CredentialsShape(
            request_credentials_type="sessionToken",
            request_credentials_data=token.text,
            client_ip=address or "",
            forwarded_ip=None,
            uri=None,
        ),
        session_key=derive_session_key(token.text),
        authorizations=authorizations or [],
    )
