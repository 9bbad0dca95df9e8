"""Read a request body or query into a validated schema,
or raise ``Invalid`` naming every wrong field (412).
"""

from __future__ import annotations

from typing import TypeVar

from flask import request
from pydantic import BaseModel
from pydantic import ValidationError

from app import edge
from app.api.strict_json import PLAIN_NAME
from app.api.strict_json import BadJSON
from app.api.strict_json import parse_object
from app.schemas.texts import UNCLEAN
from app.schemas.validation import list_field_problems
from app.schemas.validation import validate_fields
from app.schemas.wire import QueryModel
from app.services.problems import FieldProblem
from app.services.problems import Invalid

M = TypeVar("M", bound=BaseModel)
Q = TypeVar("Q", bound=QueryModel)
# ``curl -d`` without a content type sends the form type. A cross-site form of a browser cannot send a key.
CURL_TYPES = ("", "application/json", "application/x-www-form-urlencoded")


def read_body(model: type[M], *, allow_empty: bool = False) -> M:
    """Read the JSON body into this schema.
    With the cookie, only ``application/json`` is accepted (design §8).
    """
    by_header = "Authorization" in request.headers or "Argus-API-Key" in request.headers
    if request.mimetype not in (CURL_TYPES if by_header else ("application/json",)):
        raise Invalid(FieldProblem("body", "Send JSON with Content-Type: application/json.", "WRONG_TYPE"))
    try:
        fields = parse_object(
            request.get_data(cache=True), max_values=edge.get_body_limits().values, allow_empty=allow_empty
        )
    except BadJSON as problem:
        raise Invalid(FieldProblem(problem.field, problem.problem, "INVALID")) from None
    return validate_fields(model, fields)


def check_query() -> None:
    """Refuse control characters in a query before anything else reads it. Raises ``Invalid``."""
    for name, value in request.args.items(multi=True):
        if UNCLEAN.search(name) or UNCLEAN.search(value):
            field = name if PLAIN_NAME.fullmatch(name) else "query"
            raise Invalid(FieldProblem(field, "The value holds a control character.", "INVALID"))


def read_query(model: type[Q]) -> Q:
    """Read the query string into this schema.
    An unknown or repeated parameter raises ``Invalid`` naming it.
    """
    try:
        return model.from_query(request.args)
    except ValidationError as problem:
        raise Invalid(*list_field_problems(problem)) from None
