"""``/password`` (contract 3.3-3.5): the API's login, proof of presence by password, and password changes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Literal

from flask import Response
from flask import g
from flask import request

from app import edge
from app.api import csrf
from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.auth import public
from app.api.authentication import PREFIX
from app.api.authentication import methods
from app.api.authentication.stepup import issue_authorization
from app.api.blueprint import blueprint
from app.api.domains import get_domain_id
from app.api.errors import build_error_response
from app.api.errors import list_field_errors
from app.models.directory import User
from app.policy import ways_in
from app.schemas.answers.infos import Nothing
from app.schemas.answers.sessions import AuthorizationShape
from app.schemas.answers.sessions import CredentialsShape
from app.schemas.answers.sessions import LoginShape
from app.schemas.answers.sessions import build_login_shape
from app.schemas.answers.stepup import PasswordStateShape
from app.schemas.answers.stepup import build_authorization_shape
from app.schemas.common import InDomain
from app.schemas.requests.logins import PasswordChange
from app.schemas.requests.logins import PasswordLogin
from app.schemas.requests.logins import PasswordTest
from app.schemas.requests.stepup import PasswordAuthorize
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.administration.visibility import get_other_user
from app.services.audit.trail import Actor
from app.services.guards import Guard
from app.services.login import password_change
from app.services.login import password_login
from app.services.login import reauthentication
from app.services.login import stepup_tokens
from app.services.login.common_passwords import is_common
from app.services.login.login_sessions import PASSWORD
from app.services.login.login_sessions import Proof
from app.services.login.password_login import LoginFailed
from app.services.login.stepup_operations import BY_IDENTIFIER
from app.services.login.stepup_operations import SET_PASSWORD
from app.services.login.stepup_operations import Evidence
from app.services.login.stepup_tokens import NotProven
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Unauthenticated
from app.services.tokens import device_text
from app.services.unit_of_work import run_in_transaction

REASONS = {
    "TOO_SHORT": "tooShort",
    "TOO_SIMPLE": "tooSimple",
    "PWNED_PASSWORD": "pwnedPassword",
    "HISTORIC_PASSWORD": "historicPassword",
    "WRONG": "wrongPassword",
}


class PasswordRefused(Invalid):
    """The old or the new password is not acceptable: 412, with the reason in the data too (contract 3.5)."""


@blueprint.errorhandler(PasswordRefused)
def _refused(problem: PasswordRefused) -> Response:
    first = problem.problems[0]
    data = {
        "reason": REASONS.get(first.code, "tooSimple"),
        "message": first.message,
        "breachCount": int(first.code == "PWNED_PASSWORD"),
    }
    return build_error_response(problem.status, *list_field_errors(problem), data=data)


@blueprint.post(f"{PREFIX}/password/authentication")
@public(answers=LoginShape, body=PasswordLogin, statuses=(200, 221))
def authenticate(body: PasswordLogin) -> Answer:
    """Log in by password: AuthenticationResponse and cookie; 401 for every cause; 221: change it first.

    Whoever has a second factor logs in by it: ``/totp/authentication`` or ``/signature/…``.
    """
    return _log_in(body)


@blueprint.post(f"{PREFIX}/password/authenticate")
@public(answers=CredentialsShape, body=PasswordLogin, statuses=(200, 221))
def authenticate_old(body: PasswordLogin) -> Answer:
    """Deprecated: as ``/password/authentication``, but returns the credentials only."""
    return keep_credentials_only(_log_in(body))


@blueprint.post(f"{PREFIX}/password/authorize")
@endpoint(answers=AuthorizationShape, body=PasswordAuthorize)
def authorize_by_password(caller: Caller, body: PasswordAuthorize) -> Answer:
    """Issue an authorization for one operation, in a login that was started by password."""
    reauthentication.require_method(caller, PASSWORD)
    return issue_authorization(
        caller, body, lambda: reauthentication.prove_by_password(caller, body.password)
    )


@blueprint.put(f"{PREFIX}/password")
@blueprint.put("/currentuser/v1/password")
@public(answers=Nothing, body=PasswordChange, step_up=SET_PASSWORD, way_in=ways_in.PASSWORD)
def change_password(body: PasswordChange, proof: Evidence) -> Answer:
    """Change the password; every login ends, this one too.

    With a reset by an administrator no login is needed. Otherwise the call needs the caller's own login (also
    one that may only change the password) and the old password or an authorization for ``password.set``.
    """
    if (proof.password is None) == (proof.authorization is None):
        problem = "Send oldPassword or authorization, one of the two."
        raise Invalid(FieldProblem("oldPassword", problem, "MISSING"))
    reset = stepup_tokens.find_reset_user(proof.authorization) if proof.authorization is not None else None
    try:
        if reset is not None:
            password_change.change_by_reset(reset, body.new_password, proof, edge.read_contact(request))
        else:
            password_change.change_by_owner(_require_login(), body.new_password, proof)
    except NotProven:
        raise
    except Invalid as problem:
        raise PasswordRefused(*problem.problems) from None
    return Answer(Nothing(), cookie="")


@blueprint.put(f"{PREFIX}/password/test")
@public(answers=PasswordStateShape, body=PasswordTest)
def test_password(body: PasswordTest) -> Answer:
    """Tell whether a password is a common one."""
    password_change.require_standing(_require_login())
    common = is_common(body.password)
    return Answer(PasswordStateShape(state="breached" if common else "ok", breach_count=int(common)))


@blueprint.put(f"{PREFIX}/user/<user>/password/reset")
@blueprint.put("/useradmin/v2/user/<user>/resetpassword")
@endpoint(answers=AuthorizationShape, query=InDomain, writes=True, way_in=ways_in.PASSWORD)
def reset_password(caller: Caller, user: str, query: InDomain) -> Answer:
    """Let the user choose a new password once, within a day, without a login, by an authorization."""
    found = get_other_user(
        caller, user, get_domain_id(query, caller), Guard.RESET_USER_PASSWORD, ways_in.PASSWORD
    )
    return Answer(build_authorization_shape(password_login.reset_password(found, caller.actor)))


def verify_password(body: PasswordLogin, proof: Proof) -> User:
    """Return the user with this name and password. Raises ``LoginFailed``, the same for every cause."""
    return password_login.verify_password(
        find_domain_id(body.domain), body.user_name, body.password, edge.read_contact(request), proof=proof
    )


def find_domain_id(name: str | None) -> int:
    """Return the id of the domain to log in to.
    An unknown domain costs and answers the same as an unknown user.
    """
    domain = directory.find_domain(name) if name is not None else directory.get_home_domain()
    return domain.id if domain is not None else 0


def begin_login(
    user: User,
    epoch: int,
    proof: Proof,
    password: str | None,
    asked: Collection[Literal["enrollPublicKey", "setPassword"]],
) -> Answer:
    """Start a login after a successful proof: returns the login, its cookie and additional authorizations.

    ``epoch`` is the user's session epoch at the time of the proof; a later "end everything" voids the proof.
    ``setPassword`` is granted only when the password must be changed, ``enrollPublicKey`` only otherwise.
    """
    contact = edge.read_contact(request)
    user_id, must_change = user.id, bool(user.force_password_change)
    wanted = [name for name in sorted(asked) if (name == "setPassword") == must_change]

    def work() -> tuple[str, LoginShape]:
        token = password_login.log_in(user_id, password, contact, proof=proof, epoch=epoch)
        owner = directory.get_user(user_id)
        actor = Actor(owner.id, owner.short_name, token.session_id.hex(), contact)
        granted = [
            build_authorization_shape(
                stepup_tokens.issue_token(owner, BY_IDENTIFIER[name], {}, actor, login_id=token.session_id)
            )
            for name in wanted
        ]
        return token.text, build_login_shape(token, contact.address, granted)

    try:
        text, shown = run_in_transaction(work)
    except LoginFailed:
        password_login.note_refusal(directory.get_user(user_id), "login_superseded", contact, proof)
        raise
    methods.remember_method(proof)
    device = device_text.add_device(contact.device, user_id, epoch)
    return Answer(shown, status=221 if must_change else 200, cookie=text, device=device)


def keep_credentials_only(answer: Answer) -> Answer:
    """Reduce a login's answer to its deprecated form."""
    shown = answer.data
    credentials = shown.credentials if isinstance(shown, LoginShape) else None
    return replace(answer, data=credentials)


def _log_in(body: PasswordLogin) -> Answer:
    user = verify_password(body, PASSWORD)
    epoch = user.session_epoch or 0
    return begin_login(user, epoch, PASSWORD, body.password, body.requested_authorizations or ())


def _require_login() -> Caller:
    """Return who is logged in, even if the login is refused because the password must be
    changed (rule 41).
    """
    try:
        credential = edge.find_credential(request)
    except edge.AmbiguousCredential:
        raise Unauthenticated from None
    caller = edge.identify_caller(request, credential) if credential is not None else None
    if credential is None or caller is None:
        raise Unauthenticated
    g.argus_caller = caller
    if credential.kind == "cookie":
        csrf.check_csrf(request, caller)
    return caller
