"""The authorization request (RFC 6749 4.1.1, OIDC Core 3.1.2): one validator for the page and the JSON call.

Client and redirect URI are checked first; until both are valid, no redirect is allowed
(``UnredirectableError``). After that every error carries the redirect URI: an ``UnsoundRequestError`` what is
wrong with the request, an ``ArgusOAuthError`` what was answered to a request that is sound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from typing import Protocol

from authlib.oauth2.rfc6749 import OAuth2Error

from app.oauth.authorization_answer import RESPONSE_MODES
from app.oauth.authorization_answer import AuthorizationAnswer
from app.oauth.authorization_answer import ReturnWay
from app.oauth.authorization_answer import build_answer
from app.oauth.authorization_answer import can_use
from app.oauth.authorization_answer import choose_mode
from app.oauth.claims_parameter import TWO_SUBJECTS
from app.oauth.claims_parameter import AskedOfLogin
from app.oauth.claims_parameter import read_asked_of_login
from app.oauth.code_grant import ArgusAuthorizationCodeGrant
from app.oauth.errors import ArgusOAuthError
from app.oauth.errors import translate_error
from app.oauth.grants import RESPONSE_TYPES
from app.oauth.hints import UnknownKeyError
from app.oauth.hints import decode_hint
from app.oauth.requests import ArgusRequest
from app.oauth.server import oauth_server
from app.policy import mismatches
from app.policy.facts import Leg
from app.policy.facts import Question
from app.policy.mismatches import Part
from app.services.access import client_rows
from app.services.access import directory
from app.services.access import facts
from app.services.access.callers import Caller
from app.services.access.credential_parts import ActiveConsent
from app.services.access.credential_parts import ClientPart
from app.services.access.proofs import is_thumbprint
from app.services.login import login_methods
from app.services.tokens import pushed_requests
from app.services.tokens.pushed_requests import PUSHED

PROMPTS = ("none", "login", "consent", "select_account")
MUST_PUSH = "The application must push its request first (RFC 9126)."
SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)
# Among parameters that wait for a login: the subject of the ``id_token_hint``. No request brings it.
SUBJECT = "argus_subject"
# By the part in which the address differs from the nearest that is registered; neither of them is shown.
ASKED = "The application asked to return to an address it has not registered"
UNREGISTERED: Mapping[Part | None, str] = {
    None: ASKED + ".",
    Part.SCHEME: ASKED + ": what it begins with, such as https, is not the same.",
    Part.HOST: ASKED + ": the host is not the same.",
    Part.PORT: ASKED + ": the port is not the same.",
    Part.PATH: ASKED + ": the path is not the same.",
    Part.QUERY: ASKED + ": the query, from ? on, is not the same.",
    Part.FRAGMENT: ASKED + ": it must not hold a #.",
}
UNSUPPORTED = ("request", "request_uri", "registration")
# Names that we give parameters of our own: what a request brings under them is nothing.
OURS = (SUBJECT, PUSHED)


class UnredirectableError(Exception):
    """The client or the redirect URI is invalid: show an error page (or 412), never redirect.

    ``field`` is the invalid parameter.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class UnsoundRequestError(Exception):
    """Client and redirect URI are valid, and something else is not.

    ``error`` says what, and goes to the redirect URI: at once only if the request is ``silent`` (prompt=none,
    OIDC Core 3.1.2.6) or somebody is logged in. Otherwise everybody who registers a client could send
    strangers from our address to any other (RFC 9700 4.11.2).
    """

    def __init__(self, error: ArgusOAuthError, *, silent: bool) -> None:
        super().__init__(error.error)
        self.error = error
        self.silent = silent


class Asked(Protocol):
    """What somebody is asked to approve, by a browser or by a device."""

    @property
    def client(self) -> ClientPart: ...

    @property
    def scopes(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request whose client, redirect URI, response type, PKCE and scopes are valid."""

    params: Mapping[str, str]
    client: ClientPart
    grant: ArgusAuthorizationCodeGrant
    way: ReturnWay
    scopes: tuple[str, ...]
    prompts: frozenset[str]
    max_age: int | None
    hinted_subject: str | None
    asked: AskedOfLogin

    def error(self, code: str, text: str | None = None, *, decision: str = "") -> ArgusOAuthError:
        """Build an error that is sent back to the client with this request's state."""
        problem = ArgusOAuthError(code, text, decision=decision, way=self.way)
        problem.state = self.params.get("state")
        return problem


def read_parameters(sent: Mapping[str, str]) -> Mapping[str, str]:
    """Return the parameters of a browser's request; of a pushed one (RFC 9126 4), those that were pushed and
    no others. Raises ``UnredirectableError``.
    """
    request_uri = sent.get("request_uri")
    if request_uri is None or not pushed_requests.is_pushed(request_uri):
        return {name: value for name, value in sent.items() if name not in OURS}
    pushed = pushed_requests.open_request(request_uri, sent.get("client_id", ""))
    if pushed is None:
        raise UnredirectableError(
            "request_uri", "This request was pushed too long ago, or by another application."
        )
    return pushed


def validate_request(params: Mapping[str, str], *, pushing: bool = False) -> AuthorizationRequest:
    """Validate parameters that passed ``request_checks``. ``pushing``: the client itself brings them.

    Raises ``UnredirectableError`` or ``UnsoundRequestError``.
    """
    client_id = params.get("client_id")
    client = client_rows.find_requesting_client(client_id) if client_id else None
    if client is None:
        raise UnredirectableError("client_id", "The application that sent you here is not known.")
    if client.must_push and not pushing and PUSHED not in params:
        raise UnredirectableError("client_id", MUST_PUSH)
    sent = params.get("redirect_uri")
    # FAPI 2.0 5.3.2.2: it is always sent.
    tolerates = sent is None and not client.fapi2_security_profile
    redirect_uri = client.get_default_redirect_uri() if tolerates else sent
    if redirect_uri is None:
        raise UnredirectableError("redirect_uri", "The application must say where to return to.")
    if not client.check_redirect_uri(redirect_uri):
        part = mismatches.find_difference(redirect_uri, client.redirect_uris, public_client=client.is_public)
        raise UnredirectableError("redirect_uri", UNREGISTERED[part])
    way = ReturnWay(redirect_uri, choose_mode(params, redirect_uri), client.name)
    try:
        return _validate_rest(params, client, way)
    except OAuth2Error as problem:
        ours = translate_error(problem)
        ours.way, ours.state = way, params.get("state")
        raise UnsoundRequestError(ours, silent=params.get("prompt", "").split() == ["none"]) from None


def _validate_rest(params: Mapping[str, str], client: ClientPart, way: ReturnWay) -> AuthorizationRequest:
    for name in UNSUPPORTED:
        if name in params:
            raise ArgusOAuthError(f"{name}_not_supported")
    response_type = params.get("response_type")
    if response_type is None:
        raise ArgusOAuthError("invalid_request", "The parameter response_type is missing.")
    if response_type not in RESPONSE_TYPES:
        text = f"Only the response type {' or '.join(RESPONSE_TYPES)} is supported."
        raise ArgusOAuthError("unsupported_response_type", text)
    mode = params.get("response_mode", RESPONSE_MODES[0])
    if mode not in RESPONSE_MODES:
        text = f"Only the response mode {' or '.join(RESPONSE_MODES)} is supported."
        raise ArgusOAuthError("invalid_request", text)
    if not can_use(mode, way.redirect_uri):
        raise ArgusOAuthError("invalid_request", f"The response mode {mode} needs a redirect URI of https.")
    if "dpop_jkt" in params and not is_thumbprint(params["dpop_jkt"]):
        raise ArgusOAuthError("invalid_request", "The parameter dpop_jkt must be the thumbprint of a key.")
    prompts = frozenset(params.get("prompt", "").split())
    if not prompts <= set(PROMPTS) or ("none" in prompts and len(prompts) > 1):
        raise ArgusOAuthError("invalid_request", "The prompt is not known, or none is combined with another.")
    max_age = params.get("max_age")
    if max_age is not None and not SECONDS.fullmatch(max_age):
        raise ArgusOAuthError("invalid_request", "The parameter max_age must be a whole number of seconds.")
    subject = params.get(SUBJECT)
    if "id_token_hint" in params:
        try:
            subject = str(decode_hint(params["id_token_hint"])["sub"])
        except UnknownKeyError:
            # Who is meant cannot be told: whoever it is logs in, and a silent request says that.
            if "none" in prompts:
                raise ArgusOAuthError("login_required") from None
            prompts |= {"login"}
    asked = read_asked_of_login(params)
    if asked.subject is not None and subject not in (None, asked.subject):
        raise ArgusOAuthError("invalid_request", TWO_SUBJECTS)
    grant = _build_authlib_grant(params)
    return AuthorizationRequest(
        params=_write_anew(params, prompts, subject),
        client=client,
        grant=grant,
        way=way,
        scopes=tuple(grant.request.scope.split()),
        prompts=prompts,
        max_age=int(max_age) if max_age is not None else None,
        hinted_subject=subject if subject is not None else asked.subject,
        asked=asked,
    )


def _write_anew(params: Mapping[str, str], prompts: frozenset[str], subject: str | None) -> dict[str, str]:
    """Return the parameters as they wait for a login: of the hint the subject is enough, and an ID token is
    long, and not for addresses and rows.
    """
    kept = {name: value for name, value in params.items() if name not in ("id_token_hint", "prompt", SUBJECT)}
    if prompts:
        kept["prompt"] = " ".join(sorted(prompts))
    return kept | ({SUBJECT: subject} if subject is not None else {})


def must_log_in(request: AuthorizationRequest, caller: Caller | None, began_at: datetime) -> bool:
    """Tell whether a login is needed: nobody is logged in, ``prompt``, ``max_age``, another subject or a
    higher level requires it.

    ``began_at`` is when this request first arrived: a login after it satisfies ``prompt=login``. Raises
    ``ArgusOAuthError`` if the request insists on a level that this user does not reach.
    """
    if caller is None:
        return True
    logged_in_at = caller.login.authenticated_at
    if request.prompts & {"login", "select_account"} and logged_in_at < began_at:
        return True
    if request.max_age is not None:
        oldest = caller.question.now - timedelta(seconds=request.max_age)
        # max_age=0 requires a login after this request began, not an endless loop of logins.
        if logged_in_at < min(oldest, began_at):
            return True
    if request.hinted_subject is not None and request.hinted_subject != str(caller.user_id):
        return True
    return _must_log_in_more_strongly(request, caller, logged_in_at < began_at)


def _must_log_in_more_strongly(request: AuthorizationRequest, caller: Caller, is_earlier: bool) -> bool:
    """As ``must_log_in``, for the level: a login that this request brought about is not asked for again.

    Without insistence a level is a wish: who cannot fulfil it goes on, and so does a silent request.
    """
    asked = request.asked
    if asked.level is None or caller.login.security_level >= asked.level:
        return False
    may_ask = is_earlier and (asked.essential or "none" not in request.prompts)
    if may_ask and login_methods.list_second_factors(directory.get_user(caller.user_id)):
        return True
    if asked.essential:
        raise request.error("unmet_authentication_requirements")
    return False


def build_question(request: Asked, caller: Caller, consent: ActiveConsent | None) -> Question:
    """Build the question of leg AUTHORIZE: this user, this client, these scopes, current facts."""
    return replace(
        caller.question,
        leg=Leg.AUTHORIZE,
        client=facts.to_client_facts(request.client),
        grant=facts.to_grant_facts(consent),
        scopes=frozenset(request.scopes),
        credential=None,
    )


def _build_authlib_grant(params: Mapping[str, str]) -> ArgusAuthorizationCodeGrant:
    """Build Authlib's grant for these parameters and check PKCE and scopes. Raises ``OAuth2Error``."""
    protocol = ArgusRequest("GET", "/oauth/authorize", params)
    grant: ArgusAuthorizationCodeGrant = oauth_server().get_consent_grant(protocol)
    return grant


def answer_with_error(error: ArgusOAuthError) -> AuthorizationAnswer:
    """Build the answer that takes an error to the client, with ``iss`` and the exact ``state``."""
    if error.way is None:
        raise LookupError("this error goes to no application")
    return build_answer(error.way, error.get_body())
