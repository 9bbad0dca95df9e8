"""``/oauth/authorize``: validate, log in, decide, ask, answer (house style 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode
from urllib.parse import urlsplit

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from flask_wtf.csrf import validate_csrf
from werkzeug.wrappers import Response
from wtforms.validators import ValidationError

from app import clock
from app.extensions import csrf
from app.oauth import authorize as requests
from app.oauth import hygiene
from app.oauth.approving import Outgrown
from app.oauth.approving import StaleTransaction
from app.oauth.approving import approve_page
from app.oauth.approving import approve_remembered
from app.oauth.authorize import AuthorizationRequest
from app.oauth.authorize import Unredirectable
from app.oauth.errors import ArgusOAuthError
from app.oauth.protocol_errors import ProtocolError
from app.policy import claims
from app.policy import redirects
from app.policy import scopes
from app.policy.claims import claim_name
from app.policy.facts import Decision
from app.policy.facts import Question
from app.policy.reasons import why_without
from app.services.access import consents
from app.services.access import gate
from app.services.access.callers import Caller
from app.services.audit import trail
from app.services.consent import consent_page
from app.services.tokens import waiting_requests
from app.services.unit_of_work import write
from app.web import headers
from app.web import person
from app.web.continuation import Continuation
from app.web.continuation import unwrap
from app.web.continuation import wrap
from app.web.errors import error_page
from app.web.errors import refusal_page
from app.web.language import say
from app.web.login.password import login_url
from app.web.words.function_names import words_of

blueprint = Blueprint("consent", __name__)
ALIASES = ("/oauth/authorize", "/spa/oauth/authorize", "/spa/authentication/oauth/authorize")
START_AGAIN = "Go back to the application and start again. If it does not help, tell whoever runs it."


def authorize() -> Response | str | tuple[str, int]:
    """GET shows; POST with ``transaction`` answers the form; any other POST is a request sent by form."""
    try:
        if _is_answer():
            return _answer_form()
        waiting = _waiting()
        asked = requests.validate(waiting.params)
    except ProtocolError as problem:
        return error_page(
            _("This request is not in order"), say(START_AGAIN), 400, detail=problem.description
        )
    except Unredirectable as problem:
        message = f"{say(problem.message)} {say(START_AGAIN)}"
        return error_page(_("This request cannot be answered"), message, 400)
    except ArgusOAuthError as problem:
        return requests.answer(problem)
    if request.method == "POST":
        # A cross-site POST arrives without the login cookie: redirect to GET (security rule 39).
        return redirect(_resume(waiting.params, waiting.began_at), 303)
    try:
        return _go_on(asked, waiting.began_at)
    except ArgusOAuthError as problem:
        return requests.answer(problem, asked)


for number, path in enumerate(ALIASES):
    # ``_answer_form`` checks CSRF of the answer; a protocol request by POST has no token to check.
    name = "authorize" if number == 0 else f"authorize_{number}"
    blueprint.add_url_rule(path, name, csrf.exempt(authorize), methods=["GET", "POST"])


def _is_answer() -> bool:
    """Whether this is the consent form's answer, and not a request sent by POST."""
    # Read the data first: after the form is parsed from the stream, ``hygiene`` would find an empty body.
    request.get_data(cache=True)
    return request.method == "POST" and "transaction" in request.form


def _waiting() -> Continuation:
    """Return the parameters of this request, or those that waited for a login,
    and when they first arrived.
    """
    resumed = unwrap(request.args.get("continue")) if request.method == "GET" else None
    if resumed is not None:
        return resumed
    return Continuation(hygiene.check_browser_request(request), clock.now())


def _go_on(asked: AuthorizationRequest, began_at: datetime) -> Response | str | tuple[str, int]:
    """Process a valid request: log in, refuse, use the stored consent, or ask. Raises ``ArgusOAuthError``."""
    somebody = person.present()
    caller = somebody.caller if somebody is not None else person.known(request)
    silent = "none" in asked.prompts
    if caller is None or requests.must_log_in(asked, caller, began_at):
        if silent:
            raise asked.error("login_required")
        waiting = wrap(asked.params, began_at)
        return redirect(login_url(waiting, asked.params.get("login_hint", "")[:100]), 303)
    question = requests.question(asked, caller)
    decision = gate.ask(question)
    if not decision:
        return _refuse(asked, caller, began_at, question, decision)
    if gate.consent_covers(question) and "consent" not in asked.prompts:
        try:
            return approve_remembered(asked, caller)
        except Outgrown:
            pass  # the scope grew, or the consent was withdrawn, at this very moment: ask
    if silent:
        raise asked.error("consent_required")
    return _ask(asked, caller, began_at, question, decision)


def _refuse(
    asked: AuthorizationRequest, caller: Caller, began_at: datetime, question: Question, decision: Decision
) -> str | tuple[str, int]:
    """Record the refusal and show it; raise it as ``ArgusOAuthError`` if no page may be shown."""
    trail.refused("authorize", caller.actor, decision, question)
    refusal = asked.error("access_denied", decision=decision.number)
    if "none" in asked.prompts:
        raise refusal
    return refusal_page(
        decision,
        caller.user_name,
        application=asked.client.name,
        return_url=requests.answer(refusal, asked).location,
        somebody_else=login_url(wrap(asked.params, began_at)),
    )


def _ask(
    asked: AuthorizationRequest, caller: Caller, began_at: datetime, question: Question, decision: Decision
) -> str:
    """Show the consent page: exactly the decision's functions and customers, with a stored transaction."""
    client, grant = asked.client, consents.standing(caller.user_id, asked.client.id)
    told = consent_page.asking(client, grant, question, decision)
    transaction = write(
        lambda: waiting_requests.begin(caller.login_id, asked.params, client.permission_scope_id, began_at)
    )
    functions = words_of(one.function for one in told.fallen)
    headers.allow_form_to(redirects.origin(asked.redirect_uri))
    return render_template(
        "consent.html",
        application={"name": client.name, "description": client.description, "main_uri": client.main_uri},
        site=urlsplit(client.main_uri).netloc,
        told=told,
        scopes=[
            {"words": scopes.in_words(scope, say), "new": scope in told.growth.scopes}
            for scope in sorted(asked.scopes, key=lambda one: one not in told.growth.scopes)
        ],
        claims=_claims(asked),
        fallen=[
            {"words": why_without(one.reason, functions.get(one.function, one.function), say), "new": one.new}
            for one in told.fallen
        ],
        before=[scopes.in_words(scope, say) for scope in told.before.scopes] if told.before else [],
        changed=told.before is not None and not gate.consent_covers(question),
        transaction=transaction,
        somebody_else=login_url(wrap(asked.params, began_at)),
        login_name=caller.user_name,
    )


def _claims(asked: AuthorizationRequest) -> list[tuple[str, str]]:
    """List name and content of the application's own claims, each once (contract 2.5)."""
    providers = asked.client.open_id_custom_claims if "openid" in asked.scopes else []
    return sorted({(claim_name(one), claims.in_words(one, say)) for one in providers})


def _answer_form() -> Response | str | tuple[str, int]:
    """Approve or deny: check CSRF and the transaction of this login, then judge everything again."""
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        raise CSRFError from None
    somebody = person.present()
    transaction = request.form.get("transaction", "")
    waiting = waiting_requests.peek(transaction, somebody.caller.login_id) if somebody is not None else None
    if somebody is None or waiting is None:
        return _ask_anew(transaction)
    asked = requests.validate(waiting.parameters)
    try:
        if request.form.get("decision") == "approve":
            if requests.must_log_in(asked, somebody.caller, waiting.began_at):
                # While the page was open, the login became older than the application allows.
                return redirect(_resume(asked.params, waiting.began_at), 303)
            return approve_page(asked, somebody.caller, transaction)
        if request.form.get("decision") != "deny":
            return error_page(_("Nothing was decided"), _("Choose Approve or Deny."), 400)
        return _deny(asked, somebody.caller, transaction)
    except Outgrown:
        return _ask_again(asked, somebody.caller, waiting.began_at)
    except ArgusOAuthError as problem:
        return requests.answer(problem, asked)


def _ask_anew(transaction: str) -> Response | tuple[str, int]:
    """The form came too late: show its question again, after a login if needed; nothing is decided."""
    held = person.held_login(request)
    params = waiting_requests.kept(transaction, held.login_id) if held is not None else None
    if params is None:
        raise StaleTransaction
    return redirect(_resume(params, clock.now()), 303)


def _ask_again(
    asked: AuthorizationRequest, caller: Caller, began_at: datetime
) -> Response | str | tuple[str, int]:
    """The application's scope grew while its page was open: show the current one."""
    question = requests.question(asked, caller)
    decision = gate.ask(question)
    if not decision:
        return _refuse(asked, caller, began_at, question, decision)
    return _ask(asked, caller, began_at, question, decision)


def _deny(asked: AuthorizationRequest, caller: Caller, transaction: str) -> Response:
    def work() -> None:
        if waiting_requests.use(transaction, caller.login_id) is None:
            raise StaleTransaction
        trail.record("authorize", caller.actor, outcome="denied", client_id=asked.client.id)

    write(work)
    return requests.answer(asked.error("access_denied", "The user said no."), asked)


def _resume(params: Mapping[str, str], began_at: datetime) -> str:
    return url_for("consent.authorize") + "?" + urlencode({"continue": wrap(params, began_at)})
