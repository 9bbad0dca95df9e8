"""Functions, the graph between them, and permissions (contract 4.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from typing import Literal

from app.models.authority import Function
from app.models.authority import FunctionEdge
from app.models.authority import Permission
from app.schemas.answers.infos import CustomerInfo
from app.schemas.answers.infos import FunctionInfo
from app.schemas.answers.infos import History
from app.schemas.answers.infos import People
from app.schemas.answers.infos import SubjectInfo
from app.schemas.answers.infos import build_person_info
from app.schemas.answers.infos import collect_history_fields
from app.schemas.answers.infos import collect_people_ids
from app.schemas.answers.infos import list_set_flags
from app.schemas.common import LEVEL_NAMES
from app.schemas.common import Level
from app.schemas.wire import Shape
from app.schemas.wire import to_millis
from app.services.access import directory

FunctionFlag = Literal["deleted", "role", "sysadm", "readOnly"]
RoleType = Literal["service", "case", "tool", "other"]


class BasicFunction(FunctionInfo):
    """A function as everybody sees it."""

    localized_name: str
    localized_description: str
    minimum_security_level: Level
    flags: list[FunctionFlag]
    role_type: RoleType

    @classmethod
    def from_row(cls, function: Function) -> BasicFunction:
        return BasicFunction(**_collect_basic_fields(function))


class FunctionShape(History):
    """A function as an administrator sees it."""

    id: int
    name: str
    localized_name: str
    localized_description: str
    localized_names: dict[str, str]
    localized_descriptions: dict[str, str]
    description: str | None
    minimum_security_level: Level
    flags: list[FunctionFlag]
    role_type: RoleType
    deleted_timestamp: int
    deleted_by_user: SubjectInfo | None


class MappingShape(Shape):
    """One edge of the graph, live or removed."""

    id: str
    parent: FunctionInfo
    child: FunctionInfo
    flags: list[Literal["deleted"]]
    created_by_user: SubjectInfo | None
    created_timestamp: int
    deleted_by_user: SubjectInfo | None
    deleted_timestamp: int


class PermissionShape(Shape):
    """A permission, live or revoked."""

    id: int
    subject: SubjectInfo
    function: FunctionInfo
    function_info: BasicFunction
    customer: CustomerInfo
    flags: list[Literal["deleted"]]
    granted_by_user: SubjectInfo | None
    granted_timestamp: int
    grant_comment: str | None
    revoked_by_user: SubjectInfo | None
    revoked_timestamp: int
    revoke_comment: str | None


def build_function_shapes(rows: Sequence[Function]) -> list[FunctionShape]:
    """Build the shapes of all rows with the users they name; one query."""
    people = directory.load_subjects_by_id(
        collect_people_ids(rows, "created_by_id", "updated_by_id", "deleted_by_id")
    )
    return [_build_function_shape(row, people) for row in rows]


def build_function_shape(row: Function) -> FunctionShape:
    """Build the shape of one function."""
    return build_function_shapes([row])[0]


def build_mapping_shapes(rows: Sequence[FunctionEdge]) -> list[MappingShape]:
    """Build the shapes of all rows with the functions and users they name; two queries."""
    people = directory.load_subjects_by_id(collect_people_ids(rows, "added_by_id", "removed_by_id"))
    named = {
        f.id: f for f in directory.list_functions_by_id(collect_people_ids(rows, "parent_id", "child_id"))
    }
    return [
        MappingShape(
            id=row.id,
            parent=FunctionInfo.from_row(named[row.parent_id]),
            child=FunctionInfo.from_row(named[row.child_id]),
            flags=list_set_flags(("deleted", row.removed_at)),
            created_by_user=build_person_info(people, row.added_by_id),
            created_timestamp=to_millis(row.added_at),
            deleted_by_user=build_person_info(people, row.removed_by_id),
            deleted_timestamp=to_millis(row.removed_at),
        )
        for row in rows
    ]


def build_permission_shapes(rows: Sequence[Permission]) -> list[PermissionShape]:
    """Build the shapes of all rows with the users they name; one query."""
    people = directory.load_subjects_by_id(collect_people_ids(rows, "granted_by_id", "revoked_by_id"))
    return [
        PermissionShape(
            id=row.id,
            subject=SubjectInfo.from_row(row.subject),
            function=FunctionInfo.from_row(row.function),
            function_info=BasicFunction.from_row(row.function),
            customer=CustomerInfo.from_row(row.customer),
            flags=list_set_flags(("deleted", row.revoked_at)),
            granted_by_user=build_person_info(people, row.granted_by_id),
            granted_timestamp=to_millis(row.granted_at),
            grant_comment=row.comment,
            revoked_by_user=build_person_info(people, row.revoked_by_id),
            revoked_timestamp=to_millis(row.revoked_at),
            revoke_comment=row.revoke_comment,
        )
        for row in rows
    ]


def build_permission_shape(row: Permission) -> PermissionShape:
    """Build the shape of one permission."""
    return build_permission_shapes([row])[0]


def _collect_basic_fields(function: Function) -> dict[str, Any]:
    description = function.localized_descriptions.get("english") or function.description or ""
    return {
        "id": function.id,
        "name": function.name,
        "localized_name": function.localized_names.get("english") or function.name,
        "localized_description": description,
        "minimum_security_level": LEVEL_NAMES[function.minimum_security_level],
        "flags": list_set_flags(
            ("deleted", function.deleted_at),
            ("role", function.role),
            ("sysadm", function.sysadm),
            ("readOnly", function.read_only),
        ),
        "role_type": function.role_type,
    }


def _build_function_shape(function: Function, people: People) -> FunctionShape:
    return FunctionShape(
        **_collect_basic_fields(function),
        localized_names=dict(function.localized_names),
        localized_descriptions=dict(function.localized_descriptions),
        description=function.description,
        **collect_history_fields(function, people),
        deleted_timestamp=to_millis(function.deleted_at),
        deleted_by_user=build_person_info(people, function.deleted_by_id),
    )
