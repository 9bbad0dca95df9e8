"""Objects of one application, not of the process: settings and small caches; and what one request keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import TypeVar
from typing import cast

from flask import Flask
from flask import current_app
from flask import g

from app.config import Settings

T = TypeVar("T")
# In ``memory``: the connection of the unit of work at hand.
UNIT = "argus_unit"


def bind_settings(app: Flask, settings: Settings) -> None:
    """Give an application its settings; called once, by ``create_app``."""
    app.extensions["argus"] = {"settings": settings}


def settings() -> Settings:
    """Return the settings of the current application."""
    return cast("Settings", current_app.extensions["argus"]["settings"])


def per_app(factory: Callable[[], T]) -> T:
    """Return the one object that ``factory`` makes for this application; it is made at the first call."""
    kept: dict[object, object] = current_app.extensions["argus"]
    if factory not in kept:
        kept.setdefault(factory, factory())
    return cast("T", kept[factory])


def memory() -> dict[str, Any]:
    """Return what was kept for the current request, or for the task of a command or a thread."""
    kept: dict[str, Any] = g.setdefault("argus", {})
    return kept


def provide(app: Flask, name: str, thing: object) -> None:
    """Store an object that only a higher layer can make, for the services.
    Called while the application is built.
    """
    app.extensions[f"argus_{name}"] = thing


def get_provided(name: str) -> Any:
    """Return what ``provide`` stored under this name."""
    return current_app.extensions[f"argus_{name}"]


def run_in_application(work: Callable[[], T]) -> Callable[[], T]:
    """Wrap ``work`` so that another thread can run it in a context of the current application."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def run() -> T:
        with app.app_context():
            return work()

    return run
