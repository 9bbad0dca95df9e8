"""``/useradmin/v2/user``."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.domains import asked_domain
from app.api.schemas.common import InDomain
from app.api.schemas.subjects import UserAdd
from app.api.shapes.subjects import UserShape
from app.api.shapes.subjects import subject_shown
from app.services import people
from app.services.callers import Caller

PATH = "/useradmin/v2/user"


@blueprint.post(PATH)
@endpoint(answers=UserShape, body=UserAdd, statuses=(201,), writes=True)
def add_user(caller: Caller, body: UserAdd) -> Answer:
    """A new user, without a password."""
    return Answer(subject_shown(people.add_user(body.as_new(), caller)), status=201)


@blueprint.get(f"{PATH}/<user>")
@endpoint(answers=UserShape, query=InDomain)
def get_user(caller: Caller, user: str, query: InDomain) -> Answer:
    """One user; 404 alike for absent and hidden."""
    return Answer(subject_shown(people.visible_user(caller, user, asked_domain(query, caller))))


@blueprint.delete(f"{PATH}/<user>")
@endpoint(answers=UserShape, query=InDomain, writes=True)
def delete_user(caller: Caller, user: str, query: InDomain) -> Answer:
    """Delete for good."""
    found = people.visible_user(caller, user, asked_domain(query, caller))
    return Answer(subject_shown(people.delete_user(found, caller)))
