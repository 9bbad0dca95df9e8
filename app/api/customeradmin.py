"""``/customeradmin/v2`` and ``/customers/v2`` (contract 4.2): customers and domains."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.auth import paged
from app.api.blueprint import blueprint
from app.api.domains import asked_domain
from app.models.directory import Customer
from app.schemas.answers.customers import BasicCustomer
from app.schemas.answers.customers import CustomerShape
from app.schemas.answers.customers import basic_customer_shown
from app.schemas.answers.customers import customer_shown
from app.schemas.answers.customers import customers_shown
from app.schemas.answers.infos import DomainInfo
from app.schemas.common import InDomain
from app.schemas.common import NoBody
from app.schemas.requests.customer_search import BasicCustomerQuery
from app.schemas.requests.customer_search import CustomerList
from app.schemas.requests.customer_search import CustomerSearch
from app.schemas.requests.customers import CustomerAdd
from app.schemas.requests.customers import CustomerMove
from app.schemas.requests.customers import CustomerUpdate
from app.schemas.searching import Paged
from app.services.access import directory
from app.services.access import search
from app.services.access.callers import Caller
from app.services.administration import customer_search
from app.services.administration import customers
from app.services.guards import Guard

ADMIN = "/customeradmin/v2/customer"
BASIC = "/customers/v2/customer"


@blueprint.get(ADMIN)
@endpoint(answers=[CustomerShape], query=CustomerList)
def list_customers(caller: Caller, query: CustomerList) -> Answer:
    """List the customers that the caller administers."""
    found = customer_search.found(
        caller, Guard.VIEW_CUSTOMERS, query.as_criteria(), query.page, query.sort_by
    )
    return paged(found, customers_shown(found.rows))


@blueprint.post(f"{ADMIN}/search")
@endpoint(answers=[CustomerShape], body=CustomerSearch, optional_body=True)
def search_customers(caller: Caller, body: CustomerSearch) -> Answer:
    """Search customers with a criteria object."""
    found = customer_search.found(caller, Guard.VIEW_CUSTOMERS, body.as_criteria(), body.page, body.order)
    return paged(found, customers_shown(found.rows))


@blueprint.post(ADMIN)
@endpoint(answers=CustomerShape, body=CustomerAdd, statuses=(201,), writes=True)
def add_customer(caller: Caller, body: CustomerAdd) -> Answer:
    """Add a customer below an existing one."""
    return Answer(customer_shown(customers.add(body.as_new(), caller)), status=201)


@blueprint.get(f"{ADMIN}/<customer>")
@endpoint(answers=CustomerShape, query=InDomain)
def get_customer(caller: Caller, customer: str, query: InDomain) -> Answer:
    """Get one customer. Absent and hidden customers both give 404."""
    return Answer(customer_shown(_customer(caller, customer, query)))


@blueprint.put(f"{ADMIN}/<customer>")
@endpoint(answers=CustomerShape, body=CustomerUpdate, query=InDomain, writes=True)
def update_customer(caller: Caller, customer: str, body: CustomerUpdate, query: InDomain) -> Answer:
    """Change the fields that are sent."""
    found = _customer(caller, customer, query)
    return Answer(customer_shown(customers.update(found, body.as_changes(), caller)))


@blueprint.put(f"{ADMIN}/<customer>/disable")
@endpoint(answers=CustomerShape, body=NoBody, query=InDomain, optional_body=True, writes=True)
def disable_customer(caller: Caller, customer: str, query: InDomain, body: NoBody) -> Answer:  # noqa: ARG001
    """Disable a customer: no rights apply to it or below it, and its users cannot log in."""
    return Answer(customer_shown(customers.disable(_customer(caller, customer, query), caller)))


@blueprint.put(f"{ADMIN}/<customer>/reenable")
@endpoint(answers=CustomerShape, body=NoBody, query=InDomain, optional_body=True, writes=True)
def reenable_customer(caller: Caller, customer: str, query: InDomain, body: NoBody) -> Answer:  # noqa: ARG001
    """Enable a disabled customer."""
    return Answer(customer_shown(customers.reenable(customer, asked_domain(query, caller), caller)))


@blueprint.put(f"{ADMIN}/<customer>/move")
@endpoint(answers=CustomerShape, body=CustomerMove, query=InDomain, writes=True)
def move_customer(caller: Caller, customer: str, body: CustomerMove, query: InDomain) -> Answer:
    """Move the customer, with everything below it, under another customer."""
    found = _customer(caller, customer, query)
    return Answer(customer_shown(customers.move(found, body.parent, caller)))


@blueprint.get(BASIC)
@endpoint(answers=[BasicCustomer], query=CustomerList)
def list_basic_customers(caller: Caller, query: CustomerList) -> Answer:
    """List the customers that the caller may know of, in the reduced view."""
    found = customer_search.found(
        caller, Guard.VIEW_BASIC_CUSTOMER, query.as_criteria(), query.page, query.sort_by
    )
    return paged(found, _basic(found.rows, caller))


@blueprint.post(f"{BASIC}/search")
@endpoint(answers=[BasicCustomer], body=CustomerSearch, optional_body=True)
def search_basic_customers(caller: Caller, body: CustomerSearch) -> Answer:
    """Search customers in the reduced view with a criteria object."""
    found = customer_search.found(
        caller, Guard.VIEW_BASIC_CUSTOMER, body.as_criteria(), body.page, body.order
    )
    return paged(found, _basic(found.rows, caller))


@blueprint.get(f"{BASIC}/<customer>")
@endpoint(answers=BasicCustomer, query=BasicCustomerQuery)
def get_basic_customer(caller: Caller, customer: str, query: BasicCustomerQuery) -> Answer:
    """Get one customer in the reduced view. Absent and hidden customers both give 404."""
    found = customers.visible(customer, asked_domain(query, caller), caller, Guard.VIEW_BASIC_CUSTOMER)
    return Answer(basic_customer_shown(found, caller.question.tree))


@blueprint.get("/customers/v2/domain")
@endpoint(answers=[DomainInfo], query=Paged)
def list_domains(caller: Caller, query: Paged) -> Answer:
    """List the domains in which the caller may know of a customer."""
    return _domains(caller, query, Guard.VIEW_BASIC_CUSTOMER)


@blueprint.get("/customeradmin/v2/domain")
@endpoint(answers=[DomainInfo], query=Paged)
def list_administered_domains(caller: Caller, query: Paged) -> Answer:
    """List the domains in which the caller administers a customer."""
    return _domains(caller, query, Guard.VIEW_CUSTOMERS)


def _customer(caller: Caller, text: str, query: InDomain) -> Customer:
    return customers.visible(text, asked_domain(query, caller), caller)


def _basic(rows: list[Customer], caller: Caller) -> list[BasicCustomer]:
    return [basic_customer_shown(row, caller.question.tree) for row in rows]


def _domains(caller: Caller, query: Paged, guard: Guard) -> Answer:
    caller.needs(guard)
    tree = caller.question.tree
    found = search.cut(
        directory.domains_by_id({tree.domains[customer] for customer in caller.reach(guard)}), query.page
    )
    return paged(found, [DomainInfo.of(domain) for domain in found.rows])
