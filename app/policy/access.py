"""The decision: ``decide(question)``. One small function per rule; all rules run, none stops another.

Only ``app.services.access.gate`` may import this module (held by import-linter).
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from app.policy.effective import compute_effective_rights
from app.policy.effective import compute_key_rights
from app.policy.effective import explain_missing
from app.policy.facts import ClientFacts
from app.policy.facts import CredentialFacts
from app.policy.facts import Decision
from app.policy.facts import Finding
from app.policy.facts import Impersonator
from app.policy.facts import Leg
from app.policy.facts import MissingFunction
from app.policy.facts import Outcome
from app.policy.facts import Question
from app.policy.facts import UserFacts
from app.policy.network import is_in_ranges
from app.policy.reasons import UNNAMED_CUSTOMER
from app.policy.rights import NO_RIGHTS
from app.policy.ways_in import KEY
from app.policy.ways_in import may_still_open

Evidence = Mapping[str, str]
NONE: Evidence = {}

# The legs on which a client or a caller presents a credential; on the others a browser is involved.
AT_USE = frozenset({Leg.REDEEM, Leg.REFRESH, Leg.INTROSPECT, Leg.USERINFO, Leg.API})


@cache
def _pass(rule: str) -> Finding:
    return Finding(rule, Outcome.PASS, "passed")


@cache
def _skip(rule: str) -> Finding:
    return Finding(rule, Outcome.NOT_APPLICABLE, "not_applicable")


def _fail(rule: str, reason: str, evidence: Evidence = NONE, told: Evidence = NONE) -> Finding:
    return Finding(rule, Outcome.FAIL, reason, evidence, told)


def client_enabled(q: Question) -> Finding:
    """The client exists and is not deleted. All legs."""
    rule = "client_enabled"
    if q.client is None:
        return _skip(rule)
    if q.client.deleted:
        return _fail(rule, "client_deleted", {"client": q.client.id})
    return _pass(rule)


def user_active(q: Question) -> Finding:
    """The user is neither deleted nor blocked, and the user's customer is not disabled. All legs."""
    rule, who = "user_active", {"user": q.user.name}
    if q.user.deleted:
        return _fail(rule, "user_deleted", who)
    if q.user.blocked:
        return _fail(rule, "user_blocked", who)
    if q.user.customer_disabled:
        return _fail(rule, "user_customer_disabled", who)
    return _pass(rule)


def credential_live(q: Question) -> Finding:
    """The code, token or key is not used, ended or expired, and the key that it is bound to was shown. Not on
    list and authorize: there is no credential.
    """
    rule, held = "credential_live", q.credential
    if q.leg not in AT_USE:
        return _skip(rule)
    if held is None:
        return _fail(rule, "credential_missing")
    if held.ended:
        return _fail(rule, "credential_ended", {"kind": held.kind})
    if held.spent:
        return _fail(rule, "credential_spent", {"kind": held.kind})
    if held.expires_at is not None and held.expires_at <= q.now:
        return _fail(rule, "credential_expired", {"kind": held.kind, "since": held.expires_at.isoformat()})
    return _fail(rule, held.unproven) if held.unproven is not None else _pass(rule)


def login_session(q: Question) -> Finding:
    """The login behind the credential is live: not ended, not expired, no newer password; and whoever made a
    key for somebody could make it today. All legs but list.
    """
    rule, login = "login_session", q.login
    if q.leg is Leg.LIST:
        return _skip(rule)
    if login is None or login.ended:
        return _fail(rule, "login_ended")
    if login.superseded:
        return _fail(rule, "login_superseded")
    if login.expires_at is not None and login.expires_at <= q.now:
        return _fail(rule, "login_expired", {"since": login.expires_at.isoformat()})
    if login.idle_at is not None and login.idle_at <= q.now:
        return _fail(rule, "login_idle", {"since": login.idle_at.isoformat()})
    if login.must_change_password:
        return _fail(rule, "password_change_required")
    if q.impersonator is not None and not _may_impersonate(q.impersonator, q.user):
        return _fail(rule, "impersonation_ended", {"impersonator": q.impersonator.user.name})
    if q.maker is not None and not may_still_open(KEY, q.maker, compute_key_rights(q), q.graph):
        return _fail(rule, "key_outgrown", {"maker": q.maker.name})
    return _pass(rule)


def _may_impersonate(impersonator: Impersonator, user: UserFacts) -> bool:
    who = impersonator.user
    stands = not (who.blocked or who.deleted or who.customer_disabled)
    return stands and who.rights.allows(impersonator.function, user.customer)


def consent(q: Question) -> Finding:
    """The user's consent stands and covers what the client may do today. At use of an OAuth session."""
    if q.client is None or not q.consent_needed or q.leg not in AT_USE:
        return _skip("consent")
    return judge_consent(q)


def judge_consent(q: Question) -> Finding:
    """Judge whether the given consent covers what is requested, on any leg; ``consent`` says when it must."""
    rule, grant = "consent", q.grant
    scope = q.client.permission_scope if q.client is not None else None
    if grant is None:
        return _fail(rule, "consent_missing")
    if grant.withdrawn:
        return _fail(rule, "consent_withdrawn")
    if scope not in q.graph.list_descendants(grant.permission_scope):
        return _fail(rule, "consent_outgrown", {"scope": _name_function(q, scope)})
    if not q.scopes <= grant.scopes:
        return _fail(rule, "consent_scopes", {"scopes": " ".join(sorted(q.scopes - grant.scopes))})
    return _pass(rule)


def client_address(q: Question) -> Finding:
    """The caller's address is inside the client's range and the key's own. Never the user's browser."""
    if q.leg not in AT_USE:
        return _skip("client_address")
    finding = judge_address(q.client, q.credential, q.address)
    credential = q.credential
    if finding.outcome is Outcome.FAIL or credential is None or credential.bound_to is None:
        return finding
    # This can only refuse: an address that a client reports of its user opens no range (security rule 50).
    if credential.used_for != credential.bound_to:
        told = {"address": credential.used_for or "unknown", "bound": credential.bound_to or "unknown"}
        return _fail("client_address", "user_address_changed", told)
    return _pass("client_address")


def judge_address(
    client: ClientFacts | None, credential: CredentialFacts | None, address: str | None
) -> Finding:
    """Judge whether a call from this address is allowed.
    Asked alone before a client secret is checked (rule 29).
    """
    rule = "client_address"
    bounds: list[tuple[str, ...]] = []
    if client is not None:
        bounds.append(client.address_ranges)
    if credential is not None and credential.address_ranges is not None:
        bounds.append(credential.address_ranges)
    if not bounds:
        return _skip(rule)
    if address is None:
        return _fail(rule, "address_unknown")
    for bound in bounds:
        if not bound:
            return _fail(rule, "address_no_range")
        if not is_in_ranges(address, bound):
            return _fail(rule, "address_outside", {"address": address, "range": ", ".join(bound)})
    return _pass(rule)


def security_level(q: Question) -> Finding:
    """The login is strong enough for the required function (the login's level, never the client's cap)."""
    rule = "security_level"
    if q.leg is Leg.LIST or q.client is None or q.client.required_function not in q.graph.names:
        return _skip(rule)
    needed = q.graph.levels.get(q.client.required_function or 0, 0)
    level = q.login.level if q.login is not None else 0
    if level < needed:
        return _fail(rule, "level_too_low", {"level": str(int(level)), "needed": str(needed)})
    return _pass(rule)


def required_function(q: Question) -> Finding:
    """The user holds the client's required function for some customer of the client's domain. All legs."""
    rule = "required_function"
    if q.client is None:
        return _skip(rule)
    function = q.client.required_function
    if function not in q.graph.names:
        return _fail(rule, "function_unknown", {"client": q.client.id})
    name = {"function": _name_function(q, function)}
    if not q.user.rights.allows_anywhere(function, q.client.domain):
        return _fail(rule, "function_not_held", {**name, "user": q.user.name}, name)
    return _pass(rule)


def customer_binding(q: Question) -> Finding:
    """A bound client: the user holds the required function for *that* customer. All legs."""
    rule = "customer_binding"
    if q.client is None or q.client.customer is None:
        return _skip(rule)
    function, customer = q.client.required_function, q.client.customer
    if q.user.rights.allows(function, customer):
        return _pass(rule)
    evidence = {
        "function": _name_function(q, function),
        "customer": q.tree.names.get(customer, str(customer)),
        "user": q.user.name,
    }
    # A refusal must not reveal the name of a customer that the user cannot see (design decision 13).
    told = {
        "function": evidence["function"],
        "customer": evidence["customer"] if q.may_name(customer) else UNNAMED_CUSTOMER,
    }
    return _fail(rule, "not_held_for_customer", evidence, told)


def right_asked(q: Question) -> Finding:
    """The function this call needs, for the customer it names, is among the effective rights. API only."""
    rule, asked = "right_asked", q.asked
    if q.leg is not Leg.API or asked is None:
        return _skip(rule)
    rights = compute_effective_rights(q)
    if asked.customer is None and rights.allows_anywhere(asked.function):
        return _pass(rule)
    if asked.customer is not None and rights.allows(asked.function, asked.customer):
        return _pass(rule)
    evidence = {"function": asked.name, "user": q.user.name}
    if asked.customer is not None:
        evidence["customer"] = q.tree.names.get(asked.customer, str(asked.customer))
    if asked.function is None:
        return _fail(rule, "right_unknown", evidence, {"function": asked.name})
    return _fail(rule, explain_missing(q, asked.function, asked.customer), evidence, {"function": asked.name})


def _name_function(q: Question, function: int | None) -> str:
    return q.graph.names.get(function, "") if function is not None else ""


Rule = Callable[[Question], Finding]
RULES: tuple[Rule, ...] = (
    client_enabled,
    user_active,
    credential_live,
    login_session,
    consent,
    client_address,
    security_level,
    required_function,
    customer_binding,
    right_asked,
)


def decide(q: Question, number: str = "") -> Decision:
    """Decide whether this may happen: return every rule's finding, and the effective rights if none refuses.
    The decision bears the ``number``.
    """
    findings = tuple([rule(q) for rule in RULES])
    rights = compute_effective_rights(q) if _none_refuses(findings) else NO_RIGHTS
    return Decision(q.leg, findings, rights, number)


def list_allowed(q: Question, clients: Iterable[ClientFacts]) -> list[ClientFacts]:
    """List the clients at which this may happen: the same rules over the same facts, client after client.

    For lists: nothing is explained, and rights are not worked out.
    """
    asked = ((client, replace(q, client=client)) for client in clients)
    return [client for client, one in asked if _none_refuses(rule(one) for rule in RULES)]


def _none_refuses(findings: Iterable[Finding]) -> bool:
    return all(finding.outcome is not Outcome.FAIL for finding in findings)


def find_missing_functions(q: Question) -> tuple[MissingFunction, ...]:
    """List each function of the client's permission scope that the session does not get today, and why."""
    if q.client is None:
        return ()
    rights = compute_effective_rights(q)
    scope = q.graph.list_descendants(q.client.permission_scope)
    return tuple(
        MissingFunction(function, explain_missing(q, function, None))
        for function in sorted(scope)
        if function not in rights.held
    )
