"""Makes requests of every kind of wrongness, from a seed: the same seed makes the same requests.

Bodies follow the schema of the operation, or the fields of the page's form, with some values replaced; or
they are no bodies of any kind.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from urllib.parse import quote
from urllib.parse import urlencode

from werkzeug.routing import Map
from werkzeug.routing import Rule

FORM = "application/x-www-form-urlencoded"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW")
# Texts that programs stumble over: digits of other alphabets, what looks like a number, controls, injections.
TEXTS = (
    "", " ", "\t", "0", "-1", "+1", "1_0", "0x10", "1e9", "1.0", "007", "\u0663", "\uff11", "\u00b2",
    "\u2167",
    str(2**31), str(2**63), str(-(2**63) - 1), str(2**64), "9" * 40, "9" * 5_000, "NaN", "Infinity",
    "null", "None",
    "true", "\x00", "a\x00b", "\r\nX: y", "\u202e", "\ufeff", "\ud800", "\U0001f600", "\u00f8", "e\u0301",
    "%", "%00",
    "%ff", "%2e%2e%2f", "..", "../../etc/passwd", "/", "//", "\\", "?", "#", "&", "=", ";", ",", "*", ".",
    "@", "a@b",
    "' OR 1=1 --", "%s%n", "{{7*7}}", "${7*7}", "<script>", "javascript:alert(1)", "data:,", "https://",
    "https://[",
    "http://localhost:99999", "https://a:b@c/", "https://\u00f8.example/", "::1", "::ffff:1.2.3.4",
    "1.2.3.4/33",
    "0.0.0.0/0", "fe80::1%eth0", "010.0.0.1", "D-0000000000", "00000000-0000-0000-0000-000000000000",
    "x" * 101,
    "x" * 201, "x" * 5_000, "2026-02-30", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z",
    "-9999999999999",
    "Europe/Oslo", "english", "ALL-FUNCTIONS", "__class__", "constructor", "id", "-id", "customer",
)  # fmt: skip
THINGS: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, -(2**63) - 1, 10**40, 1.5, -0.0, 1e308, [], {}, [[]],
    [None],
    {"": None}, {"a": {"b": []}}, ["a", 1, None], [1] * 1_001,
)  # fmt: skip
BROKEN = (
    b"", b"{", b"}", b"[", b'"', b"nul", b"NaN", b"Infinity", b"-", b"1e", b'{"a":}', b'{"a":1,}', b"{'a':1}",
    b'{"a":1,"a":2}', b'{"a":1}{"a":2}', b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b'"\\ud800"',
    b'{"a":"\\ud800"}',
    b'{"\\u0000":1}', b"[" * 5_000, b'{"a":' * 2_000, b"1" * 5_000, b'{"name":' + b"1" * 5_000 + b"}",
    b'{"a":1e999}',
    b"\x00", b"\xc3\x28", b"true", b"0", b"null", b"[]", b"{}", b"<a/>", b"--x\r\n\r\n", b" " * 70_000,
)  # fmt: skip
TYPES = ("application/json", FORM, "multipart/form-data", "multipart/form-data; boundary=x", "text/plain",
        "", "/",
         "application/json; charset=utf-16", "application/xml", "a" * 300)  # fmt: skip
HEADERS = {
    "Accept": ("*/*", "text/html", "application/json", "image/png", ",", "\u00ff"),
    "Accept-Language": ("nb", "en", "xx-yy;q=a", "*", "," * 50),
    "X-Forwarded-For": ("1.2.3.4", "", "unknown", "1.2.3.4, 5.6.7.8", "[::1]:80", "\u00ff"),
    "Authorization": ("Basic", "Basic \u00ff", "Basic YTpi", "Basic Og==", "Bearer", "Bearer x",
        "Bearer a/b", "Digest a",
                      "Bearer " + "A" * 600, "", "basic " + "A" * 500),
    "Argus-API-Key": ("", "1/1/" + "A" * 43, "fffffffffffffff/fffffff/" + "A" * 43, "//", "\u00ff"),
    "Argus-Csrf-Token": ("", "..", "a.b.c", "e30.e30.e30", "." * 50),
    "Cookie": ("", "argus_session=", "argus_session=a; argus_session=b", "=", ";;;", "argus_form=x",
        "\u00ff=\u00ff"),
    "Host": ("", "evil.example", "localhost:0", "localhost:x", "[", "a b"),
    "Origin": ("null", "https://evil.example", "x"),
    "Content-Length": ("", "-1", "x", "99999999999"),
    "Transfer-Encoding": ("chunked", "x"),
    "Range": ("bytes=0-0", "bytes=-", "x"),
    "If-Modified-Since": ("x", "Thu, 01 Jan 1970 00:00:00 GMT"),
    "If-None-Match": ('"x"', "*", "x"),
    "X-HTTP-Method-Override": ("DELETE",),
    "User-Agent": ("", "x" * 1_000, "\u00ff"),
}  # fmt: skip


@dataclass
class Shot:
    """One request as it is sent; ``operation`` is its path and method in the OpenAPI document, if any."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    operation: tuple[str, str] | None = None
    # Route and method, if it is one of the route's.
    endpoint: str = ""

    def __str__(self) -> str:
        told = f"{self.method} {self.path!a}?{self.query[:300]} {self.headers} {self.body[:500]!r}"
        return told[:1_500]


class Fuzzer:
    """Makes shots. ``known`` are names and ids that exist, ``forms`` the fields of the form at each path."""

    def __init__(
        self,
        seed: int,
        urls: Map,
        document: Mapping[str, Any],
        known: Iterable[str],
        forms: Mapping[str, Mapping[str, str]],
    ) -> None:
        self.random = random.Random(seed)
        self.document, self.known, self.forms = document, list(known), forms
        self.rules = [rule for rule in urls.iter_rules() if not rule.rule.startswith("/static")]
        self.endpoints = {_name(rule, method) for rule in self.rules for method in _list_methods(rule)}
        self.fields = sorted({name for fields in forms.values() for name in fields})

    def make(self, identity: Mapping[str, str]) -> Shot:
        """A request at a random route, by somebody with these headers."""
        draw = self.random
        rule = draw.choice(self.rules)
        own = _list_methods(rule)
        method = draw.choice(own) if draw.random() < 0.9 else draw.choice(METHODS)
        template = re.sub("<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule)
        described = self.document["paths"].get(template, {}).get(method.lower())
        shot = Shot(method, self._fill(rule), headers=list(identity.items()))
        shot.endpoint = _name(rule, method)
        if described is not None:
            shot.operation = (template, method.lower())
        shot.query = self._make_query(described or {})
        if method not in ("GET", "HEAD") or draw.random() < 0.05:
            self._add_body(shot, rule, described or {})
        while draw.random() < 0.25:
            name = draw.choice(list(HEADERS))
            shot.headers.append((name, draw.choice(HEADERS[name])))
        return shot

    # --- parts ---------------------------------------------------------------------------------------------

    def _text(self) -> str:
        draw = self.random
        if draw.random() < 0.5:
            return draw.choice(self.known)
        if draw.random() < 0.8:
            return draw.choice(TEXTS)
        return "".join(
            chr(draw.choice((draw.randrange(128), draw.randrange(0xD7FF)))) for _ in range(draw.randrange(12))
        )

    def _fill(self, rule: Rule) -> str:
        def one(_: re.Match[str]) -> str:
            text = self._text() or "x"
            if self.random.random() < 0.1:
                return text.encode("utf-8", "replace").decode().replace("?", "%3f")
            return quote(text, safe="", errors="surrogatepass")

        path = re.sub("<[^>]+>", one, rule.rule)
        return path if path.startswith("/") else "/" + path

    def _make_query(self, operation: Mapping[str, Any]) -> str:
        draw, pairs = self.random, list[tuple[str, str]]()
        names = [p["name"] for p in operation.get("parameters", ()) if p.get("in") == "query"]
        while draw.random() < (0.6 if names else 0.2):
            name = draw.choice(names) if names and draw.random() < 0.9 else self._text()
            pairs.append((name, self._text()))
        query = urlencode(pairs, errors="surrogatepass")
        return (
            query
            if draw.random() < 0.95
            else query + draw.choice(("&", "=", "%", "%ff", "&&&", "\x7f", "a=b&a=c"))
        )

    def _add_body(self, shot: Shot, rule: Rule, operation: Mapping[str, Any]) -> None:
        draw = self.random
        content = operation.get("requestBody", {}).get("content", {})
        kind = next(iter(content), None)
        if draw.random() < 0.15:
            shot.body, kind = draw.choice(BROKEN), draw.choice(TYPES)
        elif kind == "application/json" or (kind is None and draw.random() < 0.1):
            schema = content.get(kind or "", {}).get("schema", {})
            text = json.dumps(self._value(schema, 0))
            shot.body, kind = text.encode("utf-8", "surrogatepass"), "application/json"
        else:
            shot.body, kind = self._make_form(rule, content.get(kind or "", {}).get("schema", {})), FORM
        if draw.random() < 0.05:
            kind = draw.choice(TYPES)
        if kind is not None and draw.random() < 0.97:
            shot.headers.append(("Content-Type", kind))

    def _make_form(self, rule: Rule, schema: Mapping[str, Any]) -> bytes:
        draw = self.random
        real = self.forms.get(rule.endpoint, {})
        described = list(self._resolve(schema).get("properties", ()))
        pairs = [(name, value) for name, value in real.items() if draw.random() < 0.9]
        pairs += [(name, self._text()) for name in described if draw.random() < 0.6]
        if draw.random() < 0.7:
            pairs = [
                (name, self._text() if draw.random() < 0.3 and "csrf" not in name else value)
                for name, value in pairs
            ]
        while draw.random() < 0.3:
            pairs.append((draw.choice(self.fields) if draw.random() < 0.8 else self._text(), self._text()))
        if pairs and draw.random() < 0.1:
            pairs.append(draw.choice(pairs))
        return urlencode(pairs, errors="surrogatepass").encode()

    def _resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema

    def _value(self, schema: Mapping[str, Any], depth: int) -> Any:
        """A value as the schema says, or not at all."""
        draw, schema = self.random, self._resolve(schema)
        if draw.random() < 0.12 or depth > 6:
            return draw.choice(THINGS) if draw.random() < 0.5 else self._text()
        for choices in ("anyOf", "oneOf", "enum"):
            if choices in schema:
                one = draw.choice(schema[choices])
                return one if choices == "enum" else self._value(one, depth + 1)
        if "const" in schema:
            return schema["const"]
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return [self._value(schema.get("items", {}), depth + 1) for _ in range(draw.randrange(4))]
        if kind == "integer":
            return draw.choice((0, 1, 2, 3, 10, -1, 2**31, 2**63, 10**30))
        if kind in ("boolean", "null"):
            return draw.choice((True, False)) if kind == "boolean" else None
        return draw.choice((1.5, 0)) if kind == "number" else self._text()

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        draw, wanted = self.random, set(schema.get("required", ()))
        made = {
            name: self._value(inner, depth + 1)
            for name, inner in schema.get("properties", {}).items()
            if draw.random() < (0.93 if name in wanted else 0.35)
        }
        inner = schema.get("additionalProperties")
        if draw.random() < 0.1 or isinstance(inner, dict):
            made[self._text()] = self._value(inner if isinstance(inner, dict) else {}, depth + 1)
        return made


def _list_methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or {"GET"}) - {"HEAD", "OPTIONS"})


def _name(rule: Rule, method: str) -> str:
    return f"{method} {rule.rule}"
