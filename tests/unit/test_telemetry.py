"""What a log line must never hold (security rule 76)."""

from __future__ import annotations

import io
import sys

import pytest
import structlog

from app import telemetry

PASSWORD = "correct horse battery"


def test_a_traceback_shows_no_values(capfd: pytest.CaptureFixture[str]) -> None:
    """An unexpected error says where it came from; what the functions on the way held stays out."""
    password = PASSWORD
    telemetry.configure_logging("INFO")
    try:
        [][len(password)]
    except IndexError as problem:
        structlog.get_logger("test").exception("unexpected", exc_info=problem)
    finally:
        telemetry.configure_logging("ERROR")
    said = capfd.readouterr().err
    assert "test_a_traceback_shows_no_values" in said
    assert PASSWORD not in said


def test_a_replaced_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line goes where standard error leads when it is written; a stream closed since is no error."""
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    telemetry.configure_logging("INFO")
    try:
        monkeypatch.setattr(sys, "stderr", second)
        first.close()
        structlog.get_logger("test").info("still said")
    finally:
        telemetry.configure_logging("ERROR")
    assert "still said" in second.getvalue()
