"""``/useradmin/v2/group`` and its members."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.domains import asked_domain
from app.api.schemas.common import InDomain
from app.api.schemas.subjects import GroupAdd
from app.api.schemas.subjects import MembersAdd
from app.api.schemas.subjects import MembersRemove
from app.api.shapes.subjects import SubjectShape
from app.api.shapes.subjects import subject_shown
from app.api.shapes.subjects import subjects_shown
from app.services import people
from app.services.callers import Caller

PATH = "/useradmin/v2/group"


@blueprint.post(PATH)
@endpoint(answers=SubjectShape, body=GroupAdd, statuses=(201,), writes=True)
def add_group(caller: Caller, body: GroupAdd) -> Answer:
    """A new group, without members."""
    return Answer(subject_shown(people.add_group(body.as_new(), caller)), status=201)


@blueprint.get(f"{PATH}/<group>")
@endpoint(answers=SubjectShape, query=InDomain)
def get_group(caller: Caller, group: str, query: InDomain) -> Answer:
    """One group; 404 alike for absent and hidden."""
    return Answer(subject_shown(people.visible_group(caller, group, asked_domain(query, caller))))


@blueprint.delete(f"{PATH}/<group>")
@endpoint(answers=SubjectShape, query=InDomain, writes=True)
def delete_group(caller: Caller, group: str, query: InDomain) -> Answer:
    """Delete for good: what its members held through it is gone."""
    found = people.visible_group(caller, group, asked_domain(query, caller))
    return Answer(subject_shown(people.delete_group(found, caller)))


@blueprint.get(f"{PATH}/<group>/members")
@endpoint(answers=[SubjectShape], query=InDomain)
def list_members(caller: Caller, group: str, query: InDomain) -> Answer:
    """The direct members."""
    found = people.visible_group(caller, group, asked_domain(query, caller))
    return Answer(subjects_shown(people.members(found)))


@blueprint.post(f"{PATH}/<group>/members")
@endpoint(answers=[SubjectShape], body=MembersAdd, query=InDomain, writes=True)
def add_members(caller: Caller, group: str, body: MembersAdd, query: InDomain) -> Answer:
    """Put subjects into the group; answers all members."""
    found = people.visible_group(caller, group, asked_domain(query, caller))
    return Answer(subjects_shown(people.add_members(found, body.subject, body.comment, caller)))


@blueprint.delete(f"{PATH}/<group>/members")
@endpoint(answers=[SubjectShape], query=MembersRemove, writes=True)
def remove_members(caller: Caller, group: str, query: MembersRemove) -> Answer:
    """Take subjects out of the group; answers the members that remain."""
    found = people.visible_group(caller, group, asked_domain(query, caller))
    return Answer(subjects_shown(people.remove_members(found, query.subject, query.comment, caller)))
