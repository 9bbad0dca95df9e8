"""Grant and revoke permissions. Callers cannot grant or revoke what they do not hold (security rule 59)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.authority import Function
from app.models.authority import Permission
from app.models.directory import Customer
from app.models.directory import Subject
from app.services.access import delegation
from app.services.access import directory
from app.services.access import held_rights
from app.services.access.callers import Caller
from app.services.access.facts import RequiredRight
from app.services.administration.visibility import may_see
from app.services.audit import trail
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing


@dataclass(frozen=True, slots=True)
class NewPermission:
    """The subject, function and customer of a new permission, each by id or name."""

    subject: str
    function: str
    customer: str
    comment: str | None = None


def check_grant(new: NewPermission, caller: Caller) -> tuple[Subject, Function, Customer]:
    """Return subject, function and customer, if the caller may grant it. Raises ``Denied``, ``Invalid``."""
    problems: list[FieldProblem] = []
    function = directory.find_function(new.function)
    if function is None:
        problems.append(FieldProblem("function", "There is no such function.", "UNKNOWN"))
    customer = directory.find_customer(new.customer, caller.domain_id)
    if customer is None or not caller.rights.allows_anything(customer.id):
        customer = None
        problems.append(FieldProblem("customer", "There is no such customer.", "UNKNOWN"))
    subject = directory.find_subject(new.subject, caller.domain_id)
    if subject is None or not may_see(caller, subject):
        subject = None
        problems.append(FieldProblem("subject", "There is no such user or group.", "UNKNOWN"))
    if customer is not None:
        caller.require(Guard.GRANT_ROLE, customer.id)
    if function is None or customer is None or subject is None:
        raise Invalid(*problems)
    if not delegation.holds_all(caller, function.id, customer.id):
        raise Invalid(delegation.report_not_held("function"))
    return subject, function, customer


def grant_permission(new: NewPermission, caller: Caller) -> Permission:
    """Grant a permission; an identical live one is returned as it is. Raises ``Denied``, ``Invalid``."""
    subject, function, customer = check_grant(new, caller)
    known = db.session.execute(
        select(Permission).where(
            Permission.subject_id == subject.id,
            Permission.function_id == function.id,
            Permission.customer_id == customer.id,
            Permission.revoked_at.is_(None),
        )
    ).scalar_one_or_none()
    if known is not None:
        return known
    permission = Permission(
        subject_id=subject.id,
        function_id=function.id,
        customer_id=customer.id,
        comment=new.comment,
        granted_at=clock.now(),
        granted_by_id=caller.actor.id,
    )
    db.session.add(permission)
    db.session.flush()
    _record("permission-grant", permission, caller)
    held_rights.raise_rights_version(subject)
    return permission


def get_revocable(permission_id: int, caller: Caller) -> Permission:
    """Return a live permission that the caller may revoke. Raises ``Denied``, ``Invalid``, ``Missing``."""
    permission = db.session.get(Permission, permission_id)
    if (
        permission is None
        or permission.revoked_at is not None
        or not caller.allows(RequiredRight(Guard.VIEW_PERMISSIONS, permission.customer_id))
    ):
        raise Missing("permission")
    caller.require(Guard.REVOKE_ROLE, permission.customer_id)
    if not delegation.holds_all(caller, permission.function_id, permission.customer_id):
        raise Invalid(delegation.report_not_held("permissionID"))
    return permission


def revoke_permission(permission_id: int, comment: str | None, caller: Caller) -> Permission:
    """Revoke a permission: it has no effect from the next request on. Raises as ``get_revocable``."""
    permission = get_revocable(permission_id, caller)
    permission.revoked_at = clock.now()
    permission.revoked_by_id = caller.actor.id
    permission.revoke_comment = comment
    db.session.flush()
    _record("permission-revoke", permission, caller)
    held_rights.raise_rights_version(permission.subject)
    return permission


def grant_all(new: Sequence[NewPermission], caller: Caller) -> list[Permission]:
    """Grant all or none. Raises as ``grant_permission``, naming the item."""
    granted = []
    for number, one in enumerate(new):
        try:
            granted.append(grant_permission(one, caller))
        except Invalid as problem:
            raise Invalid(
                *(replace(p, field=f"permissions[{number}].{p.field}") for p in problem.problems)
            ) from None
    return granted


def revoke_all(ids: Sequence[int], comment: str | None, caller: Caller) -> list[Permission]:
    """Revoke all of these permissions, or none. Raises as ``revoke_permission``."""
    return [revoke_permission(one, comment, caller) for one in dict.fromkeys(ids)]


def _record(action: str, permission: Permission, caller: Caller) -> None:
    detail = {
        "id": permission.id,
        "subject": permission.subject.short_name,
        "function": permission.function.name,
        "customer": permission.customer.short_name,
    }
    trail.record(action, caller.actor, user=trail.find_concerned_user(permission.subject), detail=detail)
