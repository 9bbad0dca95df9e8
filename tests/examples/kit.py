"""The examples of ``docs/examples``, as their READMEs say: registered by the very call that stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.servers import LiveServer

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
CALL = re.compile(r"/authentication/v1/oauth/client -d '(\{.*?\})'", re.S)


def register(server: LiveServer, name: str) -> dict[str, Any]:
    """Register the example; returns the client."""
    (body,) = CALL.findall((EXAMPLES / name / "README.md").read_text(encoding="utf-8"))
    answer = server.call("POST", "/authentication/v1/oauth/client", json=json.loads(body))
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])
