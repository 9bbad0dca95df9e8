"""The catalogue of reasons: the only place where a sentence about a decision is written.

Each reason has five forms: the page (``public``), the OAuth error (``oauth_error``, ``oauth_text``), the API
error (``public`` with the code as ``messageTemplate``, ``status``), the audit row (code and evidence) and
explain (``private``). A released code is never renamed. ``answers`` picks the sentence and fills it in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """``oauth_error`` is the token endpoint's code (RFC 6749 5.2), ``status`` the API's for a bearer or key.

    ``oauth_text`` is ASCII without quote and backslash (RFC 6749 5.2). ``public`` takes a finding's
    ``told``, ``private`` its ``evidence``.
    """

    code: str
    public: str
    private: str
    oauth_text: str
    oauth_error: str = "invalid_grant"
    status: int = 401


def _build_catalogue(*reasons: Reason) -> Mapping[str, Reason]:
    return {reason.code: reason for reason in reasons}


# Used instead of a customer's name that the person may not be told (design decision 13).
UNNAMED_CUSTOMER = "the customer this application belongs to"
_SIGN_IN = "Log in and approve the application again."

REASONS: Mapping[str, Reason] = _build_catalogue(
    Reason(
        "client_deleted",
        "This application is no longer registered.",
        "The client has been deleted.",
        "Client authentication failed.",
        "invalid_client",
    ),
    Reason(
        "user_deleted",
        "This account no longer exists.",
        "The user has been deleted.",
        "The account is not active.",
    ),
    Reason(
        "user_blocked",
        "This account is blocked. Ask your administrator to unblock it.",
        "The user is blocked.",
        "The account is not active.",
    ),
    Reason(
        "user_customer_disabled",
        "The customer this account belongs to is disabled. Ask your administrator.",
        "The user's customer, or one above it, is disabled.",
        "The account is not active.",
    ),
    Reason(
        "credential_missing",
        "Log in, or send a token or an API key.",
        "No credential was presented.",
        "A credential is required.",
    ),
    Reason(
        "credential_ended",
        "This session or key has been ended.",
        "The {kind} has been ended or revoked.",
        "The token has been revoked.",
    ),
    Reason(
        "credential_spent",
        "This code or token has been used already.",
        "The {kind} has been used already.",
        "The code or token has been used already.",
    ),
    Reason(
        "credential_expired",
        "This session, token or key has expired.",
        "The {kind} expired at {since}.",
        "The token has expired.",
    ),
    Reason(
        "proof_missing",
        "This token is bound to a key: send it as DPoP, with a proof.",
        "The token is bound to a key, and no proof came with it.",
        "The token is bound to a key: send it as DPoP, with a proof.",
    ),
    Reason(
        "proof_not_wanted",
        "This token is not bound to a key: send it as Bearer.",
        "The token is bound to no key, and was sent as DPoP.",
        "The token is not bound to a key: send it as Bearer.",
    ),
    Reason(
        "proof_wrong",
        "The DPoP proof is not right for this call.",
        "The proof that came with the token is not right for the call.",
        "The DPoP proof is not right for this call.",
    ),
    Reason(
        "proof_replayed",
        "The DPoP proof was used before. Make one for each call.",
        "The proof that came with the token was used before.",
        "The DPoP proof was used before.",
    ),
    Reason(
        "login_ended",
        "You have been logged out. " + _SIGN_IN,
        "The login session has been ended.",
        "The user has logged out.",
    ),
    Reason(
        "login_superseded",
        "Your login was ended by a change to your account. " + _SIGN_IN,
        "The password changed, the user was blocked or logged out everywhere after this login.",
        "The user has logged out.",
    ),
    Reason(
        "impersonation_ended",
        "This session acts for somebody else, which is not allowed any more. " + _SIGN_IN,
        "{impersonator} may not act as this user any more.",
        "The user has logged out.",
    ),
    Reason(
        "key_outgrown",
        "This API key was made by somebody who may do less than you. Make one yourself.",
        "{maker}, who made this API key, does not hold all that its owner holds now.",
        "The user has logged out.",
    ),
    Reason(
        "login_expired",
        "Your login has reached its end. " + _SIGN_IN,
        "The login session reached its absolute end at {since}.",
        "The login has expired.",
    ),
    Reason(
        "login_idle",
        "You have been away for a while. Log in again.",
        "The login session has been idle since {since}.",
        "The login has expired.",
    ),
    Reason(
        "password_change_required",
        "You must change your password before you can go on.",
        "The user must change the password first.",
        "The user must change the password first.",
    ),
    Reason(
        "consent_missing",
        "You have not approved this application. " + _SIGN_IN,
        "There is no consent of this user for this client.",
        "The user has not approved this client.",
    ),
    Reason(
        "consent_withdrawn",
        "You withdrew your approval of this application. " + _SIGN_IN,
        "The user withdrew the consent.",
        "The user has withdrawn the approval.",
    ),
    Reason(
        "consent_outgrown",
        "The application may do more than you approved. " + _SIGN_IN,
        "The application's permission scope {scope} is no longer what was approved, or a part of it.",
        "The client must be approved again.",
    ),
    Reason(
        "consent_scopes",
        "The application asks for more than you approved. " + _SIGN_IN,
        "The consent does not cover the scopes {scopes}.",
        "The client must be approved again.",
    ),
    Reason(
        "address_unknown",
        "The address of this call is unknown.",
        "The client address is unknown, or a forwarding header is malformed.",
        "Client authentication failed.",
        "invalid_client",
    ),
    Reason(
        "address_no_range",
        "This client may not call from anywhere: no address range is registered.",
        "No client IP range is stored.",
        "Client authentication failed.",
        "invalid_client",
    ),
    Reason(
        "address_outside",
        "This client may not call from this address.",
        "The address {address} is outside the range {range}.",
        "Client authentication failed.",
        "invalid_client",
    ),
    Reason(
        "user_address_changed",
        "This session may only be used from the address it began at.",
        "The session is used for a user at {address} and was made for one at {bound}.",
        "Client authentication failed.",
        "invalid_client",
    ),
    Reason(
        "level_too_low",
        "This application needs a stronger login. Log in with a second factor.",
        "The login has security level {level}, the required function needs {needed}.",
        "The login is not strong enough.",
    ),
    Reason(
        "function_unknown",
        "The function this application requires does not exist. Ask the application's administrator.",
        "The application's required function does not exist.",
        "The user does not have access to this client.",
    ),
    Reason(
        "function_not_held",
        "You do not hold the function {function}, which this application requires.",
        "{user} does not hold {function} for any customer of the application's domain.",
        "The user does not have access to this client.",
    ),
    Reason(
        "not_held_for_customer",
        "This application requires the function {function} for {customer}, and you do not hold it there.",
        "{user} does not hold {function} for {customer}.",
        "The user does not have access to this client.",
    ),
    Reason(
        "right_unknown",
        "The function {function} does not exist.",
        "The function {function} does not exist.",
        "The function is not known.",
        status=403,
    ),
    Reason(
        "right_not_held",
        "This needs the function {function}, which you do not hold.",
        "{user} does not hold {function} for any customer.",
        "The session lacks a needed function.",
        status=403,
    ),
    Reason(
        "right_not_held_for_customer",
        "This needs the function {function} for a customer for which you do not hold it.",
        "{user} holds {function}, but not for this customer.",
        "The session lacks a needed function.",
        status=403,
    ),
    Reason(
        "right_outside_client",
        "This needs the function {function}, which is outside what this application may do.",
        "{function} is outside the application's permission scope or its bound customer.",
        "The session lacks a needed function.",
        status=403,
    ),
    Reason(
        "right_constrained",
        "This needs the function {function}, which this session or key is constrained not to use.",
        "{function} is outside the constraints of the session or key.",
        "The session lacks a needed function.",
        status=403,
    ),
    Reason(
        "right_above_level",
        "This needs the function {function}, which needs a stronger login than this session has.",
        "{function} needs a higher security level than this session has.",
        "The session lacks a needed function.",
        status=403,
    ),
)

# What explain says about a rule that does not refuse.
PASSED: Mapping[str, str] = {
    "client_enabled": "The application is registered.",
    "user_active": "The user is active.",
    "credential_live": "The credential is live.",
    "login_session": "The login stands.",
    "consent": "The user's consent is valid and covers the request.",
    "client_address": "The address is inside the range.",
    "security_level": "The login is strong enough for the required function.",
    "required_function": "The user holds the required function.",
    "customer_binding": "The user holds the required function for the application's customer.",
    "right_asked": "The requested function is among the effective rights.",
}
NOT_APPLICABLE = "This check does not apply here."
