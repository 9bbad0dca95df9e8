"""``/useradmin/v2/permission``."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.body import read_body
from app.api.body import read_query
from app.api.schemas.functions import PermissionAdd
from app.api.schemas.functions import PermissionRevoke
from app.api.shapes import permission_json
from app.models.authority import Permission
from app.services import directory
from app.services import permissions
from app.services.callers import Caller
from app.services.permissions import NewPermission
from app.services.problems import Missing

PATH = "/useradmin/v2/permission"


@blueprint.post(PATH)
@endpoint(writes=True)
def grant(caller: Caller) -> Answer:
    """Grant a function for a customer to a subject."""
    asked = read_body(PermissionAdd)
    new = NewPermission(asked.subject, asked.function, asked.customer, asked.comment)
    return Answer(_shown(permissions.grant(new, caller)), status=201)


@blueprint.delete(f"{PATH}/<permission>")
@endpoint(writes=True)
def revoke(caller: Caller, permission: str) -> Answer:
    """Take a permission away; it counts for nothing at the next request."""
    number = directory.as_id(permission)
    if number is None:
        raise Missing("permission")
    return Answer(_shown(permissions.revoke(number, read_query(PermissionRevoke).comment, caller)))


def _shown(permission: Permission) -> dict[str, object]:
    ids = (permission.granted_by_id, permission.revoked_by_id)
    return permission_json(permission, directory.subjects_by_id(one for one in ids if one is not None))
