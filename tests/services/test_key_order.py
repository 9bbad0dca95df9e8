"""``ARGUS_SECRET_KEYS`` are changed node by node: what one node made is good at every other (design §5).

Two applications, as two nodes, over one database. Each kind of thing that a key signs, tags, encrypts or
derives is begun at one node and used at the other.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.extensions import db
from app.extensions import metadata
from app.models.audit import AuditEvent
from app.models.audit import AuditHead
from app.models.state import SystemState
from app.models.totp import TOTPGenerator
from app.services import unit_of_work
from app.services.access import known_sources
from app.services.access import throttle
from app.services.audit import sealing
from app.services.audit import verification
from app.services.login import addresses
from app.services.login import passkey_ceremonies
from app.services.login.session_key import derive_session_key
from app.services.ops import readiness
from app.services.ops import resealing
from app.services.problems import Problem
from app.services.tokens import device_text
from app.services.tokens import signing_keys
from app.services.tokens.keyring import keyring
from app.services.unit_of_work import run_in_transaction
from tests.api.test_stepup import authorizes
from tests.api.test_stepup import bearer
from tests.api.test_stepup import calls
from tests.api.test_webauthn import challenge
from tests.api.test_webauthn import enrolled
from tests.api.test_webauthn import logs_in
from tests.drivers.person import Person
from tests.drivers.person import first_form
from tests.drivers.relying_party import RelyingParty
from tests.drivers.signing import Prover
from tests.drivers.signing import Signer
from tests.fixtures import BASE_URL
from tests.fixtures import CHEAP
from tests.web.kit import enters_code
from tests.web.kit import given_codes
from tests.web.kit import handle_of
from tests.web.kit import is_in
from tests.world import PASSWORD
from tests.world import World

A, B = (bytes(range(first, first + 32)) for first in (1, 101))
KEYS = {"A": f"1:{base64.b64encode(A).decode()}", "B": f"2:{base64.b64encode(B).decode()}"}
# The order of keys at the node that makes a thing, and at the node that meets it, at every step of a change;
# and the key that the database is sealed under meanwhile.
STEPS = [
    ("A", "AB", "A"), ("AB", "A", "A"),
    ("AB", "BA", "A"), ("BA", "AB", "A"),
    ("BA", "B", "B"), ("B", "BA", "B"),
]  # fmt: skip
Nodes = Callable[[str], Flask]


@pytest.fixture(scope="module")
def made() -> Iterator[dict[tuple[str, str], Flask]]:
    """Nodes by database and order of keys: one is enough for all tests."""
    nodes: dict[tuple[str, str], Flask] = {}
    yield nodes
    for node in nodes.values():
        close(node)


@pytest.fixture
def nodes(made: dict[tuple[str, str], Flask], app: Flask, database_url: str) -> Nodes:
    """Applications by the order of their keys, over the database of ``app``."""
    for node in made.values():
        for factory in [key for key in node.extensions["argus"] if key != "settings"]:
            del node.extensions["argus"][factory]

    def node(order: str) -> Flask:
        if (database_url, order) not in made:
            made[database_url, order] = create_app(
                {
                    **CHEAP,
                    "ARGUS_INSTANCE": app.instance_path,
                    "ARGUS_DATABASE_URL": database_url,
                    "ARGUS_BASE_URL": BASE_URL,
                    "ARGUS_SECRET_KEYS": ",".join(KEYS[name] for name in order),
                }
            )
        return made[database_url, order]

    return node


def close(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        unit_of_work.give_up_connections()


def seal_under(app: Flask) -> None:
    """Make what ``init`` keeps anew, under the first key of this node."""
    with app.app_context():
        run_in_transaction(signing_keys.replace_leaked_keys)
        for table in (AuditEvent, AuditHead):
            db.session.execute(sa.delete(table))
        fingerprint = keyring().compute_fingerprint()
        db.session.execute(sa.update(SystemState).values(key_fingerprint=fingerprint))
        db.session.commit()
        run_in_transaction(sealing.begin_chain)


def moves(person: Person, app: Flask) -> None:
    """The proxy sends this browser to another node from here on."""
    person.app = person.browser.application = app


def seal_all() -> None:
    while sealing.seal_some():
        pass


# --- the kinds: made at ``one``, met at ``other`` -----------------------------------------------------------


def login_cookie(one: Flask, other: Flask, world: World) -> None:
    alice = Person(one)
    alice.logs_in()
    moves(alice, other)
    assert is_in(alice)


def form_of_a_page(one: Flask, other: Flask, world: World) -> None:
    """The form session is Flask's, the CSRF token in it Flask-WTF's."""
    alice = Person(one)
    page = alice.visits("/login")
    moves(alice, other)
    answer = alice.submits(page, "/login", username="alice", password=PASSWORD)
    assert answer.status_code == 303, answer.get_data(as_text=True)


def continuation(one: Flask, other: Flask, world: World) -> None:
    alice, rp = Person(one), RelyingParty(one, world.client())
    to_login = alice.visits(rp.url()).headers["Location"]
    page = alice.visits(to_login)
    moves(alice, other)
    back = alice.submits(page, to_login, username="alice", password=PASSWORD)
    assert "/oauth/authorize" in back.headers["Location"], back.headers


def pushed_request(one: Flask, other: Flask, world: World) -> None:
    rp = RelyingParty(one, world.client())
    assert "code=" in Person(other).approves(rp.pushed_url())


def nonce_of_a_proof(one: Flask, other: Flask, world: World) -> None:
    """Of a DPoP proof: what one node asked for, another accepts."""
    rp = RelyingParty(one, world.client(), prover=Prover(Signer()))
    code = rp.sends(Person(one))["code"]
    assert rp.redeems(code + "x").status_code == 400
    rp.app, asked = other, rp.prover.nonce
    tokens = rp.redeems(code).json
    assert tokens["token_type"] == "DPoP"
    rp.prover.nonce = asked
    proof = rp.prover.proves("GET", "/oauth/userinfo", tokens["access_token"])
    headers = {"Authorization": f"DPoP {tokens['access_token']}", "DPoP": proof}
    assert other.test_client().get("/oauth/userinfo", headers=headers).status_code == 200


def confirmed_logout(one: Flask, other: Flask, world: World) -> None:
    alice = Person(one)
    alice.logs_in()
    page = alice.visits("/logout")
    moves(alice, other)
    assert alice.submits(page, "/logout", form=-1).status_code in (200, 303)
    assert not is_in(alice)


def consent_page(one: Flask, other: Flask, world: World) -> None:
    alice, rp = Person(one), RelyingParty(one, world.client())
    alice.logs_in()
    page = alice.visits(rp.url())
    moves(alice, other)
    action, fields = first_form(page.get_data(as_text=True), {"transaction"})
    answer = alice.browser.post(action or rp.url(), data={**fields, "decision": "approve"})
    assert "code=" in answer.headers.get("Location", ""), answer.get_data(as_text=True)


def code_and_tokens(one: Flask, other: Flask, world: World) -> None:
    rp = RelyingParty(one, world.client())
    code = rp.sends(Person(one))["code"]
    rp.app = other
    tokens = rp.redeems(code).json
    rp.app = one
    assert rp.calls("/authentication/v1/session", tokens["access_token"]).status_code == 200
    assert rp.refreshes(tokens["refresh_token"]).status_code == 200


def repeated_refresh(one: Flask, other: Flask, world: World) -> None:
    rp = RelyingParty(one, world.client())
    first = rp.obtains(Person(one))
    second = rp.refreshes(first["refresh_token"]).json
    rp.app = other
    again = rp.refreshes(first["refresh_token"])
    assert again.status_code == 200, again.data
    assert (again.json["access_token"], again.json["refresh_token"]) == (
        second["access_token"],
        second["refresh_token"],
    )
    assert rp.calls("/authentication/v1/session", second["access_token"]).status_code == 200


def session_key(one: Flask, other: Flask, world: World) -> None:
    """What a script signs its calls with is the same everywhere."""
    login = bearer(one)["Authorization"].removeprefix("Bearer ")
    with one.app_context():
        here = derive_session_key(login)
    with other.app_context():
        assert derive_session_key(login) == here


def step_up(one: Flask, other: Flask, world: World) -> None:
    own = bearer(one)
    proof = authorizes(one, own)
    answer = calls(other, "POST", "/apikey", {"description": "x", "authorization": proof}, own)
    assert answer.status_code in (200, 201), answer.data


def passkey_of_a_page(one: Flask, other: Flask, world: World) -> None:
    device, alice = enrolled(one), Person(one)
    handle = handle_of(one)
    asked = alice.visits("/login/passkey/options").get_json()
    page = alice.visits("/login")
    moves(alice, other)
    answer = alice.submits(page, "/login", **device.signs(asked), userHandle=handle)
    assert answer.status_code == 303, answer.get_data(as_text=True)


def passkey_of_the_api(one: Flask, other: Flask, world: World) -> None:
    device = enrolled(one)
    assert logs_in(other, device.signs(challenge(one))).status_code == 200


def decoy_passkey(one: Flask, other: Flask, world: World) -> None:
    """A name that nobody has is as constant as one that somebody has, while both nodes know its key."""
    found = []
    for node in (one, other):
        with node.app_context():
            found.append((passkey_ceremonies._make_decoy(1, "nobody"), keyring().eldest))
    assert found[0][0] == found[1][0] or found[0][1] != found[1][1]


def device_mark(one: Flask, other: Flask, world: World) -> None:
    with one.app_context():
        text = device_text.add_device("", 7, 0)
    with other.app_context():
        assert device_text.find_device(text, 7, 0) is not None


def link_to_an_address(one: Flask, other: Flask, world: World) -> None:
    with one.app_context():
        text = addresses._create_serializer().dumps([7])
    with other.app_context():
        assert addresses._create_serializer().loads(text) == [7]


def what_is_counted(one: Flask, other: Flask, world: World) -> None:
    """All nodes count one account together, and know where it logged in, while both know the eldest key."""
    found = []
    for node in (one, other):
        with node.app_context():
            found.append((throttle._hash("a"), known_sources._hash("a"), keyring().eldest))
    assert found[0] == found[1] or found[0][2] != found[1][2]


def one_time_code(one: Flask, other: Flask, world: World) -> None:
    codes = given_codes(one)
    alice = Person(one)
    second = alice.logs_in()
    moves(alice, other)
    assert enters_code(alice, second, codes.code()).status_code == 303
    assert is_in(alice)


def id_token(one: Flask, other: Flask, world: World) -> None:
    """Both nodes open the signing key."""
    rp = RelyingParty(one, world.client())
    for node in (one, other):
        rp.app = node
        assert rp.obtains(Person(node))["id_token"]


def audit_chain(one: Flask, other: Flask, world: World) -> None:
    for node in (one, other, one):
        Person(node).logs_in()
        with node.app_context():
            seal_all()
            assert verification.check_chain().wrong is None


def readiness_of_a_node(one: Flask, other: Flask, world: World) -> None:
    for node in (one, other):
        with node.app_context():
            assert readiness.find_problem() is None


KINDS = [
    login_cookie, form_of_a_page, continuation, pushed_request, confirmed_logout, consent_page,
    code_and_tokens, nonce_of_a_proof,
    repeated_refresh, session_key, step_up, passkey_of_a_page, passkey_of_the_api, decoy_passkey,
    device_mark, link_to_an_address, what_is_counted,
    one_time_code, id_token, audit_chain, readiness_of_a_node,
]  # fmt: skip


@pytest.mark.usefixtures("early_in_a_step")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(("made_at", "met_at", "sealed"), STEPS)
def test_every_kind_is_good_at_every_node(
    nodes: Nodes, world: World, kind: Callable[..., None], made_at: str, met_at: str, sealed: str
) -> None:
    """Also where one of the two nodes has not got the other key yet, or no longer."""
    seal_under(nodes(sealed))
    kind(nodes(made_at), nodes(met_at), world)


@pytest.mark.usefixtures("early_in_a_step")
def test_a_key_is_replaced(nodes: Nodes, world: World) -> None:
    """A; A, B; B, A; reseal; B: a generator, the signing key and the log go on, and A is needed no more."""
    seal_under(nodes("A"))
    codes = given_codes(nodes("A"))
    with nodes("A").app_context():
        seal_all()
    with nodes("B").app_context():
        assert readiness.find_problem() == "keys"
        with pytest.raises(Problem):
            resealing.reseal_all()
    with nodes("BA").app_context():
        assert resealing.reseal_all() == (len(signing_keys.ALGORITHMS) + 1, 0)
    with nodes("A").app_context():
        assert readiness.find_problem() == "keys"
    alice = Person(nodes("B"))
    with nodes("B").app_context():
        assert readiness.find_problem() is None
        seal_all()
    enters_code(alice, alice.logs_in(), codes.code())
    assert RelyingParty(nodes("B"), world.client()).obtains(alice)["id_token"]
    with nodes("BA").app_context():
        seal_all()
        assert verification.check_chain().wrong is None


def test_what_no_key_opens_is_counted_and_kept(nodes: Nodes, world: World) -> None:
    """A value sealed under a key that went long ago stops nobody."""
    assert world
    seal_under(nodes("A"))
    given_codes(nodes("A"))
    with nodes("BA").app_context():
        db.session.execute(sa.update(TOTPGenerator).values(active_sealed=b"sealed elsewhere"))
        db.session.commit()
        assert resealing.reseal_all() == (len(signing_keys.ALGORITHMS), 1)
        assert db.session.execute(sa.select(TOTPGenerator.active_sealed)).scalar_one() == b"sealed elsewhere"


def test_every_encrypted_column_is_resealed() -> None:
    """A column that a later version encrypts belongs into the table of ``resealing``."""
    named = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name.endswith(("_sealed", "_encrypted"))
    }
    assert named == {(column.class_.__tablename__, column.key) for _, column in resealing.SEALED}
