"""The fields of each list, and what the contract's description says that they find."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from tests.search.world import LONG_AGO
from tests.search.world import SHOWN
from tests.search.world import Facts

Matches = Callable[[Facts, Any], bool]
Fields = dict[str, tuple[dict[str, Any], Matches]]
Rows = Callable[[Facts], list[Any]]


@dataclass(frozen=True)
class Listing:
    """One list: where it is, which rows are in helen's reach, which of them it hides, and its fields."""

    path: str
    rows: Rows
    hides: Matches
    fields: Fields
    # The parameters of GET, by the field of POST, where they are named differently.
    renamed: Mapping[str, str] = field(default_factory=dict)
    # Fields that GET has not, and GET's fixed query.
    post_only: frozenset[str] = frozenset()


def fold(*texts: str | None) -> list[str]:
    return [text.lower() for text in texts if text]


def has_word(word: str, *texts: str | None) -> bool:
    return any(word.lower() in text for text in fold(*texts))


def within(moment: Any) -> bool:
    return moment is not None and moment.replace(microsecond=0) == LONG_AGO.replace(microsecond=0)


def subjects_of(*kinds: str) -> Rows:
    return lambda f: [s for s in f.subjects if s.kind in kinds and s.customer_id in f.reach()]


SPAN = {"startTimestamp": SHOWN, "endTimestamp": SHOWN}
BASIC: Fields = {
    "customer": ({"customer": ["acme"]}, lambda f, s: s.customer_id in f.under("acme")),
    "customers": (
        {"customer": ["north", "bolt"]},
        lambda f, s: s.customer_id in {*f.under("north"), *f.under("bolt")},
    ),
    "domain": ({"domain": ["MNEMONIC"]}, lambda f, s: True),
    "subject": ({"subject": ["nils", "crew"]}, lambda f, s: s.short_name in ("nils", "crew")),
    "keyword": ({"keywords": ["åSTRID øs"]}, lambda f, s: has_word("åstrid øs", s.name)),
    "literal": ({"keywords": ["R_C"]}, lambda f, s: has_word("r_c", s.short_name, mail(s))),
    "keywords": (
        {"keywords": ["percent", "team"], "keywordMatchStrategy": "any"},
        lambda f, s: has_word("percent", s.short_name, s.name) or has_word("team", s.short_name, s.name),
    ),
    "all keywords": (
        {"keywords": ["per", "cent"]},
        lambda f, s: has_word("per", s.name) and has_word("cent", s.name),
    ),
    "keyword in name": (
        {"keywords": ["astrid"], "keywordFieldStrategy": ["name"]},
        lambda f, s: has_word("astrid", s.name),
    ),
    "keyword in two": (
        {"keywords": ["astrid"], "keywordFieldStrategy": ["name", "shortName"]},
        lambda f, s: has_word("astrid", s.name, s.short_name),
    ),
    "includeFlags": ({"includeFlags": ["daemonAccount"]}, lambda f, s: bool(s.daemon_account)),
    "excludeFlags": ({"excludeFlags": ["daemonAccount"]}, lambda f, s: not s.daemon_account),
}
POST_BASIC: Fields = {
    "ancestor": ({"ancestor": ["crew"]}, lambda f, s: s.id in f.members("crew")),
    "through ended": ({"ancestor": ["wide"]}, lambda f, s: s.id in f.members("wide")),
    "permissions": (
        {"permissions": [{"function": "readThings", "customer": "acme"}]},
        lambda f, s: s.id in f.holders("readThings", set(f.line(f.customer["acme"]))),
    ),
    "one of the permissions": (
        {"permissions": [{"function": "writeThings"}, {"function": "viewUsers", "customer": "bolt"}]},
        lambda f, s: s.id in f.holders("writeThings", f.reach()) | f.holders("viewUsers", f.under("group")),
    ),
}


def mail(s: Any) -> str | None:
    return getattr(s, "email", None)


def flagged(s: Any, column: str) -> bool:
    return bool(getattr(s, column, None))


ADMINISTERED: Fields = {
    "keyword in email": (
        {"keywords": ["ASTRID@"], "keywordFieldStrategy": ["email"]},
        lambda f, s: has_word("astrid@", mail(s)),
    ),
    "keyword in phone": (
        {"keywords": ["40 5"], "keywordFieldStrategy": ["phoneNumber"]},
        lambda f, s: has_word("40 5", getattr(s, "phone_national_number", None)),
    ),
    "blocked": ({"includeFlags": ["blocked"]}, lambda f, s: flagged(s, "blocked_at")),
    "not blocked": (
        {"excludeFlags": ["blocked", "notificationUser"]},
        lambda f, s: not flagged(s, "blocked_at") and not flagged(s, "notification_user"),
    ),
    "must change": (
        {"includeFlags": ["forcePasswordChange", "passwordNotSet"]},
        lambda f, s: flagged(s, "force_password_change"),
    ),
    "no password": (
        {"excludeFlags": ["passwordNotSet"]},
        lambda f, s: s.kind == "group" or flagged(s, "password_hash"),
    ),
}
POST_ADMINISTERED: Fields = {
    "parent": (
        {"parent": ["crew", "team"]},
        lambda f, s: any(
            m.member_id == s.id
            and m.removed_at is None
            and m.group_id in {f.subject[g] for g in ("crew", "team")}
            for m in f.memberships
        ),
    ),
    "created by": (
        {"subject": ["helen", "alice"], "userFieldStrategy": ["createdByUser"]},
        lambda f, s: s.created_by_id in (f.subject["helen"], f.subject["alice"]),
    ),
    "any person": (
        {"subject": ["helen"], "userFieldStrategy": ["createdByUser", "lastUpdatedByUser"]},
        lambda f, s: f.subject["helen"] in (s.created_by_id, s.updated_by_id),
    ),
    "every person": (
        {
            "subject": ["helen"],
            "userFieldStrategy": ["createdByUser", "lastUpdatedByUser"],
            "userMatchStrategy": "all",
        },
        lambda f, s: s.created_by_id == s.updated_by_id == f.subject["helen"],
    ),
    "in all person fields": (
        {"subject": ["helen"], "userFieldStrategy": ["all"]},
        lambda f, s: f.subject["helen"] in (s.id, s.created_by_id, s.updated_by_id, s.deleted_by_id),
    ),
    "logged in": (
        {**SPAN, "timeFieldStrategy": ["lastLoginTimestamp"]},
        lambda f, s: within(getattr(s, "last_login_at", None)),
    ),
    "some time": (
        SPAN,
        lambda f, s: any(within(getattr(s, c, None)) for c in ("created_at", "updated_at", "last_login_at")),
    ),
    "every time": (
        {
            "startTimestamp": SHOWN,
            "timeMatchStrategy": "all",
            "timeFieldStrategy": ["createdTimestamp", "lastLoginTimestamp"],
        },
        lambda f, s: getattr(s, "last_login_at", None) is not None,
    ),
    "impersonated": (
        {"startTimestamp": 1, "timeFieldStrategy": ["lastImpersonationTimestamp"]},
        lambda f, s: False,
    ),
    "has preference": ({"userPreferences": {"colour": {}}}, lambda f, s: s.short_name in ("alice", "nils")),
    "preference": ({"userPreferences": {"colour": {"value": "red"}}}, lambda f, s: s.short_name == "alice"),
    "no preference": (
        {"userPreferences": {"colour": {"exists": False}}},
        lambda f, s: s.short_name not in ("alice", "nils"),
    ),
}
KIND: Fields = {"type": ({"type": "group"}, lambda f, s: s.kind == "group")}
RENAMED = {
    "keywordMatchStrategy": "keywordMatch",
    "keywordFieldStrategy": "keywordField",
    "includeFlags": "includeFlag",
    "excludeFlags": "excludeFlag",
    "ancestors": "ancestor",
    "descendants": "descendant",
}


def is_deleted(_f: Facts, s: Any) -> bool:
    return s.deleted_at is not None


def build_subject_listing(path: str, rows: Rows, *, administered: bool, kinds: bool = False) -> Listing:
    more = {**ADMINISTERED, **POST_ADMINISTERED} if administered else {}
    fields = {**BASIC, **POST_BASIC, **more, **(KIND if kinds else {})}
    return Listing(
        path, rows, is_deleted, fields, RENAMED, frozenset({*POST_BASIC, *POST_ADMINISTERED, *KIND})
    )


LEVELS = {"external": 1, "standard": 2, "administrative": 3}
FUNCTION_FIELDS: Fields = {
    "function": ({"function": ["spare", "useApp"]}, lambda f, x: x.name in ("spare", "useApp")),
    "keyword": ({"keywords": ["THINGS"]}, lambda f, x: has_word("things", x.name)),
    "keyword in name": (
        {"keywords": ["read", "things"], "keywordFieldStrategy": ["name"]},
        lambda f, x: has_word("read", x.name) and has_word("things", x.name),
    ),
    "roles": ({"includeFlags": ["role"]}, lambda f, x: x.role),
    "no roles": ({"excludeFlags": ["role", "sysadm"]}, lambda f, x: not x.role and not x.sysadm),
    "read only": ({"includeFlags": ["readOnly"]}, lambda f, x: x.read_only),
}
ADMIN_FUNCTION_FIELDS: Fields = {
    "ancestors": ({"ancestors": ["APP-ROLE"]}, lambda f, x: x.id in f.below("APP-ROLE")),
    "descendants": ({"descendants": ["readThings"]}, lambda f, x: x.id in f.above("readThings")),
    **{
        f"level {name}": (
            {"minimumSecurityLevel": name},
            lambda f, x, at=at: x.minimum_security_level >= at,  # type: ignore[misc]
        )
        for name, at in LEVELS.items()
    },
}
CUSTOMER_FIELDS: Fields = {
    "parent": ({"parent": ["group"]}, lambda f, c: c.parent_id == f.customer["group"]),
    "keyword": ({"keywords": ["ACME"]}, lambda f, c: has_word("acme", c.name, c.short_name, str(c.id))),
    "keywords": ({"keywords": ["o", "t"]}, lambda f, c: all(has_word(w, c.name, c.short_name) for w in "ot")),
    "customer": ({"customer": ["acme"]}, lambda f, c: c.short_name == "acme"),
    "ancestor": ({"ancestor": ["acme"]}, lambda f, c: c.short_name == "north"),
    "domain": ({"domain": ["MNEMONIC"]}, lambda f, c: True),
    "type": ({"type": ["leaf"]}, lambda f, c: c.type == "leaf"),
    "flag": ({"includeFlags": ["excludeFromProduction"]}, lambda f, c: "excludeFromProduction" in c.flags),
    "no flag": (
        {"excludeFlags": ["excludeFromProduction"]},
        lambda f, c: "excludeFromProduction" not in c.flags,
    ),
    "keyword in short name": (
        {"keywords": ["north", "bol"], "keywordMatchStrategy": "any", "keywordFieldStrategy": ["shortName"]},
        lambda f, c: has_word("north", c.short_name) or has_word("bol", c.short_name),
    ),
}
ONLY_SEARCHED = frozenset(
    {"customer", "ancestor", "domain", "type", "flag", "no flag", "keyword in short name"}
)
CLIENT_FIELDS: Fields = {
    "customer": ({"customer": ["acme"]}, lambda f, c: c.customer_id in f.under("acme")),
    "domain": ({"domain": ["MNEMONIC"]}, lambda f, c: True),
    "keyword": ({"keywords": ["ÆRLIG"]}, lambda f, c: has_word("ærlig", c.name, c.short_name)),
    "required": (
        {"requiredFunction": ["useApp"]},
        lambda f, c: c.required_function_id == f.function["useApp"],
    ),
    "keyword in short name": (
        {"keywords": ["app"], "keywordFieldStrategy": ["shortName"]},
        lambda f, c: has_word("app", c.short_name),
    ),
}


PERMISSION_FIELDS: Fields = {
    "subject": (
        {"subject": ["alice"]},
        lambda f, p: p.subject_id in {f.subject["alice"], *f.groups("alice")},
    ),
    "group": ({"subject": ["crew"]}, lambda f, p: p.subject_id in {f.subject["crew"], *f.members("crew")}),
    "alone": (
        {"subject": ["crew"], "includeSubjectAscendants": False, "includeSubjectDescendants": False},
        lambda f, p: p.subject_id == f.subject["crew"],
    ),
    "customer": (
        {"customer": ["acme"]},
        lambda f, p: p.customer_id in {*f.line(f.customer["acme"]), *f.under("acme")},
    ),
    "customer and above": (
        {"customer": ["acme"], "includeCustomerDescendants": False},
        lambda f, p: p.customer_id in f.line(f.customer["acme"]),
    ),
    "customer and below": (
        {"customer": ["acme"], "includeCustomerAscendants": False},
        lambda f, p: p.customer_id in f.under("acme"),
    ),
    "function": (
        {"function": ["APP-ROLE"]},
        lambda f, p: p.function_id in {f.function["APP-ROLE"], *f.below("APP-ROLE"), *f.above("APP-ROLE")},
    ),
    "function and above": (
        {"function": ["readThings"], "includeFunctionDescendants": False},
        lambda f, p: p.function_id in {f.function["readThings"], *f.above("readThings")},
    ),
    "domain": ({"domain": "MNEMONIC"}, lambda f, p: True),
    "keyword": (
        {"keywords": ["ACME"], "keywordFieldStrategy": ["customer"]},
        lambda f, p: p.customer_id == f.customer["acme"],
    ),
    "keyword anywhere": (
        {"keywords": ["crew", "APP-"], "keywordMatchStrategy": "any"},
        lambda f, p: p.subject_id == f.subject["crew"] or p.function_id == f.function["APP-ROLE"],
    ),
}
MEMBERSHIP_FIELDS: Fields = {
    "subject": (
        {"subject": ["crew", "alice"]},
        lambda f, m: {f.subject["crew"], f.subject["alice"]} & {m.group_id, m.member_id} != set(),
    ),
    "member": (
        {"subject": ["team"], "subjectFieldStrategy": ["member"]},
        lambda f, m: m.member_id == f.subject["team"],
    ),
    "removed by": ({"subject": ["helen"], "subjectFieldStrategy": ["removedByUser"]}, lambda f, m: False),
    "customer": (
        {"customer": ["bolt"]},
        lambda f, m: any(
            s.customer_id in f.under("bolt") for s in f.subjects if s.id in (m.group_id, m.member_id)
        ),
    ),
    "domain": (
        {"domain": "MNEMONIC", "subject": ["team"]},
        lambda f, m: f.subject["team"] in (m.group_id, m.member_id),
    ),
    "removed": (
        {"startTimestamp": 1, "timeFieldStrategy": ["removedTimestamp"]},
        lambda f, m: m.removed_at is not None,
    ),
}


def list_memberships(f: Facts) -> list[Any]:
    seen = {s.id for s in f.subjects if s.customer_id in f.reach()}
    return [m for m in f.memberships if {m.group_id, m.member_id} <= seen]


def is_over(f: Facts, m: Any) -> bool:
    ended = {s.id for s in f.subjects if s.deleted_at is not None}
    return m.removed_at is not None or not ended.isdisjoint((m.group_id, m.member_id))


LISTS = {
    "users": build_subject_listing("/useradmin/v2/user", subjects_of("user"), administered=True),
    "groups": build_subject_listing("/useradmin/v2/group", subjects_of("group"), administered=True),
    "subjects": build_subject_listing(
        "/useradmin/v2/subject", subjects_of("user", "group"), administered=True, kinds=True
    ),
    "basic users": build_subject_listing("/users/v2/user", subjects_of("user"), administered=False),
    "basic groups": build_subject_listing("/users/v2/group", subjects_of("group"), administered=False),
    "basic subjects": build_subject_listing(
        "/users/v2/subject", subjects_of("user", "group"), administered=False, kinds=True
    ),
    "functions": Listing(
        "/useradmin/v2/function",
        lambda f: f.functions,
        is_deleted,
        {**FUNCTION_FIELDS, **ADMIN_FUNCTION_FIELDS},
        RENAMED,
    ),
    "basic functions": Listing(
        "/users/v2/function",
        lambda f: [x for x in f.functions if x.deleted_at is None],
        is_deleted,
        FUNCTION_FIELDS,
        RENAMED,
    ),
    "permissions": Listing(
        "/useradmin/v2/permission",
        lambda f: [p for p in f.permissions if p.customer_id in f.reach()],
        lambda f, p: p.revoked_at is not None,
        PERMISSION_FIELDS,
        RENAMED,
    ),
    "memberships": Listing(
        "/useradmin/v2/membership",
        list_memberships,
        is_over,
        MEMBERSHIP_FIELDS,
        {},
        frozenset(MEMBERSHIP_FIELDS) - {"subject"},
    ),
    "customers": Listing(
        "/customeradmin/v2/customer",
        lambda f: [c for c in f.customers if c.id in f.under("group")],
        lambda f, c: c.id not in f.reach(),
        CUSTOMER_FIELDS,
        RENAMED,
        ONLY_SEARCHED,
    ),
    "basic customers": Listing(
        "/customers/v2/customer",
        lambda f: [c for c in f.customers if c.id in f.under("group")],
        lambda f, c: c.id not in f.reach(),
        CUSTOMER_FIELDS,
        RENAMED,
        ONLY_SEARCHED,
    ),
    "clients": Listing(
        "/authentication/v1/oauth/client",
        lambda f: [c for c in f.clients if c.customer_id in f.reach()],
        lambda f, c: c.deleted_at is not None or c.hidden,
        CLIENT_FIELDS,
        {},
        frozenset(CLIENT_FIELDS) - {"customer", "domain", "keyword"},
    ),
}
