"""Which algorithms the signatures of a client may have."""

from __future__ import annotations

from app.policy import fapi2
from app.services.access.credential_parts import ClientPart
from app.services.tokens import public_keys


def choose_algorithms(client: ClientPart) -> tuple[str, ...]:
    """Return the algorithms of its assertions and proofs."""
    return fapi2.ALGORITHMS if client.fapi2_security_profile else public_keys.ALGORITHMS
