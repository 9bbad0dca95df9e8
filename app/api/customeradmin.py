"""``/customeradmin/v2`` (contract 4.2): customers."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.domains import asked_domain
from app.api.schemas.common import InDomain
from app.api.schemas.customers import CustomerAdd
from app.api.shapes.customers import CustomerShape
from app.api.shapes.customers import customer_shown
from app.services import customers
from app.services.callers import Caller

PATH = "/customeradmin/v2/customer"


@blueprint.post(PATH)
@endpoint(answers=CustomerShape, body=CustomerAdd, statuses=(201,), writes=True)
def add_customer(caller: Caller, body: CustomerAdd) -> Answer:
    """A new customer below an existing one."""
    return Answer(customer_shown(customers.add(body.as_new(), caller)), status=201)


@blueprint.get(f"{PATH}/<customer>")
@endpoint(answers=CustomerShape, query=InDomain)
def get_customer(caller: Caller, customer: str, query: InDomain) -> Answer:
    """One customer; 404 alike for absent and hidden."""
    return Answer(customer_shown(customers.visible(customer, asked_domain(query, caller), caller)))
