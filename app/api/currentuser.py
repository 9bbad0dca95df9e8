"""``/currentuser/v1`` (contract 4.2, 4.3): who am I, what may I do, and for whom."""

from __future__ import annotations

from typing import Annotated
from typing import Literal
from typing import TypeVar

from pydantic import Field

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.schemas.common import LEVELS
from app.api.schemas.common import Named
from app.api.shapes.currentuser import CurrentUserShape
from app.api.shapes.currentuser import user_shown
from app.api.shapes.infos import CustomerInfo
from app.api.shapes.infos import FunctionBrief
from app.api.wire import QueryModel
from app.models.authority import Function
from app.services import authority
from app.services import directory
from app.services.callers import Caller
from app.services.problems import Missing

T = TypeVar("T")
PREFIX = "/currentuser/v1"
MOST_ROWS = 100_000
Limit = Annotated[int, Field(ge=0, le=MOST_ROWS)]
Offset = Annotated[int, Field(ge=0, le=2**31 - 1)]


class FunctionsQuery(QueryModel):
    """Query of ``/functions``; without ``requirePermission`` every function is listed."""

    offset: Offset = 0
    limit: Limit = 25
    only_roles: bool = False
    require_permission: bool = True
    max_security_level: Literal["current", "external", "standard", "administrative"] = "current"
    keywords: tuple[Named, ...] = ()


class CustomersQuery(QueryModel):
    """Query of ``/customers``: every ``requiredFunction`` must be held."""

    offset: Offset = 0
    limit: Limit = 25
    keywords: tuple[Named, ...] = ()
    required_function: tuple[Named, ...] = ()


@blueprint.get(f"{PREFIX}/user")
@endpoint(answers=CurrentUserShape)
def current_user(caller: Caller) -> Answer:
    """CurrentUser."""
    return Answer(user_shown(directory.user_by_id(caller.user_id)))


@blueprint.get(f"{PREFIX}/functions")
@endpoint(answers=[FunctionBrief], query=FunctionsQuery)
def current_functions(caller: Caller, query: FunctionsQuery) -> Answer:
    """The functions this session may use for some customer."""
    ids = caller.rights.held if query.require_permission else caller.question.graph.names
    found = [f for f in authority.functions_by_id(ids) if _wanted(f, query)]
    page = _page(found, query.offset, query.limit)
    return Answer(
        [FunctionBrief.of(f) for f in page], limit=query.limit, offset=query.offset, count=len(found)
    )


@blueprint.get(f"{PREFIX}/customers")
@endpoint(answers=[CustomerInfo], query=CustomersQuery)
def current_customers(caller: Caller, query: CustomersQuery) -> Answer:
    """The customers for which this session may do anything, or holds every function named."""
    reached = caller.rights.reach()
    for name in query.required_function:
        function = authority.find_function(name)
        if function is None:
            raise Missing("function")
        reached = frozenset(c for c in reached if caller.rights.allows(function.id, c))
    words = [word.lower() for word in query.keywords]
    found = [
        customer
        for customer in directory.customers_by_id(reached)
        if all(word in customer.name.lower() or word in customer.short_name.lower() for word in words)
    ]
    page = _page(found, query.offset, query.limit)
    return Answer(
        [CustomerInfo.of(c) for c in page], limit=query.limit, offset=query.offset, count=len(found)
    )


def _wanted(function: Function, query: FunctionsQuery) -> bool:
    if query.only_roles and not function.role:
        return False
    wanted = query.max_security_level
    if wanted != "current" and function.minimum_security_level > LEVELS[wanted]:
        return False
    return all(word.lower() in function.name.lower() for word in query.keywords)


def _page(found: list[T], offset: int, limit: int) -> list[T]:
    return found[offset : offset + (limit or MOST_ROWS)]
