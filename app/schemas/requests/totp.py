"""Bodies of one-time codes (contract 3.6)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.schemas.requests.logins import TokenCode
from app.schemas.wire import ArgusModel


class VerifyTOTP(ArgusModel):
    """The first code of a new generator, and the ``cookie`` of its creation."""

    cookie: Annotated[str, Field(min_length=1, max_length=200)]
    verification_code: TokenCode
