"""Users, groups and memberships (contract 4.3)."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Literal

from app.models.directory import Group
from app.models.directory import Membership
from app.models.directory import Subject
from app.models.directory import User
from app.schemas.answers.infos import CustomerInfo
from app.schemas.answers.infos import DomainInfo
from app.schemas.answers.infos import History
from app.schemas.answers.infos import People
from app.schemas.answers.infos import SubjectInfo
from app.schemas.answers.infos import build_person_info
from app.schemas.answers.infos import collect_history_fields
from app.schemas.answers.infos import collect_people_ids
from app.schemas.answers.infos import collect_subject_fields
from app.schemas.answers.infos import list_set_flags
from app.schemas.common import Language
from app.schemas.wire import Shape
from app.schemas.wire import to_millis
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.guards import Guard

UserFlag = Literal[
    "blocked",
    "daemonAccount",
    "deleted",
    "externallyManaged",
    "forcePasswordChange",
    "passwordNotSet",
    "notificationUser",
]
BasicFlag = Literal["deleted", "daemonAccount", "notificationUser"]
PAST = ("created_by_id", "updated_by_id", "deleted_by_id")


class PhoneShape(Shape):
    """A telephone number in two parts."""

    country_code: str
    national_number: str


class SubjectShape(History):
    """A user or group as an administrator sees it."""

    id: int
    short_name: str
    name: str
    type: Literal["user", "group"]
    customer: CustomerInfo
    domain: DomainInfo
    description: str | None
    flags: list[UserFlag]
    member_of: list[SubjectInfo]
    deleted_timestamp: int
    deleted_by_user: SubjectInfo | None


class UserShape(SubjectShape):
    """A user; ``role`` is the old name of ``description``."""

    role: str | None
    email: str | None
    phone: PhoneShape | None
    phone_number: str | None
    language: Language
    last_login_timestamp: int
    last_impersonation_timestamp: int
    last_login_method: str | None


class BasicSubject(Shape):
    """A user or group as everybody sees it; the private fields of a user require their guard."""

    id: int
    short_name: str
    name: str
    type: Literal["user", "group"]
    customer: CustomerInfo
    domain: DomainInfo
    flags: list[BasicFlag]
    language: Language | None = None
    email: str | None = None
    phone: PhoneShape | None = None
    phone_number: str | None = None


class MembershipShape(Shape):
    """One membership, live or ended."""

    id: str
    group: SubjectInfo
    member: SubjectInfo
    flags: list[Literal["deleted"]]
    added_by_user: SubjectInfo | None
    added_timestamp: int
    add_comment: str | None
    removed_by_user: SubjectInfo | None
    removed_timestamp: int
    remove_comment: str | None


def build_subject_shapes(rows: Sequence[Subject]) -> list[SubjectShape]:
    """Build the shapes of users and groups, with the users and groups they name; two queries in total."""
    people, groups = _load_named_subjects(rows)
    return [SubjectShape(**_collect_fields(row, groups.get(row.id, ()), people)) for row in rows]


def build_user_shapes(rows: Sequence[User]) -> list[UserShape]:
    """Build the shapes of users with their login fields; two queries in total."""
    people, groups = _load_named_subjects(rows)
    return [
        UserShape(**_collect_fields(row, groups.get(row.id, ()), people), **_collect_login_fields(row))
        for row in rows
    ]


def build_subject_shape(row: Subject) -> SubjectShape:
    """Build the shape of one user or group."""
    return build_subject_shapes([row])[0]


def build_user_shape(row: User) -> UserShape:
    """Build the shape of one user."""
    return build_user_shapes([row])[0]


def build_basic_subjects(rows: Sequence[Subject], caller: Caller) -> list[BasicSubject]:
    """Build the reduced view; e-mail and telephone only where the caller holds the guard of
    private fields.
    """
    private = caller.list_reach(Guard.VIEW_BASIC_USER_PRIVATE_INFO)
    return [_build_basic_subject(row, private=row.customer_id in private) for row in rows]


def _build_basic_subject(subject: Subject, *, private: bool) -> BasicSubject:
    shown = BasicSubject(
        **collect_subject_fields(subject),
        flags=list_set_flags(
            ("deleted", subject.deleted_at),
            ("daemonAccount", subject.daemon_account),
            ("notificationUser", isinstance(subject, User) and subject.notification_user),
        ),
    )
    if not isinstance(subject, User):
        return shown
    fields: dict[str, Any] = {"language": subject.language or "english"}
    if private:
        fields |= {"email": subject.email, **_split_phone(subject)}
    return shown.model_copy(update=fields)


def build_membership_shapes(rows: Sequence[Membership]) -> list[MembershipShape]:
    """Build the shapes of all rows; one query for all users they name."""
    people = directory.load_subjects_by_id(
        collect_people_ids(rows, "group_id", "member_id", "added_by_id", "removed_by_id")
    )
    return [
        MembershipShape(
            id=row.id,
            group=SubjectInfo.from_row(people[row.group_id]),
            member=SubjectInfo.from_row(people[row.member_id]),
            flags=list_set_flags(("deleted", row.removed_at)),
            added_by_user=build_person_info(people, row.added_by_id),
            added_timestamp=to_millis(row.added_at),
            add_comment=row.comment,
            removed_by_user=build_person_info(people, row.removed_by_id),
            removed_timestamp=to_millis(row.removed_at),
            remove_comment=row.remove_comment,
        )
        for row in rows
    ]


def _load_named_subjects(rows: Sequence[Subject]) -> tuple[People, Mapping[int, list[Group]]]:
    return directory.load_subjects_by_id(collect_people_ids(rows, *PAST)), directory.load_direct_groups(
        r.id for r in rows
    )


def _collect_fields(subject: Subject, groups: Iterable[Group], people: People) -> dict[str, Any]:
    set_flags = list_set_flags(
        ("deleted", subject.deleted_at),
        ("daemonAccount", subject.daemon_account),
        ("externallyManaged", subject.externally_managed),
    )
    if isinstance(subject, User):
        set_flags += list_set_flags(
            ("blocked", subject.blocked_at),
            ("forcePasswordChange", subject.force_password_change),
            ("passwordNotSet", subject.password_hash is None),
            ("notificationUser", subject.notification_user),
        )
    return {
        **collect_subject_fields(subject),
        "description": subject.description,
        "flags": set_flags,
        "member_of": [SubjectInfo.from_row(group) for group in groups],
        **collect_history_fields(subject, people),
        "deleted_timestamp": to_millis(subject.deleted_at),
        "deleted_by_user": build_person_info(people, subject.deleted_by_id),
    }


def _collect_login_fields(user: User) -> dict[str, Any]:
    return {
        **_split_phone(user),
        "role": user.description,
        "email": user.email,
        "language": user.language or "english",
        "last_login_timestamp": to_millis(user.last_login_at),
        "last_impersonation_timestamp": 0,
        "last_login_method": user.last_login_method,
    }


def _split_phone(user: User) -> Mapping[str, Any]:
    if not user.phone_national_number:
        return {"phone": None, "phone_number": None}
    code = user.phone_country_code or ""
    return {
        "phone": PhoneShape(country_code=code, national_number=user.phone_national_number),
        "phone_number": f"{code}{user.phone_national_number}",
    }
