"""Small texts that users store here by key: settings of other programs (contract 4.2)."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping

from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.preferences import Preference
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing

MOST_KEYS = 200


def list_preferences(
    user_id: int, keys: Collection[str] = (), prefixes: tuple[str, ...] = ()
) -> list[Preference]:
    """List a user's preferences, by key: all, or those of these keys and with one of these prefixes."""
    statement = select(Preference).where(Preference.user_id == user_id).order_by(Preference.key)
    return [
        row
        for row in db.session.execute(statement).scalars()
        if (not keys or row.key in keys) and (not prefixes or row.key.startswith(prefixes))
    ]


def get_preference(user_id: int, key: str) -> Preference:
    """Return one preference. Raises ``Missing``."""
    found = db.session.get(Preference, (user_id, key))
    if found is None:
        raise Missing("preference")
    return found


def set_preferences(user_id: int, values: Mapping[str, str]) -> list[Preference]:
    """Set these values and keep the others; returns all. Raises ``Invalid`` if there would be too many."""
    for key, value in values.items():
        found = db.session.get(Preference, (user_id, key))
        if found is None:
            db.session.add(Preference(user_id=user_id, key=key, value=value, updated_at=clock.now()))
        else:
            found.value, found.updated_at = value, clock.now()
    db.session.flush()
    statement = select(func.count()).select_from(Preference).where(Preference.user_id == user_id)
    if db.session.execute(statement).scalar_one() > MOST_KEYS:
        raise Invalid(FieldProblem("preferences", f"Keep at most {MOST_KEYS} preferences.", "TOO_MANY"))
    return list_preferences(user_id)


def remove_preferences(user_id: int, keys: Iterable[str]) -> list[Preference]:
    """Delete these keys; absent keys are ignored. Returns the rest."""
    db.session.execute(
        delete(Preference).where(Preference.user_id == user_id, Preference.key.in_(list(keys)))
    )
    return list_preferences(user_id)
