"""Which passwords are refused because everybody knows them."""

from __future__ import annotations

import pytest

from app.services.login.common_passwords import is_common
from app.services.login.passwords import MOST_CHARACTERS


@pytest.mark.parametrize(
    "password",
    ["correcthorsebatterystaple", "CorrectHorseBatteryStaple", "correcthorsebatterystaple2026!",
     "liverpool1234", "014789632580", "Password2026!!", "Passord123456", "summer20262026", "argus-2026-2026",
     "Trustno1trustno1!",
     "000000000000"],
)  # fmt: skip
def test_known(password: str) -> None:
    """From breaches, in whatever case, with whatever digits and signs at the end."""
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "four brown kettles sing", "x7#Lq2!vR9@t", "æøå og noen flere ord",
     "\U0010ffff" * 12, "~" * 30 + "a", "short", "a" * 5 + "\0" * 20, "k" * 30 + "Z9q" * 300],
)  # fmt: skip
def test_not_known(password: str) -> None:
    """Unusual ones pass, whatever they are made of and however long they are."""
    assert len(password) <= MOST_CHARACTERS
    assert not is_common(password)
