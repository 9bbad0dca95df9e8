"""The text types of the contract (1.6), each with its length and a pattern for the whole text."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated
from typing import Any

from pydantic import AfterValidator
from pydantic import BeforeValidator
from pydantic import Field
from pydantic import GetCoreSchemaHandler
from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core import PydanticCustomError
from pydantic_core import core_schema

from app.models.directory import MOST_NAME_CHARACTERS
from app.models.directory import SUBJECT_NAME
from app.policy import names

# Control characters and lone surrogates: no text of ours contains one, from whichever source it comes.
UNCLEAN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class FullMatch:
    """The whole text must match, and the document says so. pydantic's own pattern only searches."""

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


ONE_OF = "Write one of: {names}."


@dataclass(frozen=True)
class OneOf:
    """The text must be one of these names, and the document lists them."""

    names: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        known, listed = frozenset(self.names), ", ".join(self.names)

        def check(text: str) -> str:
            if text not in known:
                raise PydanticCustomError("one_of", ONE_OF, {"names": listed})
            return text

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "enum": list(self.names)}


def tidy(text: Any) -> Any:
    """Compose letters (NFC), write line ends alike and leave out blanks around the text."""
    if not isinstance(text, str):
        return text
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


def _check_seen(text: str) -> str:
    found = names.find_unseen(text, allowed="\n\t")
    if found is not None:
        raise PydanticCustomError("unseen", UNSEEN, {"character": found})
    return text


def _check_not_digits(text: str) -> str:
    if names.is_only_digits(text):
        raise PydanticCustomError("only_digits", names.ONLY_DIGITS)
    return text


UNSEEN = "Leave out the character {character}, which cannot be seen."
TIDY, SEEN, NOT_DIGITS = BeforeValidator(tidy), AfterValidator(_check_seen), AfterValidator(_check_not_digits)
# What objects are called. A validator in front runs first, one behind last.
ShortName = Annotated[
    str, Field(min_length=1, max_length=100), FullMatch(r"[a-zA-Z0-9_:\-.]+"), NOT_DIGITS, TIDY
]
SubjectName = Annotated[
    str, Field(min_length=1, max_length=MOST_NAME_CHARACTERS), FullMatch(SUBJECT_NAME), NOT_DIGITS, TIDY
]
LINE = r"[ \w{}$\-()\.\[\]\"'_/\\,*+#:@!?;=]+"
TEXT = r"[ \n\w{}$\-()\.\[\]\"'_/\\,*+#:@!?;=]+"
Text = Annotated[str, Field(min_length=1, max_length=200), SEEN, FullMatch(LINE), TIDY]
LongText = Annotated[str, Field(min_length=1, max_length=1000), SEEN, FullMatch(TEXT), TIDY]
ClearableText = Annotated[str, Field(max_length=1000), SEEN, FullMatch(f"(?:{TEXT})?"), TIDY]
# What is said freely, and what names something that is looked up.
Comment = Annotated[str, Field(max_length=1000), SEEN, TIDY]
Named = Annotated[str, Field(min_length=1, max_length=100), SEEN, TIDY]
Email = Annotated[str, Field(max_length=254), SEEN, FullMatch(r"[^@\s]+@[^@\s]+"), TIDY]
