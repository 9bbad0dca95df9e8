"""Login in a browser by passkey, without a user name or after the password."""

from __future__ import annotations

from app.services.access.throttle import throttle
from app.services.contact import Contact
from app.services.login import passkey_assertions
from app.services.login import passkey_challenges
from app.services.login import passkey_rows
from app.services.login import password_login
from app.services.login.login_sessions import SIGNATURE
from app.services.login.passkey_assertions import Assertion
from app.services.login.passkey_challenges import PasskeyChallenge
from app.services.login.password_login import LoginFailed
from app.services.login.second_step import VerifiedUser


def offer_challenge(browser: str) -> PasskeyChallenge:
    """Make a challenge for any user; ``browser`` identifies the browser it is for. Writes nothing."""
    return passkey_challenges.offer_computed(browser)


def offer_after_password(who: VerifiedUser, browser: str) -> PasskeyChallenge:
    """Make a challenge for the passkeys of one user whose password was right. Writes nothing."""
    keys = [key.credential_id for key in passkey_rows.list_passkeys(who.user_id)]
    return passkey_challenges.offer_computed(browser, keys)


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
    user = passkey_rows.find_owner(assertion.key_id)
    who = VerifiedUser(user.id, user.session_epoch or 0) if user is not None else None
    why = password_login.find_login_obstacle(user, SIGNATURE) or _find_fault(
        assertion, handle, who, browser, contact, after
    )
    if who is not None and why is None:
        return who
    # Judged first: nobody guesses a signature, and its owner must not be stopped by those who try.
    throttle().count_refusal("signature", contact.address)
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
    challenge = passkey_challenges.find_computed(assertion.challenge_id, browser)
    if challenge is None:
        return "webauthn_challenge"
    why = passkey_assertions.find_assertion_fault(assertion, challenge, who.user_id, contact)
    if why is None and not passkey_challenges.claim_computed(assertion.challenge_id, challenge, who.user_id):
        return "webauthn_challenge"
    return why
