"""Rows of the hot queries are typed, and each thing the policy reads of them is built in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_args
from typing import get_type_hints

import pytest

from app.models.apikeys import APIKey
from app.models.base import Base
from app.models.clients import OAuthClient
from app.models.directory import User
from app.models.grants import Grant
from app.models.sessions import AuthorizationCode
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.services.access.credential_parts import ClientPart
from app.services.access.credential_parts import CodePart
from app.services.access.credential_parts import GrantPart
from app.services.access.credential_parts import KeyPart
from app.services.access.credential_parts import LoginPart
from app.services.access.credential_parts import PersonPart
from app.services.access.credential_parts import UserPart
from app.services.tokens.oauth_sessions import OAuthPart

APP = Path(__file__).parents[2] / "app"
ROOM = "services/access/"
FACTS = ROOM + "facts.py"
# Empty only for groups, which share the table.
EVERY_USER_HAS = {"session_epoch": int, "rights_version": int, "force_password_change": bool}
# Authlib's views of a code and of a refresh token hold a row, too.
VIEWS = {"oauth/code_grant.py", "oauth/refresh_grant.py", "oauth/pkce.py", "oauth/claim_values.py"}


def _sources() -> Iterator[tuple[str, str]]:
    for path in sorted(APP.rglob("*.py")):
        yield path.relative_to(APP).as_posix(), path.read_text(encoding="utf-8")


def _built(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of this class, and the file it stands in."""
    for file, source in _sources():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == name:
                yield file, node


def test_no_untyped_row_leaves_its_room() -> None:
    assert [file for file, source in _sources() if "Row[Any]" in source and not file.startswith(ROOM)] == []


def test_others_read_a_callers_properties() -> None:
    """``caller.row`` stays where the row is made: a caller has a typed property for each thing of use."""
    found = [
        (file, node.lineno)
        for file, source in _sources()
        if not file.startswith(ROOM) and file not in VIEWS
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and node.attr == "row"
    ]
    assert found == []


@pytest.mark.parametrize("name", ["ClientFacts", "GrantFacts"])
def test_what_the_policy_reads_of_a_row_is_built_once(name: str) -> None:
    """A consent that was only shown is no row: what a page showed is compared with what would be recorded."""
    assert [file for file, _ in _built(name) if file != "oauth/approval.py"] == [FACTS]


def test_each_kind_of_credential_is_built_once() -> None:
    built = list(_built("CredentialFacts"))
    kinds = [keyword.value for _, call in built for keyword in call.keywords if keyword.arg == "kind"]
    names = [ast.literal_eval(kind) for kind in kinds]
    assert {file for file, _ in built} == {FACTS}
    assert len(names) == len(built)
    assert sorted(names) == [
        "API key",
        "access token",
        "authorization code",
        "login",
        "refresh token",
        "session",
    ]


@pytest.mark.parametrize(
    ("part", "model"),
    [
        (PersonPart, User),
        (UserPart, User),
        (ClientPart, OAuthClient),
        (OAuthPart, OAuthSession),
        (GrantPart, Grant),
        (LoginPart, LoginSession),
        (KeyPart, APIKey),
        (CodePart, AuthorizationCode),
    ],
)
def test_a_part_has_the_types_of_its_table(part: type, model: type[Base]) -> None:
    """A result is cut by position, unseen by the type checker. The key comes first: empty means no part."""
    columns = {name: get_args(hint)[0] for name, hint in get_type_hints(model).items() if get_args(hint)}
    if model is User:
        columns |= EVERY_USER_HAS
    columns["parent_ended_at"] = columns.get("ended_at")
    assert {name: hint for name, hint in get_type_hints(part).items() if columns[name] != hint} == {}
    assert fields(part)[0].name == "id"
