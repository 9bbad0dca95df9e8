"""Requests to explain: which client and user are meant, whether the caller may be told, and the answer.

The API and the console both use this module, so that both have the same guards (design §8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.models.clients import OAuthClient
from app.models.directory import User
from app.policy.facts import Leg
from app.policy.facts import SecurityLevel
from app.policy.network import canonicalise_address
from app.policy.scopes import parse_scope
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.access.facts import RequiredRight
from app.services.administration import visibility
from app.services.clients import registry
from app.services.guards import Guard
from app.services.inspection import explain
from app.services.inspection.explain import Explanation
from app.services.inspection.explain import RecordedDecision
from app.services.problems import Denied
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing
from app.services.problems import Problem

NO_USER = FieldProblem("user", "Name the user to explain.", "MISSING")
UNKNOWN_USER = FieldProblem("user", "There is no such user.", "UNKNOWN")


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """The request as it was sent; client, user and customer by id or name.

    With the number of a ``decision``, client and user are taken from it unless they are named.
    """

    client: str | None = None
    user: str | None = None
    customer: str | None = None
    client_ip: str | None = None
    scope: str | None = None
    leg: Leg | None = None
    level: SecurityLevel | None = None
    decision: str | None = None


@dataclass(frozen=True, slots=True)
class ExplainResult:
    """The explanation and its user; about ``oneself`` it has no evidence."""

    client: OAuthClient
    user: User
    explanation: Explanation
    oneself: bool
    recorded: RecordedDecision | None = None

    def as_data(self) -> dict[str, Any]:
        """Return the wire form, with the recorded decision beside today's if one was requested."""
        data = self.explanation.as_data(evidence=not self.oneself)
        if self.recorded is None:
            return data
        return {**data, "recorded": self.recorded.as_data(evidence=not self.oneself)}


def explain_request(asked: ExplainRequest, caller: Caller) -> ExplainResult:
    """Explain a decision. To a person about the own account no guard is needed and no evidence is shown;
    about others both guards.

    Raises ``Denied``, ``Invalid``, ``Missing``.
    """
    client = _get_client(asked.client, caller) if asked.client is not None else None
    recorded = explain.get_recorded(asked.decision) if asked.decision is not None else None
    if client is None:
        client = _get_recorded_client(recorded, caller)
    _require_known_client(client, caller)
    if recorded is not None and recorded.client != client.id:
        raise Missing("decision")
    name = asked.user or (recorded.user if recorded is not None else None)
    if name is None:
        raise Invalid(NO_USER)
    user = directory.find_user(name, caller.domain_id)
    oneself = user is not None and caller.is_self(user.id)
    if oneself:
        registry.require_known_client(client, caller)
    else:
        _require(
            Guard.VIEW_OAUTH_CLIENTS_DETAILS,
            registry.find_guard_customer(client),
            caller,
            registry.may_see(client, caller),
            Missing("client"),
        )
    user = _require_may_ask(user, caller)
    explained = explain.explain_decision(
        client,
        user,
        address=_parse_address(asked.client_ip),
        customer=_find_customer(asked.customer, caller),
        scopes=_parse_scopes(asked.scope),
        leg=asked.leg or Leg.API,
        level=asked.level,
    )
    return ExplainResult(client, user, explained, oneself, recorded)


def find_user_problem(name: str | None, caller: Caller) -> FieldProblem | None:
    """Return the problem of the user field that ``explain_request`` would report if the application were
    known."""
    if name is None:
        return NO_USER
    try:
        _require_may_ask(directory.find_user(name, caller.domain_id), caller)
    except Invalid as problem:
        return problem.problems[0]
    except Denied:
        pass  # the user is known; whether the caller may ask about this user is not a problem of the name
    return None


def _require_may_ask(user: User | None, caller: Caller) -> User:
    """Return the user if the caller may ask: the caller's own account, or with the guard.
    Raises ``Invalid``, ``Denied``.
    """
    if user is None:
        raise Invalid(UNKNOWN_USER)
    if not caller.is_self(user.id):
        seen = visibility.may_see(caller, user)
        _require(Guard.VIEW_PERMISSIONS, user.customer_id, caller, seen, Invalid(UNKNOWN_USER))
    return user


def _require_known_client(client: OAuthClient, caller: Caller) -> None:
    """Refuse a client that the caller may not know of as if it were absent,
    before anything else (rule 58).
    """
    at = _find_live_customer(registry.find_guard_customer(client), caller)
    if not caller.allows(RequiredRight(Guard.VIEW_OAUTH_CLIENTS_DETAILS, at)):
        registry.require_known_client(client, caller)


def _require(guard: Guard, customer: int, caller: Caller, seen: bool, absent: Problem) -> None:
    """Require the guard. To callers who may not know of the object it is absent (rule 58)."""
    at = _find_live_customer(customer, caller)
    if not seen and not caller.allows(RequiredRight(guard, at)):
        raise absent
    caller.require(guard, at)


def _find_live_customer(customer: int, caller: Caller) -> int:
    """Return the customer itself, or the first live one above it,
    because nothing is held for a disabled one.
    """
    tree = caller.question.tree
    return next((one for one in tree.list_ancestors(customer) if tree.is_alive(one)), customer)


def _get_client(text: str, caller: Caller) -> OAuthClient:
    return registry.find_deleted_client(text) or registry.get_client(text, caller.domain_id)


def _get_recorded_client(recorded: RecordedDecision | None, caller: Caller) -> OAuthClient:
    if recorded is None:
        raise Invalid(FieldProblem("client", "Name the application to explain.", "MISSING"))
    if recorded.client is None:
        raise Missing("decision")
    return _get_client(recorded.client, caller)


def _parse_address(text: str | None) -> str | None:
    if text is None:
        return None
    address = canonicalise_address(text)
    if address is None:
        raise Invalid(FieldProblem("clientIP", "Write one IPv4 or IPv6 address.", "INVALID_PATTERN"))
    return str(address)


def _find_customer(text: str | None, caller: Caller) -> int | None:
    if text is None:
        return None
    customer = directory.find_customer(text, caller.domain_id)
    if customer is None or not caller.rights.allows_anything(customer.id):
        raise Invalid(FieldProblem("customer", "There is no such customer.", "UNKNOWN"))
    return customer.id


def _parse_scopes(text: str | None) -> tuple[str, ...]:
    scopes = parse_scope(text)
    if scopes is None:
        raise Invalid(FieldProblem("scope", "Write scope names separated by a space.", "INVALID_PATTERN"))
    return scopes
