"""Every call that takes proof of presence declares it; the table, the calls and OpenAPI name the same."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import get_args

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.api.auth import Answer
from app.api.auth import Contract
from app.api.auth import Work
from app.api.auth import endpoint
from app.schemas.answers.infos import Nothing
from app.schemas.requests.stepup import Presence
from app.services.access.callers import Caller
from app.services.login import stepup_operations
from app.services.login.stepup_operations import AUTHORIZATION
from app.services.login.stepup_operations import CREATE_KEY
from app.services.login.stepup_operations import Operation
from app.services.login.stepup_operations import OperationName
from app.services.problems import Invalid
from app.web.words.audit_fields import OPERATIONS
from tests.api.test_stepup import authorizes
from tests.api.test_stepup import bearer
from tests.house.call_graph import list_functions
from tests.house.call_graph import list_reaching
from tests.house.call_graph import read_sources
from tests.world import PASSWORD
from tests.world import World

# It says what an authorization is good for, and spends nothing.
ONLY_READS = {"admin.validate_authorization"}
SPENDS = "app.services.login.stepup_tokens.consume_token"
# The declaration itself.
DECLARES = "app.api.auth"


def contracts(app: Flask) -> list[tuple[Rule, Contract]]:
    found = [(rule, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules()]
    return [(rule, view.contract) for rule, view in found if hasattr(view, "contract")]


def test_the_table_has_every_operation() -> None:
    """Each name that a request may send, once; pages have words for each that has a call."""
    names = [operation.name for operation in stepup_operations.ALL]
    assert sorted(names) == sorted(get_args(OperationName))
    mailed = {stepup_operations.KNOW_DEVICE.name}
    assert set(OPERATIONS) == {one.name for one in stepup_operations.ALL if one.has_call} | mailed


def test_every_operation_has_its_calls(app: Flask) -> None:
    """One search for ``step_up=`` lists them all."""
    declared = {f"{min(rule.methods - {'HEAD', 'OPTIONS'})} {rule.rule}": contract.step_up.name
                for rule, contract in contracts(app) if contract.step_up is not None}  # fmt: skip
    assert declared == {
        "PUT /authentication/v1/password": "password.set",
        "PUT /currentuser/v1/password": "password.set",
        "POST /authentication/v1/totp": "totp.initialize",
        "POST /authentication/v1/apikey": "apikey.create",
        "PUT /authentication/v1/apikey/<user_part>/<key_part>": "apikey.renew",
        "PUT /authentication/v1/apikey/<number>": "apikey.renew",
        "POST /authentication/v1/signature/webauthn/enroll": "publickey.enroll",
    }
    assert set(declared.values()) == {one.name for one in stepup_operations.ALL if one.has_call}


def test_a_body_takes_an_authorization_exactly_where_it_is_declared(app: Flask) -> None:
    """And every field that the operation names is there to be sent."""
    for rule, contract in contracts(app):
        fields = {one.alias for one in contract.body.model_fields.values()} if contract.body else set()
        if contract.step_up is not None:
            assert set(contract.step_up.fields) <= fields, rule
        elif rule.endpoint not in ONLY_READS:
            assert AUTHORIZATION not in fields, rule


def test_openapi_names_exactly_these(app: Flask) -> None:
    """An extension for programs, a sentence for people."""
    paths = app.test_client().get("/openapi.json").json["paths"]
    told = {
        one["operationId"]: one
        for path in paths.values()
        for one in path.values()
        if "x-step-up" in one or "proof of presence:" in one.get("description", "")
    }
    declared = [contract.step_up for _, contract in contracts(app) if contract.step_up is not None]
    extensions = [(one["x-step-up"]["operation"], one["x-step-up"]["proof"]) for one in told.values()]
    assert sorted(extensions) == sorted((one.name, list(one.fields)) for one in declared)
    for one in told.values():
        for text in (one["x-step-up"]["operation"], *one["x-step-up"]["proof"]):
            assert f"`{text}`" in one["description"]


# --- who spends -------------------------------------------------------------------------------------------


def sources() -> dict[str, str]:
    """The text of every module of use cases and of the API."""
    return read_sources("services", "api")


def undeclared(modules: dict[str, str]) -> set[str]:
    """The views that spend an authorization, themselves or through what they call, and do not declare it."""
    called: dict[str, set[str]] = {}
    views: dict[str, bool] = {}
    for module, text in modules.items():
        if module == DECLARES:
            continue
        for name, function, targets in list_functions(module, text):
            called[name] = targets
            for decorator in function.decorator_list:
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") in (
                    "endpoint",
                    "public",
                ):
                    views[name] = any(keyword.arg == "step_up" for keyword in decorator.keywords)
    spending = list_reaching(called, {SPENDS})
    assert {"app.services.login.reauthentication.run_with_proof", SPENDS} <= spending
    return {name for name, is_declared in views.items() if name in spending and not is_declared}


def test_whoever_spends_an_authorization_declares_it() -> None:
    """No view of the API reaches ``stepup_tokens.consume_token`` around its declaration."""
    assert undeclared(sources()) == set()


@pytest.mark.parametrize(
    "line",
    [
        "stepup_tokens.consume_token(proof, caller.user_id, None)",
        "stepup_tokens.run_spending(proof, caller, print)",
        "password_change.change_by_owner(caller, '', proof)",
        "_help(caller)",
        "return lambda now: run_with_proof(caller, proof, now)",
    ],
)
def test_a_call_that_spends_and_does_not_say_so_is_found(line: str) -> None:
    """Also through a helper or a use case."""
    text = f"""
from app.services.login import password_change
from app.services.login import stepup_tokens
from app.services.login.reauthentication import run_with_proof

@blueprint.post("/new")
@endpoint(answers=Nothing)
def sensitive(caller):
    {line}

def _help(caller):
    return run_with_proof(caller, None, None)
"""
    assert undeclared(sources() | {"app.api.made_up": text}) == {"app.api.made_up.sensitive"}
    declared = text.replace("answers=Nothing", "answers=Nothing, step_up=CREATE_KEY")
    assert undeclared(sources() | {"app.api.made_up": declared}) == set()


def test_evidence_comes_from_the_declaration_alone() -> None:
    """A view of the API gets what it may spend; it does not make it."""
    for module, text in sources().items():
        made = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        if module.startswith("app.api.") and module != DECLARES:
            assert not [node for node in made if getattr(node.func, "id", "") == "Evidence"], module


# --- the declaration makes the check happen ----------------------------------------------------------------


def _calls(app: Flask, view: Callable[..., object], own: dict[str, str], **body: str) -> object:
    with app.test_request_context("/", method="POST", json=body, headers=own):
        return view()


def test_the_work_waits_for_the_proof(app: Flask, world: World) -> None:
    """A view made up a moment ago: without proof, or with a wrong one, its work is not done."""
    done: list[str] = []

    @endpoint(answers=Nothing, body=Presence, step_up=CREATE_KEY)
    def sensitive(caller: Caller, body: Presence) -> Work:
        def work(now: Caller) -> Answer:
            done.append(now.user_name)
            return Answer(Nothing())

        return work

    own = bearer(app)
    for wrong in ({}, {"password": "wrong"}, {"authorization": "a.b.c"}):
        with pytest.raises(Invalid):
            _calls(app, sensitive, own, **wrong)
    with pytest.raises(Invalid):
        _calls(app, sensitive, own, authorization=authorizes(app, own, "totp.initialize"))
    assert done == []
    authorization = authorizes(app, own)
    _calls(app, sensitive, own, authorization=authorization)
    with pytest.raises(Invalid):
        _calls(app, sensitive, own, authorization=authorization)
    _calls(app, sensitive, own, password=PASSWORD)
    assert done == ["alice", "alice"]


@pytest.mark.parametrize("operation", stepup_operations.ALL, ids=lambda one: one.name)
def test_a_call_on_an_object_says_which(operation: Operation) -> None:
    """It is not loaded without ``about``, and no other has it."""

    def about(caller: Caller) -> dict[str, str]:
        return {}

    with pytest.raises(TypeError):
        endpoint(answers=Nothing, body=Presence, step_up=operation, about=None if operation.names else about)


def test_a_view_answers_as_it_declares(app: Flask, world: World) -> None:
    """Work without a declaration would be done by nobody; an answer at once would be one before the proof."""

    @endpoint(answers=Nothing, body=Presence, step_up=CREATE_KEY)
    def hasty(caller: Caller, body: Presence) -> Answer:
        return Answer(Nothing())

    @endpoint(answers=Nothing, body=Presence)
    def silent(caller: Caller, body: Presence) -> Work:
        return lambda now: Answer(Nothing())

    for view in (hasty, silent):
        with pytest.raises(TypeError):
            _calls(app, view, bearer(app), password=PASSWORD)
