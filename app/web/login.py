"""Log in and log out (design decision 8)."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for
from werkzeug.wrappers import Response

from app import edge
from app.oauth import authorize
from app.oauth.errors import ArgusOAuthError
from app.policy import redirects
from app.services import accounts
from app.services import directory
from app.services import logins
from app.services.accounts import LoginFailed
from app.services.problems import Throttled
from app.services.unit import write
from app.web import headers
from app.web import person
from app.web.continuation import unwrap
from app.web.forms.login import LoginForm

blueprint = Blueprint("login", __name__)
WRONG = "That user name and password do not match. Check both and try again."
SLOW = "Too many failed attempts. Wait a little and try again."


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Response | str | tuple[str, int]:
    """The login page; ``continue`` is a waiting authorization request, ``next`` an own-origin path."""
    form = LoginForm(request.form if request.method == "POST" else None)
    if request.method == "GET":
        form.next.data = request.args.get("continue") or request.args.get("next") or ""
        form.username.data = request.args.get("login_hint", "")[:100]
    application = _application(form.next.data)
    if request.method == "GET" or not form.validate_on_submit():
        status = 200 if request.method == "GET" else 400
        return render_template("login.html", form=form, message=None, application=application), status
    name, password = str(form.username.data), str(form.password.data)
    contact = edge.contact(request)
    try:
        user = accounts.verify_password(directory.home_domain().id, name, password, contact)
    except LoginFailed:
        return _again(form, WRONG, application)
    except Throttled as problem:
        return _again(form, SLOW, application), 429, {"Retry-After": str(problem.seconds)}  # type: ignore[return-value]
    held = person.held_login(request)
    same_user = held is not None and held.user_id == user.id and held.interactive
    reopen = held.row.login_id if held is not None and same_user else None
    previous = held.row.login_id if held is not None and not same_user else None
    user_id, epoch = user.id, user.session_epoch or 0
    try:
        token = write(
            lambda: accounts.log_in(user_id, password, contact, epoch=epoch, reopen=reopen, previous=previous)
        )
    except LoginFailed:
        return _again(form, WRONG, application)
    # A new form session: the CSRF token of the anonymous page is worth nothing after the login (rule 40).
    session.clear()
    response = redirect(_target(form.next.data), 303)
    edge.set_session_cookie(response, token.text)  # type: ignore[arg-type]
    return response


@blueprint.route("/logout", methods=["GET", "POST"])
def logout() -> Response | str:
    """End this login and, with it, every application session under it. A GET only asks."""
    if request.method == "GET":
        return render_template("logout.html")
    held = person.held_login(request)
    if held is not None:
        caller = held
        write(lambda: logins.end(caller.row.login_id, "logged out", caller.actor))
    session.clear()
    response = redirect(url_for("login.logged_out"), 303)
    edge.clear_session_cookie(response)  # type: ignore[arg-type]
    return response


@blueprint.get("/logged-out")
def logged_out() -> str:
    """Say that it is done."""
    return render_template("logged_out.html")


def login_url(continuation: str, login_hint: str = "") -> str:
    """Where to send a person who must log in before an authorization request can go on."""
    query = {"continue": continuation} | ({"login_hint": login_hint} if login_hint else {})
    return url_for("login.login") + "?" + urlencode(query)


def _again(form: LoginForm, message: str, application: str | None) -> str:
    return render_template("login.html", form=form, message=message, application=application)


def _target(wanted: str | None) -> str:
    if wanted and unwrap(wanted) is not None:
        return url_for("consent.authorize") + "?" + urlencode({"continue": wanted})
    return redirects.safe_next(wanted) or url_for("home.index")


def _application(wanted: str | None) -> str | None:
    """The name of the application one is logging in for; its origin may end the form's redirects."""
    waiting = unwrap(wanted)
    if waiting is None:
        return None
    try:
        asked = authorize.validate(waiting.params)
    except (authorize.Unredirectable, ArgusOAuthError):
        return None
    headers.allow_form_to(redirects.origin(asked.redirect_uri))
    return str(asked.client.name)
