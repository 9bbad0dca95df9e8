"""The addresses of the endpoints. Each is there under two names; discovery tells the first."""

from __future__ import annotations

PREFIX = "/authentication/v1/oauth"
TOKEN = (f"{PREFIX}/token", "/oauth/token")
PUSH = (f"{PREFIX}/par", "/oauth/par")
