"""Mail addresses that are safe to write to."""

from __future__ import annotations

import re

# RFC 5321 4.1.2 without quoted names: the address cannot end a header or start a second address.
MAILBOX = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[A-Za-z0-9:.]+\])"
)
MOST_MAILBOX_CHARACTERS = 254


def is_mailbox(text: str) -> bool:
    """Tell whether this is one plain ASCII mail address that is safe in a header."""
    return len(text) <= MOST_MAILBOX_CHARACTERS and MAILBOX.fullmatch(text) is not None
