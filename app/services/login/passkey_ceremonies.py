"""Passkeys (WebAuthn): challenges, and the proof that one was used.

A challenge is for one purpose, lasts five minutes and is claimed once, before anything is judged. A request
for a login challenge is always answered, for known and unknown users, so that it reveals nothing.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from collections.abc import Sequence

from sqlalchemy import delete
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.directory import User
from app.models.webauthn import WebAuthnChallenge
from app.policy import names
from app.services.access.callers import Caller
from app.services.access.throttle import throttle
from app.services.contact import Contact
from app.services.login import passkey_assertions
from app.services.login import passkey_challenges
from app.services.login import passkey_rows
from app.services.login import password_login
from app.services.login.login_sessions import SIGNATURE
from app.services.login.passkey_assertions import Assertion
from app.services.login.passkey_challenges import LIFETIME
from app.services.login.passkey_challenges import PasskeyChallenge
from app.services.login.password_login import LoginFailed
from app.services.tokens.keyring import keyring
from app.services.unit_of_work import run_in_transaction

# Of one login: each page or call that asks for a signature adds one.
MOST_WAITING = 20
# ES256 and RS256 (RFC 9053, RFC 8812).
ALGORITHMS = (-7, -257)


class NotSigned(LoginFailed):
    """The assertion proves nothing; the audit row records the true reason."""


# --- challenges ------------------------------------------------------------------------------------------


def offer_challenge(purpose: str, caller: Caller) -> PasskeyChallenge:
    """Make a challenge for a logged-in user, to authorise or to enrol. Inside a unit of work."""
    keys = (
        [key.credential_id for key in passkey_rows.list_passkeys(caller.user_id)]
        if purpose == "authorize"
        else []
    )
    return _store_challenge(purpose, caller.user_id, caller.login_id, keys)


def offer_login_challenge(
    domain_id: int, name: str, password: str | None, contact: Contact
) -> PasskeyChallenge:
    """Make a login challenge. If a wrong password is sent with it, nobody can answer the challenge.

    Raises ``Throttled``. Writes no row but the refusal of a wrong password.
    """
    user: User | None
    if password is None:
        user = password_login.find_user_by_name(name, domain_id)
    else:
        try:
            user = password_login.verify_password(domain_id, name, password, contact, proof=SIGNATURE)
        except LoginFailed:
            return passkey_challenges.offer_computed(secrets.token_hex(), [_make_decoy(domain_id, name)])
    keys = [key.credential_id for key in passkey_rows.list_passkeys(user.id)] if user is not None else []
    return passkey_challenges.offer_computed(
        _bind_to_name(domain_id, name), keys or [_make_decoy(domain_id, name)]
    )


def _bind_to_name(domain_id: int, name: str) -> str:
    return f"api/{domain_id}/{names.fold_name(name)}"


def _store_challenge(
    purpose: str, user_id: int | None, login_id: bytes | None, keys: Sequence[bytes]
) -> PasskeyChallenge:
    now = clock.now()
    passkey_challenges.prune_challenges()
    row = WebAuthnChallenge(
        id=str(uuid.uuid4()),
        purpose=purpose,
        challenge=secrets.token_bytes(32),
        user_id=user_id,
        login_session_id=login_id,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    db.session.add(row)
    db.session.flush()
    newest = select(WebAuthnChallenge.id).where(WebAuthnChallenge.login_session_id == login_id)
    kept = newest.order_by(WebAuthnChallenge.created_at.desc(), WebAuthnChallenge.id).limit(MOST_WAITING)
    db.session.execute(
        delete(WebAuthnChallenge).where(
            WebAuthnChallenge.login_session_id == login_id, WebAuthnChallenge.id.not_in(kept)
        )
    )
    return PasskeyChallenge(row.id, row.challenge, keys)


def claim(challenge_id: str, purpose: str, user_id: int, login_id: bytes | None) -> bytes | None:
    """Claim a live challenge permanently by one conditional statement; returns its bytes."""
    now = clock.now()

    def work() -> bytes | None:
        claimed = db.session.execute(
            update(WebAuthnChallenge)
            .where(
                WebAuthnChallenge.id == challenge_id,
                WebAuthnChallenge.purpose == purpose,
                WebAuthnChallenge.user_id == user_id,
                WebAuthnChallenge.login_session_id == login_id
                if login_id is not None
                else WebAuthnChallenge.login_session_id.is_(None),
                WebAuthnChallenge.used_at.is_(None),
                WebAuthnChallenge.expires_at > now,
            )
            .values(used_at=now)
        )
        if not claimed.rowcount:  # type: ignore[attr-defined]
            return None
        row = db.session.get(WebAuthnChallenge, challenge_id, populate_existing=True)
        return row.challenge if row is not None else None

    return run_in_transaction(work)


def _make_decoy(domain_id: int, name: str) -> bytes:
    """Make the id of a passkey that does not exist: always the same for names that are compared alike.

    As the look-up compares them: otherwise it would reveal existing names. So would an id that changes with
    the order of the keys, because real ones do not.
    """
    key = keyring().derive("webauthn-decoy", keyring().eldest) or b""
    account = f"{domain_id}/{names.fold_name(name)}"
    return hmac.digest(key, account.encode("utf-8", "surrogatepass"), "sha256")


# --- proof -----------------------------------------------------------------------------------------------


def prove_login(domain_id: int, name: str, assertion: Assertion, contact: Contact) -> tuple[User, int]:
    """Return the user who signed, and the session epoch at that time.
    Raises ``LoginFailed``, ``Throttled``.
    """
    user = password_login.find_user_by_name(name, domain_id)
    epoch = user.session_epoch or 0 if user is not None else 0
    why = password_login.find_login_obstacle(user, SIGNATURE)
    if user is not None and why is None:
        why = _find_login_fault(assertion, _bind_to_name(domain_id, name), user.id, contact)
    if user is not None and why is None:
        return user, epoch
    throttle().count_refusal("signature", contact.address)
    password_login.note_refusal(user, why or "", contact, SIGNATURE)
    raise LoginFailed


def _find_login_fault(assertion: Assertion, bound_to: str, user_id: int, contact: Contact) -> str | None:
    challenge = passkey_challenges.find_computed(assertion.challenge_id, bound_to)
    if challenge is None:
        return "webauthn_challenge"
    why = passkey_assertions.find_assertion_fault(assertion, challenge, user_id, contact)
    if why is None and not passkey_challenges.claim_computed(assertion.challenge_id, challenge, user_id):
        return "webauthn_challenge"
    return why


def prove_presence(caller: Caller, assertion: Assertion) -> None:
    """Require a signature of the caller's own passkey. Raises ``NotSigned``."""
    why = _find_fault(assertion, "authorize", caller.user_id, caller.login_id, caller.contact)
    if why is not None:
        user = db.session.get_one(User, caller.user_id)
        password_login.note_refusal(user, why, caller.contact, SIGNATURE, "step-up")
        raise NotSigned


def _find_fault(
    assertion: Assertion, purpose: str, user_id: int, login_id: bytes | None, contact: Contact
) -> str | None:
    """Return why an assertion is invalid, for the audit row; if valid, record its use and return ``None``."""
    challenge = claim(assertion.challenge_id, purpose, user_id, login_id)
    if challenge is None:
        return "webauthn_challenge"
    return passkey_assertions.find_assertion_fault(assertion, challenge, user_id, contact)
