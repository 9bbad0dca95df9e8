"""Convert an ASGI scope and its received body to a WSGI environ (PEP 3333)."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

Headers = Iterable[tuple[bytes, bytes]]

# The environ computes these itself, from what was received.
OWN = frozenset({b"content-length", b"content-type", b"transfer-encoding"})


def build_environ(scope: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    """Build the environ of one request. Names with ``_`` are ignored (design decision 7)."""
    peer, server = scope.get("client") or ("", ""), scope.get("server") or ("", "")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        # Use the bytes of the target: the server's own ``path`` loses bytes that are not UTF-8.
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "RAW_URI": scope["raw_path"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": peer[0],
        "REMOTE_PORT": str(peer[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if body or has_body(scope["headers"]):
        environ["CONTENT_LENGTH"] = str(len(body))
    _add_headers(environ, scope["headers"])
    return environ


def has_body(headers: Headers) -> bool:
    """Tell whether a request announces a body (RFC 9112 6.3)."""
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in headers)


def _add_headers(environ: dict[str, Any], headers: Headers) -> None:
    for name, value in headers:
        text = value.decode("latin-1")
        if name == b"content-type":
            # Two of them join like any repeated field, and are then no type that anybody reads.
            key = "CONTENT_TYPE"
        elif name in OWN or b"_" in name:
            continue
        else:
            key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        known = environ.get(key)
        if known is not None:
            text = f"{known}; {text}" if name == b"cookie" else f"{known},{text}"
        environ[key] = text
