"""The envelope and its messages (contract 1.2, 1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One message item; ``message_template`` is a stable code."""

    type: str
    message: str
    field: str | None = None
    message_template: str = ""
    parameter: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "type": self.type,
            "message": self.message,
            "field": self.field,
            "messageTemplate": self.message_template,
            "parameter": self.parameter,
        }


def build_envelope(
    data: Any,
    *,
    status: int = 200,
    messages: Sequence[Message] = (),
    limit: int = 0,
    offset: int = 0,
    count: int = 0,
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the envelope (contract 1.2): always the same eight fields; ``messages`` is always a list."""
    size = len(data) if isinstance(data, list) else 0
    return {
        "responseCode": status,
        "limit": limit,
        "offset": offset,
        "count": count or size,
        "size": size,
        "metaData": dict(metadata or {}),
        "messages": [message.as_json() for message in messages],
        "data": data,
    }
