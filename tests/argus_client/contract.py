"""The official client's functions, found by import, and what each answers according to its own schema."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

MODULES = (
    "authentication.v1",
    "useradmin.v2",
    "users.v2",
    "currentuser.v1",
    "customers.v2",
    "customeradmin.v2",
)
ROUTE = re.compile(r'route = [^"]*"([^"]+)"')
METHOD = re.compile(r"session\.(get|post|put|delete)\(")


@cache
def functions() -> dict[str, Callable[..., Any]]:
    """Every function of ``argus_api.lib`` in these modules, by its dotted name."""
    found: dict[str, Callable[..., Any]] = {}
    for root in MODULES:
        package = importlib.import_module(f"argus_api.lib.{root}")
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            module = importlib.import_module(info.name)
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if function.__module__ == info.name:
                    found[f"{info.name.removeprefix('argus_api.lib.')}.{name}"] = function
    return found


def route(name: str) -> tuple[str, str]:
    """Method and path of a function, each path parameter filled with ``x``."""
    source = inspect.getsource(functions()[name])
    path = ROUTE.search(source)
    method = METHOD.search(source)
    assert path is not None
    assert method is not None
    return method[1].upper(), re.sub(r"\{[^}]+\}", "x", path[1])


def problems(name: str, status: int, body: dict[str, Any]) -> list[str]:
    """How an answer differs from the response schema inside the package. Null stands for *not set*."""
    schema = _schema(name, status)
    if not schema:
        return []
    validator = Draft202012Validator(_nullable(deepcopy(schema)))
    return [f"{'/'.join(map(str, e.path))}: {e.message}"[:200] for e in validator.iter_errors(body)]


def unknown_fields(name: str, status: int, body: dict[str, Any]) -> set[str]:
    """Fields of ``data`` that the schema does not name: extensions of ours, which a client ignores."""
    data = _schema(name, status).get("properties", {}).get("data", {})
    data = data.get("items", data)
    shown = body.get("data")
    one = shown[0] if isinstance(shown, list) and shown else shown
    if not isinstance(one, dict) or "properties" not in data:
        return set()
    return set(one) - set(data["properties"])


def is_hollow(name: str, status: int, body: dict[str, Any]) -> bool:
    """Whether the schema tells of rows, keys or values, and the answer has none: nothing was compared."""
    data = _schema(name, status).get("properties", {}).get("data", {})
    rows = data.get("properties", {}).get("keys", data)
    if rows.get("type") != "array" and "additionalProperties" not in rows:
        return False
    shown = body["data"]["keys"] if rows is not data else body["data"]
    return not shown


def _schema(name: str, status: int) -> dict[str, Any]:
    module, _, function = name.rpartition(".")
    told = getattr(importlib.import_module(f"argus_api.schema.{module}"), function)["responses"]
    answer = told.get(str(status)) or told.get("default") or {}
    found: dict[str, Any] = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _nullable(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _nullable(value) for key, value in schema.items()}
    # A user and a group are told by two equal shapes, of which exactly one could never match.
    if "oneOf" in found:
        found["anyOf"] = found.pop("oneOf")
    # A group's own flags are told as an object over a subject's list of them; the list is what goes out.
    if "allOf" in found:
        for part in found["allOf"]:
            part.get("properties", {}).pop("flags", None)
    if isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    if "enum" in found and isinstance(found["enum"], list):
        found["enum"] = [*found["enum"], None]
    return found
