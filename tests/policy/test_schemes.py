"""Schemes by which an app can be returned to, and those that a browser or the system acts on itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy import schemes
from app.policy.redirects import find_registration_problem

NEVER = (
    "javascript", "vbscript", "data", "blob", "filesystem", "file", "about", "view-source", "jar",
    "resource", "chrome", "chrome-extension", "chrome-search", "moz-extension", "edge",
    "ms-browser-extension", "safari-web-extension", "ws", "wss", "ftp", "sftp", "smb", "ldap", "irc",
    "ssh", "telnet", "httpx", "httpss", "http+unix", "shttp", "x-safari-https", "touch-http",
    "googlechromes", "firefox-focus", "microsoft-edge-http", "mailto", "tel", "sms", "intent",
    "android-app", "market", "itms-apps", "ms-msdt", "search-ms", "x-apple.systempreferences", "magnet",
    "webcal", "urn", "web+mine", "ext+mine", "facetime", "geo", "callto",
)  # fmt: skip


@pytest.mark.parametrize("scheme", NEVER)
@pytest.mark.parametrize("rest", ["", "/cb", "//host/cb", "///cb", "alert(1)"])
def test_never(scheme: str, rest: str) -> None:
    """Whatever follows it and however it is written: browsers read a scheme in any case."""
    for written in (scheme, scheme.upper(), scheme.title()):
        problem = find_registration_problem(f"{written}:{rest}")
        assert problem is not None
        assert problem.startswith("The scheme is wrong: ")
        assert problem.endswith(schemes.INSTEAD)


def test_each_stands_in_one_row() -> None:
    """One reason for each, in small letters."""
    names = [name for one in schemes.REFUSED for name in one.names]
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)
    assert not set(names) & set(schemes.WEB)


@given(st.from_regex(r"[a-z]{2,6}(\.[a-z0-9]{1,9}){1,3}", fullmatch=True))
def test_a_name_of_the_apps_maker_is_free(scheme: str) -> None:
    """RFC 8252 7.1: a domain name turned round; a table that refuses one names what it is."""
    problem = schemes.find_scheme_problem(scheme)
    assert problem is None or scheme.startswith(("http", "shttp", "chrome", "x-", "firefox", "googlechrome"))


PLACES = {
    "https://a": True,
    "HTTP://a": True,
    "oc:x": False,
    "": False,
    "httpsx:/": False,
    "https": False,
    "//a": False,
}


@pytest.mark.parametrize(("uri", "web"), PLACES.items())
def test_what_is_on_the_web(uri: str, web: bool) -> None:
    assert schemes.is_on_the_web(uri) is web
