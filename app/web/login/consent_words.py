"""What a consent page says, of a request by a browser or by a device: exactly the decision's functions and
customers.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from app.oauth.approval import Judged
from app.oauth.authorize import Asked
from app.policy import claims
from app.policy import scopes
from app.policy.answers import word_missing_function
from app.policy.claims import name_claim
from app.services.access import gate
from app.services.access.callers import Caller
from app.services.consent import consent_page
from app.web.language import translate_sentence
from app.web.words.function_names import load_function_words


def build_consent_words(asked: Asked, caller: Caller, judged: Judged) -> dict[str, Any]:
    """Build the words of ``consent.html``; the page adds its form."""
    client = asked.client
    told = consent_page.build_consent_page(client, judged.consent, judged.question, judged.decision)
    functions = load_function_words(one.function for one in told.fallen)
    return {
        "application": {"name": client.name, "description": client.description, "main_uri": client.main_uri},
        "site": urlsplit(client.main_uri).netloc,
        "told": told,
        "scopes": [
            {"words": scopes.describe_scope(scope, translate_sentence), "new": scope in told.growth.scopes}
            for scope in sorted(asked.scopes, key=lambda one: one not in told.growth.scopes)
        ],
        "claims": _list_claims(asked),
        "fallen": [
            {
                "words": word_missing_function(
                    one.reason, functions.get(one.function, one.function), translate_sentence
                ),
                "new": one.new,
            }
            for one in told.fallen
        ],
        "before": [scopes.describe_scope(scope, translate_sentence) for scope in told.before.scopes]
        if told.before
        else [],
        "changed": told.before is not None and not gate.is_covered_by_consent(judged.question),
        "login_name": caller.user_name,
    }


def _list_claims(asked: Asked) -> list[tuple[str, str]]:
    """List name and content of the application's own claims, each once (contract 2.5)."""
    providers = asked.client.open_id_custom_claims if "openid" in asked.scopes else []
    return sorted({(name_claim(one), claims.describe_claim(one, translate_sentence)) for one in providers})
