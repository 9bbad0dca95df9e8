"""What is asked beyond a consent that stands: the difference a person is shown (design decision 14)."""

from __future__ import annotations

from dataclasses import dataclass

from app.policy.facts import Question


@dataclass(frozen=True, slots=True)
class Growth:
    """New OAuth scopes, and new functions of the permission scope, whether or not the user holds them."""

    scopes: frozenset[str] = frozenset()
    functions: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.scopes or self.functions)


NOTHING = Growth()


def growth(q: Question) -> Growth:
    """The difference between the consent in question and what is asked today.

    Nothing when there is no consent to compare with: then all of it is new. A function bundled into the
    consented role since is not new, because it does not void the consent.
    """
    if q.grant is None or q.grant.withdrawn or q.client is None:
        return NOTHING
    now = q.graph.descendants(q.client.permission_scope)
    return Growth(q.scopes - q.grant.scopes, now - q.graph.descendants(q.grant.permission_scope))
