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
from app.services.problems import Invalid
from app.web.console import listing
from app.web.console import suggestions
from app.web.console.customer_tree import forest
from app.web.entries import Entry
from app.web.entries import read
from app.web.entries import typed
from app.web.pages import Page
from app.web.pages import acting
from app.web.pages import done
from app.web.pages import page
from app.web.words.endings import ending_words

blueprint = Blueprint("customers", __name__, url_prefix="/console/customers")


@blueprint.get("/")
@page
def index(caller: Caller) -> Page:
    """Show the tree; with words or a flag, the customers that match."""
    caller.needs(Guard.VIEW_CUSTOMERS)
    disabled = request.args.get("disabled") == "true"
    found, trees = None, []
    if listing.words() or disabled:
        flags = ("disabled",) if disabled else ()
        criteria = CustomerCriteria(keywords=listing.words(), include_flags=flags)
        found = customer_search.found(caller, Guard.VIEW_CUSTOMERS, criteria, listing.asked_page(), ())
    else:
        trees = forest(caller.question.tree, caller.reach(Guard.VIEW_CUSTOMERS))
    return render_template(
        "console/customers/list.html", found=found, trees=trees, link=listing.link, disabled=disabled
    )


@blueprint.get("/<customer>")
@page
def show(caller: Caller, customer: str) -> Page:
    """Show one customer, what is above and below it, and the possible actions."""
    found = customers.visible(customer, caller.domain_id, caller)
    tree, seen = caller.question.tree, caller.reach(Guard.VIEW_CUSTOMERS)
    above = [one for one in tree.ancestors(found.id)[1:] if one in seen]
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
        trees=forest(tree, seen, found.id),
        may={name: listing.may(caller, guard, found.id) for name, guard in guards.items()},
        is_root=found.parent_id is None,
    )


@blueprint.route("/add", methods=["GET", "POST"])
@page
def add(caller: Caller) -> Page:
    """Add a customer below an existing one."""
    entry = Entry({"parent": request.args.get("parent", ""), "type": "leaf", "language": "english"})
    if request.method == "POST":
        entry = typed()
        try:
            new = read(CustomerAdd).as_new()
            made = acting(caller, lambda now: customers.add(new, now))
            return done(_("The customer was created."), "customers.show", customer=made.id)
        except Invalid as problem:
            entry = entry.refused(problem)
    caller.needs(Guard.ADD_CUSTOMER)
    suggested = {"customers": suggestions.customers(caller, Guard.ADD_CUSTOMER)}
    return render_template("console/customers/form.html", entry=entry, customer=None, suggested=suggested)


@blueprint.route("/<customer>/edit", methods=["GET", "POST"])
@page
def edit(caller: Caller, customer: str) -> Page:
    """Change names, language and flags."""
    found = customers.visible(customer, caller.domain_id, caller)
    entry = _entry_of(found)
    if request.method == "POST":
        entry = typed()
        try:
            changes = read(CustomerUpdate).as_changes()
            acting(caller, lambda now: customers.update(_of(customer, now), changes, now))
            return done(_("Saved."), "customers.show", customer=customer)
        except Invalid as problem:
            entry = entry.refused(problem)
    caller.needs(Guard.UPDATE_CUSTOMER, found.id)
    return render_template("console/customers/form.html", entry=entry, customer=found, suggested={})


@blueprint.route("/<customer>/move", methods=["GET", "POST"])
@page
def move(caller: Caller, customer: str) -> Page:
    """Move the customer, with everything below it, under another."""
    found = customers.visible(customer, caller.domain_id, caller)
    entry = Entry()
    if request.method == "POST":
        entry = typed()
        try:
            parent = read(CustomerMove).parent
            acting(caller, lambda now: customers.move(_of(customer, now), parent, now))
            return done(_("Moved."), "customers.show", customer=customer)
        except Invalid as problem:
            entry = entry.refused(problem)
    caller.needs(Guard.MOVE_CUSTOMER, found.id)
    suggested = {"customers": suggestions.customers(caller, Guard.MOVE_CUSTOMER)}
    return render_template("console/customers/move.html", entry=entry, customer=found, suggested=suggested)


@blueprint.route("/<customer>/disable", methods=["GET", "POST"])
@page
def disable(caller: Caller, customer: str) -> Page:
    """Ask, then disable: no rights apply to it or below it any more."""
    if request.method == "POST":
        acting(caller, lambda now: customers.disable(_of(customer, now), now))
        return done(_("Disabled."), "customers.index", disabled="true")
    found = customers.visible(customer, caller.domain_id, caller)
    caller.needs(Guard.DELETE_CUSTOMER, found.id)
    return render_template(
        "console/customers/disable.html", customer=found, endings=ending_words(Event.CUSTOMER_DISABLED)
    )


@blueprint.post("/<customer>/enable")
@page
def enable(caller: Caller, customer: str) -> Page:
    """Enable a disabled customer."""
    acting(caller, lambda now: customers.reenable(customer, now.domain_id, now))
    return done(_("It counts again."), "customers.show", customer=customer)


def _of(customer: str, now: Caller) -> Customer:
    """Load the customer again inside the unit of work."""
    return customers.visible(customer, now.domain_id, now)


def _entry_of(customer: Customer) -> Entry:
    values = {
        "shortName": customer.short_name,
        "name": customer.name,
        "language": customer.language,
        "timeZone": customer.time_zone,
    }
    return Entry(values | {to_wire(name): flag in customer.flags for name, flag in SWITCHES.items()})
