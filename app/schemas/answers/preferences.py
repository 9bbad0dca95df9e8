"""Preferences (contract 4.2)."""

from __future__ import annotations

from collections.abc import Sequence

from app.models.directory import User
from app.models.preferences import Preference
from app.schemas.answers.infos import SubjectInfo
from app.schemas.wire import Shape
from app.schemas.wire import to_millis


class PreferenceShape(Shape):
    """One value by its key."""

    key: str
    value: str
    created_by_user: SubjectInfo
    created_timestamp: int
    last_updated_by_user: SubjectInfo
    last_updated_timestamp: int


def build_preference_shapes(rows: Sequence[Preference], user: User) -> list[PreferenceShape]:
    """Build the shapes of all preferences of a user; the user is also their creator."""
    owner = SubjectInfo.from_row(user)
    return [
        PreferenceShape(
            key=row.key,
            value=row.value,
            created_by_user=owner,
            created_timestamp=to_millis(row.updated_at),
            last_updated_by_user=owner,
            last_updated_timestamp=to_millis(row.updated_at),
        )
        for row in rows
    ]
