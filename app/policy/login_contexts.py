"""How the protocol tells of a login: ``acr`` is its level, ``amr`` its methods (OIDC Core 2, RFC 8176)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.policy.facts import SecurityLevel

# The levels that a person's login can have, weakest first (design decision 17), by their ``acr``.
LEVELS = {level.name.lower(): level for level in (SecurityLevel.STANDARD, SecurityLevel.ADMINISTRATIVE)}
ACR_VALUES = tuple(LEVELS)
# Our method -> its methods by RFC 8176. A passkey is a key, and its device has to know the person.
METHODS = {
    "password": ("pwd",),
    "totp": ("pwd", "otp", "mfa"),
    "signature": ("pop", "user", "mfa"),
}


def find_lowest_level(acr_values: Iterable[str]) -> SecurityLevel | None:
    """Return the lowest level that one of these names, for each of them will do; ``None`` if none does."""
    return min((LEVELS[value] for value in acr_values if value in LEVELS), default=None)


@dataclass(frozen=True, slots=True)
class LoginContext:
    """When, how strongly and by which method of ours a person logged in, as it was at the approval."""

    authenticated_at: datetime
    level: int
    method: str

    def build_claims(self) -> dict[str, Any]:
        """Build the claims about it: ``auth_time`` in epoch seconds, ``acr`` and ``amr``."""
        claims: dict[str, Any] = {
            "auth_time": int(self.authenticated_at.timestamp()),
            "acr": SecurityLevel(self.level).name.lower(),
        }
        methods = METHODS.get(self.method)
        return claims | ({"amr": list(methods)} if methods else {})
