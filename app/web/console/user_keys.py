"""A user's API keys, as an administrator creates, renews and revokes them."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _

from app.models.apikeys import APIKey
from app.models.directory import User
from app.policy.ways_in import KEY
from app.schemas.requests.apikeys import AdminAPIKeyRequest
from app.schemas.requests.apikeys import AdminRenewAPIKey
from app.services.access import apikeys
from app.services.access.callers import Caller
from app.services.administration import visibility
from app.services.guards import Guard
from app.services.login import apikey_limits
from app.services.problems import Invalid
from app.services.problems import Missing
from app.web.console.confirmation import render_confirmation
from app.web.form_values import FormValues
from app.web.form_values import parse_form
from app.web.form_values import read_form
from app.web.pages import Page
from app.web.pages import redirect_with_message
from app.web.pages import require_login
from app.web.pages import run_as_caller
from app.web.words.change_messages import describe_key_end

blueprint = Blueprint("user_keys", __name__, url_prefix="/console/users/<user>/keys")


@blueprint.route("/add", methods=["GET", "POST"])
@require_login
def add(caller: Caller, user: str) -> Page:
    """Create a key for this user and show it once."""
    found = _reload_other(user, caller)
    entry = FormValues({"expirationDays": str(apikeys.DEFAULT_DAYS)})
    if request.method == "POST":
        entry = read_form()
        try:
            asked = parse_form(AdminAPIKeyRequest)
            limits = asked.as_typed()
            key, text = run_as_caller(
                caller,
                lambda now: apikey_limits.create_key(
                    _reload_other(user, now), asked.description, limits, now
                ),
            )
            return render_template("console/users/key_made.html", user=found, key=key, text=text)
        except Invalid as problem:
            entry = entry.with_problems(problem)
    return render_template("console/users/key_form.html", user=found, entry=entry)


@blueprint.route("/<int:number>/renew", methods=["GET", "POST"])
@require_login
def renew(caller: Caller, user: str, number: int) -> Page:
    """Set a new expiry for a key, counted from now."""
    found = _reload_other(user, caller)
    key = _get_key(found, number)
    entry = FormValues({"expirationDays": str(apikeys.DEFAULT_DAYS)})
    if request.method == "POST":
        try:
            limits = parse_form(AdminRenewAPIKey).as_limits()

            def work(now: Caller) -> APIKey:
                owner = _reload_other(user, now)
                days = apikey_limits.check_limits(now, limits).days
                return apikeys.renew_key(
                    owner.id, *apikeys.split_key_number(owner.id, str(number)), days, now.actor
                )

            renewed = run_as_caller(caller, work)
            return redirect_with_message(describe_key_end(renewed), "users.show", user=found.id)
        except Invalid as problem:
            entry = read_form().with_problems(problem)
    return render_template("console/users/key_renew.html", user=found, key=key, entry=entry)


@blueprint.route("/<int:number>/revoke", methods=["GET", "POST"])
@require_login
def revoke(caller: Caller, user: str, number: int) -> Page:
    """Ask, then revoke a key and every session that was started with it."""
    found = visibility.get_user_for_keys(caller, user, caller.domain_id)
    key = _get_key(found, number)
    if request.method == "GET":
        return render_confirmation(
            _("Revoke %(name)s?", name=key.description or key.prefix),
            _(
                "Programs that use it are refused from the next call on, and every session it bought ends."
                " It cannot be undone."
            ),
            _("Revoke"),
            url_for("users.show", user=found.id),
            found.short_name,
        )

    def work(now: Caller) -> APIKey:
        owner = visibility.get_user_for_keys(now, user, now.domain_id)
        return apikeys.revoke_key(owner.id, *apikeys.split_key_number(owner.id, str(number)), now.actor)

    revoked = run_as_caller(caller, work)
    message = _("The key %(key)s of %(name)s is revoked.", key=revoked.prefix, name=found.short_name)
    return redirect_with_message(message, "users.show", user=found.id)


def _get_key(user: User, number: int) -> APIKey:
    key = next((one for one in apikeys.list_keys(user.id) if one.key_number == number), None)
    if key is None:
        raise Missing("API key")
    return key


def _reload_other(user: str, now: Caller) -> User:
    """Load the user again inside the unit of work; own keys are created elsewhere."""
    return visibility.get_other_user(now, user, now.domain_id, Guard.ADMINISTRATIVE_API_KEY, KEY)
