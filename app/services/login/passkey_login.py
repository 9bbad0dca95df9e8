"""Login in a browser by passkey, without a user name or after the password.

The challenge of a page is not stored: it is computed from an id that contains its time, and from the browser.
So a page that anybody can open writes no row (security rule 35). An answered challenge is stored until it
would have expired.
"""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import UTC
from datetime import datetime

from app import clock
from app.extensions import db
from app.models.webauthn import WebAuthnChallenge
from app.runtime import settings
from app.services.access.throttle import throttle
from app.services.contact import Contact
from app.services.login import passkey_assertions
from app.services.login import passkey_ceremonies
from app.services.login import passkey_rows
from app.services.login import password_login
from app.services.login.login_sessions import SIGNATURE
from app.services.login.passkey_assertions import Assertion
from app.services.login.passkey_ceremonies import LIFETIME
from app.services.login.passkey_ceremonies import PasskeyChallenge
from app.services.login.password_login import LoginFailed
from app.services.login.second_step import VerifiedUser
from app.services.problems import Conflict
from app.services.tokens.keyring import keyring
from app.services.unit_of_work import run_in_transaction

# Seconds since the epoch in eight hexadecimal digits, then 112 random bits; as long as stored ids.
ID = re.compile(r"[0-9a-f]{36}", re.ASCII)


def offer_challenge(browser: str) -> PasskeyChallenge:
    """Make a challenge for any user; ``browser`` identifies the browser it is for. Writes nothing."""
    challenge_id = f"{int(clock.now().timestamp()):08x}{secrets.token_hex(14)}"
    return PasskeyChallenge(challenge_id, _compute_challenge(challenge_id, browser))


def offer_after_password(who: VerifiedUser, browser: str) -> PasskeyChallenge:
    """Make a challenge for the passkeys of one user whose password was right. Writes nothing."""
    made = offer_challenge(browser)
    return PasskeyChallenge(
        made.id, made.challenge, [key.credential_id for key in passkey_rows.list_passkeys(who.user_id)]
    )


def prove_passkey(
    assertion: Assertion,
    handle: bytes | None,
    browser: str,
    contact: Contact,
    *,
    after: VerifiedUser | None = None,
) -> VerifiedUser:
    """Return the user who signed, and the session epoch at that time. Raises ``LoginFailed``, ``Throttled``.

    ``handle`` is the user as the authenticator names it; it is required if no user was named before (WebAuthn
    7.2, step 6). ``after`` is the first step: then the passkey must be that user's.
    """
    limit, account = settings().throttle_login_failures, f"passkey/{assertion.key_id.hex()}"
    throttle().check("login", limit, account, contact.address)
    user = passkey_rows.find_owner(assertion.key_id)
    who = VerifiedUser(user.id, user.session_epoch or 0) if user is not None else None
    why = password_login.find_login_obstacle(user, SIGNATURE) or _find_fault(
        assertion, handle, who, browser, contact, after
    )
    if who is not None and why is None:
        throttle().record_success("login", limit, account, contact.address)
        return who
    throttle().count_failure("login", limit, account, contact.address)
    password_login.note_refusal(user, why or "", contact, SIGNATURE)
    raise LoginFailed


def _find_fault(
    assertion: Assertion,
    handle: bytes | None,
    who: VerifiedUser | None,
    browser: str,
    contact: Contact,
    after: VerifiedUser | None,
) -> str | None:
    if who is None or (after is not None and who != after):
        return "webauthn_unknown_key"
    expected = passkey_rows.compute_handle(who.user_id)
    if handle != expected and not (handle is None and after is not None):
        return "webauthn_other_user"
    expires_at = _read_expiry(assertion.challenge_id)
    if expires_at is None or expires_at <= clock.now():
        return "webauthn_challenge"
    challenge = _compute_challenge(assertion.challenge_id, browser)
    why = passkey_assertions.find_assertion_fault(assertion, challenge, who.user_id, contact)
    if why is None and not _claim_first_use(assertion.challenge_id, challenge, who.user_id, expires_at):
        return "webauthn_challenge"
    return why


def _claim_first_use(challenge_id: str, challenge: bytes, user_id: int, expires_at: datetime) -> bool:
    """Claim an answered challenge. It had no row before, so inserting its row is the claim."""

    def work() -> bool:
        passkey_ceremonies.prune_challenges()
        if db.session.get(WebAuthnChallenge, challenge_id) is not None:
            return False
        db.session.add(
            WebAuthnChallenge(
                id=challenge_id,
                purpose="login",
                challenge=challenge,
                user_id=user_id,
                created_at=expires_at - LIFETIME,
                expires_at=expires_at,
                used_at=clock.now(),
            )
        )
        return True

    try:
        return run_in_transaction(work)
    except Conflict:
        return False


def _read_expiry(challenge_id: str) -> datetime | None:
    """Return when a challenge of this id expires; ``None`` for an id of the wrong form."""
    if not ID.fullmatch(challenge_id):
        return None
    return datetime.fromtimestamp(int(challenge_id[:8], 16), UTC) + LIFETIME


def _compute_challenge(challenge_id: str, browser: str) -> bytes:
    key = keyring().derive("passkey-login") or b""
    return hmac.digest(key, f"{challenge_id}/{browser}".encode(), "sha256")
