"""Structured logs, with secrets kept out of them (security rule 76)."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Whatever is logged under one of these names is not written, at any level.
SECRET_NAMES = ("password", "secret", "token", "code", "verifier", "key", "cookie", "authorization")


def configure(level: str) -> None:
    """Logs as JSON lines on standard error; Authlib's loggers, which print tokens at debug, are capped."""
    number = logging.getLevelName(level)
    threshold = number if isinstance(number, int) else logging.INFO
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            # Without the local variables: passwords and tokens stand in them.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        # Standard error as it is when the line is written: it may have been replaced since.
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.getLogger("authlib").setLevel(logging.WARNING)


def redact(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of secret-sounding names."""
    for name in event:
        if any(word in name.lower() for word in SECRET_NAMES):
            event[name] = "[removed]"
    return event
