"""``/useradmin/v2/permission``."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import build_page
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.schemas.answers.functions import PermissionShape
from app.schemas.answers.functions import build_permission_shape
from app.schemas.answers.functions import build_permission_shapes
from app.schemas.requests.function_search import PermissionList
from app.schemas.requests.function_search import PermissionSearch
from app.schemas.requests.functions import PermissionAdd
from app.schemas.requests.functions import PermissionRevoke
from app.schemas.requests.functions import PermissionsAdd
from app.schemas.requests.functions import PermissionsRevoke
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.administration import permission_search
from app.services.administration import permissions
from app.services.problems import Missing

PATH = "/useradmin/v2/permission"


@blueprint.post(PATH)
@endpoint(answers=PermissionShape, body=PermissionAdd, statuses=(201,), changes_policy=True)
def grant(caller: Caller, body: PermissionAdd) -> Answer:
    """Grant a function for a customer to a subject."""
    return Answer(build_permission_shape(permissions.grant_permission(body.as_new(), caller)), status=201)


@blueprint.get(PATH)
@endpoint(answers=[PermissionShape], query=PermissionList)
def list_permissions(caller: Caller, query: PermissionList) -> Answer:
    """List the permissions of the customers for which the caller may see them."""
    found = permission_search.search_permissions(caller, query.as_criteria(), query.page)
    return build_page(found, build_permission_shapes(found.rows))


@blueprint.post(f"{PATH}/search")
@endpoint(answers=[PermissionShape], body=PermissionSearch)
def search_permissions(caller: Caller, body: PermissionSearch) -> Answer:
    """Search permissions with a criteria object."""
    found = permission_search.search_permissions(caller, body.as_criteria(), body.page, body.order)
    return build_page(found, build_permission_shapes(found.rows))


@blueprint.post(f"{PATH}/bulk")
@endpoint(answers=[PermissionShape], body=PermissionsAdd, statuses=(201,), changes_policy=True)
def grant_all(caller: Caller, body: PermissionsAdd) -> Answer:
    """Grant all of these permissions, or none."""
    granted = permissions.grant_all([one.as_new() for one in body.permissions], caller)
    return Answer(build_permission_shapes(granted), status=201)


@blueprint.delete(PATH)
@endpoint(answers=[PermissionShape], query=PermissionsRevoke, changes_policy=True)
def revoke_all(caller: Caller, query: PermissionsRevoke) -> Answer:
    """Revoke all of these permissions, or none."""
    ids = [_parse_number(text) for text in query.permission]
    return Answer(build_permission_shapes(permissions.revoke_all(ids, query.comment, caller)))


@blueprint.delete(f"{PATH}/<permission>")
@endpoint(answers=PermissionShape, query=PermissionRevoke, changes_policy=True)
def revoke(caller: Caller, permission: str, query: PermissionRevoke) -> Answer:
    """Revoke a permission; it has no effect from the next request on."""
    return Answer(
        build_permission_shape(
            permissions.revoke_permission(_parse_number(permission), query.comment, caller)
        )
    )


def _parse_number(text: str) -> int:
    number = directory.as_id(text)
    if number is None:
        raise Missing("permission")
    return number
