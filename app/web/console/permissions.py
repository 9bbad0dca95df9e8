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
from app.web.console import suggestions
from app.web.console.suggestions import Suggestion
from app.web.entries import Entry
from app.web.entries import read
from app.web.entries import typed
from app.web.pages import Page
from app.web.pages import acting
from app.web.pages import done
from app.web.pages import page
from app.web.words.labels import function_words

blueprint = Blueprint("permissions", __name__, url_prefix="/console/permissions")
FILTERS = ("subject", "function", "customer")


@dataclass(frozen=True, slots=True)
class Back:
    """The page that the user came from, and its name."""

    url: str
    label: str


@blueprint.get("/")
@page
def index(caller: Caller) -> Page:
    """List permissions where the caller may see them; around a user or group, a function, a customer."""
    entry = Entry({name: request.args.get(name, "") for name in FILTERS})
    criteria = PermissionCriteria(
        subjects=listing.chosen("subject"),
        functions=listing.chosen("function"),
        customers=listing.chosen("customer"),
    )
    found, entry = listing.searched(lambda rows: permission_search.found(caller, criteria, rows), entry)
    return render_template(
        "console/permissions/list.html",
        found=found,
        link=listing.link,
        entry=entry,
        may_grant=listing.may(caller, Guard.GRANT_ROLE),
        may_revoke=listing.may(caller, Guard.REVOKE_ROLE),
        suggested=_suggested(caller, Guard.VIEW_PERMISSIONS),
    )


@blueprint.route("/add", methods=["GET", "POST"])
@page
def add(caller: Caller) -> Page:
    """Grant a function to a user or group, for a customer and all below it; or preview the change."""
    entry, seen = Entry({name: request.args.get(name, "") for name in (*FILTERS, "client", "then")}), None
    if request.method == "POST":
        entry = typed()
        try:
            new = read(PermissionAdd).as_new()
            if "look" in request.form:
                seen = preview.of(caller, lambda: whatif.granting(new, caller))
            else:
                made = acting(caller, lambda now: permissions.grant(new, now))
                return _granted(made, entry)
        except Invalid as problem:
            entry = entry.refused(problem)
    caller.needs(Guard.GRANT_ROLE)
    return render_template(
        "console/permissions/form.html",
        entry=entry,
        seen=seen,
        back=_came_from(),
        may_look=preview.may_look(caller),
        suggested=_suggested(caller, Guard.GRANT_ROLE) | {"applications": suggestions.applications(caller)},
    )


@blueprint.route("/<int:permission>/revoke", methods=["GET", "POST"])
@page
def revoke(caller: Caller, permission: int) -> Page:
    """Ask, then revoke it from the next request on; or preview the change."""
    entry, seen = Entry(), None
    if permission > 2**63 - 1:
        raise Missing("permission")
    if request.method == "POST":
        entry = typed()
        try:
            if "look" in request.form:
                seen = preview.of(caller, lambda: whatif.revoking(permission, caller))
            else:
                comment = read(PermissionRevoke).comment
                gone = acting(caller, lambda now: permissions.revoke(permission, comment, now))
                message = _(
                    "%(function)s for %(customer)s is taken from %(subject)s.",
                    function=function_words(gone.function),
                    customer=gone.customer.name,
                    subject=gone.subject.short_name,
                )
                return done(message, "permissions.index", subject=gone.subject.short_name)
        except Invalid as problem:
            entry = entry.refused(problem)
    found = permissions.revocable(permission, caller)
    return render_template(
        "console/permissions/revoke.html",
        permission=found,
        entry=entry,
        seen=seen,
        may_look=preview.may_look(caller),
        suggested={"applications": suggestions.applications(caller)},
    )


def _suggested(caller: Caller, guard: Guard) -> dict[str, list[Suggestion]]:
    return {
        "subjects": suggestions.subjects(caller),
        "functions": suggestions.functions(caller),
        "customers": suggestions.customers(caller, guard),
    }


def _came_from() -> Back:
    """Return the explanation or list, as it was, whose button led here."""
    kept: dict[str, Any] = {name: text for name in FILTERS if (text := request.args.get(name, "").strip())}
    client = request.args.get("client", "").strip()
    if request.args.get("then") == "explain" and client:
        return Back(url_for("explain.index", user=kept.get("subject"), client=client), _("Explain"))
    return Back(url_for("permissions.index", **kept), _("Permissions"))


def _granted(made: Permission, entry: Entry) -> Page:
    """Redirect to the list of what the subject holds, or back to the explanation."""
    subject, client = made.subject.short_name, entry.value("client").strip()
    message = _(
        "%(function)s for %(customer)s is granted to %(subject)s.",
        function=function_words(made.function),
        customer=made.customer.name,
        subject=subject,
    )
    if entry.value("then") == "explain" and client:
        return done(message, "explain.index", user=subject, client=client)
    return done(message, "permissions.index", subject=subject)
