"""Why somebody may, or may not, use an application: the decision, each check, and how to end a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for

from app.models.audit import AuditEvent
from app.models.authority import Function
from app.models.directory import User
from app.policy.facts import Finding
from app.policy.facts import Outcome
from app.policy.rights import CustomerTree
from app.policy.rights import Rights
from app.schemas.requests.clients import ExplainAsked
from app.services.access import directory
from app.services.access import gate
from app.services.access.callers import Caller
from app.services.guards import Guard
from app.services.inspection import audit_search
from app.services.inspection import explain
from app.services.inspection import explain_requests
from app.services.inspection.explain import RecordedDecision
from app.services.inspection.explain_requests import ExplainResult
from app.services.problems import Denied
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing
from app.web.console import listing
from app.web.console import repairs
from app.web.console import shown_names
from app.web.console import suggestions
from app.web.console.repairs import RefusalCase
from app.web.console.repairs import Repair
from app.web.console.suggestions import Suggestion
from app.web.form_values import FormValues
from app.web.form_values import parse_form
from app.web.form_values import read_form
from app.web.language import translate_sentence
from app.web.pages import Page
from app.web.pages import require_login
from app.web.words.function_names import add_function_words

blueprint = Blueprint("explain", __name__, url_prefix="/console/explain")

MOST_FUNCTIONS = 60
USUAL = {"leg": "api", "securityLevel": "standard"}
UNKNOWN = {
    "client": "There is no such application.",
    "decision": "There is no decision with this number, or it is not for you to see.",
}


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """The finding of one rule, and what would end its refusal."""

    rule: str
    outcome: Outcome
    sentence: str
    repairs: Sequence[Repair] = ()


@dataclass(frozen=True, slots=True)
class CustomerFunctions:
    """The functions held for one customer; ``more`` counts those that are not listed."""

    customer: str
    functions: Sequence[Function]
    more: int


@blueprint.get("/")
@require_login
def index(caller: Caller) -> Page:
    """Answer a question in the URL, so that it can be stored and shared; the API's guards apply."""
    sent = shown_names.read_names(caller, request.args)
    if "decision" in sent:
        sent["decision"] = gate.normalise_decision_number(sent["decision"])
    entry = FormValues({**USUAL, **read_form(source=sent).values})
    if sent.get("decision") or {"client", "user"} <= set(sent):
        try:
            asked = parse_form(ExplainAsked, sent)
            return _render_answer(
                caller, entry, explain_requests.explain_request(asked.as_inquiry(asked.client), caller)
            )
        except Invalid as problem:
            entry = entry.with_problems(problem)
        except Missing as problem:
            found = _find_audit_entry(sent["decision"], caller) if problem.what == "decision" else None
            if found is not None and not sent.get("client"):
                return redirect(url_for("auditlog.entry", number=found.id), 303)
            entry = entry.with_problems(Invalid(*_list_unknown(problem, entry, caller)))
    caller.require(Guard.VIEW_OAUTH_CLIENTS_DETAILS)
    return _render_form(caller, "ask", entry)


def _find_audit_entry(number: str, caller: Caller) -> AuditEvent | None:
    """Find the audit entry of a decision about no application, if the caller may read it."""
    try:
        return audit_search.get_by_decision(caller, number)
    except (Denied, Missing):
        return None


def _render_answer(caller: Caller, entry: FormValues, answered: ExplainResult) -> str:
    explained, recorded = answered.explanation, answered.recorded
    case = RefusalCase(caller, answered.client, answered.user, explained.question)
    evidence = not answered.oneself
    missing = explained.list_missing(translate_sentence)
    scope = answered.client.permission_scope_id
    ids = {scope, *explained.rights.held, *(one.function for one, _why in missing)}
    functions = {one.id: one for one in directory.list_functions_by_id(ids)}
    named = {"client": answered.client.short_name, "user": answered.user.short_name}
    return _render_form(
        caller,
        "answer",
        FormValues({**entry.values, **named}),
        case=case,
        explained=explained,
        checks=[
            _build_check(case, finding, evidence=evidence)
            for finding in add_function_words(explained.decision.findings)
        ],
        held=_list_held(explained.rights, functions, explained.question.tree),
        missing=[(functions[one.function], why) for one, why in missing[:MOST_FUNCTIONS]],
        scope=functions.get(scope),
        missing_more=max(0, len(missing) - MOST_FUNCTIONS),
        missing_repairs=_list_repairs(case, {one.reason for one, _why in missing}) if evidence else (),
        recorded=recorded,
        then=_list_recorded_checks(recorded) if evidence else (),
        may_functions=listing.is_allowed(caller, Guard.VIEW_FUNCTIONS),
        may_user=listing.is_allowed(caller, Guard.VIEW_USERS, answered.user.customer_id),
    )


def _render_form(caller: Caller, name: str, entry: FormValues, **values: object) -> str:
    """Show the form; names to choose from are offered only to callers who may ask about others."""
    may_ask = listing.is_allowed(caller, Guard.VIEW_OAUTH_CLIENTS_DETAILS)
    suggested: dict[str, list[Suggestion]] = {}
    if may_ask:
        suggested = {
            "subjects": suggestions.suggest_subjects(caller, User),
            "applications": suggestions.suggest_applications(caller),
            "customers": suggestions.suggest_customers(caller, Guard.VIEW_PERMISSIONS),
        }
    return render_template(
        f"console/explain/{name}.html", entry=entry, may_ask=may_ask, suggested=suggested, **values
    )


def _build_check(case: RefusalCase, finding: Finding, *, evidence: bool) -> ShownCheck:
    failed = finding.outcome is Outcome.FAIL
    sentence = explain.describe_finding(finding, evidence=evidence, translate=translate_sentence)
    return ShownCheck(
        finding.rule,
        finding.outcome,
        sentence,
        repairs.list_repairs(case, finding) if failed and evidence else (),
    )


def _list_repairs(case: RefusalCase, reasons: set[str]) -> list[Repair]:
    """List what would restore functions of the permission scope: once for each reason."""
    found: dict[str, Repair] = {}
    for reason in sorted(reasons):
        for repair in repairs.list_repairs(case, Finding("right_asked", Outcome.FAIL, reason)):
            found[repair.what] = repair
    return list(found.values())


def _list_held(
    rights: Rights, functions: Mapping[int, Function], tree: CustomerTree
) -> list[CustomerFunctions]:
    by_customer: dict[str, list[Function]] = {}
    for function, tops in rights.held.items():
        for top in tops:
            by_customer.setdefault(tree.names[top], []).append(functions[function])
    return [
        CustomerFunctions(
            customer,
            sorted(held, key=attrgetter("name"))[:MOST_FUNCTIONS],
            max(0, len(held) - MOST_FUNCTIONS),
        )
        for customer, held in sorted(by_customer.items())
    ]


def _list_recorded_checks(recorded: RecordedDecision | None) -> list[ShownCheck]:
    """List what each rule said when the decision was recorded, without rules that did not apply."""
    findings = recorded.findings if recorded is not None else ()
    return [
        ShownCheck(
            one.rule, one.outcome, explain.describe_finding(one, evidence=True, translate=translate_sentence)
        )
        for one in findings
        if one.outcome is not Outcome.NOT_APPLICABLE
    ]


def _list_unknown(problem: Missing, entry: FormValues, caller: Caller) -> list[FieldProblem]:
    """List what is unknown; with an unknown application also an unknown user,
    so that both can be corrected at once.
    """
    field = problem.what if problem.what in UNKNOWN else "client"
    user = None
    if field == "client" and not entry.get_value("decision"):
        user = explain_requests.find_user_problem(entry.get_value("user").strip() or None, caller)
    return [*([user] if user is not None else []), FieldProblem(field, UNKNOWN[field], "UNKNOWN")]
