"""Validate fields with a schema, or raise ``Invalid`` naming every wrong one:
the same for JSON, queries, forms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from typing import TypeVar

from pydantic import BaseModel
from pydantic import ValidationError

from app.policy import names
from app.policy.sentences import Sentence
from app.schemas.texts import ONE_OF
from app.schemas.texts import UNSEEN
from app.services.problems import FieldProblem
from app.services.problems import Invalid

M = TypeVar("M", bound=BaseModel)
PLAIN_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,64}", re.ASCII)

# pydantic's error types as our code and sentence. The last line is for every type not named here.
SENTENCES: Mapping[str, tuple[str, str]] = {
    "missing": ("MISSING", "This field is required."),
    "extra_forbidden": ("UNKNOWN_FIELD", "There is no such field, or it cannot be set. Leave it out."),
    "string_type": ("WRONG_TYPE", "Write text."),
    "int_type": ("WRONG_TYPE", "Write a whole number."),
    "int_from_float": ("WRONG_TYPE", "Write a whole number."),
    "bool_type": ("WRONG_TYPE", "Write true or false."),
    "tuple_type": ("WRONG_TYPE", "Write a list."),
    "frozen_set_type": ("WRONG_TYPE", "Write a list."),
    "dict_type": ("WRONG_TYPE", "Write an object."),
    "model_type": ("WRONG_TYPE", "Write an object."),
    "string_too_long": ("TOO_LONG", "Write fewer characters."),
    "string_too_short": ("TOO_SHORT", "Write at least one character."),
    "too_long": ("TOO_LONG", "Give fewer items."),
    "too_short": ("TOO_SHORT", "Give at least one item."),
    "string_pattern_mismatch": ("INVALID_PATTERN", "Some of these characters are not allowed here."),
    "pattern": ("INVALID_PATTERN", "Some of these characters are not allowed here."),
    "literal_error": ("NOT_ALLOWED", "This value is not one of those allowed."),
    "greater_than_equal": ("OUT_OF_RANGE", "The number is too small."),
    "less_than_equal": ("OUT_OF_RANGE", "The number is too large."),
    "both": ("NOT_ALLOWED", "Give phone or phoneNumber, not both."),
    "moment": ("INVALID_PATTERN", "Write epoch milliseconds, 2026-01-31T12:00:00Z, or now-1d."),
    "time_zone": ("NOT_ALLOWED", "There is no such time zone. Write one such as Europe/Oslo."),
    "email": ("INVALID_PATTERN", "Write an e-mail address."),
}
# Types of our own, whose sentence has values or is written where its rule is.
SPOKEN: Mapping[str, tuple[str, str]] = {
    "one_of": ("NOT_ALLOWED", ONE_OF),
    "unseen": ("INVALID_PATTERN", UNSEEN),
    "only_digits": ("INVALID_PATTERN", names.ONLY_DIGITS),
}
OTHERWISE = ("INVALID", "This value is not valid here.")


def list_field_problems(problem: ValidationError) -> list[FieldProblem]:
    """Return one problem per wrong field, in our words; of the input only the field name is repeated."""
    found: dict[str, FieldProblem] = {}
    for error in problem.errors(include_url=False, include_input=False):
        field = _name_path(error["loc"])
        code, sentence = SENTENCES.get(error["type"], OTHERWISE)
        if error["type"] in SPOKEN:
            code, template = SPOKEN[error["type"]]
            sentence = Sentence(template, **error.get("ctx", {}))
        found.setdefault(field, FieldProblem(field, sentence, code))
    return list(found.values())


def _name_path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif PLAIN_NAME.fullmatch(part):
            path += f".{part}" if path else part
    return path or "body"


def validate_fields(model: type[M], fields: Mapping[str, Any]) -> M:
    """Validate fields, given by wire name, with this schema. Raises ``Invalid``."""
    try:
        return model.model_validate(fields)
    except ValidationError as problem:
        raise Invalid(*list_field_problems(problem)) from None
