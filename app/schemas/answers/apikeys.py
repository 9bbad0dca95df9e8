"""API keys (contract 3.7). Only one answer contains the secret, and only once."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Literal

from app.models.apikeys import APIKey
from app.schemas.answers.infos import CustomerInfo
from app.schemas.answers.infos import FunctionInfo
from app.schemas.answers.infos import SubjectInfo
from app.schemas.answers.infos import build_person_info
from app.schemas.answers.infos import collect_people_ids
from app.schemas.wire import Shape
from app.schemas.wire import to_millis
from app.services.access import directory


class AddressShape(Shape):
    """An address or a network."""

    address: str
    mask_bits: int
    ipv6: bool
    host: bool
    public: bool
    multicast: bool


class StaticOptionsShape(Shape):
    ip_addresses: list[str]


class SourceShape(Shape):
    """Where the key may be used from."""

    provider: Literal["staticIP"]
    static_options: StaticOptionsShape


class ConstraintsShape(Shape):
    """The limits of the key; empty lists mean *no further limit*."""

    customers: list[CustomerInfo]
    functions: list[FunctionInfo]
    read_only: bool


class KeyShape(Shape):
    """ApiKeyDescriptor; a key with ``validUntil`` 0 never expires."""

    prefix: str
    description: str
    created_timestamp: int
    last_used_timestamp: int
    valid_until: int
    created_by_user: SubjectInfo | None
    last_used_ip: AddressShape | None
    valid_sources: list[AddressShape]
    source: SourceShape
    constraints: ConstraintsShape


class KeysShape(Shape):
    keys: list[KeyShape]


class NewKeyShape(Shape):
    """The only answer that contains the secret."""

    api_key_string: str
    key_descriptor: KeyShape


class RenewedKeyShape(Shape):
    renewed_key: KeyShape


class RevokedKeyShape(Shape):
    revoked_key: KeyShape


def build_key_shapes(rows: Sequence[APIKey]) -> list[KeyShape]:
    """Build all shapes with three queries, however many rows there are."""
    people = directory.load_subjects_by_id(collect_people_ids(rows, "created_by_id", "user_id"))
    bounds = [row.constraints or {} for row in rows]
    customers = {
        c.id: c for c in directory.list_customers_by_id({i for b in bounds for i in b.get("customers") or ()})
    }
    functions = {
        f.id: f for f in directory.list_functions_by_id({i for b in bounds for i in b.get("functions") or ()})
    }
    return [
        KeyShape(
            prefix=row.prefix,
            description=row.description,
            created_timestamp=to_millis(row.created_at),
            last_used_timestamp=to_millis(row.last_used_at),
            valid_until=to_millis(row.expires_at),
            created_by_user=build_person_info(people, row.created_by_id or row.user_id),
            last_used_ip=_build_address_shape(row.last_used_ip) if row.last_used_ip else None,
            valid_sources=[_build_address_shape(source) for source in row.valid_sources],
            source=SourceShape(
                provider="staticIP", static_options=StaticOptionsShape(ip_addresses=list(row.valid_sources))
            ),
            constraints=ConstraintsShape(
                customers=[
                    CustomerInfo.from_row(customers[i]) for i in b.get("customers") or () if i in customers
                ],
                functions=[
                    FunctionInfo.from_row(functions[i]) for i in b.get("functions") or () if i in functions
                ],
                read_only=bool(b.get("readOnly")),
            ),
        )
        for row, b in zip(rows, bounds, strict=True)
    ]


def build_key_shape(row: APIKey) -> KeyShape:
    """Build the shape of one key."""
    return build_key_shapes([row])[0]


def _build_address_shape(text: str) -> AddressShape:
    network = ipaddress.ip_network(text, strict=False)
    return AddressShape(
        address=str(network.network_address),
        mask_bits=network.prefixlen,
        ipv6=network.version == 6,
        host=network.prefixlen == network.max_prefixlen,
        public=network.is_global,
        multicast=network.is_multicast,
    )
