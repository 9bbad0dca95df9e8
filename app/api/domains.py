"""The domain a call speaks of: the one its query names, or the caller's own."""

from __future__ import annotations

from app.schemas.common import InDomain
from app.services.access import directory
from app.services.access.callers import Caller


def asked_domain(query: InDomain, caller: Caller) -> int:
    """Its id. Raises ``Missing``."""
    return directory.domain_or_missing(query.domain, caller.domain_id).id
