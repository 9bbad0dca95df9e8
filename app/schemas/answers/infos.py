"""Small objects that other answers embed (contract 1.9), and the history of an administrative object."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import Literal
from typing import Self

from app.models.authority import Function
from app.models.directory import Customer
from app.models.directory import Domain
from app.models.directory import Subject
from app.schemas.wire import Shape
from app.schemas.wire import to_millis

People = Mapping[int, Subject]
OldLevel = Literal["EXTERNAL", "DEFAULT", "ADMINISTRATIVE"]
OLD_LEVELS: dict[int, OldLevel] = {1: "EXTERNAL", 2: "DEFAULT", 3: "ADMINISTRATIVE"}


class Nothing(Shape):
    """An empty object: the status alone is the answer."""


class DomainInfo(Shape):
    id: int
    name: str

    @classmethod
    def from_row(cls, domain: Domain) -> Self:
        return cls(id=domain.id, name=domain.name)


class CustomerInfo(Shape):
    id: int
    name: str
    short_name: str
    domain: DomainInfo

    @classmethod
    def from_row(cls, customer: Customer) -> CustomerInfo:
        return CustomerInfo(
            id=customer.id,
            name=customer.name,
            short_name=customer.short_name,
            domain=DomainInfo.from_row(customer.domain),
        )


class FunctionInfo(Shape):
    id: int
    name: str

    @classmethod
    def from_row(cls, function: Function) -> FunctionInfo:
        return FunctionInfo(id=function.id, name=function.name)


class FunctionBrief(FunctionInfo):
    """The older form of ``/session/function`` and ``/currentuser/v1/functions``."""

    description: str
    flags: list[Literal["ROLE", "SYSADM"]]
    security_level: OldLevel

    @classmethod
    def from_row(cls, function: Function) -> FunctionBrief:
        return FunctionBrief(
            id=function.id,
            name=function.name,
            description=function.description or "",
            flags=list_set_flags(("ROLE", function.role), ("SYSADM", function.sysadm)),
            security_level=OLD_LEVELS[function.minimum_security_level],
        )


class SubjectInfo(Shape):
    """A user or a group."""

    id: int
    short_name: str
    name: str
    type: Literal["user", "group"]
    customer: CustomerInfo
    domain: DomainInfo
    flags: list[Literal["deleted"]]

    @classmethod
    def from_row(cls, subject: Subject) -> SubjectInfo:
        return SubjectInfo(
            **collect_subject_fields(subject), flags=list_set_flags(("deleted", subject.deleted_at))
        )


class History(Shape):
    """Who created and changed the object, and when (epoch milliseconds; 0 means *never*)."""

    created_timestamp: int
    created_by_user: SubjectInfo | None
    last_updated_timestamp: int
    last_updated_by_user: SubjectInfo | None


def list_set_flags(*named: tuple[str, object]) -> list[Any]:
    """List the names of flags that are set."""
    return [name for name, value in named if value]


def collect_subject_fields(subject: Subject) -> dict[str, Any]:
    """Collect the fields that every form of a subject starts with."""
    return {
        "id": subject.id,
        "short_name": subject.short_name,
        "name": subject.name,
        "type": subject.kind,
        "customer": CustomerInfo.from_row(subject.customer),
        "domain": DomainInfo.from_row(subject.domain),
    }


def build_person_info(people: People, user_id: int | None) -> SubjectInfo | None:
    """Build the info of the user with this id, if still known."""
    subject = people.get(user_id) if user_id is not None else None
    return SubjectInfo.from_row(subject) if subject is not None else None


def collect_history_fields(row: Any, people: People) -> dict[str, Any]:
    """Collect the fields of ``History`` from a row that has them."""
    return {
        "created_timestamp": to_millis(row.created_at),
        "created_by_user": build_person_info(people, row.created_by_id),
        "last_updated_timestamp": to_millis(row.updated_at),
        "last_updated_by_user": build_person_info(people, row.updated_by_id),
    }


def collect_people_ids(rows: Iterable[Any], *columns: str) -> set[int]:
    """Collect the ids of all users that these rows name, so that one query can load them."""
    found = {getattr(row, column, None) for row in rows for column in columns}
    return {one for one in found if one is not None}
