"""Bodies of logins and password changes (contract 3.3, 3.5)."""

from __future__ import annotations

from typing import Annotated
from typing import Literal

from pydantic import Field

from app.schemas.common import Level
from app.schemas.texts import Named
from app.schemas.wire import ArgusModel
from app.services.login.passwords import MOST_CHARACTERS

UserName = Annotated[str, Field(min_length=1, max_length=100)]
DomainName = Annotated[str, Field(max_length=100)]
Password = Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]
Authorization = Annotated[str, Field(min_length=1, max_length=4096)]
TokenCode = Annotated[str, Field(min_length=1, max_length=16)]
Requested = frozenset[Literal["enrollPublicKey", "setPassword"]]


class PasswordLogin(ArgusModel):
    """``requestedAuthorizations`` is accepted, but not every requested authorization is granted."""

    user_name: UserName
    password: Password
    domain: DomainName | None = None
    requested_authorizations: Requested | None = None


class TOTPLogin(PasswordLogin):
    """As with a password, plus the current one-time code."""

    token_code: TokenCode


class PasswordChange(ArgusModel):
    """A new password, with the old one or with an authorization for ``password.set``."""

    new_password: Password
    old_password: Password | None = None
    authorization: Authorization | None = None


class PasswordTest(ArgusModel):
    """A password that a user considers."""

    password: Password


Texts = Annotated[tuple[Named, ...], Field(max_length=100)]
Ids = Annotated[tuple[Annotated[int, Field(ge=0, le=2**63 - 1)], ...], Field(max_length=100)]


class ConstrainRequest(ArgusModel):
    """The limits of the constrained session; an absent limit stays as it is."""

    customer: Texts | None = None
    function: Texts | None = None
    customer_id: Ids | None = None
    function_id: Ids | None = None
    read_only: bool = False

    @property
    def functions(self) -> list[str] | None:
        return _merge_names(self.function, self.function_id)

    @property
    def customers(self) -> list[str] | None:
        return _merge_names(self.customer, self.customer_id)


class ImpersonateRequest(ArgusModel):
    """The user to act as, and the limits; ``userName`` is the old name of ``user``."""

    user: Named | None = None
    user_name: Named | None = None
    domain: Named | None = None
    customer: Texts | None = None
    function: Texts | None = None
    security_level: Level | None = None


def _merge_names(names: tuple[str, ...] | None, ids: tuple[int, ...] | None) -> list[str] | None:
    """Merge names and ids; ``None`` if neither was sent. An empty list stays empty: nothing is allowed."""
    if names is None and ids is None:
        return None
    return [*(names or ()), *(str(one) for one in ids or ())]
