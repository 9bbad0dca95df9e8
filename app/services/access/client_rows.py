"""Clients as rows: that of a protocol request, and all of which a list may show some."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select
from sqlalchemy import Table
from sqlalchemy import bindparam
from sqlalchemy import select

from app.models.clients import OAuthClient
from app.services.access.credential_parts import ClientPart
from app.services.access.credential_parts import ListedClient
from app.services.access.row_layout import list_columns
from app.services.once_read import keep
from app.services.once_read import remember
from app.services.prepared import Prepared
from app.services.unit_of_work import fetch_all
from app.services.unit_of_work import fetch_one

CLIENT: Table = OAuthClient.__table__  # type: ignore[assignment]
MOST_ID_CHARACTERS = 36
_LISTED = select(*list_columns(ListedClient, CLIENT))
_SHOWN = Prepared(_LISTED.where(CLIENT.c.deleted_at.is_(None), CLIENT.c.hidden.is_(False)))
_BY_ID = Prepared(
    select(*list_columns(ClientPart, CLIENT)).where(
        CLIENT.c.id == bindparam("client"), CLIENT.c.deleted_at.is_(None)
    )
)


def find_requesting_client(client_id: str) -> ClientPart | None:
    """Find the client of a protocol request by its id; a deleted client is as unknown as any other.

    Once in a request, or in a unit of work: Authlib asks for the same client repeatedly.
    """
    if len(client_id) > MOST_ID_CHARACTERS:
        return None

    def read() -> ClientPart | None:
        row = fetch_one(_BY_ID, {"client": client_id})
        return ClientPart(*row) if row is not None else None

    return remember(("client", client_id), read)


def keep_client(client: ClientPart) -> None:
    """Keep the client that another row brought along, for ``find_requesting_client``."""
    keep(("client", client.id), client if client.deleted_at is None else None)


def list_shown_clients() -> list[ListedClient]:
    """List the clients that are neither deleted nor hidden, in no order."""
    return [ListedClient(*row) for row in fetch_all(_SHOWN, {})]


def select_listed_clients() -> Select[Any]:
    """Select the columns of ``ListedClient``; the caller says which rows."""
    return _LISTED
