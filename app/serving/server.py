"""Runs granian with our adapter, the same with or without a proxy in front (design §7)."""

from __future__ import annotations

from collections.abc import Callable

from granian import Granian
from granian.constants import HTTPModes
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from app.serving import memory
from app.serving import sockets
from app.serving import stopping
from app.serving.adapter import Adapter
from app.serving.threads import WSGI

KILL_AFTER_SECONDS = 10
HEADER_BYTES = 16_384
# Also how long a connection may stay idle.
HEADER_MILLISECONDS = 10_000
BACKLOG = 4_096
# Connections of one worker. The server's default is much lower, and idle strangers could use them all.
MOST_CONNECTIONS = 16_384
OTHER_FILES = 512


class TooFewFiles(Exception):
    """The limit of open files is too low to serve safely."""


def run(target: str, host: str, port: int, workers: int) -> None:
    """Serve ``target`` (``module:function`` that returns an ``Adapter``) until told to stop.

    Raises ``TooFewFiles``.
    """
    wanted = MOST_CONNECTIONS + OTHER_FILES
    if (allowed := sockets.raise_file_limit(wanted)) < wanted:
        raise TooFewFiles(f"{allowed} open files are allowed, {wanted} are needed.")
    # The workers are forks of this process.
    memory.use_one_pool()
    flag = stopping.create_flag()
    server = Granian(
        target=target,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        workers=workers,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.warning,
        backlog=BACKLOG,
        backpressure=MOST_CONNECTIONS,
        # Without this, one killed worker stops the whole server (measured, design §7).
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER_SECONDS,
        http1_settings=HTTP1Settings(max_buffer_size=HEADER_BYTES, header_read_timeout=HEADER_MILLISECONDS),
    )
    server.on_startup(lambda: stopping.announce_before(flag))
    try:
        server.serve()
    finally:
        stopping.remove_flag()


def adapt(make: Callable[[], WSGI]) -> Adapter:
    """Build the adapter of one worker process around the application that ``make`` makes."""
    memory.give_back_regularly()
    sockets.watch_listener()
    return Adapter(make(), stopping.open_flag())
