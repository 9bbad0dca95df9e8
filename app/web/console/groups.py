"""Groups: search, show with members and permissions, add, change, delete."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _

from app.models.directory import Group
from app.schemas.common import Move
from app.schemas.requests.subjects import GroupAdd
from app.schemas.requests.subjects import GroupUpdate
from app.schemas.requests.subjects import MembersAdd
from app.services.access.callers import Caller
from app.services.access.search import Page as Rows
from app.services.administration import memberships
from app.services.administration import permission_search
from app.services.administration import subject_search
from app.services.administration import users_and_groups
from app.services.administration import visibility
from app.services.administration.subject_search import SubjectCriteria
from app.services.guards import Guard
from app.services.problems import Invalid
from app.services.problems import Missing
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
from app.web.pages import run_as_caller
from app.web.words.change_messages import describe_creation
from app.web.words.change_messages import describe_deletion
from app.web.words.change_messages import describe_move
from app.web.words.change_messages import describe_saving

blueprint = Blueprint("groups", __name__, url_prefix="/console/groups")
MOST_SHOWN = 50
GUARDS = {
    "edit": Guard.UPDATE_USER,
    "delete": Guard.DELETE_USER,
    "add": Guard.ADD_GROUP_MEMBER,
    "remove": Guard.REMOVE_GROUP_MEMBER,
    "permissions": Guard.VIEW_PERMISSIONS,
    "grant": Guard.GRANT_ROLE,
}


@blueprint.get("/")
@require_login
def index(caller: Caller) -> Page:
    """List the groups of the customers that the caller administers."""
    deleted = request.args.get("state") == "deleted"
    entry = FormValues({"customer": request.args.get("customer", "")})
    criteria = SubjectCriteria(
        keywords=listing.read_words(),
        customers=listing.read_choice(caller, "customer"),
        include_flags=("deleted",) if deleted else (),
    )
    found, entry = listing.run_search(
        lambda rows: subject_search.search_administered(Group, caller, criteria, rows, ()), entry
    )
    return render_template(
        "console/groups/list.html",
        found=found,
        link=listing.link_to_offset,
        entry=entry,
        deleted=deleted,
        may_add=listing.is_allowed(caller, Guard.CREATE_USER),
        suggested={"customers": suggestions.suggest_customers(caller, Guard.VIEW_USERS)},
    )


@blueprint.get("/<group>")
@require_login
def show(caller: Caller, group: str) -> Page:
    """Show one group: its members and its permissions."""
    return _render(caller, visibility.get_visible_group(caller, group, caller.domain_id), FormValues())


@blueprint.route("/add", methods=["GET", "POST"])
@require_login
def add(caller: Caller) -> Page:
    """Add a group without members."""
    entry = FormValues({"customer": request.args.get("customer", "")})
    if request.method == "POST":
        entry = read_form()
        try:
            new = shown_names.parse_form(GroupAdd, caller).as_new()
            made = run_as_caller(caller, lambda now: users_and_groups.add_group(new, now))
            return redirect_with_message(describe_creation(made), "groups.show", group=made.id)
        except Invalid as problem:
            entry = entry.with_problems(problem)
    caller.require(Guard.CREATE_USER)
    suggested = {"customers": suggestions.suggest_customers(caller, Guard.CREATE_USER)}
    return render_template("console/groups/form.html", entry=entry, group=None, suggested=suggested)


@blueprint.route("/<group>/edit", methods=["GET", "POST"])
@require_login
def edit(caller: Caller, group: str) -> Page:
    """Change names and description."""
    found = visibility.get_visible_group(caller, group, caller.domain_id)
    entry = FormValues({"shortName": found.short_name, "name": found.name, "description": found.description})
    if request.method == "POST":
        entry = read_form()
        try:
            changes = parse_form(GroupUpdate).as_changes()
            saved = run_as_caller(
                caller, lambda now: users_and_groups.update_subject(_reload(group, now), changes, now)
            )
            return redirect_with_message(describe_saving(saved), "groups.show", group=saved.id)
        except Invalid as problem:
            entry = entry.with_problems(problem)
    caller.require(Guard.UPDATE_USER, found.customer_id)
    return render_template("console/groups/form.html", entry=entry, group=found, suggested={})


@blueprint.route("/<group>/move", methods=["GET", "POST"])
@require_login
def move(caller: Caller, group: str) -> Page:
    """Move the group to another customer."""
    found = visibility.get_visible_group(caller, group, caller.domain_id)
    entry = FormValues()
    if request.method == "POST":
        entry = read_form()
        try:
            customer = shown_names.parse_form(Move, caller).customer
            moved = change_policy(
                caller, lambda now: users_and_groups.move_subject(_reload(group, now), customer, now)
            )
            return redirect_with_message(describe_move(moved), "groups.show", group=moved.id)
        except Invalid as problem:
            entry = entry.with_problems(problem)
    caller.require(Guard.UPDATE_USER, found.customer_id)
    suggested = {"customers": suggestions.suggest_customers(caller, Guard.CREATE_USER)}
    return render_template(
        "console/subject_move.html", entry=entry, subject=found, kind="groups", suggested=suggested
    )


@blueprint.post("/<group>/members")
@require_login
def add_members(caller: Caller, group: str) -> Page:
    """Add users or groups to it; they get its rights."""
    try:
        asked = shown_names.parse_form(MembersAdd, caller)
        change_policy(
            caller,
            lambda now: memberships.add_members(_reload(group, now), asked.subject, asked.comment, now),
        )
    except Invalid as problem:
        found = visibility.get_visible_group(caller, group, caller.domain_id)
        return _render(caller, found, read_form().with_problems(problem))
    message = _("Added: %(names)s.", names=", ".join(asked.subject))
    return redirect_with_message(message, "groups.show", group=group)


@blueprint.route("/<group>/members/<int:member>/remove", methods=["GET", "POST"])
@require_login
def remove_member(caller: Caller, group: str, member: int) -> Page:
    """Ask, then remove a member; its rights through the group end at the next request."""
    found = _reload(group, caller)
    one = next((m for m in memberships.list_visible_members(found, caller) if m.id == member), None)
    if one is None:
        raise Missing("member")
    if request.method == "GET":
        caller.require(Guard.REMOVE_GROUP_MEMBER, found.customer_id)
        return render_confirmation(
            _("Remove %(member)s from %(group)s?", member=one.short_name, group=found.short_name),
            _("What %(member)s holds through the group is gone at the next request.", member=one.short_name),
            _("Remove"),
            url_for("groups.show", group=found.id),
            found.short_name,
        )
    change_policy(
        caller, lambda now: memberships.remove_members(_reload(group, now), [str(member)], None, now)
    )
    message = _("%(member)s is no longer in %(group)s.", member=one.short_name, group=found.short_name)
    return redirect_with_message(message, "groups.show", group=found.id)


@blueprint.route("/<group>/delete", methods=["GET", "POST"])
@require_login
def delete(caller: Caller, group: str) -> Page:
    """Ask, then delete the group; its members lose what they held through it."""
    if request.method == "POST":
        gone = change_policy(caller, lambda now: users_and_groups.delete_group(_reload(group, now), now))
        return redirect_with_message(describe_deletion(gone), "groups.index")
    found = visibility.get_visible_group(caller, group, caller.domain_id)
    caller.require(Guard.DELETE_USER, found.customer_id)
    return render_template("console/groups/delete.html", group=found)


@blueprint.post("/<group>/reenable")
@require_login
def reenable(caller: Caller, group: str) -> Page:
    """Restore a deleted group, without members and permissions."""
    back = change_policy(
        caller,
        lambda now: users_and_groups.reenable_subject(
            visibility.get_deleted_subject(Group, now, group, now.domain_id), now
        ),
    )
    return redirect_with_message(
        _("%(name)s is back, empty.", name=back.short_name), "groups.show", group=back.id
    )


def _render(caller: Caller, group: Group, entry: FormValues) -> str:
    may = {name: listing.is_allowed(caller, guard, group.customer_id) for name, guard in GUARDS.items()}
    held = None
    if may["permissions"]:
        held = permission_search.list_held_permissions(
            group, caller, Rows(MOST_SHOWN), inherited=True, deleted=False
        )
    return render_template(
        "console/groups/show.html",
        group=group,
        members=memberships.list_visible_members(group, caller),
        held=held,
        entry=entry,
        may=may,
        suggested={"subjects": suggestions.suggest_subjects(caller)} if may["add"] else {},
    )


def _reload(group: str, now: Caller) -> Group:
    """Load the group again inside the unit of work."""
    return visibility.get_visible_group(now, group, now.domain_id)
