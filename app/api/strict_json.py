"""Strict JSON for the API (security rule 30): one object, no repeated keys, limited size and depth.

Python's own parser accepts NaN, repeated keys, lone surrogates and any depth (pitfall 31).
"""

from __future__ import annotations

import json
import math
import re
from typing import Any
from typing import NoReturn

from app.schemas.texts import UNCLEAN

MOST_BYTES = 1_000_000
MOST_DEPTH = 20
MOST_NODES = 10_000
LEAST_INTEGER, MOST_INTEGER = -(2**63), 2**63 - 1
PLAIN_NAME = re.compile(r"[A-Za-z]{1,64}", re.ASCII)
# Possessive quantifiers; an unterminated text is one token too. So invalid JSON costs no more than valid
# JSON.
NESTING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


class BadJSON(Exception):
    """The body is not an acceptable JSON object. ``problem`` is a fixed sentence that says what to do."""

    def __init__(self, problem: str, field: str = "body") -> None:
        super().__init__(problem)
        self.problem = problem
        self.field = field


def parse_object(
    raw: bytes, *, max_bytes: int = MOST_BYTES, max_depth: int = MOST_DEPTH, allow_empty: bool = False
) -> dict[str, Any]:
    """Parse the object in a body. Raises only ``BadJSON``."""
    if len(raw) > max_bytes:
        raise BadJSON(f"Send at most {max_bytes} bytes.")
    if not raw.strip():
        if allow_empty:
            return {}
        raise BadJSON("Send a JSON object as body.")
    if _measure_depth(raw) > max_depth:
        raise BadJSON(f"Nest at most {max_depth} levels.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadJSON("Send UTF-8.") from None
    try:
        found = json.loads(
            text, object_pairs_hook=_refuse_repeats, parse_constant=_refuse_constant, parse_int=_parse_integer
        )
    except (ValueError, RecursionError):
        raise BadJSON("This is not valid JSON.") from None
    if not isinstance(found, dict):
        raise BadJSON("Send a JSON object: { ... }.")
    _check(found)
    return found


def _measure_depth(raw: bytes) -> int:
    """Measure how deep brackets nest outside strings, before parsing,
    because parsing could exhaust the stack.
    """
    deepest = depth = 0
    for token in NESTING.finditer(raw):
        if token[0] in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in b"]}":
            depth -= 1
    return deepest


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise BadJSON("A field is given twice.", name if PLAIN_NAME.fullmatch(name) else "body")
        found[name] = value
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise BadJSON("NaN and Infinity are not JSON.")


def _parse_integer(text: str) -> int:
    # Check the length before converting: a million digits take long.
    if len(text) > 20 or not LEAST_INTEGER <= int(text) <= MOST_INTEGER:
        raise BadJSON("A number is out of range.")
    return int(text)


def _check(root: dict[str, Any]) -> None:
    waiting: list[Any] = [root]
    nodes = 0
    while waiting:
        one = waiting.pop()
        nodes += 1
        if nodes > MOST_NODES:
            raise BadJSON(f"Send at most {MOST_NODES} values.")
        if isinstance(one, str) and UNCLEAN.search(one):
            raise BadJSON("A text holds a control character or half a character.")
        if isinstance(one, float) and not math.isfinite(one):
            raise BadJSON("A number is out of range.")
        if isinstance(one, dict):
            waiting.extend(one)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
