"""Ways in (design decision 23): the facts about the caller and about what a way leads to, for
``app.policy.ways_in``.

API, console and account pages ask here, through the use case that opens the way. An endpoint says which way
it is (``@endpoint(way_in=…)``).
"""

from __future__ import annotations

from app.models.directory import User
from app.policy import ways_in
from app.policy.facts import SecurityLevel
from app.policy.rights import NO_RIGHTS
from app.policy.ways_in import Lack
from app.policy.ways_in import WayIn
from app.services.access import credential_rows
from app.services.access import delegation
from app.services.access import held_rights
from app.services.access import person_facts
from app.services.access.callers import Caller
from app.services.problems import Denied


def require_personal(caller: Caller, way: WayIn) -> None:
    """Require a session that may open such a way to somebody, as to a new user. Raises ``NotPersonal``."""
    delegation.require_no_lack(
        ways_in.find_lack_for(way, caller.question, NO_RIGHTS, personal=caller.is_personal)
    )


def require(caller: Caller, way: WayIn, user: User) -> None:
    """Require that the caller may open this way in to the user; the own account is always the person's own.

    Raises ``NotPersonal``, ``NotHeld``, ``StrongerLoginNeeded``.
    """
    own = user.id == caller.user_id
    leads_to = NO_RIGHTS if own else held_rights.resolve_granted_rights(user.id)
    _require_accepted(caller)
    delegation.require_no_lack(
        ways_in.find_lack_for(way, caller.question, leads_to, personal=caller.is_personal)
    )


def may_still_open(maker_id: int | None, way: WayIn, user_id: int) -> bool:
    """Tell whether whoever once opened this way in to the user could do so today, by what the maker holds.

    Without a maker the user or an operator opened it.
    """
    if maker_id is None or maker_id == user_id:
        return True
    row = credential_rows.load_user_row(maker_id)
    if row is None:
        return False
    land = held_rights.load_snapshot(row.versions)
    leads_to = held_rights.resolve_granted_rights(user_id)
    return ways_in.may_still_open(way, person_facts.to_user_facts(row.user, land), leads_to, land.graph)


def find_lack_for_client(caller: Caller, scope_id: int, cap: int, at: int) -> Lack | None:
    """Return what the caller lacks to decide about a client with this permission scope and highest level,
    guarded at the customer ``at``; ``None`` if nothing is lacking.
    """
    _require_accepted(caller)
    return ways_in.find_lack_for_client(
        caller.question,
        delegation.resolve_rights_given(caller, scope_id, at),
        SecurityLevel(cap),
        personal=caller.is_personal,
    )


def _require_accepted(caller: Caller) -> None:
    if not caller.decision:
        raise Denied(caller.decision)
