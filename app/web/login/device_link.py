"""A way in while strangers guess at an account: a link by mail makes this browser a known device.

It is no login: the person then logs in as always, and the guesses of strangers do not count here. The link
works only in a browser that asked for one for this user; the form session remembers that. The token is in the
link's path, which this page leaves at once, as in ``recovery``.
"""

from __future__ import annotations

from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for
from flask_babel import gettext as _

from app import edge
from app.models.directory import User
from app.services.access import directory
from app.services.login import recovery
from app.services.login.recovery import KNOWN_DEVICE
from app.services.login.second_step import VerifiedUser
from app.services.login.stepup_tokens import NotProven
from app.services.problems import Throttled
from app.web.errors import render_error_page
from app.web.forms.login import DeviceForm
from app.web.forms.login import DeviceLinkForm
from app.web.login import flow
from app.web.pages import Page
from app.web.problems import render_too_many
from app.web.words.problems import find_words

blueprint = Blueprint("device_link", __name__)
KEPT = "device_link"
MOST_NAMES = 5


@blueprint.post("/login/link")
def ask() -> Page:
    """Request a link for this browser. The answer is the same for every name."""
    form = DeviceLinkForm(request.form)
    if not form.validate_on_submit():
        return redirect(url_for("login.login"), 303)
    name = str(form.username.data).strip()
    try:
        recovery.request_link(directory.get_home_domain().id, name, edge.read_contact(request), KNOWN_DEVICE)
    except Throttled as problem:
        message = _("Too many requests. Wait a few minutes, and look for a mail that came already.")
        return render_too_many(render_error_page(find_words(Throttled)[0], message, problem.status), problem)
    names = [name.casefold(), *(one for one in _read_names() if one != name.casefold())]
    session[KEPT] = {"names": names[:MOST_NAMES], "next": str(form.next.data or "")}
    return redirect(url_for("device_link.sent"), 303)


@blueprint.get("/login/link/sent")
def sent() -> str:
    """Say what happens now; the same text for everybody."""
    return render_template("device_link/sent.html")


@blueprint.get(f"{KNOWN_DEVICE.page}<token>")
def show(token: str) -> Page:
    """Ask whether to use the link. This does not use it up: mail scanners open links too."""
    user = recovery.find_link_owner(token, KNOWN_DEVICE)
    if user is None:
        return _render_dead_link()
    if not _has_asked_for(user):
        return render_template("device_link/elsewhere.html"), 403
    return render_template("device_link/use.html", form=DeviceForm(authorization=token), name=user.short_name)


@blueprint.post("/login/link/use")
def use() -> Page:
    """Use the link up: this browser is a known device of the user, who then logs in as always."""
    form = DeviceForm(request.form)
    token = str(form.authorization.data or "")
    found = recovery.find_link_owner(token, KNOWN_DEVICE)
    if found is None or not form.validate_on_submit():
        return _render_dead_link()
    if not _has_asked_for(found):
        return render_template("device_link/elsewhere.html"), 403
    try:
        user = recovery.know_device(token, edge.read_contact(request))
    except NotProven:
        return _render_dead_link()
    kept = session.pop(KEPT)
    flash(_("Now log in as always: attempts of others do not stop you in this browser."))
    response = redirect(flow.build_page_url("login.login", kept["next"]), 303)
    flow.mark_device(response, VerifiedUser(user.id, user.session_epoch or 0))
    return response


def _has_asked_for(user: User) -> bool:
    """Tell whether this browser asked for a link for this user, by name or by mail address."""
    return not {user.short_name.casefold(), (user.email or "").casefold()}.isdisjoint(_read_names())


def _read_names() -> list[str]:
    return [str(one) for one in session.get(KEPT, {}).get("names", ())]


def _render_dead_link() -> tuple[str, int]:
    """Show the same page for unknown, expired, used and replaced links."""
    return render_template("device_link/dead.html"), 410
