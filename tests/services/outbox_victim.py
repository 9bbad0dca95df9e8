"""A process that works the outbox off in copies of itself (fork), and ends them by ``kill -9`` where told.

One job a line on standard input, one answer a line on standard output, both JSON. A moment is a statement or
COMMIT, before it is sent; they are counted from 1.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from typing import Any

from app import clock
from app import create_app
from app.services.outbox.worker import Worker
from tests.cli.victim import Fault

NOW = clock.now


def run(job: dict[str, Any], answer: int) -> None:
    """Work off what is due; never returns."""
    clock.now = lambda: NOW() + timedelta(seconds=job["ahead"])
    fault = Fault("kill", job["at"], "/nowhere")
    try:
        app = create_app(job["environment"])
        with app.app_context():
            fault.arm()
            worker = Worker()
            worker.work_off()
        os.write(answer, str(fault.seen).encode())
    finally:
        os._exit(0)


def main() -> None:
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            run(json.loads(line), writing)
        os.close(writing)
        seen = os.read(reading, 20)
        os.close(reading)
        os.waitpid(child, 0)
        sys.stdout.write(json.dumps({"seen": int(seen or b"0")}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
