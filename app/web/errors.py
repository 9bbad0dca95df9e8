"""Error and refusal pages: plain words, a number to quote, a link back."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote
from urllib.parse import urlencode

from flask import Flask
from flask import Response
from flask import jsonify
from flask import make_response
from flask import render_template
from flask import request
from flask_babel import lazy_gettext
from flask_wtf.csrf import CSRFError
from structlog import get_logger
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Response as WerkzeugResponse

from app import edge
from app.oauth.authorization_answer import AuthorizationAnswer
from app.policy.facts import Decision
from app.runtime import settings
from app.services.problems import Unavailable
from app.services.problems import Undetermined
from app.services.unit_of_work import DatabaseError
from app.services.unit_of_work import PoolTimeout
from app.web import person
from app.web.language import translate_finding
from app.web.language import translate_sentence
from app.web.pages import find_way_back
from app.web.pages import redirect_to_login
from app.web.words.function_names import add_function_words

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
    "/oauth/par",
    "/oauth/device_authorization",
)
# Below the roots of the API, these answer as OAuth does.
OAUTH_ENDPOINTS = ("/oauth/token", "/oauth/userinfo", "/oauth/par", "/oauth/device_authorization")
OWN_PAGES = ("/console/", "/account/")
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
NOT_DONE = lazy_gettext("This did not work")
TITLES: Mapping[int, str] = {
    404: lazy_gettext("Not found"),
    429: lazy_gettext("Slow down"),
    503: lazy_gettext("Not available just now"),
}
STALE_FORM = (
    "The page was open too long or your login changed. Nothing was saved. Load the page again and repeat."
)
UNEXPECTED = "Something went wrong on our side. Nothing was changed that was not finished."


def render_error_page(
    title: str,
    message: str,
    status: int,
    number: str | None = None,
    detail: str | None = None,
    back: str | None = None,
) -> tuple[str, int]:
    """Render a page that says what is wrong and what to do, with a link; never a redirect.

    ``detail`` is for the operator of the application, in the terms of the protocol. ``back`` is a path; else
    it is the page of the form.
    """
    page = render_template(
        "error.html",
        title=title,
        message=message,
        number=number,
        detail=detail,
        back=back or _find_way_back(status),
    )
    return page, status


def _find_way_back(status: int) -> str | None:
    """Return the page that a form was sent from, or that an action's URL belongs to."""
    own = request.path.startswith(OWN_PAGES) and (request.method != "GET" or status == 405)
    return find_way_back() if own and status < 500 else None


def render_refusal_page(
    decision: Decision,
    user_name: str,
    *,
    application: str | None = None,
    back_with: AuthorizationAnswer | None = None,
    somebody_else: str | None = None,
) -> tuple[str, int]:
    """Render the refusal in plain words, with its number, a contact, and a link back (decision 13).

    ``application`` refused, or it was a page of this site. ``back_with`` is what it is told when the user
    returns to it; ``somebody_else`` leads to a login as another user for the same request.
    """
    page = render_template(
        "refused.html",
        application=application,
        sentences=[translate_finding(finding) for finding in add_function_words(decision.denials)],
        number=decision.number,
        user_name=user_name,
        back_with=back_with,
        somebody_else=somebody_else,
    )
    return page, 403


def register(app: Flask) -> None:
    """Answer every failure with a page or, for programs, an envelope; never with a stack trace."""
    app.context_processor(lambda: {"support": build_support_link})
    app.register_error_handler(HTTPException, _handle_http)
    app.register_error_handler(CSRFError, _handle_csrf)
    app.register_error_handler(Unavailable, _handle_unavailable)
    app.register_error_handler(DatabaseError, _handle_database)
    app.register_error_handler(PoolTimeout, _handle_unavailable)
    app.register_error_handler(Exception, _handle_unexpected)


def build_support_link(subject: str = "", text: str = "") -> dict[str, str] | None:
    """Return the support contact as a link; ``None`` if there is none. A mail gets this subject and text."""
    contact = settings().support_contact
    if not contact:
        return None
    if contact.startswith("https:"):
        return {"label": contact, "href": contact}
    filled = {name: value for name, value in (("subject", subject), ("body", text)) if value}
    query = "?" + urlencode(filled, quote_via=quote) if filled else ""
    return {"label": contact, "href": f"mailto:{quote(contact, safe='@')}{query}"}


def _handle_http(problem: HTTPException) -> Response:
    status = problem.code or 500
    if problem.response is not None:  # a redirect raised by routing
        return problem.response  # type: ignore[return-value]
    answer = make_response(answer_plainly(status, SENTENCES.get(status, "The request cannot be answered.")))
    if isinstance(problem, MethodNotAllowed):
        answer.headers["Allow"] = ", ".join(sorted(problem.valid_methods or ()))
    return answer


def render_stale_form(back: str | None) -> tuple[str, int]:
    """Answer a form whose page is too old, or of another login: back to its page, to send it again."""
    return render_error_page(str(NOT_DONE), translate_sentence(STALE_FORM), 400, back=back)


def _handle_csrf(problem: CSRFError) -> WerkzeugResponse | tuple[str, int]:  # noqa: ARG001
    return redirect_to_login() if person.current_person() is None else render_stale_form(find_way_back())


def _handle_unavailable(problem: Exception) -> Response | tuple[str, int]:
    in_doubt = isinstance(problem, Undetermined)
    return answer_plainly(503, Undetermined.sentence if in_doubt else SENTENCES[503])


def _handle_database(problem: DatabaseError) -> Response | tuple[str, int]:
    log.error("database", kind=type(problem.orig).__name__, problem=str(problem.orig)[:300])
    return answer_plainly(503, SENTENCES[503])


def _handle_unexpected(problem: Exception) -> Response | tuple[str, int]:
    log.exception("unexpected", exc_info=problem, request=edge.read_contact(request).request_id)
    return answer_plainly(500, UNEXPECTED)


def answer_plainly(status: int, sentence: str) -> Response | tuple[str, int]:
    """Answer with this sentence in the form of the path: a page, an OAuth error, or an envelope."""
    if not request.path.startswith(API_PREFIXES) or request.path.startswith("/oauth/authorize"):
        number: str | None = None
        if status >= 500:
            # The look-up of the user may be what failed: the page does not try it again.
            person.forget_person()
            number = edge.read_contact(request).request_id
        return render_error_page(
            str(TITLES.get(status, NOT_DONE)), translate_sentence(sentence), status, number
        )
    path = request.path
    if path.startswith("/oauth/") or any(one in path for one in OAUTH_ENDPOINTS):
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
