"""``/authentication/v1``: sessions, logins, keys, OAuth clients."""

PREFIX = "/authentication/v1"
