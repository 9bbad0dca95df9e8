"""Field types that several requests share."""

from __future__ import annotations

from typing import Literal

from app.policy.facts import SecurityLevel
from app.schemas.texts import Named
from app.schemas.wire import ArgusModel
from app.schemas.wire import QueryModel

Language = Literal["norwegian", "english"]
IDTokenAlgorithm = Literal["RS256", "ES256", "EdDSA"]
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
