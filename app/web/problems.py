"""Expected problems of a page, as a page: what is wrong, what to do, and nothing of what is hidden."""

from __future__ import annotations

import math
from urllib.parse import urlencode

from flask import Flask
from flask import make_response
from flask import redirect
from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.policy.reasons import api_status
from app.services.audit import trail
from app.services.login.reauthentication import NotInteractive
from app.services.login.reauthentication import StrongerLogin
from app.services.problems import Conflict
from app.services.problems import Denied
from app.services.problems import Invalid
from app.services.problems import Missing
from app.services.problems import NotHeld
from app.services.problems import Problem
from app.services.problems import Throttled
from app.web import person
from app.web.errors import error_page
from app.web.errors import refusal_page
from app.web.language import say
from app.web.pages import way_back


def register(app: Flask) -> None:
    """Answer every expected problem that a page did not answer itself."""
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(Denied, _denied)
    app.register_error_handler(Invalid, _invalid)
    app.register_error_handler(Throttled, _throttled)


def slowed(seconds: int) -> str:
    """How long to wait, in plain words."""
    minutes = math.ceil(seconds / 60)
    return str(
        ngettext(
            "Too many failed attempts. Wait a minute and try again.",
            "Too many failed attempts. Wait about %(num)d minutes and try again.",
            minutes,
        )
    )


def too_many(page: str | tuple[str, int], problem: Throttled) -> Response:
    """This page under 429, with the time to wait for programs (RFC 6585 4)."""
    response = make_response(page)
    response.status_code = 429
    response.headers["Retry-After"] = str(problem.seconds)
    return response


def _denied(problem: Denied) -> Response | tuple[str, int]:
    somebody = person.present()
    decision = problem.decision
    if somebody is None or api_status(decision) == 401:
        return redirect(url_for("login.login") + "?" + urlencode({"next": way_back()}), 303)
    trail.refused("page", somebody.caller.actor, decision, somebody.caller.question)
    return refusal_page(decision, somebody.name)


def _invalid(problem: Invalid) -> tuple[str, int]:
    sentences = " ".join(say(p.message) for p in problem.problems)
    return error_page(_("This was not done"), sentences, 412)


def _throttled(problem: Throttled) -> Response:
    return too_many(error_page(_("Slow down"), slowed(problem.seconds), 429), problem)


def _problem(problem: Problem) -> tuple[str, int]:
    if isinstance(problem, Missing):
        return error_page(
            _("Not found"),
            _("There is no such thing, or it is not for you to see. Go back and look again."),
            404,
        )
    if isinstance(problem, Conflict):
        message = _(
            "Somebody else changed this at the same time. Nothing was changed. Look again and repeat."
        )
        return error_page(_("This was not done"), message, 409)
    if isinstance(problem, NotHeld):
        message = _("This account holds more than you do, so you cannot change it.")
        return error_page(_("This was not done"), message, 403)
    if isinstance(problem, StrongerLogin):
        message = _("Log in with your second factor first, then do this again.")
        return error_page(_("A stronger login is needed"), message, 403)
    if isinstance(problem, NotInteractive):
        return error_page(_("This was not done"), _("This needs your own login."), 403)
    return error_page(_("This was not done"), _("This cannot be done now."), 412)
