"""Where the throttles count: in the database, in this process, or in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.runtime import per_app
from app.runtime import settings

if TYPE_CHECKING:
    from app.services.access.counters.redis_or_memory import RedisOrMemory

IN_DATABASE, IN_MEMORY = "database", "memory://"


def counters() -> RedisOrMemory:
    """Return the Redis of this application. It was perhaps never asked yet."""
    return per_app(_open_storage)


def is_shared() -> bool:
    """Ask the storage once more; tell whether it is the one that ``ARGUS_RATELIMIT_STORAGE`` names."""
    if settings().ratelimit_storage in (IN_DATABASE, IN_MEMORY):
        return True
    return counters().check() and counters().is_shared


def _open_storage() -> RedisOrMemory:
    # Imported here: only who has a Redis needs its driver.
    from app.services.access.counters.redis_or_memory import RedisOrMemory

    return RedisOrMemory(settings().ratelimit_storage)
