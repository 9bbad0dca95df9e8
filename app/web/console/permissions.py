"""Permissions: who holds which function for which customer; grant and revoke."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _

from app.models.authority import Permission
from app.schemas.requests.functions import PermissionAdd
from app.schemas.requests.functions import PermissionRevoke
from app.services.access.callers import Caller
from app.services.administration import permission_search
from app.services.administration import permissions
from app.services.administration.permission_search import PermissionCriteria
from app.services.guards import Guard
from app.services.inspection import whatif
from app.services.problems import Invalid
from app.services.problems import Missing
from app.web.console import listing
from app.web.console import preview
from app.web.console import shown_names
from app.web.console import suggestions
from app.web.console.suggestions import Suggestion
from app.web.form_values import FormValues
from app.web.form_values import parse_form
from app.web.form_values import read_form
from app.web.pages import Page
from app.web.pages import change_policy
from app.web.pages import redirect_with_message
from app.web.pages import require_login
from app.web.words.labels import describe_function_with_name

blueprint = Blueprint("permissions", __name__, url_prefix="/console/permissions")
FILTERS = ("subject", "function", "customer")


@dataclass(frozen=True, slots=True)
class Origin:
    """The page that the user came from, and its name."""

    url: str
    label: str


@blueprint.get("/")
@require_login
def index(caller: Caller) -> Page:
    """List permissions where the caller may see them; around a user or group, a function, a customer."""
    entry = FormValues({name: request.args.get(name, "") for name in FILTERS})
    criteria = PermissionCriteria(
        subjects=listing.read_choice(caller, "subject"),
        functions=listing.read_choice(caller, "function"),
        customers=listing.read_choice(caller, "customer"),
    )
    found, entry = listing.run_search(
        lambda rows: permission_search.search_permissions(caller, criteria, rows), entry
    )
    return render_template(
        "console/permissions/list.html",
        found=found,
        link=listing.link_to_offset,
        entry=entry,
        may_grant=listing.is_allowed(caller, Guard.GRANT_ROLE),
        may_revoke=listing.is_allowed(caller, Guard.REVOKE_ROLE),
        suggested=_list_suggestions(caller, Guard.VIEW_PERMISSIONS),
    )


@blueprint.route("/add", methods=["GET", "POST"])
@require_login
def add(caller: Caller) -> Page:
    """Grant a function to a user or group, for a customer and all below it; or preview the change."""
    entry, seen = (
        FormValues({name: request.args.get(name, "") for name in (*FILTERS, "client", "then")}),
        None,
    )
    if request.method == "POST":
        entry = read_form()
        try:
            new = shown_names.parse_form(PermissionAdd, caller).as_new()
            if "look" in request.form:
                seen = preview.build_preview(caller, lambda: whatif.propose_grant(new, caller))
            else:
                made = change_policy(caller, lambda now: permissions.grant_permission(new, now))
                return _redirect_after_grant(made, entry)
        except Invalid as problem:
            entry = entry.with_problems(problem)
    caller.require(Guard.GRANT_ROLE)
    return render_template(
        "console/permissions/form.html",
        entry=entry,
        seen=seen,
        back=_read_origin(),
        may_look=preview.may_preview(caller),
        suggested=_list_suggestions(caller, Guard.GRANT_ROLE)
        | {"applications": suggestions.suggest_applications(caller)},
    )


@blueprint.route("/<int:permission>/revoke", methods=["GET", "POST"])
@require_login
def revoke(caller: Caller, permission: int) -> Page:
    """Ask, then revoke it from the next request on; or preview the change."""
    entry, seen = FormValues(), None
    if permission > 2**63 - 1:
        raise Missing("permission")
    if request.method == "POST":
        entry = read_form()
        try:
            if "look" in request.form:
                seen = preview.build_preview(caller, lambda: whatif.propose_revocation(permission, caller))
            else:
                comment = parse_form(PermissionRevoke).comment
                gone = change_policy(
                    caller, lambda now: permissions.revoke_permission(permission, comment, now)
                )
                message = _(
                    "%(function)s for %(customer)s is taken from %(subject)s.",
                    function=describe_function_with_name(gone.function),
                    customer=gone.customer.name,
                    subject=gone.subject.short_name,
                )
                return redirect_with_message(message, "permissions.index", subject=gone.subject.short_name)
        except Invalid as problem:
            entry = entry.with_problems(problem)
    found = permissions.get_revocable(permission, caller)
    return render_template(
        "console/permissions/revoke.html",
        permission=found,
        entry=entry,
        seen=seen,
        may_look=preview.may_preview(caller),
        suggested={"applications": suggestions.suggest_applications(caller)},
    )


def _list_suggestions(caller: Caller, guard: Guard) -> dict[str, list[Suggestion]]:
    return {
        "subjects": suggestions.suggest_subjects(caller),
        "functions": suggestions.suggest_functions(caller),
        "customers": suggestions.suggest_customers(caller, guard),
    }


def _read_origin() -> Origin:
    """Return the explanation or list, as it was, whose button led here."""
    kept: dict[str, Any] = {name: text for name in FILTERS if (text := request.args.get(name, "").strip())}
    client = request.args.get("client", "").strip()
    if request.args.get("then") == "explain" and client:
        return Origin(url_for("explain.index", user=kept.get("subject"), client=client), _("Explain"))
    return Origin(url_for("permissions.index", **kept), _("Permissions"))


def _redirect_after_grant(made: Permission, entry: FormValues) -> Page:
    """Redirect to the list of what the subject holds, or back to the explanation."""
    subject, client = made.subject.short_name, entry.get_value("client").strip()
    message = _(
        "%(function)s for %(customer)s is granted to %(subject)s.",
        function=describe_function_with_name(made.function),
        customer=made.customer.name,
        subject=subject,
    )
    if entry.get_value("then") == "explain" and client:
        return redirect_with_message(message, "explain.index", user=subject, client=client)
    return redirect_with_message(message, "permissions.index", subject=subject)
