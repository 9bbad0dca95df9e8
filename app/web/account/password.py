"""Password changes: voluntary, or required (security rule 41)."""

from __future__ import annotations

from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for
from flask_babel import gettext as _

from app import cookies
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.endings.table import Event
from app.services.login import password_change
from app.services.login import password_login
from app.services.login.stepup_operations import SET_PASSWORD
from app.services.login.stepup_operations import Evidence
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Throttled
from app.web import person
from app.web.account import confirm
from app.web.entries import Entry
from app.web.entries import typed
from app.web.login import flow
from app.web.pages import Page
from app.web.problems import slowed
from app.web.problems import too_many
from app.web.words.endings import ending_words

blueprint = Blueprint("password", __name__, url_prefix="/account/password")


@blueprint.route("", methods=["GET", "POST"])
def change() -> Page:
    """Change the password with the old one and the new one twice; every login ends, this one too.

    This is not an ordinary page: a login that must change its password can open only this one.
    """
    caller = person.behind_cookie(request)
    if caller is None or not (person.present() or password_change.must_change(caller)):
        return redirect(flow.page_url("login.login", url_for("password.change")), 303)
    password_change.insist_on_owner(caller)
    has_password = directory.user_by_id(caller.user_id).password_hash is not None
    if not has_password and confirm.held(SET_PASSWORD) is None:
        return confirm.first(SET_PASSWORD, url_for("password.change"))
    if request.method == "GET":
        return _show(caller, Entry(), has_password=has_password)
    try:
        new = request.form.get("newPassword", "")
        if new != request.form.get("newPasswordAgain", ""):
            message = "The two passwords differ. Enter the same one twice."
            raise Invalid(FieldProblem("newPasswordAgain", message, "DIFFERENT"))
        if has_password:
            proof = Evidence(SET_PASSWORD, password=request.form.get("oldPassword", ""))
        else:
            proof = confirm.held(SET_PASSWORD) or Evidence(SET_PASSWORD)
        password_change.by_owner(caller, new, proof)
    except Invalid as problem:
        entry = typed("oldPassword", "newPassword", "newPasswordAgain").refused(problem)
        return _show(caller, entry, has_password=has_password)
    except Throttled as problem:
        page = _show(caller, Entry(), has_password=has_password, message=slowed(problem.seconds))
        return too_many(page, problem)
    session.clear()
    flash(_("Your new password is set. Log in with it."))
    response = redirect(flow.page_url("login.login", flow.wanted_now()), 303)
    cookies.clear(response, cookies.LOGIN)
    return response


def _show(caller: Caller, entry: Entry, *, has_password: bool, message: str | None = None) -> str:
    return render_template(
        "account/password.html",
        entry=entry,
        message=message,
        forced=password_change.must_change(caller),
        has_password=has_password,
        name=caller.user_name,
        next=flow.wanted_now(),
        endings=ending_words(Event.PASSWORD_CHANGED),
        least=password_login.LEAST_PASSWORD_CHARACTERS,
    )
