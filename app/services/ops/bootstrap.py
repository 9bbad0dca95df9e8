"""The first start: creates domain, root customer, built-in functions and roles,
first administrator and key.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass

from sqlalchemy import insert
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.authority import Function
from app.models.authority import FunctionEdge
from app.models.authority import Permission
from app.models.directory import Customer
from app.models.directory import Domain
from app.models.directory import User
from app.models.state import SystemState
from app.policy.facts import SecurityLevel
from app.policy.names import EXACT
from app.policy.names import fold_name
from app.runtime import settings
from app.services.access import apikeys
from app.services.access import directory
from app.services.access import held_rights
from app.services.audit import sealing
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.guards import ALL_FUNCTIONS
from app.services.guards import ROLES
from app.services.guards import Guard
from app.services.login.passwords import passwords
from app.services.tokens import signing_keys
from app.services.tokens.keyring import keyring

ROOT = "root"
ADMIN = "admin"
OPERATOR = Actor(name="operator")


@dataclass(frozen=True, slots=True)
class FirstSecrets:
    """Secrets that are shown once, on the first start."""

    password: str
    api_key: str


def is_done() -> bool:
    """Tell whether ``init`` already ran."""
    return find_state() is not None


def find_state() -> SystemState | None:
    """Return the one row with the shared versions, if it exists."""
    return db.session.get(SystemState, 1)


def initialise_database() -> FirstSecrets:
    """Fill an empty, migrated database. Run it once, inside a unit of work."""
    now = clock.now()
    domain = Domain(name=settings().domain)
    db.session.add(domain)
    db.session.flush()
    db.session.execute(
        insert(SystemState).values(
            id=1,
            policy_version=1,
            key_fingerprint=keyring().compute_fingerprint(),
            home_domain_id=domain.id,
            demo_added=False,
        )
    )
    root = Customer(
        domain_id=domain.id,
        short_name=ROOT,
        name=directory.ROOT_NAME,
        type="group",
        flags=["rootCustomerGroup"],
        created_at=now,
        updated_at=now,
    )
    db.session.add(root)
    db.session.flush()
    sealing.begin_chain()
    top = _create_functions()
    password = secrets.token_urlsafe(15)
    admin = User(
        domain_id=domain.id,
        customer_id=root.id,
        short_name=ADMIN,
        name="Administrator",
        password_hash=passwords().hash(password),
        created_at=now,
        updated_at=now,
    )
    db.session.add(admin)
    db.session.flush()
    db.session.add(
        Permission(
            subject_id=admin.id, function_id=top.id, customer_id=root.id, granted_at=now, comment="init"
        )
    )
    signing_keys.complete_keys()
    _, api_key = apikeys.create_key(admin, "Made by init", OPERATOR)
    trail.record("init", OPERATOR, detail={"domain": domain.name})
    held_rights.raise_policy_version()
    return FirstSecrets(password, api_key)


def create_function(name: str, description: str, *, role: bool = False, sysadm: bool = False) -> Function:
    """Create a function that every login may use; an administrator can raise its level later."""
    now = clock.now()
    return Function(
        name=name,
        description=description,
        minimum_security_level=int(SecurityLevel.EXTERNAL),
        role=role,
        sysadm=sysadm,
        read_only=name.startswith("view"),
        role_type="other",
        localized_names={},
        localized_descriptions={},
        created_at=now,
        updated_at=now,
    )


def bundle_function(parent: Function, child: Function) -> None:
    """Put a function under another one."""
    db.session.add(
        FunctionEdge(id=str(uuid.uuid4()), parent_id=parent.id, child_id=child.id, added_at=clock.now())
    )


def restore_functions() -> Function:
    """Put every built-in function back below ALL-FUNCTIONS, if it was taken out or deleted; returns that.

    Inside a unit of work.
    """
    names = (ALL_FUNCTIONS, *ROLES, *(guard.value for guard in Guard))
    found = {name: _restore_function(name) for name in names}
    db.session.flush()
    top = found[ALL_FUNCTIONS]
    below = held_rights.load_snapshot().graph.list_descendants(top.id)
    for function in found.values():
        if function.id not in below:
            bundle_function(top, function)
    db.session.flush()
    return top


def _restore_function(name: str) -> Function:
    _make_room(name)
    rows = select(Function).where(Function.name == name).order_by(Function.deleted_at.is_(None).desc())
    function = db.session.execute(rows.limit(1)).scalar_one_or_none()
    if function is None:
        function = create_function(name, name, role=name not in set(Guard), sysadm=name == ALL_FUNCTIONS)
        db.session.add(function)
    function.deleted_at = function.deleted_by_id = None
    return function


def _make_room(name: str) -> None:
    """Leave a function of another spelling its exact key only: what guards a call has this very name."""
    alike = select(Function).where(
        Function.name_key == fold_name(name), Function.name != name, Function.deleted_at.is_(None)
    )
    other = db.session.execute(alike).scalar_one_or_none()
    if other is not None:
        other.name_key = EXACT + other.name
        db.session.flush()


def _create_functions() -> Function:
    """Create ALL-FUNCTIONS with the roles and every built-in function below it; returns it."""
    top = create_function(ALL_FUNCTIONS, "Everything.", role=True, sysadm=True)
    built_in = {guard: create_function(guard.value, "Guards a call of this server's API.") for guard in Guard}
    roles = {name: create_function(name, "A role made by init.", role=True) for name in ROLES}
    db.session.add_all([top, *built_in.values(), *roles.values()])
    db.session.flush()
    for function in (*roles.values(), *built_in.values()):
        bundle_function(top, function)
    for name, guards in ROLES.items():
        for guard in guards:
            bundle_function(roles[name], built_in[guard])
    db.session.flush()
    return top
