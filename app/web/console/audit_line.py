"""What an audit row is about, in one line, for lists whose reader may read the row's details."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext

from app.models.audit import AuditEvent
from app.web.console import decisions
from app.web.words.audit_fields import describe_value

LINES: Mapping[str, str] = {
    "permission-grant": lazy_gettext("%(function)s for %(customer)s to %(subject)s"),
    "permission-revoke": lazy_gettext("%(function)s for %(customer)s from %(subject)s"),
    "member-add": lazy_gettext("%(members)s into %(group)s"),
    "member-remove": lazy_gettext("%(members)s out of %(group)s"),
    "function-child-add": lazy_gettext("%(children)s into %(parent)s"),
    "function-child-remove": lazy_gettext("%(children)s out of %(parent)s"),
    "function-add": lazy_gettext("%(name)s below %(parent)s"),
    "customer-add": lazy_gettext("%(shortName)s below %(parent)s"),
    "customer-move": lazy_gettext("%(shortName)s below %(parent)s"),
    "user-move": lazy_gettext("%(shortName)s to %(customer)s"),
    "group-move": lazy_gettext("%(shortName)s to %(customer)s"),
    "user-update": "%(shortName)s: %(changed)s",
    "group-update": "%(shortName)s: %(changed)s",
    "customer-update": "%(shortName)s: %(changed)s",
    "function-update": "%(name)s: %(changed)s",
}
# For actions without a sentence of their own: the first of these fields that was recorded.
TELLING = ("shortName", "name", "group", "key", "reason", "method", "operation", "domain")


def describe_event_line(event: AuditEvent) -> str:
    """Return the line, or empty text."""
    held = {name: describe_value(name, value) for name, value in event.detail.items() if name != "findings"}
    try:
        return str(LINES[event.action]) % held
    except KeyError:  # no sentence, or a row of an older version, without some field
        changed = ", ".join(change.name for change in decisions.list_changes(event) if change.before)
        return changed or next((held[name] for name in TELLING if held.get(name)), "")
