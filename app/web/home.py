"""``/``: the user's applications, and what the user approved for them."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.policy import scopes
from app.services.access import consents
from app.services.clients import registry
from app.services.consent import approvals
from app.services.problems import Missing
from app.services.unit_of_work import run_in_transaction
from app.web import person
from app.web.errors import render_error_page
from app.web.language import translate_finding
from app.web.language import translate_sentence
from app.web.pages import redirect_to_login
from app.web.words.function_names import add_function_words

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def index() -> Response | str:
    """List my applications: those the decision allows, and the active consents."""
    somebody = person.current_person()
    if somebody is None:
        return redirect_to_login()
    caller = somebody.caller
    return render_template(
        "home.html",
        applications=[
            (client, urlsplit(client.main_uri).netloc) for client in registry.list_usable_clients(caller)
        ],
        approvals=[
            {
                "of": one,
                "site": urlsplit(one.client.main_uri).netloc,
                "scopes": [scopes.describe_scope(scope, translate_sentence) for scope in one.grant.scopes],
                "refusals": [translate_finding(finding) for finding in add_function_words(one.refusals)],
            }
            for one in approvals.list_approvals(caller)
        ],
    )


@blueprint.post("/consents/<grant_id>/withdraw")
def withdraw(grant_id: str) -> Response | tuple[str, int]:
    """Withdraw a consent; every session that depends on it is refused at its next use."""
    somebody = person.current_person()
    if somebody is None:
        return redirect_to_login()
    caller = somebody.caller
    try:
        run_in_transaction(lambda: consents.withdraw_consent(grant_id, caller.user_id, caller.actor))
    except Missing:
        return render_error_page(_("Already withdrawn"), _("This approval does not stand any more."), 404)
    flash(_("Withdrawn. The application can no longer act for you."))
    return redirect(url_for("home.index"), 303)
