"""``serve``: one server, with or without proxies in front (design decision 7)."""

from __future__ import annotations

import os
from functools import cache

import click
import structlog
from flask import Flask
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.utils import import_string

from app import telemetry
from app.policy.network import is_loopback
from app.runtime import settings
from app.services import unit_of_work
from app.services.access import counting
from app.services.audit import sealing
from app.services.audit import sealing_thread
from app.services.ops import readiness
from app.services.ops import restored
from app.services.ops import upkeep
from app.services.outbox import outbox_thread
from app.serving import server
from app.serving.adapter import Adapter

TARGET = "app.cli.serve:create_worker"
COPY = "This database is a copy."
log = structlog.get_logger("argus.serve")
ANSWER = (
    "Sessions, keys and links that were ended after it was made live again in it. End them all with"
    " 'argus-idp sessions end-all', or let them live with 'argus-idp sessions keep-all'."
)


@click.command()
@click.option("--bind", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
def serve(bind: str, workers: int) -> None:
    """Serve until told to stop."""
    host, port = _parse_address(bind)
    if "ARGUS_BASE_URL" not in os.environ:
        if not is_loopback(host):
            raise click.ClickException(
                "Set ARGUS_BASE_URL to the public origin before binding to more than loopback."
            )
        shown = f"[{host}]" if ":" in host else host
        # The workers are separate processes and read the setting from the environment.
        os.environ["ARGUS_BASE_URL"] = f"http://{shown}:{port}"
    with _create_application().app_context():
        _check_ready()
        if workers > 1 and settings().ratelimit_storage == counting.IN_MEMORY:
            raise click.ClickException(
                "ARGUS_RATELIMIT_STORAGE: with several workers, memory:// would multiply every limit. "
                "Leave it out (the workers then count in the database), or name a Redis."
            )
        # A connection belongs to one process.
        unit_of_work.give_up_connections()
    base = os.environ["ARGUS_BASE_URL"]
    telemetry.write_line(f"Serving {base} on {bind} with {workers} worker{'s' if workers > 1 else ''}\n")
    try:
        server.run(TARGET, host, port, workers)
    except server.TooFewFiles as problem:
        raise click.ClickException(f"{problem} Raise the limit (ulimit -n, LimitNOFILE=).") from None
    with _create_application().app_context():
        _note_the_end()


def application() -> Flask:
    """Create the application of one serving process, and start its background threads."""
    app = _create_application()
    with app.app_context():
        sealing_thread.start_sealer()
        upkeep.start_upkeep()
        outbox_thread.start_outbox()
    return app


@cache
def _create_application() -> Flask:
    """Create the application once: a worker that is a fork of the command has the command's."""
    app: Flask = import_string("app:create_app")()
    return app


def create_worker() -> Adapter:
    """Create the application of one process; granian calls this in each."""
    return server.adapt(application)


def _parse_address(bind: str) -> tuple[str, int]:
    host, _, port = bind.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise click.UsageError("--bind: write HOST:PORT, for example 127.0.0.1:8080 or [::1]:8080.")
    return host, int(port)


def _note_the_end() -> None:
    """Seal what the last requests recorded, and note it: a backup put back now is older than that.

    The workers end without a last word. Best effort: another node, or the next start, seals it too.
    """
    try:
        while sealing.seal_some():
            pass
        restored.note_what_is_seen()
    except Exception:
        log.exception("end")


def _check_ready() -> None:
    if current_app.debug:
        raise click.ClickException("FLASK_DEBUG: unset it. It is for development and does not serve.")
    try:
        problem = readiness.find_problem()
    except SQLAlchemyError:
        problem = "database"
    if problem is not None:
        raise click.ClickException(readiness.REPAIRS[problem])
    sign = restored.find_sign()
    if sign is not None:
        raise click.ClickException(f"{COPY} {restored.SIGNS[sign]} {ANSWER}")
