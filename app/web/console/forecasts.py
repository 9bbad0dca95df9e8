"""A forecast as a page shows it: who gains access, who loses it, and whose rights change."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from app.models.authority import Function
from app.models.directory import User
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.inspection.whatif import Effect
from app.services.inspection.whatif import Forecast
from app.services.inspection.whatif import Pair

MOST_PEOPLE = 40
MOST_FUNCTIONS = 8
Functions = Mapping[int, Function]
ORDER = ("loses", "gains", "keeps", "none")


@dataclass(frozen=True, slots=True)
class ShownRights:
    """Functions for one customer; ``more`` counts those not named."""

    customer: str
    functions: tuple[Function, ...]
    more: int


@dataclass(frozen=True, slots=True)
class TouchedUser:
    """One user, and how the access changes."""

    user: User
    access: str
    gained: tuple[ShownRights, ...]
    lost: tuple[ShownRights, ...]


@dataclass(frozen=True, slots=True)
class ShownForecast:
    """How many gain, lose or keep access with other rights; the first of them;
    how many are not named or left out.
    """

    gains: int
    loses: int
    changes: int
    unnamed: int
    people: tuple[TouchedUser, ...]
    left_out: int


def show_forecast(forecast: Forecast, caller: Caller) -> ShownForecast:
    """Convert a forecast for the page. Users who lose access come first, because they matter most."""
    found = [effect.access for effect in forecast.effects]
    shown = sorted(forecast.effects, key=lambda effect: ORDER.index(effect.access))[:MOST_PEOPLE]
    ids = {function for effect in shown for function, _customer in (*effect.gained, *effect.lost)}
    functions = {one.id: one for one in directory.list_functions_by_id(ids)}
    return ShownForecast(
        gains=found.count("gains"),
        loses=found.count("loses"),
        changes=found.count("keeps"),
        unnamed=forecast.unnamed,
        people=tuple(_show_effect(effect, functions, caller) for effect in shown),
        left_out=len(forecast.effects) - len(shown),
    )


def _show_effect(effect: Effect, functions: Functions, caller: Caller) -> TouchedUser:
    gained, lost = (
        _group_rights(effect.gained, functions, caller),
        _group_rights(effect.lost, functions, caller),
    )
    return TouchedUser(effect.user, effect.access, gained, lost)


def _group_rights(pairs: Sequence[Pair], functions: Functions, caller: Caller) -> tuple[ShownRights, ...]:
    by_customer: dict[int, list[Function]] = {}
    for function, customer in pairs:
        by_customer.setdefault(customer, []).append(functions[function])
    return tuple(
        ShownRights(
            caller.question.tree.names[one],
            tuple(sorted(held, key=attrgetter("name"))[:MOST_FUNCTIONS]),
            max(0, len(held) - MOST_FUNCTIONS),
        )
        for one, held in by_customer.items()
    )
