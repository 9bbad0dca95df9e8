"""``POST /oauth/authorize`` (contract 2.6), with the PKCE fields of design §8."""

from __future__ import annotations

from typing import Annotated
from typing import Literal

from pydantic import Field

from app.schemas.wire import ArgusModel


class AuthorizeRequest(ArgusModel):
    """An authorization request as JSON, sent by the person's own login."""

    client_id: Annotated[str, Field(min_length=1, max_length=100)]
    redirect_uri: Annotated[str, Field(min_length=1, max_length=2048)]
    response_type: Annotated[tuple[Literal["code", "id_token", "token"], ...], Field(min_length=1)]
    scope: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] | None = None
    state: Annotated[str, Field(max_length=2048)] | None = None
    nonce: Annotated[str, Field(max_length=512)] | None = None
    response_mode: Annotated[str, Field(max_length=16)] | None = None
    code_challenge: Annotated[str, Field(max_length=128)] | None = None
    code_challenge_method: Annotated[str, Field(max_length=16)] | None = None

    def as_params(self) -> dict[str, str]:
        """Convert to RFC names; an empty value means absent."""
        given = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": " ".join(sorted(self.response_type)),
            "scope": " ".join(self.scope or ()),
            "state": self.state or "",
            "nonce": self.nonce or "",
            "code_challenge": self.code_challenge or "",
            "code_challenge_method": self.code_challenge_method or "",
        }
        return {name: value for name, value in given.items() if value}
