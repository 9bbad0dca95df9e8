"""The user's logins and the application sessions under each; the user can end any of them here."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import session as form_session
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import cookies
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.endings.table import Event
from app.services.inspection import session_admin
from app.web.pages import Page
from app.web.pages import redirect_with_message
from app.web.pages import require_login
from app.web.pages import run_as_caller
from app.web.words.endings import describe_endings

blueprint = Blueprint("sessions", __name__, url_prefix="/account/sessions")


@blueprint.get("")
@require_login
def index(caller: Caller) -> Page:
    """List every live login, newest first, with its application sessions."""
    tree = session_admin.list_branches(directory.get_user(caller.user_id))
    return render_template("account/sessions.html", tree=tree, here=caller.login_id)


@blueprint.post("/<session>/end")
@require_login
def end(caller: Caller, session: str) -> Page:
    """End one login with its application sessions, or one application session."""
    ended = run_as_caller(caller, lambda now: session_admin.end_session(session, now))
    if ended.id == caller.login_id:
        return _redirect_after_end()
    return redirect_with_message(_("The session has ended."), "sessions.index")


@blueprint.route("/end-all", methods=["GET", "POST"])
@require_login
def end_all(caller: Caller) -> Page:
    """Ask, then end all sessions everywhere, this login too."""
    if request.method == "GET":
        return render_template(
            "account/sessions_end.html", endings=describe_endings(Event.LOGGED_OUT_EVERYWHERE)
        )
    run_as_caller(caller, session_admin.end_own_sessions)
    return _redirect_after_end()


def _redirect_after_end() -> Response:
    form_session.clear()
    response = redirect(url_for("logout.logged_out"), 303)
    cookies.clear_cookie(response, cookies.LOGIN)
    return response
