"""JSON as the API takes it (security rule 30)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.strict_json import BadJSON
from app.api.strict_json import parse_object

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), TEXT)
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3))
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_is_in_order_is_read_as_it_is(value: dict[str, Any]) -> None:
    assert parse_object(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_give_an_object_or_a_fixed_sentence(raw: bytes) -> None:
    try:
        read: object = parse_object(raw)
    except BadJSON as problem:
        read = problem.problem
    assert isinstance(read, (dict, str))
    assert isinstance(read, dict) or read.endswith(".")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"  ",
        b"[]",
        b'"text"',
        b"1",
        b"null",
        b"{",
        b"{}x",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": "\\u0000"}',
        b'{"a": "\\ud800"}',
        b'{"\\u0000": 1}',
        b'{"a": 9223372036854775808}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"a": ' + b"[" * 200_000,
        b'{"a": ' + b"[" * 30 + b"]" * 30 + b"}",
        b'{"a": [' + b"1," * 20_000 + b"1]}",
        b'{"a": "' + b"x" * 1_000_001 + b'"}',
    ],
)
def test_what_is_not(raw: bytes) -> None:
    """Never anything but ``BadJSON``."""
    with pytest.raises(BadJSON):
        parse_object(raw)


def test_the_field_given_twice_is_named() -> None:
    with pytest.raises(BadJSON) as problem:
        parse_object(b'{"shortName": "a", "shortName": "b"}')
    assert problem.value.field == "shortName"


def test_an_empty_body_where_it_is_allowed() -> None:
    assert parse_object(b"", allow_empty=True) == {}


@pytest.mark.parametrize("end", [b"", b"\\"])
@pytest.mark.parametrize("filling", [b'\\"', b"\\", b"[", b'"', b'"\\'])
def test_a_megabyte_that_never_ends(filling: bytes, end: bytes) -> None:
    """Read once from left to right, whatever it holds: anything else would take hours here."""
    body = b'{"a":"' + filling * (900_000 // len(filling)) + end
    with pytest.raises(BadJSON):
        parse_object(body)
