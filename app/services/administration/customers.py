"""The customer tree, as administrators change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.authority import Permission
from app.models.directory import Customer
from app.policy.ways_in import RETURN
from app.services.access import delegation
from app.services.access import directory
from app.services.access import held_rights
from app.services.access import ways_in
from app.services.access.callers import Caller
from app.services.access.facts import RequiredRight
from app.services.audit import trail
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing

SOMEBODY_ABOVE = (
    "A user who belongs to it, or below it, may do more than this session: ask somebody who holds all of it, "
    "or log in more strongly."
)


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """What an administrator sends for a new customer."""

    short_name: str
    name: str
    parent: str
    domain: str | None
    type: str
    language: str
    time_zone: str
    flags: tuple[str, ...]


def add_customer(new: NewCustomer, caller: Caller) -> Customer:
    """Add a customer below an existing one. Raises ``Denied``, ``Invalid``."""
    problems: list[FieldProblem] = []
    domain = directory.find_named_domain(new.domain, caller.domain_id, problems)
    parent = directory.find_customer(new.parent, domain.id) if domain is not None else None
    if domain is not None and (parent is None or not caller.rights.allows_anything(parent.id)):
        problems.append(FieldProblem("parent", "There is no such customer in this domain.", "UNKNOWN"))
    if problems or parent is None:
        raise Invalid(*problems)
    caller.require(Guard.ADD_CUSTOMER, parent.id)
    if directory.find_customer(new.short_name, parent.domain_id) is not None:
        raise Invalid(FieldProblem("shortName", "This short name is taken. Choose another.", "TAKEN"))
    now = clock.now()
    customer = Customer(
        domain_id=parent.domain_id,
        parent_id=parent.id,
        short_name=new.short_name,
        name=new.name,
        type=new.type,
        language=new.language,
        time_zone=new.time_zone,
        flags=list(new.flags),
        created_at=now,
        created_by_id=caller.actor.id,
        updated_at=now,
        updated_by_id=caller.actor.id,
    )
    db.session.add(customer)
    db.session.flush()
    detail = {"id": customer.id, "shortName": customer.short_name, "parent": parent.short_name}
    trail.record("customer-add", caller.actor, detail=detail)
    held_rights.raise_policy_version()
    return customer


def update_customer(customer: Customer, changes: Mapping[str, Any], caller: Caller) -> Customer:
    """Change the columns that were sent; ``flags`` maps a flag to a boolean. Raises as ``add_customer``."""
    caller.require(Guard.UPDATE_CUSTOMER, customer.id)
    columns = dict(changes)
    switched: dict[str, bool] = columns.pop("flags", {})
    name = columns.get("short_name", customer.short_name)
    if directory.find_customer(name, customer.domain_id) not in (None, customer):
        raise Invalid(FieldProblem("shortName", "This short name is taken. Choose another.", "TAKEN"))
    for column, value in columns.items():
        setattr(customer, column, value)
    kept = [flag for flag in customer.flags if switched.get(flag, True)]
    customer.flags = [*kept, *(flag for flag, on in switched.items() if on and flag not in kept)]
    _record_change("customer-update", customer, caller, {"changed": sorted(changes)})
    return customer


def disable_customer(customer: Customer, caller: Caller) -> Customer:
    """Disable a customer: permissions on it and below have no effect, its users cannot log in; so the caller
    leaves alone one with a user above the caller (rule 59). Raises as ``update_customer``.
    """
    caller.require(Guard.DELETE_CUSTOMER, customer.id)
    if customer.parent_id is None:
        raise Invalid(FieldProblem("customer", "The root of a domain cannot be disabled.", "NOT_ALLOWED"))
    _require_nobody_above(customer, caller)
    if customer.disabled_at is None:
        customer.disabled_at = clock.now()
        endings.end(Event.CUSTOMER_DISABLED, customer, caller.actor)
        _record_change("customer-disable", customer, caller, {})
    return customer


def reenable_customer(text: str, domain_id: int, caller: Caller) -> Customer:
    """Undo ``disable_customer``: its users come back. The guard is checked at the customer above,
    because nothing is held for a disabled one.

    Raises ``Denied``, ``Missing``, ``NotPersonal``, ``Invalid``.
    """
    ways_in.require_personal(caller, RETURN)
    customer = directory.find_customer(text, domain_id)
    at = customer.parent_id if customer is not None and customer.disabled_at is not None else None
    if customer is None or at is None:
        customer = get_visible_customer(text, domain_id, caller)
        caller.require(Guard.ADD_CUSTOMER, customer.id)
        return customer
    if not caller.allows(RequiredRight(Guard.VIEW_CUSTOMERS, at)):
        raise Missing("customer")
    caller.require(Guard.ADD_CUSTOMER, at)
    _require_nobody_above(customer, caller)
    customer.disabled_at = None
    endings.end(Event.CUSTOMER_REENABLED, customer, caller.actor)
    _record_change("customer-reenable", customer, caller, {})
    return customer


def move_customer(customer: Customer, parent: str, caller: Caller) -> Customer:
    """Move a customer, with everything below it, under another of its domain. Raises ``Denied``, ``Invalid``.

    Subjects with permissions above the new place gain them here, and subjects above the old place lose them.
    So the caller must hold all of these functions for the moved customer (security rule 59).
    """
    caller.require(Guard.MOVE_CUSTOMER, customer.id)
    target = directory.find_customer(parent, customer.domain_id)
    if (
        target is None
        or target.domain_id != customer.domain_id
        or not caller.rights.allows_anything(target.id)
    ):
        raise Invalid(FieldProblem("parent", "There is no such customer in this domain.", "UNKNOWN"))
    caller.require(Guard.MOVE_CUSTOMER, target.id)
    if customer.parent_id is None:
        raise Invalid(FieldProblem("customer", "The root of a domain stays where it is.", "NOT_ALLOWED"))
    if caller.question.tree.covers(customer.id, target.id):
        raise Invalid(FieldProblem("parent", "A customer cannot stand below itself.", "CYCLE"))
    if not all(
        delegation.holds_all(caller, f, customer.id)
        for f in _list_functions_changing_hands(customer, target, caller)
    ):
        raise Invalid(delegation.report_not_held("parent"))
    customer.parent_id = target.id
    endings.end(Event.CUSTOMER_MOVED, customer, caller.actor)
    _record_change("customer-move", customer, caller, {"parent": target.short_name})
    return customer


def _require_nobody_above(customer: Customer, caller: Caller) -> None:
    lack = delegation.find_lack_over_members(caller, customer.id)
    if lack is not None:
        raise Invalid(FieldProblem("customer", SOMEBODY_ABOVE, delegation.PROBLEMS[lack].code))


def _list_functions_changing_hands(customer: Customer, target: Customer, caller: Caller) -> list[int]:
    """List the functions granted above one of the two places and not above the other."""
    tree = caller.question.tree
    differing = frozenset(tree.list_ancestors(customer.id)[1:]) ^ frozenset(tree.list_ancestors(target.id))
    statement = select(Permission.function_id).where(
        Permission.customer_id.in_(differing), Permission.revoked_at.is_(None)
    )
    return list(db.session.execute(statement.distinct()).scalars())


def _record_change(action: str, customer: Customer, caller: Caller, detail: dict[str, Any]) -> None:
    customer.updated_at, customer.updated_by_id = clock.now(), caller.actor.id
    db.session.flush()
    trail.record(action, caller.actor, detail={"id": customer.id, "shortName": customer.short_name} | detail)
    held_rights.raise_policy_version()


def get_visible_customer(
    text: str, domain_id: int, caller: Caller, guard: Guard = Guard.VIEW_CUSTOMERS
) -> Customer:
    """Return a customer the caller holds the guard for.
    Raises ``Missing`` for absent and hidden ones alike.
    """
    customer = directory.find_customer(text, domain_id)
    if customer is None or not caller.allows(RequiredRight(guard, customer.id)):
        raise Missing("customer")
    return customer
