"""A user's login methods and sessions, as an administrator changes them."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _

from app.models.directory import User
from app.policy.ways_in import FACTOR
from app.policy.ways_in import METHOD
from app.policy.ways_in import PASSWORD
from app.policy.ways_in import WayIn
from app.runtime import settings
from app.services.access.callers import Caller
from app.services.administration import visibility
from app.services.endings.table import Event
from app.services.guards import Guard
from app.services.inspection import session_admin
from app.services.login import login_methods
from app.services.login import passkey_rows
from app.services.login import password_login
from app.services.login import recovery
from app.services.login import totp
from app.services.login.totp import Seed
from app.services.problems import Invalid
from app.services.problems import Missing
from app.web.console.confirmation import render_confirmation
from app.web.form_values import FormValues
from app.web.form_values import read_form
from app.web.pages import Page
from app.web.pages import redirect_with_message
from app.web.pages import require_login
from app.web.pages import run_as_caller
from app.web.words.endings import describe_endings
from app.web.words.labels import describe_ended_session
from app.web.words.labels import label_method
from app.web.words.labels import label_way

blueprint = Blueprint("user_access", __name__, url_prefix="/console/users/<user>")


@blueprint.route("/password", methods=["GET", "POST"])
@require_login
def password(caller: Caller, user: str) -> Page:
    """Let the user choose a new password: by a link that is mailed, or shown here once."""
    found = _reset_password(user, caller)
    entry = FormValues()
    if request.method == "POST":
        try:
            if read_form().has("how", "mail"):
                run_as_caller(caller, lambda now: recovery.send_link(_reset_password(user, now), now.actor))
                return redirect_with_message(
                    _("A link is on its way to %(address)s.", address=found.email),
                    "users.show",
                    user=found.id,
                )
            issued = run_as_caller(
                caller, lambda now: password_login.reset_password(_reset_password(user, now), now.actor)
            )
            link = settings().base_url + recovery.NEW_PASSWORD.page + issued.text
            return render_template(
                "console/users/password_link.html", user=found, link=link, until=issued.expires_at
            )
        except Invalid as problem:
            entry = read_form().with_problems(problem)
    return render_template(
        "console/users/password.html", user=found, entry=entry, endings=describe_endings(Event.PASSWORD_RESET)
    )


@blueprint.route("/codes", methods=["GET", "POST"])
@require_login
def codes(caller: Caller, user: str) -> Page:
    """Create a generator of one-time codes for the user, active at once, or remove it."""
    found = _reload_other(user, caller, Guard.ADMINISTRATIVE_TOTP, FACTOR)
    if request.method == "POST" and read_form().has("how", "remove"):
        run_as_caller(
            caller,
            lambda now: totp.remove_generator(
                _reload_other(user, now, Guard.ADMINISTRATIVE_TOTP, FACTOR), now.actor
            ),
        )
        return redirect_with_message(
            _("The one-time codes of %(name)s are off.", name=found.short_name), "users.show", user=found.id
        )
    if request.method == "POST":
        seed: Seed = run_as_caller(
            caller,
            lambda now: totp.install_generator(
                _reload_other(user, now, Guard.ADMINISTRATIVE_TOTP, FACTOR), now.actor
            ),
        )
        return render_template("console/users/codes_seed.html", user=found, seed=seed)
    return render_template("console/users/codes.html", user=found)


@blueprint.route("/passkeys/<int:key>/remove", methods=["GET", "POST"])
@require_login
def remove_passkey(caller: Caller, user: str, key: int) -> Page:
    """Ask, then remove this passkey permanently."""
    guard = Guard.ADMINISTRATIVE_SIGNATURE
    found = _reload_other(user, caller, guard, FACTOR)
    held = next((one for one in passkey_rows.list_passkeys(found.id) if one.id == key), None)
    if held is None:
        raise Missing("passkey")
    if request.method == "GET":
        return _render_confirmation(
            found,
            _("Remove %(name)s?", name=held.description),
            _("Nobody can log in with it any more. It cannot be undone; a new one can be added."),
            _("Remove"),
        )
    run_as_caller(
        caller,
        lambda now: passkey_rows.revoke_passkey(_reload_other(user, now, guard, FACTOR), key, now.actor),
    )
    message = _("The passkey %(key)s of %(name)s is removed.", key=held.description, name=found.short_name)
    return redirect_with_message(message, "users.show", user=found.id)


@blueprint.post("/methods/<method>/enable")
@require_login
def enable_method(caller: Caller, user: str, method: str) -> Page:
    """Allow the user to log in by this method again."""
    guard = login_methods.get_method_guard(method)
    found = _reload_other(user, caller, guard, METHOD)
    run_as_caller(
        caller,
        lambda now: login_methods.enable_method(_reload_other(user, now, guard, METHOD), method, now.actor),
    )
    message = _("%(name)s may log in by %(way)s again.", name=found.short_name, way=label_way(method))
    return redirect_with_message(message, "users.show", user=found.id)


@blueprint.route("/methods/<method>/disable", methods=["GET", "POST"])
@require_login
def disable_method(caller: Caller, user: str, method: str) -> Page:
    """Ask, then stop logins by this method; the user's setup is kept."""
    guard = login_methods.get_method_guard(method)
    found = _reload_other(user, caller, guard, METHOD)
    if request.method == "GET":
        return _render_confirmation(
            found,
            _("Switch off %(way)s for %(name)s?", way=label_method(method), name=found.short_name),
            _(
                "The user can no longer log in so, and every login that began so ends, with the applications"
                " under it. What was set up stays, and can be switched on again."
            ),
            _("Switch off"),
        )
    run_as_caller(
        caller,
        lambda now: login_methods.disable_method(_reload_other(user, now, guard, METHOD), method, now.actor),
    )
    message = _("%(name)s can no longer log in by %(way)s.", name=found.short_name, way=label_way(method))
    return redirect_with_message(message, "users.show", user=found.id)


@blueprint.post("/sessions/<session>/end")
@require_login
def end_session(caller: Caller, user: str, session: str) -> Page:
    """End one login or application session of this user."""
    ended = run_as_caller(caller, lambda now: session_admin.end_session(session, now))
    return redirect_with_message(describe_ended_session(ended), "users.show", user=user)


@blueprint.route("/sessions/end-all", methods=["GET", "POST"])
@require_login
def end_all(caller: Caller, user: str) -> Page:
    """Ask, then end all sessions of the user, everywhere."""
    guard = Guard.DELETE_SESSION
    found = visibility.get_guarded_user(caller, user, caller.domain_id, guard)
    if request.method == "GET":
        return _render_confirmation(
            found,
            _("End everything of %(name)s?", name=found.short_name),
            _("The user may log in again.") + " " + describe_endings(Event.ENDED_BY_ADMINISTRATOR),
            _("End everything"),
        )
    run_as_caller(
        caller,
        lambda now: session_admin.end_all_sessions(
            visibility.get_guarded_user(now, user, now.domain_id, guard), now
        ),
    )
    message = _("Everything that %(name)s had open has ended.", name=found.short_name)
    return redirect_with_message(message, "users.show", user=found.id)


def _render_confirmation(user: User, question: str, about: str, label: str) -> Page:
    return render_confirmation(question, about, label, url_for("users.show", user=user.id), user.short_name)


def _reset_password(user: str, now: Caller) -> User:
    return _reload_other(user, now, Guard.RESET_USER_PASSWORD, PASSWORD)


def _reload_other(user: str, now: Caller, guard: Guard, way: WayIn) -> User:
    """Load the user again inside the unit of work; the own account is changed elsewhere."""
    return visibility.get_other_user(now, user, now.domain_id, guard, way)
