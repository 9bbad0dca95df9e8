"""ApiKeyRequest (contract 3.7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from typing import Literal

from pydantic import Field

from app.schemas.texts import Named
from app.schemas.texts import Text
from app.schemas.wire import ArgusModel
from app.services.login.apikey_limits import KeyRequest
from app.services.login.passwords import MOST_CHARACTERS
from app.services.problems import FieldProblem
from app.services.problems import Invalid

Id = Annotated[int, Field(ge=0, le=2**63 - 1)]


class SessionConstraints(ArgusModel):
    """The limits for sessions of the key."""

    customer_id: tuple[Id, ...] | None = None
    function: tuple[Named, ...] | None = None
    function_id: tuple[Id, ...] | None = None
    read_only: bool = False


class StaticOptions(ArgusModel):
    """Addresses for ``staticIP``."""

    ip_addresses: tuple[str, ...]


class Source(ArgusModel):
    """Where the key may be used from; cloud providers are not supported."""

    provider: Literal["staticIP", "disabled"] = "staticIP"
    static_options: StaticOptions | None = None


class AdminAPIKeyRequest(ArgusModel):
    """A new key for another user."""

    description: Text
    expiration_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    disable_expiration: bool = False
    disable_source_restriction: bool = False
    valid_sources: tuple[str, ...] | None = None
    source: Source | None = None
    session_constraints: SessionConstraints | None = None

    def as_limits(self) -> KeyRequest:
        """Convert for the service. Raises ``Invalid`` for a restriction to addresses without any address."""
        bounds = self.session_constraints or SessionConstraints()
        functions = [*(bounds.function or ()), *(str(i) for i in bounds.function_id or ())]
        sources = self.valid_sources
        if self.source is not None and self.source.static_options is not None:
            sources = self.source.static_options.ip_addresses
        elif self.source is not None and self.source.provider == "staticIP":
            # This must not mean "from anywhere": a restriction to addresses must name them.
            raise Invalid(FieldProblem("source.staticOptions", "This field is required.", "MISSING"))
        return KeyRequest(
            expiration_days=self.expiration_days,
            disable_expiration=self.disable_expiration,
            sources=sources,
            functions=functions if bounds.function is not None or bounds.function_id is not None else None,
            customers=[str(i) for i in bounds.customer_id] if bounds.customer_id is not None else None,
            read_only=bounds.read_only,
        )

    def as_typed(self) -> KeyRequest:
        """Convert for a page: if no address is written, every address is allowed."""
        asked = self.as_limits()
        return asked if asked.sources else replace(asked, sources=None)


class APIKeyRequest(AdminAPIKeyRequest):
    """A new own key: requires the password, or a step-up token for ``apikey.create``."""

    password: Annotated[str, Field(max_length=MOST_CHARACTERS)] | None = None
    authorization: Annotated[str, Field(max_length=4096)] | None = None


class AdminRenewAPIKey(ArgusModel):
    """A new expiry for another user's key; without a number of days the default applies."""

    expiration_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    disable_expiration: bool = False

    def as_limits(self) -> KeyRequest:
        """Convert for the service."""
        return KeyRequest(expiration_days=self.expiration_days, disable_expiration=self.disable_expiration)
