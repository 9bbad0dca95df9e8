"""``/device``: somebody types the code that a device shows, sees what it asks, and answers (RFC 8628 3.3).

A link may fill in the code; nothing is ever approved by a link. Whoever is talked into typing a stranger's
code is warned where it matters, beside the button (RFC 8628 5.4).
"""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _

from app import clock
from app import edge
from app.oauth import device_approval
from app.oauth.approval import ConsentOutgrown
from app.oauth.approval import StaleTransaction
from app.oauth.approval import judge_request
from app.oauth.device_approval import AskedDevice
from app.services.access.callers import Caller
from app.services.access.throttle import Guesser
from app.services.access.throttle import throttle
from app.services.audit import trail
from app.services.problems import Refused
from app.services.problems import Throttled
from app.services.tokens import devices
from app.services.tokens import waiting_requests
from app.services.unit_of_work import run_in_transaction
from app.web.errors import render_error_page
from app.web.errors import render_refusal_page
from app.web.login.consent_words import build_consent_words
from app.web.login.password import build_login_url
from app.web.pages import Page
from app.web.pages import require_login
from app.web.problems import render_too_many
from app.web.words.problems import find_words

blueprint = Blueprint("device", __name__)
# Among the parameters of a question that waits for its answer.
DEVICE = "device_request"
MOST_CHARACTERS = 40


@blueprint.get("/device")
@require_login
def ask(caller: Caller) -> Page:  # noqa: ARG001 - whoever is logged in
    """Ask for the code."""
    return _render_form(request.args.get("user_code", "")[:MOST_CHARACTERS])


@blueprint.post("/device")
@require_login
def look_up(caller: Caller) -> Page:
    """Find the device of a typed code, and show what it asks for."""
    typed = request.form.get("user_code", "")[:MOST_CHARACTERS]
    who = Guesser(str(caller.user_id), edge.read_contact(request).address, session=caller.login_id.hex())
    try:
        guess = throttle().admit("user-code", who)
    except Throttled as problem:
        message = _("Too many wrong codes. Wait a few minutes, and begin anew on the device.")
        return render_too_many(render_error_page(find_words(Throttled)[0], message, problem.status), problem)
    device = device_approval.describe(devices.find_by_user_code(typed))
    if device is None:
        return _render_form(
            typed, _("No device waits with this code. Compare it with what the device shows.")
        )
    guess.succeed()
    return _show(device, caller)


@blueprint.post("/device/answer")
@require_login
def answer(caller: Caller) -> Page:
    """Approve or deny what the page showed to this login."""
    transaction, decision = request.form.get("transaction", ""), request.form.get("decision")
    waiting = waiting_requests.find_request(transaction, caller.login_id)
    held = waiting.parameters.get(DEVICE) if waiting is not None else None
    device = device_approval.describe(devices.find_open(bytes.fromhex(held))) if held is not None else None
    if device is None:
        raise StaleTransaction
    if decision == "deny":
        device_approval.deny(device, caller, transaction)
        return render_template("device/done.html", approved=False, application=device.client.name)
    if decision != "approve":
        return render_error_page(_("Nothing was decided"), _("Choose Approve or Deny."), 400)
    try:
        device_approval.approve(device, caller, transaction)
    except ConsentOutgrown:
        return _show(device, caller)
    except Refused as refusal:
        return render_refusal_page(refusal.decision, caller.user_name, application=device.client.name)
    return render_template("device/done.html", approved=True, application=device.client.name)


def _show(device: AskedDevice, caller: Caller) -> Page:
    """Show what the device asks for, each time anew: no earlier consent answers for a device."""
    judged = judge_request(device, caller)
    if not judged.decision:
        decision = trail.record_refusal("authorize", caller.actor, judged.decision, judged.question)
        return render_refusal_page(decision, caller.user_name, application=device.client.name)
    client = device.client
    transaction = run_in_transaction(
        lambda: waiting_requests.store_request(
            caller.login_id, {DEVICE: device.id.hex()}, client.permission_scope_id, clock.now()
        )
    )
    return render_template(
        "device/consent.html",
        transaction=transaction,
        somebody_else=build_login_url(url_for("device.ask")),
        **build_consent_words(device, caller, judged),
    )


def _render_form(typed: str, problem: str | None = None) -> Page:
    page = render_template("device/ask.html", typed=typed, problem=problem)
    return (page, 400) if problem is not None else page


@blueprint.get("/device/answer")
def again() -> Page:
    """Lead whoever reloads the last page to the first."""
    return redirect(url_for("device.ask"), 303)
