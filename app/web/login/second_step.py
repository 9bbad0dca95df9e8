"""The step after the password, for users with one-time codes or a passkey (decision 015).

The form session records that the password was right: signed, for this browser only, new since the first step
(security rules 40, 41), for five minutes. It is not a login and opens only this page. The page may be
reloaded: on a telephone the user leaves it to read the code.
"""

from __future__ import annotations

from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import clock
from app import edge
from app.services.login import passkey_assertions
from app.services.login import passkey_login as passkeys
from app.services.login import reauthentication
from app.services.login import second_step as steps
from app.services.login.login_sessions import SIGNATURE
from app.services.login.login_sessions import TOTP
from app.services.login.passkey_challenges import LIFETIME
from app.services.login.password_login import LoginFailed
from app.services.login.second_step import VerifiedUser
from app.services.login.totp import CodeReused
from app.services.login.totp import WrongCode
from app.services.problems import Invalid
from app.services.problems import Throttled
from app.web import passkey_exchange
from app.web.forms.login import CodeForm
from app.web.language import translate_sentence
from app.web.login import flow
from app.web.pages import WARNING
from app.web.pages import Page
from app.web.pages import renew_form_session
from app.web.passkey_exchange import read_signed
from app.web.problems import describe_wait
from app.web.problems import render_too_many

blueprint = Blueprint("second_step", __name__)
KEPT = "second_step"


def begin_second_step(who: VerifiedUser, wanted: str | None) -> Response:
    """Continue from a right password to the second step."""
    renew_form_session()
    session[KEPT] = [who.user_id, who.epoch, clock.now().timestamp()]
    return redirect(flow.build_page_url("second_step.ask", wanted), 303)


@blueprint.route("/login/second-step", methods=["GET", "POST"])
def ask() -> Page:
    """Ask for the code, or for a passkey."""
    who = _find_verified()
    if who is None:
        return _redirect_to_password()
    form = CodeForm(request.form if request.method == "POST" else None)
    form.next.data = flow.read_wanted()
    try:
        if request.method == "GET" or not form.validate_on_submit():
            return _render(who, form)
        steps.verify_code(who, str(form.code.data), edge.read_contact(request))
        return flow.begin_login(who, TOTP, form.next.data)
    except LoginFailed:
        return _redirect_to_password()
    except WrongCode:
        form.code.data = ""
        return _render(who, form, _("Wrong code. Enter the six digits that the app shows now."))
    except CodeReused:
        form.code.data = ""
        return _render(who, form, translate_sentence(reauthentication.REUSED))
    except Throttled as problem:
        return _render_throttled(who, form, problem)


@blueprint.post("/login/second-step/passkey")
def passkey() -> Page:
    """Check the signature of the user's passkey."""
    who = _find_verified()
    if who is None:
        return _redirect_to_password()
    form = CodeForm(None)
    form.next.data = flow.read_wanted()
    try:
        steps.get_verified_user(who)
        assertion, handle = read_signed()
        passkeys.prove_passkey(
            assertion, handle, flow.identify_browser(), edge.read_contact(request), after=who
        )
        return flow.begin_login(who, SIGNATURE, form.next.data)
    except (LoginFailed, Invalid):
        return _render(who, form, _("That passkey did not work here. Try again."))
    except Throttled as problem:
        return _render_throttled(who, form, problem)


def _find_verified() -> VerifiedUser | None:
    """Return the user whose password was right in this browser, within the last five minutes."""
    kept = session.get(KEPT)
    if kept is None or kept[2] <= (clock.now() - LIFETIME).timestamp():
        return None
    return VerifiedUser(kept[0], kept[1])


def _redirect_to_password() -> Response:
    session.pop(KEPT, None)
    flash(_("Your login could not be finished. Enter your password again."), WARNING)
    return redirect(flow.build_page_url("login.login", flow.read_wanted()), 303)


def _render_throttled(who: VerifiedUser, form: CodeForm, problem: Throttled) -> Page:
    page = _render(who, form, describe_wait(problem.seconds), stopped=True)
    return render_too_many(page, problem) if isinstance(page, str) else page


def _render(who: VerifiedUser, form: CodeForm, message: str | None = None, *, stopped: bool = False) -> Page:
    """Show the page with the user's methods; redirect to the password if there are none left."""
    try:
        user = steps.get_verified_user(who)
    except LoginFailed:
        return _redirect_to_password()
    ways = steps.list_ways(user)
    if not ways:
        return _redirect_to_password()
    by_passkey = SIGNATURE in ways and passkey_assertions.are_passkeys_supported()
    offer = passkeys.offer_after_password(who, flow.identify_browser()) if by_passkey else None
    return render_template(
        "login_second_step.html",
        form=form,
        message=message,
        stopped=stopped,
        by_code=TOTP in ways,
        options=passkey_exchange.build_get_options(offer) if offer is not None else None,
        name=user.short_name,
        application=flow.find_application_name(form.next.data),
    )
