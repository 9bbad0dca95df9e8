"""``/currentuser/v1`` (contract 4.2, 4.3): who the caller is, and the caller's functions and customers."""

from __future__ import annotations

from typing import Literal

from app.api.auth import Answer
from app.api.auth import build_page
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.schemas.answers.currentuser import CurrentUserShape
from app.schemas.answers.currentuser import OldGroupShape
from app.schemas.answers.currentuser import OwnPermissionShape
from app.schemas.answers.currentuser import build_current_user_shape
from app.schemas.answers.currentuser import build_own_permission_shapes
from app.schemas.answers.infos import CustomerInfo
from app.schemas.answers.infos import FunctionBrief
from app.schemas.common import LEVELS
from app.schemas.searching import Names
from app.schemas.searching import Paged
from app.services.access import directory
from app.services.access import search
from app.services.access.callers import Caller
from app.services.administration import customer_search
from app.services.administration import function_search
from app.services.administration import own_data
from app.services.administration import permission_search
from app.services.administration.own_data import Own
from app.services.guards import Guard

PREFIX = "/currentuser/v1"


class GroupsQuery(Paged):
    """Query of ``/groups``."""

    include_ancestors: bool = False


class PermissionsQuery(Paged):
    """Query of ``/permissions``."""

    include_inherited: bool = True


class FunctionsQuery(Paged):
    """Query of ``/functions``; without ``requirePermission`` every function is listed."""

    only_roles: bool = False
    require_permission: bool = True
    max_security_level: Literal["current", "external", "standard", "administrative"] = "current"
    keywords: Names = ()


class CustomersQuery(Paged):
    """Query of ``/customers``: every ``requiredFunction`` must be held."""

    keywords: Names = ()
    required_function: Names = ()


@blueprint.get(f"{PREFIX}/user")
@endpoint(answers=CurrentUserShape, own=Own.IDENTITY)
def current_user(caller: Caller) -> Answer:
    """CurrentUser. An application gets the fields that its OAuth scopes or its functions open; the others are
    empty.
    """
    user = directory.get_user(caller.user_id)
    return Answer(build_current_user_shape(user, own_data.list_readable(caller)))


@blueprint.get(f"{PREFIX}/functions")
@endpoint(answers=[FunctionBrief], query=FunctionsQuery)
def current_functions(caller: Caller, query: FunctionsQuery) -> Answer:
    """List the functions that this session may use for some customer.

    Without ``requirePermission`` every function, to a person or with ``viewBasicFunctions``.
    """
    if not query.require_permission and not caller.is_personal:
        caller.require(Guard.VIEW_BASIC_FUNCTIONS)
    level = None if query.max_security_level == "current" else int(LEVELS[query.max_security_level])
    found = function_search.list_own_functions(
        caller,
        query.keywords,
        query.page,
        roles=query.only_roles,
        held=query.require_permission,
        level=level,
    )
    return build_page(found, [FunctionBrief.from_row(f) for f in found.rows])


@blueprint.get(f"{PREFIX}/customers")
@endpoint(answers=[CustomerInfo], query=CustomersQuery)
def current_customers(caller: Caller, query: CustomersQuery) -> Answer:
    """List the customers for which this session has any right, or holds every function named."""
    found = customer_search.list_own_customers(caller, query.keywords, query.required_function, query.page)
    return build_page(found, [CustomerInfo.from_row(c) for c in found.rows])


@blueprint.get(f"{PREFIX}/groups")
@endpoint(answers=[OldGroupShape], query=GroupsQuery, own=Own.PROFILE)
def current_groups(caller: Caller, query: GroupsQuery) -> Answer:
    """List the groups of the caller, by id; with ``includeAncestors`` also groups of groups."""
    if query.include_ancestors:
        groups = directory.list_groups(caller.user_id)
    else:
        groups = directory.load_direct_groups([caller.user_id]).get(caller.user_id, [])
    found = search.cut_page(sorted(groups, key=lambda group: group.id), query.page)
    return build_page(found, [OldGroupShape.from_row(group) for group in found.rows])


@blueprint.get(f"{PREFIX}/permissions")
@endpoint(answers=[OwnPermissionShape], query=PermissionsQuery, own=Own.PERMISSIONS)
def current_permissions(caller: Caller, query: PermissionsQuery) -> Answer:
    """List the caller's granted permissions, by id. Session constraints do not reduce this list."""
    found = permission_search.list_own_permissions(caller, query.page, inherited=query.include_inherited)
    return build_page(found, build_own_permission_shapes(found.rows))
