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
from app.web.form_values import FormValues
from app.web.form_values import read_form
from app.web.login import flow
from app.web.pages import Page
from app.web.pages import redirect_to_login
from app.web.problems import describe_wait
from app.web.problems import render_too_many
from app.web.words.endings import describe_endings

blueprint = Blueprint("password", __name__, url_prefix="/account/password")


@blueprint.route("", methods=["GET", "POST"])
def change() -> Page:
    """Change the password with the old one and the new one twice; every login ends, this one too.

    This is not an ordinary page: a login that must change its password can open only this one.
    """
    caller = person.find_caller_by_cookie(request)
    if caller is None or not (person.current_person() or password_change.must_change(caller)):
        return redirect_to_login()
    password_change.require_owner(caller)
    has_password = directory.get_user(caller.user_id).password_hash is not None
    if not has_password and confirm.find_authorization(SET_PASSWORD) is None:
        return confirm.ask_for_presence(SET_PASSWORD, url_for("password.change"))
    if request.method == "GET":
        return _render(caller, FormValues(), has_password=has_password)
    try:
        new = request.form.get("newPassword", "")
        if new != request.form.get("newPasswordAgain", ""):
            message = "The two passwords differ. Enter the same one twice."
            raise Invalid(FieldProblem("newPasswordAgain", message, "DIFFERENT"))
        if has_password:
            proof = Evidence(SET_PASSWORD, password=request.form.get("oldPassword", ""))
        else:
            proof = confirm.find_authorization(SET_PASSWORD) or Evidence(SET_PASSWORD)
        password_change.change_by_owner(caller, new, proof)
    except Invalid as problem:
        entry = read_form("oldPassword", "newPassword", "newPasswordAgain").with_problems(problem)
        return _render(caller, entry, has_password=has_password)
    except Throttled as problem:
        page = _render(
            caller, FormValues(), has_password=has_password, message=describe_wait(problem.seconds)
        )
        return render_too_many(page, problem)
    session.clear()
    flash(_("Your new password is set. Log in with it."))
    response = redirect(flow.build_page_url("login.login", flow.read_wanted()), 303)
    cookies.clear_cookie(response, cookies.LOGIN)
    return response


def _render(caller: Caller, entry: FormValues, *, has_password: bool, message: str | None = None) -> str:
    return render_template(
        "account/password.html",
        entry=entry,
        message=message,
        forced=password_change.must_change(caller),
        has_password=has_password,
        name=caller.user_name,
        next=flow.read_wanted(),
        endings=describe_endings(Event.PASSWORD_CHANGED),
        least=password_login.LEAST_PASSWORD_CHARACTERS,
    )
