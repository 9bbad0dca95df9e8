"""What somebody means who types what the pages show: a full name instead of the short name.

The answer is a short name, or ``None`` unless exactly one thing that the caller may know of is shown so. What
is an id or a short name already never gets another meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Sequence

from sqlalchemy import func
from sqlalchemy import select

from app.extensions import db
from app.models.clients import OAuthClient
from app.models.directory import Subject
from app.policy.names import fold_name
from app.services.access import directory
from app.services.access import search
from app.services.access.callers import Caller
from app.services.clients import registry
from app.services.guards import Guard
from app.services.problems import Missing

# Pages show a function by its purpose and its name: ``Read reports (viewReports)``.
FUNCTION = re.compile(r".*\(([^()\s]+)\)", re.DOTALL)
# Of one full name; with more, nobody could tell which is meant.
FEW = 20
Find = Callable[[Caller, str], str | None]


def find_customer(caller: Caller, shown: str) -> str | None:
    """Find a customer of the caller's domain by its full name."""
    if directory.find_customer(shown, caller.domain_id) is not None:
        return None
    tree, meant = caller.question.tree, fold_name(shown)
    ids = [
        one
        for one, name in tree.names.items()
        if fold_name(name) == meant
        and tree.domains[one] == caller.domain_id
        and caller.rights.allows_anything(one)
    ]
    return _choose_only([one.short_name for one in directory.list_customers_by_id(ids)])


def find_subject(caller: Caller, shown: str) -> str | None:
    """Find a user or group of the caller's domain by its full name."""
    if directory.find_subject(shown, caller.domain_id) is not None:
        return None
    statement = select(Subject.short_name).where(
        func.lower(Subject.name) == shown.lower(),
        Subject.domain_id == caller.domain_id,
        Subject.deleted_at.is_(None),
        search.limit_to_reach(caller, Guard.VIEW_USERS, Subject.customer_id),
    )
    return _choose_only(list(db.session.execute(statement.limit(FEW)).scalars()))


def find_application(caller: Caller, shown: str) -> str | None:
    """Find an application of the caller's domain by its name."""
    try:
        registry.get_client(shown, caller.domain_id)
    except Missing:
        statement = select(OAuthClient).where(
            func.lower(OAuthClient.name) == shown.lower(),
            OAuthClient.domain_id == caller.domain_id,
            OAuthClient.deleted_at.is_(None),
        )
        found = db.session.execute(statement.limit(FEW)).scalars()
        return _choose_only([one.short_name for one in found if registry.may_see(one, caller)])
    return None


def find_function(caller: Caller, shown: str) -> str | None:  # noqa: ARG001 - as the others
    """Find a function by its purpose and its name, as it is shown."""
    named = FUNCTION.fullmatch(shown)
    function = directory.find_function_by_name(named[1]) if named is not None else None
    return function.name if function is not None else None


def _choose_only(found: Sequence[str]) -> str | None:
    return found[0] if len(found) == 1 else None
