"""The database fails at every single statement of a use case (security rule 10, design decision 21).

Whatever the moment and the kind: the answer is a success or 503, the rows are all as before or all as after
it, and the same request, sent again, succeeds.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.torture import faults
from tests.torture import state
from tests.torture.faults import Fault
from tests.torture.scale import figure
from tests.torture.use_cases import USE_CASES
from tests.torture.use_cases import InProcess
from tests.torture.use_cases import Reply
from tests.torture.use_cases import Request
from tests.torture.use_cases import Stage
from tests.torture.use_cases import find_code
from tests.torture.use_cases import find_tokens
from tests.torture.use_cases import is_done
from tests.world import PASSWORD
from tests.world import REDIRECT
from tests.world import SECRET
from tests.world import World

faults.install()
# An error or a lost connection, once or from there on; and what the unit of work tries once more.
COURSES = [("lost", False), ("error", True), ("collision", False), ("lost", True), ("error", False)]
# A refresh whose answer was lost inside our own walls is answered as any repeated one, and counted.
COUNTED = {"oauth_session": {"repeats_in_a_row", "repeated_generation"}}


class Trial:
    """One use case over one database: its rows before and after, and as many faults as wanted."""

    def __init__(self, engine: Engine, stage: Stage, name: str) -> None:
        self.engine, self.stage = engine, stage
        self.request: Request = USE_CASES[name](stage)
        # What a process keeps, such as a verified secret, is there from the first time on.
        self.before = state.read(self.engine)
        self.run(Fault())
        self.set_back()
        with faults.armed(Fault()) as counting:
            reply = self.request()
        assert is_done(reply), (reply.status, reply.text)
        self.statements = counting.seen
        self.after = state.read(self.engine)
        assert state.mask(self.before) != state.mask(self.after), "this changes nothing, so it shows nothing"
        self.set_back()
        assert state.read(self.engine) == self.before

    def set_back(self) -> None:
        state.restore(self.engine, self.before)

    def run(self, fault: Fault) -> Reply:
        with faults.armed(fault):
            return self.request()

    def judge(self, fault: Fault) -> list[str]:
        """What is wrong with how this fault was taken; then everything is as before again."""
        reply = self.run(fault)
        found = list(self._judge(fault, reply))
        self.set_back()
        where = f"{fault.kind} {fault.moment} {fault.at} {'lasting' if fault.lasting else 'once'}"
        return [f"{where}: {fault.struck[:100]!r}: {line}" for line in found]

    def _judge(self, fault: Fault, reply: Reply) -> Iterator[str]:
        now = state.read(self.engine)
        if is_done(reply):
            without = COUNTED if fault.is_in_doubt else {}
            if state.mask(now, without) != state.mask(self.after, without):
                yield "half done: " + state.describe_difference(self.after, now)
            yield from self._judge_fruits(reply)
            return
        if reply.status != 503:
            yield f"answered {reply.status}: {reply.text[:300]}"
        if now != self.before and not (fault.is_in_doubt and state.mask(now) == state.mask(self.after)):
            yield f"answered {reply.status}, but: " + state.describe_difference(self.before, now)
        again = self.request()
        if fault.is_in_doubt:
            # It was done, and nobody could know: what cannot be done twice is refused now.
            if again.status >= 500:
                yield f"sent again: {again.status}"
            return
        if not is_done(again):
            yield f"sent again: {again.status} {again.text[:300]}"
        elif state.mask(state.read(self.engine)) != state.mask(self.after):
            yield "sent again: " + state.describe_difference(self.after, state.read(self.engine))
        yield from self._judge_fruits(again)

    def _judge_fruits(self, reply: Reply) -> Iterator[str]:
        """What the answer handed out works."""
        for token in find_tokens(reply):
            if not self.stage.lives(token):
                yield "the access token of a success is dead"
        code = find_code(reply)
        if code and self.stage.redeems(code).status != 200:
            yield "the code of a success is dead"


@pytest.mark.parametrize("name", USE_CASES)
def test_every_statement_may_fail(app: Flask, world: World, name: str) -> None:
    world.user("root-admin", holds=[("ALL-FUNCTIONS", "root")])
    stage = Stage(
        InProcess(app), "alice", PASSWORD, world.client(), SECRET, REDIRECT, world.api_key("root-admin")
    )
    with state.connected_as(app) as engine:
        trial = Trial(engine, stage, name)
        assert faults.COMMIT in trial.statements
        every = list(list_faults(trial.statements, has_connection=engine.dialect.name == "postgresql"))
        tried = [one for number, one in enumerate(every) if number % figure("fault_step") == 0]
        problems = [line for fault in tried for line in trial.judge(fault)]
    assert not problems, f"{len(problems)} of {len(tried)}:\n" + "\n".join(problems)


def list_faults(statements: list[str], *, has_connection: bool) -> Iterator[Fault]:
    """Every course at every statement, the last statement first: there is the COMMIT."""
    for number in reversed(range(1, len(statements) + 1)):
        for moment in ("after", "before"):
            for kind, lasting in COURSES:
                # Only a lost connection leaves a COMMIT in doubt: an error says that it was not done.
                possible = moment == "before" or kind == "lost" or statements[number - 1] != faults.COMMIT
                if possible and (kind != "lost" or has_connection):
                    yield Fault(kind, moment, number, lasting)
