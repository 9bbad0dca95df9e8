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
from app.services.login.passkey_ceremonies import LIFETIME
from app.services.login.password_login import LoginFailed
from app.services.login.second_step import Verified
from app.services.login.totp import CodeReused
from app.services.login.totp import WrongCode
from app.services.problems import Invalid
from app.services.problems import Throttled
from app.web import passkey_exchange
from app.web.forms.login import CodeForm
from app.web.language import say
from app.web.login import flow
from app.web.pages import Page
from app.web.passkey_exchange import signed
from app.web.problems import slowed
from app.web.problems import too_many

blueprint = Blueprint("second_step", __name__)
KEPT = "second_step"


def begin(who: Verified, wanted: str | None) -> Response:
    """Continue from a right password to the second step."""
    session.clear()
    session[KEPT] = [who.user_id, who.epoch, clock.now().timestamp()]
    return redirect(flow.page_url("second_step.ask", wanted), 303)


@blueprint.route("/login/second-step", methods=["GET", "POST"])
def ask() -> Page:
    """Ask for the code, or for a passkey."""
    who = _who()
    if who is None:
        return _start_again()
    form = CodeForm(request.form if request.method == "POST" else None)
    form.next.data = flow.wanted_now()
    try:
        if request.method == "GET" or not form.validate_on_submit():
            return _show(who, form)
        steps.by_code(who, str(form.code.data), edge.contact(request))
        return flow.begin(who, TOTP, form.next.data)
    except LoginFailed:
        return _start_again()
    except WrongCode:
        form.code.data = ""
        return _show(who, form, _("Wrong code. Enter the six digits that the app shows now."))
    except CodeReused:
        form.code.data = ""
        return _show(who, form, say(reauthentication.REUSED))
    except Throttled as problem:
        return _slowed(who, form, problem)


@blueprint.post("/login/second-step/passkey")
def passkey() -> Page:
    """Check the signature of the user's passkey."""
    who = _who()
    if who is None:
        return _start_again()
    form = CodeForm(None)
    form.next.data = flow.wanted_now()
    try:
        steps.owner(who)
        assertion, handle = signed()
        passkeys.prove(assertion, handle, flow.browser(), edge.contact(request), after=who)
        return flow.begin(who, SIGNATURE, form.next.data)
    except (LoginFailed, Invalid):
        return _show(who, form, _("That passkey did not work here. Try again."))
    except Throttled as problem:
        return _slowed(who, form, problem)


def _who() -> Verified | None:
    """Return the user whose password was right in this browser, within the last five minutes."""
    kept = session.get(KEPT)
    if kept is None or kept[2] <= (clock.now() - LIFETIME).timestamp():
        return None
    return Verified(kept[0], kept[1])


def _start_again() -> Response:
    session.pop(KEPT, None)
    flash(_("Your login could not be finished. Enter your password again."))
    return redirect(flow.page_url("login.login", flow.wanted_now()), 303)


def _slowed(who: Verified, form: CodeForm, problem: Throttled) -> Page:
    page = _show(who, form, slowed(problem.seconds))
    return too_many(page, problem) if isinstance(page, str) else page


def _show(who: Verified, form: CodeForm, message: str | None = None) -> Page:
    """Show the page with the user's methods; redirect to the password if there are none left."""
    try:
        user = steps.owner(who)
    except LoginFailed:
        return _start_again()
    ways = steps.ways(user)
    if not ways:
        return _start_again()
    by_passkey = SIGNATURE in ways and passkey_assertions.browsers_can()
    offer = passkeys.offer_after_password(who, flow.browser()) if by_passkey else None
    return render_template(
        "login_second_step.html",
        form=form,
        message=message,
        by_code=TOTP in ways,
        options=passkey_exchange.to_get(offer) if offer is not None else None,
        name=user.short_name,
        application=flow.application(form.next.data),
    )
