"""``/useradmin/v2/group`` and its members."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import build_page
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.domains import get_domain_id
from app.models.directory import Group
from app.schemas.answers.functions import PermissionShape
from app.schemas.answers.functions import build_permission_shapes
from app.schemas.answers.subjects import SubjectShape
from app.schemas.answers.subjects import build_subject_shape
from app.schemas.answers.subjects import build_subject_shapes
from app.schemas.common import InDomain
from app.schemas.common import Move
from app.schemas.requests.function_search import HeldQuery
from app.schemas.requests.subject_search import SubjectList
from app.schemas.requests.subject_search import SubjectSearch
from app.schemas.requests.subjects import GroupAdd
from app.schemas.requests.subjects import GroupUpdate
from app.schemas.requests.subjects import MembersAdd
from app.schemas.requests.subjects import MembersRemove
from app.services.access.callers import Caller
from app.services.administration import memberships
from app.services.administration import permission_search
from app.services.administration import subject_search
from app.services.administration import users_and_groups
from app.services.administration import visibility

PATH = "/useradmin/v2/group"


@blueprint.get(PATH)
@endpoint(answers=[SubjectShape], query=SubjectList)
def list_groups(caller: Caller, query: SubjectList) -> Answer:
    """List the groups of the customers that the caller administers."""
    found = subject_search.search_administered(Group, caller, query.as_criteria(), query.page, query.sort_by)
    return build_page(found, build_subject_shapes(found.rows))


@blueprint.post(f"{PATH}/search")
@endpoint(answers=[SubjectShape], body=SubjectSearch)
def search_groups(caller: Caller, body: SubjectSearch) -> Answer:
    """Search groups with a criteria object."""
    found = subject_search.search_administered(Group, caller, body.as_criteria(), body.page, body.order)
    return build_page(found, build_subject_shapes(found.rows))


@blueprint.post(PATH)
@endpoint(answers=SubjectShape, body=GroupAdd, statuses=(201,), writes=True)
def add_group(caller: Caller, body: GroupAdd) -> Answer:
    """Add a group without members."""
    return Answer(build_subject_shape(users_and_groups.add_group(body.as_new(), caller)), status=201)


@blueprint.get(f"{PATH}/<group>")
@endpoint(answers=SubjectShape, query=InDomain)
def get_group(caller: Caller, group: str, query: InDomain) -> Answer:
    """Get one group. Absent and hidden groups both give 404."""
    return Answer(build_subject_shape(_get_group(caller, group, query)))


@blueprint.put(f"{PATH}/<group>")
@endpoint(answers=SubjectShape, body=GroupUpdate, query=InDomain, writes=True)
def update_group(caller: Caller, group: str, body: GroupUpdate, query: InDomain) -> Answer:
    """Change the fields that are sent."""
    return Answer(
        build_subject_shape(
            users_and_groups.update_subject(_get_group(caller, group, query), body.as_changes(), caller)
        )
    )


@blueprint.delete(f"{PATH}/<group>")
@endpoint(answers=SubjectShape, query=InDomain, changes_policy=True)
def delete_group(caller: Caller, group: str, query: InDomain) -> Answer:
    """Delete a group: its members lose what they held through it."""
    return Answer(
        build_subject_shape(users_and_groups.delete_group(_get_group(caller, group, query), caller))
    )


@blueprint.put(f"{PATH}/<group>/reenable")
@endpoint(answers=SubjectShape, query=InDomain, changes_policy=True)
def reenable_group(caller: Caller, group: str, query: InDomain) -> Answer:
    """Restore a deleted group, without members and without permissions."""
    gone = visibility.get_deleted_subject(Group, caller, group, get_domain_id(query, caller))
    return Answer(build_subject_shape(users_and_groups.reenable_subject(gone, caller)))


@blueprint.put(f"{PATH}/<group>/move")
@endpoint(answers=SubjectShape, body=Move, query=InDomain, changes_policy=True)
def move_group(caller: Caller, group: str, body: Move, query: InDomain) -> Answer:
    """Move the group under another customer of the domain."""
    return Answer(
        build_subject_shape(
            users_and_groups.move_subject(_get_group(caller, group, query), body.customer, caller)
        )
    )


@blueprint.get(f"{PATH}/<group>/permissions")
@endpoint(answers=[PermissionShape], query=HeldQuery)
def list_permissions_of_group(caller: Caller, group: str, query: HeldQuery) -> Answer:
    """List the group's permissions, including those of groups above it."""
    found = permission_search.list_held_permissions(
        _get_group(caller, group, query),
        caller,
        query.page,
        inherited=query.include_inherited,
        deleted=query.include_deleted,
    )
    return build_page(found, build_permission_shapes(found.rows))


@blueprint.get(f"{PATH}/<group>/members")
@endpoint(answers=[SubjectShape], query=InDomain)
def list_members(caller: Caller, group: str, query: InDomain) -> Answer:
    """List the direct members that the caller may know of."""
    return Answer(
        build_subject_shapes(memberships.list_visible_members(_get_group(caller, group, query), caller))
    )


@blueprint.post(f"{PATH}/<group>/members")
@endpoint(answers=[SubjectShape], body=MembersAdd, query=InDomain, changes_policy=True)
def add_members(caller: Caller, group: str, body: MembersAdd, query: InDomain) -> Answer:
    """Add members to the group; returns the members."""
    found = _get_group(caller, group, query)
    return Answer(build_subject_shapes(memberships.add_members(found, body.subject, body.comment, caller)))


@blueprint.delete(f"{PATH}/<group>/members")
@endpoint(answers=[SubjectShape], query=MembersRemove, changes_policy=True)
def remove_members(caller: Caller, group: str, query: MembersRemove) -> Answer:
    """Remove members from the group; returns the rest."""
    found = _get_group(caller, group, query)
    return Answer(
        build_subject_shapes(memberships.remove_members(found, query.subject, query.comment, caller))
    )


def _get_group(caller: Caller, text: str, query: InDomain) -> Group:
    return visibility.get_visible_group(caller, text, get_domain_id(query, caller))
