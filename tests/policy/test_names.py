"""Names: folded, seen, and of one script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy import names


@given(st.text(max_size=30))
def test_folding_is_stable(text: str) -> None:
    """A folded name is its own folded form: keys never drift."""
    assert names.fold_name(names.fold_name(text)) == names.fold_name(text)


@pytest.mark.parametrize("text", ["Jan.X", " jan.x ", "JAN.X", "\uff2a\uff41\uff4e.x"])
def test_what_is_one_name(text: str) -> None:
    """Case, blanks around and the width of letters do not count; the exact spelling comes first."""
    assert names.fold_name(text) == "jan.x"
    assert names.list_keys(text) == (f"={text.strip()}", "jan.x")


@pytest.mark.parametrize(("text", "digits"), [("25", True), ("\uff12", True), ("2a", False), ("", False)])
def test_digits(text: str, digits: bool) -> None:
    """They are an id."""
    assert names.is_only_digits(text) is digits


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\u00c5se", None), ("a\u200bb", "U+200B"), ("a\u202e", "U+202E"), ("\u3164", "U+3164"),
        ("a\n", "U+000A"), ("\U000e0041", "U+E0041"), ("a b\u00a0c", None),
    ],
)  # fmt: skip
def test_what_nobody_sees(text: str, found: str | None) -> None:
    assert names.find_unseen(text) == found
    assert names.find_unseen(text, allowed="\n") == (None if found == "U+000A" else found)


@pytest.mark.parametrize(
    ("text", "blank"), [("  ", True), ("\u3000\u200b\u3164", True), ("", True), (" a ", False)]
)
def test_blank(text: str, blank: bool) -> None:
    assert names.is_blank(text) is blank


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Acme", None),
        ("\u0411\u0430\u043d\u043a Bank 2", None),
        ("\u65e5\u672cX", None),
        ("", None),
        ("a \u0430", None),
        ("my P\u0430ypal", "P\u0430ypal"),
        ("G\u03bfogle", "G\u03bfogle"),
        ("a1\u0430", "a1\u0430"),
    ],
)
def test_mixed_words(text: str, word: str | None) -> None:
    """Digits belong to a word, blanks and signs end it; Han and Latin do not look alike."""
    assert names.find_mixed_word(text) == word
