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
from app.services.inspection.shown_names import find_function
from app.services.problems import Invalid
from app.web.console import function_graph
from app.web.console import listing
from app.web.console import shown_names
from app.web.console import suggestions
from app.web.console.confirmation import render_confirmation
from app.web.form_values import FormValues
from app.web.form_values import parse_form
from app.web.form_values import read_form
from app.web.pages import Page
from app.web.pages import change_policy
from app.web.pages import redirect_with_message
from app.web.pages import require_login

blueprint = Blueprint("functions", __name__, url_prefix="/console/functions")


@blueprint.get("/")
@require_login
def index(caller: Caller) -> Page:
    """List all functions, by name."""
    kind = request.args.get("kind", "")
    criteria = FunctionCriteria(
        keywords=listing.read_words(),
        include_flags=("role",) if kind == "role" else (),
        exclude_flags=("role",) if kind == "function" else (),
    )
    found = function_search.search_functions(caller, Guard.VIEW_FUNCTIONS, criteria, listing.read_page(), ())
    return render_template(
        "console/functions/list.html",
        found=found,
        link=listing.link_to_offset,
        kind=kind,
        may_add=listing.is_allowed(caller, Guard.ADD_FUNCTION, functions.find_guard_customer()),
    )


@blueprint.get("/picture")
@require_login
def picture(caller: Caller) -> Page:
    """Draw the graph, or the part around one named function."""
    graph = caller.question.graph
    named = request.args.get("function", "")
    chosen = functions.get_visible_function(named, caller) if named else None
    caller.require(Guard.VIEW_FUNCTIONS)
    drawing = function_graph.draw_graph(graph, chosen.id if chosen is not None else None)
    return render_template(
        "console/functions/picture.html", drawing=drawing, chosen=chosen, size=function_graph
    )


@blueprint.get("/<function>")
@require_login
def show(caller: Caller, function: str) -> Page:
    """Show one function: its properties, what bundles it, what it bundles."""
    return _render(caller, functions.get_visible_function(function, caller), FormValues())


@blueprint.route("/add", methods=["GET", "POST"])
@require_login
def add(caller: Caller) -> Page:
    """Add a function under an existing one."""
    entry = FormValues({"parent": request.args.get("parent", ""), "minimumSecurityLevel": "standard"})
    if request.method == "POST":
        entry = read_form()
        try:
            new = shown_names.parse_form(FunctionAdd, caller, parent=find_function).as_new()
            made = change_policy(caller, lambda now: functions.add_function(new, now))
            return redirect_with_message(
                _("%(name)s was created.", name=made.name), "functions.show", function=made.id
            )
        except Invalid as problem:
            entry = entry.with_problems(problem)
    caller.require(Guard.ADD_FUNCTION, functions.find_guard_customer())
    suggested = {"functions": suggestions.suggest_functions(caller)}
    return render_template("console/functions/form.html", entry=entry, function=None, suggested=suggested)


@blueprint.route("/<function>/edit", methods=["GET", "POST"])
@require_login
def edit(caller: Caller, function: str) -> Page:
    """Change name, level, kind and description."""
    found = functions.get_visible_function(function, caller)
    entry = _to_form_values(found)
    if request.method == "POST":
        entry = read_form()
        try:
            changes = parse_form(FunctionUpdate).as_changes()
            change_policy(caller, lambda now: functions.update_function(function, changes, now))
            return redirect_with_message(_("Saved."), "functions.show", function=function)
        except Invalid as problem:
            entry = entry.with_problems(problem)
    caller.require(Guard.UPDATE_FUNCTION, functions.find_guard_customer())
    return render_template("console/functions/form.html", entry=entry, function=found, suggested={})


@blueprint.post("/<function>/children")
@require_login
def add_children(caller: Caller, function: str) -> Page:
    """Add children to this function."""
    try:
        names = shown_names.parse_form(ChildrenAdd, caller).children
        change_policy(caller, lambda now: functions.add_children(function, names, now))
    except Invalid as problem:
        return _render(
            caller, functions.get_visible_function(function, caller), read_form().with_problems(problem)
        )
    message = _("Added: %(names)s.", names=", ".join(names))
    return redirect_with_message(message, "functions.show", function=function)


@blueprint.route("/<function>/children/<child>/remove", methods=["GET", "POST"])
@require_login
def remove_child(caller: Caller, function: str, child: str) -> Page:
    """Ask, then remove a child from this function."""
    above, below = (
        functions.get_visible_function(function, caller),
        functions.get_visible_function(child, caller),
    )
    if request.method == "GET":
        caller.require(Guard.REMOVE_CHILD_FUNCTION, functions.find_guard_customer())
        return render_confirmation(
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
    change_policy(caller, lambda now: functions.remove_children(function, [child], now))
    message = _("%(child)s is no longer part of %(parent)s.", child=below.name, parent=above.name)
    return redirect_with_message(message, "functions.show", function=above.id)


@blueprint.route("/<function>/delete", methods=["GET", "POST"])
@require_login
def delete(caller: Caller, function: str) -> Page:
    """Ask, then delete permanently."""
    if request.method == "POST":
        gone = change_policy(caller, lambda now: functions.delete_function(function, now))
        return redirect_with_message(_("%(name)s was deleted.", name=gone.name), "functions.index")
    found = functions.get_visible_function(function, caller)
    caller.require(Guard.REMOVE_FUNCTION, functions.find_guard_customer())
    return render_template("console/functions/delete.html", function=found)


def _render(caller: Caller, function: Function, entry: FormValues) -> str:
    at = functions.find_guard_customer()
    guards = {
        "edit": Guard.UPDATE_FUNCTION,
        "delete": Guard.REMOVE_FUNCTION,
        "bundle": Guard.ADD_CHILD_FUNCTION,
        "unbundle": Guard.REMOVE_CHILD_FUNCTION,
        "holders": Guard.VIEW_PERMISSIONS,
    }
    may = {name: listing.is_allowed(caller, guard, at) for name, guard in guards.items()}
    return render_template(
        "console/functions/show.html",
        function=function,
        level=LEVEL_NAMES[function.minimum_security_level],
        parents=functions.list_parents(function),
        children=functions.list_children(function),
        entry=entry,
        may=may,
        suggested={"functions": suggestions.suggest_functions(caller)} if may["bundle"] else {},
        built_in=function.name in functions.BUILT_IN,
    )


def _to_form_values(function: Function) -> FormValues:
    return FormValues(
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
