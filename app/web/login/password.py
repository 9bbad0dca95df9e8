"""Log in by password. ``second_step`` follows after the password."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError

from app import edge
from app.policy import names
from app.services.access import directory
from app.services.login import passkey_assertions
from app.services.login import second_step as steps
from app.services.login.login_sessions import PASSWORD
from app.services.login.password_login import LoginFailed
from app.services.problems import Throttled
from app.web import person
from app.web.forms.login import LoginForm
from app.web.login import flow
from app.web.login import second_step
from app.web.pages import Page
from app.web.pages import lost_a_form
from app.web.problems import describe_wait
from app.web.problems import render_too_many

blueprint = Blueprint("login", __name__)
AWAY = {"login_idle"}


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Page:
    """Show the login page; ``continue`` is a waiting authorization request, ``next`` a path of our origin."""
    if request.method == "GET":
        return _render_opening()
    form = LoginForm(request.form)
    if not form.validate_on_submit():
        return render_login(form)
    password, contact = str(form.password.data), edge.read_contact(request)
    try:
        who, enough = steps.verify_password(
            directory.get_home_domain().id,
            str(form.username.data),
            password,
            contact,
            strongly=flow.wants_strong_login(form.next.data),
        )
        if not enough:
            return second_step.begin_second_step(who, form.next.data)
        return flow.begin_login(who, PASSWORD, form.next.data, password)
    except LoginFailed:
        return render_login(form, _("That user name and password do not match. Check both and try again."))
    except Throttled as problem:
        page = render_login(form, describe_wait(problem.seconds), stopped=str(form.username.data))
        return render_too_many(page, problem)


def build_login_url(continuation: str, login_hint: str = "") -> str:
    """Return the URL for a person who must log in before an authorization request can continue."""
    query = {"continue": continuation} | ({"login_hint": login_hint} if login_hint else {})
    return url_for("login.login") + "?" + urlencode(query)


def render_login(
    form: LoginForm,
    message: str | None = None,
    notice: str | None = None,
    here: str = "",
    stopped: str = "",
) -> str:
    """Show the login page with what was typed and its problems; the password is never sent back.

    ``here`` is the user who is already logged in and may continue, ``stopped`` the name at which there were
    too many attempts.
    """
    return render_template(
        "login.html",
        form=form,
        message=message,
        notice=notice,
        here=here,
        onward=flow.resolve_target(form.next.data) if here else "",
        stopped=stopped,
        application=flow.find_application_name(form.next.data),
        by_passkey=passkey_assertions.are_passkeys_supported(),
    )


def render_afresh(problem: CSRFError) -> Page:  # noqa: ARG001
    """Answer a login form whose page is too old, or of another login: nothing in it was looked at.

    Who is logged in here meanwhile goes on, unless the form was for somebody else; all others log in again.
    """
    wanted, here = flow.read_wanted(), person.current_person()
    name = request.form.get("username", "")[:100]
    if here is not None and names.fold_name(name) in ("", names.fold_name(here.name)):
        return redirect(flow.resolve_target(wanted), 303)
    form = LoginForm(None)
    form.username.data, form.next.data = name, wanted
    message = _(
        "This page was open too long, or somebody logged in or out in another window. Log in again to go on."
        " If that does not help, let this site keep cookies."
    )
    return render_login(form, notice=message, here=here.name if here is not None else ""), 400


def _render_opening() -> str:
    """Show the opening page: with the name of the requested user, or of the user who was logged in here."""
    form = LoginForm(None)
    form.next.data = flow.read_wanted()
    form.username.data = request.args.get("login_hint", "")[:100]
    caller = person.find_caller_by_cookie(request)
    if caller is None or not caller.is_interactive:
        return render_login(form, notice=_explain(form.next.data))
    ended = {finding.reason for finding in caller.decision.denials}
    if ended == AWAY:
        form.username.data = form.username.data or caller.user_name
    notice = _explain(form.next.data, ended)
    return render_login(form, notice=notice, here="" if ended or notice else caller.user_name)


def _explain(wanted: str | None, ended: set[str] | None = None) -> str | None:
    """Say why a login is needed, where there is more to say. ``ended`` is why the login here is over: empty
    for one that is live, ``None`` for none.
    """
    if lost_a_form(wanted):
        return str(_("Your login had ended, so what you sent was not saved. Log in to go back to the page."))
    if flow.is_lost(wanted):
        return str(_("What brought you here is too old or damaged. Open the application again."))
    if ended == AWAY:
        return str(_("You have been away for a while. Log in again to go on."))
    # The application requires a new login, or another user (OIDC Core 3.1.2.1).
    return str(_("Log in again to go on.")) if ended == set() and wanted else None
