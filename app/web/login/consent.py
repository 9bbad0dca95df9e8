"""``/oauth/authorize``: validate, log in, decide, ask, answer (house style 2.4)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import NoReturn
from urllib.parse import urlencode

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from flask_wtf.csrf import validate_csrf
from werkzeug.wrappers import Response
from wtforms.validators import ValidationError

from app import clock
from app.extensions import csrf
from app.oauth import authorize as requests
from app.oauth import request_checks
from app.oauth.approval import ConsentOutgrown
from app.oauth.approval import Judged
from app.oauth.approval import StaleTransaction
from app.oauth.approval import approve_from_consent
from app.oauth.approval import approve_from_page
from app.oauth.approval import deny_from_page
from app.oauth.approval import judge_request
from app.oauth.authorize import AuthorizationRequest
from app.oauth.authorize import UnredirectableError
from app.oauth.authorize import UnsoundRequestError
from app.oauth.errors import ArgusOAuthError
from app.oauth.protocol_errors import ProtocolError
from app.policy.facts import Decision
from app.services.access import gate
from app.services.access.callers import Caller
from app.services.audit import trail
from app.services.problems import Refused
from app.services.tokens import waiting_requests
from app.services.unit_of_work import run_in_transaction
from app.web import headers
from app.web import person
from app.web.continuation import Continuation
from app.web.continuation import unwrap_request
from app.web.continuation import wrap_request
from app.web.errors import render_error_page
from app.web.errors import render_refusal_page
from app.web.errors import render_stale_form
from app.web.language import translate_sentence
from app.web.login.answers import answer_application
from app.web.login.answers import describe_target
from app.web.login.answers import offer_return
from app.web.login.answers import render_unsound
from app.web.login.consent_words import build_consent_words
from app.web.login.password import build_login_url

blueprint = Blueprint("consent", __name__)
ALIASES = ("/oauth/authorize", "/spa/oauth/authorize", "/spa/authentication/oauth/authorize")
START_AGAIN = "Go back to the application and start again. If it does not help, tell whoever runs it."


def authorize() -> Response | str | tuple[str, int]:
    """GET shows; POST with ``transaction`` answers the form; any other POST is a request sent by form."""
    try:
        return _answer_form() if _is_answer() else _answer_request()
    except ProtocolError as problem:
        return render_error_page(
            _("This request is not in order"),
            translate_sentence(START_AGAIN),
            problem.status,
            detail=problem.description,
        )
    except UnredirectableError as problem:
        message = f"{translate_sentence(problem.message)} {translate_sentence(START_AGAIN)}"
        return render_error_page(_("This request cannot be answered"), message, 400)
    except UnsoundRequestError as problem:
        if problem.silent or person.current_person() is not None:
            return answer_application(requests.answer_with_error(problem.error))
        return render_unsound(problem)
    except ArgusOAuthError as problem:
        return answer_application(requests.answer_with_error(problem))


for number, path in enumerate(ALIASES):
    # ``_answer_form`` checks CSRF of the answer; a protocol request by POST has no token to check.
    name = "authorize" if number == 0 else f"authorize_{number}"
    blueprint.add_url_rule(path, name, csrf.exempt(authorize), methods=["GET", "POST"])


def _is_answer() -> bool:
    """Whether this is the consent form's answer, and not a request sent by POST."""
    # Read the data first: after the form is parsed from the stream, ``request_checks`` would find an empty
    # body.
    request.get_data(cache=True)
    return request.method == "POST" and "transaction" in request.form


def _answer_request() -> Response | str | tuple[str, int]:
    waiting = _read_request()
    person.look_ahead(request, waiting.params.get("client_id", ""))
    if request.method == "POST":
        # A cross-site POST arrives without the login cookie: redirect to GET (security rule 39).
        params = waiting.params
        with contextlib.suppress(UnsoundRequestError):  # the GET says so, and knows who is there
            params = requests.validate_request(params).params
        return redirect(_build_resume_url(params, waiting.began_at), 303)
    return _proceed(requests.validate_request(waiting.params), waiting.began_at)


def _read_request() -> Continuation:
    """Return the parameters of this request, or those that waited for a login,
    and when they first arrived.
    """
    resumed = unwrap_request(request.args.get("continue")) if request.method == "GET" else None
    if resumed is not None:
        return resumed
    if request.args.get("continue") and "client_id" not in request.args:
        raise UnredirectableError(
            "continue", "This request waited for a login for more than an hour, or its address was changed."
        )
    sent = request_checks.check_browser_request(request)
    return Continuation(requests.read_parameters(sent), clock.now())


def _proceed(asked: AuthorizationRequest, began_at: datetime) -> Response | str | tuple[str, int]:
    """Process a valid request: log in, refuse, use the stored consent, or ask. Raises ``ArgusOAuthError``."""
    somebody = person.current_person()
    caller = somebody.caller if somebody is not None else person.find_known_caller(request)
    silent = "none" in asked.prompts
    if caller is None or requests.must_log_in(asked, caller, began_at):
        if silent:
            raise asked.error("login_required")
        waiting = wrap_request(asked.params, began_at)
        return redirect(build_login_url(waiting, asked.params.get("login_hint", "")[:100]), 303)
    judged = judge_request(asked, caller)
    if not judged.decision:
        return _refuse(asked, caller, began_at, judged)
    if gate.is_covered_by_consent(judged.question) and "consent" not in asked.prompts:
        try:
            return answer_application(approve_from_consent(asked, caller, judged))
        except ConsentOutgrown:
            pass  # the scope grew, or the consent was withdrawn, at this very moment: ask
        except Refused as refusal:
            raise _build_refusal(asked, refusal.decision) from None
    if silent:
        raise asked.error("consent_required")
    return _render_question(asked, caller, began_at, judged)


def _refuse(
    asked: AuthorizationRequest, caller: Caller, began_at: datetime, judged: Judged
) -> str | tuple[str, int]:
    """Record the refusal and show it; raise it as ``ArgusOAuthError`` if no page may be shown."""
    decision = trail.record_refusal("authorize", caller.actor, judged.decision, judged.question)
    refusal = _build_refusal(asked, decision)
    if "none" in asked.prompts:
        raise refusal
    return render_refusal_page(
        decision,
        caller.user_name,
        application=asked.client.name,
        back_with=offer_return(requests.answer_with_error(refusal)),
        somebody_else=build_login_url(wrap_request(asked.params, began_at)),
    )


def _render_question(asked: AuthorizationRequest, caller: Caller, began_at: datetime, judged: Judged) -> str:
    """Show the consent page, with a stored transaction."""
    transaction = run_in_transaction(
        lambda: waiting_requests.store_request(
            caller.login_id, asked.params, asked.client.permission_scope_id, began_at
        )
    )
    headers.let_form_lead_on()
    return render_template(
        "consent.html",
        returns_to=describe_target(asked.way.redirect_uri),
        transaction=transaction,
        somebody_else=build_login_url(wrap_request(asked.params, began_at)),
        **build_consent_words(asked, caller, judged),
    )


def _answer_form() -> Response | str | tuple[str, int]:
    """Approve or deny: check CSRF and the transaction of this login, then judge everything again."""
    transaction = request.form.get("transaction", "")
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        return render_stale_form(_find_question(transaction))
    somebody = person.current_person()
    waiting = (
        waiting_requests.find_request(transaction, somebody.caller.login_id) if somebody is not None else None
    )
    if somebody is None or waiting is None:
        return _ask_anew(transaction)
    asked = requests.validate_request(waiting.parameters)
    if request.form.get("decision") == "deny":
        _deny(asked, somebody.caller, transaction)
    if request.form.get("decision") != "approve":
        return render_error_page(_("Nothing was decided"), _("Choose Approve or Deny."), 400)
    if requests.must_log_in(asked, somebody.caller, waiting.began_at):
        # While the page was open, the login became older than the application allows.
        return redirect(_build_resume_url(asked.params, waiting.began_at), 303)
    try:
        return answer_application(approve_from_page(asked, somebody.caller, transaction))
    except ConsentOutgrown:
        return _ask_again(asked, somebody.caller, waiting.began_at)
    except Refused as refusal:
        raise _build_refusal(asked, refusal.decision) from None


def _build_refusal(asked: AuthorizationRequest, decision: Decision) -> ArgusOAuthError:
    """Build the error that tells the application of a refusal."""
    return asked.error("access_denied", decision=decision.number)


def _ask_anew(transaction: str) -> Response | tuple[str, int]:
    """The form came too late: show its question again, after a login if needed; nothing is decided."""
    question = _find_question(transaction)
    if question is None:
        raise StaleTransaction
    return redirect(question, 303)


def _find_question(transaction: str) -> str | None:
    """Return where the question of this login is shown anew; ``None`` if it was answered, or is too old."""
    held = person.find_held_login(request)
    params = waiting_requests.find_unanswered(transaction, held.login_id) if held is not None else None
    return _build_resume_url(params, clock.now()) if params is not None else None


def _ask_again(
    asked: AuthorizationRequest, caller: Caller, began_at: datetime
) -> Response | str | tuple[str, int]:
    """The application's scope grew while its page was open: show the current one."""
    judged = judge_request(asked, caller)
    if not judged.decision:
        return _refuse(asked, caller, began_at, judged)
    return _render_question(asked, caller, began_at, judged)


def _deny(asked: AuthorizationRequest, caller: Caller, transaction: str) -> NoReturn:
    deny_from_page(asked, caller, transaction)
    raise asked.error("access_denied", "The user said no.")


def _build_resume_url(params: Mapping[str, str], began_at: datetime) -> str:
    return url_for("consent.authorize") + "?" + urlencode({"continue": wrap_request(params, began_at)})
