"""The user's login methods: password, one-time codes, passkeys."""

from __future__ import annotations

from typing import Any

import segno
from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _

from app.schemas.requests.totp import VerifyTOTP
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.login import login_methods
from app.services.login import passkey_assertions
from app.services.login import passkey_rows
from app.services.login import reauthentication
from app.services.login import stepup_tokens
from app.services.login import totp
from app.services.login.stepup_operations import INITIALIZE_TOTP
from app.services.login.stepup_tokens import NotProven
from app.services.login.totp import Seed
from app.services.problems import Invalid
from app.services.problems import Throttled
from app.web import theme
from app.web.account import confirm
from app.web.form_values import FormValues
from app.web.form_values import parse_form
from app.web.form_values import read_form
from app.web.pages import Page
from app.web.pages import redirect_with_message
from app.web.pages import require_login
from app.web.pages import run_as_caller
from app.web.problems import describe_wait
from app.web.problems import render_too_many

blueprint = Blueprint("security", __name__, url_prefix="/account/security")


@blueprint.get("")
@require_login
def index(caller: Caller) -> Page:
    """List each login method, and what the user can do with it."""
    user = directory.get_user(caller.user_id)
    methods = {method.name: method for method in login_methods.list_methods(user)}
    return render_template(
        "account/security.html",
        user=user,
        methods=methods,
        passkeys=passkey_rows.list_passkeys(user.id),
        strong=reauthentication.is_strong_enough(caller),
        by_browser=passkey_assertions.are_passkeys_supported(),
    )


@blueprint.get("/codes")
@require_login
def codes(caller: Caller) -> Page:
    """Start to set up one-time codes; requires proof of presence."""
    reauthentication.require_strong_login(caller)
    if confirm.find_authorization(INITIALIZE_TOTP) is None:
        return confirm.ask_for_presence(INITIALIZE_TOTP, url_for("security.codes"))
    return render_template("account/codes.html", seed=None, entry=FormValues())


@blueprint.post("/codes")
@require_login
def begin_codes(caller: Caller) -> Page:
    """Create a generator and show it once; its first code activates it."""
    reauthentication.require_strong_login(caller)
    proof = confirm.find_authorization(INITIALIZE_TOTP)
    if proof is None:
        return confirm.ask_for_presence(INITIALIZE_TOTP, url_for("security.codes"))
    try:
        seed: Seed = stepup_tokens.run_spending(proof, caller, _begin_generator)
    except NotProven:
        return confirm.ask_again(INITIALIZE_TOTP, url_for("security.codes"))
    finally:
        confirm.forget_authorization()
    uri = totp.build_provisioning_uri(seed, caller.user_name, theme.current_theme().name)
    groups = [seed.base32[at : at + 4] for at in range(0, len(seed.base32), 4)]
    return render_template(
        "account/codes.html", seed=seed, groups=groups, entry=FormValues(), **_draw_qr(uri)
    )


@blueprint.post("/codes/verify")
@require_login
def verify_codes(caller: Caller) -> Page:
    """Activate the new generator by its first code."""
    reauthentication.require_strong_login(caller)
    try:
        asked = parse_form(VerifyTOTP)
        user = directory.get_user(caller.user_id)
        totp.activate_generator(user, asked.cookie, asked.verification_code, caller.actor)
    except Invalid as problem:
        return _render_code_form(read_form("verificationCode").with_problems(problem))
    except Throttled as problem:
        return render_too_many(
            _render_code_form(read_form("verificationCode"), describe_wait(problem.seconds)), problem
        )
    return redirect_with_message(
        _("One-time codes are set up. You are asked for one at your next login."), "security.index"
    )


@blueprint.route("/codes/remove", methods=["GET", "POST"])
@require_login
def remove_codes(caller: Caller) -> Page:
    """Ask, then remove the one-time codes."""
    reauthentication.require_strong_login(caller)
    if request.method == "GET":
        return render_template("account/codes_remove.html")
    run_as_caller(caller, lambda now: totp.remove_generator(directory.get_user(now.user_id), now.actor))
    return redirect_with_message(_("One-time codes are off."), "security.index")


def _render_code_form(entry: FormValues, message: str | None = None) -> str:
    return render_template("account/codes.html", seed=None, entry=entry, message=message)


def _begin_generator(now: Caller) -> Seed:
    return totp.initialize_generator(directory.get_user(now.user_id), now.actor)


def _draw_qr(uri: str) -> dict[str, Any]:
    """Draw the address as a QR code: a path in modules, with a quiet zone of four around it (ISO 18004)."""
    code = segno.make(uri, micro=False, error="m")
    return {
        "qr": code.svg_inline(scale=5, border=4, omitsize=False, svgclass="qr", lineclass=None),
        "uri": uri,
    }
