"""The text types of the contract (1.6), each with its length and a pattern for the whole text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated
from typing import Any

from pydantic import Field
from pydantic import GetCoreSchemaHandler
from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core import PydanticCustomError
from pydantic_core import core_schema

from app.models.directory import MOST_NAME_CHARACTERS
from app.models.directory import SUBJECT_NAME

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


ShortName = Annotated[str, Field(min_length=1, max_length=100), FullMatch(r"[a-zA-Z0-9_:\-.]+")]
SubjectName = Annotated[str, Field(min_length=1, max_length=MOST_NAME_CHARACTERS), FullMatch(SUBJECT_NAME)]
TEXT = r"[ \n\w{}$\-()\.\[\]\"'_/\\,*+#:@!?;=]+"
Text = Annotated[str, Field(min_length=1, max_length=200), FullMatch(TEXT)]
LongText = Annotated[str, Field(min_length=1, max_length=1000), FullMatch(TEXT)]
