"""``/openapi.json``: OpenAPI 3.1, made from the same models that validate requests and shape answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from app import cookies
from app.api.auth import MOST_PATH_CHARACTERS
from app.api.auth import Contract
from app.api.openapi_oauth import OAUTH_PATHS
from app.policy.ways_in import WayIn
from app.schemas.wire import QueryModel
from app.services.login.stepup_operations import AUTHORIZATION
from app.services.login.stepup_operations import Operation

REF = "#/components/schemas/{model}"
PARAMETER = re.compile(r"<(?:([a-z]+):)?([a-z_]+)>")
TEXT = {"type": "string", "minLength": 1, "maxLength": MOST_PATH_CHARACTERS}
NUMBER = {"type": "integer", "minimum": 0}
ERRORS = {
    "400": "The request is not HTTP in order, or for another host.",
    "401": "No credential, or none that is of use now.",
    "403": "The credential does not allow this.",
    "404": "There is no such object, or not for this caller to know.",
    "405": "There is no such method here.",
    "412": "A field is wrong: one FIELD_ERROR for each.",
    "413": "The body is too large.",
    "429": "Too many failures; see Retry-After.",
    "503": "The server is busy or has no database now; nothing was changed. See Retry-After.",
}
# The web server itself refuses these, before the application runs.
TOO_LONG = {"414": {"description": "The address is too long."}, "431": {"description": "Too long."}}
SECURITY: list[dict[str, list[str]]] = [{"apiKey": []}, {"bearer": []}, {"session": [], "csrf": []}]
MESSAGE = {
    "type": "object",
    "required": ["type", "message", "messageTemplate", "field", "parameter"],
    "properties": {
        "type": {"enum": ["FIELD_ERROR", "ACTION_ERROR", "WARNING", "NOTIFICATION", "INFO"]},
        "message": {"type": "string"},
        "messageTemplate": {"type": "string"},
        "field": {"type": ["string", "null"]},
        "parameter": {"type": ["string", "null"]},
    },
}


def build_document(app: Flask, base_url: str) -> dict[str, Any]:
    """Build the whole document."""
    operations = list(_list_operations(app))
    schemas = _build_schemas([contract for _, _, contract in operations])
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, contract in operations:
        view = app.view_functions[rule.endpoint]
        path = PARAMETER.sub(r"{\2}", rule.rule)
        paths.setdefault(path, {})[method.lower()] = _describe_operation(
            rule, method, contract, view.__doc__ or "", schemas
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Argus identity provider",
            "version": "1",
            "description": "Every answer but those of the OAuth endpoints is an envelope.",
        },
        "servers": [{"url": base_url}],
        "paths": dict(sorted({**paths, **OAUTH_PATHS}.items())),
        "components": {
            "schemas": {
                **schemas["$defs"],
                "Message": MESSAGE,
                "Error": _describe_envelope({"type": ["object", "null"]}),
            },
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "Argus-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": cookies.LOGIN.name},
                "csrf": {"type": "apiKey", "in": "header", "name": "Argus-Csrf-Token"},
            },
        },
    }


def _list_operations(app: Flask) -> Iterator[tuple[Rule, str, Contract]]:
    for rule in app.url_map.iter_rules():
        contract: Contract | None = getattr(app.view_functions[rule.endpoint], "contract", None)
        if contract is not None:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method, contract


def _build_schemas(contracts: list[Contract]) -> dict[str, Any]:
    """Build schema definitions by model and mode, and ``$defs``:
    answers as serialised, requests as validated.
    """
    wanted: dict[tuple[type[BaseModel], Any], None] = {}
    for contract in contracts:
        wanted[(_find_item_model(contract.answers), "serialization")] = None
        wanted[(contract.query, "validation")] = None
        wanted |= {(shape, "serialization"): None for shape in contract.also.values()}
        if contract.body is not None:
            wanted[(contract.body, "validation")] = None
    found, definitions = models_json_schema(list(wanted), ref_template=REF)
    return {"models": found, "$defs": definitions.get("$defs", {})}


def _describe_operation(
    rule: Rule, method: str, contract: Contract, doc: str, schemas: dict[str, Any]
) -> dict[str, Any]:
    title, _, rest = doc.strip().partition("\n")
    name = rule.endpoint.removeprefix("admin.")
    operation: dict[str, Any] = {
        "operationId": f"{name}_{method.lower()}_{re.sub(r'[^a-z0-9]+', '_', rule.rule.lower()).strip('_')}",
        "summary": title.rstrip("."),
        "tags": ["/".join(rule.rule.split("/")[1:4])],
        "parameters": [*_describe_path(rule), *_describe_query(contract.query, schemas)],
        "responses": _describe_responses(contract, schemas),
    }
    sentences = [" ".join(rest.split())] if rest.strip() else []
    if contract.step_up is not None:
        operation["x-step-up"] = {
            "operation": contract.step_up.name,
            "proof": list(contract.step_up.fields),
        }
        sentences.append(_describe_step_up(contract.step_up))
    if contract.way_in is not None:
        operation["x-way-in"] = contract.way_in.name
        sentences.append(_describe_way_in(contract.way_in))
    if sentences:
        operation["description"] = " ".join(sentences)
    if contract.body is not None:
        schema = schemas["models"][(contract.body, "validation")]
        content = {"application/json": {"schema": schema}}
        operation["requestBody"] = {"required": not contract.optional_body, "content": content}
    if contract.login:
        operation["security"] = SECURITY
    return operation


def _describe_step_up(operation: Operation) -> str:
    """Describe what to send as proof of presence, for readers of the document."""
    password = f"`{operation.instead}`, or " if operation.instead else ""
    return f"Needs proof of presence: {password}an `{AUTHORIZATION}` for `{operation.name}`."


def _describe_way_in(way: WayIn) -> str:
    """Describe who may call a way in, for readers of the document."""
    when = "When it opens a way in" if way.sometimes else "It opens a way in"
    return (
        f"{when} ({way.words}), it needs a person's own login, or API key without limits, "
        "that may use all the way leads to."
    )


def _describe_path(rule: Rule) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": NUMBER if kind == "int" else TEXT}
        for kind, name in PARAMETER.findall(rule.rule)
    ]


def _describe_query(model: type[QueryModel], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    reference = schemas["models"][(model, "validation")]["$ref"].rsplit("/", 1)[1]
    schema = schemas["$defs"][reference]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": _strip_null(field),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _strip_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Remove null from a schema: a query has no null, a missing value is not sent."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    kept = {
        k: v for k, v in schema.items() if k not in ("anyOf", "default") or (k == "default" and v is not None)
    }
    if len(kinds) == 1:
        return {**kept, **kinds[0]}
    return {**kept, "anyOf": kinds} if kinds else schema


def _describe_responses(contract: Contract, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = schemas["models"][(_find_item_model(contract.answers), "serialization")]
    data = {"type": "array", "items": schema} if isinstance(contract.answers, list) else schema
    answered = {"content": {"application/json": {"schema": _describe_envelope(data)}}}
    failed = {"content": {"application/json": {"schema": {"$ref": REF.format(model="Error")}}}}
    found = {str(status): {"description": "Done.", **answered} for status in contract.statuses}
    for status, shape in contract.also.items():
        other = _describe_envelope(schemas["models"][(shape, "serialization")])
        found[str(status)] = {"description": "Not yet.", "content": {"application/json": {"schema": other}}}
    return found | {s: {"description": text, **failed} for s, text in ERRORS.items()} | TOO_LONG


def _describe_envelope(data: dict[str, Any]) -> dict[str, Any]:
    number = {"type": "integer"}
    return {
        "type": "object",
        "required": ["responseCode", "limit", "offset", "count", "size", "metaData", "messages", "data"],
        "properties": {
            "responseCode": number,
            "limit": number,
            "offset": number,
            "count": number,
            "size": number,
            "metaData": {"type": "object"},
            "messages": {"type": "array", "items": {"$ref": REF.format(model="Message")}},
            "data": data,
        },
    }


def _find_item_model(answers: Any) -> type[BaseModel]:
    found: type[BaseModel] = answers[0] if isinstance(answers, list) else answers
    return found
