"""Works the outbox off: expands what happened, calls who is due, notes what became of it.

One thread does all that touches the database; a few others call receivers, one each.
"""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait

import structlog

from app.runtime import per_app
from app.runtime import run_in_application
from app.services.outbox import receivers
from app.services.outbox.calls import make_calls
from app.services.outbox.expansion import expand_some
from app.services.outbox.occurrences import Bell
from app.services.outbox.receivers import Call
from app.services.outbox.receivers import Outcome
from app.services.tokens import signing_keys
from app.services.unit_of_work import run_in_transaction

MOST_CALLED = 8
log = structlog.get_logger("argus.outbox")


class Worker:
    """The work of one process. ``step`` is for one thread."""

    def __init__(self) -> None:
        self._callers = ThreadPoolExecutor(MOST_CALLED, thread_name_prefix="argus-outbox-call")
        self._under_way: dict[Future[Outcome], Call] = {}
        self._over = threading.Event()
        self._bell = per_app(Bell).rung

    def stop(self) -> None:
        """Begin no further call; those under way end after their message."""
        self._over.set()
        self._callers.shutdown(wait=False, cancel_futures=True)

    def step(self) -> bool:
        """Do what can be done now without waiting for a receiver; true if that was anything."""
        noted = self._note_outcomes()
        expanded = expand_some()
        return self._begin_calls() or expanded or noted

    def work_off(self) -> None:
        """Work until nothing is due at this moment, and no call is under way."""
        while self.step() or self._under_way:
            if self._under_way:
                wait(self._under_way, return_when=FIRST_COMPLETED)

    def _note_outcomes(self) -> bool:
        ended = [future for future in self._under_way if future.done()]
        for future in ended:
            call = self._under_way.pop(future)
            problem = future.exception()
            if problem is not None:
                log.error("outbox-call", client=call.client_id, exc_info=problem)
            outcome = future.result() if problem is None else Outcome(problem="an error of ours")
            run_in_transaction(lambda call=call, outcome=outcome: receivers.finish(call, outcome))  # type: ignore[misc]
        return bool(ended)

    def _begin_calls(self) -> bool:
        free = MOST_CALLED - len(self._under_way)
        begun = False
        for client_id in receivers.list_due(free) if free else ():
            begun = True
            call = run_in_transaction(lambda client_id=client_id: receivers.claim(client_id))  # type: ignore[misc]
            if call is not None:
                self._call(call)
        return begun

    def _call(self, call: Call) -> None:
        kid = signing_keys.find_active_kid(call.algorithm)
        signer = signing_keys.load_signer(kid, call.algorithm)
        over = self._over.is_set
        future = self._callers.submit(run_in_application(lambda: make_calls(call, signer, over)))
        self._under_way[future] = call
        future.add_done_callback(lambda _: self._bell.set())
