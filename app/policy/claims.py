"""Claim names: which ones belong to the protocol, and what a claim provider needs (contract 2.5)."""

from __future__ import annotations

from collections.abc import Callable
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
# Each says what a claim is about, for the person it is told of: by what it holds, else by its provider.
WORDS = {
    "username": "your user name",
    "name": "your name",
    "picture": "your picture",
    "email": "your e-mail address",
    "clientIP": "the network address you logged in from",
    "customerID": "the number of the customer you belong to",
    "customerShortName": "the short name of the customer you belong to",
    "customerName": "the name of the customer you belong to",
    "domainID": "the number of your domain",
    "phone": "your telephone number",
    "userGroups": "which groups you belong to, of those it may know",
    "allUserGroups": "which groups you belong to",
    "functionRoleMapping": "which roles your functions give you in it",
}


def provider_problem(provider: Mapping[str, Any]) -> tuple[str, str] | None:
    """What is wrong with a provider: the field, and what to do; ``None`` when it is in order."""
    for name in NEEDS[str(provider["provider"])]:
        if not provider.get(name):
            return name, "This kind of provider needs this field."
    if provider.get("claimName") in PROTOCOL_CLAIMS:
        return "claimName", "This name belongs to the protocol. Choose another."
    return None


def claim_name(provider: Mapping[str, Any]) -> str:
    """The claim a provider emits."""
    return str(provider["claimName"]) if "claimName" in NEEDS[str(provider["provider"])] else "groups"


def in_words(provider: Mapping[str, Any], translate: Callable[[str], str] = str) -> str:
    """What a provider's claim is about, for the person it is told of; translated with ``translate``."""
    kind = str(provider["provider"])
    return translate(WORDS[str(provider["claim"]) if kind == "customClaim" else kind])
