"""Log out: end the login of this browser and all sessions under it (design decision 8)."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError

from app import cookies
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.unit_of_work import run_in_transaction
from app.web import headers
from app.web import person
from app.web.errors import render_error_page
from app.web.login import logout_confirmation
from app.web.login.logout_confirmation import PendingLogout
from app.web.pages import Page

blueprint = Blueprint("logout", __name__)


@blueprint.route("/logout", methods=["GET", "POST"])
def logout() -> Page:
    """End this login and every application session under it. A GET only asks.

    ``out`` is the signed request of an application (``rp_logout``).
    """
    if request.method == "POST":
        return end_and_redirect(logout_confirmation.unwrap_logout(request.form.get("out")))
    return _render_question(request.args.get("out", ""))


def render_afresh(problem: CSRFError) -> Page:  # noqa: ARG001
    """Answer a log-out form whose page is too old, or of another login: ask again if anybody is here."""
    out = request.form.get("out", "")
    if person.find_held_login(request) is None:
        return end_and_redirect(logout_confirmation.unwrap_logout(out))
    return _render_question(
        out, _("Nothing was ended: the page was open too long, or your login changed.")
    ), 400


def _render_question(out: str, notice: str = "") -> str:
    way = logout_confirmation.unwrap_logout(out)
    if way.uri is not None:
        headers.let_form_lead_on()
    return render_template(
        "logout.html", application=way.application, out=out if way.application else None, notice=notice
    )


def end_and_redirect(way: PendingLogout) -> Page:
    """End the login here, if any, and redirect to the application's address or to our own page.

    The audit row names the application that proved that it asks.
    """
    if person.is_unclear(request):
        message = _("Nothing was ended. Delete the cookies of this site to be logged out.")
        return render_error_page(_("It cannot be told which login this is"), message, 400)
    held = person.find_held_login(request)
    if held is not None:
        login_id, actor = held.login_id, replace(held.actor, client_id=way.client_id)
        run_in_transaction(lambda: endings.end(Event.LOGGED_OUT, login_id, actor))
    session.clear()
    response = redirect(find_way_on(way), 303)
    cookies.clear_cookie(response, cookies.LOGIN)
    return response


def find_way_on(way: PendingLogout) -> str:
    """Return where the browser goes then: to our own page, which says why it went no further."""
    if way.uri is not None:
        return way.uri
    out = logout_confirmation.wrap_logout(way) if way.return_problem is not None else None
    return url_for("logout.logged_out", out=out)


@blueprint.get("/logged-out")
def logged_out() -> str:
    """Show that the log-out is done, and why an application did not get its user back."""
    return render_template("logged_out.html", way=logout_confirmation.unwrap_logout(request.args.get("out")))
