"""``/customeradmin/v2`` and ``/customers/v2`` (contract 4.2): customers and domains."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import build_page
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.domains import get_domain_id
from app.models.directory import Customer
from app.policy.ways_in import RETURN
from app.schemas.answers.customers import BasicCustomer
from app.schemas.answers.customers import CustomerShape
from app.schemas.answers.customers import build_basic_customer
from app.schemas.answers.customers import build_customer_shape
from app.schemas.answers.customers import build_customer_shapes
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
    found = customer_search.search_customers(
        caller, Guard.VIEW_CUSTOMERS, query.as_criteria(), query.page, query.sort_by
    )
    return build_page(found, build_customer_shapes(found.rows))


@blueprint.post(f"{ADMIN}/search")
@endpoint(answers=[CustomerShape], body=CustomerSearch, optional_body=True)
def search_customers(caller: Caller, body: CustomerSearch) -> Answer:
    """Search customers with a criteria object."""
    found = customer_search.search_customers(
        caller, Guard.VIEW_CUSTOMERS, body.as_criteria(), body.page, body.order
    )
    return build_page(found, build_customer_shapes(found.rows))


@blueprint.post(ADMIN)
@endpoint(answers=CustomerShape, body=CustomerAdd, statuses=(201,), changes_policy=True)
def add_customer(caller: Caller, body: CustomerAdd) -> Answer:
    """Add a customer below an existing one."""
    return Answer(build_customer_shape(customers.add_customer(body.as_new(), caller)), status=201)


@blueprint.get(f"{ADMIN}/<customer>")
@endpoint(answers=CustomerShape, query=InDomain)
def get_customer(caller: Caller, customer: str, query: InDomain) -> Answer:
    """Get one customer. Absent and hidden customers both give 404."""
    return Answer(build_customer_shape(_get_customer(caller, customer, query)))


@blueprint.put(f"{ADMIN}/<customer>")
@endpoint(answers=CustomerShape, body=CustomerUpdate, query=InDomain, changes_policy=True)
def update_customer(caller: Caller, customer: str, body: CustomerUpdate, query: InDomain) -> Answer:
    """Change the fields that are sent."""
    found = _get_customer(caller, customer, query)
    return Answer(build_customer_shape(customers.update_customer(found, body.as_changes(), caller)))


@blueprint.put(f"{ADMIN}/<customer>/disable")
@endpoint(answers=CustomerShape, body=NoBody, query=InDomain, optional_body=True, changes_policy=True)
def disable_customer(caller: Caller, customer: str, query: InDomain, body: NoBody) -> Answer:  # noqa: ARG001
    """Disable a customer: no rights apply to it or below it, and its users cannot log in."""
    return Answer(
        build_customer_shape(customers.disable_customer(_get_customer(caller, customer, query), caller))
    )


@blueprint.put(f"{ADMIN}/<customer>/reenable")
@endpoint(
    answers=CustomerShape, body=NoBody, query=InDomain, optional_body=True, changes_policy=True, way_in=RETURN
)
def reenable_customer(caller: Caller, customer: str, query: InDomain, body: NoBody) -> Answer:  # noqa: ARG001
    """Enable a disabled customer."""
    return Answer(
        build_customer_shape(customers.reenable_customer(customer, get_domain_id(query, caller), caller))
    )


@blueprint.put(f"{ADMIN}/<customer>/move")
@endpoint(answers=CustomerShape, body=CustomerMove, query=InDomain, changes_policy=True)
def move_customer(caller: Caller, customer: str, body: CustomerMove, query: InDomain) -> Answer:
    """Move the customer, with everything below it, under another customer."""
    found = _get_customer(caller, customer, query)
    return Answer(build_customer_shape(customers.move_customer(found, body.parent, caller)))


@blueprint.get(BASIC)
@endpoint(answers=[BasicCustomer], query=CustomerList)
def list_basic_customers(caller: Caller, query: CustomerList) -> Answer:
    """List the customers that the caller may know of, in the reduced view."""
    found = customer_search.search_customers(
        caller, Guard.VIEW_BASIC_CUSTOMER, query.as_criteria(), query.page, query.sort_by
    )
    return build_page(found, _build_basic_shapes(found.rows, caller))


@blueprint.post(f"{BASIC}/search")
@endpoint(answers=[BasicCustomer], body=CustomerSearch, optional_body=True)
def search_basic_customers(caller: Caller, body: CustomerSearch) -> Answer:
    """Search customers in the reduced view with a criteria object."""
    found = customer_search.search_customers(
        caller, Guard.VIEW_BASIC_CUSTOMER, body.as_criteria(), body.page, body.order
    )
    return build_page(found, _build_basic_shapes(found.rows, caller))


@blueprint.get(f"{BASIC}/<customer>")
@endpoint(answers=BasicCustomer, query=BasicCustomerQuery)
def get_basic_customer(caller: Caller, customer: str, query: BasicCustomerQuery) -> Answer:
    """Get one customer in the reduced view. Absent and hidden customers both give 404."""
    found = customers.get_visible_customer(
        customer, get_domain_id(query, caller), caller, Guard.VIEW_BASIC_CUSTOMER
    )
    return Answer(build_basic_customer(found, caller.question.tree))


@blueprint.get("/customers/v2/domain")
@endpoint(answers=[DomainInfo], query=Paged)
def list_domains(caller: Caller, query: Paged) -> Answer:
    """List the domains in which the caller may know of a customer."""
    return _list_domains(caller, query, Guard.VIEW_BASIC_CUSTOMER)


@blueprint.get("/customeradmin/v2/domain")
@endpoint(answers=[DomainInfo], query=Paged)
def list_administered_domains(caller: Caller, query: Paged) -> Answer:
    """List the domains in which the caller administers a customer."""
    return _list_domains(caller, query, Guard.VIEW_CUSTOMERS)


def _get_customer(caller: Caller, text: str, query: InDomain) -> Customer:
    return customers.get_visible_customer(text, get_domain_id(query, caller), caller)


def _build_basic_shapes(rows: list[Customer], caller: Caller) -> list[BasicCustomer]:
    return [build_basic_customer(row, caller.question.tree) for row in rows]


def _list_domains(caller: Caller, query: Paged, guard: Guard) -> Answer:
    caller.require(guard)
    tree = caller.question.tree
    found = search.cut_page(
        directory.list_domains_by_id({tree.domains[customer] for customer in caller.list_reach(guard)}),
        query.page,
    )
    return build_page(found, [DomainInfo.from_row(domain) for domain in found.rows])
