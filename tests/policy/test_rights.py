"""Rights: compact, and equal to the (function, customer) pairs they stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy.rights import NO_RIGHTS
from app.policy.rights import CustomerTree
from app.policy.rights import FunctionGraph
from app.policy.rights import Rights
from app.policy.rights import resolve_rights
from tests.policy.worlds import CUSTOMERS
from tests.policy.worlds import FUNCTIONS
from tests.policy.worlds import GRAPH
from tests.policy.worlds import HOLDS
from tests.policy.worlds import NOWHERE
from tests.policy.worlds import TREE
from tests.policy.worlds import Cu
from tests.policy.worlds import Fn
from tests.policy.worlds import Pairs
from tests.policy.worlds import acme_tree
from tests.policy.worlds import customers_below
from tests.policy.worlds import expand
from tests.policy.worlds import functions_below
from tests.policy.worlds import graph
from tests.policy.worlds import graphs
from tests.policy.worlds import live_customers
from tests.policy.worlds import pairs_of
from tests.policy.worlds import permission_rows
from tests.policy.worlds import quick
from tests.policy.worlds import some_customers
from tests.policy.worlds import some_functions
from tests.policy.worlds import tree
from tests.policy.worlds import trees

ALICE = resolve_rights(HOLDS, GRAPH, TREE)


def all_pairs(rights: Rights) -> Pairs:
    """The pairs of rights over any random graph and tree."""
    return pairs_of(rights, FUNCTIONS, CUSTOMERS)


# --- the function graph ------------------------------------------------------------------------------------


def test_a_role_holds_its_descendants_and_itself() -> None:
    """A function's descendants are itself and everything below it, through any depth."""
    below = {Fn.ADMIN, Fn.CASE_READER, Fn.EDIT_CASES, Fn.VIEW_CASES, Fn.LIST_CASES, Fn.VIEW_SECRETS}
    assert GRAPH.list_descendants(Fn.ADMIN) == below
    assert GRAPH.list_descendants(Fn.VIEW_CASES) == {Fn.VIEW_CASES}


def test_above_and_below_leave_out_the_thing_itself() -> None:
    """Unless it also stands above or below another that was named."""
    assert GRAPH.list_below([Fn.VIEW_CASES]) == frozenset()
    assert GRAPH.list_below([Fn.ADMIN]) == GRAPH.list_descendants(Fn.ADMIN) - {Fn.ADMIN}
    assert Fn.CASE_READER in GRAPH.list_below([Fn.ADMIN, Fn.CASE_READER])
    assert GRAPH.list_above([Fn.ADMIN]) == {
        one for one in GRAPH.names if one != Fn.ADMIN and Fn.ADMIN in GRAPH.list_descendants(one)
    }
    assert Fn.ADMIN in GRAPH.list_above([Fn.VIEW_CASES])
    assert Fn.VIEW_CASES not in GRAPH.list_above([Fn.VIEW_CASES])
    for top in TREE.parents:
        assert TREE.list_below([top]) == {
            one for one in TREE.parents if one != top and top in TREE.list_ancestors(one)
        }


def test_a_cycle_of_functions_ends() -> None:
    """Two functions that contain each other hold the same, and asking twice answers the same."""
    ring = graph({1: (2,), 2: (3,), 3: (1,)})
    assert ring.list_descendants(1) == ring.list_descendants(2) == ring.list_descendants(1) == {1, 2, 3}


def test_a_function_that_does_not_exist_leads_nowhere() -> None:
    """What is reached only through a deleted function is not reached."""
    broken = graph({1: (2,), 2: (3,)}, without=(2,))
    assert broken.list_descendants(1) == {1}
    assert broken.list_descendants(2) == frozenset()
    assert broken.list_descendants(None) == frozenset()


def test_a_function_is_found_by_its_name() -> None:
    """Names lead to ids, again and again; an unknown name leads to none."""
    assert [GRAPH.find_by_name("viewCases"), GRAPH.find_by_name("viewCases")] == [
        Fn.VIEW_CASES,
        Fn.VIEW_CASES,
    ]
    assert GRAPH.find_by_name("flyToTheMoon") is None


@quick
@given(graphs())
def test_descendants_are_the_transitive_closure(functions: FunctionGraph) -> None:
    """Over any graph, cycles included, ``descendants`` is the closure of the edges among live functions."""
    below = functions_below(functions)
    for one in (*FUNCTIONS, NOWHERE):
        assert functions.list_descendants(one) == {f for top, f in below if top == one}


# --- the customer tree -------------------------------------------------------------------------------------


def test_ancestors_start_with_the_customer_itself() -> None:
    """The line upwards is in order; an unknown customer has none."""
    assert TREE.list_ancestors(Cu.ACME_NORTH) == (Cu.ACME_NORTH, Cu.ACME, Cu.ROOT)
    assert TREE.list_ancestors(NOWHERE) == ()


def test_a_cycle_of_customers_ends() -> None:
    """A damaged tree cannot make the line upwards endless."""
    ring = CustomerTree(parents={1: 2, 2: 1})
    assert ring.list_ancestors(1) == (1, 2)


def test_disabling_a_customer_disables_what_is_below() -> None:
    """A customer is alive while neither it nor one above it is disabled; an unknown one never is."""
    customers = acme_tree(Cu.ACME)
    assert [c for c in Cu if customers.is_alive(c)] == [Cu.ROOT, Cu.GLOBEX, Cu.ELSEWHERE, Cu.ELSEWHERE_LEAF]
    assert not customers.is_alive(NOWHERE)


def test_covering_goes_downwards_only() -> None:
    """A customer covers itself and what is below, not its parent, its sibling, or an unknown one."""
    assert TREE.covers(Cu.ACME, Cu.ACME)
    assert TREE.covers(Cu.ROOT, Cu.ACME_NORTH)
    assert not TREE.covers(Cu.ACME_NORTH, Cu.ACME)
    assert not TREE.covers(Cu.ACME, Cu.GLOBEX)
    assert not TREE.covers(Cu.ROOT, NOWHERE)


def test_topmost_drops_what_stands_below_another() -> None:
    """Only the upper ends of the given customers are kept."""
    assert TREE.keep_topmost([Cu.ACME_NORTH, Cu.ACME, Cu.GLOBEX, Cu.ELSEWHERE_LEAF]) == {
        Cu.ACME,
        Cu.GLOBEX,
        Cu.ELSEWHERE_LEAF,
    }


@quick
@given(trees())
def test_the_tree_agrees_with_its_closure(customers: CustomerTree) -> None:
    """``covers`` and ``alive`` say of any forest what its written-out ancestry says."""
    below, live = customers_below(customers), live_customers(customers)
    for one in (*CUSTOMERS, NOWHERE):
        assert customers.is_alive(one) == (one in live)
        for top in (*CUSTOMERS, NOWHERE):
            assert customers.covers(top, one) == ((top, one) in below)


@quick
@given(trees(), some_customers())
def test_topmost_keeps_the_same_customers_covered(
    customers: CustomerTree, given_ones: frozenset[int]
) -> None:
    """Dropping the lower ones changes nothing of what is covered, and leaves none below another."""
    known = given_ones & customers.parents.keys()
    tops, below = customers.keep_topmost(known), customers_below(customers)
    assert {c for top, c in below if top in tops} == {c for top, c in below if top in known}
    assert not [(a, b) for a, b in below if a != b and a in tops and b in tops]


# --- resolving ---------------------------------------------------------------------------------------------


def test_a_permission_holds_for_both_descendants() -> None:
    """Holding a role for a customer is holding all below the role for all below the customer, and no more."""
    assert ALICE.allows(Fn.ADMIN, Cu.ACME)
    assert ALICE.allows(Fn.VIEW_SECRETS, Cu.ACME_NORTH)
    assert not ALICE.allows(Fn.VIEW_CASES, Cu.ROOT)
    assert not ALICE.allows(Fn.VIEW_CASES, Cu.GLOBEX)
    assert not ALICE.allows(Fn.DELETE_CASES, Cu.ACME)
    assert not ALICE.allows(None, Cu.ACME)
    assert not ALICE.allows(Fn.VIEW_CASES, NOWHERE)


def test_rights_stay_compact() -> None:
    """A row for a customer below another row's customer adds nothing to what is kept."""
    rights = resolve_rights([(Fn.VIEW_CASES, Cu.ACME_NORTH), (Fn.CASE_READER, Cu.ROOT)], GRAPH, TREE)
    assert rights.held[Fn.VIEW_CASES] == {Cu.ROOT}


def test_a_permission_that_means_nothing_counts_for_nothing() -> None:
    """Unknown functions, unknown customers, disabled customers and those below them give no rights."""
    rows = [
        (NOWHERE, Cu.ACME),
        (Fn.VIEW_CASES, NOWHERE),
        (Fn.VIEW_CASES, Cu.ACME),
        (Fn.VIEW_CASES, Cu.ACME_NORTH),
    ]
    rights = resolve_rights(rows, GRAPH, acme_tree(Cu.ACME))
    assert not rights
    assert rights.held == {}


def test_a_disabled_customer_is_cut_out_of_what_is_above() -> None:
    """Holding a function for the root does not reach a customer that is disabled, nor what is below it."""
    rights = resolve_rights([(Fn.VIEW_CASES, Cu.ROOT)], GRAPH, acme_tree(Cu.ACME))
    assert rights.allows(Fn.VIEW_CASES, Cu.GLOBEX)
    assert not rights.allows(Fn.VIEW_CASES, Cu.ACME)
    assert not rights.allows(Fn.VIEW_CASES, Cu.ACME_NORTH)


@quick
@given(graphs(), trees(), permission_rows())
def test_resolved_rights_are_exactly_the_expansion(
    functions: FunctionGraph, customers: CustomerTree, rows: tuple[tuple[int, int], ...]
) -> None:
    """Every question rights answer is answered by the written-out pairs alike."""
    rights, pairs = resolve_rights(rows, functions, customers), expand(rows, functions, customers)
    assert all_pairs(rights) == pairs
    assert bool(rights) == bool(pairs)
    for f in (*FUNCTIONS, NOWHERE):
        assert rights.allows_anywhere(f) == any(pair[0] == f for pair in pairs)
        for domain in (1, 2):
            inside = any(pair[0] == f and customers.domains[pair[1]] == domain for pair in pairs)
            assert rights.allows_anywhere(f, domain) == inside
    for c in live_customers(customers):
        assert rights.allows_anything(c) == any(pair[1] == c for pair in pairs)
    tops = rights.list_topmost_customers()
    assert {c for top, c in customers_below(customers) if top in tops} >= {c for _, c in pairs}
    assert tops <= {c for _, c in pairs}
    assert not [(a, b) for a, b in customers_below(customers) if a != b and a in tops and b in tops]


@quick
@given(graphs(), trees(), permission_rows())
def test_what_is_held_is_minimal_and_alive(
    functions: FunctionGraph, customers: CustomerTree, rows: tuple[tuple[int, int], ...]
) -> None:
    """No function is kept without a customer, no customer that is disabled or below another that is kept."""
    below, live = customers_below(customers), live_customers(customers)
    for tops in resolve_rights(rows, functions, customers).held.values():
        assert tops
        assert tops <= live
        assert not [(a, b) for a, b in below if a != b and a in tops and b in tops]


# --- anywhere, sees, customers -----------------------------------------------------------------------------


def test_anywhere_can_be_asked_of_one_domain() -> None:
    """A function held in one domain is not held in another; no function is held nowhere."""
    rights = resolve_rights([(Fn.VIEW_CASES, Cu.ELSEWHERE_LEAF)], GRAPH, TREE)
    assert rights.allows_anywhere(Fn.VIEW_CASES)
    assert rights.allows_anywhere(Fn.VIEW_CASES, 2)
    assert not rights.allows_anywhere(Fn.VIEW_CASES, 1)
    assert not rights.allows_anywhere(Fn.LIST_CASES)
    assert not rights.allows_anywhere(None)


def test_a_customer_is_seen_by_who_holds_anything_for_it() -> None:
    """Something held above makes a customer visible; something held below or beside does not."""
    assert ALICE.allows_anything(Cu.ACME)
    assert ALICE.allows_anything(Cu.ACME_NORTH)
    assert not ALICE.allows_anything(Cu.ROOT)
    assert not ALICE.allows_anything(Cu.GLOBEX)
    assert not ALICE.allows_anything(NOWHERE)


def test_customers_are_the_topmost_of_all_functions() -> None:
    """The customers of different functions are brought together, lower ones dropped."""
    rows = [(Fn.VIEW_CASES, Cu.ACME), (Fn.LIST_CASES, Cu.ACME_NORTH), (Fn.LIST_CASES, Cu.GLOBEX)]
    assert resolve_rights(rows, GRAPH, TREE).list_topmost_customers() == {Cu.ACME, Cu.GLOBEX}


# --- narrowing ---------------------------------------------------------------------------------------------


def test_narrowing_to_functions_keeps_their_customers() -> None:
    """Other functions fall away, the customers of those kept do not change."""
    assert ALICE.to_functions(frozenset({Fn.VIEW_CASES, Fn.DELETE_CASES})).held == {Fn.VIEW_CASES: {Cu.ACME}}


@pytest.mark.parametrize(
    ("bound", "kept"),
    [
        pytest.param([Cu.ACME_NORTH], {Cu.ACME_NORTH}, id="below what is held: the bound"),
        pytest.param([Cu.ROOT], {Cu.ACME}, id="above what is held: what is held"),
        pytest.param([Cu.ACME], {Cu.ACME}, id="exactly what is held"),
        pytest.param([Cu.ACME_NORTH, Cu.ACME], {Cu.ACME}, id="one bound below another: the upper"),
    ],
)
def test_narrowing_to_customers_meets_in_the_lower(bound: list[int], kept: set[int]) -> None:
    """Of the bound and what is held, whichever stands lower remains."""
    assert ALICE.to_customers(bound).held[Fn.VIEW_CASES] == kept


@pytest.mark.parametrize("bound", [[Cu.GLOBEX], [NOWHERE], []])
def test_narrowing_to_customers_elsewhere_leaves_nothing(bound: list[int]) -> None:
    """A customer beside, an unknown one, or none at all leaves no rights."""
    assert not ALICE.to_customers(bound)


def test_narrowing_to_a_disabled_customer_leaves_nothing() -> None:
    """A bound that is disabled allows nothing, whatever is held above it."""
    rights = resolve_rights([(Fn.VIEW_CASES, Cu.ROOT)], GRAPH, acme_tree(Cu.ACME))
    assert not rights.to_customers([Cu.ACME])
    assert not rights.to_customers([Cu.ACME_NORTH])


@quick
@given(graphs(), trees(), permission_rows(), some_functions(NOWHERE), some_customers(NOWHERE))
def test_narrowing_is_intersection_and_never_adds(
    functions: FunctionGraph,
    customers: CustomerTree,
    rows: tuple[tuple[int, int], ...],
    kept_functions: frozenset[int],
    kept_customers: frozenset[int],
) -> None:
    """Both narrowings filter the written-out pairs, and the wider rights cover the result."""
    rights, pairs = resolve_rights(rows, functions, customers), expand(rows, functions, customers)
    fewer_functions, fewer_customers = (
        rights.to_functions(kept_functions),
        rights.to_customers(kept_customers),
    )
    inside = {c for top, c in customers_below(customers) if top in kept_customers}
    assert all_pairs(fewer_functions) == {(f, c) for f, c in pairs if f in kept_functions}
    assert all_pairs(fewer_customers) == {(f, c) for f, c in pairs if c in inside}
    for narrowed in (fewer_functions, fewer_customers):
        assert rights.covers(narrowed)
        assert bool(narrowed) == bool(all_pairs(narrowed))
        assert narrowed.tree is customers
    for tops in fewer_customers.held.values():
        assert tops == customers.keep_topmost(tops)


# --- covers ------------------------------------------------------------------------------------------------


def test_covering_compares_functions_and_customers() -> None:
    """Rights cover the same rights lower down, not higher up, beside, or of another function."""
    assert ALICE.covers(resolve_rights([(Fn.VIEW_CASES, Cu.ACME_NORTH)], GRAPH, TREE))
    assert ALICE.covers(NO_RIGHTS)
    assert not ALICE.covers(resolve_rights([(Fn.VIEW_CASES, Cu.ROOT)], GRAPH, TREE))
    assert not ALICE.covers(
        resolve_rights([(Fn.VIEW_CASES, Cu.ACME), (Fn.VIEW_CASES, Cu.GLOBEX)], GRAPH, TREE)
    )
    assert not ALICE.covers(
        resolve_rights([(Fn.VIEW_CASES, Cu.ACME), (Fn.DELETE_CASES, Cu.ACME)], GRAPH, TREE)
    )


@quick
@given(graphs(), trees(), st.data())
def test_covering_is_inclusion_of_pairs(
    functions: FunctionGraph, customers: CustomerTree, data: st.DataObject
) -> None:
    """``covers`` says of any two rights what set inclusion says of their pairs."""
    mine, theirs = data.draw(permission_rows()), data.draw(permission_rows(max_size=3))
    if data.draw(st.booleans()):
        mine += theirs  # else one rarely covers the other
    held, other = resolve_rights(mine, functions, customers), resolve_rights(theirs, functions, customers)
    assert held.covers(other) == (expand(theirs, functions, customers) <= expand(mine, functions, customers))


# --- disabled ----------------------------------------------------------------------------------------------


@quick
@given(graphs(), trees(), permission_rows(), some_customers())
def test_disabled_customers_count_for_nothing(
    functions: FunctionGraph,
    customers: CustomerTree,
    rows: tuple[tuple[int, int], ...],
    disabled: frozenset[int],
) -> None:
    """Disabling takes exactly the pairs of those customers and all below, and what was granted on them."""
    lesser = CustomerTree(
        customers.parents, customers.domains, customers.names, customers.disabled | disabled
    )
    live = live_customers(lesser)
    after = all_pairs(resolve_rights(rows, functions, lesser))
    assert after == {(f, c) for f, c in all_pairs(resolve_rights(rows, functions, customers)) if c in live}


def test_no_rights_allow_nothing() -> None:
    """The empty value is false, holds nothing, and sees nobody."""
    assert not NO_RIGHTS
    assert not NO_RIGHTS.allows(Fn.VIEW_CASES, Cu.ACME)
    assert not NO_RIGHTS.allows_anywhere(Fn.VIEW_CASES)
    assert NO_RIGHTS.list_topmost_customers() == frozenset()


def test_a_tree_of_several_domains_keeps_them_apart() -> None:
    """The builder gives a root's domain to all below it, so that a test may trust it."""
    assert TREE.domains[Cu.ACME_NORTH] == 1
    assert TREE.domains[Cu.ELSEWHERE_LEAF] == 2
    assert tree({1: None}).domains == {1: 1}


def test_reach_of_one_function() -> None:
    """Every live customer below where exactly this function is held; nothing for one that is unknown."""
    tree = CustomerTree({1: None, 2: 1, 3: 2, 4: 1, 5: 2}, disabled=frozenset({5}))
    rights = Rights({7: frozenset({2}), 8: frozenset({1})}, tree)
    assert rights.list_reach_of(7) == {2, 3}
    assert rights.list_reach_of(8) == {1, 2, 3, 4}
    assert rights.list_reach_of(None) == rights.list_reach_of(9) == frozenset()


def test_within_is_what_both_hold() -> None:
    """For the customers of both, whichever of the two stands higher; never more than either."""
    tree = CustomerTree({1: None, 2: 1, 3: 2, 4: 1})
    one = Rights({7: frozenset({2}), 8: frozenset({1}), 9: frozenset({4})}, tree)
    two = Rights({7: frozenset({1}), 8: frozenset({3, 4}), 9: frozenset({2})}, tree)
    both = one.intersect(two)
    assert both.held == {7: frozenset({2}), 8: frozenset({3, 4})}
    assert both.held == two.intersect(one).held
    assert one.covers(both)
    assert two.covers(both)


def test_what_may_come_back_counts_where_everything_is_alive() -> None:
    """Rights at a disabled customer are none today, and are there again when it is; unknown stays unknown."""
    tree = CustomerTree({1: None, 2: 1, 3: 2}, disabled=frozenset({2}))
    assert [tree.is_alive(one) for one in (1, 2, 3, 4)] == [True, False, False, False]
    assert [tree.with_all_alive().is_alive(one) for one in (1, 2, 3, 4)] == [True, True, True, False]
    assert resolve_rights([(Fn.DELETE_CASES, 3)], GRAPH, tree).held == {}
    assert resolve_rights([(Fn.DELETE_CASES, 3)], GRAPH, tree.with_all_alive()).held == {
        Fn.DELETE_CASES: frozenset({3})
    }
