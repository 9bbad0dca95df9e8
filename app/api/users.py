"""``/users/v2`` (contract 4.2): the reduced view of users, groups and functions, open to most users."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import build_page
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.domains import get_domain_id
from app.models.directory import Group
from app.models.directory import Subject
from app.models.directory import User
from app.schemas.answers.functions import BasicFunction
from app.schemas.answers.subjects import BasicSubject
from app.schemas.answers.subjects import build_basic_subjects
from app.schemas.common import InDomain
from app.schemas.requests.function_search import BasicFunctionList
from app.schemas.requests.function_search import FunctionSearch
from app.schemas.requests.subject_search import SubjectGroups
from app.schemas.requests.subject_search import SubjectList
from app.schemas.requests.subject_search import SubjectSearch
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.administration import function_search
from app.services.administration import subject_search
from app.services.administration import visibility
from app.services.guards import Guard
from app.services.problems import Missing

PREFIX = "/users/v2"


@blueprint.get(f"{PREFIX}/user")
@endpoint(answers=[BasicSubject], query=SubjectList)
def list_basic_users(caller: Caller, query: SubjectList) -> Answer:
    """List the users of the customers that the caller may know of."""
    return _list(caller, query, User)


@blueprint.get(f"{PREFIX}/group")
@endpoint(answers=[BasicSubject], query=SubjectList)
def list_basic_groups(caller: Caller, query: SubjectList) -> Answer:
    """List the groups of the customers that the caller may know of."""
    return _list(caller, query, Group)


@blueprint.get(f"{PREFIX}/subject")
@endpoint(answers=[BasicSubject], query=SubjectList)
def list_basic_subjects(caller: Caller, query: SubjectList) -> Answer:
    """List users and groups together."""
    return _list(caller, query, Subject)


@blueprint.post(f"{PREFIX}/user/search")
@endpoint(answers=[BasicSubject], body=SubjectSearch)
def search_basic_users(caller: Caller, body: SubjectSearch) -> Answer:
    """Search users with a criteria object."""
    return _search(caller, body, User)


@blueprint.post(f"{PREFIX}/group/search")
@endpoint(answers=[BasicSubject], body=SubjectSearch)
def search_basic_groups(caller: Caller, body: SubjectSearch) -> Answer:
    """Search groups with a criteria object."""
    return _search(caller, body, Group)


@blueprint.post(f"{PREFIX}/subject/search")
@endpoint(answers=[BasicSubject], body=SubjectSearch)
def search_basic_subjects(caller: Caller, body: SubjectSearch) -> Answer:
    """Search users and groups with a criteria object."""
    return _search(caller, body, Subject)


@blueprint.get(f"{PREFIX}/user/<subject>")
@endpoint(answers=BasicSubject, query=InDomain)
def get_basic_user(caller: Caller, subject: str, query: InDomain) -> Answer:
    """Get one user. Absent and hidden users both give 404."""
    return _get_one(caller, subject, query, User)


@blueprint.get(f"{PREFIX}/group/<subject>")
@endpoint(answers=BasicSubject, query=InDomain)
def get_basic_group(caller: Caller, subject: str, query: InDomain) -> Answer:
    """Get one group. Absent and hidden groups both give 404."""
    return _get_one(caller, subject, query, Group)


@blueprint.get(f"{PREFIX}/subject/<subject>")
@endpoint(answers=BasicSubject, query=InDomain)
def get_basic_subject(caller: Caller, subject: str, query: InDomain) -> Answer:
    """Get one user or group. Absent and hidden ones both give 404."""
    return _get_one(caller, subject, query, Subject)


@blueprint.get(f"{PREFIX}/subject/<subject>/groups")
@endpoint(answers=[BasicSubject], query=SubjectGroups)
def groups_of_subject(caller: Caller, subject: str, query: SubjectGroups) -> Answer:
    """List the groups of a subject, direct and indirect, that belong to customers the caller administers."""
    found = visibility.get_visible_subject(caller, subject, caller.domain_id)
    groups = subject_search.list_groups_of(
        found, caller, query.page, query.sort_by, inherited=query.include_inherited
    )
    return build_page(groups, build_basic_subjects(groups.rows, caller))


@blueprint.get(f"{PREFIX}/function")
@endpoint(answers=[BasicFunction], query=BasicFunctionList)
def list_basic_functions(caller: Caller, query: BasicFunctionList) -> Answer:
    """List all functions."""
    found = function_search.search_functions(
        caller, Guard.VIEW_BASIC_FUNCTIONS, query.as_criteria(), query.page, query.sort_by
    )
    return build_page(found, [BasicFunction.from_row(row) for row in found.rows])


@blueprint.post(f"{PREFIX}/function/search")
@endpoint(answers=[BasicFunction], body=FunctionSearch)
def search_basic_functions(caller: Caller, body: FunctionSearch) -> Answer:
    """Search functions; with ``requirePermission`` only those the caller may use."""
    found = function_search.search_functions(
        caller, Guard.VIEW_BASIC_FUNCTIONS, body.as_criteria(), body.page, body.order
    )
    return build_page(found, [BasicFunction.from_row(row) for row in found.rows])


@blueprint.get(f"{PREFIX}/function/<function>")
@endpoint(answers=BasicFunction)
def get_basic_function(caller: Caller, function: str) -> Answer:
    """Get one function by id or name."""
    caller.require(Guard.VIEW_BASIC_FUNCTIONS)
    found = directory.find_function(function)
    if found is None:
        raise Missing("function")
    return Answer(BasicFunction.from_row(found))


def _list(caller: Caller, query: SubjectList, kind: type[Subject]) -> Answer:
    found = subject_search.search_related(kind, caller, query.as_criteria(), query.page, query.sort_by)
    return build_page(found, build_basic_subjects(found.rows, caller))


def _search(caller: Caller, body: SubjectSearch, kind: type[Subject]) -> Answer:
    found = subject_search.search_related(kind, caller, body.as_criteria(), body.page, body.order)
    return build_page(found, build_basic_subjects(found.rows, caller))


def _get_one(caller: Caller, text: str, query: InDomain, kind: type[Subject]) -> Answer:
    found = visibility.get_basic_subject(caller, text, get_domain_id(query, caller))
    if not isinstance(found, kind):
        raise Missing("subject")
    return Answer(build_basic_subjects([found], caller)[0])
