"""DPoP at the token and push endpoints (RFC 9449 5, 10): which key a token is bound to.

A proof is judged after the client, before anything is used up, and counts once: ``spend`` comes when all else
is right. The proofs of calls with a token are judged in ``edge``.
"""

from __future__ import annotations

from typing import NoReturn

from app.oauth.errors import ArgusOAuthError
from app.oauth.refusals import refuse
from app.oauth.requests import ArgusRequest
from app.services.access import proofs
from app.services.access.client_algorithms import choose_algorithms
from app.services.access.proofs import Proof
from app.services.access.proofs import ProofProblem
from app.services.problems import NonceNeeded


def judge(request: ArgusRequest, *, key: str | None = None, required: bool = False) -> Proof | None:
    """Judge the proof of this request; ``None`` if there is none and none is ``required``. ``key`` is the
    thumbprint of the only key that will do. Raises ``invalid_dpop_proof``, ``use_dpop_nonce``.
    """
    if request.proof is None:
        if key is not None or required:
            _refuse(request, ProofProblem("proof_missing"))
        return None
    try:
        return proofs.judge(request.proof, key=key, algorithms=choose_algorithms(request.client))
    except ProofProblem as problem:
        _refuse(request, problem)
    except NonceNeeded:
        raise ArgusOAuthError("use_dpop_nonce") from None


def spend(request: ArgusRequest, proof: Proof) -> None:
    """Use up a proof, once in a request. Raises ``invalid_dpop_proof`` if it was used before."""
    if request.has_spent_proof:
        return
    try:
        proof.use_up()
    except ProofProblem as problem:
        _refuse(request, problem)
    request.has_spent_proof = True


def _refuse(request: ArgusRequest, problem: ProofProblem) -> NoReturn:
    refuse(request, "proof", "invalid_dpop_proof", problem.sentence, reason=problem.reason)
