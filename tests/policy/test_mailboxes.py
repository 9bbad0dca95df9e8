"""Which mail addresses are safe in a header and in a command of SMTP."""

from __future__ import annotations

import pytest

from app.policy.mailboxes import is_mailbox


@pytest.mark.parametrize("text", ["a@b", "alice.b+c@example.com", "a@[127.0.0.1]", "a@[IPv6:::1]"])
def test_one_plain_address(text: str) -> None:
    assert is_mailbox(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@b",
        "a@",
        "a@b@c",
        "a b@c",
        "a@b, c@d",
        "<a@b>",
        "a@b\n",
        "a@b\r\nBcc: c@d",
        '"a"@b',
        "\u00e6@b",
        "a@" + "b" * 253,
    ],
)
def test_anything_else(text: str) -> None:
    assert not is_mailbox(text)
