"""The one exception of the strict request parsing, which runs before any OAuth library."""

from __future__ import annotations


class ProtocolError(Exception):
    """An invalid request. ``error`` is RFC 6749's code, ``description`` a fixed ASCII text."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
