"""Claim providers: what each needs, and which names are not theirs."""

from __future__ import annotations

from typing import Any
from typing import get_args

import pytest

from app.policy.claims import NEEDS
from app.policy.claims import PROTOCOL_CLAIMS
from app.policy.claims import WORDS
from app.policy.claims import describe_claim
from app.policy.claims import find_provider_problem
from app.policy.claims import name_claim
from app.schemas.requests.clients import CustomClaim


@pytest.mark.parametrize(
    ("provider", "field"),
    [
        ({"provider": "customClaim", "claimName": "mail", "claim": "email"}, None),
        ({"provider": "customClaim", "claim": "email"}, "claimName"),
        ({"provider": "customClaim", "claimName": "mail"}, "claim"),
        ({"provider": "userGroups", "allowedGroups": ["a"]}, None),
        ({"provider": "userGroups", "allowedGroups": []}, "allowedGroups"),
        ({"provider": "allUserGroups"}, None),
        ({"provider": "functionRoleMapping", "claimName": "roles", "roleMapping": {"f": "r"}}, None),
        ({"provider": "functionRoleMapping", "claimName": "roles"}, "roleMapping"),
        ({"provider": "userGroups", "allowedGroups": ["a"] * 101}, "allowedGroups"),
    ],
)
def test_what_each_kind_needs(provider: dict[str, Any], field: str | None) -> None:
    """Emptiness is never permission."""
    problem = find_provider_problem(provider)
    assert (problem[0] if problem is not None else None) == field


@pytest.mark.parametrize("name", sorted(PROTOCOL_CLAIMS))
def test_protocol_claims_are_not_theirs(name: str) -> None:
    """Security rule 63."""
    problem = find_provider_problem({"provider": "customClaim", "claimName": name, "claim": "email"})
    assert problem is not None


def test_names() -> None:
    """Group providers emit ``groups``."""
    assert name_claim({"provider": "allUserGroups"}) == "groups"
    assert name_claim({"provider": "customClaim", "claimName": "mail", "claim": "email"}) == "mail"


def test_each_provider_has_words() -> None:
    """What a person is told of a claim before approving: by what it holds, else by its provider."""
    assert (
        describe_claim({"provider": "customClaim", "claimName": "x", "claim": "email"})
        == "your e-mail address"
    )
    assert describe_claim({"provider": "allUserGroups", "claim": "email"}) == "which groups you belong to"
    chosen = get_args(get_args(CustomClaim.model_fields["claim"].annotation)[0])
    assert set(WORDS) == {*chosen, *NEEDS} - {"customClaim"}
