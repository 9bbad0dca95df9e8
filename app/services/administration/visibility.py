"""Which users and groups a caller may know of, and which a caller may change.

A subject is visible to callers with ``viewUsers`` for its customer, and to the person itself; for others it
is absent. What acts for a person, an application or an impersonator, is not the person.
"""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy import select

from app.extensions import db
from app.models.directory import Group
from app.models.directory import Subject
from app.models.directory import User
from app.policy import names
from app.policy.ways_in import WayIn
from app.services.access import delegation
from app.services.access import directory
from app.services.access import ways_in
from app.services.access.callers import Caller
from app.services.access.facts import RequiredRight
from app.services.guards import Guard
from app.services.login import reauthentication
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing

S = TypeVar("S", bound=Subject)
OWN = "Change your own account by proof of presence."


def may_see(caller: Caller, subject: Subject, guard: Guard = Guard.VIEW_USERS) -> bool:
    """Tell whether the caller may know of a subject:
    it is the person's own account, or the caller holds the guard.
    """
    if caller.is_self(subject.id):
        return bool(caller.decision)
    return bool(caller.allows(RequiredRight(guard, subject.customer_id)))


def get_visible_subject(caller: Caller, text: str, domain_id: int) -> Subject:
    """Return a live subject the caller may know of. Raises ``Missing`` for absent and hidden ones alike."""
    subject = directory.find_subject(text, domain_id)
    if subject is None or not may_see(caller, subject):
        raise Missing("subject")
    return subject


def get_basic_subject(caller: Caller, text: str, domain_id: int) -> Subject:
    """Return a live subject the caller may know in the reduced view.
    Raises ``Missing`` for absent and hidden ones.
    """
    subject = directory.find_subject(text, domain_id)
    if subject is None or not may_see(caller, subject, Guard.VIEW_BASIC_SUBJECT):
        raise Missing("subject")
    return subject


def get_visible_user(caller: Caller, text: str, domain_id: int) -> User:
    """As ``get_visible_subject``, for a user."""
    subject = get_visible_subject(caller, text, domain_id)
    if not isinstance(subject, User):
        raise Missing("user")
    return subject


def get_visible_group(caller: Caller, text: str, domain_id: int) -> Group:
    """As ``get_visible_subject``, for a group."""
    subject = get_visible_subject(caller, text, domain_id)
    if not isinstance(subject, Group):
        raise Missing("group")
    return subject


def get_guarded_user(caller: Caller, text: str, domain_id: int, guard: Guard) -> User:
    """Return a user for whom the caller holds the guard,
    and who holds nothing that the caller lacks (rule 59).

    Raises ``Missing``, ``Denied``, ``NotHeld``.
    """
    user = get_visible_user(caller, text, domain_id)
    caller.require(guard, user.customer_id)
    delegation.require_not_above(caller, user)
    return user


def get_user_to_let_in(caller: Caller, text: str, domain_id: int, guard: Guard, way: WayIn) -> User:
    """Return a user for whom the caller holds the guard, and may open this way in.

    Raises ``NotPersonal``, ``Missing``, ``Denied``, ``NotHeld``, ``StrongerLoginNeeded``.
    """
    ways_in.require_personal(caller, way)
    user = get_visible_user(caller, text, domain_id)
    caller.require(guard, user.customer_id)
    ways_in.require(caller, way, user)
    return user


def get_other_user(caller: Caller, text: str, domain_id: int, guard: Guard, way: WayIn) -> User:
    """As ``get_user_to_let_in``, for another user; the own account is changed by proof of presence."""
    user = get_user_to_let_in(caller, text, domain_id, guard, way)
    if user.id == caller.user_id:
        raise Invalid(FieldProblem("user", OWN, "OWN_ACCOUNT"))
    return user


def get_user_for_keys(caller: Caller, text: str, domain_id: int) -> User:
    """Return a user whose keys the caller may see and end:
    also the caller, but never by an application's session.
    """
    reauthentication.require_personal(caller)
    return get_guarded_user(caller, text, domain_id, Guard.ADMINISTRATIVE_API_KEY)


def get_deleted_subject(kind: type[S], caller: Caller, text: str, domain_id: int) -> S:
    """Find a deleted subject by id or by its former name (the last one of that name). Raises ``Missing``."""
    named: ColumnElement[bool] = Subject.short_name_key.in_(names.list_keys(text))
    if directory.is_numeric(text):
        named = Subject.id == directory.as_id(text)
    row = db.session.execute(
        select(kind)
        .where(
            Subject.domain_id == domain_id,
            Subject.deleted_at.is_not(None),
            named,
        )
        .order_by(Subject.deleted_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    if row is None or not may_see(caller, row):
        raise Missing("subject")
    return row
