"""``/useradmin/v2/subject`` and ``/useradmin/v2/membership``: users and groups together, and memberships."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import build_page
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.domains import get_domain_id
from app.models.directory import Subject
from app.schemas.answers.subjects import MembershipShape
from app.schemas.answers.subjects import SubjectShape
from app.schemas.answers.subjects import build_membership_shapes
from app.schemas.answers.subjects import build_subject_shape
from app.schemas.answers.subjects import build_subject_shapes
from app.schemas.common import InDomain
from app.schemas.requests.subject_search import MembershipList
from app.schemas.requests.subject_search import MembershipSearch
from app.schemas.requests.subject_search import MembershipsRemove
from app.schemas.requests.subject_search import SubjectList
from app.schemas.requests.subject_search import SubjectSearch
from app.schemas.requests.subjects import GroupsAdd
from app.services.access.callers import Caller
from app.services.administration import memberships
from app.services.administration import permission_search
from app.services.administration import subject_search
from app.services.administration import visibility

SUBJECT = "/useradmin/v2/subject"
MEMBERSHIP = "/useradmin/v2/membership"


@blueprint.get(SUBJECT)
@endpoint(answers=[SubjectShape], query=SubjectList)
def list_subjects(caller: Caller, query: SubjectList) -> Answer:
    """List the users and groups of the customers that the caller administers."""
    found = subject_search.search_administered(
        Subject, caller, query.as_criteria(), query.page, query.sort_by
    )
    return build_page(found, build_subject_shapes(found.rows))


@blueprint.post(f"{SUBJECT}/search")
@endpoint(answers=[SubjectShape], body=SubjectSearch)
def search_subjects(caller: Caller, body: SubjectSearch) -> Answer:
    """Search users and groups with a criteria object."""
    found = subject_search.search_administered(Subject, caller, body.as_criteria(), body.page, body.order)
    return build_page(found, build_subject_shapes(found.rows))


@blueprint.get(f"{SUBJECT}/<subject>")
@endpoint(answers=SubjectShape, query=InDomain)
def get_subject(caller: Caller, subject: str, query: InDomain) -> Answer:
    """Get one user or group. Absent and hidden ones both give 404."""
    return Answer(
        build_subject_shape(visibility.get_visible_subject(caller, subject, get_domain_id(query, caller)))
    )


@blueprint.post(f"{SUBJECT}/<subject>/groups")
@endpoint(answers=[MembershipShape], body=GroupsAdd, query=InDomain, changes_policy=True)
def add_to_groups(caller: Caller, subject: str, body: GroupsAdd, query: InDomain) -> Answer:
    """Add the subject to all of these groups, or none; returns the memberships."""
    found = visibility.get_visible_subject(caller, subject, get_domain_id(query, caller))
    return Answer(
        build_membership_shapes(memberships.add_to_groups(found, body.parent_groups, body.comment, caller))
    )


@blueprint.get(MEMBERSHIP)
@endpoint(answers=[MembershipShape], query=MembershipList)
def list_memberships(caller: Caller, query: MembershipList) -> Answer:
    """List memberships in groups of the customers that the caller administers."""
    found = permission_search.search_memberships(caller, query.as_criteria(), query.page)
    return build_page(found, build_membership_shapes(found.rows))


@blueprint.post(f"{MEMBERSHIP}/search")
@endpoint(answers=[MembershipShape], body=MembershipSearch)
def search_memberships(caller: Caller, body: MembershipSearch) -> Answer:
    """Search memberships with a criteria object."""
    found = permission_search.search_memberships(caller, body.as_criteria(), body.page, body.order)
    return build_page(found, build_membership_shapes(found.rows))


@blueprint.delete(MEMBERSHIP)
@endpoint(answers=[MembershipShape], query=MembershipsRemove, changes_policy=True)
def remove_memberships(caller: Caller, query: MembershipsRemove) -> Answer:
    """End all of these memberships, or none; returns them."""
    return Answer(
        build_membership_shapes(memberships.end_memberships(query.membership_id, query.comment, caller))
    )
