"""Public documents: what is dear about one is done once, however often it is asked for."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import Response
from flask import current_app
from flask import request

from app.runtime import per_app

# They change only with a key or a new version.
DOCUMENT_SECONDS = 300
MOST_WRITTEN = 32


@dataclass(frozen=True, slots=True)
class _Packed:
    """``gzipped`` is ``None`` where it would be longer; ``tag`` is the weak ETag of both."""

    gzipped: bytes | None
    tag: str


def write_json(document: dict[str, Any]) -> bytes:
    """Write a document as compact JSON."""
    return current_app.json.dumps(document, separators=(",", ":")).encode()


def write_once(key: Hashable, describe: Callable[[], dict[str, Any]]) -> bytes:
    """Write a document that says the same for this ``key`` as long as this application runs."""
    written = per_app(_Written)
    found = written.get(key)
    if found is None:
        found = written[key] = write_json(describe())
        while len(written) > MOST_WRITTEN:
            written.pop(next(iter(written)), None)
    return found


class _Written(dict[Hashable, bytes]):
    """The documents that were written, the oldest first."""


def respond(body: bytes, mimetype: str = "application/json", *, seconds: int = DOCUMENT_SECONDS) -> Response:
    """Answer with this document: compressed for whoever takes that, 304 for whoever has it (RFC 9110 13.1).

    Whoever may call may read it, and nothing in it is secret or is chosen by the caller: it is safe to
    compress.
    """
    packed = _pack(body)
    takes_gzip = packed.gzipped is not None and request.accept_encodings["gzip"] > 0
    response = Response(packed.gzipped if takes_gzip else body, mimetype=mimetype)
    if takes_gzip:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.set_etag(packed.tag, weak=True)
    response.make_conditional(request)
    return response


@lru_cache(maxsize=32)
def _pack(body: bytes) -> _Packed:
    gzipped = gzip.compress(body, mtime=0)
    return _Packed(gzipped if len(gzipped) < len(body) else None, hashlib.sha256(body).hexdigest()[:32])
