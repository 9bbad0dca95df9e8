"""Users: search, show, add, change, move, block, delete."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request
from flask_babel import gettext as _

from app.models.directory import User
from app.schemas.common import Move
from app.schemas.requests.subjects import UserAdd
from app.schemas.requests.subjects import UserUpdate
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.administration import subject_search
from app.services.administration import users_and_groups
from app.services.administration import visibility
from app.services.administration.subject_search import SubjectCriteria
from app.services.administration.users_and_groups import NewSubject
from app.services.endings.table import Event
from app.services.guards import Guard
from app.services.login import recovery
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.web.console import listing
from app.web.console import suggestions
from app.web.console import user_page
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
from app.web.words.endings import ending_words

blueprint = Blueprint("users", __name__, url_prefix="/console/users")
STATES = {"blocked": "blocked", "deleted": "deleted", "mustChange": "forcePasswordChange"}


@blueprint.get("/")
@page
def index(caller: Caller) -> Page:
    """List the users of the customers that the caller administers."""
    state = request.args.get("state", "")
    entry = Entry({"customer": request.args.get("customer", "")})
    criteria = SubjectCriteria(
        keywords=listing.words(),
        customers=listing.chosen("customer"),
        include_flags=(STATES[state],) if state in STATES else (),
    )
    found, entry = listing.searched(
        lambda rows: subject_search.administered(User, caller, criteria, rows, ()), entry
    )
    return render_template(
        "console/users/list.html",
        found=found,
        link=listing.link,
        entry=entry,
        state=state,
        may_add=listing.may(caller, Guard.CREATE_USER),
        suggested={"customers": suggestions.customers(caller, Guard.VIEW_USERS)},
    )


@blueprint.get("/<user>")
@page
def show(caller: Caller, user: str) -> Page:
    """Show one user: details, permissions, login methods, sessions."""
    return user_page.shown(caller, visibility.visible_user(caller, user, caller.domain_id), Entry())


@blueprint.route("/add", methods=["GET", "POST"])
@page
def add(caller: Caller) -> Page:
    """Add a user without a password; on request a link to choose one is mailed."""
    entry = Entry({"customer": request.args.get("customer", ""), "language": "english", "sendLink": True})
    if request.method == "POST":
        entry = typed()
        try:
            new, by_mail = read(UserAdd).as_new(), entry.has("sendLink", "true")
            made = acting(caller, lambda now: _made(new, now, by_mail=by_mail))
            return done(_made_words(made, by_mail=by_mail), "users.show", user=made.id)
        except Invalid as problem:
            entry = entry.refused(_for_this_form(problem, entry))
    caller.needs(Guard.CREATE_USER)
    suggested = {"customers": suggestions.customers(caller, Guard.CREATE_USER)}
    return render_template("console/users/form.html", entry=entry, user=None, suggested=suggested)


@blueprint.route("/<user>/edit", methods=["GET", "POST"])
@page
def edit(caller: Caller, user: str) -> Page:
    """Change names, address and telephone."""
    found = visibility.visible_user(caller, user, caller.domain_id)
    entry = _entry_of(found)
    if request.method == "POST":
        entry = typed()
        try:
            changes = read(UserUpdate).as_changes()
            saved = acting(caller, lambda now: users_and_groups.update(_of(user, now), changes, now))
            return done(saved_words(saved), "users.show", user=saved.id)
        except Invalid as problem:
            entry = entry.refused(problem)
    caller.needs(Guard.UPDATE_USER, found.customer_id)
    return render_template("console/users/form.html", entry=entry, user=found, suggested={})


@blueprint.route("/<user>/move", methods=["GET", "POST"])
@page
def move(caller: Caller, user: str) -> Page:
    """Move the user to another customer."""
    found = visibility.visible_user(caller, user, caller.domain_id)
    entry = Entry()
    if request.method == "POST":
        entry = typed()
        try:
            customer = read(Move).customer
            moved = acting(caller, lambda now: users_and_groups.move(_of(user, now), customer, now))
            return done(moved_words(moved), "users.show", user=moved.id)
        except Invalid as problem:
            entry = entry.refused(problem)
    caller.needs(Guard.UPDATE_USER, found.customer_id)
    suggested = {"customers": suggestions.customers(caller, Guard.CREATE_USER)}
    return render_template(
        "console/subject_move.html", entry=entry, subject=found, kind="users", suggested=suggested
    )


@blueprint.route("/<user>/block", methods=["GET", "POST"])
@page
def block(caller: Caller, user: str) -> Page:
    """Ask, then block the user: everything is refused from the next request on."""
    found = visibility.guarded_user(caller, user, caller.domain_id, Guard.BLOCK_USER)
    if request.method == "POST":
        acting(caller, lambda now: users_and_groups.block(_guarded(user, now, Guard.BLOCK_USER), now.actor))
        message = _("%(name)s is blocked. Everything that was open has ended.", name=found.short_name)
        return done(message, "users.show", user=found.id)
    return render_template("console/users/block.html", user=found, endings=ending_words(Event.BLOCKED))


@blueprint.post("/<user>/unblock")
@page
def unblock(caller: Caller, user: str) -> Page:
    """Unblock the user. Nothing that was ended comes back."""
    found = visibility.guarded_user(caller, user, caller.domain_id, Guard.UNBLOCK_USER)
    acting(caller, lambda now: users_and_groups.unblock(_guarded(user, now, Guard.UNBLOCK_USER), now.actor))
    return done(_("%(name)s may log in again.", name=found.short_name), "users.show", user=found.id)


@blueprint.route("/<user>/delete", methods=["GET", "POST"])
@page
def delete(caller: Caller, user: str) -> Page:
    """Ask, then delete the user; all sessions and keys end."""
    if request.method == "POST":
        gone = acting(caller, lambda now: users_and_groups.delete_user(_of(user, now), now))
        return done(deleted_words(gone), "users.index")
    found = visibility.visible_user(caller, user, caller.domain_id)
    caller.needs(Guard.DELETE_USER, found.customer_id)
    return render_template("console/users/delete.html", user=found, endings=ending_words(Event.DELETED))


@blueprint.post("/<user>/reenable")
@page
def reenable(caller: Caller, user: str) -> Page:
    """Restore a deleted user, without permissions, keys or consents."""
    back = acting(
        caller,
        lambda now: users_and_groups.reenable(
            visibility.deleted_subject(User, now, user, now.domain_id), now
        ),
    )
    message = _("%(name)s is back, without anything it held.", name=back.short_name)
    return done(message, "users.show", user=back.id)


def _made(new: NewSubject, now: Caller, *, by_mail: bool) -> User:
    user = users_and_groups.add_user(new, now)
    if by_mail:
        recovery.by_administrator(user, now.actor)
    return user


def _made_words(user: User, *, by_mail: bool) -> str:
    if not by_mail:
        return created_words(user)
    return str(
        _(
            "%(name)s was created. A link to choose a password is on its way to %(address)s.",
            name=user.short_name,
            address=user.email,
        )
    )


def _for_this_form(problem: Invalid, entry: Entry) -> Invalid:
    """Reword the problem: the form offers an alternative to a missing address,
    which the service cannot know.
    """
    if entry.value("email") or not entry.has("sendLink", "true"):
        return problem
    missing = FieldProblem("email", "Write an e-mail address, or clear “Send a link”.", "MISSING")
    return Invalid(*(missing if one.field == "email" else one for one in problem.problems))


def _of(user: str, now: Caller) -> User:
    """Load the user again inside the unit of work."""
    return visibility.visible_user(now, user, now.domain_id)


def _guarded(user: str, now: Caller, guard: Guard) -> User:
    return visibility.guarded_user(now, user, now.domain_id, guard)


def _entry_of(user: User) -> Entry:
    return Entry(
        {
            "shortName": user.short_name,
            "name": user.name,
            "description": user.description,
            "email": user.email,
            "phoneNumber": directory.phone_of(user.id),
            "language": user.language,
            "daemonAccount": user.daemon_account,
        }
    )
