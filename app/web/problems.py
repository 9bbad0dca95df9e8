"""Expected problems as pages: what is wrong and what to do, without hidden details."""

from __future__ import annotations

import math

from flask import Flask
from flask import make_response
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.services.audit import trail
from app.services.problems import Denied
from app.services.problems import Invalid
from app.services.problems import Problem
from app.services.problems import Throttled
from app.web import person
from app.web.errors import render_error_page
from app.web.errors import render_refusal_page
from app.web.language import translate_sentence
from app.web.pages import redirect_to_login
from app.web.words.problems import find_words


def register(app: Flask) -> None:
    """Answer every expected problem that a page did not handle itself."""
    app.register_error_handler(Problem, _handle_problem)
    app.register_error_handler(Denied, _handle_denied)
    app.register_error_handler(Invalid, _handle_invalid)
    app.register_error_handler(Throttled, _handle_throttled)


def describe_wait(seconds: int) -> str:
    """Describe how long to wait, in plain words."""
    minutes = math.ceil(seconds / 60)
    if minutes > 120:
        hours = math.ceil(seconds / 3600)
        return str(_("Too many failed attempts. Wait about %(num)d hours and try again.", num=hours))
    return str(
        ngettext(
            "Too many failed attempts. Wait a minute and try again.",
            "Too many failed attempts. Wait about %(num)d minutes and try again.",
            minutes,
        )
    )


def render_too_many(page: str | tuple[str, int], problem: Throttled) -> Response:
    """Return this page with the status of the problem, and the waiting time for programs (RFC 6585 4)."""
    response = make_response(page)
    response.status_code = choose_status(problem)
    response.headers["Retry-After"] = str(problem.seconds)
    return response


def _handle_denied(problem: Denied) -> Response | tuple[str, int]:
    somebody = person.current_person()
    decision = problem.decision
    if somebody is None or problem.status == 401:
        return redirect_to_login()
    decision = trail.record_refusal("page", somebody.caller.actor, decision, somebody.caller.question)
    return render_refusal_page(decision, somebody.name)


def _handle_invalid(problem: Invalid) -> tuple[str, int]:
    sentences = " ".join(translate_sentence(p.message) for p in problem.problems)
    return render_error_page(find_words(Invalid)[0], sentences, choose_status(problem))


def _handle_throttled(problem: Throttled) -> Response:
    title = find_words(Throttled)[0]
    return render_too_many(
        render_error_page(title, describe_wait(problem.seconds), choose_status(problem)), problem
    )


def _handle_problem(problem: Problem) -> tuple[str, int]:
    title, message = find_words(type(problem))
    return render_error_page(title, message, choose_status(problem))


def choose_status(problem: Problem) -> int:
    """Return the status of a page for this problem: the API's, unless the class names another for pages."""
    return problem.page_status or problem.status
