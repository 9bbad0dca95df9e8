"""The user's own API keys: create, limit, renew, revoke; the text is shown once."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _

from app import clock
from app.models.apikeys import APIKey
from app.schemas.requests.apikeys import AdminAPIKeyRequest
from app.schemas.requests.apikeys import AdminRenewAPIKey
from app.services.access import apikeys
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.login import apikey_limits
from app.services.login import stepup_tokens
from app.services.login.stepup_operations import CREATE_KEY
from app.services.login.stepup_operations import RENEW_KEY
from app.services.login.stepup_tokens import NotProven
from app.services.problems import Invalid
from app.services.problems import Missing
from app.web.account import confirm
from app.web.form_values import FormValues
from app.web.form_values import parse_form
from app.web.form_values import read_form
from app.web.pages import Page
from app.web.pages import redirect_with_message
from app.web.pages import require_login
from app.web.pages import run_as_caller
from app.web.words.change_messages import describe_key_end
from app.web.words.labels import describe_function_with_name

blueprint = Blueprint("keys", __name__, url_prefix="/account/keys")
# With more customers than this, the page does not list them.
MOST_PLACES = 20


@blueprint.get("")
@require_login
def index(caller: Caller) -> Page:
    """List the keys that have not been revoked, with their limits."""
    keys = apikeys.list_keys(caller.user_id)
    names = _load_names(keys)

    def named(ids: list[int] | None, names: dict[int, str]) -> str:
        return ", ".join(names.get(one, str(one)) for one in ids or ())

    return render_template("account/keys.html", keys=keys, names=names, named=named, now=clock.now())


@blueprint.route("/add", methods=["GET", "POST"])
@require_login
def add(caller: Caller) -> Page:
    """Create a key; requires proof of presence."""
    proof = confirm.find_authorization(CREATE_KEY)
    if proof is None:
        return confirm.ask_for_presence(CREATE_KEY, url_for("keys.add"))
    entry = FormValues({"expirationDays": str(apikeys.DEFAULT_DAYS)})
    if request.method == "GET":
        return _render_form(caller, entry)
    try:
        asked = parse_form(AdminAPIKeyRequest)
        limits = asked.as_typed()

        def work(now: Caller) -> tuple[APIKey, str]:
            owner = directory.get_user(now.user_id)
            return apikey_limits.create_key(owner, asked.description, limits, now)

        key, text = stepup_tokens.run_spending(proof, caller, work)
    except NotProven:
        return confirm.ask_again(CREATE_KEY, url_for("keys.add"))
    except Invalid as problem:
        return _render_form(caller, read_form().with_problems(problem))
    confirm.forget_authorization()
    return render_template("account/key_made.html", key=key, text=text)


@blueprint.route("/<int:number>/renew", methods=["GET", "POST"])
@require_login
def renew(caller: Caller, number: int) -> Page:
    """Set a new expiry for a key, counted from now; requires proof of presence."""
    key = _get_own_key(caller, number)
    about = apikeys.name_key(*apikeys.split_key_number(caller.user_id, str(number)))
    proof = confirm.find_authorization(RENEW_KEY, about)
    if proof is None:
        return confirm.ask_for_presence(RENEW_KEY, url_for("keys.renew", number=number), about)
    entry = FormValues({"expirationDays": str(apikeys.DEFAULT_DAYS)})
    if request.method == "POST":
        try:
            limits = parse_form(AdminRenewAPIKey).as_limits()

            def work(now: Caller) -> APIKey:
                days = apikey_limits.check_limits(now, limits).days
                parts = apikeys.split_key_number(now.user_id, str(number))
                return apikeys.renew_key(now.user_id, *parts, days, now.actor)

            renewed: APIKey = stepup_tokens.run_spending(proof, caller, work)
        except NotProven:
            return confirm.ask_again(RENEW_KEY, url_for("keys.renew", number=number), about)
        except Invalid as problem:
            entry = read_form().with_problems(problem)
        else:
            confirm.forget_authorization()
            return redirect_with_message(describe_key_end(renewed), "keys.index")
    return render_template("account/key_renew.html", key=key, name=key.prefix, entry=entry)


@blueprint.route("/<int:number>/revoke", methods=["GET", "POST"])
@require_login
def revoke(caller: Caller, number: int) -> Page:
    """Ask, then revoke the key and every session that was started with it."""
    key = _get_own_key(caller, number)
    if request.method == "GET":
        return render_template("account/key_revoke.html", key=key, name=key.prefix)
    parts = apikeys.split_key_number(caller.user_id, str(number))
    run_as_caller(caller, lambda now: apikeys.revoke_key(now.user_id, *parts, now.actor))
    return redirect_with_message(_("The key is revoked."), "keys.index")


def _render_form(caller: Caller, entry: FormValues) -> str:
    reach = caller.rights.list_reach()
    found = directory.list_customers_by_id(reach) if len(reach) <= MOST_PLACES else None
    places = [(str(one.id), one.name) for one in found] if found is not None else None
    return render_template("account/key_form.html", entry=entry, places=places)


def _get_own_key(caller: Caller, number: int) -> APIKey:
    key = next((one for one in apikeys.list_keys(caller.user_id) if one.key_number == number), None)
    if key is None:
        raise Missing("API key")
    return key


def _load_names(keys: list[APIKey]) -> dict[str, dict[int, str]]:
    """Load the names of the functions and customers that keys are limited to."""
    bounds = [key.constraints or {} for key in keys]
    functions = {one for bound in bounds for one in bound.get("functions", ())}
    customers = {one for bound in bounds for one in bound.get("customers", ())}
    return {
        "functions": {
            one.id: describe_function_with_name(one) for one in directory.list_functions_by_id(functions)
        },
        "customers": {one.id: one.name for one in directory.list_customers_by_id(customers)},
    }
