"""A preview of a permission change: who would gain or lose access to one application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.models.clients import OAuthClient
from app.services.access.callers import Caller
from app.services.guards import Guard
from app.services.inspection import whatif
from app.services.inspection.whatif import Proposal
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing
from app.web.console import forecasts
from app.web.console import listing
from app.web.console import shown_names
from app.web.console.forecasts import ShownForecast


@dataclass(frozen=True, slots=True)
class Preview:
    """The chosen application, and what would change."""

    client: OAuthClient
    foretold: ShownForecast


def may_preview(caller: Caller) -> bool:
    """Tell whether there is an application whose details this administrator may see."""
    return listing.is_allowed(caller, Guard.VIEW_OAUTH_CLIENTS_DETAILS)


def build_preview(caller: Caller, proposed: Callable[[], Proposal]) -> Preview:
    """Build the forecast for the application named in the form. Raises ``Denied``, ``Invalid``."""
    name = shown_names.read_names(caller).get("client", "").strip()
    if not name:
        raise Invalid(FieldProblem("client", "Name the application to look at.", "MISSING"))
    try:
        client = whatif.get_client(name, caller)
    except Missing:
        raise Invalid(FieldProblem("client", "There is no such application.", "UNKNOWN")) from None
    return Preview(
        client, forecasts.show_forecast(whatif.forecast_change(client, proposed(), caller), caller)
    )
