"""``/signature`` (contract 3.8): enrol passkeys, log in with them, remove them."""

from __future__ import annotations

from flask import request

from app import edge
from app.api.auth import Answer
from app.api.auth import Work
from app.api.auth import endpoint
from app.api.auth import public
from app.api.authentication import PREFIX
from app.api.authentication.password import begin_login
from app.api.authentication.password import find_domain_id
from app.api.authentication.stepup import issue_authorization
from app.api.blueprint import blueprint
from app.api.domains import get_domain_id
from app.policy.ways_in import FACTOR
from app.schemas.answers.sessions import AuthorizationShape
from app.schemas.answers.sessions import LoginShape
from app.schemas.answers.webauthn import AdminPasskeysShape
from app.schemas.answers.webauthn import EnrolOptionsShape
from app.schemas.answers.webauthn import KeyNumberShape
from app.schemas.answers.webauthn import PasskeyChallengeShape
from app.schemas.answers.webauthn import PasskeysShape
from app.schemas.answers.webauthn import RevokedShape
from app.schemas.answers.webauthn import build_admin_passkey_shape
from app.schemas.answers.webauthn import build_challenge_shape
from app.schemas.answers.webauthn import build_enrol_options_shape
from app.schemas.answers.webauthn import build_passkey_shape
from app.schemas.answers.webauthn import build_revoked_shape
from app.schemas.common import InDomain
from app.schemas.requests.webauthn import ChallengeQuery
from app.schemas.requests.webauthn import ChallengeRequest
from app.schemas.requests.webauthn import WebAuthnAuthorize
from app.schemas.requests.webauthn import WebAuthnEnrol
from app.schemas.requests.webauthn import WebAuthnLogin
from app.schemas.searching import Paged
from app.schemas.texts import Named
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.administration import visibility
from app.services.administration.own_data import Own
from app.services.administration.visibility import get_other_user
from app.services.guards import Guard
from app.services.login import passkey_ceremonies
from app.services.login import passkey_enrolment
from app.services.login import passkey_rows
from app.services.login import reauthentication
from app.services.login.login_sessions import SIGNATURE
from app.services.login.stepup_operations import ENROL_PASSKEY

PATH = f"{PREFIX}/signature"


class KeysQuery(Paged):
    """Query: pages of one user's passkeys."""

    domain: Named | None = None


@blueprint.post(f"{PATH}/webauthn/authentication/challenge")
@public(answers=PasskeyChallengeShape, body=ChallengeRequest)
def challenge_to_log_in(body: ChallengeRequest) -> Answer:
    """Create a challenge to log in with. Users without a passkey or with a wrong password get one too."""
    contact = edge.read_contact(request)
    offer = passkey_ceremonies.offer_login_challenge(
        find_domain_id(body.domain), body.user_name, body.password, contact
    )
    return Answer(build_challenge_shape(offer))


@blueprint.get(f"{PATH}/webauthn/authentication")
@public(answers=PasskeyChallengeShape, query=ChallengeQuery)
def challenge_to_log_in_old(query: ChallengeQuery) -> Answer:
    """Deprecated: as ``/webauthn/authentication/challenge``, without a password."""
    contact = edge.read_contact(request)
    offer = passkey_ceremonies.offer_login_challenge(
        find_domain_id(query.domain), query.user_name, None, contact
    )
    return Answer(build_challenge_shape(offer))


@blueprint.post(f"{PATH}/webauthn/authentication")
@public(answers=LoginShape, body=WebAuthnLogin, statuses=(200, 221))
def authenticate_by_passkey(body: WebAuthnLogin) -> Answer:
    """Log in by passkey; 401 for every cause."""
    contact = edge.read_contact(request)
    user, epoch = passkey_ceremonies.prove_login(
        find_domain_id(body.domain), body.user_name, body.assertion, contact
    )
    return begin_login(user, epoch, SIGNATURE, None, body.requested_authorizations or ())


@blueprint.get(f"{PATH}/webauthn/authorize")
@endpoint(answers=PasskeyChallengeShape, writes=True)
def challenge_to_authorize(caller: Caller) -> Answer:
    """Create a challenge to authorise an operation."""
    reauthentication.require_method(caller, SIGNATURE)
    return Answer(build_challenge_shape(passkey_ceremonies.offer_challenge("authorize", caller)))


@blueprint.post(f"{PATH}/webauthn/authorize")
@endpoint(answers=AuthorizationShape, body=WebAuthnAuthorize)
def authorize_by_passkey(caller: Caller, body: WebAuthnAuthorize) -> Answer:
    """Issue an authorization for one operation, in a login that was started by passkey."""
    reauthentication.require_method(caller, SIGNATURE)
    return issue_authorization(
        caller, body, lambda: reauthentication.prove_by_passkey(caller, body.assertion)
    )


@blueprint.post(f"{PATH}/webauthn/enroll/challenge")
@blueprint.get(f"{PATH}/webauthn/enroll")
@endpoint(answers=EnrolOptionsShape, writes=True)
def options_to_enrol(caller: Caller) -> Answer:
    """Return the options from which a browser creates a new passkey."""
    reauthentication.require_strong_login(caller)
    return Answer(
        build_enrol_options_shape(
            passkey_ceremonies.offer_challenge("enrol", caller), directory.get_user(caller.user_id)
        )
    )


@blueprint.post(f"{PATH}/webauthn/enroll")
@endpoint(answers=KeyNumberShape, body=WebAuthnEnrol, statuses=(201,), step_up=ENROL_PASSKEY, way_in=FACTOR)
def enrol(caller: Caller, body: WebAuthnEnrol) -> Work:
    """Enrol a new passkey. A user with a second factor must have used it in this login."""
    reauthentication.require_strong_login(caller)
    add = passkey_enrolment.prepare_enrolment(caller, body.authorization, body.attestation)
    return lambda now: Answer(KeyNumberShape(key_id=add(now).id), status=201)


@blueprint.get(PATH)
@endpoint(answers=PasskeysShape, query=Paged, own=Own.CREDENTIALS)
def list_passkeys(caller: Caller, query: Paged) -> Answer:
    """List the caller's own passkeys."""
    found = passkey_rows.list_passkey_page(caller.user_id, query.page)
    shown = PasskeysShape(keys=[build_passkey_shape(key) for key in found.rows])
    return Answer(shown, limit=found.page.limit, offset=found.page.offset, count=found.count)


@blueprint.delete(f"{PATH}/<int:key_id>")
@endpoint(answers=RevokedShape, writes=True, way_in=FACTOR)
def remove_passkey(caller: Caller, key_id: int) -> Answer:
    """Remove a passkey. Requires a login by a second factor."""
    reauthentication.require_strong_login(caller)
    user = directory.get_user(caller.user_id)
    return Answer(build_revoked_shape(passkey_rows.revoke_passkey(user, key_id, caller.actor)))


@blueprint.get(f"{PREFIX}/user/<user>/signature")
@endpoint(answers=AdminPasskeysShape, query=KeysQuery)
def passkeys_of_user(caller: Caller, user: str, query: KeysQuery) -> Answer:
    """List the passkeys of a user."""
    reauthentication.require_personal(caller)
    owner = visibility.get_visible_user(caller, user, directory.get_domain(query.domain, caller.domain_id).id)
    caller.require(Guard.ADMINISTRATIVE_SIGNATURE, owner.customer_id)
    found = passkey_rows.list_passkey_page(owner.id, query.page)
    shown = AdminPasskeysShape(keys=[build_admin_passkey_shape(key) for key in found.rows])
    return Answer(shown, limit=found.page.limit, offset=found.page.offset, count=found.count)


@blueprint.delete(f"{PREFIX}/user/<user>/signature/<int:key_id>")
@endpoint(answers=RevokedShape, query=InDomain, writes=True, way_in=FACTOR)
def remove_passkey_of_user(caller: Caller, user: str, key_id: int, query: InDomain) -> Answer:
    """Remove a passkey of another user."""
    found = get_other_user(caller, user, get_domain_id(query, caller), Guard.ADMINISTRATIVE_SIGNATURE, FACTOR)
    return Answer(build_revoked_shape(passkey_rows.revoke_passkey(found, key_id, caller.actor)))
