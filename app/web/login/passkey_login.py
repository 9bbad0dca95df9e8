"""Log in with a passkey alone: no user name, no password. Needs a script (``passkeys.js``)."""

from __future__ import annotations

from flask import Blueprint
from flask import Response
from flask import jsonify
from flask import request
from flask_babel import gettext as _

from app import edge
from app.services.login import passkey_login as passkeys
from app.services.login.login_sessions import SIGNATURE
from app.services.login.password_login import LoginFailed
from app.services.problems import Invalid
from app.services.problems import Throttled
from app.web import passkey_exchange
from app.web.forms.login import LoginForm
from app.web.login import flow
from app.web.login.password import render_login
from app.web.pages import Page
from app.web.passkey_exchange import read_signed
from app.web.problems import describe_wait
from app.web.problems import render_too_many

blueprint = Blueprint("passkey_login", __name__)


@blueprint.get("/login/passkey/options")
def options() -> Response:
    """Return what to sign: made on demand, so that a page may stay open. Writes nothing."""
    return jsonify(passkey_exchange.build_get_options(passkeys.offer_challenge(flow.identify_browser())))


@blueprint.post("/login/passkey")
def log_in() -> Page:
    """Log in by a passkey's signature; the same answer for every cause of failure."""
    wanted = flow.read_wanted()
    form = LoginForm(None)
    form.next.data = wanted
    try:
        assertion, handle = read_signed()
        who = passkeys.prove_passkey(assertion, handle, flow.identify_browser(), edge.read_contact(request))
        return flow.begin_login(who, SIGNATURE, wanted)
    except (LoginFailed, Invalid):
        return render_login(
            form, _("That passkey does not work here. Try again, or log in with your password.")
        )
    except Throttled as problem:
        return render_too_many(render_login(form, describe_wait(problem.seconds)), problem)
