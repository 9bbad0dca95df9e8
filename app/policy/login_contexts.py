"""How the protocol tells of a login: ``acr`` is its level, ``amr`` its methods (OIDC Core 2, RFC 8176)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.policy.facts import SecurityLevel

# The levels that a person's login can have, weakest first (design decision 17).
ACR_VALUES = tuple(level.name.lower() for level in (SecurityLevel.STANDARD, SecurityLevel.ADMINISTRATIVE))
# Our method -> its methods by RFC 8176. A passkey is a key, and its device has to know the person.
METHODS = {
    "password": ("pwd",),
    "totp": ("pwd", "otp", "mfa"),
    "signature": ("pop", "user", "mfa"),
}


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
