"""Users: search, show, add, change, move, block, delete."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request
from flask_babel import gettext as _

from app.models.directory import User
from app.policy.ways_in import PASSWORD
from app.policy.ways_in import RETURN
from app.schemas.common import Move
from app.schemas.requests.subjects import UserAdd
from app.schemas.requests.subjects import UserUpdate
from app.services.access import directory
from app.services.access import ways_in
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
from app.web.console import shown_names
from app.web.console import suggestions
from app.web.console import user_page
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
from app.web.words.endings import describe_endings

blueprint = Blueprint("users", __name__, url_prefix="/console/users")
STATES = {"blocked": "blocked", "deleted": "deleted", "mustChange": "forcePasswordChange"}


@blueprint.get("/")
@require_login
def index(caller: Caller) -> Page:
    """List the users of the customers that the caller administers."""
    state = request.args.get("state", "")
    entry = FormValues({"customer": request.args.get("customer", "")})
    criteria = SubjectCriteria(
        keywords=listing.read_words(),
        customers=listing.read_choice(caller, "customer"),
        include_flags=(STATES[state],) if state in STATES else (),
    )
    found, entry = listing.run_search(
        lambda rows: subject_search.search_administered(User, caller, criteria, rows, ()), entry
    )
    return render_template(
        "console/users/list.html",
        found=found,
        link=listing.link_to_offset,
        entry=entry,
        state=state,
        may_add=listing.is_allowed(caller, Guard.CREATE_USER),
        suggested={"customers": suggestions.suggest_customers(caller, Guard.VIEW_USERS)},
    )


@blueprint.get("/<user>")
@require_login
def show(caller: Caller, user: str) -> Page:
    """Show one user: details, permissions, login methods, sessions."""
    return user_page.render_user_page(
        caller, visibility.get_visible_user(caller, user, caller.domain_id), FormValues()
    )


@blueprint.route("/add", methods=["GET", "POST"])
@require_login
def add(caller: Caller) -> Page:
    """Add a user without a password; on request a link to choose one is mailed."""
    may_send = listing.is_allowed(caller, Guard.RESET_USER_PASSWORD)
    entry = FormValues(
        {"customer": request.args.get("customer", ""), "language": "english", "sendLink": may_send}
    )
    if request.method == "POST":
        entry = read_form()
        try:
            new, by_mail = (
                shown_names.parse_form(UserAdd, caller).as_new(),
                entry.has("sendLink", "true"),
            )
            made = run_as_caller(caller, lambda now: _add_user(new, now, by_mail=by_mail))
            return redirect_with_message(_describe_added(made, by_mail=by_mail), "users.show", user=made.id)
        except Invalid as problem:
            entry = entry.with_problems(_to_form_problem(problem, entry))
    caller.require(Guard.CREATE_USER)
    suggested = {"customers": suggestions.suggest_customers(caller, Guard.CREATE_USER)}
    return render_template(
        "console/users/form.html", entry=entry, user=None, suggested=suggested, may_send=may_send
    )


@blueprint.route("/<user>/edit", methods=["GET", "POST"])
@require_login
def edit(caller: Caller, user: str) -> Page:
    """Change names, address and telephone."""
    found = visibility.get_visible_user(caller, user, caller.domain_id)
    entry = _to_form_values(found)
    if request.method == "POST":
        entry = read_form()
        try:
            changes = parse_form(UserUpdate).as_changes()
            saved = run_as_caller(
                caller, lambda now: users_and_groups.update_subject(_reload(user, now), changes, now)
            )
            return redirect_with_message(describe_saving(saved), "users.show", user=saved.id)
        except Invalid as problem:
            entry = entry.with_problems(problem)
    caller.require(Guard.UPDATE_USER, found.customer_id)
    return render_template("console/users/form.html", entry=entry, user=found, suggested={})


@blueprint.route("/<user>/move", methods=["GET", "POST"])
@require_login
def move(caller: Caller, user: str) -> Page:
    """Move the user to another customer."""
    found = visibility.get_visible_user(caller, user, caller.domain_id)
    entry = FormValues()
    if request.method == "POST":
        entry = read_form()
        try:
            customer = shown_names.parse_form(Move, caller).customer
            moved = change_policy(
                caller, lambda now: users_and_groups.move_subject(_reload(user, now), customer, now)
            )
            return redirect_with_message(describe_move(moved), "users.show", user=moved.id)
        except Invalid as problem:
            entry = entry.with_problems(problem)
    caller.require(Guard.UPDATE_USER, found.customer_id)
    suggested = {"customers": suggestions.suggest_customers(caller, Guard.CREATE_USER)}
    return render_template(
        "console/subject_move.html", entry=entry, subject=found, kind="users", suggested=suggested
    )


@blueprint.route("/<user>/block", methods=["GET", "POST"])
@require_login
def block(caller: Caller, user: str) -> Page:
    """Ask, then block the user: everything is refused from the next request on."""
    found = visibility.get_guarded_user(caller, user, caller.domain_id, Guard.BLOCK_USER)
    if request.method == "POST":
        change_policy(
            caller,
            lambda now: users_and_groups.block_user(_reload_guarded(user, now, Guard.BLOCK_USER), now.actor),
        )
        message = _("%(name)s is blocked. Everything that was open has ended.", name=found.short_name)
        return redirect_with_message(message, "users.show", user=found.id)
    return render_template("console/users/block.html", user=found, endings=describe_endings(Event.BLOCKED))


@blueprint.post("/<user>/unblock")
@require_login
def unblock(caller: Caller, user: str) -> Page:
    """Unblock the user. Nothing that was ended comes back."""
    found = _reload_to_let_in(user, caller)
    change_policy(caller, lambda now: users_and_groups.unblock_user(_reload_to_let_in(user, now), now.actor))
    return redirect_with_message(
        _("%(name)s may log in again.", name=found.short_name), "users.show", user=found.id
    )


@blueprint.route("/<user>/delete", methods=["GET", "POST"])
@require_login
def delete(caller: Caller, user: str) -> Page:
    """Ask, then delete the user; all sessions and keys end."""
    if request.method == "POST":
        gone = change_policy(caller, lambda now: users_and_groups.delete_user(_reload(user, now), now))
        return redirect_with_message(describe_deletion(gone), "users.index")
    found = visibility.get_visible_user(caller, user, caller.domain_id)
    caller.require(Guard.DELETE_USER, found.customer_id)
    return render_template("console/users/delete.html", user=found, endings=describe_endings(Event.DELETED))


@blueprint.post("/<user>/reenable")
@require_login
def reenable(caller: Caller, user: str) -> Page:
    """Restore a deleted user, without permissions, keys or consents."""
    back = change_policy(
        caller,
        lambda now: users_and_groups.reenable_subject(
            visibility.get_deleted_subject(User, now, user, now.domain_id), now
        ),
    )
    message = _("%(name)s is back, without anything it held.", name=back.short_name)
    return redirect_with_message(message, "users.show", user=back.id)


def _add_user(new: NewSubject, now: Caller, *, by_mail: bool) -> User:
    user = users_and_groups.add_user(new, now)
    if by_mail:
        now.require(Guard.RESET_USER_PASSWORD, user.customer_id)
        ways_in.require(now, PASSWORD, user)
        recovery.send_link(user, now.actor)
    return user


def _describe_added(user: User, *, by_mail: bool) -> str:
    if not by_mail:
        return describe_creation(user)
    return str(
        _(
            "%(name)s was created. A link to choose a password is on its way to %(address)s.",
            name=user.short_name,
            address=user.email,
        )
    )


def _to_form_problem(problem: Invalid, entry: FormValues) -> Invalid:
    """Reword the problem: the form offers an alternative to a missing address,
    which the service cannot know.
    """
    if entry.get_value("email") or not entry.has("sendLink", "true"):
        return problem
    missing = FieldProblem("email", "Write an e-mail address, or clear “Send a link”.", "MISSING")
    return Invalid(*(missing if one.field == "email" else one for one in problem.problems))


def _reload(user: str, now: Caller) -> User:
    """Load the user again inside the unit of work."""
    return visibility.get_visible_user(now, user, now.domain_id)


def _reload_to_let_in(user: str, now: Caller) -> User:
    return visibility.get_user_to_let_in(now, user, now.domain_id, Guard.UNBLOCK_USER, RETURN)


def _reload_guarded(user: str, now: Caller, guard: Guard) -> User:
    return visibility.get_guarded_user(now, user, now.domain_id, guard)


def _to_form_values(user: User) -> FormValues:
    return FormValues(
        {
            "shortName": user.short_name,
            "name": user.name,
            "description": user.description,
            "email": user.email,
            "phoneNumber": directory.read_phone(user.id),
            "language": user.language,
            "daemonAccount": user.daemon_account,
        }
    )
