"""The content of the consent page: what an application would know and do, what of it is new,
and why not more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.models.authority import Function
from app.models.clients import OAuthClient
from app.policy import network
from app.policy.consent_growth import ConsentGrowth
from app.policy.consent_growth import compare_consent
from app.policy.facts import Decision
from app.policy.facts import Question
from app.policy.rights import Rights
from app.services.access import directory
from app.services.access import gate
from app.services.access.credential_parts import ActiveConsent
from app.services.access.credential_parts import ClientPart


@dataclass(frozen=True, slots=True)
class FunctionUse:
    """A function that the session gets; ``new`` if the existing consent does not include it."""

    function: Function
    new: bool = False


@dataclass(frozen=True, slots=True)
class CustomerRights:
    """The functions that a session gets for one customer and all below it: new ones first, roles last."""

    customer: str
    uses: tuple[FunctionUse, ...]


@dataclass(frozen=True, slots=True)
class UnavailableFunction:
    """A function of the permission scope that the session would not get, by name, and the reason code."""

    function: str
    reason: str
    new: bool = False


@dataclass(frozen=True, slots=True)
class EarlierConsent:
    """An existing consent: since when, for which scopes, up to which function (if it still exists)."""

    since: datetime
    scopes: tuple[str, ...]
    function: Function | None


@dataclass(frozen=True, slots=True)
class ConsentPage:
    """The content of a consent page, as names and codes; the page adds the words.

    ``run_by`` is ``None`` if the user may not be told of anybody. ``restricted``: the application may
    call only from some addresses.
    """

    run_by: str | None
    rights: tuple[CustomerRights, ...]
    fallen: tuple[UnavailableFunction, ...]
    before: EarlierConsent | None
    growth: ConsentGrowth
    restricted: bool

    @property
    def has_only_unheld_additions(self) -> bool:
        """Tell whether all new functions are ones that the user does not hold."""
        held = any(use.new for one in self.rights for use in one.uses)
        return bool(self.growth.functions) and not self.growth.scopes and not held


def build_consent_page(
    client: ClientPart, grant: ActiveConsent | None, question: Question, decision: Decision
) -> ConsentPage:
    """Compute what an allowance would give the client, compared with the existing consent."""
    more = compare_consent(question)
    return ConsentPage(
        run_by=name_operator(client, question),
        rights=group_by_customer(decision.rights, load_functions(decision.rights), question, more),
        fallen=_list_unavailable(question, more),
        before=_describe_earlier(grant, question) if grant is not None else None,
        growth=more,
        restricted=not network.trusts_everyone(client.client_ip_range),
    )


def name_operator(client: OAuthClient | ClientPart, question: Question) -> str | None:
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


def load_functions(*rights: Rights) -> Mapping[int, Function]:
    """Load the functions of these rights, by id; one query."""
    ids = {function for one in rights for function in one.held}
    return {function.id: function for function in directory.list_functions_by_id(ids)} if ids else {}


def group_by_customer(
    rights: Rights, functions: Mapping[int, Function], question: Question, more: ConsentGrowth
) -> tuple[CustomerRights, ...]:
    """Group the functions of a session's rights by customer, by customer name."""
    uses: dict[int, list[FunctionUse]] = {}
    for function, tops in rights.held.items():
        for top in tops:
            if function in functions:
                uses.setdefault(top, []).append(FunctionUse(functions[function], function in more.functions))
    named = [
        CustomerRights(question.tree.names.get(customer, ""), tuple(sorted(held, key=_order_key)))
        for customer, held in uses.items()
    ]
    return tuple(sorted(named, key=lambda one: one.customer))


def _order_key(use: FunctionUse) -> tuple[bool, bool, str]:
    return not use.new, use.function.role, use.function.name


def _list_unavailable(question: Question, more: ConsentGrowth) -> tuple[UnavailableFunction, ...]:
    """List what the application requests but would not get for this user; new functions first."""
    found = [
        UnavailableFunction(question.graph.names[one.function], one.reason, one.function in more.functions)
        for one in gate.list_missing_functions(question)
    ]
    return tuple(sorted(found, key=lambda one: (not one.new, one.function)))


def _describe_earlier(grant: ActiveConsent, question: Question) -> EarlierConsent:
    there = {grant.permission_scope_id} & question.graph.names.keys()
    function = next(iter(directory.list_functions_by_id(there)), None) if there else None
    return EarlierConsent(grant.created_at, tuple(grant.scopes), function)
