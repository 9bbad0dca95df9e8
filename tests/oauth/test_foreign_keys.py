"""A signed text counts by our keys and our algorithm, whatever its header says (RFC 8725 3.1; rule 64)."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import RSAKey

from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned

EVIL = "https://evil.example.com/keys"
WAYS = ["none", "our kid", "jwk", "jku", "x5u", "another algorithm", "public key as secret", "changed claim"]


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def claims_of(hint: str) -> dict[str, Any]:
    body = hint.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


def forged(rp: RelyingParty, hint: str, how: str) -> str:
    """The same claims as in our own ID token, so that the signature alone can be what is wrong."""
    ours: dict[str, Any] = (rp.app.test_client().get("/oauth/jwks").json or {})["keys"][0]
    private = rsa.generate_private_key(65537, 2048)
    own = RSAKey.import_key(private).as_dict(private=False)
    header: dict[str, Any] = {
        "none": {"alg": "none"},
        "our kid": {"alg": "RS256", "kid": ours["kid"]},
        "jwk": {"alg": "RS256", "jwk": own},
        "jku": {"alg": "RS256", "jku": EVIL, "kid": "evil"},
        "x5u": {"alg": "RS256", "x5u": EVIL},
        "another algorithm": {"alg": "RS512", "kid": ours["kid"]},
        "public key as secret": {"alg": "HS256", "kid": ours["kid"]},
        "changed claim": {},
    }[how]
    head, body, signature = hint.split(".")
    if how == "changed claim":
        return f"{head}.{encoded(json.dumps(claims_of(hint) | {'sub': '1'}).encode())}.{signature}"
    text = f"{encoded(json.dumps(header).encode())}.{body}"
    if how == "none":
        return text + "."
    if how == "public key as secret":
        pem = RSAKey.import_key(ours).as_pem(private=False)
        return f"{text}.{encoded(hmac.digest(pem, text.encode(), 'sha256'))}"
    digest = hashes.SHA512() if how == "another algorithm" else hashes.SHA256()
    return f"{text}.{encoded(private.sign(text.encode(), padding.PKCS1v15(), digest))}"


@pytest.mark.parametrize("how", WAYS)
def test_a_header_chooses_neither_key_nor_algorithm(rp: RelyingParty, alice: Person, how: str) -> None:
    """The claims are those of a hint that is accepted: nothing but the signature can be what is wrong."""
    hint = rp.obtains(alice)["id_token"]
    assert "code" in returned(alice.visits(rp.url(prompt="none", id_token_hint=hint)).headers["Location"])
    bad = forged(rp, hint, how)
    back = returned(alice.visits(rp.url(prompt="none", id_token_hint=bad)).headers["Location"])
    # A key id that is not known may have been ours once: it counts for nothing, and is no mistake.
    assert back["error"] == ("login_required" if how == "jku" else "invalid_request")
    page = alice.visits(f"/oauth/logout?id_token_hint={bad}")
    assert page.headers.get("Location", "").startswith("/logout?")
    assert alice.visits("/").status_code == 200
