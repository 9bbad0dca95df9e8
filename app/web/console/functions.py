"""Functions and roles: search, show with what bundles them, add, change, bundle, delete."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _

from app.models.authority import Function
from app.schemas.common import LEVEL_NAMES
from app.schemas.requests.functions import ChildrenAdd
from app.schemas.requests.functions import FunctionAdd
from app.schemas.requests.functions import FunctionUpdate
from app.services.access.callers import Caller
from app.services.administration import function_search
from app.services.administration import functions
from app.services.administration.function_search import FunctionCriteria
from app.services.guards import Guard
from app.services.problems import Invalid
from app.web.console import function_graph
from app.web.console import listing
from app.web.console import suggestions
from app.web.console.asking import asking
from app.web.entries import Entry
from app.web.entries import read
from app.web.entries import typed
from app.web.pages import Page
from app.web.pages import acting
from app.web.pages import done
from app.web.pages import page

blueprint = Blueprint("functions", __name__, url_prefix="/console/functions")


@blueprint.get("/")
@page
def index(caller: Caller) -> Page:
    """List all functions, by name."""
    kind = request.args.get("kind", "")
    criteria = FunctionCriteria(
        keywords=listing.words(),
        include_flags=("role",) if kind == "role" else (),
        exclude_flags=("role",) if kind == "function" else (),
    )
    found = function_search.found(caller, Guard.VIEW_FUNCTIONS, criteria, listing.asked_page(), ())
    return render_template(
        "console/functions/list.html",
        found=found,
        link=listing.link,
        kind=kind,
        may_add=listing.may(caller, Guard.ADD_FUNCTION, functions.guard_customer()),
    )


@blueprint.get("/picture")
@page
def picture(caller: Caller) -> Page:
    """Draw the graph, or the part around one named function."""
    graph = caller.question.graph
    named = request.args.get("function", "")
    chosen = functions.visible(named, caller) if named else None
    caller.needs(Guard.VIEW_FUNCTIONS)
    drawing = function_graph.draw(graph, chosen.id if chosen is not None else None)
    return render_template(
        "console/functions/picture.html", drawing=drawing, chosen=chosen, size=function_graph
    )


@blueprint.get("/<function>")
@page
def show(caller: Caller, function: str) -> Page:
    """Show one function: its properties, what bundles it, what it bundles."""
    return _shown(caller, functions.visible(function, caller), Entry())


@blueprint.route("/add", methods=["GET", "POST"])
@page
def add(caller: Caller) -> Page:
    """Add a function under an existing one."""
    entry = Entry({"parent": request.args.get("parent", ""), "minimumSecurityLevel": "standard"})
    if request.method == "POST":
        entry = typed()
        try:
            new = read(FunctionAdd).as_new()
            made = acting(caller, lambda now: functions.add(new, now))
            return done(_("%(name)s was created.", name=made.name), "functions.show", function=made.id)
        except Invalid as problem:
            entry = entry.refused(problem)
    caller.needs(Guard.ADD_FUNCTION, functions.guard_customer())
    suggested = {"functions": suggestions.functions(caller)}
    return render_template("console/functions/form.html", entry=entry, function=None, suggested=suggested)


@blueprint.route("/<function>/edit", methods=["GET", "POST"])
@page
def edit(caller: Caller, function: str) -> Page:
    """Change name, level, kind and description."""
    found = functions.visible(function, caller)
    entry = _entry_of(found)
    if request.method == "POST":
        entry = typed()
        try:
            changes = read(FunctionUpdate).as_changes()
            acting(caller, lambda now: functions.update(function, changes, now))
            return done(_("Saved."), "functions.show", function=function)
        except Invalid as problem:
            entry = entry.refused(problem)
    caller.needs(Guard.UPDATE_FUNCTION, functions.guard_customer())
    return render_template("console/functions/form.html", entry=entry, function=found, suggested={})


@blueprint.post("/<function>/children")
@page
def add_children(caller: Caller, function: str) -> Page:
    """Add children to this function."""
    try:
        names = read(ChildrenAdd).children
        acting(caller, lambda now: functions.add_children(function, names, now))
    except Invalid as problem:
        return _shown(caller, functions.visible(function, caller), typed().refused(problem))
    message = _("Added: %(names)s.", names=", ".join(names))
    return done(message, "functions.show", function=function)


@blueprint.route("/<function>/children/<child>/remove", methods=["GET", "POST"])
@page
def remove_child(caller: Caller, function: str, child: str) -> Page:
    """Ask, then remove a child from this function."""
    above, below = functions.visible(function, caller), functions.visible(child, caller)
    if request.method == "GET":
        caller.needs(Guard.REMOVE_CHILD_FUNCTION, functions.guard_customer())
        return asking(
            _("Remove %(child)s from %(parent)s?", child=below.name, parent=above.name),
            _(
                "Everybody who holds %(parent)s loses it at the next request, in every application,"
                " unless it comes with something else.",
                parent=above.name,
            ),
            _("Remove"),
            url_for("functions.show", function=above.id),
            above.name,
        )
    acting(caller, lambda now: functions.remove_children(function, [child], now))
    message = _("%(child)s is no longer part of %(parent)s.", child=below.name, parent=above.name)
    return done(message, "functions.show", function=above.id)


@blueprint.route("/<function>/delete", methods=["GET", "POST"])
@page
def delete(caller: Caller, function: str) -> Page:
    """Ask, then delete permanently."""
    if request.method == "POST":
        gone = acting(caller, lambda now: functions.delete(function, now))
        return done(_("%(name)s was deleted.", name=gone.name), "functions.index")
    found = functions.visible(function, caller)
    caller.needs(Guard.REMOVE_FUNCTION, functions.guard_customer())
    return render_template("console/functions/delete.html", function=found)


def _shown(caller: Caller, function: Function, entry: Entry) -> str:
    at = functions.guard_customer()
    guards = {
        "edit": Guard.UPDATE_FUNCTION,
        "delete": Guard.REMOVE_FUNCTION,
        "bundle": Guard.ADD_CHILD_FUNCTION,
        "unbundle": Guard.REMOVE_CHILD_FUNCTION,
        "holders": Guard.VIEW_PERMISSIONS,
    }
    may = {name: listing.may(caller, guard, at) for name, guard in guards.items()}
    return render_template(
        "console/functions/show.html",
        function=function,
        level=LEVEL_NAMES[function.minimum_security_level],
        parents=functions.parents(function),
        children=functions.children(function),
        entry=entry,
        may=may,
        suggested={"functions": suggestions.functions(caller)} if may["bundle"] else {},
        built_in=function.name in functions.BUILT_IN,
    )


def _entry_of(function: Function) -> Entry:
    return Entry(
        {
            "name": function.name,
            "description": function.description,
            **{
                f"localizedDescriptions.{name}": text
                for name, text in function.localized_descriptions.items()
            },
            "minimumSecurityLevel": LEVEL_NAMES[function.minimum_security_level],
            "role": function.role,
            "readOnly": function.read_only,
            "sysadm": function.sysadm,
            "roleType": function.role_type,
        }
    )
