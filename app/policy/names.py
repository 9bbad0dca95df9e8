"""Names as people type them: which are the same, and which deceive the eye (design decision 26)."""

from __future__ import annotations

import re
import unicodedata

# Marks a key of which the folded form was taken before names were folded. No name contains it.
EXACT = "="
# Control, format (zero width, bidirectional), surrogate, private and unassigned characters, and breaks.
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and a symbol that show nothing: the fillers of Hangul, and the empty pattern of Braille.
FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
ONLY_DIGITS = "Use a letter too: digits alone are an id."
ONLY_BLANKS = "Write something that can be seen: these are only blanks."
WORD = re.compile(r"[^\W_]+")
# Scripts with letters that look like those of another. Others mix in honest names, as Latin and Han do.
ALIKE = frozenset({"ARMENIAN", "CHEROKEE", "COPTIC", "CYRILLIC", "GREEK", "LATIN"})


def fold_name(text: str) -> str:
    """Return the form by which names are compared: NFKC, casefold, trimmed."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def list_keys(text: str) -> tuple[str, str]:
    """Return the keys that a typed name may have, the exact one first."""
    return EXACT + text.strip(), fold_name(text)


def is_only_digits(text: str) -> bool:
    """Tell whether a name could be an id."""
    return fold_name(text).isdigit()


def find_unseen(text: str, allowed: str = "") -> str | None:
    """Return the first character that nobody sees, other than these, as ``U+200B``; ``None`` if none."""
    for character in text:
        unseen = unicodedata.category(character) in UNSEEN or character in FILLERS
        if unseen and character not in allowed:
            return f"U+{ord(character):04X}"
    return None


def is_blank(text: str) -> bool:
    """Tell whether nothing of the text can be seen."""
    return all(c.isspace() or find_unseen(c) is not None for c in text)


def find_mixed_word(text: str) -> str | None:
    """Return the first word that mixes scripts whose letters look alike; ``None`` if none."""
    for word in WORD.findall(text):
        scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
        if len(scripts & ALIKE) > 1:
            return str(word)
    return None
