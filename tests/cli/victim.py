"""A process that runs commands of ``argus-idp`` in copies of itself (fork) and ends them where it is told to.

One job a line on standard input, one answer a line on standard output, both JSON. Nothing of ``app`` knows of
this. A moment is a statement or COMMIT, before it is sent, or a file that is opened for writing, linked,
renamed or removed; they are counted from 1.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from app import cli

FILE_EVENTS = ("open", "os.link", "os.rename", "os.remove")


class Fault:
    """Strikes at one moment, by ``kill`` or by ``raise``; 0 never."""

    def __init__(self, how: str, at: int, folder: str) -> None:
        self.how, self.at, self.folder, self.seen = how, at, folder, 0

    def arm(self) -> None:
        event.listen(Engine, "before_cursor_execute", self._see_statement)
        event.listen(Engine, "commit", self._see_commit)
        sys.addaudithook(self._see_file)

    def _see_statement(self, *arguments: Any) -> None:
        self._count(OperationalError(arguments[2], None, Exception("disk I/O error")))

    def _see_commit(self, connection: Any) -> None:
        self._count(OperationalError("COMMIT", None, Exception("disk I/O error")))

    def _see_file(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name not in FILE_EVENTS or not str(arguments[0]).startswith(self.folder):
            return
        if name == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
            return
        self._count(OSError(28, "No space left on device"))

    def _count(self, problem: Exception) -> None:
        self.seen += 1
        if self.seen == self.at:
            if self.how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise problem


def run(job: dict[str, Any], answer: int) -> None:
    """Run one command; its exit status is the command's. Never returns."""
    os.environ.update(job["environment"])
    output = Path(job["output"]).open("w", encoding="utf-8")  # noqa: SIM115 - the process ends first
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    fault = Fault(job["how"], job["at"], job["environment"]["ARGUS_INSTANCE"])
    fault.arm()
    sys.argv = ["argus-idp", *job["arguments"]]
    status = 70
    try:
        cli.main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException as problem:
        sys.stderr.write(f"Traceback {problem!r}\n")
        sys.stderr.flush()
    os.write(answer, str(fault.seen).encode())
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(status)


def main() -> None:
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            run(json.loads(line), writing)
        os.close(writing)
        seen = os.read(reading, 20)
        os.close(reading)
        _, status = os.waitpid(child, 0)
        told = {"status": os.waitstatus_to_exitcode(status), "seen": int(seen or b"0")}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
