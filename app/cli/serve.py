"""``serve``: granian, or gunicorn behind trusted proxies (design decision 7)."""

from __future__ import annotations

import os
from typing import Any

import click
from flask import Flask
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.utils import import_string

from app.config import is_loopback
from app.extensions import db
from app.runtime import settings
from app.services.audit import sealing_thread
from app.services.ops import readiness

TARGET = "app.cli.serve:worker"
THREADS = 4
KILL_AFTER_SECONDS = 10
HEADER_BYTES = 16_384


@click.command()
@click.option("--bind", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@with_appcontext
def serve(bind: str, workers: int) -> None:
    """Serve until told to stop."""
    host, port = _address(bind)
    if "ARGUS_BASE_URL" not in os.environ:
        if not is_loopback(host):
            raise click.ClickException(
                "Set ARGUS_BASE_URL to the public origin before binding to more than loopback."
            )
        shown = f"[{host}]" if ":" in host else host
        # The workers are processes of their own and read it from here.
        os.environ["ARGUS_BASE_URL"] = f"http://{shown}:{port}"
    _ready()
    base, proxied = os.environ["ARGUS_BASE_URL"], bool(settings().trusted_proxies)
    with current_app.app_context():
        db.engine.dispose()
    click.echo(f"Serving {base} on {bind} with {workers} worker{'s' if workers > 1 else ''}", err=True)
    (_gunicorn if proxied else _granian)(host, port, workers)


def worker() -> Flask:
    """The application of one serving process, and what works beside its requests."""
    app: Flask = import_string("app:create_app")()
    with app.app_context():
        sealing_thread.start()
    return app


def _address(bind: str) -> tuple[str, int]:
    host, _, port = bind.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise click.UsageError("--bind: write HOST:PORT, for example 127.0.0.1:8080 or [::1]:8080.")
    return host, int(port)


def _ready() -> None:
    try:
        problem = readiness.problem()
    except SQLAlchemyError:
        problem = "database"
    if problem is not None:
        raise click.ClickException(readiness.REPAIRS[problem])


def _granian(host: str, port: int, workers: int) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    Granian(
        target=TARGET,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        websockets=False,
        log_level=LogLevels.warning,
        # Without it one killed worker stops everything (measured, design §7).
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER_SECONDS,
        http1_settings=HTTP1Settings(max_buffer_size=HEADER_BYTES),
    ).serve()


def _gunicorn(host: str, port: int, workers: int) -> None:
    from gunicorn.app.base import BaseApplication

    shown = f"[{host}]" if ":" in host else host

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            options: dict[str, Any] = {
                "bind": f"{shown}:{port}",
                "workers": workers,
                "worker_class": "gthread",
                "threads": THREADS,
                "graceful_timeout": KILL_AFTER_SECONDS,
                # A header name with an underscore never counts (design decision 7).
                "header_map": "drop",
                "limit_request_line": 8_190,
                "forwarded_allow_ips": "",
                "loglevel": "warning",
            }
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return import_string(TARGET)()

    Server().run()
