"""Common parts of all browser logins: for whom, from where, and where they lead."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import flash
from flask import redirect
from flask import request
from flask import session
from flask import url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from app import cookies
from app import edge
from app.oauth import authorize
from app.oauth.claims_parameter import read_asked_of_login
from app.oauth.errors import ArgusOAuthError
from app.policy import redirects
from app.policy.facts import SecurityLevel
from app.services.access import directory
from app.services.login import password_login
from app.services.login.login_sessions import Proof
from app.services.login.password_login import LoginFailed
from app.services.login.second_step import VerifiedUser
from app.services.tokens import device_text
from app.services.unit_of_work import run_in_transaction
from app.web import headers
from app.web import person
from app.web.continuation import unwrap_request
from app.web.pages import WARNING
from app.web.pages import renew_form_session
from app.web.pages import tell_of_lost_form

# Stands for a wanted page that leads nowhere, so that the last page of the login can still say so.
LOST = "lost"


def begin_login(who: VerifiedUser, proof: Proof, wanted: str | None, password: str | None = None) -> Response:
    """Log this browser in and redirect to the page the person wanted.

    The same person re-opens the existing login, another person ends it (decision 8). Raises ``LoginFailed``
    if all sessions were ended since the proof.
    """
    contact = edge.read_contact(request)
    held = person.find_held_login(request)
    same_user = held is not None and held.user_id == who.user_id and held.is_interactive
    reopen = held.login_id if held is not None and same_user else None
    previous = held.login_id if held is not None and not same_user else None

    def work() -> tuple[str, bool]:
        token = password_login.log_in(
            who.user_id, password, contact, proof=proof, epoch=who.epoch, reopen=reopen, previous=previous
        )
        return token.text, bool(directory.get_user(who.user_id).force_password_change)

    try:
        token, must_change = run_in_transaction(work)
    except LoginFailed:
        password_login.note_refusal(directory.get_user(who.user_id), "login_superseded", contact, proof)
        raise
    # The CSRF token of the anonymous page must be invalid after the login (rule 40).
    renew_form_session()
    tell_of_lost_form(wanted)
    response = redirect(
        build_page_url("password.change", wanted) if must_change else resolve_target(wanted), 303
    )
    cookies.store(response, cookies.LOGIN, token)
    mark_device(response, who)
    return response


def mark_device(response: Response, who: VerifiedUser) -> None:
    """Make this browser a known device of the user: strangers who guess do not stop the user here."""
    held = edge.read_contact(request).device
    cookies.store(response, cookies.DEVICE, device_text.add_device(held, who.user_id, who.epoch))


def resolve_target(wanted: str | None) -> str:
    """Resolve ``wanted``: back to a waiting authorization request, to a path of our origin, or home.

    Who wanted something else is told at home.
    """
    if wanted and unwrap_request(wanted) is not None:
        return url_for("consent.authorize") + "?" + urlencode({"continue": wanted})
    if is_lost(wanted):
        flash(
            _("You are logged in. What brought you here is too old or damaged: open the application again."),
            WARNING,
        )
    return redirects.check_next(wanted) or url_for("home.index")


def is_lost(wanted: str | None) -> bool:
    """Tell whether something was wanted that leads nowhere: an old or changed request, a foreign address."""
    return bool(wanted) and unwrap_request(wanted) is None and redirects.check_next(wanted) is None


def build_page_url(endpoint: str, wanted: str | None) -> str:
    """Return the URL of the next login page, which keeps ``wanted``; nothing that leads to another site."""
    query: dict[str, str] = {}
    place = redirects.check_next(wanted)
    if wanted and unwrap_request(wanted) is not None:
        query = {"continue": wanted}
    elif place is not None:
        query = {"next": place}
    elif wanted:
        query = {"continue": LOST}
    return url_for(endpoint) + ("?" + urlencode(query) if query else "")


def read_wanted() -> str:
    """Return where this request, of a page or of its form, should lead after the login."""
    if request.method == "POST":
        return request.form.get("next", "")
    return request.args.get("continue") or request.args.get("next") or ""


def find_application_name(wanted: str | None) -> str | None:
    """Return the name of the application that requires the login; the form may lead to it."""
    waiting = unwrap_request(wanted)
    if waiting is None:
        return None
    try:
        asked = authorize.validate_request(waiting.params)
    except (authorize.UnredirectableError, authorize.UnsoundRequestError):
        return None
    headers.let_form_lead_on()
    return str(asked.client.name)


def wants_strong_login(wanted: str | None) -> bool:
    """Tell whether the waiting authorization request asks for a login with a second factor."""
    waiting = unwrap_request(wanted)
    if waiting is None:
        return False
    try:
        asked = read_asked_of_login(waiting.params)
    except ArgusOAuthError:
        return False
    return asked.level == SecurityLevel.ADMINISTRATIVE


def identify_browser() -> str:
    """Return what identifies this browser's form session; it changes with the session."""
    generate_csrf()
    return str(session["csrf_token"])
