"""``/useradmin/v2/user``."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.body import read_body
from app.api.body import read_query
from app.api.schemas.common import InDomain
from app.api.schemas.subjects import UserAdd
from app.api.shapes import subject_json
from app.models.directory import Subject
from app.services import directory
from app.services import people
from app.services.callers import Caller

PATH = "/useradmin/v2/user"


@blueprint.post(PATH)
@endpoint(writes=True)
def add_user(caller: Caller) -> Answer:
    """A new user, without a password."""
    return Answer(shown(people.add_user(read_body(UserAdd).as_new(), caller)), status=201)


@blueprint.get(f"{PATH}/<user>")
@endpoint()
def get_user(caller: Caller, user: str) -> Answer:
    """One user; 404 alike for absent and hidden."""
    return Answer(shown(people.visible_user(caller, user, domain_asked(caller))))


@blueprint.delete(f"{PATH}/<user>")
@endpoint(writes=True)
def delete_user(caller: Caller, user: str) -> Answer:
    """Delete for good."""
    found = people.visible_user(caller, user, domain_asked(caller))
    return Answer(shown(people.delete_user(found, caller)))


def domain_asked(caller: Caller) -> int:
    """The id of the domain the query names, or the caller's own."""
    return directory.domain_or_missing(read_query(InDomain).domain, caller.domain_id).id


def shown(subject: Subject) -> dict[str, object]:
    """The full object with the people and groups it names."""
    ids = (subject.created_by_id, subject.updated_by_id, subject.deleted_by_id)
    named = directory.subjects_by_id(one for one in ids if one is not None)
    return subject_json(subject, directory.groups_of(subject.id), named)
