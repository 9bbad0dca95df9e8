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
class Case:
    """A refusal: who asks, about whom and what, with which facts."""

    caller: Caller
    client: OAuthClient
    user: User
    question: Question


Needs = tuple[Guard, ...]
Fix = Callable[[Case, Finding], Sequence[Repair]]


def of(case: Case, finding: Finding) -> Sequence[Repair]:
    """List what would turn this refusal into an allowance."""
    return REPAIRS[finding.rule](case, finding)


def _client_enabled(case: Case, finding: Finding) -> Sequence[Repair]:  # noqa: ARG001
    at = registry.guard_customer(case.client)
    return [
        _page(case, _("Register the application again"), "client_form.add", (Guard.ADD_OAUTH_CLIENT,), at)
    ]


def _user_active(case: Case, finding: Finding) -> Sequence[Repair]:
    name, home = case.user.short_name, case.user.customer_id
    if finding.reason == "user_blocked":
        what = _("Unblock %(name)s", name=name)
        return [
            _page(case, what, "users.show", (Guard.UNBLOCK_USER, Guard.VIEW_USERS), home, user=case.user.id)
        ]
    if finding.reason == "user_deleted":
        what = _("Bring back %(name)s", name=name)
        return [
            _page(
                case,
                what,
                "users.index",
                (Guard.CREATE_USER, Guard.UPDATE_USER, Guard.VIEW_USERS),
                home,
                state="deleted",
                q=name,
            )
        ]
    return [_enable(case, home)]


def _credential_live(case: Case, finding: Finding) -> Sequence[Repair]:
    if finding.evidence.get("kind") == "API key":
        what = _("Make or renew an API key of %(name)s", name=case.user.short_name)
        home = case.user.customer_id
        return [
            _page(
                case,
                what,
                "users.show",
                (Guard.ADMINISTRATIVE_API_KEY, Guard.VIEW_USERS),
                home,
                user=case.user.id,
            )
        ]
    return [Repair(_("The application sends the user to log in, and gets new tokens by that"))]


def _login_session(case: Case, finding: Finding) -> Sequence[Repair]:
    name = case.user.short_name
    if finding.reason == "password_change_required":
        what, home = _("Give %(name)s a link to a new password", name=name), case.user.customer_id
        return [
            Repair(_("%(name)s logs in and chooses a new password", name=name)),
            _page(
                case,
                what,
                "user_access.password",
                (Guard.RESET_USER_PASSWORD, Guard.VIEW_USERS),
                home,
                user=case.user.id,
            ),
        ]
    if finding.reason == "impersonation_ended":
        return [Repair(_("Whoever acts for %(name)s must be allowed to again", name=name))]
    return [_log_in(name)]


def _consent(case: Case, finding: Finding) -> Sequence[Repair]:  # noqa: ARG001
    who = case.user.short_name
    return [Repair(_("%(name)s opens the application again and approves it", name=who))]


def _client_address(case: Case, finding: Finding) -> Sequence[Repair]:
    if finding.reason == "address_unknown":
        return [Repair(_("The proxy in front of this server must say where each call comes from"))]
    if finding.reason == "user_address_changed":
        return [_log_in(case.user.short_name)]
    return [_client(case, _("Change the addresses the application may call from"))]


def _security_level(case: Case, finding: Finding) -> Sequence[Repair]:  # noqa: ARG001
    function = case.client.required_function_id
    return [_second_factor(case), _level(case, function)]


def _required_function(case: Case, finding: Finding) -> Sequence[Repair]:
    if finding.reason == "function_unknown":
        return [_client(case, _("Choose another required function for the application"))]
    return [_grant(case, finding.evidence["function"])]


def _customer_binding(case: Case, finding: Finding) -> Sequence[Repair]:
    return [_grant(case, finding.evidence["function"])]


def _right_asked(case: Case, finding: Finding) -> Sequence[Repair]:
    """Repair a missing function of a call, or one of the permission scope."""
    if finding.reason == "right_outside_client":
        return [_client(case, _("Widen the permission scope or the customer of the application"))]
    if finding.reason == "right_constrained":
        return [Repair(_("Use a key or a session that is not limited like this one"))]
    if finding.reason == "right_above_level":
        return [_second_factor(case), _client(case, _("Raise the highest level the application may use"))]
    if finding.reason == "right_unknown":
        at = functions.guard_customer()
        return [_page(case, _("Make the function"), "functions.add", (Guard.ADD_FUNCTION,), at)]
    # If many are missing, none is named: the permission scope bundles them all.
    scope = case.question.graph.names.get(case.client.permission_scope_id, "")
    return [_grant(case, finding.evidence.get("function", scope))]


REPAIRS: Mapping[str, Fix] = {
    "client_enabled": _client_enabled,
    "user_active": _user_active,
    "credential_live": _credential_live,
    "login_session": _login_session,
    "consent": _consent,
    "client_address": _client_address,
    "security_level": _security_level,
    "required_function": _required_function,
    "customer_binding": _customer_binding,
    "right_asked": _right_asked,
}


# --- pieces ----------------------------------------------------------------------------------------------


def _log_in(name: str) -> Repair:
    return Repair(_("%(name)s logs in again", name=name))


def _second_factor(case: Case) -> Repair:
    what = _("%(name)s logs in with a second factor", name=case.user.short_name)
    if listing.may(case.caller, Guard.VIEW_USERS, case.user.customer_id):
        return Repair(what, url_for("users.show", user=case.user.id) + "#methods")
    return Repair(what)


def _level(case: Case, function: int) -> Repair:
    at = functions.guard_customer()
    what = _("Let a weaker login be enough for the function")
    return _page(
        case, what, "functions.edit", (Guard.UPDATE_FUNCTION, Guard.VIEW_FUNCTIONS), at, function=function
    )


def _client(case: Case, what: str) -> Repair:
    at = registry.guard_customer(case.client)
    return _page(case, what, "client_form.edit", (Guard.UPDATE_OAUTH_CLIENT,), at, client=case.client.id)


def _enable(case: Case, customer: int) -> Repair:
    """Suggest to enable a customer. The right to do so is held above the topmost disabled one."""
    tree = case.question.tree
    line = [one for one in tree.ancestors(customer) if one in tree.disabled]
    guards = (Guard.ADD_CUSTOMER, Guard.VIEW_CUSTOMERS)
    what = _("Enable the customer %(name)s again", name=tree.names.get(line[-1], ""))
    return _page(case, what, "customers.index", guards, tree.parents[line[-1]], disabled="true")


def _grant(case: Case, function: str) -> Repair:
    """Suggest a grant for the client's customer, or for the user's own if the client is bound to none."""
    customer: Customer = case.client.customer or case.user.customer
    if not case.question.tree.alive(customer.id):
        return _enable(case, customer.id)
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
        permissions.judged(new, caller)
    except (Denied, Invalid):
        return False
    return True


def _page(case: Case, what: str, endpoint: str, guards: Needs, at: int | None, **values: str | int) -> Repair:
    """Build a repair; ``guards`` are all that the page and its action require, at one customer."""
    for guard in guards:
        if not listing.may(case.caller, guard, at):
            return Repair(what, None, _who(case.caller, guard, at))
    return Repair(what, url_for(endpoint, **values))  # type: ignore[arg-type]


def _who(caller: Caller, guard: Guard, at: int | None) -> str:
    """Name who may do it; the customer is named only if it is shown elsewhere too."""
    if at is None or not caller.rights.sees(at):
        return str(_("Somebody who holds %(function)s can do it.", function=guard))
    name = caller.question.tree.names[at]
    return str(
        _("Somebody who holds %(function)s for %(customer)s can do it.", function=guard, customer=name)
    )
