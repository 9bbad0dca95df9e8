"""The answer to an authorization request, as the browser gets it: a redirect, or a form that posts itself."""

from __future__ import annotations

from flask import Response
from flask import make_response
from flask import render_template

from app.oauth.authorization_answer import AuthorizationAnswer
from app.oauth.server import NO_STORE
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
