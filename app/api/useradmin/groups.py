"""``/useradmin/v2/group`` and its members."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.body import read_body
from app.api.body import read_query
from app.api.schemas.subjects import GroupAdd
from app.api.schemas.subjects import MembersAdd
from app.api.schemas.subjects import MembersRemove
from app.api.useradmin.users import domain_asked
from app.api.useradmin.users import shown
from app.services import directory
from app.services import people
from app.services.callers import Caller

PATH = "/useradmin/v2/group"


@blueprint.post(PATH)
@endpoint(writes=True)
def add_group(caller: Caller) -> Answer:
    """A new group, without members."""
    return Answer(shown(people.add_group(read_body(GroupAdd).as_new(), caller)), status=201)


@blueprint.get(f"{PATH}/<group>")
@endpoint()
def get_group(caller: Caller, group: str) -> Answer:
    """One group; 404 alike for absent and hidden."""
    return Answer(shown(people.visible_group(caller, group, domain_asked(caller))))


@blueprint.delete(f"{PATH}/<group>")
@endpoint(writes=True)
def delete_group(caller: Caller, group: str) -> Answer:
    """Delete for good: what its members held through it is gone."""
    found = people.visible_group(caller, group, domain_asked(caller))
    return Answer(shown(people.delete_group(found, caller)))


@blueprint.get(f"{PATH}/<group>/members")
@endpoint()
def list_members(caller: Caller, group: str) -> Answer:
    """The direct members."""
    found = people.visible_group(caller, group, domain_asked(caller))
    return Answer([shown(member) for member in people.members(found)])


@blueprint.post(f"{PATH}/<group>/members")
@endpoint(writes=True)
def add_members(caller: Caller, group: str) -> Answer:
    """Put subjects into the group; answers all members."""
    found = people.visible_group(caller, group, domain_asked(caller))
    asked = read_body(MembersAdd)
    members = people.add_members(found, asked.subject, asked.comment, caller)
    return Answer([shown(member) for member in members])


@blueprint.delete(f"{PATH}/<group>/members")
@endpoint(writes=True)
def remove_members(caller: Caller, group: str) -> Answer:
    """Take subjects out of the group; answers the members that remain."""
    asked = read_query(MembersRemove)
    domain = directory.domain_or_missing(asked.domain, caller.domain_id)
    found = people.visible_group(caller, group, domain.id)
    members = people.remove_members(found, asked.subject, asked.comment, caller)
    return Answer([shown(member) for member in members])
