"""``POST /oauth/client/{x}/explain`` (design §5, §8): the decision itself, every check in order."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.schemas.answers.clients import ExplanationShape
from app.schemas.requests.clients import Explain
from app.services.access.callers import Caller
from app.services.inspection import explain_requests


@blueprint.post(f"{PREFIX}/oauth/client/<client>/explain")
@endpoint(answers=ExplanationShape, body=Explain)
def explain(caller: Caller, client: str, body: Explain) -> Answer:
    """Explain a decision: about oneself without evidence; about others it requires both guards."""
    return Answer(
        ExplanationShape(**explain_requests.explain_request(body.as_inquiry(client), caller).as_data())
    )
