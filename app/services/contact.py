"""Where a request came from, as the edge worked it out; carried into audit rows and questions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contact:
    """``address`` is canonical, or ``None`` when it cannot be told (then every range check refuses).

    ``asserted`` is the user's address as the client tells it, which serves to refuse and for nothing else.
    """

    address: str | None = None
    request_id: str = ""
    user_agent: str = ""
    asserted: str | None = None


NOWHERE = Contact()
