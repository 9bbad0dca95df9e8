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
from app.api.authentication.password import domain_id
from app.api.authentication.stepup import authorized
from app.api.blueprint import blueprint
from app.api.domains import asked_domain
from app.schemas.answers.sessions import AuthorizationShape
from app.schemas.answers.sessions import LoginShape
from app.schemas.answers.webauthn import AdminPasskeysShape
from app.schemas.answers.webauthn import ChallengeShape
from app.schemas.answers.webauthn import EnrolOptionsShape
from app.schemas.answers.webauthn import KeyNumberShape
from app.schemas.answers.webauthn import PasskeysShape
from app.schemas.answers.webauthn import RevokedShape
from app.schemas.answers.webauthn import admin_passkey_shown
from app.schemas.answers.webauthn import offer_shown
from app.schemas.answers.webauthn import options_shown
from app.schemas.answers.webauthn import passkey_shown
from app.schemas.answers.webauthn import revoked_shown
from app.schemas.common import InDomain
from app.schemas.common import Named
from app.schemas.requests.webauthn import ChallengeQuery
from app.schemas.requests.webauthn import ChallengeRequest
from app.schemas.requests.webauthn import WebAuthnAuthorize
from app.schemas.requests.webauthn import WebAuthnEnrol
from app.schemas.requests.webauthn import WebAuthnLogin
from app.schemas.searching import Paged
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.administration import visibility
from app.services.administration.visibility import other_user
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
@public(answers=ChallengeShape, body=ChallengeRequest)
def challenge_to_log_in(body: ChallengeRequest) -> Answer:
    """Create a challenge to log in with. Users without a passkey or with a wrong password get one too."""
    contact = edge.contact(request)
    offer = passkey_ceremonies.offer_login(domain_id(body.domain), body.user_name, body.password, contact)
    return Answer(offer_shown(offer))


@blueprint.get(f"{PATH}/webauthn/authentication")
@public(answers=ChallengeShape, query=ChallengeQuery)
def challenge_to_log_in_old(query: ChallengeQuery) -> Answer:
    """Deprecated: as ``/webauthn/authentication/challenge``, without a password."""
    contact = edge.contact(request)
    offer = passkey_ceremonies.offer_login(domain_id(query.domain), query.user_name, None, contact)
    return Answer(offer_shown(offer))


@blueprint.post(f"{PATH}/webauthn/authentication")
@public(answers=LoginShape, body=WebAuthnLogin, statuses=(200, 221))
def authenticate_by_passkey(body: WebAuthnLogin) -> Answer:
    """Log in by passkey; 401 for every cause."""
    contact = edge.contact(request)
    user, epoch = passkey_ceremonies.prove_login(
        domain_id(body.domain), body.user_name, body.assertion, contact
    )
    return begin_login(user, epoch, SIGNATURE, None, body.requested_authorizations or ())


@blueprint.get(f"{PATH}/webauthn/authorize")
@endpoint(answers=ChallengeShape, writes=True)
def challenge_to_authorize(caller: Caller) -> Answer:
    """Create a challenge to authorise an operation."""
    reauthentication.begun_by(caller, SIGNATURE)
    return Answer(offer_shown(passkey_ceremonies.offer("authorize", caller)))


@blueprint.post(f"{PATH}/webauthn/authorize")
@endpoint(answers=AuthorizationShape, body=WebAuthnAuthorize)
def authorize_by_passkey(caller: Caller, body: WebAuthnAuthorize) -> Answer:
    """Issue an authorization for one operation, in a login that was started by passkey."""
    reauthentication.begun_by(caller, SIGNATURE)
    reauthentication.by_passkey(caller, body.assertion)
    return authorized(caller, body)


@blueprint.post(f"{PATH}/webauthn/enroll/challenge")
@blueprint.get(f"{PATH}/webauthn/enroll")
@endpoint(answers=EnrolOptionsShape, writes=True)
def options_to_enrol(caller: Caller) -> Answer:
    """Return the options from which a browser creates a new passkey."""
    reauthentication.strong_enough(caller)
    return Answer(
        options_shown(passkey_ceremonies.offer("enrol", caller), directory.user_by_id(caller.user_id))
    )


@blueprint.post(f"{PATH}/webauthn/enroll")
@endpoint(answers=KeyNumberShape, body=WebAuthnEnrol, statuses=(201,), step_up=ENROL_PASSKEY)
def enrol(caller: Caller, body: WebAuthnEnrol) -> Work:
    """Enrol a new passkey. A user with a second factor must have used it in this login."""
    reauthentication.strong_enough(caller)
    add = passkey_enrolment.prepare(caller, body.authorization, body.attestation)
    return lambda now: Answer(KeyNumberShape(key_id=add(now).id), status=201)


@blueprint.get(PATH)
@endpoint(answers=PasskeysShape, query=Paged)
def list_passkeys(caller: Caller, query: Paged) -> Answer:
    """List the caller's own passkeys."""
    reauthentication.personal(caller)
    found = passkey_rows.page_of(caller.user_id, query.page)
    shown = PasskeysShape(keys=[passkey_shown(key) for key in found.rows])
    return Answer(shown, limit=found.page.limit, offset=found.page.offset, count=found.count)


@blueprint.delete(f"{PATH}/<int:key_id>")
@endpoint(answers=RevokedShape, writes=True)
def remove_passkey(caller: Caller, key_id: int) -> Answer:
    """Remove a passkey. Requires a login by a second factor."""
    reauthentication.strong_enough(caller)
    user = directory.user_by_id(caller.user_id)
    return Answer(revoked_shown(passkey_rows.revoke(user, key_id, caller.actor)))


@blueprint.get(f"{PREFIX}/user/<user>/signature")
@endpoint(answers=AdminPasskeysShape, query=KeysQuery)
def passkeys_of_user(caller: Caller, user: str, query: KeysQuery) -> Answer:
    """List the passkeys of a user."""
    reauthentication.personal(caller)
    owner = visibility.visible_user(
        caller, user, directory.domain_or_missing(query.domain, caller.domain_id).id
    )
    caller.needs(Guard.ADMINISTRATIVE_SIGNATURE, owner.customer_id)
    found = passkey_rows.page_of(owner.id, query.page)
    shown = AdminPasskeysShape(keys=[admin_passkey_shown(key) for key in found.rows])
    return Answer(shown, limit=found.page.limit, offset=found.page.offset, count=found.count)


@blueprint.delete(f"{PREFIX}/user/<user>/signature/<int:key_id>")
@endpoint(answers=RevokedShape, query=InDomain, writes=True)
def remove_passkey_of_user(caller: Caller, user: str, key_id: int, query: InDomain) -> Answer:
    """Remove a passkey of another user."""
    found = other_user(caller, user, asked_domain(query, caller), Guard.ADMINISTRATIVE_SIGNATURE)
    return Answer(revoked_shown(passkey_rows.revoke(found, key_id, caller.actor)))
