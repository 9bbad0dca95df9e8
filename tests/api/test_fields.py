"""Every field of every body and query: what is wrong is named, 412, and nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask

from app.models.audit import AuditEvent
from tests.drivers.api_caller import ApiCaller
from tests.world import World

# Objects have no fields of their own to name here: the whole body is the map.
OAUTH = tuple(f"/authentication/v1/oauth/{name}" for name in ("token", "userinfo", "par", "device"))
MAPS = {"/currentuser/v1/prefs"}


def filled(path: str) -> str:
    """Something in the place of each parameter."""
    return re.sub(r"\{[a-z_]+\}", "1", path)


def wrong_value(schema: dict[str, Any]) -> Any:
    """Something that no field of this schema takes."""
    kinds = [one.get("type") for one in schema.get("anyOf", [schema])]
    return (
        1.5 if "object" in kinds or any("$ref" in one for one in schema.get("anyOf", [schema])) else {"x": 1}
    )


def fields(document: dict[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    """Method, path, field and a wrong value, for every field of every body."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None or path in MAPS:
                continue
            model = document["components"]["schemas"][content["schema"]["$ref"].rsplit("/", 1)[1]]
            for name, schema in model["properties"].items():
                yield method.upper(), path, name, wrong_value(schema)


def test_every_field_of_every_body(app: Flask, world: World, admin: ApiCaller) -> None:
    """A value of the wrong type, and a field that is not there: each is a FIELD_ERROR of that name."""
    document = app.test_client().get("/openapi.json").json
    before = len(world.rows(AuditEvent))
    walked = 0
    for method, path, name, value in fields(document):
        target = filled(path)
        for field, body in ((name, {name: value}), ("noSuchField", {"noSuchField": 1})):
            answer = admin.call(method, target, body)
            assert answer.status_code == 412, (method, path, field, answer.data)
            named = [m["field"] for m in answer.json["messages"] if m["type"] == "FIELD_ERROR"]
            assert any(one == field or one.startswith((field + ".", field + "[")) for one in named), (
                path,
                named,
            )
            assert len(named) == len(set(named)), "one for each field"
        walked += 1
    assert walked > 150
    done = [row.action for row in world.rows(AuditEvent)[before:] if row.outcome == "success"]
    assert done == []


def test_every_parameter_of_every_query(app: Flask, world: World, admin: ApiCaller) -> None:
    """Numbers and booleans that are none, and parameters that are not there."""
    document = app.test_client().get("/openapi.json").json
    walked = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path.startswith(OAUTH):
                continue
            target = filled(path)
            plain = {p["name"]: p["schema"] for p in operation["parameters"] if p["in"] == "query"}
            wrong = {n: "x" for n, s in plain.items() if s.get("type") in ("integer", "boolean")}
            for name, value in {**wrong, "noSuchParameter": "1"}.items():
                answer = admin.call(method.upper(), target, query_string={name: value})
                assert answer.status_code == 412, (method, path, name, answer.data)
                assert name in [m["field"] for m in answer.json["messages"]], (path, name)
                walked += 1
    assert walked > 150
    assert world.app is app
