"""A user's API keys, as an administrator creates, renews and revokes them."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _

from app.models.apikeys import APIKey
from app.models.directory import User
from app.schemas.requests.apikeys import AdminAPIKeyRequest
from app.schemas.requests.apikeys import AdminRenewAPIKey
from app.services.access import apikeys
from app.services.access.callers import Caller
from app.services.administration import visibility
from app.services.guards import Guard
from app.services.login import apikey_limits
from app.services.problems import Invalid
from app.services.problems import Missing
from app.web.console.asking import asking
from app.web.entries import Entry
from app.web.entries import read
from app.web.entries import typed
from app.web.pages import Page
from app.web.pages import acting
from app.web.pages import done
from app.web.pages import page
from app.web.words.done import ends_words

blueprint = Blueprint("user_keys", __name__, url_prefix="/console/users/<user>/keys")


@blueprint.route("/add", methods=["GET", "POST"])
@page
def add(caller: Caller, user: str) -> Page:
    """Create a key for this user and show it once."""
    found = _other(user, caller)
    entry = Entry({"expirationDays": str(apikeys.DEFAULT_DAYS)})
    if request.method == "POST":
        entry = typed()
        try:
            asked = read(AdminAPIKeyRequest)
            limits = asked.as_typed()
            key, text = acting(
                caller,
                lambda now: apikey_limits.create_key(_other(user, now), asked.description, limits, now),
            )
            return render_template("console/users/key_made.html", user=found, key=key, text=text)
        except Invalid as problem:
            entry = entry.refused(problem)
    return render_template("console/users/key_form.html", user=found, entry=entry)


@blueprint.route("/<int:number>/renew", methods=["GET", "POST"])
@page
def renew(caller: Caller, user: str, number: int) -> Page:
    """Set a new expiry for a key, counted from now."""
    found = _other(user, caller)
    key = _of(found, number)
    entry = Entry({"expirationDays": str(apikeys.DEFAULT_DAYS)})
    if request.method == "POST":
        try:
            limits = read(AdminRenewAPIKey).as_limits()

            def work(now: Caller) -> APIKey:
                owner = _other(user, now)
                days = apikey_limits.from_request(now, limits).days
                return apikeys.renew(
                    owner.id, *apikeys.parts_of_number(owner.id, str(number)), days, now.actor
                )

            renewed = acting(caller, work)
            return done(ends_words(renewed), "users.show", user=found.id)
        except Invalid as problem:
            entry = typed().refused(problem)
    return render_template("console/users/key_renew.html", user=found, key=key, entry=entry)


@blueprint.route("/<int:number>/revoke", methods=["GET", "POST"])
@page
def revoke(caller: Caller, user: str, number: int) -> Page:
    """Ask, then revoke a key and every session that was started with it."""
    found = visibility.keyed_user(caller, user, caller.domain_id)
    key = _of(found, number)
    if request.method == "GET":
        return asking(
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
        owner = visibility.keyed_user(now, user, now.domain_id)
        return apikeys.revoke(owner.id, *apikeys.parts_of_number(owner.id, str(number)), now.actor)

    revoked = acting(caller, work)
    message = _("The key %(key)s of %(name)s is revoked.", key=revoked.prefix, name=found.short_name)
    return done(message, "users.show", user=found.id)


def _of(user: User, number: int) -> APIKey:
    key = next((one for one in apikeys.of_user(user.id) if one.key_number == number), None)
    if key is None:
        raise Missing("API key")
    return key


def _other(user: str, now: Caller) -> User:
    """Load the user again inside the unit of work; own keys are created elsewhere."""
    return visibility.other_user(now, user, now.domain_id, Guard.ADMINISTRATIVE_API_KEY)
