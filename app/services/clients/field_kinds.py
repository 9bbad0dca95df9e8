"""What a client's field is: its kind, its place on the form and the page, and who may change it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.services.clients import checks
from app.services.clients.checks import Check


class Kind(StrEnum):
    """The kind of a field: it decides how an answer, a form and a page show it."""

    TEXT = "text"
    LONG_TEXT = "long text"
    URI = "URI"
    CHOICE = "one of its options"
    LEVEL = "security level"
    YES_NO = "yes or no"
    LINES = "list of texts"
    SCOPES = "list of scopes"
    CLAIMS = "list of claim providers"
    KEYS = "set of public keys"
    FUNCTION = "function"
    CUSTOMER = "customer"
    DOMAIN = "domain"
    SECRET = "secret"  # noqa: S105


class ChangedBy(StrEnum):
    """Who may change a field, in addition to holding ``updateOAuthClient`` (docs/decisions/026)."""

    SCOPE_HOLDER = "who also holds all of its permission scope"
    SCOPE_GIVER = "who also holds all of the old and of the new value"
    CAP_GIVER = "who also holds all of its permission scope; `administrative` in a login of that level"
    CREATOR = "given once, on creation"
    OPERATOR = "the operator, by command"
    NOBODY = "nobody"


class Place(StrEnum):
    """The section on the form and on the page. Only ``MORE`` is folded."""

    ABOUT = "about"
    WHO = "who"
    WHERE = "where"
    WHAT = "what"
    PROOF = "proof"
    MORE = "more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. ``default`` and ``proposed`` are stored values;
    ``proposed`` is the initial value of a new form.

    ``gated``: seen with ``viewOAuthClientsDetails`` only. ``flag``: answered as one of ``flags``.
    """

    name: str
    wire: str
    label: str
    kind: Kind = Kind.TEXT
    place: Place | None = None
    check: Check = checks.accept
    changed_by: ChangedBy = ChangedBy.SCOPE_HOLDER
    required: bool = False
    gated: bool = False
    flag: bool = False
    default: Any = None
    proposed: Any = None
    options: tuple[tuple[str, str], ...] = ()
    hint: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns where it is stored."""
        if self.kind is Kind.SECRET:
            return ("secret_hash", "secret_digest")
        refers = self.kind in (Kind.FUNCTION, Kind.CUSTOMER, Kind.DOMAIN)
        return (f"{self.name}_id" if refers else self.name,)

    @property
    def editable(self) -> bool:
        """Tell whether an update may contain it."""
        return self.changed_by not in (ChangedBy.CREATOR, ChangedBy.OPERATOR, ChangedBy.NOBODY)
