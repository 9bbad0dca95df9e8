"""How to end a refusal: for each rule of the decision, what to do, and the page where to do it.

A repair is a link only if the service behind it would allow the action; else it names who could do it.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _

from app.models.clients import OAuthClient
from app.models.directory import Customer
from app.models.directory import User
from app.policy.facts import Finding
from app.policy.facts import Question
from app.services.access.callers import Caller
from app.services.administration import functions
from app.services.administration import permissions
from app.services.administration.permissions import NewPermission
from app.services.clients import registry
from app.services.guards import Guard
from app.services.problems import Denied
from app.services.problems import Invalid
from app.web.console import listing


@dataclass(frozen=True, slots=True)
class Repair:
    """What to do, with a link if the administrator may do it there, else who may."""

    what: str
    url: str | None = None
    who: str = ""


@dataclass(frozen=True, slots=True)
class RefusalCase:
    """A refusal: who asks, about whom and what, with which facts."""

    caller: Caller
    client: OAuthClient
    user: User
    question: Question


Needs = tuple[Guard, ...]
Fix = Callable[[RefusalCase, Finding], Sequence[Repair]]


def list_repairs(case: RefusalCase, finding: Finding) -> Sequence[Repair]:
    """List what would turn this refusal into an allowance."""
    return REPAIRS[finding.rule](case, finding)


def _repair_client_enabled(case: RefusalCase, finding: Finding) -> Sequence[Repair]:  # noqa: ARG001
    at = registry.find_guard_customer(case.client)
    return [
        _build_repair(
            case, _("Register the application again"), "client_form.add", (Guard.ADD_OAUTH_CLIENT,), at
        )
    ]


def _repair_user_active(case: RefusalCase, finding: Finding) -> Sequence[Repair]:
    name, home = case.user.short_name, case.user.customer_id
    if finding.reason == "user_blocked":
        what = _("Unblock %(name)s", name=name)
        return [
            _build_repair(
                case, what, "users.show", (Guard.UNBLOCK_USER, Guard.VIEW_USERS), home, user=case.user.id
            )
        ]
    if finding.reason == "user_deleted":
        what = _("Bring back %(name)s", name=name)
        return [
            _build_repair(
                case,
                what,
                "users.index",
                (Guard.CREATE_USER, Guard.UPDATE_USER, Guard.VIEW_USERS),
                home,
                state="deleted",
                q=name,
            )
        ]
    return [_suggest_enabling(case, home)]


def _repair_credential_live(case: RefusalCase, finding: Finding) -> Sequence[Repair]:
    if finding.evidence.get("kind") == "API key":
        return [_suggest_key(case)]
    return [Repair(_("The application sends the user to log in, and gets new tokens by that"))]


def _repair_login_session(case: RefusalCase, finding: Finding) -> Sequence[Repair]:
    name = case.user.short_name
    if finding.reason == "password_change_required":
        what, home = _("Give %(name)s a link to a new password", name=name), case.user.customer_id
        return [
            Repair(_("%(name)s logs in and chooses a new password", name=name)),
            _build_repair(
                case,
                what,
                "user_access.password",
                (Guard.RESET_USER_PASSWORD, Guard.VIEW_USERS),
                home,
                user=case.user.id,
            ),
        ]
    if finding.reason == "impersonation_ended":
        return [Repair(_("The user who acts for %(name)s must be allowed to do so again", name=name))]
    return [_suggest_key(case) if finding.reason == "key_outgrown" else _suggest_login(name)]


def _suggest_key(case: RefusalCase) -> Repair:
    what = _("Make or renew an API key of %(name)s", name=case.user.short_name)
    guards = (Guard.ADMINISTRATIVE_API_KEY, Guard.VIEW_USERS)
    return _build_repair(case, what, "users.show", guards, case.user.customer_id, user=case.user.id)


def _repair_consent(case: RefusalCase, finding: Finding) -> Sequence[Repair]:  # noqa: ARG001
    who = case.user.short_name
    return [Repair(_("%(name)s opens the application again and approves it", name=who))]


def _repair_client_address(case: RefusalCase, finding: Finding) -> Sequence[Repair]:
    if finding.reason == "address_unknown":
        return [Repair(_("The proxy in front of this server must say where each call comes from"))]
    if finding.reason == "user_address_changed":
        return [_suggest_login(case.user.short_name)]
    return [_suggest_client_change(case, _("Change the addresses the application may call from"))]


def _repair_security_level(case: RefusalCase, finding: Finding) -> Sequence[Repair]:  # noqa: ARG001
    function = case.client.required_function_id
    return [_suggest_second_factor(case), _suggest_level(case, function)]


def _repair_required_function(case: RefusalCase, finding: Finding) -> Sequence[Repair]:
    if finding.reason == "function_unknown":
        return [_suggest_client_change(case, _("Choose another required function for the application"))]
    return [_suggest_grant(case, finding.evidence["function"])]


def _repair_customer_binding(case: RefusalCase, finding: Finding) -> Sequence[Repair]:
    return [_suggest_grant(case, finding.evidence["function"])]


def _repair_right_asked(case: RefusalCase, finding: Finding) -> Sequence[Repair]:
    """Repair a missing function of a call, or one of the permission scope."""
    if finding.reason == "right_outside_client":
        return [
            _suggest_client_change(case, _("Widen the permission scope or the customer of the application"))
        ]
    if finding.reason == "right_constrained":
        return [Repair(_("Use a key or a session that is not limited like this one"))]
    if finding.reason == "right_above_level":
        return [
            _suggest_second_factor(case),
            _suggest_client_change(case, _("Raise the highest level the application may use")),
        ]
    if finding.reason == "right_unknown":
        at = functions.find_guard_customer()
        return [_build_repair(case, _("Make the function"), "functions.add", (Guard.ADD_FUNCTION,), at)]
    # If many are missing, none is named: the permission scope bundles them all.
    scope = case.question.graph.names.get(case.client.permission_scope_id, "")
    return [_suggest_grant(case, finding.evidence.get("function", scope))]


REPAIRS: Mapping[str, Fix] = {
    "client_enabled": _repair_client_enabled,
    "user_active": _repair_user_active,
    "credential_live": _repair_credential_live,
    "login_session": _repair_login_session,
    "consent": _repair_consent,
    "client_address": _repair_client_address,
    "security_level": _repair_security_level,
    "required_function": _repair_required_function,
    "customer_binding": _repair_customer_binding,
    "right_asked": _repair_right_asked,
}


# --- pieces ----------------------------------------------------------------------------------------------


def _suggest_login(name: str) -> Repair:
    return Repair(_("%(name)s logs in again", name=name))


def _suggest_second_factor(case: RefusalCase) -> Repair:
    what = _("%(name)s logs in with a second factor", name=case.user.short_name)
    if listing.is_allowed(case.caller, Guard.VIEW_USERS, case.user.customer_id):
        return Repair(what, url_for("users.show", user=case.user.id) + "#methods")
    return Repair(what)


def _suggest_level(case: RefusalCase, function: int) -> Repair:
    at = functions.find_guard_customer()
    what = _("Let a weaker login be enough for the function")
    return _build_repair(
        case, what, "functions.edit", (Guard.UPDATE_FUNCTION, Guard.VIEW_FUNCTIONS), at, function=function
    )


def _suggest_client_change(case: RefusalCase, what: str) -> Repair:
    at = registry.find_guard_customer(case.client)
    return _build_repair(
        case, what, "client_form.edit", (Guard.UPDATE_OAUTH_CLIENT,), at, client=case.client.id
    )


def _suggest_enabling(case: RefusalCase, customer: int) -> Repair:
    """Suggest to enable a customer. The right to do so is held above the topmost disabled one."""
    tree = case.question.tree
    line = [one for one in tree.list_ancestors(customer) if one in tree.disabled]
    guards = (Guard.ADD_CUSTOMER, Guard.VIEW_CUSTOMERS)
    what = _("Enable the customer %(name)s again", name=tree.names.get(line[-1], ""))
    return _build_repair(case, what, "customers.index", guards, tree.parents[line[-1]], disabled="true")


def _suggest_grant(case: RefusalCase, function: str) -> Repair:
    """Suggest a grant for the client's customer, or for the user's own if the client is bound to none."""
    customer: Customer = case.client.customer or case.user.customer
    if not case.question.tree.is_alive(customer.id):
        return _suggest_enabling(case, customer.id)
    new = NewPermission(case.user.short_name, function, customer.short_name)
    named = {"function": function, "customer": customer.name}
    what = _("Grant %(function)s for %(customer)s to %(name)s", name=new.subject, **named)
    if not _may_grant(new, case.caller):
        who = _(
            "Somebody who holds %(guard)s and %(function)s for %(customer)s can do it.",
            guard=Guard.GRANT_ROLE,
            **named,
        )
        return Repair(what, None, who)
    url = url_for(
        "permissions.add",
        subject=new.subject,
        function=new.function,
        customer=new.customer,
        client=case.client.short_name,
        then="explain",
    )
    return Repair(what, url)


def _may_grant(new: NewPermission, caller: Caller) -> bool:
    try:
        permissions.check_grant(new, caller)
    except (Denied, Invalid):
        return False
    return True


def _build_repair(
    case: RefusalCase, what: str, endpoint: str, guards: Needs, at: int | None, **values: str | int
) -> Repair:
    """Build a repair; ``guards`` are all that the page and its action require, at one customer."""
    for guard in guards:
        if not listing.is_allowed(case.caller, guard, at):
            return Repair(what, None, _name_who_may(case.caller, guard, at))
    return Repair(what, url_for(endpoint, **values))  # type: ignore[arg-type]


def _name_who_may(caller: Caller, guard: Guard, at: int | None) -> str:
    """Name who may do it; the customer is named only if it is shown elsewhere too."""
    if at is None or not caller.rights.allows_anything(at):
        return str(_("Somebody who holds %(function)s can do it.", function=guard))
    name = caller.question.tree.names[at]
    return str(
        _("Somebody who holds %(function)s for %(customer)s can do it.", function=guard, customer=name)
    )
