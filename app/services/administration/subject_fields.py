"""The fields by which users and groups are searched and sorted;
in the reduced view, private fields are limited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case

from app.models.directory import Subject
from app.models.directory import User
from app.services.access import search
from app.services.access.callers import Caller
from app.services.access.search import Column
from app.services.access.search import Condition
from app.services.access.search import Criteria
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid

KEYWORDS: dict[str, Column] = {
    "shortName": Subject.short_name,
    "name": Subject.name,
    "email": User.email,
    "phoneNumber": User.phone_national_number,
}
TIMES: dict[str, Column] = {
    "createdTimestamp": Subject.created_at,
    "deletedTimestamp": Subject.deleted_at,
    "lastLoginTimestamp": User.last_login_at,
    "lastUpdatedTimestamp": Subject.updated_at,
}
SORTABLE: dict[str, Column] = {
    "id": Subject.id,
    "shortName": Subject.short_name,
    "name": Subject.name,
    "email": User.email,
    "type": Subject.kind,
    "createdTimestamp": Subject.created_at,
    "lastUpdatedTimestamp": Subject.updated_at,
    "lastLoginTimestamp": User.last_login_at,
}
FLAGS: dict[str, Condition] = {
    "deleted": Subject.deleted_at.is_not(None),
    "blocked": User.blocked_at.is_not(None),
    "forcePasswordChange": User.force_password_change.is_(True),
    "daemonAccount": Subject.daemon_account.is_(True),
    "passwordNotSet": (Subject.kind == "user") & User.password_hash.is_(None),
    "notificationUser": User.notification_user.is_(True),
    "externallyManaged": Subject.externally_managed.is_(True),
}
# The reduced view shows these only with the guard; the second group is shown only to administrators.
PRIVATE = frozenset(
    {"email", "phoneNumber", "lastLoginTimestamp", "blocked", "forcePasswordChange", "passwordNotSet"}
)


@dataclass(frozen=True, slots=True)
class SubjectFields:
    """The fields that one view can be searched and sorted by."""

    keywords: Mapping[str, Column]
    times: Mapping[str, Column]
    sortable: Mapping[str, Column]
    flags: Mapping[str, Condition]

    def require_searchable(self, criteria: Criteria) -> None:
        """Require that the criteria name no private field that may not be searched. Raises ``Invalid``."""
        for field, names, known in (
            ("keywordField", criteria.keyword_fields, self.keywords),
            ("timeField", criteria.time_fields, self.times),
            ("includeFlag", criteria.include_flags, self.flags),
            ("excludeFlag", criteria.exclude_flags, self.flags),
        ):
            if PRIVATE.intersection(names) - known.keys():
                raise Invalid(FieldProblem(field, "You may not search by this.", "NOT_ALLOWED"))


ADMINISTERED = SubjectFields(KEYWORDS, TIMES, SORTABLE, FLAGS)


def build_basic_fields(caller: Caller) -> SubjectFields:
    """Build the fields of the reduced view:
    private fields are empty outside the caller's reach, unknown without any.
    """
    guard = Guard.VIEW_BASIC_USER_PRIVATE_INFO
    within = search.limit_to_reach(caller, guard, Subject.customer_id)
    reached = bool(caller.list_reach(guard))

    def columns(known: Mapping[str, Column], empty: str | None = None) -> dict[str, Any]:
        return {
            name: case((within & column.is_not(None), column), else_=empty) if name in PRIVATE else column
            for name, column in known.items()
            if reached or name not in PRIVATE
        }

    flags = {
        name: condition & within if name in PRIVATE else condition
        for name, condition in FLAGS.items()
        if reached or name not in PRIVATE
    }
    # Empty text instead of NULL: a row that does not match a keyword must also match an exclusion.
    return SubjectFields(columns(KEYWORDS, ""), columns(TIMES), columns(SORTABLE), flags)
