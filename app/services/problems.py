"""Expected problems of a use case. The API and the pages each render them in one place.

Problem
├── Denied           the decision refuses (carries it, with its number)
│   └── Refused      refused at authorize, already written down
├── Invalid          one or more fields are wrong
├── Missing          no such thing, or not for this caller to know
├── Conflict         somebody else changed or took it first
├── NotHeld          the caller would touch more than they hold themselves
├── NotInteractive   this needs a person's own login
│   └── NotPersonal  or that person's API key without limits
├── StrongerLoginNeeded  the caller holds it, and this session may not use it
├── Unauthenticated  no credential, or none that proves who is there
├── NonceNeeded      a DPoP proof that is right but for the nonce of this moment, which the answer brings
├── BadCsrf          a call by the cookie lacks the proof that the caller's own script made it
├── Throttled        too many failures, try again in ``seconds``
└── Unavailable      the database cannot do it now; nothing was committed
    └── Undetermined     the answer to the COMMIT was lost: nobody knows whether it was done

A class says how it is answered: programs get its ``status``, ``code`` and ``sentence``; a page has the same
status unless the class names another in ``page_status`` (the contract calls a conflict 412, HTTP 409). A
subclass inherits all of it. The words of pages are translated and stand in ``web/words/problems.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.policy.answers import choose_api_status
from app.policy.facts import Decision


class Problem(Exception):
    """The base: an expected refusal, safe to show."""

    status: int = 412
    code: str = "REFUSED"
    sentence: str = "This cannot be done."
    # The status of a page, where it is not the status of the API.
    page_status: int | None = None


class Denied(Problem):
    """The gate refused: the status is 401 or 403, depending on the reasons."""

    status = 403

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.number)
        self.decision = decision
        self.status = choose_api_status(decision)


class Refused(Denied):
    """Refused at authorize and already recorded: always 403, for any reason (design §8)."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision)
        self.status = Refused.status


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """``field`` is the wire name; ``message`` says what to do; ``code`` is stable and upper case."""

    field: str
    message: str
    code: str = "INVALID"


class Invalid(Problem):
    """The input is wrong; every wrong field is named and nothing was changed."""

    code = "INVALID"

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in problems))
        self.problems = problems


class Missing(Problem):
    """The object does not exist, or the caller may not know of it."""

    status = 404
    code = "NOT_FOUND"
    sentence = "There is no such object, or you may not see it."

    def __init__(self, what: str = "object") -> None:
        super().__init__(what)
        self.what = what


class NotHeld(Problem):
    """The caller would take over, grant or revoke more rights than the caller holds."""

    status = 403
    code = "NOT_HELD"
    sentence = "This user holds more than you do: you cannot change the account."


class NotInteractive(Problem):
    """This operation needs a person's own login."""

    status = 403
    code = "NOT_INTERACTIVE"
    sentence = "This needs your own login, not a key or an application."


class NotPersonal(NotInteractive):
    """This operation needs a person's own login or API key; nothing may narrow it."""

    sentence = "This needs your own login or an API key without limits, not an application."


class StrongerLoginNeeded(Problem):
    """The caller holds what this needs, but only a stronger login may use it."""

    status = 403
    code = "STRONGER_LOGIN"
    sentence = "Log in with your second factor first, then do this."


class Conflict(Problem):
    """Another request changed or took the same object at the same time."""

    code = "CONFLICT"
    sentence = "Somebody else changed this at the same time. Read it again and repeat."
    page_status = 409


class Unauthenticated(Problem):
    """The request has no credential, or none that this server issued."""

    status = 401
    code = "UNAUTHENTICATED"
    sentence = "Log in, or send a valid API key or token."


class NonceNeeded(Problem):
    """A DPoP proof that is right, but without the nonce of this moment (RFC 9449 8, 9): no refusal, for the
    answer brings it. ``client_id``: the client whose token it is, where one was presented.
    """

    client_id: str | None = None
    status = 401
    code = "USE_DPOP_NONCE"
    sentence = "Repeat the call with the nonce of the header DPoP-Nonce in the proof."


class BadCsrf(Problem):
    """The header is missing, stale, for another URL or not signed with the session key."""

    status = 403
    code = "CSRF"
    sentence = "The Argus-Csrf-Token header is missing or not valid for this call."


class Throttled(Problem):
    """Too many failures."""

    status = 429
    code = "THROTTLED"
    sentence = "Too many failures. Try again later."

    def __init__(self, seconds: int) -> None:
        super().__init__(str(seconds))
        self.seconds = max(1, seconds)


class Unavailable(Problem):
    """The database is unavailable now. Nothing was committed."""

    status = 503
    code = "UNAVAILABLE"
    sentence = "The database cannot be reached. Nothing was changed; try again."


class Undetermined(Unavailable):
    """The connection was lost during the COMMIT, so all of it was done, or nothing."""

    code = "UNDETERMINED"
    sentence = "The database was lost while this was stored: it may be done. Look before you repeat it."
