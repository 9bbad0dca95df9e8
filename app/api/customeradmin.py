"""``/customeradmin/v2`` (contract 4.2): customers."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.body import read_body
from app.api.schemas.customers import CustomerAdd
from app.api.shapes import customer_json
from app.api.useradmin.users import domain_asked
from app.models.directory import Customer
from app.services import customers
from app.services import directory
from app.services.callers import Caller

PATH = "/customeradmin/v2/customer"


@blueprint.post(PATH)
@endpoint(writes=True)
def add_customer(caller: Caller) -> Answer:
    """A new customer below an existing one."""
    return Answer(_shown(customers.add(read_body(CustomerAdd).as_new(), caller)), status=201)


@blueprint.get(f"{PATH}/<customer>")
@endpoint()
def get_customer(caller: Caller, customer: str) -> Answer:
    """One customer; 404 alike for absent and hidden."""
    return Answer(_shown(customers.visible(customer, domain_asked(caller), caller)))


def _shown(customer: Customer) -> dict[str, object]:
    ids = (customer.created_by_id, customer.updated_by_id)
    return customer_json(customer, directory.subjects_by_id(one for one in ids if one is not None))
