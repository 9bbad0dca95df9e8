"""Common parts of every list in the console: the requested page, and links that keep the search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import TypeVar

from flask import request
from flask import url_for

from app.services.access.callers import Caller
from app.services.access.facts import Asked
from app.services.access.search import Found
from app.services.access.search import Page
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.web.entries import Entry

T = TypeVar("T")

ROWS = 25
MOST_OFFSET = 1_000_000
MOST_CHARACTERS = 200


def asked_page() -> Page:
    """Return the rows that this request asks for; an invalid number means the first row."""
    text = request.args.get("offset", "")
    offset = int(text) if text.isascii() and text.isdigit() and len(text) <= 7 else 0
    return Page(ROWS, min(offset, MOST_OFFSET))


def link(offset: int) -> str:
    """Return the URL of this list, starting at another row."""
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if name != "offset"}
    return url_for(str(request.endpoint), **(request.view_args or {}), **kept, offset=offset or None)


def words(name: str = "q") -> tuple[str, ...]:
    """Return the search words."""
    return tuple(request.args.get(name, "")[:MOST_CHARACTERS].split())


def chosen(name: str) -> tuple[str, ...]:
    """Return the value of a filter by name; empty if nothing was entered."""
    text = request.args.get(name, "").strip()[:MOST_CHARACTERS]
    return (text,) if text else ()


def may(caller: Caller, guard: Guard, customer: int | None = None) -> bool:
    """Tell whether the action behind a button is allowed, by the decision."""
    return bool(caller.allows(Asked(guard, customer)))


def searched(find: Callable[[Page], Found[T]], entry: Entry) -> tuple[Found[T], Entry]:
    """Run a search. An unknown name in a filter gives no rows and a problem at its field."""
    rows = asked_page()
    try:
        return find(rows), entry
    except Invalid as problem:
        problems = (_in_filter(one, entry) for one in problem.problems)
        return Found([], 0, rows), entry.refused(Invalid(*problems))


def _in_filter(problem: FieldProblem, entry: Entry) -> FieldProblem:
    """Return the problem with the name of the filter on the page: criteria name some fields differently."""
    name = next((one for one in entry.values if problem.field.startswith(one)), problem.field)
    return FieldProblem(name, problem.message, problem.code)
