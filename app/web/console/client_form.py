"""The form of an application: fill in, check while typing, forecast, save."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint
from flask import jsonify
from flask import render_template
from flask import request
from flask_babel import gettext as _

from app.models.clients import OAuthClient
from app.policy.answers import choose_api_status
from app.policy.scopes import WORDS
from app.schemas.common import LEVEL_NAMES
from app.schemas.requests.clients import ClientCreate
from app.schemas.requests.clients import ClientUpdate
from app.schemas.wire import find_list_fields
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.audit import trail
from app.services.clients import changes
from app.services.clients import drafts
from app.services.clients import registry
from app.services.clients.field_kinds import Kind
from app.services.clients.fields import BY_NAME
from app.services.clients.fields import EDITABLE
from app.services.clients.fields import REQUIRED
from app.services.clients.fields import build_proposed_values
from app.services.guards import Guard
from app.services.inspection import whatif
from app.services.problems import Conflict
from app.services.problems import Denied
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.web.console import forecasts
from app.web.console import listing
from app.web.console import shown_names
from app.web.console import suggestions
from app.web.console.clients import read_sent_version
from app.web.console.clients import render_made_page
from app.web.console.forecasts import ShownForecast
from app.web.form_values import FormValues
from app.web.form_values import read_form
from app.web.language import translate_sentence
from app.web.pages import Page
from app.web.pages import redirect_with_message
from app.web.pages import require_login
from app.web.pages import run_as_caller
from app.web.words import client_fields
from app.web.words.client_fields import Change

blueprint = Blueprint("client_form", __name__, url_prefix="/console/clients")
ELSEWHERE = FieldProblem("customer", "Name a customer for whom you may register applications.", "NOT_ALLOWED")
AGAIN = FieldProblem("clientSecret", "Type the secret again, or leave it empty and one is made.", "AGAIN")


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What a change would do, to the fields and to the users."""

    changed: Sequence[Change]
    people: ShownForecast


@blueprint.route("/add", methods=["GET", "POST"])
@require_login
def add(caller: Caller) -> Page:
    """Register an application; if the server makes the secret, the answer's page shows it."""
    caller.require(Guard.ADD_OAUTH_CLIENT)
    entry = FormValues({**_to_wire_values(build_proposed_values()), "customer": _find_only_customer(caller)})
    if request.method == "POST":
        entry = read_form("clientSecret")
        wrong = shown_names.list_form_problems(ClientCreate, caller, lambda body: _judge_new(body, caller))
        try:
            # The service refuses a missing right, so that the refusal is recorded.
            if wrong and wrong != (ELSEWHERE,):
                raise Invalid(*wrong)
            change = changes.add_needed_secret(shown_names.parse_form(ClientCreate, caller).as_change())
            made = run_as_caller(caller, lambda now: registry.create_client(change, now))
            return render_made_page(made, change.made_secret, new=True)
        except Invalid as problem:
            entry = entry.with_problems(problem)
        except Denied as refusal:
            if choose_api_status(refusal.decision) != 403:
                raise
            trail.record_refusal("page", caller.actor, refusal.decision, caller.question)
            entry = entry.with_problems(Invalid(ELSEWHERE))
        if request.form.get("clientSecret") and not entry.list_problems("clientSecret"):
            # The secret is not sent back, and an empty field would silently create another one.
            entry = entry.with_problems(Invalid(*entry.problems, AGAIN))
    return _render_form(caller, entry)


@blueprint.post("/check")
@require_login
def check_new(caller: Caller) -> Page:
    """Check the data of a new application so far; nothing is written."""
    caller.require(Guard.ADD_OAUTH_CLIENT)
    return _render_problems(
        shown_names.list_form_problems(ClientCreate, caller, lambda body: _judge_new(body, caller))
    )


@blueprint.route("/<client>/edit", methods=["GET", "POST"])
@require_login
def edit(caller: Caller, client: str) -> Page:
    """Change an application; the page can show beforehand who gains or loses access."""
    found = _get_editable(client, caller)
    entry, preview = _to_form_values(found, details=registry.may_see_details(found, caller)), None
    if request.method == "POST":
        entry = read_form("clientSecret")
        wrong = shown_names.list_form_problems(
            ClientUpdate, caller, lambda body: _judge_changed(body, found, caller)
        )
        try:
            if wrong:
                raise Invalid(*wrong)
            body = shown_names.parse_form(ClientUpdate, caller)
            if not entry.has("how", "preview"):
                return _finish_save(client, body, found, caller)
            preview = _preview_change(client, body, caller)
        except Invalid as problem:
            entry = entry.with_problems(problem)
        except Conflict:
            return _render_conflict(caller, entry, client)
    return _render_form(caller, entry, client=found, preview=preview)


def _render_conflict(caller: Caller, entry: FormValues, client: str) -> Page:
    """Show the conflict with another save: what was typed, beside the stored values that differ."""
    now = _get_editable(client, caller)
    stored = _to_form_values(now, details=registry.may_see_details(now, caller))
    differs = {
        name: stored.get_value(name)
        for name in stored.values
        if name in entry.values and not _is_alike(stored.get_value(name), entry.get_value(name))
    }
    return _render_form(caller, entry, client=now, differs=differs), 409


def _is_alike(stored: str, sent: str) -> bool:
    """Tell whether two texts of a field mean the same: lists in any order, yes and no in any spelling."""
    return sorted(stored.lower().split()) == sorted(sent.lower().split())


@blueprint.post("/<client>/check")
@require_login
def check_changed(caller: Caller, client: str) -> Page:
    """Check the data of a change; nothing is written."""
    found = _get_editable(client, caller)
    return _render_problems(
        shown_names.list_form_problems(ClientUpdate, caller, lambda body: _judge_changed(body, found, caller))
    )


def _judge_new(body: ClientCreate, caller: Caller) -> None:
    draft = drafts.draft(changes.add_needed_secret(body.as_change()), caller)
    problems = draft.problems
    elsewhere = not listing.is_allowed(caller, Guard.ADD_OAUTH_CLIENT, draft.at)
    if elsewhere and all(one.field != ELSEWHERE.field for one in problems):
        # Then the limits of what may be granted do not apply yet.
        problems = (*(one for one in problems if one.code != "NOT_HELD"), ELSEWHERE)
    if problems:
        raise Invalid(*problems)


def _judge_changed(body: ClientUpdate, client: OAuthClient, caller: Caller) -> None:
    """Judge the change as saving does. An emptied field is different from an absent one."""
    emptied = tuple(
        changes.report_missing(field.wire)
        for field in REQUIRED
        if field.wire not in find_list_fields(ClientUpdate) and not request.form.get(field.wire, "-").strip()
    )
    try:
        registry.propose_update(client.id, changes.add_needed_secret(body.as_change(), client), caller)
    except Invalid as problem:
        raise Invalid(*emptied, *problem.problems) from None
    if emptied:
        raise Invalid(*emptied)


def _finish_save(client: str, body: ClientUpdate, found: OAuthClient, caller: Caller) -> Page:
    change, version = changes.add_needed_secret(body.as_change(), found), read_sent_version()
    changed, anything = run_as_caller(
        caller, lambda now: registry.update_client(client, change, now, version=version)
    )
    if change.made_secret is not None:
        return render_made_page(changed, change.made_secret, new=False)
    return redirect_with_message(
        _("Saved.") if anything else _("Nothing was changed."), "clients.show", client=changed.id
    )


def _preview_change(client: str, body: ClientUpdate, caller: Caller) -> ChangePreview:
    found = whatif.get_client(client, caller)
    proposal = whatif.propose_update(found, changes.add_needed_secret(body.as_change(), found), caller)
    changed = client_fields.describe_changes(proposal.changed)
    return ChangePreview(
        changed, forecasts.show_forecast(whatif.forecast_change(found, proposal, caller), caller)
    )


def _get_editable(client: str, caller: Caller) -> OAuthClient:
    found = registry.get_visible_client(client, caller)
    caller.require(Guard.UPDATE_OAUTH_CLIENT, registry.find_guard_customer(found, caller))
    return found


def _render_problems(problems: tuple[FieldProblem, ...]) -> Page:
    """Return each problem for check.js, with its field on the page, and the item if the field is a list."""
    entry = read_form("clientSecret").with_problems(Invalid(*problems))
    told = [
        {
            "field": entry.locate_field(one),
            "entry": entry.name_item(one) if one.field != entry.locate_field(one) else "",
            "message": translate_sentence(one.message),
        }
        for one in entry.problems
    ]
    return jsonify(problems=told)


def _render_form(
    caller: Caller,
    entry: FormValues,
    *,
    client: OAuthClient | None = None,
    preview: ChangePreview | None = None,
    differs: Mapping[str, str] | None = None,
) -> str:
    suggested = {"functions": suggestions.suggest_functions(caller)}
    if client is None:
        suggested["customers"] = suggestions.suggest_customers(caller, Guard.ADD_OAUTH_CLIENT)
    parents = caller.question.tree.parents
    return render_template(
        "console/clients/form.html",
        entry=entry,
        client=client,
        details=client is None or registry.may_see_details(client, caller),
        preview=preview,
        differs=differs,
        suggested=suggested,
        sections=client_fields.group_by_place(),
        labels=client_fields.build_labels(),
        options_of=client_fields.list_options,
        everywhere=any(parents[one] is None for one in caller.list_reach(Guard.ADD_OAUTH_CLIENT)),
        scopes=[(name, f"{name}: {translate_sentence(words)}") for name, words in WORDS.items()],
    )


def _find_only_customer(caller: Caller) -> str:
    """Return the customer to preselect,
    for a caller who can register applications for only some customers.
    """
    tops = caller.question.tree.keep_topmost(caller.list_reach(Guard.ADD_OAUTH_CLIENT))
    found = directory.list_customers_by_id(tops)
    return found[0].short_name if len(found) == 1 and found[0].parent_id is not None else ""


def _to_form_values(client: OAuthClient, *, details: bool) -> FormValues:
    shown = (one for one in EDITABLE if one.kind is not Kind.SECRET and (details or not one.gated))
    return FormValues(_to_wire_values({one.name: getattr(client, one.name) for one in shown}))


def _to_wire_values(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Convert stored values for the form, by wire name."""
    return {BY_NAME[name].wire: _to_typed(BY_NAME[name].kind, value) for name, value in stored.items()}


def _to_typed(kind: Kind, value: Any) -> Any:
    if kind is Kind.FUNCTION:
        return value.name
    if kind is Kind.LEVEL:
        return LEVEL_NAMES[value]
    if kind is Kind.CLAIMS:
        return [json.dumps(claim) for claim in value]
    if kind is Kind.KEYS:
        return json.dumps(value, indent=1) if value else ""
    return value
