"""Where a request came from, as computed at the edge; passed to audit rows and questions."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field


@dataclass(frozen=True, slots=True)
class Contact:
    """``address`` is canonical, or ``None`` if it is unknown (then every range check refuses).

    ``asserted`` is the user's address as the client reports it; it can only lead to a refusal. ``device`` is
    the text of the device cookie, unread (``services/tokens/device_text.py``).
    """

    address: str | None = None
    request_id: str = ""
    user_agent: str = ""
    asserted: str | None = None
    device: str = field(default="", repr=False)


NOWHERE = Contact()
