"""The console's applications: the API's rules by hand, judged while one types, foreseen, kept secret."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.models.audit import AuditEvent
from app.models.clients import OAuthClient
from tests.drivers.person import Person
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.drivers.signing import Signer
from tests.fixtures import Clock
from tests.fixtures import Counter
from tests.fixtures import Template
from tests.world import SECRET
from tests.world import World

CLIENTS = "/console/clients/"
GIVEN: dict[str, Any] = {
    "shortName": "portal",
    "name": "The portal",
    "description": "Where one looks in.",
    "mainURI": "https://portal.example.com/",
    "requiredFunction": "useApp",
    "permissionScope": "APP-ROLE",
    "maxSecurityLevel": "standard",
    "permittedScopes": ["openid", "profile", "reports\r\nreports:all"],
    "clientIPRange": "10.0.0.0/8\r\n2001:db8::1",
    "redirectURIs": "https://portal.example.com/callback",
    "authenticationMethod": "password",
    "clientSecret": "",
}


class Administrator(Person):
    """Somebody at the console, logged in, whose forms carry their token."""

    def sends(self, path: str, at: str | None = None, **fields: Any) -> TestResponse:
        """Post these fields to ``path``, with the token of the page ``at``."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.sees(at or "/"))
        assert token is not None
        return self.browser.post(path, data={"csrf_token": token[1], **fields})

    def sees(self, path: str) -> str:
        return self.visits(path).get_data(as_text=True)


@pytest.fixture
def boss(app: Flask, template: Template, world: World) -> Administrator:
    """The first administrator."""
    person = Administrator(app, "admin", template.secrets.password)
    person.logs_in()
    return person


@pytest.fixture
def keeper(app: Flask, world: World) -> Administrator:
    """One who administers the applications of bolt, and no other."""
    world.user("keeper", "bolt", holds=[("OAUTH-ADMIN", "bolt"), ("useApp", "bolt")])
    person = Administrator(app, "keeper")
    person.logs_in()
    return person


def problems(answer: TestResponse) -> dict[str, list[str]]:
    """What a check told: for each field the entries, or the sentences where there is no entry."""
    assert answer.status_code == 200, answer.data
    told: dict[str, list[str]] = {}
    for one in answer.json["problems"]:
        told.setdefault(one["field"], []).append(one["entry"] or one["message"])
    return told


def row(world: World, name: str) -> OAuthClient:
    (found,) = [one for one in world.rows(OAuthClient) if one.short_name == name and one.deleted_at is None]
    return found


def actions(world: World) -> list[str]:
    """Everything in the audit trail that is about applications or a refusal."""
    return [e.action for e in world.rows(AuditEvent) if e.action.startswith(("client-", "page"))]


def test_found_by_name_customer_function_and_state(boss: Administrator, world: World) -> None:
    """Each filter narrows; one that names nothing says so at its field."""
    world.client("open")
    world.client("bound", customer="acme")
    world.client("other", required_function="readThings")
    world.client("unseen", hidden=True)
    gone = world.client("former")
    boss.sends(f"{CLIENTS}{gone}/delete")

    def names(query: str) -> set[str]:
        return set(re.findall(r'data-label="Short name"><code>([^<]+)', boss.sees(CLIENTS + query)))

    assert names("") == {"open", "bound", "other"}
    assert names("?q=oun") == {"bound"}
    assert names("?customer=group") == {"bound"}
    assert names("?requiredFunction=readThings") == {"other"}
    assert names("?state=hidden") == {"unseen"}
    assert names("?state=deleted") == {"former"}
    page = boss.sees(CLIENTS + "?requiredFunction=nothing")
    assert 'href="#requiredFunction"' in page
    assert "There is no such function." in page


def test_pages_of_the_list(boss: Administrator, world: World) -> None:
    for number in range(27):
        world.client(f"app-{number:02}")
    page = boss.sees(CLIENTS + "?q=app-")
    assert "1 to 25 of 27" in page
    assert "app-26" in boss.sees(CLIENTS + "?q=app-&offset=25")


def test_queries_do_not_grow(
    app: Flask, boss: Administrator, keeper: Administrator, world: World, queries: Counter
) -> None:
    """Whoever looks: twenty applications more, for customers of their own, cost no query more."""

    def cost(person: Administrator) -> int:
        person.visits(CLIENTS)
        queries.reset()
        assert person.visits(CLIENTS).status_code == 200
        return len(queries.statements)

    world.client("first", customer="bolt")
    before = cost(boss), cost(keeper)
    for number in range(20):
        world.customer(f"c{number}", "bolt")
        world.client(
            f"app-{number}", customer=f"c{number}" if number % 2 else None, required_function="viewUsers"
        )
    assert (cost(boss), cost(keeper)) == before


def test_registered_with_a_secret_that_is_shown_once(
    app: Flask, boss: Administrator, world: World, alice: Person
) -> None:
    """The secret works, is on no later page, and only its digest is kept."""
    answer = boss.sends(CLIENTS + "add", **GIVEN)
    page = answer.get_data(as_text=True)
    secret = re.search(r"Client secret</dt><dd><code[^>]*>([^<]+)", page)
    assert secret is not None, page
    assert len(secret[1]) == 43
    made = row(world, "portal")
    assert made.id in page
    assert (made.secret_hash, made.secret_digest is not None) == (None, True)
    assert made.permitted_scopes == ["openid", "profile", "reports", "reports:all"]
    assert made.client_ip_range == ["10.0.0.0/8", "2001:db8::1/128"]
    assert (made.max_security_level, made.require_pkce) == (2, False)
    for path in (f"{CLIENTS}{made.id}", f"{CLIENTS}{made.id}/edit", CLIENTS):
        assert secret[1] not in boss.sees(path)
    assert secret[1] not in str([event.detail for event in world.rows(AuditEvent)])
    assert secret[1] not in str([cookie.value for cookie in boss.browser._cookies.values()])
    # Sent again, as by a reload: taken, and not a second secret.
    again = boss.sends(CLIENTS + "add", **GIVEN).get_data(as_text=True)
    assert "This short name is taken" in again
    assert "Client secret</dt>" not in again
    world.change_client(
        made.id, client_ip_range=["0.0.0.0/0"], redirect_uris=["https://app.example.com/callback"]
    )
    rp = RelyingParty(app, made.id, secret=secret[1])
    assert rp.obtains(alice)["access_token"]


def test_a_form_with_faults_names_each_and_keeps_what_was_typed(boss: Administrator, world: World) -> None:
    """By field, entry by entry; the schema's faults and the service's at once; no secret is kept."""
    wrong = {
        "name": "<b>",
        "shortName": "",
        "clientIPRange": "10.0.0.0/8\r\n10.0.0.1/8\r\nhome",
        "redirectURIs": "https://ok.example.com/\r\nhttp://not.example.com/",
        "permittedScopes": ["openid", 'fine\r\n"quoted"'],
        "requiredFunction": "nothing",
        "clientSecret": "short secret",
        "openIDCustomClaims": "[" * 5000,
        "insecureWithoutPkce": "true",
    }
    page = boss.sends(CLIENTS + "add", **GIVEN | wrong).get_data(as_text=True)
    told = problems(boss.sends(CLIENTS + "check", **GIVEN | wrong))
    assert told["clientIPRange"] == ["10.0.0.1/8", "home"]
    assert told["redirectURIs"] == ["http://not.example.com/"]
    assert told["permittedScopes"] == ['"quoted"']
    assert set(told) == {*wrong} - {"insecureWithoutPkce"}
    summary = page.partition('id="summary"')[2].partition("</div>")[0]
    assert set(re.findall(r'href="#(\w+)"', summary)) == set(told)
    for field in told:
        assert re.search(rf'id="{field}"[^>]* aria-invalid="true"', page), field
        assert f'id="{field}-error"' in page
    assert "10.0.0.1/8\r\nhome</textarea>" in page
    assert "<code>home</code> Write" in summary
    assert '<details class="card" open>' in page, "what is wrong is never hidden"
    assert "short secret" not in page
    assert "autofocus" in page.partition('id="summary"')[2].partition(">")[0]
    assert actions(world) == []


def test_a_check_writes_and_audits_nothing(boss: Administrator, keeper: Administrator, world: World) -> None:
    """Right or wrong, new or there, by whom it may be: the rows stay as they are."""
    there = world.client("there")
    before = [{**vars(one), "_sa_instance_state": None} for one in world.rows(OAuthClient)]
    trail = len(world.rows(AuditEvent))
    assert problems(boss.sends(CLIENTS + "check", **GIVEN)) == {}
    assert problems(boss.sends(CLIENTS + "check", **GIVEN | {"shortName": "there"})).keys() == {"shortName"}
    assert problems(boss.sends(f"{CLIENTS}{there}/check", shortName="there", name="Renamed")) == {}
    faulty = {"shortName": "", "clientIPRange": "x", "redirectURIs": "", "customer": "acme"}
    assert problems(boss.sends(f"{CLIENTS}{there}/check", **faulty)).keys() == {*faulty} - {"customer"}
    assert problems(keeper.sends(CLIENTS + "check", **GIVEN))["customer"] == [
        "Name a customer for whom you may register applications."
    ]
    after = [{**vars(one), "_sa_instance_state": None} for one in world.rows(OAuthClient)]
    assert after == before
    assert len(world.rows(AuditEvent)) == trail


def test_a_check_speaks_the_language_of_the_page(boss: Administrator) -> None:
    """Also where a value is put into the sentence; the address itself needs no translation."""
    wrong = GIVEN | {"clientIPRange": "10.0.0.1/8"}
    said = [
        boss.sends(f"{CLIENTS}check?ui_locales={language}", **wrong).json["problems"][0]["message"]
        for language in ("en", "nb")
    ]
    assert said == [
        "This is an address inside a network. Write 10.0.0.0/8 for the network, or one address without /.",
        "Dette er en adresse inne i et nettverk. Skriv 10.0.0.0/8 for nettverket, eller én adresse uten /.",
    ]


def test_checks_want_their_token_and_their_guard(
    app: Flask, boss: Administrator, world: World, alice: Person
) -> None:
    """As the form they belong to."""
    there = world.client("there")
    unseen = world.client("unseen", customer="bolt", required_function="viewUsers")
    user = Administrator(app)
    user.logs_in()
    for path in ("check", f"{there}/check"):
        assert boss.browser.post(CLIENTS + path, data=GIVEN).status_code == 400
        assert user.sends(CLIENTS + path, **GIVEN).status_code == 403
    assert user.sends(f"{CLIENTS}{unseen}/check", **GIVEN).status_code == 404
    assert app.test_client().post(f"{CLIENTS}{there}/check", data=GIVEN).status_code == 303


def test_only_part_of_the_rights(keeper: Administrator, world: World) -> None:
    """Bound to where one administers; the refusal elsewhere is written down and said at the field."""
    form = keeper.sees(CLIENTS + "add")
    assert re.search(r'id="customer"[^>]*value="bolt"[^>]* required', form)
    assert '<option value="acme">' not in form
    page = keeper.sends(CLIENTS + "add", **GIVEN | {"permissionScope": "useApp"}).get_data(as_text=True)
    assert "Name a customer for whom you may register applications." in page
    assert actions(world) == ["page"]
    wide = keeper.sends(CLIENTS + "add", **GIVEN, customer="bolt").get_data(as_text=True)
    assert "You cannot give a permission scope that you do not hold yourself." in wide
    made = keeper.sends(CLIENTS + "add", **GIVEN | {"permissionScope": "useApp", "customer": "bolt"})
    assert "The application was created" in made.get_data(as_text=True)
    elsewhere = world.client("elsewhere", customer="acme")
    for path in (f"{elsewhere}", f"{elsewhere}/edit", f"{elsewhere}/secret", f"{elsewhere}/delete"):
        assert keeper.visits(CLIENTS + path).status_code == 404


def test_who_may_only_look(app: Flask, world: World) -> None:
    """No buttons that lead nowhere, no details without their function; the actions refuse."""
    world.user("looker", "acme", holds=[("viewOAuthClients", "group")])
    looker = Administrator(app, "looker")
    looker.logs_in()
    there = world.client("there", customer="acme", client_ip_range=["10.9.8.7/32"])
    assert "New application" not in looker.sees(CLIENTS)
    page = looker.sees(f"{CLIENTS}{there}")
    assert "10.9.8.7" not in page
    assert f"{there}/" not in page
    for path in ("add", f"{there}/edit", f"{there}/secret", f"{there}/delete"):
        assert looker.visits(CLIENTS + path).status_code == 403
        assert looker.sends(CLIENTS + path).status_code == 403
    world.user("zoe", "acme")
    zoe = Administrator(app, "zoe")
    zoe.logs_in()
    assert zoe.visits(CLIENTS).status_code == 403


def test_who_may_change_and_not_see_the_details(app: Flask, world: World) -> None:
    """The form leaves the gated fields out, and saving it leaves them as they are."""
    holds = ("viewOAuthClients", "updateOAuthClient", "APP-ROLE")
    world.user("half", "acme", holds=[(function, "acme") for function in holds])
    half = Administrator(app, "half")
    half.logs_in()
    there = world.client("there", customer="acme", client_ip_range=["10.9.8.7/32"])
    form = half.sees(f"{CLIENTS}{there}/edit")
    assert "10.9.8.7" not in form
    assert "clientIPRange" not in form.partition("<form")[2]
    assert "who gains or loses" not in form
    assert half.sends(f"{CLIENTS}{there}/edit", name="Renamed").status_code == 303
    assert (row(world, "there").name, row(world, "there").client_ip_range) == ("Renamed", ["10.9.8.7/32"])
    assert half.sends(f"{CLIENTS}{there}/edit", name="X", how="preview").status_code == 403


def test_edited_with_a_preview(boss: Administrator, world: World) -> None:
    """The preview tells and saves nothing, and its form still holds what was typed; then it is saved."""
    there = world.client("there", customer="acme")
    world.user("carol", "acme", holds=[("readThings", "acme")])
    typed = {"requiredFunction": "readThings", "name": "Renamed"}
    page = boss.sends(f"{CLIENTS}{there}/edit", how="preview", **typed).get_data(as_text=True)
    assert "1 person gains access" in page
    assert re.search(r"Carol.*?gains access.*?Acme:.*?<code>readThings</code>", page, re.S)
    assert 'value="Renamed"' in page
    assert 'form="client"' in page
    assert row(world, "there").name == "There"
    narrowed = boss.sends(f"{CLIENTS}{there}/edit", how="preview", permissionScope="useApp")
    text = narrowed.get_data(as_text=True)
    assert re.search(r"Alice.*?keeps access.*?Acme:.*?<code>readThings</code>", text, re.S)
    nothing = boss.sends(f"{CLIENTS}{there}/edit", how="preview", name="Renamed").get_data(as_text=True)
    assert "Nobody gains or loses anything." in nothing
    assert actions(world) == []
    assert boss.sends(f"{CLIENTS}{there}/edit", **typed).status_code == 303
    saved = row(world, "there")
    assert (saved.name, saved.required_function_id) == ("Renamed", world.function_id("readThings"))
    assert actions(world) == ["client-update"]


def test_a_preview_stays_light(boss: Administrator, world: World) -> None:
    """However many it touches: the first are named, the rest counted."""
    there = world.client("there", customer="acme")
    world.group("many", [])
    for number in range(45):
        world.user(f"user-{number:02}", "acme", holds=[("readThings", "acme")])
    answer = boss.sends(f"{CLIENTS}{there}/edit", how="preview", requiredFunction="readThings")
    assert "45 people gain access" in answer.get_data(as_text=True)
    assert "5 more are not shown." in answer.get_data(as_text=True)
    assert len(answer.data) < 45_000


def test_edited_over_an_older_version(boss: Administrator, world: World) -> None:
    """What somebody else changed meanwhile is not overwritten (security rule 61); other faults are 404."""
    there = world.client("there")
    form = boss.sees(f"{CLIENTS}{there}/edit")
    version = re.search(r'name="version" value="(\d+)"', form)
    assert version is not None
    assert boss.sends(f"{CLIENTS}{there}/edit", name="First", version=version[1]).status_code == 303
    answer = boss.sends(f"{CLIENTS}{there}/edit", name="Second", version=version[1])
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert row(world, "there").name == "First"
    assert 'value="Second"' in page
    assert "<li>Name: <code>First</code></li>" in page
    newer = re.search(r'name="version" value="(\d+)"', page)
    assert newer is not None
    assert boss.sends(f"{CLIENTS}{there}/edit", name="Second", version=newer[1]).status_code == 303
    assert row(world, "there").name == "Second"
    assert boss.sends(f"{CLIENTS}nobody/edit", name="X").status_code == 404


def test_a_secret_that_was_typed_is_asked_for_again(boss: Administrator, world: World) -> None:
    """A refused form does not hold it any more: an empty field must not have another one made unseen."""
    typed = GIVEN | {"clientSecret": "one that somebody chose"}
    page = boss.sends(CLIENTS + "add", **typed | {"requiredFunction": "nothing"}).get_data(as_text=True)
    assert "one that somebody chose" not in page
    assert 'href="#clientSecret"' in page
    assert "Type the secret again" in page
    plain = boss.sends(CLIENTS + "add", **GIVEN | {"requiredFunction": "nothing"}).get_data(as_text=True)
    assert "Type the secret again" not in plain


def test_a_new_secret(app: Flask, boss: Administrator, world: World, alice: Person) -> None:
    """The old one stops at once unless told; the new one is shown once; sent again it is no second one."""
    there = world.client("there")
    old = RelyingParty(app, there)
    assert old.obtains(alice)["access_token"]
    form = boss.sees(f"{CLIENTS}{there}/secret")
    assert "The old secret goes on" in form
    version = re.search(r'name="version" value="(\d+)"', form)
    assert version is not None
    page = boss.sends(f"{CLIENTS}{there}/secret", version=version[1]).get_data(as_text=True)
    secret = re.search(r"Client secret</dt><dd><code[^>]*>([^<]+)", page)
    assert secret is not None
    assert boss.sends(f"{CLIENTS}{there}/secret", version=version[1]).status_code == 409
    assert secret[1] not in boss.sees(f"{CLIENTS}{there}")
    assert RelyingParty(app, there, secret=secret[1]).obtains(alice)["access_token"]
    assert row(world, "there").secret_hash is None
    short = boss.sends(f"{CLIENTS}{there}/secret", clientSecret="short").get_data(as_text=True)
    assert 'href="#clientSecret"' in short
    chosen = boss.sends(f"{CLIENTS}{there}/secret", clientSecret="one that somebody chose")
    assert "one that somebody chose" not in chosen.get_data(as_text=True)
    assert row(world, "there").secret_digest is None
    public = world.client("public", authentication_method="none")
    assert boss.visits(f"{CLIENTS}{public}/secret").status_code == 404


def test_two_secrets_during_a_rotation(
    app: Flask, boss: Administrator, world: World, clock: Clock, keeper: Administrator
) -> None:
    """As long as chosen, which both pages tell; then by itself, or by a click, it ends."""
    there = world.client("there")
    path = f"{CLIENTS}{there}"

    def works() -> int:
        return RelyingParty(app, there).posts(TOKEN + "/revoke", token="x").status_code

    page = boss.sends(f"{path}/secret", overlap="86400").get_data(as_text=True)
    assert "The previous one is valid until:" in page
    assert works() == 200
    assert "The previous secret is valid until:" in boss.sees(path)
    assert "End the previous secret now" not in keeper.sees(path)
    clock.advance(86_399)
    assert works() == 200
    clock.advance(2)
    assert works() == 401
    boss.logs_in()
    assert "The previous secret is valid until:" not in boss.sees(path)
    assert "no longer valid" in boss.sends(f"{path}/secret", overlap="x").get_data(as_text=True)
    boss.sends(f"{path}/secret", clientSecret=SECRET, overlap="0")
    boss.sends(f"{path}/secret", overlap="604800")
    assert works() == 200
    keeper.logs_in()
    assert keeper.sends(f"{path}/secret/end").status_code in (403, 404)
    assert works() == 200
    assert boss.sends(f"{path}/secret/end").status_code == 303
    assert works() == 401
    assert boss.sends(f"{path}/secret/end").status_code == 303


def test_from_public_to_secret_and_back(boss: Administrator, world: World) -> None:
    """Who keeps none needs none; who is to keep one gets one made, and is shown it."""
    public = world.client("public", authentication_method="none")
    page = boss.sends(f"{CLIENTS}{public}/edit", authenticationMethod="password").get_data(as_text=True)
    assert re.search(r"Client secret</dt><dd><code[^>]*>[\w-]{43}<", page)
    assert row(world, "public").secret_digest is not None
    assert boss.sends(f"{CLIENTS}{public}/edit", authenticationMethod="none").status_code == 303
    assert row(world, "public").secret_digest is None


def test_custom_claims_by_hand(boss: Administrator, world: World) -> None:
    """One in JSON per line; what is none is named by its place."""
    there = world.client("there")
    line = '{"provider": "customClaim", "claimName": "mail", "claim": "email"}'
    assert boss.sends(f"{CLIENTS}{there}/edit", openIDCustomClaims=line).status_code == 303
    assert row(world, "there").open_id_custom_claims == [
        {"provider": "customClaim", "claimName": "mail", "claim": "email"}
    ]
    told = problems(boss.sends(f"{CLIENTS}{there}/check", openIDCustomClaims=f"{line}\r\nmail"))
    assert told == {"openIDCustomClaims": ["mail"]}


def test_deleted_for_good(boss: Administrator, world: World) -> None:
    """Asked first; then it is gone, and its name free."""
    there = world.client("there")
    assert "It cannot be brought back" in boss.sees(f"{CLIENTS}{there}/delete")
    assert boss.sends(f"{CLIENTS}{there}/delete").status_code == 303
    assert boss.visits(f"{CLIENTS}{there}").status_code == 404
    assert boss.sends(f"{CLIENTS}{there}/delete").status_code == 404
    assert "The application was created" in boss.sends(
        CLIENTS + "add", **GIVEN | {"shortName": "there"}
    ).get_data(as_text=True)


def test_an_application_that_signs(boss: Administrator, world: World) -> None:
    """Its public keys are a JSON Web Key Set in one field; what is wrong is said there; it has no secret."""
    signer, other = Signer(), Signer("RS256", "k2")
    given = GIVEN | {"authenticationMethod": "privateKey"}
    for text in ("", "{", "[]", '{"keys": [{"kty": "oct", "k": "AAAA"}]}', '{"keys": []}'):
        assert set(problems(boss.sends(f"{CLIENTS}check", **given, jwks=text))) == {"jwks"}
    made = boss.sends(f"{CLIENTS}add", **given, jwks=json.dumps(signer.jwks))
    assert made.status_code == 200
    client = row(world, "portal")
    assert client.jwks == {"keys": [signer.jwk | {"alg": "ES256"}]}
    assert client.secret_digest is client.secret_hash is None
    shown = boss.sees(CLIENTS + client.id)
    assert "New secret" not in shown
    assert '"kid": "k1"' in shown
    edit = f"{CLIENTS}{client.id}/edit"
    assert "&#34;kid&#34;: &#34;k1&#34;" in boss.sees(edit)
    preview = boss.sends(edit, **given, jwks=json.dumps(other.jwks), how="preview").get_data(as_text=True)
    assert "Public keys: k1 → k2" in preview
    assert boss.sends(edit, **given, jwks=json.dumps(other.jwks)).status_code == 303
    assert row(world, "portal").jwks == {"keys": [other.jwk]}
    # An empty field changes nothing.
    assert boss.sends(edit, **given, jwks="").status_code == 303
    assert row(world, "portal").jwks == {"keys": [other.jwk]}
