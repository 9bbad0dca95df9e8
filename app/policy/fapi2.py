"""FAPI 2.0 Security Profile (final): what the flag of a client turns on, where its fields say less.

Pushed requests, PKCE, tokens bound to a key and a client that signs who it is are properties of the client
(``models.mixins``); what has numbers stands here. S256, exact redirect URIs, ``iss`` in answers, and codes
that count once hold for every client.
"""

from __future__ import annotations

# 5.4.1: no RSASSA-PKCS1-v1_5.
ALGORITHMS = ("PS256", "ES256", "EdDSA", "Ed25519")
# 5.3.2.1: an authorization code lives no longer.
MOST_CODE_SECONDS = 60
