"""Queries of authentication events (contract 3.9)."""

from __future__ import annotations

from app.schemas.common import InDomain
from app.schemas.searching import Moment
from app.schemas.searching import Names
from app.schemas.searching import Paged
from app.schemas.searching import to_moment
from app.schemas.texts import Named
from app.services.inspection.authentication_events import Span


class EventsQuery(Paged):
    """A time span and a page."""

    start_timestamp: Moment | None = None
    end_timestamp: Moment | None = None

    @property
    def span(self) -> Span:
        return Span(to_moment(self.start_timestamp), to_moment(self.end_timestamp))


class UserEventsQuery(EventsQuery, InDomain):
    """The same query, for one user."""


class CustomerEventsQuery(EventsQuery):
    """The same query, for users of customers."""

    customer: Names = ()
    domain: Named | None = None
