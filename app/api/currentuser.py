"""``/currentuser/v1`` (contract 4.2, 4.3): who am I, what may I do, and for whom."""

from __future__ import annotations

from typing import Annotated
from typing import Any
from typing import Literal
from typing import TypeVar

from pydantic import Field

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.body import read_query
from app.api.schemas.common import LEVELS
from app.api.schemas.common import Named
from app.api.schemas.common import NoQuery
from app.api.shapes import customer_info
from app.api.shapes import domain_info
from app.api.shapes import flags
from app.api.shapes import function_brief
from app.api.shapes import subject_info
from app.api.wire import QueryModel
from app.api.wire import to_millis
from app.models.authority import Function
from app.models.directory import User
from app.services import apikeys
from app.services import authority
from app.services import directory
from app.services import standing
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
@endpoint()
def current_user(caller: Caller) -> Answer:
    """CurrentUser."""
    read_query(NoQuery)
    return Answer(_user_json(directory.user_by_id(caller.user_id)))


@blueprint.get(f"{PREFIX}/functions")
@endpoint()
def current_functions(caller: Caller) -> Answer:
    """The functions this session may use for some customer."""
    query = read_query(FunctionsQuery)
    ids = caller.rights.held if query.require_permission else caller.question.graph.names
    found = [f for f in authority.functions_by_id(ids) if _wanted(f, query)]
    page = _page(found, query.offset, query.limit)
    return Answer([function_brief(f) for f in page], limit=query.limit, offset=query.offset, count=len(found))


@blueprint.get(f"{PREFIX}/customers")
@endpoint()
def current_customers(caller: Caller) -> Answer:
    """The customers for which this session may do anything, or holds every function named."""
    query = read_query(CustomersQuery)
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
    return Answer([customer_info(c) for c in page], limit=query.limit, offset=query.offset, count=len(found))


def _wanted(function: Function, query: FunctionsQuery) -> bool:
    if query.only_roles and not function.role:
        return False
    wanted = query.max_security_level
    if wanted != "current" and function.minimum_security_level > LEVELS[wanted]:
        return False
    return all(word.lower() in function.name.lower() for word in query.keywords)


def _page(found: list[T], offset: int, limit: int) -> list[T]:
    return found[offset : offset + (limit or MOST_ROWS)]


def _user_json(user: User) -> dict[str, Any]:
    ids = (user.created_by_id, user.updated_by_id)
    people = directory.subjects_by_id(one for one in ids if one is not None)
    creator, updater = people.get(user.created_by_id or 0), people.get(user.updated_by_id or 0)
    return {
        "id": user.id,
        "userName": user.short_name,
        "name": user.name,
        "email": user.email,
        "mobile": directory.phone_of(user.id) or None,
        "customer": customer_info(user.customer),
        "domain": domain_info(user.domain),
        "language": (user.language or "english").upper(),
        "flags": flags(
            ("BLOCKED", user.blocked_at),
            ("FORCE_PWCHANGE", user.force_password_change),
            ("DAEMON_ACCOUNT", user.daemon_account),
            ("PASSWORD_NOT_SET", user.password_hash is None),
            ("AUTH_LOCAL", user.password_hash is not None),
            ("AUTH_APIKEY", bool(apikeys.of_user(user.id))),
        ),
        "ascendantIDs": sorted(standing.groups_of(user.id)),
        "lastLoginIP": user.last_login_ip,
        "lastLoginTimestamp": to_millis(user.last_login_at),
        "lastImpersonationTimestamp": 0,
        "createdTimestamp": to_millis(user.created_at),
        "lastUpdatedTimestamp": to_millis(user.updated_at),
        "createdByUser": subject_info(creator) if creator is not None else None,
        "lastUpdatedByUser": subject_info(updater) if updater is not None else None,
        "imageURL": None,
        "publicKey": None,
        "properties": {},
        "timeZone": None,
    }
