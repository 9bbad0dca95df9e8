"""The tables of OAuth scopes and claims, and what a claim provider needs (contract 2.5, 2.9, 2.10).

A new claim is one row of ``CLAIMS`` and its value in ``oauth/claim_values.py``: the ID token, userinfo,
discovery and the OpenAPI document follow. A new scope is one row of ``SCOPES``: the consent page follows too.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope with information about the user; ``words`` complete "This application will: ..."."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim about the user, and the scope that gives it.

    ``own`` is Argus's name of the value: a client's own provider asks for it by that name (contract 2.5), and
    ``words`` tell the user what it is about. Without a scope only such a provider gives it.
    """

    name: str
    scope: str | None
    own: str | None = None
    words: str = ""


SCOPES = (
    Scope("openid", "know that you are logged in here"),
    Scope("profile", "see your name and user name"),
    Scope("email", "see your e-mail address"),
    Scope("customer", "see which customer you belong to"),
    Scope("clientip", "see the network address you logged in from"),
    Scope("groups", "see which groups you belong to"),
    Scope("groupstring", "see which groups you belong to, as text"),
    Scope("phone", "see your telephone number"),
)
CLAIMS = (
    Claim("preferred_username", "profile"),
    Claim("username", "profile", own="username", words="your user name"),
    Claim("name", "profile", own="name", words="your name"),
    Claim("locale", "profile"),
    Claim("zoneinfo", "profile"),
    Claim("updated_at", "profile"),
    Claim("picture", None, own="picture", words="your picture"),
    Claim("email", "email", own="email", words="your e-mail address"),
    Claim("email_verified", "email"),
    Claim("phone", "phone", own="phone", words="your telephone number"),
    Claim("phone_number", "phone"),
    Claim("phone_number_verified", "phone"),
    Claim("customer_id", "customer", own="customerID", words="the number of the customer you belong to"),
    Claim("domain_id", "customer", own="domainID", words="the number of your domain"),
    Claim(
        "customer_shortname",
        "customer",
        own="customerShortName",
        words="the short name of the customer you belong to",
    ),
    Claim("customer_name", "customer", own="customerName", words="the name of the customer you belong to"),
    Claim("client_ip", "clientip", own="clientIP", words="the network address you logged in from"),
    Claim("groups", "groups"),
    Claim("groupstring", "groupstring"),
)
# Claims about the ID token itself; ``sub`` is in userinfo too.
ID_TOKEN_CLAIMS = (
    "sub",
    "iss",
    "aud",
    "azp",
    "exp",
    "iat",
    "auth_time",
    "acr",
    "amr",
    "nonce",
    "at_hash",
    "sid",
)
# A client's own claims may never replace these (security rule 63).
PROTOCOL_CLAIMS = frozenset(ID_TOKEN_CLAIMS) | {"nbf", "jti", "c_hash", "events"}
NEEDS = {
    "customClaim": ("claimName", "claim"),
    "userGroups": ("allowedGroups",),
    "allUserGroups": (),
    "functionRoleMapping": ("claimName", "roleMapping"),
}
LISTS = ("allowedGroups", "roleMapping")
MOST_IN_A_CLAIM = 100
# Each sentence tells the user what a claim is about: by its content, else by its provider.
WORDS = {claim.own: claim.words for claim in CLAIMS if claim.own is not None} | {
    "userGroups": "which groups you belong to, of those it may know",
    "allUserGroups": "which groups you belong to",
    "functionRoleMapping": "which roles your functions give you in it",
}


def find_provider_problem(provider: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return what is wrong with a provider: the field, and what to do; ``None`` if nothing is wrong."""
    for name in NEEDS[str(provider["provider"])]:
        if not provider.get(name):
            return name, "This kind of provider needs this field."
    for name in LISTS:
        if len(provider.get(name) or ()) > MOST_IN_A_CLAIM:
            return name, f"Give at most {MOST_IN_A_CLAIM}."
    if provider.get("claimName") in PROTOCOL_CLAIMS:
        return "claimName", "This name belongs to the protocol. Choose another."
    return None


def name_claim(provider: Mapping[str, Any]) -> str:
    """Return the name of the claim that a provider emits."""
    return str(provider["claimName"]) if "claimName" in NEEDS[str(provider["provider"])] else "groups"


def describe_claim(provider: Mapping[str, Any], translate: Callable[[str], str] = str) -> str:
    """Describe to the user what a provider's claim is about; ``translate`` translates the text."""
    kind = str(provider["provider"])
    return translate(WORDS[str(provider["claim"]) if kind == "customClaim" else kind])
