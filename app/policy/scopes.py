"""OAuth scope strings (RFC 6749 3.3): parsed, compared, put into words; not permission scopes."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable

from app.policy.claims import SCOPES

TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+", re.ASCII)

WORDS = {scope.name: scope.words for scope in SCOPES}
OTHER = "use the scope '{scope}'"
STANDARD_SCOPES = frozenset(WORDS)


def valid_scope_token(text: str) -> bool:
    """Whether this is one scope name: visible ASCII without quote and backslash."""
    return TOKEN.fullmatch(text) is not None


def parse_scope(text: str | None) -> tuple[str, ...] | None:
    """The names in order, each once; ``None`` when the text is not a scope. Absent and empty give none."""
    if not text:
        return ()
    names = text.split(" ")
    return tuple(dict.fromkeys(names)) if all(valid_scope_token(name) for name in names) else None


def join_scope(scopes: Iterable[str]) -> str:
    """The wire form."""
    return " ".join(scopes)


def covered(asked: Iterable[str], permitted: Collection[str]) -> bool:
    """Whether everything asked is permitted; permitting nothing covers only asking for nothing."""
    return all(name in permitted for name in asked)


def still_permitted(granted: Iterable[str], permitted: Collection[str]) -> tuple[str, ...]:
    """What remains of granted scopes under what the client may ask today: one taken away is gone at once."""
    return tuple(name for name in granted if name in permitted)


def in_words(scope: str, translate: Callable[[str], str] = str) -> str:
    """What a scope lets an application do, for the person who is asked; translated with ``translate``."""
    return translate(WORDS[scope]) if scope in WORDS else translate(OTHER).format(scope=scope)
