"""The domain of a call: the one named in its query, or the caller's own."""

from __future__ import annotations

from app.schemas.common import InDomain
from app.services.access import directory
from app.services.access.callers import Caller


def get_domain_id(query: InDomain, caller: Caller) -> int:
    """Return the id of that domain. Raises ``Missing``."""
    return directory.get_domain(query.domain, caller.domain_id).id
