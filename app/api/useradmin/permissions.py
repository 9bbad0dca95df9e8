"""``/useradmin/v2/permission``."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.schemas.functions import PermissionAdd
from app.api.schemas.functions import PermissionRevoke
from app.api.shapes.functions import PermissionShape
from app.api.shapes.functions import permission_shown
from app.services import directory
from app.services import permissions
from app.services.callers import Caller
from app.services.problems import Missing

PATH = "/useradmin/v2/permission"


@blueprint.post(PATH)
@endpoint(answers=PermissionShape, body=PermissionAdd, statuses=(201,), writes=True)
def grant(caller: Caller, body: PermissionAdd) -> Answer:
    """Grant a function for a customer to a subject."""
    return Answer(permission_shown(permissions.grant(body.as_new(), caller)), status=201)


@blueprint.delete(f"{PATH}/<permission>")
@endpoint(answers=PermissionShape, query=PermissionRevoke, writes=True)
def revoke(caller: Caller, permission: str, query: PermissionRevoke) -> Answer:
    """Take a permission away; it counts for nothing at the next request."""
    number = directory.as_id(permission)
    if number is None:
        raise Missing("permission")
    return Answer(permission_shown(permissions.revoke(number, query.comment, caller)))
