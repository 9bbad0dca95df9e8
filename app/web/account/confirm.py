"""Proof of presence before a sensitive action (rule 42): one page for every such action.

The proof gives a step-up token for that one action on that one object: valid five minutes, once, in this
login only. The form session holds it until the action uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.policy import redirects
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.login import passkey_assertions
from app.services.login import passkey_ceremonies
from app.services.login import passkey_rows
from app.services.login import reauthentication
from app.services.login import stepup_operations
from app.services.login.login_sessions import SIGNATURE
from app.services.login.login_sessions import TOTP
from app.services.login.stepup_operations import CREATE_KEY
from app.services.login.stepup_operations import RENEW_KEY
from app.services.login.stepup_operations import Evidence
from app.services.login.stepup_operations import Operation
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing
from app.services.problems import Throttled
from app.services.unit_of_work import run_in_transaction
from app.web import passkey_exchange
from app.web.form_values import FormValues
from app.web.form_values import read_form
from app.web.pages import Page
from app.web.pages import require_login
from app.web.passkey_exchange import read_signed
from app.web.problems import describe_wait
from app.web.problems import render_too_many
from app.web.words.audit_fields import OPERATIONS

blueprint = Blueprint("confirm", __name__, url_prefix="/account/confirm")
KEPT = "step_up"
# The page that "cancel" leads back to.
AROUND = {CREATE_KEY: "keys.index", RENEW_KEY: "keys.index"}
NOTHING: Mapping[str, str] = {}


def find_authorization(operation: Operation, about: Mapping[str, str] = NOTHING) -> Evidence | None:
    """Return the authorization that this browser holds for an action on this object, if any."""
    kept = session.get(KEPT)
    if not isinstance(kept, list) or kept[::2] != [operation.name, _choose_name(operation, about)]:
        return None
    return Evidence(operation, authorization=str(kept[1]), about=about)


def ask_for_presence(operation: Operation, back: str, about: Mapping[str, str] = NOTHING) -> Response:
    """Redirect to the page for the proof of presence; it returns to ``back``."""
    session.pop(KEPT, None)
    query = {"for": operation.name, **_choose_name(operation, about), "next": back}
    return redirect(url_for("confirm.ask") + "?" + urlencode(query), 303)


def ask_again(operation: Operation, back: str, about: Mapping[str, str] = NOTHING) -> Response:
    """Redirect there again, because the authorization was expired or already used."""
    flash(_("Your confirmation was too old or used already. Confirm once more."))
    return ask_for_presence(operation, back, about)


def forget_authorization() -> None:
    """Forget the authorization, because the action was done."""
    session.pop(KEPT, None)


@blueprint.get("")
@require_login
def ask(caller: Caller) -> Page:
    """Show the page: with the methods that this user has (password, code, passkey)."""
    return _render(caller, FormValues())


@blueprint.post("")
@require_login
def by_text(caller: Caller) -> Page:
    """Check a password or a code."""
    entry = read_form("password", "tokenCode")
    try:
        if "tokenCode" in request.form:
            reauthentication.require_method(caller, TOTP)
            code = _require_filled("tokenCode", "Enter the code that your app shows.")
            return _keep_authorization(caller, lambda: reauthentication.prove_by_code(caller, code))
        password = _require_filled("password", "Enter your password.")
        return _keep_authorization(caller, lambda: reauthentication.prove_by_password(caller, password))
    except Invalid as problem:
        return _render(caller, entry.with_problems(problem))
    except Throttled as problem:
        return render_too_many(_render(caller, FormValues(), describe_wait(problem.seconds)), problem)


@blueprint.post("/passkey")
@require_login
def by_passkey(caller: Caller) -> Page:
    """Check the signature of the user's passkey."""
    try:
        reauthentication.require_method(caller, SIGNATURE)
        signed = read_signed()[0]
        return _keep_authorization(caller, lambda: reauthentication.prove_by_passkey(caller, signed))
    except Invalid as problem:
        return _render(caller, FormValues().with_problems(problem))


def _require_filled(name: str, otherwise: str) -> str:
    """Return the text that was typed; an empty field is not counted as a wrong attempt."""
    text = request.form.get(name, "")
    if not text:
        raise Invalid(FieldProblem(name, otherwise, "MISSING"))
    return text


def _keep_authorization(caller: Caller, prove: Callable[[], None]) -> Response:
    operation, name = _read_operation()
    issued = reauthentication.issue_authorization(caller, operation, name, prove)
    session[KEPT] = [operation.name, issued.text, name]
    return redirect(redirects.check_next(request.values.get("next")) or url_for("account.index"), 303)


def _render(caller: Caller, entry: FormValues, message: str | None = None) -> str:
    user, (operation, name) = directory.get_user(caller.user_id), _read_operation()
    begun_by_key = caller.login.method == SIGNATURE.method and passkey_assertions.are_passkeys_supported()
    by_key = begun_by_key and bool(passkey_rows.list_passkeys(user.id))
    offer = (
        run_in_transaction(lambda: passkey_ceremonies.offer_challenge("authorize", caller))
        if by_key
        else None
    )
    return render_template(
        "account/confirm.html",
        action=OPERATIONS[operation.name],
        operation=operation.name,
        about=name,
        around=url_for(AROUND.get(operation, "security.index")),
        message=message,
        back=redirects.check_next(request.values.get("next")) or url_for("account.index"),
        entry=entry,
        by_password=user.password_hash is not None,
        by_code=caller.login.method == TOTP.method,
        options=passkey_exchange.build_get_options(offer) if offer is not None else None,
    )


def _read_operation() -> tuple[Operation, dict[str, str]]:
    """Read what is to be confirmed: the action, and the name of its object. Raises ``Missing``."""
    named = request.values.get("for", "")
    operation = next((one for one in stepup_operations.ALL if one.has_call and one.name == named), None)
    name = _choose_name(operation, request.values) if operation is not None else {}
    if operation is None or bool(name) != bool(operation.names):
        raise Missing("action")
    return operation, name


def _choose_name(operation: Operation, about: Mapping[str, str]) -> dict[str, str]:
    """Return the one name by which pages know the object: the operation's first."""
    return {name: about[name] for name in operation.names[:1] if about.get(name)}
