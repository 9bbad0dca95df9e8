"""CurrentUser (contract 4.3)."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
from typing import Any
from typing import Literal

from app.models.authority import Permission
from app.models.directory import Group
from app.models.directory import User
from app.schemas.answers.functions import BasicFunction
from app.schemas.answers.infos import CustomerInfo
from app.schemas.answers.infos import DomainInfo
from app.schemas.answers.infos import FunctionInfo
from app.schemas.answers.infos import History
from app.schemas.answers.infos import SubjectInfo
from app.schemas.answers.infos import build_person_info
from app.schemas.answers.infos import collect_history_fields
from app.schemas.answers.infos import collect_people_ids
from app.schemas.answers.infos import list_set_flags
from app.schemas.wire import Shape
from app.schemas.wire import to_millis
from app.services.access import apikeys
from app.services.access import directory
from app.services.access import held_rights
from app.services.administration.own_data import REST

Flag = Literal[
    "BLOCKED",
    "FORCE_PWCHANGE",
    "DAEMON_ACCOUNT",
    "PASSWORD_NOT_SET",
    "AUTH_LOCAL",
    "AUTH_APIKEY",
    "AUTH_TOTP",
    "AUTH_CRYPTO",
]

GROUPS = frozenset({"groups", "groupstring"})
NO_HISTORY: Mapping[str, Any] = {
    "created_timestamp": 0,
    "created_by_user": None,
    "last_updated_timestamp": 0,
    "last_updated_by_user": None,
}


class TimeZoneShape(Shape):
    description: str


class CurrentUserShape(History):
    """The caller's account. Note ``userName``, not ``shortName``.

    What the credential may not read of its user is null, empty or 0 (decision 027).
    """

    id: int
    user_name: str
    name: str | None
    email: str | None
    mobile: str | None
    customer: CustomerInfo | None
    domain: DomainInfo | None
    language: Literal["ENGLISH", "NORWEGIAN"] | None
    flags: list[Flag]
    ascendant_ids: list[int]
    last_login_ip: str | None
    last_login_timestamp: int
    last_impersonation_timestamp: int
    image_url: str | None
    public_key: str | None
    properties: dict[str, str]
    time_zone: TimeZoneShape | None


class OldGroupShape(Shape):
    """The older form of a group."""

    id: int
    name: str
    description: str | None
    type: Literal["group"]
    customer: CustomerInfo
    customer_id: int
    domain: DomainInfo

    @classmethod
    def from_row(cls, group: Group) -> OldGroupShape:
        return OldGroupShape(
            id=group.id,
            name=group.short_name,
            description=group.description,
            type="group",
            customer=CustomerInfo.from_row(group.customer),
            customer_id=group.customer_id,
            domain=DomainInfo.from_row(group.domain),
        )


class OwnPermissionShape(Shape):
    """CurrentUserPermission."""

    id: int
    subject: SubjectInfo
    function: FunctionInfo
    function_info: BasicFunction
    customer: CustomerInfo
    flags: list[Literal["deleted"]]
    granted_by_user: SubjectInfo | None
    granted_timestamp: int


def build_current_user_shape(user: User, readable: Collection[str]) -> CurrentUserShape:
    """Build the shape of the caller's own account, with what may be read (``own_data.list_readable``).

    Id and user name are always told: the text of every token begins with the name.
    """
    whole = REST in readable
    return CurrentUserShape(
        id=user.id,
        user_name=user.short_name,
        name=user.name if "profile" in readable else None,
        email=user.email if "email" in readable else None,
        mobile=(directory.read_phone(user.id) or None) if "phone" in readable else None,
        customer=CustomerInfo.from_row(user.customer) if "customer" in readable else None,
        domain=DomainInfo.from_row(user.domain) if "customer" in readable else None,
        language=_name_language(user) if "profile" in readable else None,
        flags=_list_flags(user) if whole else [],
        ascendant_ids=sorted(held_rights.list_group_ids(user.id)) if not GROUPS.isdisjoint(readable) else [],
        last_login_ip=user.last_login_ip if whole else None,
        last_login_timestamp=to_millis(user.last_login_at) if whole else 0,
        last_impersonation_timestamp=0,
        **(_collect_history(user) if whole else NO_HISTORY),
        image_url=None,
        public_key=None,
        properties={},
        time_zone=TimeZoneShape(description=user.customer.time_zone) if "customer" in readable else None,
    )


def _collect_history(user: User) -> dict[str, Any]:
    people = directory.load_subjects_by_id(collect_people_ids([user], "created_by_id", "updated_by_id"))
    return collect_history_fields(user, people)


def _name_language(user: User) -> Literal["ENGLISH", "NORWEGIAN"]:
    return "NORWEGIAN" if user.language == "norwegian" else "ENGLISH"


def _list_flags(user: User) -> list[Flag]:
    return list_set_flags(
        ("BLOCKED", user.blocked_at),
        ("FORCE_PWCHANGE", user.force_password_change),
        ("DAEMON_ACCOUNT", user.daemon_account),
        ("PASSWORD_NOT_SET", user.password_hash is None),
        ("AUTH_LOCAL", user.password_hash is not None),
        ("AUTH_APIKEY", bool(apikeys.list_keys(user.id))),
    )


def build_own_permission_shapes(rows: list[Permission]) -> list[OwnPermissionShape]:
    """Build the shapes of the caller's permissions, as they were granted."""
    people = directory.load_subjects_by_id(collect_people_ids(rows, "granted_by_id"))
    return [
        OwnPermissionShape(
            id=row.id,
            subject=SubjectInfo.from_row(row.subject),
            function=FunctionInfo.from_row(row.function),
            function_info=BasicFunction.from_row(row.function),
            customer=CustomerInfo.from_row(row.customer),
            flags=[],
            granted_by_user=build_person_info(people, row.granted_by_id),
            granted_timestamp=to_millis(row.granted_at),
        )
        for row in rows
    ]
