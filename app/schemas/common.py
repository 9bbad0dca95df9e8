"""Field types that several requests share."""

from __future__ import annotations

from typing import Annotated
from typing import Literal

from pydantic import Field

from app.policy.facts import SecurityLevel
from app.schemas.texts import FullMatch
from app.schemas.wire import ArgusModel
from app.schemas.wire import QueryModel

Named = Annotated[str, Field(min_length=1, max_length=100)]
Comment = Annotated[str, Field(max_length=1000)]
Email = Annotated[str, Field(max_length=254), FullMatch(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")]
Language = Literal["norwegian", "english"]
Level = Literal["external", "standard", "administrative"]
LEVELS: dict[Level, SecurityLevel] = {
    "external": SecurityLevel.EXTERNAL,
    "standard": SecurityLevel.STANDARD,
    "administrative": SecurityLevel.ADMINISTRATIVE,
}
LEVEL_NAMES: dict[int, Level] = {int(level): name for name, level in LEVELS.items()}


class Move(ArgusModel):
    """The customer to move to."""

    customer: Named


class NoBody(ArgusModel):
    """An empty object, or no body at all."""


class InDomain(QueryModel):
    """The optional ``domain`` of single-object routes."""

    domain: Named | None = None


class NoQuery(QueryModel):
    """Routes that take no query."""
