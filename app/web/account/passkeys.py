"""The user's passkeys: add with the browser's help, remove."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _

from app.schemas.requests.webauthn import WebAuthnEnrol
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.login import passkey_assertions
from app.services.login import passkey_ceremonies
from app.services.login import passkey_enrolment
from app.services.login import passkey_rows
from app.services.login import reauthentication
from app.services.login import stepup_tokens
from app.services.login.stepup_operations import ENROL_PASSKEY
from app.services.login.stepup_tokens import NotProven
from app.services.problems import Invalid
from app.services.problems import Missing
from app.services.unit_of_work import run_in_transaction
from app.web import passkey_exchange
from app.web.account import confirm
from app.web.form_values import FormValues
from app.web.form_values import parse_form
from app.web.form_values import read_form
from app.web.pages import Page
from app.web.pages import redirect_with_message
from app.web.pages import require_login
from app.web.pages import run_as_caller
from app.web.words.labels import describe_browser

blueprint = Blueprint("passkeys", __name__, url_prefix="/account/security/passkeys")


@blueprint.get("/add")
@require_login
def add(caller: Caller) -> Page:
    """Show the page on which the browser makes a passkey; requires proof of presence."""
    if not passkey_assertions.are_passkeys_supported():
        raise Missing("passkeys")
    reauthentication.require_strong_login(caller)
    if confirm.find_authorization(ENROL_PASSKEY) is None:
        return confirm.ask_for_presence(ENROL_PASSKEY, url_for("passkeys.add"))
    # The owner's name for the passkey: this device, unless another name is entered.
    return _render(caller, FormValues({"description": describe_browser(request.user_agent.string)}))


@blueprint.post("/add")
@require_login
def enrol(caller: Caller) -> Page:
    """Store the passkey that the browser made; it is valid from now on."""
    reauthentication.require_strong_login(caller)
    proof = confirm.find_authorization(ENROL_PASSKEY)
    if proof is None:
        return confirm.ask_for_presence(ENROL_PASSKEY, url_for("passkeys.add"))
    try:
        asked = parse_form(WebAuthnEnrol)
        add = passkey_enrolment.prepare_enrolment(caller, proof.authorization or "", asked.attestation)
        stepup_tokens.run_spending(proof, caller, add)
    except NotProven:
        return confirm.ask_again(ENROL_PASSKEY, url_for("passkeys.add"))
    except Invalid as problem:
        return _render(caller, read_form().with_problems(problem))
    confirm.forget_authorization()
    return redirect_with_message(
        _("The passkey is added. You can log in with it from now on."), "security.index"
    )


@blueprint.route("/<int:key>/remove", methods=["GET", "POST"])
@require_login
def remove(caller: Caller, key: int) -> Page:
    """Ask, then remove this passkey permanently."""
    reauthentication.require_strong_login(caller)
    if request.method == "GET":
        found = next((one for one in passkey_rows.list_passkeys(caller.user_id) if one.id == key), None)
        if found is None:
            raise Missing("passkey")
        return render_template("account/passkey_remove.html", key=found)
    run_as_caller(
        caller, lambda now: passkey_rows.revoke_passkey(directory.get_user(now.user_id), key, now.actor)
    )
    return redirect_with_message(_("The passkey is removed."), "security.index")


def _render(caller: Caller, entry: FormValues) -> str:
    offer = run_in_transaction(lambda: passkey_ceremonies.offer_challenge("enrol", caller))
    options = passkey_exchange.build_create_options(offer, directory.get_user(caller.user_id))
    proof = confirm.find_authorization(ENROL_PASSKEY)
    held = proof.authorization if proof is not None else None
    return render_template("account/passkey_add.html", options=options, entry=entry, proof=held)
