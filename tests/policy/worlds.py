"""Small worlds for the tests of the policy: builders, a table of refusals, strategies, and a slow oracle.

``question()`` is allowed on every leg; a test states only what differs: ``question(user={"blocked": True})``.
A *world* is the keyword arguments of one ``question(...)`` call; strategies draw worlds, so what Hypothesis
prints can be pasted into an example.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st

from app.policy.facts import ClientFacts
from app.policy.facts import Constraints
from app.policy.facts import CredentialFacts
from app.policy.facts import Decision
from app.policy.facts import Finding
from app.policy.facts import GrantFacts
from app.policy.facts import Impersonator
from app.policy.facts import Leg
from app.policy.facts import LoginFacts
from app.policy.facts import Question
from app.policy.facts import RightAsked
from app.policy.facts import SecurityLevel
from app.policy.facts import UserFacts
from app.policy.rights import CustomerTree
from app.policy.rights import FunctionGraph
from app.policy.rights import Rights
from app.policy.rights import resolve_rights

World = dict[str, Any]
Pairs = frozenset[tuple[int, int]]

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=5)
NOWHERE = 99  # the id of no function and no customer
AT_USE = (Leg.REDEEM, Leg.REFRESH, Leg.INTROSPECT, Leg.USERINFO, Leg.API)

quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


# --- builders ----------------------------------------------------------------------------------------------


def graph(
    edges: Mapping[int, Iterable[int]],
    *,
    levels: Mapping[int, int] | None = None,
    read_only: Iterable[int] = (),
    names: Mapping[int, str] | None = None,
    without: Iterable[int] = (),
) -> FunctionGraph:
    """A graph of all functions that ``edges`` mentions, external unless ``levels`` says otherwise.

    Those in ``without`` do not exist, though edges may still lead to them.
    """
    mentioned = set(edges) | {below for belows in edges.values() for below in belows}
    known = {one: f"function-{one}" for one in mentioned} if names is None else dict(names)
    for one in without:
        known.pop(one, None)
    return FunctionGraph(
        names=known,
        children={one: frozenset(belows) for one, belows in edges.items()},
        levels={**dict.fromkeys(known, int(SecurityLevel.EXTERNAL)), **(levels or {})},
        read_only=frozenset(read_only),
    )


def tree(
    parents: Mapping[int, int | None],
    *,
    domains: Mapping[int, int] | None = None,
    disabled: Iterable[int] = (),
    names: Mapping[int, str] | None = None,
) -> CustomerTree:
    """A tree from child to parent; ``domains`` gives the domain of a root (default 1) and all below it."""
    domain: dict[int, int] = {}
    for customer in parents:
        root = customer
        while (above := parents[root]) is not None:
            root = above
        domain[customer] = (domains or {}).get(root, 1)
    return CustomerTree(
        parents=dict(parents),
        domains=domain,
        names={one: f"customer-{one}" for one in parents} if names is None else dict(names),
        disabled=frozenset(disabled),
    )


class Fn(IntEnum):
    """The functions of the example world."""

    ADMIN = 1
    CASE_READER = 2
    VIEW_CASES = 3
    LIST_CASES = 4
    VIEW_SECRETS = 5
    EDIT_CASES = 6
    USE_PORTAL = 7
    DELETE_CASES = 8


class Cu(IntEnum):
    """The customers of the example world: ROOT and below in domain 1, ELSEWHERE and below in domain 2."""

    ROOT = 1
    ACME = 2
    ACME_NORTH = 3
    GLOBEX = 4
    ELSEWHERE = 5
    ELSEWHERE_LEAF = 6


EDGES: Mapping[int, tuple[int, ...]] = {
    Fn.ADMIN: (Fn.CASE_READER, Fn.EDIT_CASES),
    Fn.CASE_READER: (Fn.VIEW_CASES, Fn.LIST_CASES, Fn.VIEW_SECRETS),
    Fn.USE_PORTAL: (),
    Fn.DELETE_CASES: (),
}
LEVELS: Mapping[int, int] = {
    Fn.VIEW_SECRETS: SecurityLevel.ADMINISTRATIVE,
    Fn.USE_PORTAL: SecurityLevel.STANDARD,
}
FUNCTION_NAMES: Mapping[int, str] = {
    Fn.ADMIN: "caseAdmin",
    Fn.CASE_READER: "caseReader",
    Fn.VIEW_CASES: "viewCases",
    Fn.LIST_CASES: "listCases",
    Fn.VIEW_SECRETS: "viewSecrets",
    Fn.EDIT_CASES: "editCases",
    Fn.USE_PORTAL: "usePortal",
    Fn.DELETE_CASES: "deleteCases",
}
GRAPH = graph(EDGES, levels=LEVELS, read_only=(Fn.VIEW_CASES, Fn.VIEW_SECRETS), names=FUNCTION_NAMES)

PARENTS: Mapping[int, int | None] = {
    Cu.ROOT: None,
    Cu.ACME: Cu.ROOT,
    Cu.ACME_NORTH: Cu.ACME,
    Cu.GLOBEX: Cu.ROOT,
    Cu.ELSEWHERE: None,
    Cu.ELSEWHERE_LEAF: Cu.ELSEWHERE,
}
DOMAINS: Mapping[int, int] = {Cu.ROOT: 1, Cu.ELSEWHERE: 2}
CUSTOMER_NAMES: Mapping[int, str] = {
    Cu.ROOT: "Root",
    Cu.ACME: "Acme",
    Cu.ACME_NORTH: "Acme North",
    Cu.GLOBEX: "Globex",
    Cu.ELSEWHERE: "Elsewhere",
    Cu.ELSEWHERE_LEAF: "Elsewhere Leaf",
}
TREE = tree(PARENTS, domains=DOMAINS, names=CUSTOMER_NAMES)


def acme_tree(*disabled: int) -> CustomerTree:
    """The tree of the example world with these customers disabled."""
    return tree(PARENTS, domains=DOMAINS, names=CUSTOMER_NAMES, disabled=disabled)


# Alice of Acme uses an application that is bound to Acme, may read cases there, and calls from 10.0.0.0/8.
HOLDS: tuple[tuple[int, int], ...] = ((Fn.USE_PORTAL, Cu.ACME), (Fn.ADMIN, Cu.ACME))
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "user": {"id": 1, "name": "alice", "customer": Cu.ACME},
    "client": {
        "id": "client-1",
        "domain": 1,
        "required_function": Fn.USE_PORTAL,
        "permission_scope": Fn.CASE_READER,
        "customer": Cu.ACME,
        "address_ranges": ("10.0.0.0/8",),
        "max_level": SecurityLevel.STANDARD,
        "name": "Reports",
    },
    "credential": {"kind": "access token", "expires_at": SOON, "level": SecurityLevel.STANDARD},
    "login": {"level": SecurityLevel.STANDARD, "expires_at": SOON, "idle_at": SOON},
    "grant": {"permission_scope": Fn.CASE_READER, "scopes": frozenset({"openid", "profile"})},
    "asked": {"function": Fn.VIEW_CASES, "name": "viewCases", "customer": Cu.ACME_NORTH},
}
KINDS: Mapping[str, Callable[..., Any]] = {
    "client": ClientFacts,
    "credential": CredentialFacts,
    "login": LoginFacts,
    "grant": GrantFacts,
    "asked": RightAsked,
}


def question(leg: Leg = Leg.API, **changes: Any) -> Question:
    """A question that is allowed on every leg, but for what the test changes.

    ``holds`` are the user's permission rows; ``user``, ``client``, ``credential``, ``login``, ``grant`` and
    ``asked`` take the fields that differ, or ``None`` for "there is none".
    """
    functions: FunctionGraph = changes.pop("graph", GRAPH)
    customers: CustomerTree = changes.pop("tree", TREE)
    person: World = {**DEFAULTS["user"], **changes.pop("user", {})}
    person.setdefault("rights", resolve_rights(changes.pop("holds", HOLDS), functions, customers))
    person.setdefault("customer_disabled", not customers.is_alive(person["customer"]))
    parts: World = {"address": "10.1.2.3", "scopes": frozenset({"openid"}), "consent_needed": True, **changes}
    for part, kind in KINDS.items():
        differs = changes.get(part, {})
        parts[part] = None if differs is None else kind(**{**DEFAULTS[part], **differs})
    return Question(leg=leg, now=NOW, user=UserFacts(**person), graph=functions, tree=customers, **parts)


def by_key(leg: Leg = Leg.API, **changes: Any) -> Question:
    """The same question asked by an API key: no client, nothing to consent to."""
    return question(leg, **{"client": None, "grant": None, "consent_needed": False, **changes})


def finding(decision: Decision, rule: str) -> Finding:
    """The one word of this rule."""
    (one,) = (each for each in decision.findings if each.rule == rule)
    return one


def refusing(decision: Decision) -> list[str]:
    """The reason codes that refuse, in order."""
    return [each.reason for each in decision.denials]


# --- one example of every refusal --------------------------------------------------------------------------


@dataclass(frozen=True)
class Refusal:
    """How to be refused for one reason, and by no other rule than the one that speaks it."""

    reason: str
    rule: str
    changes: Mapping[str, Any]

    def question(self, leg: Leg) -> Question:
        return question(leg, **self.changes)


def _refusals(*given: tuple[str, str, World]) -> Mapping[str, Refusal]:
    return MappingProxyType({reason: Refusal(reason, rule, changes) for rule, reason, changes in given})


def impersonator(*, holds: Any = None, function: int | None = None, **fields: Any) -> Impersonator:
    """Somebody who acts as the person: he may do all that she may, and the function that lets him."""
    granted = HOLDS if holds is None else holds
    fields = {"id": 99, "name": "boss", "customer": DEFAULTS["user"]["customer"]} | fields
    return Impersonator(UserFacts(**fields, rights=resolve_rights(granted, GRAPH, TREE)), function)


_ONLY_LISTS = Constraints(functions=frozenset({Fn.LIST_CASES}))

REFUSALS = _refusals(
    ("client_enabled", "client_deleted", {"client": {"deleted": True}}),
    ("user_active", "user_deleted", {"user": {"deleted": True}}),
    ("user_active", "user_blocked", {"user": {"blocked": True}}),
    ("user_active", "user_customer_disabled", {"user": {"customer_disabled": True}}),
    ("credential_live", "credential_missing", {"credential": None}),
    ("credential_live", "credential_ended", {"credential": {"ended": True}}),
    ("credential_live", "credential_spent", {"credential": {"spent": True}}),
    ("credential_live", "credential_expired", {"credential": {"expires_at": NOW}}),
    ("credential_live", "proof_missing", {"credential": {"unproven": "proof_missing"}}),
    ("credential_live", "proof_not_wanted", {"credential": {"unproven": "proof_not_wanted"}}),
    ("credential_live", "proof_wrong", {"credential": {"unproven": "proof_wrong"}}),
    ("credential_live", "proof_replayed", {"credential": {"unproven": "proof_replayed"}}),
    ("login_session", "login_ended", {"login": {"ended": True}}),
    ("login_session", "login_superseded", {"login": {"superseded": True}}),
    ("login_session", "login_expired", {"login": {"expires_at": NOW}}),
    ("login_session", "login_idle", {"login": {"idle_at": NOW}}),
    ("login_session", "password_change_required", {"login": {"must_change_password": True}}),
    ("login_session", "impersonation_ended", {"impersonator": impersonator(blocked=True)}),
    ("login_session", "key_outgrown", {"maker": impersonator(holds=()).user}),
    ("consent", "consent_missing", {"grant": None}),
    ("consent", "consent_withdrawn", {"grant": {"withdrawn": True}}),
    ("consent", "consent_outgrown", {"grant": {"permission_scope": Fn.VIEW_CASES}}),
    ("consent", "consent_scopes", {"scopes": frozenset({"openid", "groups", "email"})}),
    ("client_address", "address_unknown", {"address": None}),
    ("client_address", "address_no_range", {"client": {"address_ranges": ()}}),
    ("client_address", "address_outside", {"address": "192.0.2.1"}),
    (
        "client_address",
        "user_address_changed",
        {"credential": {"bound_to": "198.51.100.7", "used_for": "198.51.100.8"}},
    ),
    ("security_level", "level_too_low", {"login": {"level": SecurityLevel.EXTERNAL}}),
    ("required_function", "function_unknown", {"client": {"required_function": NOWHERE, "customer": None}}),
    (
        "required_function",
        "function_not_held",
        {"holds": ((Fn.ADMIN, Cu.ACME),), "client": {"customer": None}},
    ),
    (
        "customer_binding",
        "not_held_for_customer",
        {"holds": ((Fn.USE_PORTAL, Cu.GLOBEX), (Fn.ADMIN, Cu.ACME))},
    ),
    ("right_asked", "right_unknown", {"asked": {"function": None, "name": "flyToTheMoon"}}),
    ("right_asked", "right_not_held", {"asked": {"function": Fn.DELETE_CASES, "name": "deleteCases"}}),
    ("right_asked", "right_not_held_for_customer", {"asked": {"customer": Cu.GLOBEX}}),
    ("right_asked", "right_outside_client", {"asked": {"function": Fn.EDIT_CASES, "name": "editCases"}}),
    ("right_asked", "right_constrained", {"constraints": (_ONLY_LISTS,)}),
    ("right_asked", "right_above_level", {"asked": {"function": Fn.VIEW_SECRETS, "name": "viewSecrets"}}),
)


# --- the oracle: every (function, customer) pair, by set arithmetic ----------------------------------------


def closure(pairs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """The transitive closure of a relation, by joining it with itself until nothing is new."""
    known = set(pairs)
    while True:
        new = {(a, d) for a, b in known for c, d in known if b == c} - known
        if not new:
            return known
        known |= new


def functions_below(of: FunctionGraph) -> set[tuple[int, int]]:
    """All (function, itself or one below) among those that exist."""
    edges = {(a, b) for a, belows in of.children.items() for b in belows if a in of.names and b in of.names}
    return closure(edges) | {(one, one) for one in of.names}


def customers_below(of: CustomerTree) -> set[tuple[int, int]]:
    """All (customer, itself or one below)."""
    edges = {(above, one) for one, above in of.parents.items() if above is not None}
    return closure(edges) | {(one, one) for one in of.parents}


def live_customers(of: CustomerTree) -> set[int]:
    """The customers that are not disabled, nor below one that is."""
    return set(of.parents) - {one for top, one in customers_below(of) if top in of.disabled}


def expand(holds: Iterable[tuple[int, int]], functions: FunctionGraph, customers: CustomerTree) -> Pairs:
    """All pairs that permission rows give, written out."""
    belows, unders, live = functions_below(functions), customers_below(customers), live_customers(customers)
    return frozenset(
        (f, c)
        for function, customer in holds
        for top, f in belows
        if top == function
        for above, c in unders
        if above == customer and c in live
    )


def pairs_of(rights: Rights, functions: Iterable[int], customers: Iterable[int]) -> Pairs:
    """All pairs that ``rights`` allow among these functions and customers (and an id of neither)."""
    return frozenset(
        (f, c) for f in {*functions, NOWHERE} for c in {*customers, NOWHERE} if rights.allows(f, c)
    )


def effective_pairs(world: World, q: Question) -> dict[str, Pairs]:
    """What is left after each narrowing, slowly: held, then client, constraints, level."""
    belows, unders = functions_below(q.graph), customers_below(q.tree)
    left = expand(world["holds"], q.graph, q.tree)
    stages = {"held": left}
    if q.client is not None:
        left = frozenset((f, c) for f, c in left if (q.client.permission_scope, f) in belows)
        if q.client.customer is not None:
            left = frozenset((f, c) for f, c in left if (q.client.customer, c) in unders)
    stages["client"] = left
    for bound in q.constraints:
        if bound.functions is not None:
            left = frozenset((f, c) for f, c in left if any((top, f) in belows for top in bound.functions))
        if bound.customers is not None:
            left = frozenset((f, c) for f, c in left if any((top, c) in unders for top in bound.customers))
        if bound.read_only:
            left = frozenset((f, c) for f, c in left if f in q.graph.read_only)
    stages["constraints"] = left
    caps = [0 if q.login is None else q.login.level]
    caps += [q.credential.level] if q.credential is not None and q.credential.level is not None else []
    caps += [q.client.max_level] if q.client is not None else []
    stages["level"] = frozenset((f, c) for f, c in left if all(q.graph.levels[f] <= cap for cap in caps))
    return stages


# --- strategies --------------------------------------------------------------------------------------------

FUNCTIONS = range(1, 7)
CUSTOMERS = range(1, 8)
RANGES = ("10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0", "::/0")
ADDRESSES = ("10.1.2.3", "10.200.0.1", "192.0.2.77", "198.51.100.9", "2001:db8::1", "2001:db9::1")
SCOPES = ("openid", "profile", "email")


# What may be wrong with one part of a world; a part replaced by None is missing altogether.
FAULTS: tuple[tuple[str, World | None], ...] = (
    ("user", {"blocked": True}),
    ("user", {"deleted": True}),
    ("user", {"customer_disabled": True}),
    ("client", {"deleted": True}),
    ("client", {"address_ranges": ()}),
    ("client", {"required_function": None}),
    ("client", {"permission_scope": NOWHERE}),
    ("client", {"customer": NOWHERE}),
    ("credential", None),
    ("credential", {"ended": True}),
    ("credential", {"spent": True}),
    ("credential", {"expires_at": NOW}),
    ("credential", {"address_ranges": ()}),
    ("login", None),
    ("login", {"ended": True}),
    ("login", {"superseded": True}),
    ("login", {"expires_at": NOW}),
    ("login", {"idle_at": NOW}),
    ("login", {"must_change_password": True}),
    ("grant", None),
    ("grant", {"withdrawn": True}),
    ("grant", {"scopes": frozenset()}),
    ("grant", {"permission_scope": None}),
    ("address", None),
)


def changed(world: World, part: str, change: World | None) -> World:
    """The world with this part changed, or taken away when the change is ``None``."""
    if change is None or world[part] is None:
        return {**world, part: None}
    return {**world, part: {**world[part], **change}}


# Built once: a strategy that is made anew for every example costs more than what is drawn from it.
_INDEX = st.integers(0, 59)
_EDGES = st.frozensets(st.tuples(st.sampled_from(FUNCTIONS), st.sampled_from(FUNCTIONS)), max_size=10)
_ROW = st.tuples(st.sampled_from([*FUNCTIONS, NOWHERE]), st.sampled_from([*CUSTOMERS, NOWHERE]))
_SOME = {
    values: st.frozensets(st.sampled_from(values))
    for values in (tuple(FUNCTIONS), (*FUNCTIONS, NOWHERE), tuple(CUSTOMERS), (*CUSTOMERS, NOWHERE), SCOPES)
}
_FAULTS = st.lists(st.sampled_from(FAULTS), max_size=2)


def pick(draw: st.DrawFn, values: Iterable[Any]) -> Any:
    """One of these, the first being the simplest."""
    given = list(values)
    return given[draw(_INDEX) % len(given)]


def usually(draw: st.DrawFn, usual: Any, *others: Any) -> Any:
    """The first value as often as all others together."""
    return pick(draw, [*[usual] * len(others), *others])


def some_functions(*more: int) -> st.SearchStrategy[frozenset[int]]:
    """Some functions, existing or not."""
    return _SOME[*FUNCTIONS, *more]


def some_customers(*more: int) -> st.SearchStrategy[frozenset[int]]:
    """Some customers, existing or not."""
    return _SOME[*CUSTOMERS, *more]


def some_scopes() -> st.SearchStrategy[frozenset[str]]:
    """Some OAuth scopes."""
    return _SOME[SCOPES]


@st.composite
def graphs(draw: st.DrawFn) -> FunctionGraph:
    """A function graph with diamonds, cycles, loops, and edges to functions that do not exist."""
    names = sorted(draw(some_functions()) or {1})
    edges = draw(_EDGES)
    return FunctionGraph(
        names={one: f"function-{one}" for one in names},
        children={one: frozenset(b for a, b in edges if a == one) for one in sorted({a for a, _ in edges})},
        levels={one: int(pick(draw, SecurityLevel)) for one in names},
        read_only=draw(some_functions()) & frozenset(names),
    )


@st.composite
def trees(draw: st.DrawFn) -> CustomerTree:
    """A forest of one to seven customers in one or two domains, some of them disabled."""
    count = 1 + draw(_INDEX) % len(CUSTOMERS)
    parents = {one: pick(draw, [None, *range(1, one)]) for one in range(1, count + 1)}
    return tree(
        parents,
        domains={one: pick(draw, (1, 2)) for one, above in parents.items() if above is None},
        disabled=draw(some_customers()) & parents.keys() if pick(draw, (False, True)) else (),
    )


def permission_rows(max_size: int = 6) -> st.SearchStrategy[tuple[tuple[int, int], ...]]:
    """Permission rows; some name a function or a customer that does not exist."""
    return st.lists(_ROW, max_size=max_size).map(tuple)


def a_client(draw: st.DrawFn, functions: FunctionGraph, customers: CustomerTree) -> World:
    """The fields of a client, bound to a customer or not."""
    bound = pick(draw, (None, pick(draw, customers.parents)))
    return {
        "domain": pick(draw, (1, 2)) if bound is None else customers.domains[bound],
        "required_function": pick(draw, functions.names),
        "permission_scope": pick(draw, functions.names),
        "customer": bound,
        "address_ranges": usually(draw, RANGES[:1], RANGES[1:4], RANGES[3:], RANGES[4:5]),
        "max_level": pick(draw, SecurityLevel),
    }


def a_credential(draw: st.DrawFn) -> World:
    """The fields of a live credential: a token, or a key with a range and a level of its own."""
    return {
        "expires_at": pick(draw, (SOON, None)),
        "level": usually(draw, None, *SecurityLevel),
        "address_ranges": usually(draw, None, RANGES[:1], RANGES[1:3]),
    }


def a_login(draw: st.DrawFn) -> World:
    """The fields of a login that stands."""
    return {
        "level": pick(draw, SecurityLevel),
        "expires_at": pick(draw, (SOON, None)),
        "idle_at": pick(draw, (None, SOON)),
    }


def a_grant(draw: st.DrawFn, functions: FunctionGraph, scope: int | None) -> World:
    """The fields of a consent: as often to today's permission scope as to another."""
    return {
        "permission_scope": usually(draw, scope, *functions.names),
        "scopes": pick(draw, (frozenset(SCOPES), frozenset(SCOPES[:1]))),
    }


@st.composite
def constraints(draw: st.DrawFn) -> Constraints:
    """What a key or a constrained session may do at most."""
    return Constraints(
        functions=draw(some_functions(NOWHERE)) if pick(draw, (False, True)) else None,
        customers=draw(some_customers(NOWHERE)) if pick(draw, (False, True)) else None,
        read_only=pick(draw, (False, True)),
    )


_GRAPHS, _TREES, _ROWS, _CONSTRAINTS = graphs(), trees(), permission_rows(), constraints()


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """The arguments of a question: on any leg, for a client or a key, with up to two things wrong."""
    functions, customers, holds = draw(_GRAPHS), draw(_TREES), draw(_ROWS)
    client = a_client(draw, functions, customers) if usually(draw, True, True, False) else None
    if client is not None and pick(draw, (False, True)):
        # Often the user holds what the client requires, where it requires it.
        where = client["customer"] or pick(draw, customers.parents)
        holds += ((client["required_function"], where),)
    asked = {
        "function": pick(draw, [*FUNCTIONS, None]),
        "name": "asked",
        "customer": pick(draw, [None, *customers.parents, NOWHERE]),
    }
    world: World = {
        "leg": pick(draw, Leg),
        "graph": functions,
        "tree": customers,
        "holds": holds,
        "user": {"customer": pick(draw, customers.parents)},
        "client": client,
        "credential": a_credential(draw),
        "login": a_login(draw),
        "grant": a_grant(draw, functions, client["permission_scope"] if client else None),
        "consent_needed": pick(draw, (False, True)),
        "scopes": pick(draw, (frozenset(), frozenset(SCOPES[:2]))),
        "address": usually(draw, *ADDRESSES),
        "constraints": tuple(draw(_CONSTRAINTS) for _ in range(pick(draw, (0, 0, 1, 2)))),
        "asked": pick(draw, (None, asked)),
    }
    for part, change in draw(_FAULTS):
        world = changed(world, part, change)
    return world
