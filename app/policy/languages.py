"""The languages of this server: their codes (BCP 47), and the contract's names for them (4.3)."""

from __future__ import annotations

# Code -> its own name. Norwegian in general is read as Bokmål (RFC 5646: no is a macrolanguage).
LANGUAGES = {"en": "English", "nb": "Norsk bokmål"}
ALIASES = {"no": "nb", "nn": "nb"}
CODES = {"english": "en", "norwegian": "nb"}


def match_language(tag: str) -> str | None:
    """Return the code of the language that a tag names; ``None`` if pages do not speak it."""
    primary = tag.lower().replace("_", "-").split("-")[0]
    primary = ALIASES.get(primary, primary)
    return primary if primary in LANGUAGES else None
