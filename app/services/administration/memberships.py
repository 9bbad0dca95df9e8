"""Group memberships, as administrators change them. Callers cannot give or take rights they do not hold."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import true

from app import clock
from app.extensions import db
from app.models.directory import Group
from app.models.directory import Membership
from app.models.directory import Subject
from app.models.directory import User
from app.services.access import delegation
from app.services.access import directory
from app.services.access import held_rights
from app.services.access import search
from app.services.access.callers import Caller
from app.services.access.search import Condition
from app.services.administration.visibility import may_see
from app.services.audit import trail
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing


def list_members(group: Group) -> list[Subject]:
    """List the live direct members, by short name, also those the caller may not know of."""
    return _load_members(group, true())


def list_visible_members(group: Group, caller: Caller) -> list[Subject]:
    """List the members the caller may know of, including the caller: ``visibility.may_see``, in one query."""
    seen = search.limit_to_reach(caller, Guard.VIEW_USERS, Subject.customer_id)
    return _load_members(group, or_(seen, Subject.id == caller.user_id) if caller.is_personal else seen)


def add_members(group: Group, names: Sequence[str], comment: str | None, caller: Caller) -> list[Subject]:
    """Add subjects to a group; existing members stay; returns the visible members.

    Raises ``Denied``, ``Invalid``.
    """
    caller.require(Guard.ADD_GROUP_MEMBER, group.customer_id)
    subjects = _get_subjects(names, group, caller)
    if not delegation.holds_all_of(caller, group):
        raise Invalid(delegation.report_not_held("subject"))
    above = {group.id, *held_rights.list_group_ids(group.id)}
    if any(subject.id in above for subject in subjects):
        raise Invalid(FieldProblem("subject", "A group cannot contain itself, directly or not.", "CYCLE"))
    present = {member.id for member in list_members(group)}
    for subject in subjects:
        if subject.id in present:
            continue
        db.session.add(
            Membership(
                id=str(uuid.uuid4()),
                group_id=group.id,
                member_id=subject.id,
                comment=comment,
                added_at=clock.now(),
                added_by_id=caller.actor.id,
            )
        )
    return _record_member_change("member-add", group, subjects, caller)


def remove_members(group: Group, names: Sequence[str], comment: str | None, caller: Caller) -> list[Subject]:
    """Remove subjects from a group; returns the visible members. Raises ``Denied``, ``Invalid``."""
    caller.require(Guard.REMOVE_GROUP_MEMBER, group.customer_id)
    subjects = _get_subjects(names, group, caller)
    if not delegation.holds_all_of(caller, group):
        raise Invalid(delegation.report_not_held("subject"))
    rows = db.session.execute(
        select(Membership).where(
            Membership.group_id == group.id,
            Membership.member_id.in_([subject.id for subject in subjects]),
            Membership.removed_at.is_(None),
        )
    ).scalars()
    for row in rows:
        row.removed_at, row.removed_by_id, row.remove_comment = clock.now(), caller.actor.id, comment
    return _record_member_change("member-remove", group, subjects, caller)


def add_to_groups(
    subject: Subject, names: Sequence[str], comment: str | None, caller: Caller
) -> list[Membership]:
    """Add one subject to several groups; returns those memberships. Raises ``Denied``, ``Invalid``."""
    groups = [directory.find_group(name, subject.domain_id) for name in names]
    if any(group is None or not may_see(caller, group) for group in groups):
        raise Invalid(FieldProblem("parentGroups", "There is no such group.", "UNKNOWN"))
    ids = [group.id for group in groups if group is not None]
    for group in groups:
        if group is not None:
            add_members(group, [str(subject.id)], comment, caller)
    rows = db.session.execute(
        select(Membership).where(
            Membership.member_id == subject.id,
            Membership.group_id.in_(ids),
            Membership.removed_at.is_(None),
        )
    )
    return list(rows.scalars())


def end_memberships(ids: Sequence[str], comment: str | None, caller: Caller) -> list[Membership]:
    """End memberships by id, all or none. Raises ``Denied``, ``Invalid``, ``Missing``."""
    ended = []
    for membership_id in dict.fromkeys(ids):
        row = db.session.get(Membership, membership_id) if len(membership_id) == 36 else None
        group = db.session.get(Group, row.group_id) if row is not None else None
        if row is None or group is None or row.removed_at is not None or not may_see(caller, group):
            raise Missing("membership")
        remove_members(group, [str(row.member_id)], comment, caller)
        ended.append(row)
    return ended


def _load_members(group: Group, condition: Condition) -> list[Subject]:
    statement = (
        select(Subject)
        .join(Membership, Membership.member_id == Subject.id)
        .where(Membership.group_id == group.id, Membership.removed_at.is_(None), Subject.deleted_at.is_(None))
        .where(condition)
        .order_by(Subject.short_name)
    )
    return list(db.session.execute(statement).scalars())


def _get_subjects(names: Sequence[str], group: Group, caller: Caller) -> list[Subject]:
    found = [directory.find_subject(name, group.domain_id) for name in names]
    visible = [subject for subject in found if subject is not None and may_see(caller, subject)]
    if len(visible) != len(names):
        raise Invalid(FieldProblem("subject", "There is no such user or group.", "UNKNOWN"))
    return visible


def _record_member_change(
    action: str, group: Group, subjects: Sequence[Subject], caller: Caller
) -> list[Subject]:
    db.session.flush()
    # One row per user, so that the user can see it too; groups share one row.
    for user in (subject for subject in subjects if isinstance(subject, User)):
        detail = {"group": group.short_name, "members": [user.short_name]}
        trail.record(action, caller.actor, user=trail.find_concerned_user(user), detail=detail)
    groups = [subject.short_name for subject in subjects if not isinstance(subject, User)]
    if groups:
        trail.record(action, caller.actor, detail={"group": group.short_name, "members": groups})
    held_rights.raise_policy_version()
    return list_visible_members(group, caller)
