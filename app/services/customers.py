"""The customer tree, as an administrator changes it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.directory import Customer
from app.services import audit
from app.services import directory
from app.services import standing
from app.services.callers import Caller
from app.services.facts import Asked
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing


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


def add(new: NewCustomer, caller: Caller) -> Customer:
    """A new customer below an existing one. Raises ``Denied``, ``Invalid``."""
    problems: list[FieldProblem] = []
    domain = directory.domain_named(new.domain, caller.domain_id, problems)
    parent = directory.find_customer(new.parent, domain.id) if domain is not None else None
    if domain is not None and (parent is None or not caller.rights.sees(parent.id)):
        problems.append(FieldProblem("parent", "There is no such customer in this domain.", "UNKNOWN"))
    if problems or parent is None:
        raise Invalid(*problems)
    caller.needs(Guard.ADD_CUSTOMER, parent.id)
    taken = select(Customer.id).where(
        Customer.domain_id == parent.domain_id, Customer.short_name == new.short_name
    )
    if db.session.execute(taken).first() is not None:
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
        created_by_id=caller.user_id,
        updated_at=now,
        updated_by_id=caller.user_id,
    )
    db.session.add(customer)
    db.session.flush()
    detail = {"id": customer.id, "shortName": customer.short_name, "parent": parent.short_name}
    audit.record("customer-add", caller.actor, detail=detail)
    standing.raise_policy_version()
    return customer


def visible(text: str, domain_id: int, caller: Caller) -> Customer:
    """A customer the caller administers. Raises ``Missing`` alike for absent and hidden."""
    customer = directory.find_customer(text, domain_id)
    if customer is None or not caller.allows(Asked(Guard.VIEW_CUSTOMERS, customer.id)):
        raise Missing("customer")
    return customer
