"""What a client requests beyond an existing consent:
the difference that the page shows (design decision 14).
"""

from __future__ import annotations

from dataclasses import dataclass

from app.policy.facts import Question


@dataclass(frozen=True, slots=True)
class ConsentGrowth:
    """New OAuth scopes, and new functions of the permission scope, whether or not the user holds them."""

    scopes: frozenset[str] = frozenset()
    functions: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.scopes or self.functions)


NOTHING = ConsentGrowth()


def compare_consent(q: Question) -> ConsentGrowth:
    """Return the difference between the existing consent and what is requested today.

    It is empty if there is no consent to compare with: then everything is new. A function that was bundled
    into the consented role since then is not new, because it does not invalidate the consent.
    """
    if q.grant is None or q.grant.withdrawn or q.client is None:
        return NOTHING
    now = q.graph.list_descendants(q.client.permission_scope)
    return ConsentGrowth(q.scopes - q.grant.scopes, now - q.graph.list_descendants(q.grant.permission_scope))
