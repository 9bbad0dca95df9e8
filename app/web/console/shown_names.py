"""A field of the console takes the name that the console shows (design decision 26): forms and filters."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping

from flask import request
from werkzeug.datastructures import MultiDict

from app.services.access.callers import Caller
from app.services.inspection import shown_names
from app.services.inspection.shown_names import Find
from app.services.problems import FieldProblem
from app.web import form_values
from app.web.form_values import M
from app.web.form_values import Texts

# The fields that name something, and how it is shown.
FIELDS: Mapping[str, Find] = {
    "customer": shown_names.find_customer,
    "subject": shown_names.find_subject,
    "parentGroups": shown_names.find_subject,
    "who": shown_names.find_subject,
    "user": shown_names.find_subject,
    "client": shown_names.find_application,
    "function": shown_names.find_function,
    "requiredFunction": shown_names.find_function,
    "permissionScope": shown_names.find_function,
    "children": shown_names.find_function,
}


def read_names(caller: Caller, source: Texts | None = None, parent: Find | None = None) -> Texts:
    """Return this request's form (or ``source``) with short names for names that pages show, one per line.
    ``parent`` is what a field of that name means.
    """
    sent: Texts = MultiDict(request.form if source is None else source)
    known = {**FIELDS, **({"parent": parent} if parent is not None else {})}
    for field in known.keys() & sent.keys():
        sent.setlist(field, [_translate(caller, known[field], text) for text in sent.getlist(field)])
    return sent


def parse_form(model: type[M], caller: Caller, *, parent: Find | None = None) -> M:
    """As ``form_values.parse_form``, with the names that pages show."""
    return form_values.parse_form(model, read_names(caller, parent=parent))


def list_form_problems(
    model: type[M], caller: Caller, judge: Callable[[M], None]
) -> tuple[FieldProblem, ...]:
    """As ``form_values.list_form_problems``, with the names that pages show."""
    return form_values.list_form_problems(model, read_names(caller), judge)


def _translate(caller: Caller, find: Find, text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join((find(caller, line) or line) if line else "" for line in lines)
