"""Claim names: which ones belong to the protocol, and what a claim provider needs (contract 2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What a client's own claims may never overwrite (security rule 63).
PROTOCOL_CLAIMS = frozenset(
    {
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "nbf",
        "jti",
        "nonce",
        "auth_time",
        "acr",
        "amr",
        "azp",
        "at_hash",
        "c_hash",
        "sid",
    }
)
NEEDS = {
    "customClaim": ("claimName", "claim"),
    "userGroups": ("allowedGroups",),
    "allUserGroups": (),
    "functionRoleMapping": ("claimName", "roleMapping"),
}


def provider_problem(provider: Mapping[str, Any]) -> tuple[str, str] | None:
    """What is wrong with a provider: the field, and what to do; ``None`` when it is in order."""
    for name in NEEDS[str(provider["provider"])]:
        if not provider.get(name):
            return name, f"A provider of kind {provider['provider']} needs this field."
    if provider.get("claimName") in PROTOCOL_CLAIMS:
        return "claimName", "This name belongs to the protocol. Choose another."
    return None


def claim_name(provider: Mapping[str, Any]) -> str:
    """The claim a provider emits."""
    return str(provider["claimName"]) if "claimName" in NEEDS[str(provider["provider"])] else "groups"
