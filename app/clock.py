"""The only place that asks what time it is."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime


def now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)
