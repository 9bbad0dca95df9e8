"""Private files (mode 0600) of the instance folder.

Whenever the process dies, each is there as a whole or not at all.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def replace_file(path: Path, text: str | Callable[[int], str]) -> None:
    """Write a file in place of the one that may be there; ``text`` may depend on its descriptor."""
    _write(path, text, os.replace)


def create_file(path: Path, text: str) -> None:
    """Write a file that nobody else wrote first. Raises ``FileExistsError``."""
    _write(path, text, os.link)


def _write(path: Path, text: str | Callable[[int], str], publish: Callable[[str, Path], None]) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text if isinstance(text, str) else text(descriptor))
            file.flush()
            os.fsync(file.fileno())
        publish(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)
