"""Bodies of step-up: proof of presence for one operation (contract 3.4)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator
from pydantic import Field
from pydantic_core import PydanticCustomError

from app.policy import redirects
from app.schemas.requests.logins import Authorization
from app.schemas.requests.logins import Password
from app.schemas.requests.logins import TokenCode
from app.schemas.wire import ArgusModel
from app.services.login.stepup_operations import OperationName

ContextName = Annotated[str, Field(min_length=1, max_length=100)]
Context = Annotated[dict[ContextName, Annotated[str, Field(max_length=200)]], Field(max_length=20)]


def _check_own_path(value: str) -> str:
    if redirects.check_next(value) is None:
        raise PydanticCustomError("pattern", "is no path of our own")
    return value


class Authorizing(ArgusModel):
    """The one operation to authorise; ``nextURI`` is a path of this server.

    ``context`` may name the object that the operation acts on: ``prefix`` or ``keyID`` of the key to renew,
    ``customerID``. Each variable must be true of the call that uses the authorization.
    """

    operation: OperationName
    next_uri: Annotated[str, Field(max_length=2048), AfterValidator(_check_own_path)]
    context: Context | None = None


class PasswordAuthorize(Authorizing):
    """Proof of presence by the password."""

    password: Password


class TOTPAuthorize(Authorizing):
    """Proof of presence by the current one-time code."""

    token_code: TokenCode


class ValidateAuthorization(ArgusModel):
    """An authorization to check for an operation. Every variable of ``context`` must match."""

    authorization: Authorization
    operation: OperationName
    context: Context | None = None
    allow_expired: bool = False
    allow_replay: bool = False


class Presence(ArgusModel):
    """The password, or an authorization."""

    password: Password | None = None
    authorization: Authorization | None = None


class RenewAPIKey(Presence):
    """A new expiry for a key; without a number of days the default applies (contract 3.7)."""

    expiration_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    disable_expiration: bool = False
