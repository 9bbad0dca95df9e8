"""Demo data that shows an allowance and each kind of refusal."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from app import clock
from app.extensions import db
from app.models.authority import Function
from app.models.authority import Permission
from app.models.clients import OAuthClient
from app.models.directory import Customer
from app.models.directory import Group
from app.models.directory import Membership
from app.models.directory import Subject
from app.models.directory import User
from app.policy.facts import SecurityLevel
from app.services.access import directory
from app.services.access import held_rights
from app.services.audit import trail
from app.services.clients.fields import NO_SECRET
from app.services.clients.fields import PASSWORD
from app.services.clients.fields import build_default_columns
from app.services.guards import ALL_FUNCTIONS
from app.services.login.passwords import passwords
from app.services.ops import bootstrap
from app.services.tokens.token_text import compute_digest
from app.services.tokens.token_text import make_secret

REDIRECT = "http://127.0.0.1:8081/callback"
RANGE = ["127.0.0.0/8", "::1/128"]
SCOPES = ["customer", "email", "groups", "openid", "profile"]


@dataclass(frozen=True, slots=True)
class Demo:
    """The logins and clients, with their secrets, as ``init`` prints them."""

    users: list[dict[str, Any]] = field(default_factory=list)
    clients: list[dict[str, Any]] = field(default_factory=list)


def add_demo() -> Demo:
    """Create two customers under one parent, four users, three clients.
    Run it once, inside a unit of work.
    """
    held_rights.lock_policy()
    demo = Demo()
    domain = directory.get_home_domain()
    root = directory.get_root_customer(domain.id)
    nordic = _create_customer(root, "nordic", "Nordic Group", "group")
    fjord = _create_customer(nordic, "fjord-bank", "Fjord Bank", "leaf")
    polar = _create_customer(nordic, "polar-shipping", "Polar Shipping", "leaf")
    reader, analyst = _create_functions()

    alice = _create_user(demo, nordic, "alice", "Alice Andersen")
    bob = _create_user(demo, fjord, "bob", "Bob Berg")
    carol = _create_user(demo, polar, "carol", "Carol Christensen")
    dave = _create_user(demo, nordic, "dave", "Dave Dahl")
    analysts = _create_group(polar, "polar-analysts", [carol])
    _grant(alice, analyst, nordic)
    _grant(bob, reader, fjord)
    _grant(analysts, analyst, polar)
    _grant(dave, _get_function("BASIC-USER"), nordic)

    _create_client(demo, domain.id, "report-portal", "Report portal", analyst)
    _create_client(demo, domain.id, "fjord-dashboard", "Fjord dashboard", reader, customer=fjord)
    _create_client(demo, domain.id, "report-cli", "Report command line", analyst, public=True)

    state = bootstrap.find_state()
    if state is not None:
        state.demo_added = True
    trail.record("demo-add", bootstrap.OPERATOR)
    held_rights.raise_policy_version()
    return demo


def _get_function(name: str) -> Function:
    found = directory.find_function(name)
    if found is None:
        raise LookupError(f"the function {name} is missing: run init first")
    return found


def _create_functions() -> tuple[Function, Function]:
    """Create the demo's roles REPORT-READER and REPORT-ANALYST."""
    top = _get_function(ALL_FUNCTIONS)
    use = _create_function("useReports", "Open the report applications.", "Åpne rapportapplikasjonene.")
    view = _create_function("viewReports", "Read reports.", "Lese rapporter.")
    export = _create_function("exportReports", "Take reports out as files.", "Ta rapporter ut som filer.")
    reader = _create_function("REPORT-READER", "Reads reports.", "Leser rapporter.", role=True)
    analyst = _create_function(
        "REPORT-ANALYST", "Reads and exports reports.", "Leser og eksporterer rapporter.", role=True
    )
    db.session.add_all([use, view, export, reader, analyst])
    db.session.flush()
    for parent, child in (
        (top, reader),
        (top, analyst),
        (reader, use),
        (reader, view),
        (analyst, reader),
        (analyst, export),
    ):
        bootstrap.bundle_function(parent, child)
    return reader, analyst


def _create_function(name: str, english: str, norwegian: str, *, role: bool = False) -> Function:
    made = bootstrap.create_function(name, english, role=role)
    made.localized_descriptions = {"norwegian": norwegian}
    return made


def _create_customer(parent: Customer, short_name: str, name: str, kind: str) -> Customer:
    now = clock.now()
    customer = Customer(
        domain_id=parent.domain_id,
        parent_id=parent.id,
        short_name=short_name,
        name=name,
        type=kind,
        flags=[],
        created_at=now,
        updated_at=now,
    )
    db.session.add(customer)
    db.session.flush()
    return customer


def _create_user(demo: Demo, customer: Customer, short_name: str, name: str) -> User:
    now = clock.now()
    password = secrets.token_urlsafe(15)
    user = User(
        domain_id=customer.domain_id,
        customer_id=customer.id,
        short_name=short_name,
        name=name,
        email=f"{short_name}@example.com",
        email_confirmed_at=now,
        password_hash=passwords().hash(password),
        created_at=now,
        updated_at=now,
    )
    db.session.add(user)
    db.session.flush()
    demo.users.append({"userName": short_name, "password": password, "customer": customer.short_name})
    return user


def _create_group(customer: Customer, short_name: str, members: list[User]) -> Group:
    now = clock.now()
    group = Group(
        domain_id=customer.domain_id,
        customer_id=customer.id,
        short_name=short_name,
        name=short_name,
        created_at=now,
        updated_at=now,
    )
    db.session.add(group)
    db.session.flush()
    for member in members:
        db.session.add(Membership(id=str(uuid.uuid4()), group_id=group.id, member_id=member.id, added_at=now))
    return group


def _grant(subject: Subject, function: Function, customer: Customer) -> None:
    db.session.add(
        Permission(
            subject_id=subject.id,
            function_id=function.id,
            customer_id=customer.id,
            comment="demo",
            granted_at=clock.now(),
        )
    )


def _create_client(
    demo: Demo,
    domain_id: int,
    short_name: str,
    name: str,
    scope: Function,
    *,
    customer: Customer | None = None,
    public: bool = False,
) -> None:
    now = clock.now()
    secret = None if public else make_secret()
    given = {
        "authentication_method": NO_SECRET if public else PASSWORD,
        "secret_digest": compute_digest(secret) if secret is not None else None,
        "permitted_scopes": SCOPES,
        "max_security_level": int(SecurityLevel.STANDARD),
    }
    client = OAuthClient(
        id=str(uuid.uuid4()),
        domain_id=domain_id,
        customer_id=customer.id if customer is not None else None,
        short_name=short_name,
        name=name,
        description="A demo application.",
        main_uri=f"https://reports.example.com/{short_name}",
        required_function_id=_get_function("useReports").id,
        permission_scope_id=scope.id,
        client_ip_range=RANGE,
        redirect_uris=[REDIRECT],
        created_at=now,
        updated_at=now,
        **build_default_columns() | given,
    )
    db.session.add(client)
    db.session.flush()
    demo.clients.append(
        {"id": client.id, "shortName": short_name, "clientSecret": secret, "redirectURI": REDIRECT}
    )
