"""Private-use schemes: by which an app of the device can be returned to (RFC 8252 7.1), and by which not.

The table holds what a browser or the system acts on itself: there, what we append would reach somebody else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):", re.ASCII)
WEB = ("https", "http")
INSTEAD = "Use https, or a scheme of the app itself such as com.example.app:/callback."


@dataclass(frozen=True, slots=True)
class Refused:
    """Schemes by their whole names, beginnings and ends, in small letters, and why."""

    reason: str
    names: frozenset[str]
    beginnings: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()

    def holds(self, scheme: str) -> bool:
        """Tell whether this scheme, in small letters, is one of them."""
        return scheme in self.names or scheme.startswith(self.beginnings) or scheme.endswith(self.ends)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


REFUSED = (
    Refused(
        "The scheme is wrong: a browser runs such an address as a script. " + INSTEAD,
        _names("javascript vbscript livescript jscript mocha"),
    ),
    Refused(
        "The scheme is wrong: a browser shows such an address by itself. " + INSTEAD,
        _names(
            "data blob filesystem about view-source file jar resource content cid mid mhtml res wyciwyg "
            "archive devtools edge brave opera vivaldi feed reader read"
        ),
        ("chrome", "moz-", "safari-", "x-safari-", "edge-", "ms-browser-"),
        ("-extension",),
    ),
    Refused(
        "The scheme is wrong: such an address leads to a server by another protocol. " + INSTEAD,
        _names(
            "ws wss ftp ftps sftp gopher nntp news snews telnet tn3270 rlogin ssh smb cifs nfs afp vnc "
            "rdp ldap ldaps dav davs webdav git svn rsync rtsp rtmp rtmps irc ircs dns dict finger "
            "prospero wais z39.50r z39.50s"
        ),
        ("http", "shttp", "googlechrome", "firefox", "microsoft-edge"),
        ("-http", "-https", "+http", "+https"),
    ),
    Refused(
        "The scheme is wrong: another program of the device answers to it, or any site may. " + INSTEAD,
        _names(
            "mailto tel sms smsto mms mmsto callto facetime facetime-audio sip sips xmpp im skype geo "
            "maps market intent android-app android-appsettings itms itmss macappstore macappstores "
            "appstore shell search hcp help applescript prefs app-prefs settings-navigation magnet webcal "
            "webcals calshow bitcoin lightning otpauth otpauth-migration wtai urn tag did openid jnlp "
            "jnlps steam"
        ),
        ("itms-", "ms-", "search-", "x-apple", "apple-", "web+", "ext+"),
    ),
)


def read_scheme(uri: str) -> str | None:
    """Return the scheme of a URI in small letters, as browsers compare it; ``None`` if it has none."""
    found = SCHEME.match(uri)
    return found[1].lower() if found is not None else None


def is_on_the_web(uri: str) -> bool:
    """Tell whether a registered URI is a page, and not an app of the device."""
    return read_scheme(uri) in WEB


def find_scheme_problem(scheme: str) -> str | None:
    """Return why an app cannot be returned to by this scheme, and what to do; ``None`` if it can."""
    return next((one.reason for one in REFUSED if one.holds(scheme)), None)
