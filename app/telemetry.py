"""Structured logs without secrets (security rule 76)."""

from __future__ import annotations

import logging
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
        # Look up standard error for each line: it may have been replaced.
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.getLogger("authlib").setLevel(logging.WARNING)


def redact(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of names that suggest a secret."""
    for name in event:
        if any(word in name.lower() for word in SECRET_NAMES):
            event[name] = "[removed]"
    return event
