"""The answer to an authorization request, as the browser gets it: a redirect, or a form that posts itself."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response
from flask import make_response
from flask import render_template
from flask_babel import gettext as _

from app.oauth.authorization_answer import AuthorizationAnswer
from app.oauth.authorize import UnsoundRequestError
from app.oauth.authorize import answer_with_error
from app.oauth.server import NO_STORE
from app.policy import schemes
from app.policy.network import is_loopback
from app.web import headers


def answer_application(answer: AuthorizationAnswer) -> Response:
    """Send the browser to the application with this answer. None of it may be stored."""
    if answer.is_form:
        offer_return(answer)
        response = make_response(render_template("answer.html", answer=answer))
    else:
        # The browser must not repeat a POST at the client: 303, never 307 (RFC 9700 4.12).
        response = Response(status=303, headers={"Location": answer.location})
    response.headers.update(dict(NO_STORE))
    return response


def offer_return(answer: AuthorizationAnswer) -> AuthorizationAnswer:
    """Prepare the page that offers this answer as its way back to the application."""
    if answer.is_form:
        headers.let_form_lead_on()
    return answer


def describe_target(redirect_uri: str) -> str:
    """Describe where an answer leads, for people: a site, or a program of the device they are at."""
    parts = urlsplit(redirect_uri)
    if not schemes.is_on_the_web(redirect_uri):
        return str(_("an app on this device that answers to %(scheme)s", scheme=f"{parts.scheme}:"))
    if is_loopback(parts.hostname or ""):
        return str(_("a program on this device (%(host)s)", host=parts.netloc))
    return parts.netloc


def render_unsound(problem: UnsoundRequestError) -> tuple[str, int]:
    """Show what is wrong, with a link that takes the error to the application."""
    back = offer_return(answer_with_error(problem.error))
    page = render_template(
        "unsound_request.html",
        application=back.way.application,
        detail=f"{problem.error.error}: {problem.error.get_error_description()}",
        back_with=back,
    )
    return page, 400
