"""The values of a form, read with the API's own schema, and their problems by field.

Field names on pages are the API's (design §8, accessibility), so that one schema validates both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import TypeVar

from flask import request
from werkzeug.datastructures import MultiDict

from app.schemas.validation import validate_fields
from app.schemas.wire import ArgusModel
from app.schemas.wire import find_list_fields
from app.schemas.wire import find_map_fields
from app.schemas.wire import find_object_fields
from app.schemas.wire import find_object_list_fields
from app.schemas.wire import from_texts
from app.schemas.wire import to_wire
from app.services.problems import FieldProblem
from app.services.problems import Invalid

M = TypeVar("M", bound=ArgusModel)
Texts = MultiDict[str, str]


@dataclass(frozen=True)
class FormValues:
    """The values of a form as text, by wire name, and the problems of its fields."""

    values: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[FieldProblem, ...] = ()

    def get_value(self, name: str) -> str:
        """Return the text of a field; a list has one item per line."""
        held = self.values.get(name)
        if isinstance(held, (list, tuple)):
            return "\n".join(str(one) for one in held)
        return "" if held is None else str(held)

    def has(self, name: str, value: str) -> bool:
        """Tell whether a box or an option is chosen."""
        held = self.values.get(name)
        if isinstance(held, bool):
            return str(held).lower() == value.lower()
        return held == value or value in self.get_value(name).splitlines()

    def list_problems(self, name: str) -> list[FieldProblem]:
        """List the problems of a field, including those of its list items."""
        return [p for p in self.problems if p.field == name or p.field.startswith((f"{name}[", f"{name}."))]

    def name_item(self, problem: FieldProblem) -> str:
        """Return the list item that a problem is about: its text, else its position."""
        inside = re.fullmatch(r"([A-Za-z.]+)\[(\d+)\]", problem.field)
        lines = self.get_value(inside[1]).splitlines() if inside is not None else []
        typed_lines = [line.strip() for line in lines if line.strip()]
        at = int(inside[2]) if inside is not None else -1
        return typed_lines[at] if 0 <= at < len(typed_lines) else problem.field

    def locate_field(self, problem: FieldProblem) -> str:
        """Return the field on the page that a problem belongs to."""
        return problem.field.partition("[")[0]

    def with_problems(self, problem: Invalid) -> FormValues:
        """Return the same values with these problems."""
        return FormValues(self.values, problem.problems)


def read_form(*secret: str, source: Texts | None = None) -> FormValues:
    """Read this request's form (or ``source``); the fields ``secret`` are never shown again."""
    sent = request.form if source is None else source
    held: dict[str, Any] = {}
    for name in sent:
        if name not in secret and name != "csrf_token":
            values = sent.getlist(name)
            held[name] = values if len(values) > 1 and values[-1] not in ("true", "false") else values[-1]
    return FormValues(held)


def parse_form(model: type[M], source: Texts | None = None) -> M:
    """Read this request's form (or ``source``) with a schema of the API.
    Raises ``Invalid`` naming each wrong field.

    An empty text field means not sent. A list has one item per line or one per ticked box, a list of objects
    has one JSON object per line. A tick box sends ``false`` first and, if ticked, ``true`` after it.
    """
    form = request.form if source is None else source
    return validate_fields(model, _collect_sent(model, "", form))


def list_form_problems(model: type[M], form: Texts, judge: Callable[[M], None]) -> tuple[FieldProblem, ...]:
    """List all problems of a form: by the schema, and by ``judge``, which raises ``Invalid``.

    Fields that the schema refuses do not prevent the check of the others.
    """
    wrong: tuple[FieldProblem, ...] = ()
    try:
        try:
            held = parse_form(model, form)
        except Invalid as problem:
            wrong = problem.problems
            refused = {_find_top_field(one.field) for one in wrong}
            given = _collect_sent(model, "", form)
            held = validate_fields(model, {name: given[name] for name in given if name not in refused})
        judge(held)
    except Invalid as problem:
        refused = {_find_top_field(one.field) for one in wrong}
        return wrong + tuple(one for one in problem.problems if _find_top_field(one.field) not in refused)
    return wrong


def _find_top_field(field: str) -> str:
    return re.split(r"[.\[]", field, maxsplit=1)[0]


def _collect_sent(model: type[ArgusModel], prefix: str, form: Texts) -> dict[str, Any]:
    """Collect the fields that were sent; ``a.b`` on the page is field ``b`` of the object ``a``."""
    lists, inner, of_objects, maps = (
        find_list_fields(model),
        find_object_fields(model),
        find_object_list_fields(model),
        find_map_fields(model),
    )
    sent: MultiDict[str, str] = MultiDict()
    objects: dict[str, Any] = {}
    for name in (to_wire(one) for one in model.model_fields):
        values = [value.replace("\r\n", "\n").strip() for value in form.getlist(prefix + name)]
        if name in inner and any(key.startswith(f"{prefix}{name}.") for key in form):
            held = _collect_sent(inner[name], f"{prefix}{name}.", form)
            objects |= {name: held} if held else {}
        elif name in maps and any(key.startswith(f"{prefix}{name}.") for key in form):
            objects[name] = _collect_texts(f"{prefix}{name}.", form)
        elif name in maps and values and values[-1]:
            objects[name] = _parse_object(values[-1])
        elif name in lists and values:
            lines = [line.strip() for value in values for line in value.splitlines() if line.strip()]
            if name in of_objects:
                objects[name] = [_parse_object(line) for line in lines]
            elif lines or not prefix:
                sent.setlist(name, lines)
        elif values and values[-1]:
            sent[name] = values[-1]
    return from_texts(model, sent) | objects


def _collect_texts(prefix: str, form: Texts) -> dict[str, str]:
    """Collect a field of texts by name; emptied texts are left out."""
    texts = {key.removeprefix(prefix): form[key] for key in form if key.startswith(prefix)}
    return {name: clean for name, text in texts.items() if (clean := text.replace("\r\n", "\n").strip())}


def _parse_object(line: str) -> Any:
    """Parse one object of a list, written as JSON in a line;
    other text is kept, and the schema refuses it.
    """
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return line
