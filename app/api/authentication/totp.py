"""``/totp`` (contract 3.3, 3.4, 3.6): set up one-time codes, log in with them, remove them."""

from __future__ import annotations

from flask import request

from app import edge
from app.api.auth import Answer
from app.api.auth import Work
from app.api.auth import endpoint
from app.api.auth import public
from app.api.authentication import PREFIX
from app.api.authentication.password import begin_login
from app.api.authentication.password import keep_credentials_only
from app.api.authentication.password import verify_password
from app.api.authentication.stepup import issue_authorization
from app.api.blueprint import blueprint
from app.api.domains import get_domain_id
from app.policy.ways_in import FACTOR
from app.schemas.answers.infos import Nothing
from app.schemas.answers.sessions import AuthorizationShape
from app.schemas.answers.sessions import CredentialsShape
from app.schemas.answers.sessions import LoginShape
from app.schemas.answers.totp import ChallengeShape
from app.schemas.answers.totp import MessageShape
from app.schemas.answers.totp import SeedShape
from app.schemas.answers.totp import build_seed_shape
from app.schemas.common import InDomain
from app.schemas.requests.logins import TOTPLogin
from app.schemas.requests.stepup import Presence
from app.schemas.requests.stepup import TOTPAuthorize
from app.schemas.requests.totp import VerifyTOTP
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.administration.visibility import get_other_user
from app.services.guards import Guard
from app.services.login import reauthentication
from app.services.login import totp
from app.services.login.login_sessions import TOTP
from app.services.login.stepup_operations import INITIALIZE_TOTP
from app.services.login.totp import CodeReused


@blueprint.post(f"{PREFIX}/totp/authentication")
@public(answers=LoginShape, body=TOTPLogin, statuses=(200, 221), also={206: ChallengeShape})
def authenticate_by_code(body: TOTPLogin) -> Answer:
    """Log in by password and code; 401 for every cause; 206 with a challenge if the code was used before."""
    return _log_in(body)


@blueprint.post(f"{PREFIX}/totp/authenticate")
@public(answers=CredentialsShape, body=TOTPLogin, statuses=(200, 221), also={206: ChallengeShape})
def authenticate_by_code_old(body: TOTPLogin) -> Answer:
    """Deprecated: as ``/totp/authentication``, but returns the credentials only."""
    answer = _log_in(body)
    return answer if answer.status == 206 else keep_credentials_only(answer)


@blueprint.post(f"{PREFIX}/totp/authorize")
@endpoint(answers=AuthorizationShape, body=TOTPAuthorize)
def authorize_by_code(caller: Caller, body: TOTPAuthorize) -> Answer:
    """Issue an authorization for one operation, in a login that was started by password and code."""
    reauthentication.require_method(caller, TOTP)
    return issue_authorization(caller, body, lambda: reauthentication.prove_by_code(caller, body.token_code))


@blueprint.post(f"{PREFIX}/totp")
@endpoint(answers=SeedShape, body=Presence, step_up=INITIALIZE_TOTP, way_in=FACTOR)
def initialize_totp(caller: Caller, body: Presence) -> Work:  # noqa: ARG001 - the endpoint reads it
    """Create a pending generator. A user with a second factor must have used it in this login."""
    reauthentication.require_strong_login(caller)

    def work(now: Caller) -> Answer:
        user = directory.get_user(now.user_id)
        return Answer(build_seed_shape(totp.initialize_generator(user, now.actor), user))

    return work


@blueprint.put(f"{PREFIX}/totp")
@endpoint(answers=MessageShape, body=VerifyTOTP, way_in=FACTOR)
def verify_totp(caller: Caller, body: VerifyTOTP) -> Answer:
    """Activate the pending generator by its first code."""
    reauthentication.require_strong_login(caller)
    user = directory.get_user(caller.user_id)
    totp.activate_generator(user, body.cookie, body.verification_code, caller.actor)
    return Answer(MessageShape(message="One-time codes are set up."))


@blueprint.delete(f"{PREFIX}/totp")
@endpoint(answers=Nothing, writes=True, way_in=FACTOR)
def remove_totp(caller: Caller) -> Answer:
    """Remove one-time codes. Requires a login by a second factor."""
    reauthentication.require_strong_login(caller)
    totp.remove_generator(directory.get_user(caller.user_id), caller.actor)
    return Answer(Nothing())


@blueprint.post(f"{PREFIX}/user/<user>/totp")
@endpoint(answers=SeedShape, query=InDomain, writes=True, way_in=FACTOR)
def install_totp_for_user(caller: Caller, user: str, query: InDomain) -> Answer:
    """Create a generator for another user. It is active at once and replaces the previous one."""
    found = get_other_user(caller, user, get_domain_id(query, caller), Guard.ADMINISTRATIVE_TOTP, FACTOR)
    return Answer(build_seed_shape(totp.install_generator(found, caller.actor), found))


@blueprint.delete(f"{PREFIX}/user/<user>/totp")
@endpoint(answers=Nothing, query=InDomain, writes=True, way_in=FACTOR)
def remove_totp_of_user(caller: Caller, user: str, query: InDomain) -> Answer:
    """Remove the one-time codes of another user."""
    found = get_other_user(caller, user, get_domain_id(query, caller), Guard.ADMINISTRATIVE_TOTP, FACTOR)
    totp.remove_generator(found, caller.actor)
    return Answer(Nothing())


def _log_in(body: TOTPLogin) -> Answer:
    user = verify_password(body, TOTP)
    epoch = user.session_epoch or 0
    try:
        totp.spend_code(user, body.token_code, edge.read_contact(request))
    except CodeReused:
        challenge = ChallengeShape(
            authentication_method="TOTP",
            username=user.short_name,
            message=reauthentication.REUSED,
            failed=True,
        )
        return Answer(challenge, status=206)
    return begin_login(user, epoch, TOTP, body.password, body.requested_authorizations or ())
