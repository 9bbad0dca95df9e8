"""OAuth clients (contract 2.2), and what ``explain`` answers (design §8)."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Literal
from typing import get_args

from app.models.clients import OAuthClient
from app.schemas.answers.infos import CustomerInfo
from app.schemas.answers.infos import DomainInfo
from app.schemas.answers.infos import FunctionInfo
from app.schemas.answers.infos import History
from app.schemas.answers.infos import SubjectInfo
from app.schemas.answers.infos import collect_history_fields
from app.schemas.answers.infos import collect_people_ids
from app.schemas.answers.infos import list_set_flags
from app.schemas.common import LEVEL_NAMES
from app.schemas.common import IDTokenAlgorithm
from app.schemas.common import Level
from app.schemas.wire import Shape
from app.schemas.wire import to_millis
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.clients import registry
from app.services.clients.field_kinds import Field
from app.services.clients.field_kinds import Kind
from app.services.clients.fields import ANSWERED
from app.services.clients.fields import FLAGS
from app.services.clients.fields import check_names
from app.services.inspection.whatif import Forecast

ClientFlag = Literal[
    "deleted", "hidden", "requireSameClientIP", "enableStandardOpenIDClaims", "enableStringGroupClaim"
]
Outcome = Literal["pass", "fail", "notApplicable"]
# How a field is answered whose row or number stands for more.
SHOW: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.CUSTOMER: CustomerInfo.from_row,
    Kind.DOMAIN: DomainInfo.from_row,
    Kind.FUNCTION: FunctionInfo.from_row,
    Kind.LEVEL: LEVEL_NAMES.__getitem__,
}


class ClientShape(History):
    """A client. Fields gated by ``viewOAuthClientsDetails`` are null for others.
    It never contains the secret.
    """

    id: str
    short_name: str
    name: str
    description: str
    main_uri: str
    customer: CustomerInfo | None
    domain: DomainInfo
    required_function: FunctionInfo
    authentication_method: Literal["none", "password", "privateKey"]
    max_security_level: Level
    flags: list[ClientFlag]
    permission_scope: FunctionInfo | None = None
    permitted_scopes: list[str] | None = None
    client_ip_range: list[str] | None = None
    redirect_uris: list[str] | None = None
    redirect_uri: str | None = None
    id_token_signed_response_alg: IDTokenAlgorithm | None = None
    resource_servers: list[str] | None = None
    open_id_custom_claims: list[dict[str, Any]] | None = None
    previous_secret_until: int | None = None
    jwks: dict[str, Any] | None = None
    require_pkce: bool | None = None
    require_pushed_authorization_requests: bool | None = None
    dpop_bound_access_tokens: bool | None = None
    fapi2_security_profile: bool | None = None
    allow_device_grant: bool | None = None
    insecure_without_pkce: bool | None = None
    post_logout_redirect_uris: list[str] | None = None
    backchannel_logout_uri: str | None = None


GATED = tuple(field for field in ANSWERED if field.gated)
OPEN = tuple(field for field in ANSWERED if not field.gated)
_own = {name: field for name, field in ClientShape.model_fields.items() if name not in History.model_fields}
check_names(
    "ClientShape, open",
    (name for name, field in _own.items() if field.is_required()),
    OPEN,
    beside={"id", "flags"},
)
check_names(
    "ClientShape, gated",
    (name for name, field in _own.items() if not field.is_required()),
    GATED,
    beside={"redirect_uri", "previous_secret_until"},
)
if set(get_args(ClientFlag)) != {"deleted"} | {field.wire for field in FLAGS}:
    raise TypeError("ClientFlag and the table of client fields differ")


class AuthorizedShape(Shape):
    """An approval by JSON: the code, and the address to send the browser to."""

    authorization_code: str
    redirect_uri: str
    state: str | None


class FindingShape(Shape):
    """The result of one rule."""

    rule: str
    outcome: Outcome
    reason: str | None
    message: str
    evidence: dict[str, Any]


class RightShape(Shape):
    """A function for a customer, and everything below both."""

    function: str
    customer: str


class MissingShape(Shape):
    """A function of the permission scope that the session does not get, and why."""

    function: str
    reason: str
    message: str


class ExplanationShape(Shape):
    """The decision with every check in order; ``recorded`` is the decision that was asked for by number."""

    decision: str
    allowed: bool
    leg: str
    findings: list[FindingShape]
    permissions: list[RightShape]
    missing: list[MissingShape]
    recorded: dict[str, Any] | None = None


class EffectShape(Shape):
    """What would differ for one user."""

    user: SubjectInfo
    access: Literal["gains", "loses", "keeps", "none"]
    gained: list[RightShape]
    lost: list[RightShape]
    reasons: list[str]


class ForecastShape(Shape):
    """The users affected by a change; ``unnamed`` counts those who may not be named, or are too many."""

    gains: int
    loses: int
    changes: int
    unnamed: int
    effects: list[EffectShape]


def build_forecast_shape(forecast: Forecast, caller: Caller) -> ForecastShape:
    """Build the forecast: who gains access, who loses it, and what changes for each user."""
    graph, tree = caller.question.graph, caller.question.tree

    def rights(pairs: Sequence[tuple[int, int]]) -> list[RightShape]:
        return [RightShape(function=graph.names[f], customer=tree.names[c]) for f, c in pairs]

    effects = [
        EffectShape(
            user=SubjectInfo.from_row(effect.user),
            access=effect.access,
            gained=rights(effect.gained),
            lost=rights(effect.lost),
            reasons=[finding.reason for finding in effect.after.denials],
        )
        for effect in forecast.effects
    ]
    return ForecastShape(
        gains=forecast.count("gains"),
        loses=forecast.count("loses"),
        changes=forecast.count("keeps"),
        unnamed=forecast.unnamed,
        effects=effects,
    )


def build_client_shapes(rows: Sequence[OAuthClient], caller: Caller) -> list[ClientShape]:
    """Build the shapes of all rows with the users they name; gated fields only where allowed."""
    people = directory.load_subjects_by_id(collect_people_ids(rows, "created_by_id", "updated_by_id"))
    return [
        ClientShape(
            **_collect_open_fields(row),
            **collect_history_fields(row, people),
            **(_collect_gated_fields(row) if registry.may_see_details(row, caller) else {}),
        )
        for row in rows
    ]


def build_client_shape(row: OAuthClient, caller: Caller) -> ClientShape:
    """Build the shape of one client."""
    return build_client_shapes([row], caller)[0]


def _collect_open_fields(client: OAuthClient) -> dict[str, Any]:
    marked = [(field.wire, getattr(client, field.name)) for field in FLAGS]
    return {
        "id": client.id,
        "flags": list_set_flags(("deleted", client.deleted_at), *marked),
        **{field.name: _value(field, client) for field in OPEN},
    }


def _collect_gated_fields(client: OAuthClient) -> dict[str, Any]:
    uri = client.redirect_uris[0] if client.redirect_uris else None
    beside = {"redirect_uri": uri, "previous_secret_until": to_millis(client.previous_secret_until)}
    return {**beside, **{field.name: _value(field, client) for field in GATED}}


def _value(field: Field, client: OAuthClient) -> Any:
    held = getattr(client, field.name)
    show = SHOW.get(field.kind)
    return show(held) if show is not None and held is not None else held
