"""What an authorization request is answered with: parameters that the browser takes to the application.

By redirect (RFC 6749 4.1.2), or by a form that posts itself (OAuth 2.0 Form Post Response Mode 1.0). The page
or call that answers makes one or the other of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.policy import redirects
from app.policy import schemes
from app.runtime import settings


class ResponseMode(StrEnum):
    """How the answer travels; the first is that of a request which does not say."""

    QUERY = "query"
    FORM_POST = "form_post"


RESPONSE_MODES = tuple(ResponseMode)


@dataclass(frozen=True, slots=True)
class ReturnWay:
    """Where the answer goes, and how. ``application`` is the name that people know."""

    redirect_uri: str
    mode: ResponseMode
    application: str


@dataclass(frozen=True, slots=True)
class AuthorizationAnswer:
    """The parameters, with the issuer as the last one (RFC 9207)."""

    way: ReturnWay
    parameters: tuple[tuple[str, str], ...]

    @property
    def location(self) -> str:
        """Return the whole address of a redirect."""
        return redirects.append_parameters(self.way.redirect_uri, self.parameters)

    @property
    def is_form(self) -> bool:
        return self.way.mode is ResponseMode.FORM_POST


def build_answer(way: ReturnWay, parameters: Iterable[tuple[str, str]]) -> AuthorizationAnswer:
    """Build an answer that names the issuer."""
    return AuthorizationAnswer(way, (*parameters, ("iss", settings().base_url)))


def choose_mode(params: Mapping[str, str], redirect_uri: str) -> ResponseMode:
    """Return the mode of a request's answer, also where the one it asks for is refused."""
    asked = params.get("response_mode", RESPONSE_MODES[0])
    return ResponseMode(asked) if can_use(asked, redirect_uri) else RESPONSE_MODES[0]


def can_use(mode: str, redirect_uri: str) -> bool:
    """Tell whether there is such a mode, and an answer can travel so: a form is posted to the web only."""
    return mode in RESPONSE_MODES and (mode != ResponseMode.FORM_POST or schemes.is_on_the_web(redirect_uri))
