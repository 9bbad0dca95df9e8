"""Users and groups, as administrators change them. ``visibility`` decides which ones a caller may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from typing import TypeVar

from app import clock
from app.extensions import db
from app.models.directory import Customer
from app.models.directory import Group
from app.models.directory import Subject
from app.models.directory import User
from app.policy.ways_in import ACCOUNT
from app.policy.ways_in import RETURN
from app.services.access import delegation
from app.services.access import directory
from app.services.access import held_rights
from app.services.access import ways_in
from app.services.access.callers import Caller
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.guards import Guard
from app.services.login import addresses
from app.services.login import reauthentication
from app.services.mail import notices
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import NotHeld

S = TypeVar("S", bound=Subject)
OWN_ADDRESS = "Log in again, and change your own address within ten minutes."


@dataclass(frozen=True, slots=True)
class NewSubject:
    """The data of a new user or group; ``fields`` are further columns."""

    short_name: str
    name: str
    customer: str
    domain: str | None
    fields: dict[str, Any]


def add_user(new: NewSubject, caller: Caller) -> User:
    """Add a user without a password; one with an e-mail address can get in.
    Raises ``Denied``, ``Invalid``, ``NotPersonal``.
    """
    if new.fields.get("email"):
        ways_in.require_personal(caller, ACCOUNT)
    customer = _check_place(new, caller)
    user = User(**_build_columns(new, customer, caller))
    user.email_confirmed_at = addresses.find_confirmed_at(user.email, None, customer.id, caller)
    return _store_new(user, "user-add", caller)


def add_group(new: NewSubject, caller: Caller) -> Group:
    """Add a group without members. Raises ``Denied``, ``Invalid``."""
    customer = _check_place(new, caller)
    group = Group(**_build_columns(new, customer, caller))
    return _store_new(group, "group-add", caller)


def update_subject(subject: S, changes: Mapping[str, Any], caller: Caller) -> S:
    """Change the columns that were sent; the own e-mail address only shortly after a login, and it counts for
    links when it is confirmed.

    Raises ``Denied``, ``Invalid``, ``NotHeld``, ``NotPersonal``, ``StrongerLoginNeeded``.
    """
    caller.require(Guard.UPDATE_USER, subject.customer_id)
    if isinstance(subject, User) and _lets_in(subject, changes):
        ways_in.require(caller, ACCOUNT, subject)
    _require_not_above(caller, subject)
    if isinstance(subject, User) and changes.get("email", subject.email) != subject.email:
        _require_address_may_change(subject, caller)
        if notices.is_reachable(subject):
            # Notify the previous address: its reader learns that links now go to another address.
            notices.send_when_committed(notices.address_notice(subject, notices.Kind.ADDRESS_CHANGED))
    name = changes.get("short_name", subject.short_name)
    if name != subject.short_name:
        _require_free_name(name, subject.domain_id, subject)
    before = {column: getattr(subject, column) for column in changes}
    for column, value in changes.items():
        setattr(subject, column, value)
    _mark_updated(subject, caller)
    if isinstance(subject, User) and before.get("email") != changes.get("email"):
        subject.email_confirmed_at = addresses.find_confirmed_at(
            subject.email, subject.id, subject.customer_id, caller
        )
        # The old mailbox may contain a link to a new password.
        endings.end(Event.ADDRESS_CHANGED, subject, caller.actor)
    changed = sorted(column for column in changes if before[column] != changes[column])
    _record(f"{subject.kind}-update", subject, caller, {"changed": changed})
    return subject


def move_subject(subject: S, customer: str, caller: Caller) -> S:
    """Move a subject to another customer of its domain. Raises ``Denied``, ``Invalid``, ``NotHeld``."""
    caller.require(Guard.UPDATE_USER, subject.customer_id)
    _require_not_above(caller, subject)
    target = directory.find_customer(customer, subject.domain_id)
    if (
        target is None
        or target.domain_id != subject.domain_id
        or not caller.rights.allows_anything(target.id)
    ):
        raise Invalid(FieldProblem("customer", "There is no such customer in this domain.", "UNKNOWN"))
    caller.require(Guard.CREATE_USER, target.id)
    subject.customer_id = target.id
    _mark_updated(subject, caller)
    db.session.refresh(subject)
    endings.end(Event.MOVED, subject, caller.actor)
    _record(f"{subject.kind}-move", subject, caller, {"customer": target.short_name})
    held_rights.raise_policy_version()
    return subject


def reenable_subject(subject: S, caller: Caller) -> S:
    """Restore a deleted subject. Its permissions and memberships are not restored.

    Raises ``Denied``, ``Invalid``, ``NotPersonal``.
    """
    if isinstance(subject, User):
        ways_in.require_personal(caller, RETURN)
    caller.require(Guard.UPDATE_USER, subject.customer_id)
    caller.require(Guard.CREATE_USER, subject.customer_id)
    _require_free_name(subject.short_name, subject.domain_id)
    endings.end(Event.REENABLED, subject, caller.actor)
    subject.deleted_at = subject.deleted_by_id = None
    _mark_updated(subject, caller)
    _record(f"{subject.kind}-reenable", subject, caller, {})
    held_rights.raise_policy_version()
    return subject


def block_user(user: User, actor: Actor) -> None:
    """Block a user: refuse everything from the next request on, and end all logins permanently."""
    if user.blocked_at is None:
        user.blocked_at = clock.now()
        db.session.flush()
        endings.end(Event.BLOCKED, user, actor)
        trail.record("user-block", actor, user=(user.id, user.short_name))


def unblock_user(user: User, actor: Actor) -> None:
    """Unblock a user. Nothing that was ended comes back."""
    if user.blocked_at is not None:
        user.blocked_at = None
        db.session.flush()
        endings.end(Event.UNBLOCKED, user, actor)
        trail.record("user-unblock", actor, user=(user.id, user.short_name))


def delete_user(user: User, caller: Caller) -> User:
    """Delete a user permanently; all sessions and keys end. Raises ``Denied``, ``NotHeld``."""
    caller.require(Guard.DELETE_USER, user.customer_id)
    delegation.require_not_above(caller, user)
    _mark_deleted(user, caller)
    endings.end(Event.DELETED, user, caller.actor)
    trail.record("user-delete", caller.actor, user=(user.id, user.short_name))
    return user


def delete_group(group: Group, caller: Caller) -> Group:
    """Delete a group permanently; its members lose what they held through it.
    Raises ``Denied``, ``NotHeld``.
    """
    caller.require(Guard.DELETE_USER, group.customer_id)
    if not delegation.holds_all_of(caller, group):
        raise Invalid(delegation.report_not_held("group"))
    _mark_deleted(group, caller)
    trail.record("group-delete", caller.actor, detail={"group": group.short_name})
    held_rights.raise_policy_version()
    return group


def _require_not_above(caller: Caller, subject: Subject) -> None:
    if isinstance(subject, User):
        delegation.require_not_above(caller, subject)
    elif not delegation.holds_all_of(caller, subject):
        raise NotHeld


def _lets_in(user: User, changes: Mapping[str, Any]) -> bool:
    """Tell whether the changes open a way in: a new address, or logins in the browser."""
    to_person = user.daemon_account and not changes.get("daemon_account", True)
    return bool(to_person) or changes.get("email", user.email) != user.email


def _require_address_may_change(user: User, caller: Caller) -> None:
    """Require a fresh login: the new mailbox can reset the password,
    so an open session must not be enough.
    """
    if user.id == caller.user_id and not reauthentication.is_fresh(caller):
        raise Invalid(FieldProblem("email", OWN_ADDRESS, "OWN_ACCOUNT"))


def _require_free_name(name: str, domain_id: int, own: Subject | None = None) -> None:
    if directory.find_subject_by_name(name, domain_id) not in (None, own):
        raise Invalid(FieldProblem("shortName", "This short name is taken. Choose another.", "TAKEN"))


def _mark_updated(subject: Subject, caller: Caller) -> None:
    subject.updated_at = clock.now()
    subject.updated_by_id = caller.actor.id
    db.session.flush()


def _record(action: str, subject: Subject, caller: Caller, detail: dict[str, Any]) -> None:
    known = {"id": subject.id, "shortName": subject.short_name}
    trail.record(action, caller.actor, user=trail.find_concerned_user(subject), detail=known | detail)


def _check_place(new: NewSubject, caller: Caller) -> Customer:
    """Return the customer of the new subject; raises ``Invalid`` naming every problem at once."""
    problems: list[FieldProblem] = []
    domain = directory.find_named_domain(new.domain, caller.domain_id, problems)
    customer = directory.find_customer(new.customer, domain.id) if domain is not None else None
    if domain is not None and (customer is None or not caller.rights.allows_anything(customer.id)):
        problems.append(FieldProblem("customer", "There is no such customer in this domain.", "UNKNOWN"))
    if problems or customer is None:
        raise Invalid(*problems)
    caller.require(Guard.CREATE_USER, customer.id)
    _require_free_name(new.short_name, customer.domain_id)
    return customer


def _build_columns(new: NewSubject, customer: Customer, caller: Caller) -> dict[str, Any]:
    now = clock.now()
    return {
        "domain_id": customer.domain_id,
        "customer_id": customer.id,
        "short_name": new.short_name,
        "name": new.name,
        "created_at": now,
        "created_by_id": caller.actor.id,
        "updated_at": now,
        "updated_by_id": caller.actor.id,
        **new.fields,
    }


def _store_new(subject: S, action: str, caller: Caller) -> S:
    db.session.add(subject)
    db.session.flush()
    _record(action, subject, caller, {})
    return subject


def _mark_deleted(subject: Subject, caller: Caller) -> None:
    subject.deleted_at = clock.now()
    subject.deleted_by_id = caller.actor.id
    db.session.flush()
