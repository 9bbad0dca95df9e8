"""The fields by which users and groups are searched and sorted;
in the reduced view, private fields are limited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case
from sqlalchemy import cast
from sqlalchemy import null

from app.models.base import UtcDateTime
from app.models.directory import Subject
from app.services.access import search
from app.services.access.callers import Caller
from app.services.access.search import Column
from app.services.access.search import Condition
from app.services.access.search import Criteria
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid

# The table's columns, not the attributes of ``User``: naming one of those in a search of groups or of both
# would ask for users alone.
ROW = Subject.__table__.c
KEYWORDS: dict[str, Column] = {
    "shortName": ROW.short_name,
    "name": ROW.name,
    "email": ROW.email,
    "phoneNumber": ROW.phone_national_number,
}
TIMES: dict[str, Column] = {
    "createdTimestamp": ROW.created_at,
    "deletedTimestamp": ROW.deleted_at,
    # Not recorded: nobody has one.
    "lastImpersonationTimestamp": cast(null(), UtcDateTime()),
    "lastLoginTimestamp": ROW.last_login_at,
    "lastUpdatedTimestamp": ROW.updated_at,
}
SORTABLE: dict[str, Column] = {
    "id": ROW.id,
    "shortName": ROW.short_name,
    "name": ROW.name,
    "email": ROW.email,
    "type": ROW.kind,
    "createdTimestamp": ROW.created_at,
    "lastUpdatedTimestamp": ROW.updated_at,
    "lastLoginTimestamp": ROW.last_login_at,
}
FLAGS: dict[str, Condition] = {
    "deleted": ROW.deleted_at.is_not(None),
    "blocked": ROW.blocked_at.is_not(None),
    "forcePasswordChange": ROW.force_password_change.is_(True),
    "daemonAccount": ROW.daemon_account.is_(True),
    "passwordNotSet": (ROW.kind == "user") & ROW.password_hash.is_(None),
    "notificationUser": ROW.notification_user.is_(True),
    "externallyManaged": ROW.externally_managed.is_(True),
}
PEOPLE: dict[str, Column] = {
    "id": ROW.id,
    "createdByUser": ROW.created_by_id,
    "lastUpdatedByUser": ROW.updated_by_id,
    "deletedByUser": ROW.deleted_by_id,
}
# The reduced view shows these only with the guard; the second group is shown only to administrators.
PRIVATE = frozenset(
    {
        "email",
        "phoneNumber",
        "lastLoginTimestamp",
        "lastImpersonationTimestamp",
        "blocked",
        "forcePasswordChange",
        "passwordNotSet",
    }
)


@dataclass(frozen=True, slots=True)
class SubjectFields:
    """The fields that one view can be searched and sorted by."""

    keywords: Mapping[str, Column]
    times: Mapping[str, Column]
    sortable: Mapping[str, Column]
    flags: Mapping[str, Condition]
    preferences: bool = False

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


ADMINISTERED = SubjectFields(KEYWORDS, TIMES, SORTABLE, FLAGS, preferences=True)


def build_basic_fields(caller: Caller) -> SubjectFields:
    """Build the fields of the reduced view:
    private fields are empty outside the caller's reach, unknown without any.
    """
    guard = Guard.VIEW_BASIC_USER_PRIVATE_INFO
    within = search.limit_to_reach(caller, guard, Subject.customer_id)
    reached = bool(caller.list_reach(guard))

    def columns(known: Mapping[str, Column]) -> dict[str, Any]:
        return {
            name: case((within, column), else_=None) if name in PRIVATE else column
            for name, column in known.items()
            if reached or name not in PRIVATE
        }

    flags = {
        name: condition & within if name in PRIVATE else condition
        for name, condition in FLAGS.items()
        if reached or name not in PRIVATE
    }
    return SubjectFields(columns(KEYWORDS), columns(TIMES), columns(SORTABLE), flags)
