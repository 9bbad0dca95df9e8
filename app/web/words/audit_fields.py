"""Words for the details of audit rows: labels of the recorded fields, and words for fixed values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.services.login import stepup_operations
from app.web.words import client_fields
from app.web.words.labels import METHODS
from app.web.words.labels import label_language

# A field that is not here is shown by its code.
FIELDS: Mapping[str, str] = {
    **client_fields.build_column_labels(),
    "address": lazy_gettext("Address"),
    "bound": lazy_gettext("Bound to"),
    "changed": lazy_gettext("Changed"),
    "children": lazy_gettext("Contains"),
    "client": lazy_gettext("Application"),
    "customer": lazy_gettext("Customer"),
    "customers": lazy_gettext("Customers"),
    "daemon_account": lazy_gettext("Program, not a person"),
    "days": lazy_gettext("Days until it ends"),
    "device": lazy_gettext("On a device without a browser"),
    "domain": lazy_gettext("Domain"),
    "email": lazy_gettext("E-mail"),
    "flags": lazy_gettext("Flags"),
    "function": lazy_gettext("Function"),
    "functions": lazy_gettext("Functions"),
    "generation": lazy_gettext("Generation"),
    "grant": lazy_gettext("Approval"),
    "group": lazy_gettext("Group"),
    "id": lazy_gettext("Number"),
    "impersonator": lazy_gettext("On behalf of somebody"),
    "issued_to": lazy_gettext("Issued to"),
    "key": lazy_gettext("Key"),
    "keys": lazy_gettext("With API keys"),
    "kind": lazy_gettext("Kind"),
    "language": lazy_gettext("Language"),
    "level": lazy_gettext("Level"),
    "localized_descriptions": lazy_gettext("Descriptions by language"),
    "login": lazy_gettext("Login"),
    "leaked": lazy_gettext("Leaked"),
    "members": lazy_gettext("Members"),
    "method": lazy_gettext("Way to log in"),
    "minimum_security_level": lazy_gettext("Requires login level"),
    "needed": lazy_gettext("Needed"),
    "operation": lazy_gettext("For"),
    "parent": lazy_gettext("Below"),
    "phone_country_code": lazy_gettext("Telephone (country)"),
    "phone_national_number": lazy_gettext("Telephone"),
    "previousSecretUntil": lazy_gettext("The old secret goes on until"),
    "presented_by": lazy_gettext("Presented by"),
    "range": lazy_gettext("Network"),
    "read_only": lazy_gettext("Only reads"),
    "readOnly": lazy_gettext("It may only read"),
    "reason": lazy_gettext("Reason"),
    "role": lazy_gettext("Role"),
    "role_type": lazy_gettext("Kind of role"),
    "scope": lazy_gettext("Permission scope"),
    "scopes": lazy_gettext("Scopes"),
    "session": lazy_gettext("Session"),
    "shortName": lazy_gettext("Short name"),
    "since": lazy_gettext("Since"),
    "subject": lazy_gettext("User or group"),
    "sysadm": lazy_gettext("For system administrators"),
    "times": lazy_gettext("Times"),
    "unreadable": lazy_gettext("Not readable"),
    "user": lazy_gettext("User"),
}
REASONS: Mapping[str, str] = {
    "another user logged in": lazy_gettext("another user logged in"),
    "blocked": lazy_gettext("blocked"),
    "deleted": lazy_gettext("deleted"),
    "ended by an administrator": lazy_gettext("ended by an administrator"),
    "ended by name": lazy_gettext("ended by name"),
    "logged out": lazy_gettext("logged out"),
    "logged out everywhere": lazy_gettext("logged out everywhere"),
    "method disabled": lazy_gettext("the way to log in was switched off"),
    "password changed": lazy_gettext("password changed"),
}
OPERATIONS: Mapping[str, str] = {
    stepup_operations.CREATE_KEY.name: lazy_gettext("make an API key"),
    stepup_operations.RENEW_KEY.name: lazy_gettext("renew an API key"),
    stepup_operations.INITIALIZE_TOTP.name: lazy_gettext("set up one-time codes"),
    stepup_operations.ENROL_PASSKEY.name: lazy_gettext("add a passkey"),
    stepup_operations.KNOW_DEVICE.name: lazy_gettext("log in from a browser"),
    stepup_operations.SET_PASSWORD.name: lazy_gettext("choose a new password"),
}
# Fields whose values are recorded as codes.
FIXED: Mapping[str, Mapping[str, str]] = {
    "reason": REASONS,
    "method": METHODS,
    "operation": OPERATIONS,
    **client_fields.build_option_labels(),
}


def label_field(name: str) -> str:
    """Return the label of a field of an audit row."""
    return str(FIELDS.get(name, name))


def describe_value(name: str, value: Any) -> str:
    """Describe the value of a field, as far as there are words for it."""
    if name in FIXED and isinstance(value, str):
        return str(FIXED[name].get(value, value))
    if name == "changed" and isinstance(value, list):
        return ", ".join(label_field(str(one)) for one in value)
    if name == "language" and isinstance(value, str):
        return label_language(value) or value
    if name == "days" and value is None:
        return str(_("never"))
    return _to_text(value)


def _to_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, list):
        return ", ".join(_to_text(one) for one in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
