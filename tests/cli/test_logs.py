"""The log: one line an event, nothing of any content, whatever was being read when it went wrong."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path

import pytest

from tansiq.cli.logs import LineFormatter, set_up
from tansiq.errors import BadInput, Unavailable

SECRET = "Abdelcrim Chauni Zaglul"
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [a-z]+ \S+ .*")


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TANSIQ_LOG", raising=False)


def record(name: str, message: str, *arguments: object, error: BaseException | None = None) -> logging.LogRecord:
    information = (type(error), error, error.__traceback__) if error is not None else None
    return logging.LogRecord(name, logging.ERROR, "/somewhere/file.py", 7, message, arguments, information)


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("tansiq.door", ValueError(SECRET)),
        ("tansiq.door", BadInput("protocol.truncated", at=SECRET)),
        ("asyncio", RuntimeError(SECRET)),
        ("django.request", KeyError(SECRET)),
    ],
)
def test_an_exception_is_told_by_kind_and_place_alone(name: str, error: BaseException) -> None:
    line = LineFormatter().format(record(name, "the door failed", error=raised(error)))
    assert SECRET not in line
    assert "\n" not in line
    assert LINE.fullmatch(line)
    assert type(error).__name__ in line
    assert "test_logs" in line


def test_our_own_words_are_told_whole_on_one_line() -> None:
    line = LineFormatter().format(record("tansiq.delivery", "%s: %s\nmore", "ma.dgst", "exchange.no-answer"))
    assert line.endswith("error tansiq.delivery ma.dgst: exchange.no-answer more")


def test_foreign_words_are_not_told() -> None:
    line = LineFormatter().format(record("asyncio", f"Task exception was never retrieved {SECRET}"))
    assert SECRET not in line
    assert LINE.fullmatch(line)


def test_tracebacks_come_only_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    error = raised(ValueError("a defect"))
    assert "a defect" not in LineFormatter().format(record("tansiq.door", "failed", error=error))
    monkeypatch.setenv("TANSIQ_LOG", "debug")
    assert "ValueError: a defect" in LineFormatter().format(record("tansiq.door", "failed", error=error))


def test_the_log_goes_to_a_file_that_only_its_owner_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", (tmp_path / "stderr").open("w", encoding="utf-8"))
    root, ours = logging.getLogger(), logging.getLogger("tansiq")
    before, level = root.handlers[:], ours.level
    try:
        set_up(tmp_path / "node.log")
        logging.getLogger("tansiq.node").info("ready")
        logging.getLogger("uvicorn.error").info("chatter")
        told = (tmp_path / "node.log").read_text()
    finally:
        for handler in root.handlers[:]:
            if handler not in before:
                root.removeHandler(handler)
                handler.close()
        for handler in before:
            root.addHandler(handler)
        ours.setLevel(level)
        sys.stderr.close()
    assert told.endswith(" info tansiq.node ready\n")
    assert "chatter" not in told
    assert (tmp_path / "node.log").stat().st_mode & 0o777 == 0o600


def test_a_log_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        set_up(tmp_path / "no" / "node.log")
    assert caught.value.code == "cli.no-log-file"
