"""The OAuth endpoints and their aliases: strict parsing first, then Authlib;
every error is a protocol answer.
"""

from __future__ import annotations

from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Blueprint
from flask import Response
from flask import jsonify
from flask import request

from app import documents
from app import edge
from app.edge import AmbiguousCredential
from app.edge import PresentedCredential
from app.extensions import csrf
from app.oauth import cors
from app.oauth import grants
from app.oauth import metadata
from app.oauth import protected_resource
from app.oauth import request_checks
from app.oauth.addresses import PREFIX
from app.oauth.claims import build_claims
from app.oauth.device_endpoint import answer_device_authorization
from app.oauth.errors import BAD_BEARER
from app.oauth.errors import ArgusOAuthError
from app.oauth.errors import MissingBearer
from app.oauth.errors import as_json
from app.oauth.errors import build_bearer_refusal
from app.oauth.errors import translate_error
from app.oauth.protocol_errors import ProtocolError
from app.oauth.push import answer_push
from app.oauth.requests import ArgusRequest
from app.oauth.requests import ClientCredentials
from app.oauth.server import NO_STORE
from app.oauth.server import oauth_server
from app.oauth.signed_introspection import MEDIA_TYPE
from app.policy.facts import Leg
from app.policy.scopes import keep_permitted
from app.services.access import callers
from app.services.access import client_rows
from app.services.access import gate
from app.services.access import presented
from app.services.access import proofs
from app.services.access.callers import Caller
from app.services.audit import trail
from app.services.problems import NonceNeeded
from app.services.problems import Throttled
from app.services.problems import Unavailable
from app.services.tokens import signing_keys

blueprint = Blueprint("oauth", __name__)
cors.register(blueprint)


@blueprint.post(PREFIX + "/token")
@blueprint.post("/oauth/token")
@csrf.exempt
def token() -> Response:
    """Issue tokens by one of ``GRANTS`` (contract 2.7). The steps are the same for all:

    1. read the form, strictly;
    2. read how the client shows who it is: one of ``CLIENT_METHODS``;
    3. find the grant that ``grant_type`` names;
    4. keep the parameters that this grant declares;
    5. read the user's own credential, where the client does not authenticate;
    6. let the grant authenticate the client, ask the gate, write and answer (Authlib).
    """
    form = request_checks.check_token_request(request)
    client = request_checks.read_client_credentials(request, form)
    grant = grants.named(form.get("grant_type"))
    params = grant.own_parameters(form)
    credential = None if grant.client_authenticates else _find_user_credential()
    if credential is not None and client.client_id is not None:
        presented.look_ahead(credential.text, client.client_id)
    protocol = _build_protocol_request(
        params, client, credential, issues_refresh_token=grant.issues_refresh_token
    )
    response: Response = oauth_server().create_token_response(protocol)
    return response


@blueprint.post(PREFIX + "/token/introspect")
@blueprint.post("/oauth/introspect")
@csrf.exempt
def introspect() -> Response:
    """Introspect a token (RFC 7662); the answer has no envelope (contract 2.8). ``Accept`` may ask for a
    signed one (RFC 9701 4).
    """
    signed = request.accept_mimetypes.best_match(("application/json", MEDIA_TYPE)) == MEDIA_TYPE
    return _create_endpoint_response("introspection", wants_signed_answer=signed)


@blueprint.post(PREFIX + "/token/revoke")
@blueprint.post("/oauth/revoke")
@csrf.exempt
def revoke() -> Response:
    """Revoke a token (RFC 7009)."""
    return _create_endpoint_response("revocation")


@blueprint.post(PREFIX + "/par")
@blueprint.post("/oauth/par")
@csrf.exempt
def push() -> Response:
    """Take a pushed authorization request (RFC 9126)."""
    params = request_checks.check_token_request(request)
    return answer_push(
        _build_protocol_request(params, request_checks.read_client_credentials(request, params))
    )


@blueprint.post(PREFIX + "/device_authorization")
@blueprint.post("/oauth/device_authorization")
@csrf.exempt
def device_authorization() -> Response:
    """Begin for a device without a browser (RFC 8628 3.1)."""
    params = request_checks.check_token_request(request)
    return answer_device_authorization(
        _build_protocol_request(params, request_checks.read_client_credentials(request, params))
    )


@blueprint.route(PREFIX + "/userinfo", methods=["GET", "POST"])
@blueprint.route("/oauth/userinfo", methods=["GET", "POST"])
@csrf.exempt
def userinfo() -> Response:
    """Return claims about the user (OIDC Core 5.3); the answer has no envelope (contract 2.9)."""
    caller = _require_bearer()
    question = callers.question_on_leg(caller, Leg.USERINFO)
    decision = gate.ask(question)
    if not decision:
        refusal = trail.record_refusal("userinfo", caller.actor, decision, question)
        raise build_bearer_refusal(refusal, caller)
    session = caller.session
    granted = keep_permitted(session.oauth.access_scopes, session.client.permitted_scopes)
    response = jsonify(build_claims(session, granted, decision.rights))
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/.well-known/openid-configuration")
def openid_configuration() -> Response:
    """OpenID Connect Discovery 1.0."""
    return documents.respond(documents.write_once("openid", metadata.describe_openid_provider))


@blueprint.get("/.well-known/oauth-authorization-server")
def authorization_server_metadata() -> Response:
    """RFC 8414."""
    return documents.respond(documents.write_once("oauth", metadata.describe_authorization_server))


@blueprint.get(protected_resource.PATH)
def protected_resource_metadata() -> Response:
    """RFC 9728: what resource servers and their clients look up about this server's own API."""
    return documents.respond(documents.write_once("resource", protected_resource.describe_protected_resource))


@blueprint.get("/oauth/jwks")
def jwks() -> Response:
    """Return the public signing keys (RFC 7517). Which, is asked each time: a leaked one is gone at once."""
    kids = signing_keys.list_published_kids()
    return documents.respond(
        documents.write_once(kids, lambda: {"keys": signing_keys.list_public_jwks(kids)})
    )


@blueprint.errorhandler(OAuth2Error)
def _oauth_error(problem: OAuth2Error) -> Response:
    body, status, headers = as_json(translate_error(problem))
    response = jsonify(body)
    response.status_code = status
    response.headers.extend([h for h in headers if h[0] not in ("Content-Type",)])
    response.headers.update(dict(NO_STORE))
    return response


@blueprint.errorhandler(ProtocolError)
def _protocol_error(problem: ProtocolError) -> Response:
    return _oauth_error(ArgusOAuthError(problem.error, problem.description, status=problem.status))


@blueprint.errorhandler(AmbiguousCredential)
def _ambiguous(problem: AmbiguousCredential) -> Response:  # noqa: ARG001
    return _oauth_error(ArgusOAuthError("invalid_request", "Send one credential, well formed.", status=400))


@blueprint.errorhandler(NonceNeeded)
def _nonce_needed(problem: NonceNeeded) -> Response:
    if problem.client_id is not None:
        cors.note_client(client_rows.find_requesting_client(problem.client_id))
    error, challenge = "use_dpop_nonce", proofs.build_challenge("use_dpop_nonce")
    return _oauth_error(ArgusOAuthError(error, status=problem.status, challenge=challenge))


@blueprint.errorhandler(Throttled)
def _throttled(problem: Throttled) -> Response:
    response = _oauth_error(ArgusOAuthError("invalid_client", problem.sentence, status=problem.status))
    response.headers["Retry-After"] = str(problem.seconds)
    return response


@blueprint.errorhandler(Unavailable)
def _unavailable(problem: Unavailable) -> Response:
    return _oauth_error(ArgusOAuthError("server_error", status=problem.status))


def _create_endpoint_response(name: str, *, wants_signed_answer: bool = False) -> Response:
    params = request_checks.check_token_request(request)
    client = request_checks.read_client_credentials(request, params)
    protocol = _build_protocol_request(params, client, wants_signed_answer=wants_signed_answer)
    response: Response = oauth_server().create_endpoint_response(name, protocol)
    return response


def _build_protocol_request(
    params: dict[str, str],
    client: ClientCredentials,
    credential: PresentedCredential | None = None,
    *,
    issues_refresh_token: bool = False,
    wants_signed_answer: bool = False,
) -> ArgusRequest:
    return ArgusRequest(
        "POST",
        PREFIX + "/token",
        params,
        client_credentials=client,
        credential=credential,
        caller=edge.identify_caller(request, credential) if credential is not None else None,
        contact=edge.read_contact(request),
        proof=edge.read_proof(request),
        issues_refresh_token=issues_refresh_token,
        wants_signed_answer=wants_signed_answer,
    )


def _find_user_credential() -> PresentedCredential | None:
    """Find the user's credential beside the client's. A cookie is ignored: browsers send it by themselves."""
    by_basic = request.authorization is not None and request.authorization.type == "basic"
    credential = edge.find_api_key(request) if by_basic else edge.find_credential(request)
    return credential if credential is not None and credential.kind != "cookie" else None


def _require_bearer() -> Caller:
    credential = edge.find_credential(request)
    if credential is None or credential.kind not in ("bearer", "dpop"):
        raise MissingBearer
    caller = edge.identify_caller(request, credential)
    if caller is None or caller.kind != "oauth":
        text = "The access token is not valid."
        raise ArgusOAuthError("invalid_token", text, status=401, challenge=BAD_BEARER)
    cors.note_client(caller.session.client)
    return caller
