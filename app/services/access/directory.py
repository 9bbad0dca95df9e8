"""Look-ups of domains, customers, functions, users and groups.

``find_...`` takes an id or a name as text and finds live rows: digits are an id and never a name, also when
nothing has this id (design decision 26). Look-ups by id find deleted rows too: what names one must stay
readable. These functions do not check who may see the results.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import BigInteger
from sqlalchemy import ColumnElement
from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy import type_coerce

from app.extensions import db
from app.models.authority import Function
from app.models.directory import Customer
from app.models.directory import Domain
from app.models.directory import Group
from app.models.directory import Membership
from app.models.directory import Subject
from app.models.directory import User
from app.models.state import SystemState
from app.policy import names
from app.services.access import held_rights
from app.services.problems import FieldProblem
from app.services.problems import Missing

R = TypeVar("R")

# The name that ``init`` gives to the root customer.
ROOT_NAME = "Root"


def is_numeric(text: str) -> bool:
    """Tell whether the text in a path or body can only be an id: it is all digits."""
    return text.isascii() and text.isdigit()


def as_id(text: str) -> int | None:
    """Parse the id in a path or body: decimal as we write it, in 63 bits; else ``None``."""
    written = is_numeric(text) and len(text) <= 18 and (text == "0" or not text.startswith("0"))
    return int(text) if written else None


# --- domains and customers -------------------------------------------------------------------------------


def get_home_domain() -> Domain:
    """Return the domain that ``init`` made; functions are guarded at its root customer."""
    return db.session.execute(
        select(Domain).join(SystemState, SystemState.home_domain_id == Domain.id)
    ).scalar_one()


def find_domain(text: str) -> Domain | None:
    """Find a domain by id or name."""
    if is_numeric(text):
        # The column is narrower than the ids of everything else, and PostgreSQL refuses what does not fit.
        numbered = select(Domain).where(type_coerce(Domain.id, BigInteger) == as_id(text))
        return db.session.execute(numbered).scalar_one_or_none()
    alike = select(Domain).where(func.lower(Domain.name) == names.fold_name(text)).order_by(Domain.id)
    return choose_named(list(db.session.execute(alike).scalars()), "name", text)


def find_named_domain(text: str | None, default_id: int, problems: list[FieldProblem]) -> Domain | None:
    """Find the domain that a field names, or the default; an unknown one is added to ``problems``."""
    if text is None:
        return db.session.get(Domain, default_id)
    domain = find_domain(text)
    if domain is None:
        problems.append(FieldProblem("domain", "There is no such domain.", "UNKNOWN"))
    return domain


def get_domain(text: str | None, default_id: int) -> Domain:
    """Return the domain that a query names, or the default. Raises ``Missing``."""
    problems: list[FieldProblem] = []
    domain = find_named_domain(text, default_id, problems)
    if domain is None:
        raise Missing("domain")
    return domain


def list_domains_by_id(ids: Iterable[int]) -> list[Domain]:
    """List the domains of these ids, by name."""
    return list(
        db.session.execute(select(Domain).where(Domain.id.in_(list(ids))).order_by(Domain.name)).scalars()
    )


def get_root_customer(domain_id: int) -> Customer:
    """Return the customer at the top of a domain."""
    return db.session.execute(
        select(Customer).where(Customer.domain_id == domain_id, Customer.parent_id.is_(None))
    ).scalar_one()


def get_customer(customer_id: int) -> Customer:
    """Return a customer that is known to exist."""
    return db.session.get_one(Customer, customer_id)


def find_customer(text: str, domain_id: int) -> Customer | None:
    """Find a customer by id, or by short name in the domain."""
    if is_numeric(text):
        number = as_id(text)
        return db.session.get(Customer, number) if number is not None else None
    named = Customer.short_name_key.in_(names.list_keys(text))
    rows = db.session.execute(select(Customer).where(Customer.domain_id == domain_id, named)).scalars()
    return choose_named(list(rows), "short_name", text)


def list_customers_by_id(ids: Iterable[int]) -> list[Customer]:
    """List the customers of these ids, by short name."""
    statement = select(Customer).where(Customer.id.in_(list(ids))).order_by(Customer.short_name)
    return list(db.session.execute(statement).scalars())


# --- functions ----------------------------------------------------------------------------------------


def find_function(text: str) -> Function | None:
    """Find a live function by id or name."""
    if not is_numeric(text):
        return find_function_by_name(text)
    return db.session.execute(
        select(Function).where(Function.id == as_id(text), Function.deleted_at.is_(None))
    ).scalar_one_or_none()


def list_functions_named(text: str, *, deleted: bool = False) -> list[Function]:
    """List the live function of this id or name, and with ``deleted`` also those that are no more."""
    if not deleted:
        found = find_function(text)
        return [found] if found is not None else []
    named: ColumnElement[bool] = Function.name_key.in_(names.list_keys(text))
    if is_numeric(text):
        named = Function.id == as_id(text)
    return list(db.session.execute(select(Function).where(named)).scalars())


def find_function_by_name(name: str) -> Function | None:
    """Find the live function of this name."""
    named = Function.name_key.in_(names.list_keys(name)) & Function.deleted_at.is_(None)
    return choose_named(list(db.session.execute(select(Function).where(named)).scalars()), "name", name)


def list_functions_by_name(exact: Iterable[str]) -> list[Function]:
    """List the live functions of exactly these names, by name."""
    named = Function.name.in_(list(exact)) & Function.deleted_at.is_(None)
    return list(db.session.execute(select(Function).where(named).order_by(Function.name)).scalars())


def list_functions_by_id(ids: Iterable[int]) -> list[Function]:
    """List the functions of these ids, deleted ones too, in the order of their names."""
    statement = select(Function).where(Function.id.in_(list(ids))).order_by(Function.name)
    return list(db.session.execute(statement).scalars())


# --- subjects --------------------------------------------------------------------------------------------


def find_subject(text: str, domain_id: int) -> Subject | None:
    """Find a live user or group by id, or by short name in the domain."""
    if not is_numeric(text):
        return find_subject_by_name(text, domain_id)
    return db.session.execute(
        select(Subject).where(Subject.id == as_id(text), Subject.deleted_at.is_(None))
    ).scalar_one_or_none()


def find_subject_by_name(name: str, domain_id: int) -> Subject | None:
    """Find a live user or group by short name only, never by id: login forms accept only names."""
    named = Subject.short_name_key.in_(names.list_keys(name)) & Subject.deleted_at.is_(None)
    rows = db.session.execute(select(Subject).where(Subject.domain_id == domain_id, named)).scalars()
    return choose_named(list(rows), "short_name", name)


def list_subjects_named(text: str, domain_ids: Collection[int], *, deleted: bool = False) -> list[Subject]:
    """List the live users and groups of this id, or of this short name in the domains; with ``deleted`` also
    those that are no more.
    """
    if not deleted:
        found = (find_subject(text, domain) for domain in domain_ids)
        return [one for one in found if one is not None]
    alike = Subject.short_name_key.in_(names.list_keys(text))
    named: ColumnElement[bool] = Subject.domain_id.in_(domain_ids) & alike
    if is_numeric(text):
        named = Subject.id == as_id(text)
    return list(db.session.execute(select(Subject).where(named)).scalars())


def find_user(text: str, domain_id: int) -> User | None:
    """Find a live user by id, or by short name in the domain."""
    found = find_subject(text, domain_id)
    return found if isinstance(found, User) else None


def find_group(text: str, domain_id: int) -> Group | None:
    """Find a live group by id, or by short name in the domain."""
    found = find_subject(text, domain_id)
    return found if isinstance(found, Group) else None


def get_user(user_id: int) -> User:
    """Return a user that is known to exist, deleted or not."""
    return db.session.get_one(User, user_id)


def load_subjects_by_id(ids: Iterable[int]) -> dict[int, Subject]:
    """Load subjects of these ids, also deleted ones, for "created by" and the like."""
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    found = db.session.execute(select(Subject).where(Subject.id.in_(wanted))).scalars()
    return {subject.id: subject for subject in found}


def list_groups(subject_id: int) -> list[Group]:
    """List all live groups of a subject, direct and indirect, by short name."""
    return list_groups_by_id(held_rights.list_group_ids(subject_id))


def list_groups_by_id(ids: Iterable[int]) -> list[Group]:
    """List the groups of these ids, by short name."""
    statement = select(Group).where(Group.id.in_(list(ids))).order_by(Group.short_name)
    return list(db.session.execute(statement).scalars())


def load_direct_groups(subject_ids: Iterable[int]) -> dict[int, list[Group]]:
    """Load the live groups that each of these subjects is a direct member of, by short name; one query."""
    statement = (
        select(Membership.member_id, Group)
        .join(Group, Group.id == Membership.group_id)
        .where(
            Membership.member_id.in_(list(subject_ids)),
            Membership.removed_at.is_(None),
            Group.deleted_at.is_(None),
        )
        .order_by(Group.short_name)
    )
    found: dict[int, list[Group]] = {}
    for member_id, group in db.session.execute(statement):
        found.setdefault(member_id, []).append(group)
    return found


def choose_named(rows: Sequence[R], column: str, text: str) -> R | None:
    """Return the row of this very name, else the one of a name that is compared alike."""
    exact = (row for row in rows if getattr(row, column) == text.strip())
    return next(exact, None) or next(iter(rows), None)


def read_phone(user_id: int) -> str:
    """Return the user's telephone number in international form, or empty text."""
    user = get_user(user_id)
    return write_phone(user.phone_country_code, user.phone_national_number)


def write_phone(country_code: str | None, national_number: str | None) -> str:
    """Write a telephone number in international form, or empty text."""
    return f"+{(country_code or '').lstrip('+')}{national_number}" if national_number else ""
