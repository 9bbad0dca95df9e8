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

MOST_DEPTH = 20
LEAST_INTEGER, MOST_INTEGER = -(2**63), 2**63 - 1
PLAIN_NAME = re.compile(r"[A-Za-z]{1,64}", re.ASCII)
# Possessive quantifiers; an unterminated text is one token too. So invalid JSON costs no more than valid
# JSON.
TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
BLANKS = b" \t\r\n"
ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
ONE_KIND = bytes.maketrans(b"{}", b"[]")


class BadJSON(Exception):
    """The body is not an acceptable JSON object. ``problem`` is a fixed sentence that says what to do."""

    def __init__(self, problem: str, field: str = "body") -> None:
        super().__init__(problem)
        self.problem = problem
        self.field = field


def parse_object(
    raw: bytes, *, max_values: int, max_depth: int = MOST_DEPTH, allow_empty: bool = False
) -> dict[str, Any]:
    """Parse the object in a body; a field name is a value too. Raises only ``BadJSON``."""
    if not raw.strip():
        if allow_empty:
            return {}
        raise BadJSON("Send a JSON object as body.")
    _check_structure(raw, max_values, max_depth)
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
    _check_values(found)
    return found


def _check_structure(raw: bytes, max_values: int, max_depth: int) -> None:
    """Count values and measure depth before parsing, which costs a hundred times as much and could exhaust
    the stack. Exact for valid JSON; for any bytes, no less than the parser would build. Raises ``BadJSON``.
    """
    too_many = BadJSON(f"Send at most {max_values} values.")
    bare, texts = TEXT.subn(b'"', raw, count=max_values + 1)
    if texts > max_values:
        raise too_many
    bare = bare.translate(None, BLANKS)
    empty = bare.count(b"[]") + bare.count(b"{}")
    # Each of these begins one value more; a bracket that ends at once begins only itself.
    if 1 + sum(bare.count(mark) for mark in (b"[", b"{", b",", b":")) - empty > max_values:
        raise too_many
    brackets = bare.translate(ONE_KIND, ALL_BUT_BRACKETS)
    for _ in range(max_depth):
        # Each round takes the innermost level away.
        outer = brackets.replace(b"[]", b"")
        if len(outer) == len(brackets):
            break
        brackets = outer
    if brackets:
        raise BadJSON(f"Close what you open, and nest at most {max_depth} levels.")


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


def _check_values(root: dict[str, Any]) -> None:
    waiting: list[Any] = [root]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and UNCLEAN.search(one):
            raise BadJSON("A text holds a control character or half a character.")
        if isinstance(one, float) and not math.isfinite(one):
            raise BadJSON("A number is out of range.")
        if isinstance(one, dict):
            waiting.extend(one)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
