"""Log in by password. ``second_step`` follows after the password."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _

from app import edge
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
from app.web.problems import describe_wait
from app.web.problems import render_too_many

blueprint = Blueprint("login", __name__)


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
            directory.get_home_domain().id, str(form.username.data), password, contact
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
        stopped=stopped,
        application=flow.find_application_name(form.next.data),
        by_passkey=passkey_assertions.are_passkeys_supported(),
    )


def _render_opening() -> str:
    """Show the opening page: with the name of the requested user, or of the user who was logged in here."""
    form = LoginForm(None)
    form.next.data = flow.read_wanted()
    form.username.data = request.args.get("login_hint", "")[:100]
    caller = person.find_caller_by_cookie(request)
    if caller is None or not caller.is_interactive:
        return render_login(form)
    ended = {finding.reason for finding in caller.decision.denials}
    if ended == {"login_idle"}:
        form.username.data = form.username.data or caller.user_name
        return render_login(form, notice=_("You have been away for a while. Log in again to go on."))
    if not ended and form.next.data:
        # The application requires a new login, or another user (OIDC Core 3.1.2.1).
        return render_login(form, notice=_("Log in again to go on."))
    return render_login(form, here="" if ended else caller.user_name)
