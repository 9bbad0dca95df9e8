"""Runs tests over mutants: ``python -m tests.torture.mutating STEP FILE,FILE… TESTS…`` prints JSON.

Everything is imported and collected once. The tests run without a mutant first, and who of them enters which
function is noted. Then each mutant is a fork in which the function has other code, and runs those tests
alone until one fails; without the mutant the same tests pass. What the mutant does ends with its process.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import os
import resource
import signal
import sys
import threading
import traceback
from collections import defaultdict
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from types import CodeType
from types import FrameType
from types import FunctionType

import hypothesis
import pytest
from hypothesis import Phase

from tests.torture.mutants import Mutant
from tests.torture.mutants import find_mutants

ROOT = Path(__file__).parents[2]
AT_ONCE = 2
# A mutant that never ends, or takes all memory, is dead too.
MOST_SECONDS, MOST_BYTES = 120, 3 * 2**30
KILLED, SURVIVED, BROKEN = 1, 0, 70
# A file, and the qualified name of a function in it.
Place = tuple[str, str]
# Who enters a function: the numbers of the tests.
Entries = dict[Place, list[int]]


class Mutating:
    """A plugin of pytest: instead of running the tests once, it runs them over every mutant."""

    def __init__(self, files: Sequence[str], step: int) -> None:
        self.tried = {
            file: list(find_mutants((ROOT / file).read_text(encoding="utf-8")))[::step] for file in files
        }
        self.survivors: dict[str, list[str]] = {file: [] for file in files}
        self.trusted = set[tuple[str, str, str]]()

    def pytest_collection(self) -> None:
        """Always the same examples, and none made smaller: it is enough to know that one fails."""
        hypothesis.settings.register_profile(
            "mutants", derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate]
        )
        hypothesis.settings.load_profile("mutants")
        # Some are imported only when an application is made: a fork finds all of them there.
        for file in self.tried:
            importlib.import_module(file.removesuffix(".py").replace("/", "."))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        entries = self._note_entries(session)
        waiting = [(file, one) for file, mutants in self.tried.items() for one in mutants][::-1]
        running = dict[int, Attempt]()
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                file, one = waiting.pop()
                tests = [session.items[number] for number in entries.get((file, one.function), ())]
                attempt = Attempt(file, one, tests)
                running[_fork(functools.partial(attempt.kill, session))] = attempt
            child, status = os.wait()
            attempt, code = running.pop(child), os.waitstatus_to_exitcode(status)
            assert code != BROKEN, f"not tried: {attempt}"
            if code == SURVIVED:
                self.survivors[attempt.file].append(attempt.mutant.name)
                print("survived", attempt, file=sys.__stderr__, flush=True)
            elif code == KILLED:
                self._distrust(session, attempt)
        return True

    def _distrust(self, session: pytest.Session, attempt: Attempt) -> None:
        """Without the mutant the same tests pass, the one that failed included: neither order nor chance."""
        tests = attempt.read_tests()
        key = attempt.file, attempt.mutant.function, tests[-1].nodeid
        if key not in self.trusted:
            child = _fork(lambda: KILLED if _run(session, tests) else SURVIVED)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            assert code == SURVIVED, f"fails without a mutant too, after others: {tests[-1].nodeid}"
            self.trusted.add(key)

    def _note_entries(self, session: pytest.Session) -> Entries:
        """Run all tests without a mutant; each function's tests, in order."""
        reading, writing = os.pipe()

        def work() -> int:
            found = defaultdict[Place, set[int]](set)
            for number, item in enumerate(session.items):
                with self._profiled(lambda place, number=number: found[place].add(number)):
                    failed = _run(session, [item], session.items[number + 1 : number + 2])
                if failed:
                    os.write(writing, item.nodeid.encode())
                    return KILLED
            told = [(*place, sorted(tests)) for place, tests in found.items()]
            with open(writing, "w", encoding="utf-8", closefd=False) as out:
                json.dump(told, out)
            return SURVIVED

        child = _fork(work, limited=False)
        os.close(writing)
        with open(reading, encoding="utf-8") as told:
            text = told.read()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code == SURVIVED, f"fails without a mutant too: {text}"
        return {(file, function): tests for file, function, tests in json.loads(text)}

    @contextlib.contextmanager
    def _profiled(self, note: Callable[[Place], object]) -> Iterator[None]:
        paths = {str(ROOT / file): file for file in self.tried}

        def profile(frame: FrameType, event: str, _: object) -> None:
            if event == "call" and frame.f_code.co_filename in paths:
                code = frame.f_code
                note((paths[code.co_filename], code.co_qualname.partition(".<locals>")[0]))

        threading.setprofile(profile)
        sys.setprofile(profile)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]


class Attempt:
    """One mutant, and the tests that enter its function."""

    def __init__(self, file: str, mutant: Mutant, tests: Sequence[pytest.Item]) -> None:
        self.file, self.mutant, self.tests = file, mutant, tests
        self.reading, self.writing = os.pipe()

    def __str__(self) -> str:
        return f"{self.file} {self.mutant.line} {self.mutant.name}"

    def kill(self, session: pytest.Session) -> int:
        _put_code(str(ROOT / self.file), self.mutant)
        for number, item in enumerate(self.tests):
            if _run(session, [item], self.tests[number + 1 : number + 2]):
                os.write(self.writing, str(number).encode())
                return KILLED
        return SURVIVED

    def read_tests(self) -> Sequence[pytest.Item]:
        """Those that were run, the last of which failed."""
        os.close(self.writing)
        with open(self.reading, encoding="ascii") as told:
            return self.tests[: int(told.read()) + 1]


def _run(session: pytest.Session, tests: Sequence[pytest.Item], after: Sequence[pytest.Item] = ()) -> bool:
    """Run these until one fails, and tear down what the ones after do not need; whether one failed."""
    line = [*tests, *(after or [None])]
    for item, following in zip(tests, line[1:], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            # Servers and databases of the test run end with their fixtures.
            with contextlib.suppress(BaseException):
                session._setupstate.teardown_exact(None)
            return True
    return False


def _put_code(path: str, mutant: Mutant) -> None:
    """Give the function its other code in place: whoever has imported it has that code too."""
    code = _find_code(compile(mutant.make(), path, "exec"), mutant.function)
    found = [
        one
        for one in gc.get_objects()
        if isinstance(one, FunctionType)
        and (one.__code__.co_filename, one.__code__.co_qualname) == (path, mutant.function)
    ]
    assert found, f"not imported: {mutant.function}"
    for one in found:
        one.__code__ = code


def _find_code(code: CodeType, function: str) -> CodeType:
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    for one in inner:
        if one.co_qualname == function:
            return one
    return _find_code(next(one for one in inner if function.startswith(one.co_qualname + ".")), function)


def _fork(work: Callable[[], int], *, limited: bool = True) -> int:
    """Do this in a process of its own, silently, on one database; the number of the process."""
    child = os.fork()
    if child:
        return child
    code = BROKEN
    try:
        if limited:
            signal.alarm(MOST_SECONDS)
            resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        code = work()
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def main(step: str, files: str, tests: Sequence[str]) -> int:
    """Print how many mutants of each file there were and which survived."""
    # A guard is the same on both databases.
    os.environ.pop("ARGUS_TEST_POSTGRES_URL", None)
    mutating = Mutating(files.split(","), int(step))
    options = ["-q", "--capture=sys", "-p", "no:randomly", "-p", "no:cacheprovider", "--tb=short"]
    code = pytest.main([*options, "-W", "ignore::pytest.PytestAssertRewriteWarning", *tests], [mutating])
    tried = {file: len(mutants) for file, mutants in mutating.tried.items()}
    print(json.dumps({"tried": tried, "survivors": mutating.survivors}))  # noqa: T201 - what the caller reads
    return 0 if code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
