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
from app.web.entries import Entry
from app.web.entries import read
from app.web.entries import typed
from app.web.pages import Page
from app.web.pages import acting
from app.web.pages import done
from app.web.pages import page
from app.web.problems import slowed
from app.web.problems import too_many

blueprint = Blueprint("security", __name__, url_prefix="/account/security")


@blueprint.get("")
@page
def index(caller: Caller) -> Page:
    """List each login method, and what the user can do with it."""
    user = directory.user_by_id(caller.user_id)
    methods = {method.name: method for method in login_methods.methods_of(user)}
    return render_template(
        "account/security.html",
        methods=methods,
        passkeys=passkey_rows.living(user.id),
        strong=reauthentication.is_strong_enough(caller),
        by_browser=passkey_assertions.browsers_can(),
    )


@blueprint.get("/codes")
@page
def codes(caller: Caller) -> Page:
    """Start to set up one-time codes; requires proof of presence."""
    reauthentication.strong_enough(caller)
    if confirm.held(INITIALIZE_TOTP) is None:
        return confirm.first(INITIALIZE_TOTP, url_for("security.codes"))
    return render_template("account/codes.html", seed=None, entry=Entry())


@blueprint.post("/codes")
@page
def begin_codes(caller: Caller) -> Page:
    """Create a generator and show it once; its first code activates it."""
    reauthentication.strong_enough(caller)
    proof = confirm.held(INITIALIZE_TOTP)
    if proof is None:
        return confirm.first(INITIALIZE_TOTP, url_for("security.codes"))
    try:
        seed: Seed = stepup_tokens.spending(proof, caller, _seed_of)
    except NotProven:
        return confirm.again(INITIALIZE_TOTP, url_for("security.codes"))
    finally:
        confirm.spent()
    uri = totp.provisioning_uri(seed, caller.user_name, theme.current().name)
    groups = [seed.base32[at : at + 4] for at in range(0, len(seed.base32), 4)]
    return render_template("account/codes.html", seed=seed, groups=groups, entry=Entry(), **_picture(uri))


@blueprint.post("/codes/verify")
@page
def verify_codes(caller: Caller) -> Page:
    """Activate the new generator by its first code."""
    reauthentication.strong_enough(caller)
    try:
        asked = read(VerifyTOTP)
        user = directory.user_by_id(caller.user_id)
        totp.activate(user, asked.cookie, asked.verification_code, caller.actor)
    except Invalid as problem:
        return _code_once_more(typed("verificationCode").refused(problem))
    except Throttled as problem:
        return too_many(_code_once_more(typed("verificationCode"), slowed(problem.seconds)), problem)
    return done(_("One-time codes are set up. You are asked for one at your next login."), "security.index")


@blueprint.route("/codes/remove", methods=["GET", "POST"])
@page
def remove_codes(caller: Caller) -> Page:
    """Ask, then remove the one-time codes."""
    reauthentication.strong_enough(caller)
    if request.method == "GET":
        return render_template("account/codes_remove.html")
    acting(caller, lambda now: totp.remove(directory.user_by_id(now.user_id), now.actor))
    return done(_("One-time codes are off."), "security.index")


def _code_once_more(entry: Entry, message: str | None = None) -> str:
    return render_template("account/codes.html", seed=None, entry=entry, message=message)


def _seed_of(now: Caller) -> Seed:
    return totp.initialize(directory.user_by_id(now.user_id), now.actor)


def _picture(uri: str) -> dict[str, Any]:
    """Draw the address as a QR code: a path in modules, with a quiet zone of four around it (ISO 18004)."""
    code = segno.make(uri, micro=False, error="m")
    return {
        "qr": code.svg_inline(scale=5, border=4, omitsize=False, svgclass="qr", lineclass=None),
        "uri": uri,
    }
