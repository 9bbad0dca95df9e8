"""The small objects that others embed (contract 1.9), and the full ones of the administration (4.3-4.5)."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from app.api.wire import to_millis
from app.models.authority import Function
from app.models.authority import Permission
from app.models.directory import Customer
from app.models.directory import Domain
from app.models.directory import Subject
from app.models.directory import User

People = Mapping[int, Subject]
LEVELS = {1: "external", 2: "standard", 3: "administrative"}
OLD_LEVELS = {1: "EXTERNAL", 2: "DEFAULT", 3: "ADMINISTRATIVE"}


def flags(*named: tuple[str, object]) -> list[str]:
    """The names whose value is set."""
    return [name for name, value in named if value]


def domain_info(domain: Domain) -> dict[str, Any]:
    return {"id": domain.id, "name": domain.name}


def customer_info(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "name": customer.name,
        "shortName": customer.short_name,
        "domain": domain_info(customer.domain),
    }


def function_info(function: Function) -> dict[str, Any]:
    return {"id": function.id, "name": function.name}


def function_brief(function: Function) -> dict[str, Any]:
    """The older form of ``/session/function`` and ``/currentuser/v1/functions``."""
    return {
        **function_info(function),
        "description": function.description or "",
        "flags": flags(("ROLE", function.role), ("SYSADM", function.sysadm)),
        "securityLevel": OLD_LEVELS[function.minimum_security_level],
    }


def subject_info(subject: Subject) -> dict[str, Any]:
    return {
        "id": subject.id,
        "shortName": subject.short_name,
        "name": subject.name,
        "type": subject.kind,
        "customer": customer_info(subject.customer),
        "domain": domain_info(subject.domain),
        "flags": flags(("deleted", subject.deleted_at)),
    }


def subject_json(subject: Subject, groups: Iterable[Subject], people: People) -> dict[str, Any]:
    """A user or group as an administrator sees it."""
    shown = {
        **subject_info(subject),
        "description": subject.description,
        "flags": flags(
            ("deleted", subject.deleted_at),
            ("daemonAccount", subject.daemon_account),
            ("externallyManaged", subject.externally_managed),
        ),
        "memberOf": [subject_info(group) for group in groups],
        **_history(subject, people),
        "deletedTimestamp": to_millis(subject.deleted_at),
        "deletedByUser": _person(people, subject.deleted_by_id),
    }
    return shown | _login_fields(subject) if isinstance(subject, User) else shown


def _login_fields(user: User) -> dict[str, Any]:
    phone = None
    if user.phone_national_number:
        phone = {"countryCode": user.phone_country_code, "nationalNumber": user.phone_national_number}
    return {
        "role": user.description,
        "email": user.email,
        "phone": phone,
        "phoneNumber": f"{user.phone_country_code}{user.phone_national_number}" if phone else None,
        "language": user.language,
        "flags": flags(
            ("blocked", user.blocked_at),
            ("daemonAccount", user.daemon_account),
            ("deleted", user.deleted_at),
            ("externallyManaged", user.externally_managed),
            ("forcePasswordChange", user.force_password_change),
            ("passwordNotSet", user.password_hash is None),
            ("notificationUser", user.notification_user),
        ),
        "lastLoginTimestamp": to_millis(user.last_login_at),
        "lastImpersonationTimestamp": 0,
        "lastLoginMethod": user.last_login_method,
    }


def function_json(function: Function, people: People) -> dict[str, Any]:
    """A function as an administrator sees it."""
    return {
        **function_info(function),
        "localizedName": function.localized_names.get("english") or function.name,
        "localizedDescription": function.localized_descriptions.get("english") or function.description or "",
        "localizedNames": dict(function.localized_names),
        "localizedDescriptions": dict(function.localized_descriptions),
        "description": function.description,
        "minimumSecurityLevel": LEVELS[function.minimum_security_level],
        "flags": flags(
            ("deleted", function.deleted_at),
            ("role", function.role),
            ("sysadm", function.sysadm),
            ("readOnly", function.read_only),
        ),
        "roleType": function.role_type,
        **_history(function, people),
        "deletedTimestamp": to_millis(function.deleted_at),
        "deletedByUser": _person(people, function.deleted_by_id),
    }


def permission_json(permission: Permission, people: People) -> dict[str, Any]:
    """A permission, living or revoked."""
    function = permission.function
    return {
        "id": permission.id,
        "subject": subject_info(permission.subject),
        "function": function_info(function),
        "functionInfo": {
            **function_info(function),
            "localizedName": function.localized_names.get("english") or function.name,
            "localizedDescription": function.description or "",
            "minimumSecurityLevel": LEVELS[function.minimum_security_level],
            "flags": flags(("role", function.role), ("sysadm", function.sysadm)),
            "roleType": function.role_type,
        },
        "customer": customer_info(permission.customer),
        "flags": flags(("deleted", permission.revoked_at)),
        "grantedByUser": _person(people, permission.granted_by_id),
        "grantedTimestamp": to_millis(permission.granted_at),
        "grantComment": permission.comment,
        "revokedByUser": _person(people, permission.revoked_by_id),
        "revokedTimestamp": to_millis(permission.revoked_at),
        "revokeComment": permission.revoke_comment,
    }


def customer_json(customer: Customer, people: People) -> dict[str, Any]:
    """A customer as an administrator sees it."""
    return {
        **customer_info(customer),
        "parent": customer_info(customer.parent) if customer.parent is not None else None,
        "type": customer.type,
        "language": customer.language,
        "timeZone": customer.time_zone,
        "flags": [*customer.flags, *flags(("disabled", customer.disabled_at))],
        **_history(customer, people),
        "deletedTimestamp": to_millis(customer.disabled_at),
        "deletedByUser": None,
    }


def _history(row: Subject | Function | Customer, people: People) -> dict[str, Any]:
    return {
        "createdTimestamp": to_millis(row.created_at),
        "createdByUser": _person(people, row.created_by_id),
        "lastUpdatedTimestamp": to_millis(row.updated_at),
        "lastUpdatedByUser": _person(people, row.updated_by_id),
    }


def _person(people: People, user_id: int | None) -> dict[str, Any] | None:
    subject = people.get(user_id) if user_id is not None else None
    return subject_info(subject) if subject is not None else None
