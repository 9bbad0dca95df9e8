"""The base classes of all schemas: they convert Python names and values to camelCase JSON, and back.

Schemas of requests derive from ``ArgusModel`` or ``QueryModel``, schemas of answers from ``Shape``.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from typing import Self

from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import model_validator
from werkzeug.datastructures import MultiDict

# Words that the contract writes in a special way, unless they come first.
SPELLINGS = {
    "uri": "URI", "uris": "URIs", "url": "URL", "ip": "IP", "id": "ID", "ids": "IDs", "totp": "TOTP",
}  # fmt: skip
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})", re.ASCII)
BOOLEANS = {"true": True, "True": True, "false": False, "False": False}
COLLECTIONS = (tuple, frozenset)


def to_wire(name: str) -> str:
    """Convert ``client_ip_range`` to ``clientIPRange``."""
    first, *rest = name.split("_")
    return first + "".join(SPELLINGS.get(word, word.capitalize()) for word in rest)


def to_millis(moment: datetime | None) -> int:
    """Convert to epoch milliseconds; 0 means *not set* (contract 1.6)."""
    return int(moment.timestamp() * 1000) if moment is not None else 0


class ArgusModel(BaseModel):
    """A schema: strict scalars (a boolean is not an integer, a number is not a text), unknown fields refused.

    JSON has only lists, so a list is accepted where a field is a tuple or a frozenset. A schema is compiled
    when it is used first: all of them together take a fifth of a start.
    """

    model_config = ConfigDict(
        alias_generator=to_wire,
        validate_by_alias=True,
        validate_by_name=False,
        extra="forbid",
        frozen=True,
        strict=True,
        defer_build=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _convert_lists(cls, given: Any) -> Any:
        """Convert lists to the collection that strict validation requires;
        leave anything else to be refused.
        """
        if not isinstance(given, Mapping):
            return given
        fields = {to_wire(name): field.annotation for name, field in cls.model_fields.items()}
        return {name: _build_collection(fields.get(name), value) for name, value in given.items()}


class Shape(BaseModel):
    """The form of an answer: created with Python names, serialised with wire names; it documents itself."""

    model_config = ConfigDict(
        alias_generator=to_wire,
        validate_by_name=True,
        validate_by_alias=False,
        extra="forbid",
        frozen=True,
        defer_build=True,
    )


class QueryModel(ArgusModel):
    """A query string: values arrive as text; repeated parameters form a collection."""

    @classmethod
    def from_query(cls, query: MultiDict[str, str]) -> Self:
        """Read the query with this schema. Raises pydantic's ``ValidationError``."""
        return cls.model_validate(from_texts(cls, query))


def from_texts(model: type[ArgusModel], texts: MultiDict[str, str]) -> dict[str, Any]:
    """Convert text values, from a query or a form, to the types of this schema's fields."""
    fields = {to_wire(name): field.annotation for name, field in model.model_fields.items()}
    given: dict[str, Any] = {}
    for name in texts:
        values = texts.getlist(name)
        kinds = find_types(fields.get(name))
        if any(kind in COLLECTIONS for kind in kinds):
            items = _find_item_types(fields.get(name))
            given[name] = [_convert_value(items, value) for value in values]
        elif len(values) > 1 and name in fields:
            given[name] = Repeated()
        else:
            given[name] = _convert_value(kinds, values[0])
    return given


def find_list_fields(model: type[ArgusModel]) -> frozenset[str]:
    """Return the wire names of fields with several values."""
    fields = {to_wire(name): field.annotation for name, field in model.model_fields.items()}
    return frozenset(n for n, kind in fields.items() if not find_types(kind).isdisjoint(COLLECTIONS))


def find_object_fields(model: type[ArgusModel]) -> dict[str, type[ArgusModel]]:
    """Return the fields that hold one object, by wire name, with the schema of each."""
    found: dict[str, type[ArgusModel]] = {}
    for name, field in model.model_fields.items():
        for kind in find_types(field.annotation):
            if isinstance(kind, type) and issubclass(kind, ArgusModel):
                found[to_wire(name)] = kind
    return found


def find_map_fields(model: type[ArgusModel]) -> frozenset[str]:
    """Return the wire names of fields that hold texts by name, for example one for each language."""
    fields = {to_wire(name): field.annotation for name, field in model.model_fields.items()}
    return frozenset(name for name, kind in fields.items() if dict in find_types(kind))


def find_object_list_fields(model: type[ArgusModel]) -> frozenset[str]:
    """Return the wire names of fields that hold several objects."""
    return frozenset(
        to_wire(name)
        for name, field in model.model_fields.items()
        if any(
            isinstance(item, type) and issubclass(item, ArgusModel)
            for item in _find_item_types(field.annotation)
        )
    )


class Repeated:
    """Marks a parameter that was given twice, so that its field is refused by name."""


def _convert_value(kinds: set[Any], text: str) -> Any:
    if bool in kinds and text in BOOLEANS:
        return BOOLEANS[text]
    if int in kinds and INTEGER.fullmatch(text):
        return int(text)
    return text


def _build_collection(annotation: Any, value: Any) -> Any:
    if not isinstance(value, list):
        return value
    kinds = find_types(annotation)
    if tuple in kinds:
        return tuple(value)
    if frozenset in kinds:
        try:
            return frozenset(value)
        except TypeError:
            return value  # unhashable items: left a list, which the field refuses by name
    return value


def _find_item_types(annotation: Any) -> set[Any]:
    """Return the item types of the collections that a field may be."""
    source = typing.get_origin(annotation)
    if source in COLLECTIONS:
        return {kind for one in typing.get_args(annotation) for kind in find_types(one)}
    if source in (typing.Union, types.UnionType):
        return {item for one in typing.get_args(annotation) for item in _find_item_types(one)}
    return _find_item_types(typing.get_args(annotation)[0]) if source is typing.Annotated else set()


def find_types(annotation: Any) -> set[Any]:
    """Return the plain types that a field may hold, through Optional, Annotated and Literal."""
    source = typing.get_origin(annotation)
    if source in (typing.Union, types.UnionType):
        return {kind for one in typing.get_args(annotation) for kind in find_types(one)}
    if source is typing.Annotated:
        return find_types(typing.get_args(annotation)[0])
    return {source or annotation}
