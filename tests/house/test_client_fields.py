"""The table of client fields is whole: model, schemas, form, pages, labels and docs say what it says."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from typing import get_args

import pytest
from flask import Flask

from app.models.clients import OAuthClient
from app.policy.facts import SecurityLevel
from app.schemas.answers.clients import ClientFlag
from app.schemas.answers.clients import ClientShape
from app.schemas.requests.clients import ClientCreate
from app.schemas.requests.clients import ClientUpdate
from app.schemas.wire import to_wire
from app.services.clients import fields
from app.services.clients.field_kinds import ChangedBy
from app.services.clients.field_kinds import Field
from app.services.clients.field_kinds import Kind
from app.services.clients.field_kinds import Place
from app.services.clients.fields import FIELDS
from app.web.words import audit_fields
from app.web.words import client_fields
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.signing import Signer
from tests.fixtures import Template
from tests.world import World

DOCS = Path(__file__).parents[2] / "docs" / "client-fields.md"
# A second spelling of ``redirectURIs`` (contract 0 #19).
SHORTHAND = "redirect_uri"
LEVELS = {int(level): level.name.lower() for level in SecurityLevel}


@pytest.fixture
def boss(app: Flask, template: Template, world: World) -> Person:
    """The first administrator."""
    person = Person(app, "admin", template.secrets.password)
    person.logs_in()
    return person


def test_each_column_is_a_field_or_none() -> None:
    """A column that nobody put into the table would be seen and changed nowhere."""
    columns = [column.key for column in OAuthClient.__mapper__.columns]
    stored = [column for field in FIELDS for column in field.columns]
    assert sorted(columns) == sorted([*stored, *fields.NO_FIELDS])


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_each_field_is_where_it_says(field: Field) -> None:
    """In request and answer, open or gated, by its wire name."""
    assert field.wire == to_wire(field.name)
    once = field.changed_by is ChangedBy.CREATOR
    assert (field.name in ClientUpdate.model_fields) == field.editable
    assert (field.name in ClientCreate.model_fields) == (field.editable or once)
    answered = ClientShape.model_fields.get(field.name)
    assert (answered is not None) == (not field.flag and field.kind is not Kind.SECRET)
    if answered is not None:
        assert answered.is_required() != field.gated
    assert (field.wire in get_args(ClientFlag)) == field.flag
    assert field.proposed is None or field.place not in (None, Place.MORE), "a proposal is seen at once"


def test_the_schemas_hold_nothing_else() -> None:
    """And a schema that did would not load."""
    names = {field.name for field in FIELDS} | {SHORTHAND, "previous_secret_until"}
    assert set(ClientCreate.model_fields) <= names
    found = [*ClientUpdate.model_fields, "no_such_field"]
    with pytest.raises(TypeError, match="no_such_field"):
        fields.check_names("ClientUpdate", found, fields.EDITABLE, beside={SHORTHAND})


def test_one_default(app: Flask, world: World, admin: ApiCaller, boss: Person) -> None:
    """What is left out has the default at the API; the console begins with that or a proposal."""
    needed = {
        "shortName": "plain", "name": "Plain", "description": "As it comes.",
        "mainURI": "https://plain.example.com/", "requiredFunction": "useApp", "permissionScope": "APP-ROLE",
        "clientIPRange": ["10.0.0.0/8"], "redirectURIs": ["https://plain.example.com/callback"],
        "clientSecret": "a secret that is long enough",
    }  # fmt: skip
    assert set(needed) == {field.wire for field in fields.REQUIRED} | {"clientSecret"}
    assert admin.post("/authentication/v1/oauth/client", needed).status_code == 201
    (row,) = [one for one in world.rows(OAuthClient) if one.short_name == "plain"]
    secret = fields.BY_NAME["client_secret"].columns
    for column, value in fields.build_default_columns().items():
        assert column in secret or getattr(row, column) == value, column
    form = boss.visits("/console/clients/add").get_data(as_text=True)
    proposed = fields.build_proposed_values()
    assert proposed["require_pkce"] is True
    for field in FIELDS:
        if field.name in proposed and field.kind is Kind.YES_NO:
            ticked = re.search(rf'id="{field.wire}" name="{field.wire}" value="true"( checked)?', form)
            assert ticked is not None, field
            assert bool(ticked[1]) == proposed[field.name], field
    assert re.search(r'<option value="standard" selected>', form)
    folded = form.partition('<details class="card"')[2]
    for field in FIELDS:
        assert (f'id="{field.wire}"' in folded) == (field.place is Place.MORE and field.editable), field


@pytest.mark.parametrize("language", ["en", "nb"])
def test_labels_agree(app: Flask, world: World, boss: Person, language: str) -> None:
    """Form, page, look ahead, list of faults and audit log call a field by one name."""
    address = "https://app.example.com/"
    there = world.client(
        "there",
        jwks=Signer().jwks,
        post_logout_redirect_uris=[address],
        resource_servers=["any"],
        open_id_custom_claims=[{"provider": "allUserGroups"}],
    )
    # What holds nothing is not told on the page.
    texts = (Kind.TEXT, Kind.LONG_TEXT, Kind.URI)
    world.change_client(
        there, **{one.name: address for one in FIELDS if one.kind in texts and not one.required}
    )
    form = boss.visits(f"/console/clients/{there}/edit?ui_locales={language}").get_data(as_text=True)
    page = boss.visits(f"/console/clients/{there}?ui_locales={language}").get_data(as_text=True)
    with app.test_request_context(f"/?ui_locales={language}"):
        labels = client_fields.build_labels()
        audited = {field.name: str(audit_fields.label_field(audit_key(field))) for field in FIELDS}
    for field in FIELDS:
        label = labels[field.wire]
        assert audited[field.name] in (label, f"{label} (number)", f"{label} (nummer)")
        if field.place is None or field.kind is Kind.SECRET:
            continue
        if field.editable:
            assert re.search(
                rf'(for="{field.wire}">|id="{field.wire}"[^>]*>\s*<legend>){re.escape(label)}', form
            )
        if field.name not in ("name", "description"):  # the head of the page
            assert f"<dt>{label}</dt>" in page, field


def audit_key(field: Field) -> str:
    """What a field is written down under."""
    return field.wire if field.kind is Kind.SECRET else field.columns[0]


def test_the_docs_say_what_the_table_says() -> None:
    """``ARGUS_TEST_WRITE_DOCS=1`` writes the page anew."""
    lines = [
        "# The fields of an application",
        "",
        "Written by `tests/house/test_client_fields.py` under `ARGUS_TEST_WRITE_DOCS=1` from the table in",
        "`app/services/clients/fields.py`. The default holds at the API, in the console and in the demo.",
        "What the console proposes for a new application is shown in its form at once.",
        "Who may change a field: decision 026. *Details* are seen with `viewOAuthClientsDetails` only.",
        "",
        "| field | label | holds | default | console proposes | changed by | seen by |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(line_of(field) for field in FIELDS),
    ]
    text = "\n".join(lines) + "\n"
    if os.environ.get("ARGUS_TEST_WRITE_DOCS") == "1":
        DOCS.write_text(text, encoding="utf-8")
    assert DOCS.read_text(encoding="utf-8") == text


def line_of(field: Field) -> str:
    """A row of the page."""
    default = "required" if field.required else told(field, field.default)
    seen = "nobody" if field.kind is Kind.SECRET else "details" if field.gated else "whoever sees it"
    proposed = "" if field.proposed is None else told(field, field.proposed)
    cells = (f"`{field.wire}`", field.label, field.kind, default, proposed, field.changed_by, seen)
    return "| " + " | ".join(cells) + " |"


def told(field: Field, value: Any) -> str:
    """A value as JSON would have it."""
    if value in (None, ()):
        return "none"
    if field.kind is Kind.LEVEL:
        return f"`{LEVELS[value]}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
