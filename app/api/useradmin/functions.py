"""``/useradmin/v2/function`` and the graph."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.body import read_body
from app.api.body import read_query
from app.api.schemas.functions import ChildrenAdd
from app.api.schemas.functions import ChildrenRemove
from app.api.schemas.functions import FunctionAdd
from app.api.shapes import function_json
from app.models.authority import Function
from app.services import directory
from app.services import functions
from app.services.callers import Caller

PATH = "/useradmin/v2/function"


@blueprint.post(PATH)
@endpoint(writes=True)
def add_function(caller: Caller) -> Answer:
    """A new function under an existing parent."""
    return Answer(_shown(functions.add(read_body(FunctionAdd).as_new(), caller)), status=201)


@blueprint.get(f"{PATH}/<function>")
@endpoint()
def get_function(caller: Caller, function: str) -> Answer:
    """One function by id or name."""
    return Answer(_shown(functions.visible(function, caller)))


@blueprint.delete(f"{PATH}/<function>")
@endpoint(writes=True)
def delete_function(caller: Caller, function: str) -> Answer:
    """Delete for good: it counts for nothing from the next request on."""
    return Answer(_shown(functions.delete(function, caller)))


@blueprint.get(f"{PATH}/<function>/children")
@endpoint()
def list_children(caller: Caller, function: str) -> Answer:
    """The functions directly below."""
    return Answer([_shown(child) for child in functions.children(functions.visible(function, caller))])


@blueprint.post(f"{PATH}/<function>/children")
@endpoint(writes=True)
def add_children(caller: Caller, function: str) -> Answer:
    """Put functions below; answers the parent."""
    return Answer(_shown(functions.add_children(function, read_body(ChildrenAdd).children, caller)))


@blueprint.delete(f"{PATH}/<function>/children")
@endpoint(writes=True)
def remove_children(caller: Caller, function: str) -> Answer:
    """Take functions out; answers what remains."""
    remaining = functions.remove_children(function, read_query(ChildrenRemove).child, caller)
    return Answer([_shown(child) for child in remaining])


def _shown(function: Function) -> dict[str, object]:
    ids = (function.created_by_id, function.updated_by_id, function.deleted_by_id)
    return function_json(function, directory.subjects_by_id(one for one in ids if one is not None))
