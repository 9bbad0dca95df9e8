"""Words for a client's fields: the labels of the table, and descriptions of values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.services.access import directory
from app.services.clients.field_kinds import Field
from app.services.clients.field_kinds import Kind
from app.services.clients.fields import FIELDS
from app.web.language import translate_sentence
from app.web.words.labels import describe_function_with_name
from app.web.words.labels import label_level

REFERENCES = (Kind.FUNCTION, Kind.CUSTOMER, Kind.DOMAIN)


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after the change, in words."""

    name: str
    before: str
    after: str


def build_labels() -> dict[str, str]:
    """Return the label of each field on this page, by wire name."""
    return {field.wire: translate_sentence(field.label) for field in FIELDS}


def build_column_labels() -> dict[str, Any]:
    """Return the label of each column in the audit log, which stores ids where a field names an object."""
    found: dict[str, Any] = {}
    for field in FIELDS:
        label = lazy_gettext(field.label)
        if field.kind is Kind.SECRET:
            found[field.wire] = label
        elif field.kind in REFERENCES:
            found[field.columns[0]] = lazy_gettext("%(field)s (number)", field=label)
        else:
            found[field.columns[0]] = label
    return found


def build_option_labels() -> dict[str, dict[str, Any]]:
    """Return the words for the options of a field, by column."""
    return {
        field.columns[0]: {value: lazy_gettext(words) for value, words in field.options}
        for field in FIELDS
        if field.options
    }


def group_by_place() -> dict[str, list[Field]]:
    """Group the fields by section, in order."""
    found: dict[str, list[Field]] = {}
    for field in FIELDS:
        if field.place is not None:
            found.setdefault(field.place.value, []).append(field)
    return found


def list_options(field: Field) -> list[tuple[str, str]]:
    """List the options of a field, as values and as words."""
    return [(value, translate_sentence(words)) for value, words in field.options]


def describe_changes(changed: Mapping[str, Mapping[str, Any]]) -> Sequence[Change]:
    """Describe the changed fields (``registry.find_differences``), in form order; at most one query."""
    of = [(field, changed[key]) for field in FIELDS for key in {*field.columns, field.wire} if key in changed]
    ids = {one for field, sides in of if field.kind is Kind.FUNCTION for one in sides.values()}
    names = (
        {one.id: describe_function_with_name(one) for one in directory.list_functions_by_id(ids)}
        if ids
        else {}
    )
    return [
        Change(
            translate_sentence(field.label),
            describe_value(field, sides["before"], names),
            describe_value(field, sides["after"], names),
        )
        for field, sides in of
    ]


def describe_value(field: Field, value: Any, functions: Mapping[int, str]) -> str:
    """Describe the stored value of a field, as text."""
    if field.kind is Kind.SECRET:
        return str(_("changed")) if value else ""
    if field.kind is Kind.FUNCTION:
        return functions.get(value, str(value))
    if field.kind is Kind.LEVEL:
        return label_level(value)
    if field.kind is Kind.YES_NO:
        return str(_("yes") if value else _("no"))
    if field.kind is Kind.CHOICE:
        return translate_sentence(dict(field.options)[value])
    if field.kind is Kind.KEYS:
        return ", ".join(key.get("kid", key["kty"]) for key in value["keys"]) if value else ""
    if isinstance(value, list):
        return ", ".join(one if isinstance(one, str) else json.dumps(one) for one in value)
    return "" if value is None else str(value)
