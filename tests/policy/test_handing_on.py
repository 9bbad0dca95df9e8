"""What may be handed on to others, and how far rights reach."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.policy.effective import compute_effective_rights
from app.policy.effective import compute_held_rights
from app.policy.facts import SecurityLevel
from app.policy.ways_in import Lack
from app.policy.ways_in import compute_rights_to_hand_on
from app.policy.ways_in import find_lack
from tests.policy.worlds import Cu
from tests.policy.worlds import Fn
from tests.policy.worlds import World
from tests.policy.worlds import acme_tree
from tests.policy.worlds import live_customers
from tests.policy.worlds import pairs_of
from tests.policy.worlds import question
from tests.policy.worlds import quick
from tests.policy.worlds import worlds


@quick
@given(worlds(), worlds(), st.booleans())
def test_handing_on_compares_with_what_the_session_may_use(
    world: World, other: World, personal: bool
) -> None:
    """Design decision 23: the rights, within constraints and scope, at this level; and it says what lacks."""
    q = question(**world)
    asked = question(**(world | {"holds": other["holds"]})).user.rights
    lack = find_lack(q, asked, personal=personal)
    assert (lack is None) == compute_rights_to_hand_on(q, personal=personal).covers(asked)
    assert (lack is Lack.RIGHTS) == (not compute_held_rights(q).covers(asked))
    assert find_lack(q, compute_effective_rights(q), personal=personal) is None
    assert q.user.rights.covers(compute_held_rights(q))


def test_what_lacks_is_the_level_where_the_rights_are_there() -> None:
    """Held, but above the session's level: a stronger login would do; what is not held, none would."""
    q, more = question(), ((Fn.DELETE_CASES, Cu.ACME),)
    held = compute_held_rights(q)
    assert find_lack(q, held, personal=False) is Lack.LEVEL
    assert find_lack(q, held, personal=True) is Lack.LEVEL
    assert find_lack(q, question(holds=more).user.rights, personal=True) is Lack.RIGHTS


@quick
@given(worlds())
def test_a_personal_session_hands_on_up_to_standard(world: World) -> None:
    """What its level already allows, and what is held for a login by password; nothing above both."""
    q = question(**world)
    given = compute_rights_to_hand_on(q, personal=True)
    held, used = compute_held_rights(q), compute_effective_rights(q)
    assert given.covers(used)
    assert held.covers(given)
    assert {f for f in held.held if q.graph.levels.get(f, 0) <= SecurityLevel.STANDARD} <= set(given.held)
    assert all(q.graph.levels.get(f, 0) <= SecurityLevel.STANDARD for f in set(given.held) - set(used.held))
    assert compute_rights_to_hand_on(q, personal=False) == used


@quick
@given(worlds())
def test_rights_reach_exactly_the_customers_they_are_held_for(world: World) -> None:
    q = question(**world)
    held = pairs_of(q.user.rights, q.graph.names, live_customers(q.tree))
    assert q.user.rights.list_reach() == {customer for _, customer in held}


def test_rights_reach_no_disabled_customer() -> None:
    """Held above a disabled customer, nothing is held for it or below it."""
    rights = question(tree=acme_tree(Cu.ACME_NORTH)).user.rights
    assert rights.list_reach() == rights.list_reach_of(Fn.VIEW_CASES) == {Cu.ACME}
