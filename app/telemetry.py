"""Structured logs without secrets (security rule 76)."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Values under these names are never written, at any level.
SECRET_NAMES = ("password", "secret", "token", "code", "verifier", "key", "cookie", "authorization")


def configure_logging(level: str) -> None:
    """Write logs as JSON lines to standard error.
    Authlib's loggers print tokens at debug level, so they are limited.
    """
    number = logging.getLevelName(level)
    threshold = number if isinstance(number, int) else logging.INFO
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            # Without local variables: they contain passwords and tokens.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *_: structlog.WriteLogger(_StandardError()),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    logging.getLogger("authlib").setLevel(logging.WARNING)


class _StandardError:
    """Standard error of this moment: it may have been replaced, closed, or lie on a full disk.

    A line that cannot be written is lost; the work that it tells of goes on (decision 024).
    """

    def write(self, text: str) -> None:
        write_line(text)

    def flush(self) -> None:
        """Nothing: each line is flushed as it is written."""


def write_line(text: str) -> None:
    """Write text to standard error if that is possible."""
    # ValueError: the stream was closed. AttributeError: the process was started without one.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        try:
            number = sys.stderr.fileno()
        except (OSError, ValueError):
            sys.stderr.write(text)
        else:
            # Past the buffer: what cannot be written must not wait there for the flush of the next fork.
            os.write(number, text.encode(errors="backslashreplace"))


def redact(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of names that suggest a secret."""
    for name in event:
        if any(word in name.lower() for word in SECRET_NAMES):
            event[name] = "[removed]"
    return event
