"""``/oauth/logout``: an application ends the login it was used in (OpenID Connect RP-Initiated Logout 1.0).

An invalid request is only a proposal: the person must confirm, and stays on our own page.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint
from flask import redirect
from flask import request
from flask import url_for
from flask_babel import gettext as _

from app.extensions import csrf
from app.oauth import logout_requests
from app.oauth import request_checks
from app.oauth.logout_requests import LogoutRequest
from app.oauth.protocol_errors import ProtocolError
from app.web import person
from app.web.errors import render_error_page
from app.web.login import logout_confirmation
from app.web.login.logout import end_and_redirect
from app.web.login.logout import find_way_on
from app.web.pages import Page

blueprint = Blueprint("rp_logout", __name__)


@blueprint.route("/oauth/logout", methods=["GET", "POST"])
@csrf.exempt  # an application's request; what the person answers goes to ``logout.logout``
def ask() -> Page:
    """End the login at once if the application may do so; otherwise ask the person."""
    waiting = request.args.get("continue")
    if request.method == "GET" and waiting:
        return _answer(logout_confirmation.unwrap_request(waiting))
    try:
        params = request_checks.check_browser_request(request)
    except ProtocolError as problem:
        return render_error_page(
            _("This request is not in order"),
            _("Nobody was logged out. Log out here, or go back to the application."),
            problem.status,
            detail=problem.description,
        )
    asked = logout_requests.read_logout_request(params)
    if request.method == "GET":
        return _answer(asked)
    # A cross-site POST arrives without the login cookie: redirect to GET (security rule 39).
    query = urlencode({"continue": logout_confirmation.wrap_request(asked)})
    return redirect(url_for("rp_logout.ask") + "?" + query, 303)


def _answer(asked: LogoutRequest) -> Page:
    here, way = person.find_held_login(request), logout_confirmation.draft_logout(asked)
    if here is None and not person.is_unclear(request):
        return redirect(find_way_on(way), 303)
    if here is None or asked.may_skip_question(here):
        return end_and_redirect(way)
    # The question has its own URL, so that the ID token is in none of the page's links.
    return redirect(url_for("logout.logout", out=logout_confirmation.wrap_logout(way)), 303)
