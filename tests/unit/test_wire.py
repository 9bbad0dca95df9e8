"""Python names and values against the wire (house style 3.2)."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from app import schemas as package
from app.schemas.requests.clients import ClientCreate
from app.schemas.wire import ArgusModel
from app.schemas.wire import QueryModel
from app.schemas.wire import to_millis
from app.schemas.wire import to_wire

NAMES = {
    "short_name": "shortName",
    "main_uri": "mainURI",
    "redirect_uris": "redirectURIs",
    "client_ip_range": "clientIPRange",
    "open_id_custom_claims": "openIDCustomClaims",
    "require_same_client_ip": "requireSameClientIP",
    "permitted_web_authn_key_ids": "permittedWebAuthnKeyIDs",
    "url": "url",
    "uri": "uri",
    "user_id": "userID",
    "logo_url": "logoURL",
}


@pytest.mark.parametrize(("python", "wire"), NAMES.items())
def test_names(python: str, wire: str) -> None:
    assert to_wire(python) == wire


def test_time() -> None:
    """Milliseconds; 0 is not set."""
    assert to_millis(None) == 0
    assert to_millis(datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)) == 1_767_323_045_678


class Shape(ArgusModel):
    count_of_things: int = 0
    is_open: bool = False
    many_names: tuple[str, ...] = ()


@given(
    count=st.integers(-(2**31), 2**31), is_open=st.booleans(), names=st.lists(st.text(max_size=5), max_size=3)
)
def test_there_and_back(count: int, is_open: bool, names: list[str]) -> None:
    """Python to JSON to Python is the identity."""
    made = Shape.model_validate({"countOfThings": count, "isOpen": is_open, "manyNames": names})
    assert Shape.model_validate_json(made.model_dump_json(by_alias=True)) == made


@pytest.mark.parametrize(
    "wrong",
    [
        {"countOfThings": True},
        {"countOfThings": "1"},
        {"countOfThings": 1.0},
        {"isOpen": 1},
        {"isOpen": "true"},
        {"manyNames": "abc"},
        {"manyNames": [1]},
        {"manyNames": {"a": 1}},
        {"count_of_things": 1},
        {"other": 1},
    ],
)
def test_nothing_is_converted(wrong: dict[str, object]) -> None:
    """A boolean is no integer, a text no number; unknown and Python-side names are refused."""
    with pytest.raises(ValidationError):
        Shape.model_validate(wrong)


class Query(QueryModel):
    limit: int = 25
    include_deleted: bool = False
    customer: tuple[str, ...] = ()


def test_query_strings() -> None:
    """Contract 0 #12, #13: capitalised booleans; repeated parameters form lists."""
    query = MultiDict([("limit", "10"), ("includeDeleted", "True"), ("customer", "a"), ("customer", "b")])
    assert Query.from_query(query) == Query.model_validate(
        {"limit": 10, "includeDeleted": True, "customer": ["a", "b"]}
    )


@pytest.mark.parametrize("text", ["", "1_0", "+1", " 1", "\u0661", "1e3", "0x1", "1" * 30, "01"])
def test_numbers_in_queries_are_plain_digits(text: str) -> None:
    with pytest.raises(ValidationError):
        Query.from_query(MultiDict([("limit", text)]))


def test_a_single_value_given_twice_is_refused() -> None:
    with pytest.raises(ValidationError):
        Query.from_query(MultiDict([("limit", "1"), ("limit", "1")]))


def test_the_client_speaks_the_contracts_names() -> None:
    """Every field of client creation is spelt as the contract spells it."""
    names = {to_wire(name) for name in ClientCreate.model_fields}
    assert {
        "requiredFunction",
        "permissionScope",
        "clientIPRange",
        "mainURI",
        "redirectURI",
        "redirectURIs",
    } <= names
    assert package.__doc__
