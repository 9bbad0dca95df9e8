"""The envelope, its messages, and the text types of the contract (1.2, 1.3, 1.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from typing import Any

from pydantic import Field
from pydantic import GetCoreSchemaHandler
from pydantic import GetJsonSchemaHandler
from pydantic import ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core import PydanticCustomError
from pydantic_core import core_schema

PLAIN_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Message:
    """One message item; ``message_template`` is a stable code."""

    type: str
    message: str
    field: str | None = None
    message_template: str = ""
    parameter: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "type": self.type,
            "message": self.message,
            "field": self.field,
            "messageTemplate": self.message_template,
            "parameter": self.parameter,
        }


def envelope(
    data: Any,
    *,
    status: int = 200,
    messages: Sequence[Message] = (),
    limit: int = 0,
    offset: int = 0,
    count: int = 0,
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Contract 1.2: the same eight fields, always; ``messages`` is always a list."""
    size = len(data) if isinstance(data, list) else 0
    return {
        "responseCode": status,
        "limit": limit,
        "offset": offset,
        "count": count or size,
        "size": size,
        "metaData": dict(metadata or {}),
        "messages": [message.as_json() for message in messages],
        "data": data,
    }


# pydantic's kinds of error as our code and sentence; whatever is not named is the last line.
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
    "email": ("INVALID_PATTERN", "Write an e-mail address."),
}
OTHERWISE = ("INVALID", "This value is not valid here.")


def field_errors(problem: ValidationError) -> list[Message]:
    """One FIELD_ERROR for each wrong field, in our words; nothing that was sent is echoed but its name."""
    found: dict[str, Message] = {}
    for error in problem.errors(include_url=False, include_context=False, include_input=False):
        field = _path(error["loc"])
        code, sentence = SENTENCES.get(error["type"], OTHERWISE)
        found.setdefault(field, Message("FIELD_ERROR", sentence, field, code))
    return list(found.values())


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif PLAIN_NAME.fullmatch(part):
            path += f".{part}" if path else part
    return path or "body"


@dataclass(frozen=True)
class FullMatch:
    """The whole text must match, and the document says so; pydantic's own pattern only searches."""

    pattern: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        compiled = re.compile(self.pattern)

        def check(text: str) -> str:
            if compiled.fullmatch(text) is None:
                raise PydanticCustomError("pattern", "does not match")
            return text

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}


ShortName = Annotated[str, Field(min_length=1, max_length=100), FullMatch(r"[a-zA-Z0-9_:\-.]+")]
SubjectName = Annotated[str, Field(min_length=1, max_length=100), FullMatch(r"[a-zA-Z0-9_\-.@]+")]
TEXT = r"[ \n\w{}$\-()\.\[\]\"'_/\\,*+#:@!?;=]+"
Text = Annotated[str, Field(min_length=1, max_length=200), FullMatch(TEXT)]
LongText = Annotated[str, Field(min_length=1, max_length=1000), FullMatch(TEXT)]
