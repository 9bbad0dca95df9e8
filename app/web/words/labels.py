"""Words for the codes of the services: levels, methods, languages, events."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.models.audit import AuditEvent
from app.models.authority import Function
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.policy.facts import SecurityLevel
from app.policy.languages import CODES
from app.schemas.common import LEVEL_NAMES

METHODS: Mapping[str, str] = {
    "password": lazy_gettext("Password"),
    "totp": lazy_gettext("One-time code"),
    "signature": lazy_gettext("Passkey"),
    "apikey": lazy_gettext("API key"),
    "impersonated": lazy_gettext("On behalf of somebody"),
}
WAYS: Mapping[str, str] = {
    "password": lazy_gettext("password"),
    "totp": lazy_gettext("one-time code"),
    "signature": lazy_gettext("passkey"),
    "apikey": lazy_gettext("API key"),
}
# Audit actions, as the person concerned reads them; an action that is not here is shown by its code.
EVENTS: Mapping[str, str] = {
    "login": lazy_gettext("Login"),
    "logout": lazy_gettext("Session ended"),
    "logout-everywhere": lazy_gettext("Logged out everywhere"),
    "logout-not-told": lazy_gettext("Application not told of log-outs"),
    "authorize": lazy_gettext("Approval of an application"),
    "redeem": lazy_gettext("Application session began"),
    "refresh": lazy_gettext("Renewal of an application session"),
    "withdraw": lazy_gettext("Approval withdrawn"),
    "password-set": lazy_gettext("Password changed"),
    "password-reset": lazy_gettext("Password reset by an administrator"),
    "recovery": lazy_gettext("Link to a new password asked for"),
    "address-confirm": lazy_gettext("E-mail address confirmed"),
    "device-link": lazy_gettext("Link to log in from a browser asked for"),
    "device-known": lazy_gettext("Browser made known by a mailed link"),
    "codes-guessed": lazy_gettext("Several wrong codes in a day"),
    "step-up": lazy_gettext("Confirmed by password or code"),
    "user-add": lazy_gettext("User created"),
    "user-update": lazy_gettext("User changed"),
    "user-move": lazy_gettext("User moved"),
    "user-block": lazy_gettext("Blocked"),
    "user-unblock": lazy_gettext("Unblocked"),
    "user-delete": lazy_gettext("User deleted"),
    "user-reenable": lazy_gettext("User brought back"),
    "totp-initialize": lazy_gettext("One-time codes begun"),
    "totp-enrol": lazy_gettext("One-time codes set up"),
    "totp-remove": lazy_gettext("One-time codes taken away"),
    "webauthn-enrol": lazy_gettext("Passkey added"),
    "webauthn-revoke": lazy_gettext("Passkey removed"),
    "apikey-add": lazy_gettext("API key created"),
    "apikey-renew": lazy_gettext("API key renewed"),
    "apikey-revoke": lazy_gettext("API key revoked"),
    "method-enable": lazy_gettext("Way to log in switched on"),
    "method-disable": lazy_gettext("Way to log in switched off"),
    "permission-grant": lazy_gettext("Permission granted"),
    "permission-revoke": lazy_gettext("Permission revoked"),
    "client-add": lazy_gettext("Application registered"),
    "client-update": lazy_gettext("Application changed"),
    "client-delete": lazy_gettext("Application deleted"),
    "client-flag": lazy_gettext("Flag of an application changed"),
    "client-service-user": lazy_gettext("Service user of an application changed"),
    "client-credentials": lazy_gettext("Application session begun by key or login"),
    "group-add": lazy_gettext("Group created"),
    "group-update": lazy_gettext("Group changed"),
    "group-move": lazy_gettext("Group moved"),
    "group-delete": lazy_gettext("Group deleted"),
    "group-reenable": lazy_gettext("Group brought back"),
    "member-add": lazy_gettext("Members added to a group"),
    "member-remove": lazy_gettext("Members taken out of a group"),
    "function-add": lazy_gettext("Function created"),
    "function-update": lazy_gettext("Function changed"),
    "function-delete": lazy_gettext("Function deleted"),
    "function-child-add": lazy_gettext("Functions bundled"),
    "function-child-remove": lazy_gettext("Functions taken out of a bundle"),
    "customer-add": lazy_gettext("Customer created"),
    "customer-update": lazy_gettext("Customer changed"),
    "customer-move": lazy_gettext("Customer moved"),
    "customer-disable": lazy_gettext("Customer disabled"),
    "customer-reenable": lazy_gettext("Customer enabled"),
    "session-constrain": lazy_gettext("Limited session created"),
    "impersonation-begin": lazy_gettext("Session on behalf of somebody"),
    "introspect": lazy_gettext("Token looked into"),
    "revoke": lazy_gettext("Token revoked"),
    "push": lazy_gettext("Login announced by an application"),
    "proof": lazy_gettext("Application shows its key"),
    "device": lazy_gettext("Device begins a login"),
    "userinfo": lazy_gettext("Userinfo"),
    "init": lazy_gettext("Server set up"),
    "keys-rotate": lazy_gettext("Signing key replaced"),
    "sessions-end-all": lazy_gettext("Everybody's sessions ended"),
    "sessions-keep-all": lazy_gettext("Sessions of a copy kept"),
    "keys-reseal": lazy_gettext("Kept secrets encrypted anew"),
    "demo-add": lazy_gettext("Demo data added"),
    "client-authentication": lazy_gettext("Application says who it is"),
    "code-replayed": lazy_gettext("Code used a second time"),
    "code-of-another-client": lazy_gettext("Code of another application"),
    "refresh-repeated": lazy_gettext("Renewal repeated again and again"),
    "refresh-token-replayed": lazy_gettext("Old refresh token used again"),
    "refresh-token-of-another-client": lazy_gettext("Refresh token of another application"),
    "audit-begin": lazy_gettext("Sealing of the audit log begun"),
    "api": lazy_gettext("Call of the API"),
    "page": lazy_gettext("Opened a console page"),
}
# The first match decides: each browser also names the browsers it is compatible with.
BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
OUTCOMES: Mapping[str, str] = {
    "success": lazy_gettext("done"),
    "refused": lazy_gettext("refused"),
    "denied": lazy_gettext("denied by the user"),
    "alert": lazy_gettext("look at this"),
}

# The rules and moments of the decision, as explain names them.
RULES: Mapping[str, str] = {
    "client_enabled": lazy_gettext("The application"),
    "user_active": lazy_gettext("The account"),
    "credential_live": lazy_gettext("The key or token"),
    "login_session": lazy_gettext("The login"),
    "consent": lazy_gettext("The approval"),
    "client_address": lazy_gettext("The address"),
    "security_level": lazy_gettext("The strength of the login"),
    "required_function": lazy_gettext("The required function"),
    "customer_binding": lazy_gettext("The customer"),
    "right_asked": lazy_gettext("The function of the call"),
}
LEGS: Mapping[str, str] = {
    "api": lazy_gettext("The application calls the API"),
    "list": lazy_gettext("The user looks at the list of applications"),
    "authorize": lazy_gettext("The user opens the application"),
    "redeem": lazy_gettext("The application fetches its first tokens"),
    "refresh": lazy_gettext("The application renews its tokens"),
    "introspect": lazy_gettext("The application asks whether a token counts"),
    "userinfo": lazy_gettext("The application asks who the user is"),
}
VERDICTS: Mapping[str, str] = {
    "pass": lazy_gettext("in order"),
    "fail": lazy_gettext("refuses"),
    "notApplicable": lazy_gettext("does not apply"),
}


def register(app: Flask) -> None:
    """Give every template the words."""
    words = (
        label_level,
        list_level_options,
        label_language,
        label_method,
        describe_login,
        describe_browser,
        describe_event,
        label_event,
        list_event_options,
        label_outcome,
        label_rule,
        label_leg,
        list_leg_options,
        label_verdict,
        describe_function,
        describe_function_with_name,
    )

    @app.context_processor
    def _words() -> dict[str, object]:
        return {word.__name__: word for word in words}


def label_level(level: int) -> str:
    """Return the label of a security level, and how to reach it (design decision 17)."""
    return str(
        {
            SecurityLevel.EXTERNAL: _("external (an API key is enough)"),
            SecurityLevel.STANDARD: _("standard (password)"),
            SecurityLevel.ADMINISTRATIVE: _("administrative (second factor)"),
        }[SecurityLevel(level)]
    )


def list_level_options() -> list[tuple[str, str]]:
    """List the levels, as values of the API and as words."""
    return [(LEVEL_NAMES[level], label_level(level)) for level in SecurityLevel]


def label_language(name: str | None) -> str:
    """Return the label of a language of the contract (4.3)."""
    return str({"english": _("English"), "norwegian": _("Norwegian")}.get(name or "", ""))


def label_method(name: str) -> str:
    """Return the label of a login method."""
    return str(METHODS.get(name, name))


def label_way(name: str) -> str:
    """Return the label of a login method inside a sentence: by ..."""
    return str(WAYS.get(name, name))


def describe_ended_session(session: LoginSession | OAuthSession) -> str:
    """Say that a session has ended, and whose."""
    if isinstance(session, LoginSession):
        return str(_("The login of %(name)s has ended, with all under it.", name=session.user_name))
    return str(_("The application session of %(name)s has ended.", name=session.user_name))


def describe_login(login: LoginSession) -> str:
    """Say how a login began."""
    return str(_("Logged in: %(way)s", way=label_method(login.method)))


def describe_browser(user_agent: str | None) -> str:
    """Name browser and system if the user agent names them; else return it as it is."""
    text = user_agent or ""
    browser = next((name for mark, name in BROWSERS if mark in text), None)
    system = next((name for mark, name in SYSTEMS if mark in text), None)
    if browser is None:
        return text[:60] or str(_("unknown program"))
    return str(_("%(browser)s on %(system)s", browser=browser, system=system)) if system else browser


def describe_event(event: AuditEvent) -> str:
    """Say what happened, and whether it was refused."""
    what = label_event(event.action)
    return what if event.outcome == "success" else f"{what}: {label_outcome(event.outcome)}"


def label_event(action: str) -> str:
    """Say what happened, whatever the outcome."""
    return str(EVENTS.get(action, action))


def list_event_options() -> list[tuple[str, str]]:
    """List all events, by their words."""
    return sorted(((code, str(words)) for code, words in EVENTS.items()), key=lambda one: one[1].lower())


def label_outcome(outcome: str) -> str:
    """Return the label of an outcome."""
    return str(OUTCOMES.get(outcome, outcome))


def label_rule(rule: str) -> str:
    """Say what a rule of the decision checks."""
    return str(RULES.get(rule, rule))


def label_leg(leg: str) -> str:
    """Return the label of the moment of a decision."""
    return str(LEGS.get(leg, leg))


def list_leg_options() -> list[tuple[str, str]]:
    """List the moments, as values of the API and as words."""
    return [(leg, label_leg(leg)) for leg in LEGS]


def label_verdict(outcome: str) -> str:
    """Return the label of a rule's outcome."""
    return str(VERDICTS[outcome])


def describe_function(function: Function) -> str:
    """Return the description of a function, in the page's language if it has one; never just its name."""
    language = next((name for name, code in CODES.items() if code == str(get_locale())), "english")
    about = function.localized_descriptions.get(language) or function.description or ""
    return "" if about == function.name else about.rstrip(".")


def describe_function_with_name(function: Function) -> str:
    """Describe a function for a user: its purpose, then its name."""
    about = describe_function(function)
    return f"{about} ({function.name})" if about else function.name
