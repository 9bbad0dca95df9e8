"""Bodies of the logins (contract 3.3)."""

from __future__ import annotations

from typing import Annotated
from typing import Literal

from pydantic import Field

from app.api.wire import ArgusModel


class PasswordLogin(ArgusModel):
    """``requestedAuthorizations`` is accepted; what is asked for is not guaranteed."""

    user_name: Annotated[str, Field(min_length=1, max_length=100)]
    password: Annotated[str, Field(min_length=1, max_length=1024)]
    domain: Annotated[str, Field(max_length=100)] | None = None
    requested_authorizations: frozenset[Literal["enrollPublicKey", "setPassword"]] | None = None
