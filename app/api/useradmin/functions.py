"""``/useradmin/v2/function`` and the graph."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.schemas.functions import ChildrenAdd
from app.api.schemas.functions import ChildrenRemove
from app.api.schemas.functions import FunctionAdd
from app.api.shapes.functions import FunctionShape
from app.api.shapes.functions import function_shown
from app.api.shapes.functions import functions_shown
from app.services import functions
from app.services.callers import Caller

PATH = "/useradmin/v2/function"


@blueprint.post(PATH)
@endpoint(answers=FunctionShape, body=FunctionAdd, statuses=(201,), writes=True)
def add_function(caller: Caller, body: FunctionAdd) -> Answer:
    """A new function under an existing parent."""
    return Answer(function_shown(functions.add(body.as_new(), caller)), status=201)


@blueprint.get(f"{PATH}/<function>")
@endpoint(answers=FunctionShape)
def get_function(caller: Caller, function: str) -> Answer:
    """One function by id or name."""
    return Answer(function_shown(functions.visible(function, caller)))


@blueprint.delete(f"{PATH}/<function>")
@endpoint(answers=FunctionShape, writes=True)
def delete_function(caller: Caller, function: str) -> Answer:
    """Delete for good: it counts for nothing from the next request on."""
    return Answer(function_shown(functions.delete(function, caller)))


@blueprint.get(f"{PATH}/<function>/children")
@endpoint(answers=[FunctionShape])
def list_children(caller: Caller, function: str) -> Answer:
    """The functions directly below."""
    return Answer(functions_shown(functions.children(functions.visible(function, caller))))


@blueprint.post(f"{PATH}/<function>/children")
@endpoint(answers=FunctionShape, body=ChildrenAdd, writes=True)
def add_children(caller: Caller, function: str, body: ChildrenAdd) -> Answer:
    """Put functions below; answers the parent."""
    return Answer(function_shown(functions.add_children(function, body.children, caller)))


@blueprint.delete(f"{PATH}/<function>/children")
@endpoint(answers=[FunctionShape], query=ChildrenRemove, writes=True)
def remove_children(caller: Caller, function: str, query: ChildrenRemove) -> Answer:
    """Take functions out; answers what remains."""
    return Answer(functions_shown(functions.remove_children(function, query.child, caller)))
