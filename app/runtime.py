"""What belongs to one application object rather than to the process: settings and small caches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import TypeVar
from typing import cast

from flask import Flask
from flask import current_app

from app.config import Settings

T = TypeVar("T")


def bind(app: Flask, settings: Settings) -> None:
    """Give an application its settings; called once, by ``create_app``."""
    app.extensions["argus"] = {"settings": settings}


def settings() -> Settings:
    """The settings of the application at work."""
    return cast("Settings", current_app.extensions["argus"]["settings"])


def per_app(factory: Callable[[], T]) -> T:
    """The one object that ``factory`` makes for this application, made when first asked for."""
    kept: dict[object, object] = current_app.extensions["argus"]
    if factory not in kept:
        kept.setdefault(factory, factory())
    return cast("T", kept[factory])


def provide(app: Flask, name: str, thing: object) -> None:
    """Give the services of an application what only a layer above them can make; called while it is built."""
    app.extensions[f"argus_{name}"] = thing


def provided(name: str) -> Any:
    """What ``provide`` gave under this name."""
    return current_app.extensions[f"argus_{name}"]


def in_application(work: Callable[[], T]) -> Callable[[], T]:
    """``work``, to be run in another thread, in a context of the application at work now."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def run() -> T:
        with app.app_context():
            return work()

    return run
