"""OAuth scope strings (RFC 6749 3.3): parse, compare, describe. These are not permission scopes."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable

from app.policy.claims import SCOPES

MOST_CHARACTERS = 1024
TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+", re.ASCII)

WORDS = {scope.name: scope.words for scope in SCOPES}
OTHER = "use the scope '{scope}'"
STANDARD_SCOPES = frozenset(WORDS)


def is_scope_token(text: str) -> bool:
    """Tell whether this is one scope name: visible ASCII without quote and backslash."""
    return TOKEN.fullmatch(text) is not None


def parse_scope(text: str | None) -> tuple[str, ...] | None:
    """Return the names in order, without repeats; ``None`` if the text is no scope. Absent, empty or blank
    gives none; blanks around and between names do not count.
    """
    if not text:
        return ()
    names = [name for name in text.split(" ") if name]
    return tuple(dict.fromkeys(names)) if all(is_scope_token(name) for name in names) else None


def join_scope(scopes: Iterable[str]) -> str:
    """Return the wire form."""
    return " ".join(scopes)


def drop_unknown(asked: Iterable[str], permitted: Collection[str]) -> tuple[str, ...]:
    """Return the scopes that mean anything here: one of ours, or one that this client has. Others are ignored
    (OIDC Core 3.1.2.1): stock libraries ask for ``offline_access`` whoever answers.
    """
    return tuple(name for name in asked if name in STANDARD_SCOPES or name in permitted)


def choose_granted(asked: Iterable[str], permitted: Collection[str]) -> tuple[str, ...] | None:
    """Return what a request for these scopes is granted: exactly the known ones; ``None`` if one of them is
    not permitted (decision 5). Permitting nothing grants nothing.
    """
    known = drop_unknown(asked, permitted)
    return known if all(name in permitted for name in known) else None


def keep_permitted(granted: Iterable[str], permitted: Collection[str]) -> tuple[str, ...]:
    """Return the granted scopes that the client may still request today; a removed scope is lost at once."""
    return tuple(name for name in granted if name in permitted)


def describe_scope(scope: str, translate: Callable[[str], str] = str) -> str:
    """Describe to the user what a scope allows an application; ``translate`` translates the text."""
    return translate(WORDS[scope]) if scope in WORDS else translate(OTHER).format(scope=scope)
