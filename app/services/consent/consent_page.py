"""The content of the consent page: what an application would know and do, what of it is new,
and why not more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.models.authority import Function
from app.models.clients import OAuthClient
from app.models.grants import Grant
from app.policy import network
from app.policy.facts import Decision
from app.policy.facts import Question
from app.policy.growth import Growth
from app.policy.growth import growth
from app.policy.rights import Rights
from app.services.access import directory
from app.services.access import gate


@dataclass(frozen=True, slots=True)
class Use:
    """A function that the session gets; ``new`` if the existing consent does not include it."""

    function: Function
    new: bool = False


@dataclass(frozen=True, slots=True)
class CustomerRights:
    """The functions that a session gets for one customer and all below it: new ones first, roles last."""

    customer: str
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Fallen:
    """A function of the permission scope that the session would not get, by name, and the reason code."""

    function: str
    reason: str
    new: bool = False


@dataclass(frozen=True, slots=True)
class Before:
    """An existing consent: since when, for which scopes, up to which function (if it still exists)."""

    since: datetime
    scopes: tuple[str, ...]
    function: Function | None


@dataclass(frozen=True, slots=True)
class Asking:
    """The content of a consent page, as names and codes; the page adds the words.

    ``run_by`` is ``None`` if the user may not be told of anybody. ``restricted``: the application may call
    only from some addresses.
    """

    run_by: str | None
    rights: tuple[CustomerRights, ...]
    fallen: tuple[Fallen, ...]
    before: Before | None
    growth: Growth
    restricted: bool

    @property
    def grows_in_vain(self) -> bool:
        """Tell whether all new functions are ones that the user does not hold."""
        held = any(use.new for one in self.rights for use in one.uses)
        return bool(self.growth.functions) and not self.growth.scopes and not held


def asking(client: OAuthClient, grant: Grant | None, question: Question, decision: Decision) -> Asking:
    """Compute what an allowance would give the client, compared with the existing consent."""
    more = growth(question)
    return Asking(
        run_by=run_by(client, question),
        rights=by_customer(decision.rights, described(decision.rights), question, more),
        fallen=_fallen(question, more),
        before=_before(grant, question) if grant is not None else None,
        growth=more,
        restricted=not network.trusts_everyone(client.client_ip_range),
    )


def run_by(client: OAuthClient, question: Question) -> str | None:
    """Name who runs an application: its customer, else the organisation of its domain (decision 13)."""
    tree, customer = question.tree, client.customer_id
    if customer is None:
        roots = (one for one, above in tree.parents.items() if above is None)
        customer = next((one for one in roots if tree.domains[one] == client.domain_id), None)
    if customer is None or not question.may_name(customer):
        return None
    # A root customer that still has its default name does not tell who runs it.
    unnamed = client.customer_id is None and tree.names[customer] == directory.ROOT_NAME
    return None if unnamed else tree.names[customer]


def described(*rights: Rights) -> Mapping[int, Function]:
    """Load the functions of these rights, by id; one query."""
    ids = {function for one in rights for function in one.held}
    return {function.id: function for function in directory.functions_by_id(ids)} if ids else {}


def by_customer(
    rights: Rights, functions: Mapping[int, Function], question: Question, more: Growth
) -> tuple[CustomerRights, ...]:
    """Group the functions of a session's rights by customer, by customer name."""
    uses: dict[int, list[Use]] = {}
    for function, tops in rights.held.items():
        for top in tops:
            if function in functions:
                uses.setdefault(top, []).append(Use(functions[function], function in more.functions))
    named = [
        CustomerRights(question.tree.names.get(customer, ""), tuple(sorted(held, key=_order)))
        for customer, held in uses.items()
    ]
    return tuple(sorted(named, key=lambda one: one.customer))


def _order(use: Use) -> tuple[bool, bool, str]:
    return not use.new, use.function.role, use.function.name


def _fallen(question: Question, more: Growth) -> tuple[Fallen, ...]:
    """List what the application requests but would not get for this user; new functions first."""
    found = [
        Fallen(question.graph.names[one.function], one.reason, one.function in more.functions)
        for one in gate.missing(question)
    ]
    return tuple(sorted(found, key=lambda one: (not one.new, one.function)))


def _before(grant: Grant, question: Question) -> Before:
    there = {grant.permission_scope_id} & question.graph.names.keys()
    function = next(iter(directory.functions_by_id(there)), None) if there else None
    return Before(grant.created_at, tuple(grant.scopes), function)
