"""Error and refusal pages: plain words, a number to quote, a way back."""

from __future__ import annotations

from flask import Flask
from flask import Response
from flask import g
from flask import jsonify
from flask import make_response
from flask import render_template
from flask import request
from flask_wtf.csrf import CSRFError
from structlog import get_logger
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed

from app import edge
from app.policy.facts import Decision
from app.policy.reasons import public_sentence
from app.services.problems import Unavailable
from app.services.unit import DatabaseError
from app.services.unit import PoolTimeout

log = get_logger("argus")
API_PREFIXES = (
    "/authentication/",
    "/currentuser/",
    "/users/",
    "/useradmin/",
    "/customers/",
    "/customeradmin/",
    "/oauth/token",
    "/oauth/introspect",
    "/oauth/revoke",
    "/oauth/userinfo",
)
SENTENCES = {
    400: "The request was not in order.",
    403: "You may not do this.",
    404: "There is no such page.",
    405: "This page cannot be used that way.",
    413: "Too much was sent.",
    415: "This kind of content is not understood.",
    429: "Too many attempts. Wait a little and try again.",
    503: "The service is busy or its database cannot be reached. Nothing was changed. Try again.",
}
UNEXPECTED = "Something went wrong on our side. Nothing was changed that was not finished."


def error_page(title: str, message: str, status: int, number: str | None = None) -> tuple[str, int]:
    """A page that says what is wrong and what to do; never a redirect."""
    return render_template("error.html", title=title, message=message, number=number), status


def refusal_page(application: str, decision: Decision, return_url: str) -> tuple[str, int]:
    """The refusal in plain words, its number, and the way back with ``access_denied`` (decision 13)."""
    page = render_template(
        "refused.html",
        application=application,
        sentences=[public_sentence(finding) for finding in decision.denials],
        number=decision.number,
        return_url=return_url,
    )
    return page, 403


def register(app: Flask) -> None:
    """Every failure ends in a page or, for machines, in an envelope; never in a stack trace."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(Unavailable, _unavailable)
    app.register_error_handler(DatabaseError, _database)
    app.register_error_handler(PoolTimeout, _unavailable)
    app.register_error_handler(Exception, _unexpected)


def _http(problem: HTTPException) -> Response:
    status = problem.code or 500
    if problem.response is not None:  # a redirect raised by routing
        return problem.response  # type: ignore[return-value]
    answer = make_response(_say(status, SENTENCES.get(status, "The request cannot be answered.")))
    if isinstance(problem, MethodNotAllowed):
        answer.headers["Allow"] = ", ".join(sorted(problem.valid_methods or ()))
    return answer


def _csrf(problem: CSRFError) -> Response | tuple[str, int]:  # noqa: ARG001
    return _say(400, "The page was open too long or your login changed. Load it again and repeat.")


def _unavailable(problem: Exception) -> Response | tuple[str, int]:  # noqa: ARG001
    return _say(503, SENTENCES[503])


def _database(problem: DatabaseError) -> Response | tuple[str, int]:
    log.error("database", kind=type(problem.orig).__name__, problem=str(problem.orig)[:300])
    return _say(503, SENTENCES[503])


def _unexpected(problem: Exception) -> Response | tuple[str, int]:
    log.exception("unexpected", exc_info=problem, request=edge.contact(request).request_id)
    return _say(500, UNEXPECTED)


def _say(status: int, sentence: str) -> Response | tuple[str, int]:
    if not request.path.startswith(API_PREFIXES) or request.path.startswith("/oauth/authorize"):
        number: str = g.argus_contact.request_id if "argus_contact" in g else ""
        return error_page("This did not work", sentence, status, number or None)
    if "/oauth/token" in request.path or request.path.startswith("/oauth/"):
        code = "server_error" if status >= 500 else "invalid_request"
        response = jsonify(error=code, error_description=sentence)
    else:
        message = {
            "type": "ACTION_ERROR",
            "message": sentence,
            "messageTemplate": f"HTTP_{status}",
            "field": None,
            "parameter": None,
        }
        response = jsonify(
            responseCode=status,
            limit=0,
            offset=0,
            count=0,
            size=0,
            metaData={},
            messages=[message],
            data=None,
        )
    response.status_code = status
    return response
