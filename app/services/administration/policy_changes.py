"""A change of the policy: functions, customers, groups, memberships, permissions, and who is blocked.

Such a change is judged by what others may be changing at the same moment. So each takes its turn (design
decision 21), and none leaves the system without an administrator (decision 034).
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import select

from app.extensions import db
from app.models.authority import Permission
from app.models.directory import Customer
from app.models.directory import User
from app.services.access import directory
from app.services.access import held_rights
from app.services.guards import ALL_FUNCTIONS
from app.services.guards import Guard
from app.services.problems import Problem
from app.services.unit_of_work import run_in_transaction

T = TypeVar("T")
AT_ONCE = 500
# Who holds these for the root customer can give anybody anything, also what was lost.
NEEDED = (ALL_FUNCTIONS, Guard.GRANT_ROLE.value, Guard.VIEW_USERS.value)


class LastAdministrator(Problem):
    """After the change nobody could administer everything."""

    code = "LAST_ADMINISTRATOR"
    sentence = (
        "Nobody would be left who holds ALL-FUNCTIONS for the root customer and can log in."
        " Make somebody else an administrator first."
    )


def run_policy_change(work: Callable[[], T]) -> T:
    """Run ``work`` in one unit, alone among the changes of the policy: it reads what the one before it wrote.

    Raises ``LastAdministrator`` if there was an administrator and would be none, else as
    ``run_in_transaction``. Nothing was changed then.
    """

    def unit() -> T:
        held_rights.lock_policy()
        before = has_administrator()
        result = work()
        db.session.flush()
        if before and not has_administrator():
            raise LastAdministrator
        return result

    return run_in_transaction(unit)


def has_administrator() -> bool:
    """Tell whether somebody who is not blocked holds everything for the root customer of the home domain."""
    root = find_root()
    if root is None:
        return False
    land = held_rights.load_snapshot()
    needed = [land.graph.find_by_name(name) for name in NEEDED]
    above = [f for f in land.graph.names if needed[0] in land.graph.list_descendants(f)]
    granted = select(Permission.subject_id).where(
        Permission.customer_id == root.id,
        Permission.function_id.in_(above),
        Permission.revoked_at.is_(None),
    )
    subjects = {
        one
        for found in (granted, held_rights.select_member_ids(granted))
        for one in db.session.execute(found).scalars()
    }
    for user_id, customer_id, version in _list_unblocked(sorted(subjects)):
        rights = held_rights.resolve_user_rights(user_id, version, land.versions)
        if land.tree.is_alive(customer_id) and all(rights.allows(one, root.id) for one in needed):
            return True
    return False


def _list_unblocked(subjects: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """List id, customer and rights version of the users among these; some at a time, a group may be large."""
    for start in range(0, len(subjects), AT_ONCE):
        users = select(User.id, User.customer_id, User.rights_version).where(
            User.id.in_(subjects[start : start + AT_ONCE]),
            User.blocked_at.is_(None),
            User.deleted_at.is_(None),
        )
        for row in db.session.execute(users).all():
            yield row.id, row.customer_id, row.rights_version or 0


def find_root() -> Customer | None:
    """Find the root customer of the home domain; ``None`` if the tree is broken."""
    roots = select(Customer).where(
        Customer.domain_id == directory.get_home_domain().id, Customer.parent_id.is_(None)
    )
    found = db.session.execute(roots).scalars().all()
    return found[0] if len(found) == 1 else None
