"""The one exception of the hardening layer, before any OAuth library is reached."""

from __future__ import annotations


class ProtocolError(Exception):
    """A request that is not in order. ``error`` is RFC 6749's code, ``description`` a fixed ASCII text."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
