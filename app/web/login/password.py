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
from app.web.problems import slowed
from app.web.problems import too_many

blueprint = Blueprint("login", __name__)


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Page:
    """Show the login page; ``continue`` is a waiting authorization request, ``next`` a path of our origin."""
    if request.method == "GET":
        return _welcome()
    form = LoginForm(request.form)
    if not form.validate_on_submit():
        return show(form)
    password, contact = str(form.password.data), edge.contact(request)
    try:
        who, enough = steps.by_password(
            directory.home_domain().id, str(form.username.data), password, contact
        )
        if not enough:
            return second_step.begin(who, form.next.data)
        return flow.begin(who, PASSWORD, form.next.data, password)
    except LoginFailed:
        return show(form, _("That user name and password do not match. Check both and try again."))
    except Throttled as problem:
        return too_many(show(form, slowed(problem.seconds)), problem)


def login_url(continuation: str, login_hint: str = "") -> str:
    """Return the URL for a person who must log in before an authorization request can continue."""
    query = {"continue": continuation} | ({"login_hint": login_hint} if login_hint else {})
    return url_for("login.login") + "?" + urlencode(query)


def show(form: LoginForm, message: str | None = None, notice: str | None = None, here: str = "") -> str:
    """Show the login page with what was typed and its problems; the password is never sent back.

    ``here`` is the user who is already logged in and may continue.
    """
    return render_template(
        "login.html",
        form=form,
        message=message,
        notice=notice,
        here=here,
        application=flow.application(form.next.data),
        by_passkey=passkey_assertions.browsers_can(),
    )


def _welcome() -> str:
    """Show the opening page: with the name of the requested user, or of the user who was logged in here."""
    form = LoginForm(None)
    form.next.data = flow.wanted_now()
    form.username.data = request.args.get("login_hint", "")[:100]
    caller = person.behind_cookie(request)
    if caller is None or not caller.interactive:
        return show(form)
    ended = {finding.reason for finding in caller.decision.denials}
    if ended == {"login_idle"}:
        form.username.data = form.username.data or caller.user_name
        return show(form, notice=_("You have been away for a while. Log in again to go on."))
    if not ended and form.next.data:
        # The application requires a new login, or another user (OIDC Core 3.1.2.1).
        return show(form, notice=_("Log in again to go on."))
    return show(form, here="" if ended else caller.user_name)
