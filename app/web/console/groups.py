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
from app.web.console import suggestions
from app.web.console.asking import asking
from app.web.entries import Entry
from app.web.entries import read
from app.web.entries import typed
from app.web.pages import Page
from app.web.pages import acting
from app.web.pages import done
from app.web.pages import page
from app.web.words.done import created_words
from app.web.words.done import deleted_words
from app.web.words.done import moved_words
from app.web.words.done import saved_words

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
@page
def index(caller: Caller) -> Page:
    """List the groups of the customers that the caller administers."""
    deleted = request.args.get("state") == "deleted"
    entry = Entry({"customer": request.args.get("customer", "")})
    criteria = SubjectCriteria(
        keywords=listing.words(),
        customers=listing.chosen("customer"),
        include_flags=("deleted",) if deleted else (),
    )
    found, entry = listing.searched(
        lambda rows: subject_search.administered(Group, caller, criteria, rows, ()), entry
    )
    return render_template(
        "console/groups/list.html",
        found=found,
        link=listing.link,
        entry=entry,
        deleted=deleted,
        may_add=listing.may(caller, Guard.CREATE_USER),
        suggested={"customers": suggestions.customers(caller, Guard.VIEW_USERS)},
    )


@blueprint.get("/<group>")
@page
def show(caller: Caller, group: str) -> Page:
    """Show one group: its members and its permissions."""
    return _shown(caller, visibility.visible_group(caller, group, caller.domain_id), Entry())


@blueprint.route("/add", methods=["GET", "POST"])
@page
def add(caller: Caller) -> Page:
    """Add a group without members."""
    entry = Entry({"customer": request.args.get("customer", "")})
    if request.method == "POST":
        entry = typed()
        try:
            new = read(GroupAdd).as_new()
            made = acting(caller, lambda now: users_and_groups.add_group(new, now))
            return done(created_words(made), "groups.show", group=made.id)
        except Invalid as problem:
            entry = entry.refused(problem)
    caller.needs(Guard.CREATE_USER)
    suggested = {"customers": suggestions.customers(caller, Guard.CREATE_USER)}
    return render_template("console/groups/form.html", entry=entry, group=None, suggested=suggested)


@blueprint.route("/<group>/edit", methods=["GET", "POST"])
@page
def edit(caller: Caller, group: str) -> Page:
    """Change names and description."""
    found = visibility.visible_group(caller, group, caller.domain_id)
    entry = Entry({"shortName": found.short_name, "name": found.name, "description": found.description})
    if request.method == "POST":
        entry = typed()
        try:
            changes = read(GroupUpdate).as_changes()
            saved = acting(caller, lambda now: users_and_groups.update(_of(group, now), changes, now))
            return done(saved_words(saved), "groups.show", group=saved.id)
        except Invalid as problem:
            entry = entry.refused(problem)
    caller.needs(Guard.UPDATE_USER, found.customer_id)
    return render_template("console/groups/form.html", entry=entry, group=found, suggested={})


@blueprint.route("/<group>/move", methods=["GET", "POST"])
@page
def move(caller: Caller, group: str) -> Page:
    """Move the group to another customer."""
    found = visibility.visible_group(caller, group, caller.domain_id)
    entry = Entry()
    if request.method == "POST":
        entry = typed()
        try:
            customer = read(Move).customer
            moved = acting(caller, lambda now: users_and_groups.move(_of(group, now), customer, now))
            return done(moved_words(moved), "groups.show", group=moved.id)
        except Invalid as problem:
            entry = entry.refused(problem)
    caller.needs(Guard.UPDATE_USER, found.customer_id)
    suggested = {"customers": suggestions.customers(caller, Guard.CREATE_USER)}
    return render_template(
        "console/subject_move.html", entry=entry, subject=found, kind="groups", suggested=suggested
    )


@blueprint.post("/<group>/members")
@page
def add_members(caller: Caller, group: str) -> Page:
    """Add users or groups to it; they get its rights."""
    try:
        asked = read(MembersAdd)
        acting(
            caller,
            lambda now: memberships.add_members(_of(group, now), asked.subject, asked.comment, now),
        )
    except Invalid as problem:
        found = visibility.visible_group(caller, group, caller.domain_id)
        return _shown(caller, found, typed().refused(problem))
    message = _("Added: %(names)s.", names=", ".join(asked.subject))
    return done(message, "groups.show", group=group)


@blueprint.route("/<group>/members/<int:member>/remove", methods=["GET", "POST"])
@page
def remove_member(caller: Caller, group: str, member: int) -> Page:
    """Ask, then remove a member; its rights through the group end at the next request."""
    found = _of(group, caller)
    one = next((m for m in memberships.visible_members(found, caller) if m.id == member), None)
    if one is None:
        raise Missing("member")
    if request.method == "GET":
        caller.needs(Guard.REMOVE_GROUP_MEMBER, found.customer_id)
        return asking(
            _("Remove %(member)s from %(group)s?", member=one.short_name, group=found.short_name),
            _("What %(member)s holds through the group is gone at the next request.", member=one.short_name),
            _("Remove"),
            url_for("groups.show", group=found.id),
            found.short_name,
        )
    acting(caller, lambda now: memberships.remove_members(_of(group, now), [str(member)], None, now))
    message = _("%(member)s is no longer in %(group)s.", member=one.short_name, group=found.short_name)
    return done(message, "groups.show", group=found.id)


@blueprint.route("/<group>/delete", methods=["GET", "POST"])
@page
def delete(caller: Caller, group: str) -> Page:
    """Ask, then delete the group; its members lose what they held through it."""
    if request.method == "POST":
        gone = acting(caller, lambda now: users_and_groups.delete_group(_of(group, now), now))
        return done(deleted_words(gone), "groups.index")
    found = visibility.visible_group(caller, group, caller.domain_id)
    caller.needs(Guard.DELETE_USER, found.customer_id)
    return render_template("console/groups/delete.html", group=found)


@blueprint.post("/<group>/reenable")
@page
def reenable(caller: Caller, group: str) -> Page:
    """Restore a deleted group, without members and permissions."""
    back = acting(
        caller,
        lambda now: users_and_groups.reenable(
            visibility.deleted_subject(Group, now, group, now.domain_id), now
        ),
    )
    return done(_("%(name)s is back, empty.", name=back.short_name), "groups.show", group=back.id)


def _shown(caller: Caller, group: Group, entry: Entry) -> str:
    may = {name: listing.may(caller, guard, group.customer_id) for name, guard in GUARDS.items()}
    held = None
    if may["permissions"]:
        held = permission_search.held_by(group, caller, Rows(MOST_SHOWN), inherited=True, deleted=False)
    return render_template(
        "console/groups/show.html",
        group=group,
        members=memberships.visible_members(group, caller),
        held=held,
        entry=entry,
        may=may,
        suggested={"subjects": suggestions.subjects(caller)} if may["add"] else {},
    )


def _of(group: str, now: Caller) -> Group:
    """Load the group again inside the unit of work."""
    return visibility.visible_group(now, group, now.domain_id)
