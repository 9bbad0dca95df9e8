"""Recovery without the password: request a link, and choose a new password with it.

The link's token is in its URL, which this page leaves at once: the form carries the token as a hidden field
and is sent to another URL. No resource of another site is loaded and no referrer is sent (``headers``).
"""

from __future__ import annotations

from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from app import edge
from app.models.directory import User
from app.services.access import directory
from app.services.endings.table import Event
from app.services.login import password_change
from app.services.login import password_login
from app.services.login import recovery
from app.services.login import stepup_tokens
from app.services.login.second_step import VerifiedUser
from app.services.login.stepup_operations import SET_PASSWORD
from app.services.login.stepup_operations import Evidence
from app.services.login.stepup_tokens import NotProven
from app.services.problems import Invalid
from app.services.problems import Throttled
from app.web.errors import render_stale_form
from app.web.forms.recovery import NewPasswordForm
from app.web.forms.recovery import RecoverForm
from app.web.language import translate_sentence
from app.web.login import flow
from app.web.pages import find_way_back
from app.web.words.endings import describe_endings

blueprint = Blueprint("recovery", __name__)
Page = Response | str | tuple[str, int]


@blueprint.route("/recover", methods=["GET", "POST"])
def ask() -> Page | tuple[str, int, dict[str, str]]:
    """Request a link. The answer is the same for every name."""
    form = RecoverForm(request.form if request.method == "POST" else None)
    if request.method == "GET":
        return render_template("recovery/ask.html", form=form, message=None)
    if not form.validate_on_submit():
        return render_template("recovery/ask.html", form=form, message=None), 400
    try:
        recovery.request_link(directory.get_home_domain().id, str(form.name.data), edge.read_contact(request))
    except Throttled as problem:
        message = _("Too many requests. Wait a few minutes, and look for a mail that came already.")
        page = render_template("recovery/ask.html", form=form, message=message)
        return page, 429, {"Retry-After": str(problem.seconds)}
    return redirect(url_for("recovery.sent"), 303)


def render_afresh(problem: CSRFError) -> Page:  # noqa: ARG001
    """Answer a form whose page is too old. Recovery needs no login."""
    return render_stale_form(find_way_back())


@blueprint.get("/recover/sent")
def sent() -> str:
    """Say what happens now; the same text for everybody."""
    return render_template("recovery/sent.html")


@blueprint.get(f"{recovery.NEW_PASSWORD.page}<token>")
def choose(token: str) -> Page:
    """Show the form for a new password. This does not use up the link: mail scanners open links too."""
    user = recovery.find_link_owner(token)
    return (
        _render_form(NewPasswordForm(authorization=token), user) if user is not None else _render_dead_link()
    )


@blueprint.post("/recover/password")
def save() -> Page:
    """Store the new password; the link is used up, every login ends, and the user logs in as usual."""
    form = NewPasswordForm(request.form)
    token = str(form.authorization.data or "")
    user = stepup_tokens.find_reset_user(token)
    if user is None:
        return _render_dead_link()
    if not form.validate_on_submit():
        return (
            (_render_form(form, user), 400)
            if recovery.find_link_owner(token) is not None
            else _render_dead_link()
        )
    proof = Evidence(SET_PASSWORD, authorization=token)
    try:
        password_change.change_by_reset(user, str(form.new_password.data), proof, edge.read_contact(request))
    except NotProven:
        return _render_dead_link()
    except Invalid as problem:
        form.new_password.errors = [translate_sentence(one.message) for one in problem.problems]
        return _render_form(form, user), 400
    flash(_("Your new password is set. Log in with it."))
    response = redirect(url_for("login.login"), 303)
    # Only who reads the mailbox comes this far: no stranger, even while others guess at the account.
    flow.mark_device(response, VerifiedUser(user.id, user.session_epoch or 0))
    return response


def _render_form(form: NewPasswordForm, user: User) -> str:
    least = password_login.LEAST_PASSWORD_CHARACTERS
    return render_template(
        "recovery/choose.html",
        form=form,
        user_name=user.short_name,
        least=least,
        endings=describe_endings(Event.PASSWORD_CHANGED),
    )


def _render_dead_link() -> tuple[str, int]:
    """Show the same page for unknown, expired, used and replaced links."""
    return render_template("recovery/dead.html"), 410
