"""How the protocol tells of a login, and of languages."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime

import pytest

from app.policy.facts import SecurityLevel
from app.policy.languages import match_language
from app.policy.login_contexts import ACR_VALUES
from app.policy.login_contexts import METHODS
from app.policy.login_contexts import LoginContext
from app.policy.login_contexts import find_lowest_level

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("level", [SecurityLevel.STANDARD, SecurityLevel.ADMINISTRATIVE])
def test_a_person(method: str, level: SecurityLevel) -> None:
    """OIDC Core 2: whole seconds; a name that discovery has; a list."""
    told = LoginContext(AT, int(level), method).build_claims()
    assert told["auth_time"] == 1_767_323_045
    assert told["acr"] in ACR_VALUES
    assert told["amr"] == list(METHODS[method])


@pytest.mark.parametrize("method", ["apikey", "impersonated", ""])
def test_no_method_of_a_person(method: str) -> None:
    """Nothing is said of what is no method by RFC 8176."""
    assert "amr" not in LoginContext(AT, int(SecurityLevel.EXTERNAL), method).build_claims()


@pytest.mark.parametrize(
    ("tag", "code"),
    [("en", "en"), ("en-GB", "en"), ("NB_no", "nb"), ("no", "nb"), ("nn-NO", "nb"), ("de", None), ("", None)],
)
def test_a_language(tag: str, code: str | None) -> None:
    """BCP 47: the primary part decides, in any case."""
    assert match_language(tag) == code


@pytest.mark.parametrize(
    ("values", "level"),
    [
        (["administrative"], SecurityLevel.ADMINISTRATIVE),
        (["administrative", "standard"], SecurityLevel.STANDARD),
        (["urn:other", "administrative"], SecurityLevel.ADMINISTRATIVE),
        (["external"], None),
        ([], None),
    ],
)
def test_what_is_enough(values: list[str], level: SecurityLevel | None) -> None:
    """OIDC Core 3.1.2.1: each of the values will do, and what is not known is none."""
    assert find_lowest_level(values) == level
