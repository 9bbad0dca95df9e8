"""Suggestions while the user types in a form: names to choose from, each with the short name that is sent.

Never more than the caller could look up, and only a limited number; other values may be typed too.
"""

from __future__ import annotations

from app.models.directory import Subject
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.access.search import Page as Rows
from app.services.administration import subject_search
from app.services.administration.subject_search import SubjectCriteria
from app.services.clients import registry
from app.services.guards import Guard
from app.web.console import listing

MOST = 100
Suggestion = tuple[str, str]


def suggest_customers(caller: Caller, guard: Guard) -> list[Suggestion]:
    """Suggest customers for which the caller holds ``guard``, the topmost first; one query."""
    tree = caller.question.tree
    reached = caller.list_reach(guard)
    near = sorted(reached, key=lambda one: (len(tree.list_ancestors(one)), tree.names[one]))[:MOST]
    return [(one.short_name, one.name) for one in directory.list_customers_by_id(near)]


def suggest_functions(caller: Caller) -> list[Suggestion]:
    """Suggest functions, by name, if the caller may see them."""
    if not listing.is_allowed(caller, Guard.VIEW_FUNCTIONS):
        return []
    return [(name, name) for name in sorted(caller.question.graph.names.values())[:MOST]]


def suggest_subjects(caller: Caller, kind: type[Subject] = Subject) -> list[Suggestion]:
    """Suggest users and groups the caller administers, or only those of one ``kind``; two queries."""
    if not listing.is_allowed(caller, Guard.VIEW_USERS):
        return []
    found = subject_search.search_administered(kind, caller, SubjectCriteria(), Rows(MOST), ())
    return [(one.short_name, one.name) for one in found.rows]


def suggest_applications(caller: Caller) -> list[Suggestion]:
    """Suggest applications whose details the caller may see; one query."""
    if not listing.is_allowed(caller, Guard.VIEW_OAUTH_CLIENTS_DETAILS):
        return []
    return [(one.short_name, one.name) for one in registry.list_detailed_clients(caller, MOST)]
