"""Customers: the tree, and changes of one customer."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request
from flask_babel import gettext as _

from app.models.directory import Customer
from app.schemas.requests.customers import SWITCHES
from app.schemas.requests.customers import CustomerAdd
from app.schemas.requests.customers import CustomerMove
from app.schemas.requests.customers import CustomerUpdate
from app.schemas.wire import to_wire
from app.services.access.callers import Caller
from app.services.administration import customer_search
from app.services.administration import customers
from app.services.administration.customer_search import CustomerCriteria
from app.services.endings.table import Event
from app.services.guards import Guard
from app.services.inspection.shown_names import find_customer
from app.services.problems import Invalid
from app.web.console import listing
from app.web.console import shown_names
from app.web.console import suggestions
from app.web.console.customer_tree import build_forest
from app.web.form_values import FormValues
from app.web.form_values import parse_form
from app.web.form_values import read_form
from app.web.pages import Page
from app.web.pages import change_policy
from app.web.pages import redirect_with_message
from app.web.pages import require_login
from app.web.words.endings import describe_endings

blueprint = Blueprint("customers", __name__, url_prefix="/console/customers")


@blueprint.get("/")
@require_login
def index(caller: Caller) -> Page:
    """Show the tree; with words or a flag, the customers that match."""
    caller.require(Guard.VIEW_CUSTOMERS)
    disabled = request.args.get("disabled") == "true"
    found, trees = None, []
    if listing.read_words() or disabled:
        flags = ("disabled",) if disabled else ()
        criteria = CustomerCriteria(keywords=listing.read_words(), include_flags=flags)
        found = customer_search.search_customers(
            caller, Guard.VIEW_CUSTOMERS, criteria, listing.read_page(), ()
        )
    else:
        trees = build_forest(caller.question.tree, caller.list_reach(Guard.VIEW_CUSTOMERS))
    return render_template(
        "console/customers/list.html",
        found=found,
        trees=trees,
        link=listing.link_to_offset,
        disabled=disabled,
    )


@blueprint.get("/<customer>")
@require_login
def show(caller: Caller, customer: str) -> Page:
    """Show one customer, what is above and below it, and the possible actions."""
    found = customers.get_visible_customer(customer, caller.domain_id, caller)
    tree, seen = caller.question.tree, caller.list_reach(Guard.VIEW_CUSTOMERS)
    above = [one for one in tree.list_ancestors(found.id)[1:] if one in seen]
    guards = {
        "edit": Guard.UPDATE_CUSTOMER,
        "add": Guard.ADD_CUSTOMER,
        "move": Guard.MOVE_CUSTOMER,
        "disable": Guard.DELETE_CUSTOMER,
        "users": Guard.VIEW_USERS,
        "permissions": Guard.VIEW_PERMISSIONS,
    }
    return render_template(
        "console/customers/show.html",
        customer=found,
        above=[(one, tree.names[one]) for one in reversed(above)],
        trees=build_forest(tree, seen, found.id),
        may={name: listing.is_allowed(caller, guard, found.id) for name, guard in guards.items()},
        is_root=found.parent_id is None,
    )


@blueprint.route("/add", methods=["GET", "POST"])
@require_login
def add(caller: Caller) -> Page:
    """Add a customer below an existing one."""
    entry = FormValues({"parent": request.args.get("parent", ""), "type": "leaf", "language": "english"})
    if request.method == "POST":
        entry = read_form()
        try:
            new = shown_names.parse_form(CustomerAdd, caller, parent=find_customer).as_new()
            made = change_policy(caller, lambda now: customers.add_customer(new, now))
            return redirect_with_message(_("The customer was created."), "customers.show", customer=made.id)
        except Invalid as problem:
            entry = entry.with_problems(problem)
    caller.require(Guard.ADD_CUSTOMER)
    suggested = {"customers": suggestions.suggest_customers(caller, Guard.ADD_CUSTOMER)}
    return render_template("console/customers/form.html", entry=entry, customer=None, suggested=suggested)


@blueprint.route("/<customer>/edit", methods=["GET", "POST"])
@require_login
def edit(caller: Caller, customer: str) -> Page:
    """Change names, language and flags."""
    found = customers.get_visible_customer(customer, caller.domain_id, caller)
    entry = _to_form_values(found)
    if request.method == "POST":
        entry = read_form()
        try:
            changes = parse_form(CustomerUpdate).as_changes()
            change_policy(caller, lambda now: customers.update_customer(_reload(customer, now), changes, now))
            return redirect_with_message(_("Saved."), "customers.show", customer=customer)
        except Invalid as problem:
            entry = entry.with_problems(problem)
    caller.require(Guard.UPDATE_CUSTOMER, found.id)
    return render_template("console/customers/form.html", entry=entry, customer=found, suggested={})


@blueprint.route("/<customer>/move", methods=["GET", "POST"])
@require_login
def move(caller: Caller, customer: str) -> Page:
    """Move the customer, with everything below it, under another."""
    found = customers.get_visible_customer(customer, caller.domain_id, caller)
    entry = FormValues()
    if request.method == "POST":
        entry = read_form()
        try:
            parent = shown_names.parse_form(CustomerMove, caller, parent=find_customer).parent
            change_policy(caller, lambda now: customers.move_customer(_reload(customer, now), parent, now))
            return redirect_with_message(_("Moved."), "customers.show", customer=customer)
        except Invalid as problem:
            entry = entry.with_problems(problem)
    caller.require(Guard.MOVE_CUSTOMER, found.id)
    suggested = {"customers": suggestions.suggest_customers(caller, Guard.MOVE_CUSTOMER)}
    return render_template("console/customers/move.html", entry=entry, customer=found, suggested=suggested)


@blueprint.route("/<customer>/disable", methods=["GET", "POST"])
@require_login
def disable(caller: Caller, customer: str) -> Page:
    """Ask, then disable: no rights apply to it or below it any more."""
    if request.method == "POST":
        change_policy(caller, lambda now: customers.disable_customer(_reload(customer, now), now))
        return redirect_with_message(_("Disabled."), "customers.index", disabled="true")
    found = customers.get_visible_customer(customer, caller.domain_id, caller)
    caller.require(Guard.DELETE_CUSTOMER, found.id)
    return render_template(
        "console/customers/disable.html", customer=found, endings=describe_endings(Event.CUSTOMER_DISABLED)
    )


@blueprint.post("/<customer>/enable")
@require_login
def enable(caller: Caller, customer: str) -> Page:
    """Enable a disabled customer."""
    change_policy(caller, lambda now: customers.reenable_customer(customer, now.domain_id, now))
    return redirect_with_message(_("It counts again."), "customers.show", customer=customer)


def _reload(customer: str, now: Caller) -> Customer:
    """Load the customer again inside the unit of work."""
    return customers.get_visible_customer(customer, now.domain_id, now)


def _to_form_values(customer: Customer) -> FormValues:
    values = {
        "shortName": customer.short_name,
        "name": customer.name,
        "language": customer.language,
        "timeZone": customer.time_zone,
    }
    return FormValues(values | {to_wire(name): flag in customer.flags for name, flag in SWITCHES.items()})
