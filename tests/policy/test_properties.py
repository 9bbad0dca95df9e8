"""What holds of every decision, over random graphs, trees, users, clients, sessions and constraints."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address
from ipaddress import IPv4Network
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import find
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from app.policy.access import RULES
from app.policy.access import decide
from app.policy.access import find_missing_functions
from app.policy.effective import compute_effective_rights
from app.policy.facts import Decision
from app.policy.facts import Leg
from app.policy.facts import Outcome
from app.policy.facts import Question
from app.policy.facts import SecurityLevel
from app.policy.reasons import PASSED
from app.policy.reasons import REASONS
from app.policy.rights import NO_RIGHTS
from app.policy.rights import CustomerTree
from app.policy.rights import FunctionGraph
from tests.policy.worlds import AT_USE
from tests.policy.worlds import FAULTS
from tests.policy.worlds import NOW
from tests.policy.worlds import NOWHERE
from tests.policy.worlds import Pairs
from tests.policy.worlds import World
from tests.policy.worlds import changed
from tests.policy.worlds import constraints
from tests.policy.worlds import customers_below
from tests.policy.worlds import effective_pairs
from tests.policy.worlds import expand
from tests.policy.worlds import functions_below
from tests.policy.worlds import pairs_of
from tests.policy.worlds import pick
from tests.policy.worlds import question
from tests.policy.worlds import quick
from tests.policy.worlds import refusing
from tests.policy.worlds import some_scopes
from tests.policy.worlds import worlds

Weakening = Callable[[st.DataObject, World], World]


def _one_of(data: st.DataObject, values: Iterable[Any]) -> Any:
    return pick(data.draw, values)


# --- the shape of a decision -------------------------------------------------------------------------------


@quick
@given(worlds())
def test_every_rule_speaks_once_in_order(world: World) -> None:
    """Whatever is asked, the findings are the rules, one word each, in their order, in known words."""
    decision = decide(question(**world))
    assert [each.rule for each in decision.findings] == [rule.__name__ for rule in RULES] == list(PASSED)
    for each in decision.findings:
        known = {Outcome.PASS: {"passed"}, Outcome.NOT_APPLICABLE: {"not_applicable"}}.get(
            each.outcome, set(REASONS)
        )
        assert each.reason in known


@quick
@given(worlds())
def test_denied_is_no_rights_and_a_reason(world: World) -> None:
    """A denial has at least one reason and no rights; an allowance has no reason and the effective rights."""
    q = question(**world)
    decision = decide(q)
    assert bool(decision) is decision.allowed is (not decision.denials)
    assert decision.leg is q.leg
    assert decision.rights == (compute_effective_rights(q) if decision else NO_RIGHTS)
    assert all(each.outcome is Outcome.FAIL for each in decision.denials)


@pytest.mark.parametrize("leg", Leg)
@pytest.mark.parametrize("allowed", [True, False])
def test_the_worlds_hold_both_answers(leg: Leg, *, allowed: bool) -> None:
    """The properties here are about something: each leg is both allowed, with rights, and denied."""

    def wanted(world: World) -> bool:
        decision = decide(question(**{**world, "leg": leg}))
        return decision.allowed is allowed and bool(decision.rights) is allowed

    tries = settings(
        max_examples=2000, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    assert find(worlds(), wanted, settings=tries)


def why(stages: dict[str, Pairs], function: int | None, customer: int | None) -> str | None:
    """The reason a function is not had, by the first stage that lacks it; ``None`` when it is had."""
    if function is None:
        return "right_unknown"
    if all(f != function for f, _ in stages["held"]):
        return "right_not_held"
    reasons = {
        "held": "right_not_held_for_customer",
        "client": "right_outside_client",
        "constraints": "right_constrained",
        "level": "right_above_level",
    }
    for stage, reason in reasons.items():
        if not any(f == function and customer in (None, c) for f, c in stages[stage]):
            return reason
    return None


# --- rights ------------------------------------------------------------------------------------------------


@quick
@given(worlds())
def test_effective_rights_are_the_intersection(world: World) -> None:
    """The rights equal the user's pairs, filtered by scope, customer, constraints and level one by one."""
    q = question(**world)
    rights = compute_effective_rights(q)
    assert pairs_of(rights, q.graph.names, q.tree.parents) == effective_pairs(world, q)["level"]
    assert q.user.rights.covers(rights)


@quick
@given(worlds())
def test_rights_stay_inside_every_bound(world: World) -> None:
    """No pair of a decision lies outside the user's, the scope's, the bound customer's or the level's."""
    q = question(**world)
    pairs = pairs_of(decide(q).rights, q.graph.names, q.tree.parents)
    assert pairs <= expand(world["holds"], q.graph, q.tree)
    if q.client is not None:
        assert {(q.client.permission_scope, f) for f, _ in pairs} <= functions_below(q.graph)
        assert all(q.graph.levels[f] <= q.client.max_level for f, _ in pairs)
        if q.client.customer is not None:
            assert {(q.client.customer, c) for _, c in pairs} <= customers_below(q.tree)
    if pairs:
        assert q.login is not None
        assert all(q.graph.levels[f] <= q.login.level for f, _ in pairs)


@quick
@given(worlds(), st.data())
def test_the_right_asked_is_judged_by_the_effective_rights(world: World, data: st.DataObject) -> None:
    """The rule passes exactly for an effective pair, and else names the first narrowing that took it."""
    asked = {
        "function": _one_of(data, [*world["graph"].names, NOWHERE, None]),
        "name": "asked",
        "customer": _one_of(data, [None, *world["tree"].parents, NOWHERE]),
    }
    q = question(**{**world, "leg": Leg.API, "asked": asked})
    word = decide(q).findings[-1]
    reason = why(effective_pairs(world, q), asked["function"], asked["customer"])
    assert word.reason == (reason or "passed")
    assert word.outcome is (Outcome.FAIL if reason else Outcome.PASS)


@quick
@given(worlds())
def test_what_falls_away_is_the_rest_of_the_scope(world: World) -> None:
    """Every function of the permission scope is had for some customer or said to be missing."""
    q = question(**world)
    stages = effective_pairs(world, q)
    scope = q.client.permission_scope if q.client is not None else None
    whys = {f: why(stages, f, None) for top, f in functions_below(q.graph) if top == scope}
    assert [(each.function, each.reason) for each in find_missing_functions(q)] == [
        (f, whys[f]) for f in sorted(whys) if whys[f] is not None
    ]


# --- taking away never gives -------------------------------------------------------------------------------


def fault(data: st.DataObject, world: World) -> World:
    """Something ends, expires, is blocked, deleted, withdrawn, emptied or goes missing."""
    return changed(world, *_one_of(data, [one for one in FAULTS if one != ("credential", None)]))


def fewer_permissions(data: st.DataObject, world: World) -> World:
    """A permission row is taken away."""
    if not world["holds"]:
        return world
    gone = _one_of(data, range(len(world["holds"])))
    return {**world, "holds": world["holds"][:gone] + world["holds"][gone + 1 :]}


def ended_login(data: st.DataObject, world: World) -> World:
    """The login ends, one way or another."""
    ends = [None, {"ended": True}, {"superseded": True}, {"expires_at": NOW}, {"idle_at": NOW}]
    return changed(world, "login", _one_of(data, ends))


def withdrawn(data: st.DataObject, world: World) -> World:
    """The user withdraws the consent, or consents to less."""
    if world["grant"] is None:
        return world
    below = world["graph"].list_descendants(world["grant"]["permission_scope"])
    less = {
        # What is withdrawn stays so: a new consent would be a gift.
        "withdrawn": world["grant"].get("withdrawn", False) or _one_of(data, (False, True)),
        "permission_scope": _one_of(data, [None, *sorted(below)]),
        "scopes": data.draw(some_scopes()) & world["grant"]["scopes"],
    }
    return changed(world, "grant", less)


def narrower_range(data: st.DataObject, world: World) -> World:
    """The client or the key may call from fewer addresses."""
    part = _one_of(data, ["client", "credential"])
    if world[part] is None:
        return world
    now = world[part].get("address_ranges")
    inside = {"10.0.0.0/8": "10.1.0.0/16", "0.0.0.0/0": "192.0.2.0/24", "::/0": "2001:db8::/48"}
    if now is None:
        return changed(world, part, {"address_ranges": ("10.0.0.0/8",)})
    if now and _one_of(data, (False, True)):
        return changed(world, part, {"address_ranges": now[1:]})
    return changed(world, part, {"address_ranges": tuple(inside.get(one, one) for one in now)})


def lower_level(data: st.DataObject, world: World) -> World:
    """The login, the credential or the client's cap gets weaker."""
    part, field = _one_of(data, [("login", "level"), ("credential", "level"), ("client", "max_level")])
    if world[part] is None:
        return world
    now = world[part][field] or SecurityLevel.ADMINISTRATIVE
    return changed(world, part, {field: _one_of(data, [one for one in SecurityLevel if one <= now])})


def raised_function(data: st.DataObject, world: World) -> World:
    """A function comes to need a stronger login."""
    functions: FunctionGraph = world["graph"]
    one = _one_of(data, sorted(functions.names))
    higher = _one_of(data, [int(level) for level in SecurityLevel if level >= functions.levels[one]])
    levels = {**functions.levels, one: higher}
    return {**world, "graph": FunctionGraph(functions.names, functions.children, levels, functions.read_only)}


def cut_edge(data: st.DataObject, world: World) -> World:
    """A role loses one of its functions."""
    functions: FunctionGraph = world["graph"]
    edges = sorted((a, b) for a, belows in functions.children.items() for b in belows)
    if not edges:
        return world
    above, below = _one_of(data, edges)
    children = {**functions.children, above: functions.children[above] - {below}}
    return {**world, "graph": FunctionGraph(functions.names, children, functions.levels, functions.read_only)}


def deleted_function(data: st.DataObject, world: World) -> World:
    """A function is deleted; edges may still lead to it."""
    functions: FunctionGraph = world["graph"]
    one = _one_of(data, sorted(functions.names))
    names = {f: name for f, name in functions.names.items() if f != one}
    return {**world, "graph": FunctionGraph(names, functions.children, functions.levels, functions.read_only)}


def disabled_customer(data: st.DataObject, world: World) -> World:
    """A customer is disabled."""
    customers: CustomerTree = world["tree"]
    one = _one_of(data, sorted(customers.parents))
    return {**world, "tree": replace(customers, disabled=customers.disabled | {one})}


def more_constraints(data: st.DataObject, world: World) -> World:
    """The session is constrained once more."""
    return {**world, "constraints": (*world["constraints"], data.draw(constraints()))}


def bound_client(data: st.DataObject, world: World) -> World:
    """A client that was not bound is bound to a customer of its domain."""
    if world["client"] is None or world["client"]["customer"] is not None:
        return world
    inside = [c for c, domain in world["tree"].domains.items() if domain == world["client"]["domain"]]
    return changed(world, "client", {"customer": _one_of(data, inside)}) if inside else world


WEAKENINGS: tuple[Weakening, ...] = (
    fault,
    fewer_permissions,
    ended_login,
    withdrawn,
    narrower_range,
    lower_level,
    raised_function,
    cut_edge,
    deleted_function,
    disabled_customer,
    more_constraints,
    bound_client,
)
# A required function that is gone has no level to miss; required_function refuses in its place.
FALLS_SILENT: dict[Weakening, set[str]] = {fault: {"security_level"}, deleted_function: {"security_level"}}


def refusing_rules(decision: Decision) -> set[str]:
    """The rules that refuse."""
    return {each.rule for each in decision.denials}


def gained(before: Question, after: Question) -> Pairs:
    """The pairs that the second decision gives and the first did not."""
    was, now = (pairs_of(decide(q).rights, before.graph.names, before.tree.parents) for q in (before, after))
    return now - was


@pytest.mark.parametrize("weaken", WEAKENINGS)
@quick
@given(worlds(), st.data())
def test_taking_away_never_gives(weaken: Weakening, world: World, data: st.DataObject) -> None:
    """After something is taken away, what was denied stays denied by the same rules, and no right is new."""
    before, after = question(**world), question(**weaken(data, world))
    was, now = decide(before), decide(after)
    assert was.allowed or not now.allowed
    assert refusing_rules(was) - FALLS_SILENT.get(weaken, set()) <= refusing_rules(now)
    assert before.user.rights.covers(after.user.rights)
    assert not gained(before, after)


@quick
@given(worlds(), st.data())
def test_a_narrower_permission_scope_gives_no_right(world: World, data: st.DataObject) -> None:
    """Narrowing the scope mends nothing but a consent it had outgrown, and gives no right not held."""
    if world["client"] is None:
        return
    below = world["graph"].list_descendants(world["client"]["permission_scope"])
    narrower = changed(world, "client", {"permission_scope": _one_of(data, [None, *sorted(below)])})
    before, after = question(**world), question(**narrower)
    assert refusing_rules(decide(before)) - {"consent"} <= refusing_rules(decide(after))
    assert compute_effective_rights(before).covers(compute_effective_rights(after))
    if decide(before):
        assert not gained(before, after)


@quick
@given(worlds(), st.data())
def test_fewer_scopes_mend_nothing_but_consent(world: World, data: st.DataObject) -> None:
    """The OAuth scopes of a session touch no rule but the consent, and no right at all."""
    fewer = data.draw(some_scopes()) & world["scopes"]
    before, after = question(**world), question(**{**world, "scopes": fewer})
    assert refusing_rules(decide(after)) | {"consent"} == refusing_rules(decide(before)) | {"consent"}
    assert compute_effective_rights(after) == compute_effective_rights(before)


@quick
@given(worlds(), st.sampled_from(AT_USE))
def test_without_a_credential_nothing_is_used(world: World, leg: Leg) -> None:
    """Wherever a credential must be presented, a missing one is refused whatever else is good."""
    assert "credential_live" in refusing_rules(decide(question(**{**world, "leg": leg, "credential": None})))


# --- addresses ---------------------------------------------------------------------------------------------


@quick
@given(
    worlds(),
    st.ip_addresses(v=4) | st.sampled_from(["10.1.2.3", "192.0.2.77"]).map(IPv4Address),
    st.sampled_from(["::ffff:{0}", "::FFFF:{0}", "0:0:0:0:0:ffff:{0}"]),
)
def test_a_mapped_address_decides_as_its_ipv4(world: World, address: IPv4Address, spelling: str) -> None:
    """However an IPv4 address arrives, every rule says the same of it."""
    plain = decide(question(**{**world, "address": str(address)}))
    mapped = decide(question(**{**world, "address": spelling.format(address)}))
    verdicts = [[(each.rule, each.outcome, each.reason) for each in one.findings] for one in (plain, mapped)]
    assert verdicts[0] == verdicts[1]
    assert plain.rights == mapped.rights


@quick
@given(st.integers(0, 32), st.ip_addresses(v=4) | st.just(IPv4Address("10.1.2.3")))
def test_a_mapped_range_decides_as_its_ipv4(prefix: int, address: IPv4Address) -> None:
    """A range stored in mapped form binds IPv4 callers as its IPv4 form does."""
    network = ip_network(f"10.1.2.3/{prefix}", strict=False)
    assert isinstance(network, IPv4Network)
    mapped = f"::ffff:{network.network_address}/{prefix + 96}"
    verdicts = [
        refusing(decide(question(address=str(address), client={"address_ranges": (one,)})))
        for one in (str(network), mapped)
    ]
    assert verdicts[0] == verdicts[1] == ([] if address in network else ["address_outside"])
