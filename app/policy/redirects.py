"""Where a browser may be redirected: redirect URIs (RFC 9700 2.1, 4.1.3), and own pages after a login."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import SplitResult
from urllib.parse import urlencode
from urllib.parse import urlsplit

from app.policy import schemes
from app.policy.network import is_loopback

MOST_CHARACTERS = 2048
MOST_NEXT_CHARACTERS = 8192
# Visible ASCII without quotes, backslash, angle brackets and other characters that a URI must escape.
CHARACTERS = re.compile(r"[!#-&(-;=?-\[\]_a-z~]+", re.ASCII)
NEXT = re.compile(r"/(?![/\\])[!-\[\]-~]*", re.ASCII)
# Host and port: a name, or an address in brackets.
HOST = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?"
NETLOC = re.compile(rf"(?:{HOST}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?", re.ASCII)
MOST_PORT = 65_535
# ``localhost:8080/cb`` has no scheme, though it looks like one to a parser.
PORT_FIRST = re.compile(r"[^:/?#]+:[0-9]{1,5}(?:[/?]|$)", re.ASCII)
# RFC 8252 7.3, and the name localhost by RFC 9700 4.1.3: a native app cannot know its port before it runs.
LOOPBACK_PORT = re.compile(
    r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::([0-9]{1,5}))?(/.*|\?.*)?", re.ASCII
)


def find_registration_problem(uri: object) -> str | None:
    """Return what is wrong with a redirect URI to register, and what to do; ``None`` if it is valid.

    Which applications may have one of a private-use scheme, the application as a whole decides.
    """
    if (problem := _find_text_problem(uri)) is not None:
        return problem
    text = str(uri)
    if "*" in text:
        return "Leave out the *: an address is compared letter by letter, so write each one whole."
    scheme = schemes.read_scheme(text)
    if scheme is None or scheme == "localhost" or PORT_FIRST.match(text) is not None:
        return "The scheme is missing: begin with https://, or with http:// for a loopback address."
    if scheme not in schemes.WEB and (problem := schemes.find_scheme_problem(scheme)) is not None:
        return problem
    parts, problem = _split(text)
    if parts is None:
        return problem
    if not parts.netloc and scheme in schemes.WEB:
        return "The host is missing: write a URI such as https://app.example.com/callback."
    if scheme == "http" and not is_loopback(parts.hostname or ""):
        return "Use https; http is accepted for a loopback address only."
    return None


def find_main_uri_problem(uri: object) -> str | None:
    """Return what is wrong with an application's main URI (contract 2.3: https only)."""
    if (problem := _find_text_problem(uri, fragment_allowed=True)) is not None:
        return problem
    parts, problem = _split(str(uri))
    if parts is None or not parts.netloc:
        return problem or "Write a URI with a valid host and port."
    return None if parts.scheme == "https" else "Use https: the address must start with https://."


def find_receiver_problem(uri: object, *, own_machine: bool) -> str | None:
    """Return what is wrong with an address that this server is to call itself: https, or http to this machine
    where ``own_machine`` says that only it reaches this server (Back-Channel Logout 1.0 2.2).
    """
    if (problem := _find_text_problem(uri)) is not None:
        return problem
    parts, problem = _split(str(uri))
    if parts is None or not parts.netloc:
        return problem or "Write a URI with a valid host and port."
    if parts.scheme == "https" or (
        parts.scheme == "http" and own_machine and is_loopback(parts.hostname or "")
    ):
        return None
    return "Use https: the address must start with https://."


def matches(asked: str, registered: Sequence[str], *, public_client: bool) -> bool:
    """Compare byte by byte with a registered URI;
    on the loopback host it registered a public client may use any port (RFC 8252, RFC 9700 4.1.3).

    A private-use scheme is for public clients only.
    """
    if asked in registered:
        return public_client or schemes.is_on_the_web(asked)
    without_port = strip_loopback_port(asked) if public_client else None
    return without_port is not None and any(strip_loopback_port(uri) == without_port for uri in registered)


def strip_loopback_port(uri: str) -> str | None:
    """Return a URI of the loopback host without its port; ``None`` for every other host, scheme and port."""
    found = LOOPBACK_PORT.fullmatch(uri)
    if found is None or not 0 < int(found[2] or 80) <= MOST_PORT:
        return None
    return f"{found[1]}{found[3] or ''}"


def append_parameters(uri: str, params: Sequence[tuple[str, str]]) -> str:
    """Append parameters to a registered URI, of which not a byte is rewritten (RFC 6749 3.1.2, 4.1.2).

    It has no fragment. Its own query need not be made of names and values: ``?/login`` stays as it is.
    """
    if "?" not in uri:
        uri += "?"
    elif uri[-1] not in "?&":
        uri += "&"
    return uri + urlencode(params)


def check_next(target: object) -> str | None:
    """Return a path of our own origin, or ``None``:
    no scheme, no second slash, no backslash, visible ASCII.
    """
    if not isinstance(target, str) or len(target) > MOST_NEXT_CHARACTERS:
        return None
    return target if NEXT.fullmatch(target) else None


def _find_text_problem(uri: object, *, fragment_allowed: bool = False) -> str | None:
    if not isinstance(uri, str) or not uri:
        return "Write a URI such as https://app.example.com/callback."
    if len(uri) > MOST_CHARACTERS:
        return f"Write at most {MOST_CHARACTERS} characters."
    if CHARACTERS.fullmatch(uri) is None:
        return "Use visible ASCII only, without spaces, quotes or backslashes; escape the rest."
    if "#" in uri and not fragment_allowed:
        return "Leave out the fragment (# and what follows)."
    return None


def _split(uri: str) -> tuple[SplitResult | None, str]:
    """Split a URI whose host and port are valid, if it has any."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None, "Write a URI with a valid host and port."
    if "@" in parts.netloc:
        return None, "Leave out user name and password."
    if parts.netloc and (port == 0 or NETLOC.fullmatch(parts.netloc) is None):
        return None, "Write a URI with a valid host and port, without a wildcard."
    return parts, ""
