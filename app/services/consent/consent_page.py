"""What a person is told of an application: what it would know and do, what of it is new, and why not more."""

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
    """A function that a session has; ``new`` when a consent that stands does not hold it."""

    function: Function
    new: bool = False


@dataclass(frozen=True, slots=True)
class CustomerRights:
    """The functions a session has for one customer and all below it: new ones first, roles last."""

    customer: str
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Fallen:
    """A function of the permission scope that the session would not have, by name, and the reason code."""

    function: str
    reason: str
    new: bool = False


@dataclass(frozen=True, slots=True)
class Before:
    """A consent that stands: since when, for which scopes, up to which function (if it still exists)."""

    since: datetime
    scopes: tuple[str, ...]
    function: Function | None


@dataclass(frozen=True, slots=True)
class Asking:
    """Everything a consent page says, by names and codes; the page finds the words.

    ``run_by`` is ``None`` when there is nobody the user may be told of. ``restricted``: the application
    may not call from everywhere.
    """

    run_by: str | None
    rights: tuple[CustomerRights, ...]
    fallen: tuple[Fallen, ...]
    before: Before | None
    growth: Growth
    restricted: bool

    @property
    def grows_in_vain(self) -> bool:
        """Whether all that is new are functions that the user does not hold."""
        held = any(use.new for one in self.rights for use in one.uses)
        return bool(self.growth.functions) and not self.growth.scopes and not held


def asking(client: OAuthClient, grant: Grant | None, question: Question, decision: Decision) -> Asking:
    """What a decision to let somebody in would give the client, beside the consent that stands."""
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
    """Who runs an application: its customer, else the organisation its domain belongs to (decision 13)."""
    tree, customer = question.tree, client.customer_id
    if customer is None:
        roots = (one for one, above in tree.parents.items() if above is None)
        customer = next((one for one in roots if tree.domains[one] == client.domain_id), None)
    if customer is None or not question.may_name(customer):
        return None
    # A root that nobody gave a name of its own says nothing about who that is.
    unnamed = client.customer_id is None and tree.names[customer] == directory.ROOT_NAME
    return None if unnamed else tree.names[customer]


def described(*rights: Rights) -> Mapping[int, Function]:
    """The functions of these rights, by id; one query."""
    ids = {function for one in rights for function in one.held}
    return {function.id: function for function in directory.functions_by_id(ids)} if ids else {}


def by_customer(
    rights: Rights, functions: Mapping[int, Function], question: Question, more: Growth
) -> tuple[CustomerRights, ...]:
    """The very functions and customers of a session's rights, by name of the customer."""
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
    """What the application could do at most and will not be able to do for this person; new ones first."""
    found = [
        Fallen(question.graph.names[one.function], one.reason, one.function in more.functions)
        for one in gate.missing(question)
    ]
    return tuple(sorted(found, key=lambda one: (not one.new, one.function)))


def _before(grant: Grant, question: Question) -> Before:
    there = {grant.permission_scope_id} & question.graph.names.keys()
    function = next(iter(directory.functions_by_id(there)), None) if there else None
    return Before(grant.created_at, tuple(grant.scopes), function)
