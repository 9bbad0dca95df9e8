"""``/useradmin/v2/function`` and the function graph."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import build_page
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.schemas.answers.functions import FunctionShape
from app.schemas.answers.functions import MappingShape
from app.schemas.answers.functions import build_function_shape
from app.schemas.answers.functions import build_function_shapes
from app.schemas.answers.functions import build_mapping_shapes
from app.schemas.requests.function_search import FunctionList
from app.schemas.requests.function_search import FunctionSearch
from app.schemas.requests.function_search import MappingList
from app.schemas.requests.function_search import MappingSearch
from app.schemas.requests.functions import ChildrenAdd
from app.schemas.requests.functions import ChildrenRemove
from app.schemas.requests.functions import FunctionAdd
from app.schemas.requests.functions import FunctionUpdate
from app.services.access.callers import Caller
from app.services.administration import function_search
from app.services.administration import functions
from app.services.guards import Guard

PATH = "/useradmin/v2/function"
MAPPING = "/useradmin/v2/functionmapping"


@blueprint.post(PATH)
@endpoint(answers=FunctionShape, body=FunctionAdd, statuses=(201,), changes_policy=True)
def add_function(caller: Caller, body: FunctionAdd) -> Answer:
    """Add a function under an existing parent."""
    return Answer(build_function_shape(functions.add_function(body.as_new(), caller)), status=201)


@blueprint.get(PATH)
@endpoint(answers=[FunctionShape], query=FunctionList)
def list_functions(caller: Caller, query: FunctionList) -> Answer:
    """List all functions, if the caller may see functions anywhere."""
    found = function_search.search_functions(
        caller, Guard.VIEW_FUNCTIONS, query.as_criteria(), query.page, query.sort_by
    )
    return build_page(found, build_function_shapes(found.rows))


@blueprint.post(f"{PATH}/search")
@endpoint(answers=[FunctionShape], body=FunctionSearch)
def search_functions(caller: Caller, body: FunctionSearch) -> Answer:
    """Search functions with a criteria object."""
    found = function_search.search_functions(
        caller, Guard.VIEW_FUNCTIONS, body.as_criteria(), body.page, body.order
    )
    return build_page(found, build_function_shapes(found.rows))


@blueprint.get(MAPPING)
@endpoint(answers=[MappingShape], query=MappingList)
def list_mappings(caller: Caller, query: MappingList) -> Answer:
    """List the edges of the graph."""
    found = function_search.search_edges(caller, query.as_criteria(), query.page, query.sort_by)
    return build_page(found, build_mapping_shapes(found.rows))


@blueprint.post(f"{MAPPING}/search")
@endpoint(answers=[MappingShape], body=MappingSearch)
def search_mappings(caller: Caller, body: MappingSearch) -> Answer:
    """Search edges with a criteria object."""
    found = function_search.search_edges(caller, body.as_criteria(), body.page, body.order)
    return build_page(found, build_mapping_shapes(found.rows))


@blueprint.get(f"{PATH}/<function>")
@endpoint(answers=FunctionShape)
def get_function(caller: Caller, function: str) -> Answer:
    """Get one function by id or name."""
    return Answer(build_function_shape(functions.get_visible_function(function, caller)))


@blueprint.put(f"{PATH}/<function>")
@endpoint(answers=FunctionShape, body=FunctionUpdate, changes_policy=True)
def update_function(caller: Caller, function: str, body: FunctionUpdate) -> Answer:
    """Change the fields that are sent."""
    return Answer(build_function_shape(functions.update_function(function, body.as_changes(), caller)))


@blueprint.delete(f"{PATH}/<function>")
@endpoint(answers=FunctionShape, changes_policy=True)
def delete_function(caller: Caller, function: str) -> Answer:
    """Delete a function permanently: it has no effect from the next request on."""
    return Answer(build_function_shape(functions.delete_function(function, caller)))


@blueprint.get(f"{PATH}/<function>/parents")
@endpoint(answers=[FunctionShape])
def list_parents(caller: Caller, function: str) -> Answer:
    """List the functions directly above."""
    return Answer(
        build_function_shapes(functions.list_parents(functions.get_visible_function(function, caller)))
    )


@blueprint.get(f"{PATH}/<function>/children")
@endpoint(answers=[FunctionShape])
def list_children(caller: Caller, function: str) -> Answer:
    """List the functions directly below."""
    return Answer(
        build_function_shapes(functions.list_children(functions.get_visible_function(function, caller)))
    )


@blueprint.post(f"{PATH}/<function>/children")
@endpoint(answers=FunctionShape, body=ChildrenAdd, changes_policy=True)
def add_children(caller: Caller, function: str, body: ChildrenAdd) -> Answer:
    """Add children to a function; returns the parent."""
    return Answer(build_function_shape(functions.add_children(function, body.children, caller)))


@blueprint.delete(f"{PATH}/<function>/children")
@endpoint(answers=[FunctionShape], query=ChildrenRemove, changes_policy=True)
def remove_children(caller: Caller, function: str, query: ChildrenRemove) -> Answer:
    """Remove children from a function; returns the rest."""
    return Answer(build_function_shapes(functions.remove_children(function, query.child, caller)))
