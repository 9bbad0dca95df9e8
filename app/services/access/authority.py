"""What may be done: look-ups over functions, and *nobody gives what he does not hold*."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from app.extensions import db
from app.models.authority import Function
from app.policy.rights import Rights
from app.policy.rights import resolve
from app.services.access import directory
from app.services.access.callers import Caller


def find_function(text: str) -> Function | None:
    """A live function by id or name."""
    number = directory.as_id(text)
    if number is not None:
        by_id = db.session.execute(
            select(Function).where(Function.id == number, Function.deleted_at.is_(None))
        ).scalar_one_or_none()
        if by_id is not None:
            return by_id
    return named(text)


def named(name: str) -> Function | None:
    """The live function of this name."""
    return db.session.execute(
        select(Function).where(Function.name == name, Function.deleted_at.is_(None))
    ).scalar_one_or_none()


def functions_by_id(ids: Iterable[int]) -> list[Function]:
    """Live functions of these ids, by name."""
    statement = select(Function).where(Function.id.in_(list(ids))).order_by(Function.name)
    return list(db.session.execute(statement).scalars())


def holds_all(caller: Caller, function_id: int, customer_id: int) -> bool:
    """Whether the caller holds this function, with everything below it, for this customer.

    Compares what is *held* within session constraints and whatever the level (design decision 17).
    """
    return caller.delegable.covers(rights_given(caller, function_id, customer_id))


def rights_given(caller: Caller, function_id: int, customer_id: int) -> Rights:
    """The rights that a permission on this function and customer would give anybody."""
    question = caller.question
    return resolve([(function_id, customer_id)], question.graph, question.tree)
