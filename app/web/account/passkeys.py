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
from app.services.unit_of_work import write
from app.web import passkey_exchange
from app.web.account import confirm
from app.web.entries import Entry
from app.web.entries import read
from app.web.entries import typed
from app.web.pages import Page
from app.web.pages import acting
from app.web.pages import done
from app.web.pages import page
from app.web.words.labels import browser_words

blueprint = Blueprint("passkeys", __name__, url_prefix="/account/security/passkeys")


@blueprint.get("/add")
@page
def add(caller: Caller) -> Page:
    """Show the page on which the browser makes a passkey; requires proof of presence."""
    if not passkey_assertions.browsers_can():
        raise Missing("passkeys")
    reauthentication.strong_enough(caller)
    if confirm.held(ENROL_PASSKEY) is None:
        return confirm.first(ENROL_PASSKEY, url_for("passkeys.add"))
    # The owner's name for the passkey: this device, unless another name is entered.
    return _show(caller, Entry({"description": browser_words(request.user_agent.string)}))


@blueprint.post("/add")
@page
def enrol(caller: Caller) -> Page:
    """Store the passkey that the browser made; it is valid from now on."""
    reauthentication.strong_enough(caller)
    proof = confirm.held(ENROL_PASSKEY)
    if proof is None:
        return confirm.first(ENROL_PASSKEY, url_for("passkeys.add"))
    try:
        asked = read(WebAuthnEnrol)
        add = passkey_enrolment.prepare(caller, proof.authorization or "", asked.attestation)
        stepup_tokens.spending(proof, caller, add)
    except NotProven:
        return confirm.again(ENROL_PASSKEY, url_for("passkeys.add"))
    except Invalid as problem:
        return _show(caller, typed().refused(problem))
    confirm.spent()
    return done(_("The passkey is added. You can log in with it from now on."), "security.index")


@blueprint.route("/<int:key>/remove", methods=["GET", "POST"])
@page
def remove(caller: Caller, key: int) -> Page:
    """Ask, then remove this passkey permanently."""
    reauthentication.strong_enough(caller)
    if request.method == "GET":
        found = next((one for one in passkey_rows.living(caller.user_id) if one.id == key), None)
        if found is None:
            raise Missing("passkey")
        return render_template("account/passkey_remove.html", key=found)
    acting(caller, lambda now: passkey_rows.revoke(directory.user_by_id(now.user_id), key, now.actor))
    return done(_("The passkey is removed."), "security.index")


def _show(caller: Caller, entry: Entry) -> str:
    offer = write(lambda: passkey_ceremonies.offer("enrol", caller))
    options = passkey_exchange.to_create(offer, directory.user_by_id(caller.user_id))
    proof = confirm.held(ENROL_PASSKEY)
    held = proof.authorization if proof is not None else None
    return render_template("account/passkey_add.html", options=options, entry=entry, proof=held)
