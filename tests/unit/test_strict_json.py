"""JSON as the API takes it (security rule 30)."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api import strict_json
from app.api.strict_json import BadJSON

parse_object = functools.partial(strict_json.parse_object, max_values=10_000)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), TEXT)
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3))
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_is_in_order_is_read_as_it_is(value: dict[str, Any]) -> None:
    assert parse_object(json.dumps(value).encode()) == value


def count_values(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + len(value) + sum(map(count_values, value.values()))
    return 1 + sum(map(count_values, value)) if isinstance(value, list) else 1


@given(st.dictionaries(TEXT, VALUES, max_size=4), st.sampled_from([None, 1]))
def test_values_are_counted_exactly(value: dict[str, Any], indent: int | None) -> None:
    """With names, empty objects and blanks, whatever the texts hold."""
    raw, count = json.dumps(value, indent=indent, ensure_ascii=False).encode(), count_values(value)
    assert parse_object(raw, max_values=count) == value
    with pytest.raises(BadJSON, match="Send at most"):
        parse_object(raw, max_values=count - 1)


MEGABYTE = 1_000_000
TOO_MUCH = {
    "objects": b'{"a":[' + b"{}," * (MEGABYTE // 3) + b"{}]}",
    "numbers": b'{"a":[' + b"1," * (MEGABYTE // 2) + b"1]}",
    "texts": b'{"a":[' + b'"",' * (MEGABYTE // 3) + b'""]}',
    "texts without a comma": b'""' * (MEGABYTE // 2),
    "names": b'{"":' * (MEGABYTE // 4),
    "one name": b"{" + b'"a":1,' * (MEGABYTE // 6) + b'"a":1}',
    "opened": b'{"a":' + b"[" * MEGABYTE,
    "closed": b'{"a":1' + b"}" * MEGABYTE,
    "one after another": b'{"a":1}' + b"[[]" * (MEGABYTE // 3),
    "deep and wide": (b"[" * 5_000 + b"]" * 5_000) * 100,
    "deep": b'{"a":' + b"[" * 20 + b"]" * 20 + b"}",
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_too_much_is_refused_before_it_is_parsed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of empty objects took 1.4 seconds to parse; their number was looked at after that."""
    monkeypatch.delattr(strict_json.json, "loads")
    with pytest.raises(BadJSON):
        parse_object(TOO_MUCH[name])


def test_the_deepest_that_is_read() -> None:
    assert parse_object(b'{"a":' + b"[" * 19 + b"]" * 19 + b"}")


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
