"""``/useradmin/v2/user``."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import build_page
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.domains import get_domain_id
from app.models.directory import User
from app.policy.ways_in import ACCOUNT
from app.policy.ways_in import RETURN
from app.schemas.answers.functions import PermissionShape
from app.schemas.answers.functions import build_permission_shapes
from app.schemas.answers.subjects import UserShape
from app.schemas.answers.subjects import build_user_shape
from app.schemas.answers.subjects import build_user_shapes
from app.schemas.common import InDomain
from app.schemas.common import Move
from app.schemas.requests.function_search import HeldQuery
from app.schemas.requests.subject_search import SubjectList
from app.schemas.requests.subject_search import SubjectSearch
from app.schemas.requests.subjects import UserAdd
from app.schemas.requests.subjects import UserUpdate
from app.services.access.callers import Caller
from app.services.administration import permission_search
from app.services.administration import subject_search
from app.services.administration import users_and_groups
from app.services.administration import visibility

PATH = "/useradmin/v2/user"


@blueprint.get(PATH)
@endpoint(answers=[UserShape], query=SubjectList)
def list_users(caller: Caller, query: SubjectList) -> Answer:
    """List the users of the customers that the caller administers."""
    found = subject_search.search_administered(User, caller, query.as_criteria(), query.page, query.sort_by)
    return build_page(found, build_user_shapes(found.rows))


@blueprint.post(f"{PATH}/search")
@endpoint(answers=[UserShape], body=SubjectSearch)
def search_users(caller: Caller, body: SubjectSearch) -> Answer:
    """Search users with a criteria object."""
    found = subject_search.search_administered(User, caller, body.as_criteria(), body.page, body.order)
    return build_page(found, build_user_shapes(found.rows))


@blueprint.post(PATH)
@endpoint(answers=UserShape, body=UserAdd, statuses=(201,), writes=True, way_in=ACCOUNT)
def add_user(caller: Caller, body: UserAdd) -> Answer:
    """Add a user without a password."""
    return Answer(build_user_shape(users_and_groups.add_user(body.as_new(), caller)), status=201)


@blueprint.get(f"{PATH}/<user>")
@endpoint(answers=UserShape, query=InDomain)
def get_user(caller: Caller, user: str, query: InDomain) -> Answer:
    """Get one user. Absent and hidden users both give 404."""
    return Answer(build_user_shape(_get_user(caller, user, query)))


@blueprint.put(f"{PATH}/<user>")
@endpoint(answers=UserShape, body=UserUpdate, query=InDomain, writes=True, way_in=ACCOUNT)
def update_user(caller: Caller, user: str, body: UserUpdate, query: InDomain) -> Answer:
    """Change the fields that are sent."""
    return Answer(
        build_user_shape(
            users_and_groups.update_subject(_get_user(caller, user, query), body.as_changes(), caller)
        )
    )


@blueprint.delete(f"{PATH}/<user>")
@endpoint(answers=UserShape, query=InDomain, changes_policy=True)
def delete_user(caller: Caller, user: str, query: InDomain) -> Answer:
    """Delete a user; all the user's sessions and keys end."""
    return Answer(build_user_shape(users_and_groups.delete_user(_get_user(caller, user, query), caller)))


@blueprint.put(f"{PATH}/<user>/reenable")
@endpoint(answers=UserShape, query=InDomain, changes_policy=True, way_in=RETURN)
def reenable_user(caller: Caller, user: str, query: InDomain) -> Answer:
    """Restore a deleted user, without permissions, keys or consents."""
    gone = visibility.get_deleted_subject(User, caller, user, get_domain_id(query, caller))
    return Answer(build_user_shape(users_and_groups.reenable_subject(gone, caller)))


@blueprint.put(f"{PATH}/<user>/move")
@endpoint(answers=UserShape, body=Move, query=InDomain, changes_policy=True)
def move_user(caller: Caller, user: str, body: Move, query: InDomain) -> Answer:
    """Move the user under another customer of the domain."""
    return Answer(
        build_user_shape(users_and_groups.move_subject(_get_user(caller, user, query), body.customer, caller))
    )


@blueprint.get(f"{PATH}/<user>/permissions")
@endpoint(answers=[PermissionShape], query=HeldQuery)
def list_permissions_of_user(caller: Caller, user: str, query: HeldQuery) -> Answer:
    """List the user's permissions, including those held through groups."""
    found = permission_search.list_held_permissions(
        _get_user(caller, user, query),
        caller,
        query.page,
        inherited=query.include_inherited,
        deleted=query.include_deleted,
    )
    return build_page(found, build_permission_shapes(found.rows))


def _get_user(caller: Caller, text: str, query: InDomain) -> User:
    return visibility.get_visible_user(caller, text, get_domain_id(query, caller))
