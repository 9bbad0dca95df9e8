"""Applications: search, show, give a new secret, delete."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta

from flask import Blueprint
from flask import render_template
from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app import clock
from app.models.clients import OAuthClient
from app.runtime import settings
from app.schemas.requests.clients import ClientUpdate
from app.schemas.requests.clients import ServiceUser
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.clients import client_search
from app.services.clients import registry
from app.services.clients import service_users
from app.services.clients.changes import ClientChange
from app.services.clients.client_search import ClientCriteria
from app.services.clients.fields import PASSWORD
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing
from app.services.tokens.token_text import make_secret
from app.web.console import listing
from app.web.console import suggestions
from app.web.form_values import FormValues
from app.web.form_values import parse_form
from app.web.form_values import read_form
from app.web.pages import Page
from app.web.pages import redirect_with_message
from app.web.pages import require_login
from app.web.pages import run_as_caller
from app.web.words import client_fields

blueprint = Blueprint("clients", __name__, url_prefix="/console/clients")
FILTERS = ("customer", "requiredFunction")
STATES = ("hidden", "deleted")
NO_SUCH_USER = FieldProblem("user", "There is no such user.", "UNKNOWN")
# How long an old secret may go on, in seconds; the first is proposed.
OVERLAPS = {
    "604800": lazy_gettext("for seven days"),
    "86400": lazy_gettext("for one day"),
    "2592000": lazy_gettext("for thirty days"),
    "0": lazy_gettext("not at all: somebody may know it"),
}
METADATA = "/.well-known/openid-configuration"


@blueprint.get("/")
@require_login
def index(caller: Caller) -> Page:
    """List the applications the caller may use or administer, by short name."""
    may_add = listing.is_allowed(caller, Guard.ADD_OAUTH_CLIENT)
    if not may_add:
        caller.require(Guard.VIEW_OAUTH_CLIENTS)
    state = request.args.get("state", "")
    entry = FormValues({name: request.args.get(name, "") for name in FILTERS})
    criteria = ClientCriteria(
        keywords=listing.read_words(),
        customers=listing.read_choice(caller, "customer"),
        required_functions=listing.read_choice(caller, "requiredFunction"),
        include_flags=(state,) if state in STATES else (),
    )
    found, entry = listing.run_search(
        lambda rows: client_search.search_clients(caller, criteria, rows), entry
    )
    return render_template(
        "console/clients/list.html",
        found=found,
        link=listing.link_to_offset,
        entry=entry,
        state=state,
        may_add=may_add,
        labels=client_fields.build_labels(),
        functions={
            one.id: one
            for one in directory.list_functions_by_id(row.required_function_id for row in found.rows)
        },
        customers=caller.question.tree.names,
        suggested={
            "functions": suggestions.suggest_functions(caller),
            "customers": suggestions.suggest_customers(caller, Guard.VIEW_OAUTH_CLIENTS),
        },
    )


@blueprint.get("/<client>")
@require_login
def show(caller: Caller, client: str) -> Page:
    """Show one application: who may use it, what it may do, from where, and what its developer needs."""
    found = registry.get_visible_client(client, caller)
    at = registry.find_guard_customer(found, caller)
    may = {
        "edit": listing.is_allowed(caller, Guard.UPDATE_OAUTH_CLIENT, at),
        "delete": listing.is_allowed(caller, Guard.DELETE_OAUTH_CLIENT, at),
        "holders": listing.is_allowed(caller, Guard.VIEW_PERMISSIONS),
        "functions": listing.is_allowed(caller, Guard.VIEW_FUNCTIONS),
    }
    details = registry.may_see_details(found, caller)
    return render_template(
        "console/clients/show.html",
        client=found,
        details=details,
        may=may,
        sections=client_fields.group_by_place(),
        labels=client_fields.build_labels(),
        options_of=client_fields.list_options,
        has_secret=found.authentication_method == PASSWORD,
        is_public=found.is_public,
        service_user=service_users.find_service_user(found) if details else None,
        has_old_secret=found.previous_secret_until is not None and found.previous_secret_until > clock.now(),
        explained=details,
        people=directory.load_subjects_by_id(
            [one for one in (found.created_by_id, found.updated_by_id) if one]
        ),
        metadata=settings().base_url + METADATA,
    )


@blueprint.route("/<client>/secret", methods=["GET", "POST"])
@require_login
def secret(caller: Caller, client: str) -> Page:
    """Ask, then replace the secret; the old one is invalid at once."""
    found = registry.get_visible_client(client, caller)
    caller.require(Guard.UPDATE_OAUTH_CLIENT, registry.find_guard_customer(found, caller))
    if found.authentication_method != PASSWORD:
        raise Missing("client secret")
    entry = FormValues()
    if request.method == "POST":
        entry = read_form("clientSecret")
        try:
            chosen = parse_form(ClientUpdate).client_secret
            made = make_secret() if chosen is None else None
            sent = {"client_secret": chosen} if chosen is not None else {}
            change = ClientChange(sent, made, _read_overlap())
            changed, _any = run_as_caller(
                caller, lambda now: registry.update_client(client, change, now, version=read_sent_version())
            )
            return render_made_page(changed, made, new=False)
        except Invalid as problem:
            entry = entry.with_problems(problem)
    return render_template(
        "console/clients/secret.html",
        entry=entry,
        client=found,
        labels=client_fields.build_labels(),
        overlaps=[(seconds, str(words)) for seconds, words in OVERLAPS.items()],
    )


@blueprint.route("/<client>/service-user", methods=["GET", "POST"])
@require_login
def service_user(caller: Caller, client: str) -> Page:
    """Choose the user for whom the application may act by itself, or take it away."""
    found = registry.get_visible_client(client, caller)
    caller.require(Guard.UPDATE_OAUTH_CLIENT, registry.find_guard_customer(found, caller))
    entry = FormValues()
    if request.method == "POST":
        entry = read_form()
        if entry.has("how", "clear"):
            run_as_caller(caller, lambda now: service_users.clear_service_user(found.id, now))
            return redirect_with_message(_("It acts by itself no more."), "clients.show", client=found.id)
        try:
            user = parse_form(ServiceUser).user
            run_as_caller(
                caller, lambda now: service_users.set_service_user(found.id, user, now.domain_id, now)
            )
            return redirect_with_message(_("Saved."), "clients.show", client=found.id)
        except (Invalid, Missing) as problem:
            entry = entry.with_problems(problem if isinstance(problem, Invalid) else Invalid(NO_SUCH_USER))
    return render_template(
        "console/clients/service_user.html",
        entry=entry,
        client=found,
        service_user=service_users.find_service_user(found),
        labels={"user": _("User")},
    )


@blueprint.post("/<client>/secret/end")
@require_login
def end_old_secret(caller: Caller, client: str) -> Page:
    """End the secret before the present one now."""
    change = ClientChange(previous_until=clock.now())
    found, anything = run_as_caller(caller, lambda now: registry.update_client(client, change, now))
    message = _("The old secret has ended.") if anything else _("Nothing was changed.")
    return redirect_with_message(message, "clients.show", client=found.id)


def _read_overlap() -> datetime | None:
    """Read how long the old secret goes on; one of those that the page offers, else not at all."""
    chosen = request.form.get("overlap", "0")
    return clock.now() + timedelta(seconds=int(chosen)) if chosen in OVERLAPS else None


@blueprint.route("/<client>/delete", methods=["GET", "POST"])
@require_login
def delete(caller: Caller, client: str) -> Page:
    """Ask, then delete permanently."""
    if request.method == "POST":
        run_as_caller(caller, lambda now: registry.delete_client(client, now))
        return redirect_with_message(_("Deleted. Everything it had open has ended."), "clients.index")
    found = registry.get_visible_client(client, caller)
    caller.require(Guard.DELETE_OAUTH_CLIENT, registry.find_guard_customer(found, caller))
    return render_template("console/clients/delete.html", client=found)


def render_made_page(client: OAuthClient, secret: str | None, *, new: bool) -> str:
    """Show what the developer needs; this is the only page that shows a secret made by us."""
    return render_template(
        "console/clients/made.html",
        client=client,
        secret=secret,
        new=new,
        labels=client_fields.build_labels(),
        metadata=settings().base_url + METADATA,
    )


def read_sent_version() -> int | None:
    """Return the version of the client that the form was filled from."""
    return request.form.get("version", type=int)
