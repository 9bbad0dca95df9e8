"""Common parts of every list in the console: the requested page, and links that keep the search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import TypeVar

from flask import request
from flask import url_for
from werkzeug.datastructures import MultiDict

from app.services.access.callers import Caller
from app.services.access.facts import RequiredRight
from app.services.access.search import Found
from app.services.access.search import Page
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.web.console import shown_names
from app.web.form_values import FormValues

T = TypeVar("T")

ROWS = 25
MOST_OFFSET = 1_000_000
MOST_CHARACTERS = 200


def read_page() -> Page:
    """Return the rows that this request asks for; an invalid number means the first row."""
    text = request.args.get("offset", "")
    offset = int(text) if text.isascii() and text.isdigit() and len(text) <= 7 else 0
    return Page(ROWS, min(offset, MOST_OFFSET))


def link_to_offset(offset: int) -> str:
    """Return the URL of this list, starting at another row."""
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if name != "offset"}
    return url_for(str(request.endpoint), **(request.view_args or {}), **kept, offset=offset or None)


def read_words(name: str = "q") -> tuple[str, ...]:
    """Return the search words."""
    return tuple(request.args.get(name, "")[:MOST_CHARACTERS].split())


def read_choice(caller: Caller, name: str) -> tuple[str, ...]:
    """Return the value of a filter, empty if nothing was entered; it takes the names that pages show."""
    text = request.args.get(name, "").strip()[:MOST_CHARACTERS]
    return (shown_names.read_names(caller, MultiDict({name: text}))[name],) if text else ()


def is_allowed(caller: Caller, guard: Guard, customer: int | None = None) -> bool:
    """Tell whether the action behind a button is allowed, by the decision."""
    return bool(caller.allows(RequiredRight(guard, customer)))


def run_search(find: Callable[[Page], Found[T]], entry: FormValues) -> tuple[Found[T], FormValues]:
    """Run a search. An unknown name in a filter gives no rows and a problem at its field."""
    rows = read_page()
    try:
        return find(rows), entry
    except Invalid as problem:
        problems = (_to_filter_problem(one, entry) for one in problem.problems)
        return Found([], 0, rows), entry.with_problems(Invalid(*problems))


def _to_filter_problem(problem: FieldProblem, entry: FormValues) -> FieldProblem:
    """Return the problem with the name of the filter on the page: criteria name some fields differently."""
    name = next((one for one in entry.values if problem.field.startswith(one)), problem.field)
    return FieldProblem(name, problem.message, problem.code)
