"""OAuth scopes: syntax, coverage, words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy import scopes

NAMES = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\'), min_size=1, max_size=9
)


def test_parsing() -> None:
    assert scopes.parse_scope(None) == ()
    assert scopes.parse_scope("") == ()
    assert scopes.parse_scope("b a b") == ("b", "a")
    for text in (" a b", "a b ", "a  b"):
        assert scopes.parse_scope(text) == ("a", "b")
    assert scopes.parse_scope("  ") == ()


@pytest.mark.parametrize("text", ["a\tb", 'a"b', "a\\b", "\u00e6", "a\n", "a\x00"])
def test_what_is_no_scope(text: str) -> None:
    """RFC 6749 3.3: names of visible ASCII, with spaces between; more of them than needed do not count."""
    assert scopes.parse_scope(text) is None


@given(st.lists(NAMES, unique=True, max_size=5))
def test_there_and_back(names: list[str]) -> None:
    assert scopes.parse_scope(scopes.join_scope(names)) == tuple(names)


@pytest.mark.parametrize(
    ("asked", "permitted", "granted"),
    [
        ((), (), ()),
        (("openid",), (), None),
        (("openid",), ("openid", "email"), ("openid",)),
        (("openid", "phone"), ("openid", "email"), None),
        (("offline_access", "openid", "roles"), ("openid",), ("openid",)),
        (("offline_access",), ("openid",), ()),
        (("offline_access",), (), ()),
        (("of-this-client", "openid"), ("openid", "of-this-client"), ("of-this-client", "openid")),
    ],
)
def test_what_a_request_is_granted(
    asked: tuple[str, ...], permitted: tuple[str, ...], granted: tuple[str, ...] | None
) -> None:
    """Design decision 5: empty means none; what nobody here knows is ignored."""
    assert scopes.choose_granted(asked, permitted) == granted


def test_every_standard_scope_has_words() -> None:
    for scope in scopes.STANDARD_SCOPES:
        assert f"'{scope}'" not in scopes.describe_scope(scope)
    assert "'reports'" in scopes.describe_scope("reports")


def test_what_was_taken_from_the_client_is_gone() -> None:
    """Granted scopes keep their order and lose what is no longer permitted; permitting none leaves none."""
    assert scopes.keep_permitted(("openid", "profile", "email"), {"email", "openid"}) == ("openid", "email")
    assert scopes.keep_permitted(("openid",), ()) == ()
