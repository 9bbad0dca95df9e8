"""The current time. Nothing else in the program reads the clock."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime


def now() -> datetime:
    """Return the current time, timezone-aware, in UTC."""
    return datetime.now(UTC)
