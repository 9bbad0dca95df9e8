"""The user's e-mail address: confirmed by a link that only its mailbox and this login together open."""

from __future__ import annotations

from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _

from app.services.access.callers import Caller
from app.services.login import addresses
from app.services.problems import Throttled
from app.web.pages import Page
from app.web.pages import redirect_with_message
from app.web.pages import require_login
from app.web.pages import run_as_caller
from app.web.problems import describe_wait

blueprint = Blueprint("address", __name__, url_prefix="/account/address")


@blueprint.post("")
@require_login
def send(caller: Caller) -> Page:
    """Send a link to the user's address."""
    try:
        addresses.send_letter(caller)
    except Throttled as problem:
        flash(describe_wait(problem.seconds))
        return redirect(url_for("security.index"), 303)
    return redirect_with_message(_("A link is on its way to you. Open it in this browser."), "security.index")


@blueprint.route("/<token>", methods=["GET", "POST"])
@require_login
def confirm(caller: Caller, token: str) -> Page:
    """Ask, then confirm the address."""
    if request.method == "POST":
        run_as_caller(caller, lambda now: addresses.confirm(now, token))
        return redirect_with_message(_("Your e-mail address is confirmed."), "security.index")
    return render_template("account/address.html", user=addresses.read_link(caller, token))
