"""What a log line must never hold (security rule 76)."""

from __future__ import annotations

import pytest
import structlog

from app import telemetry

PASSWORD = "correct horse battery"


def test_a_traceback_shows_no_values(capfd: pytest.CaptureFixture[str]) -> None:
    """An unexpected error says where it came from; what the functions on the way held stays out."""
    password = PASSWORD
    telemetry.configure("INFO")
    try:
        [][len(password)]
    except IndexError as problem:
        structlog.get_logger("test").exception("unexpected", exc_info=problem)
    finally:
        telemetry.configure("ERROR")
    said = capfd.readouterr().err
    assert "test_a_traceback_shows_no_values" in said
    assert PASSWORD not in said
