"""Asking the running node: its errors come back as the same errors, and a node that is silent or talks nonsense is told."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from tansiq.errors import BadInput, Conflict, Refused, TooMuch, Unavailable
from tansiq.node.acts import serve_acts
from tansiq.node.asking import ask
from tansiq.node.home import Home
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.law import check_enquiry


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(path=tmp_path, agency="es.cgi")
    made.run.mkdir()
    return made


@contextmanager
def answering(home: Home, *lines: bytes) -> Iterator[list[dict[str, Any]]]:
    """A node that answers one question with ``lines``; what was asked is in the list."""
    asked: list[dict[str, Any]] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(home.socket))
        server.listen(1)

        def serve() -> None:
            client, _ = server.accept()
            with client, client.makefile("rb") as stream:
                asked.append(json.loads(stream.readline()))
                client.sendall(b"".join(line + b"\n" for line in lines))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield asked
        finally:
            thread.join(5)


def test_an_act_goes_with_its_officer_and_comes_back_with_progress(home: Home) -> None:
    told: list[Any] = []
    with answering(
        home, b'{"progress": {"phase": "reading", "done": 1}}', '{"result": {"name": "علي"}}'.encode()
    ) as asked:
        result = ask(home, "enquiry.list", {"limit": 3}, officer="ES-1", passphrase="words", told=told.append)
    assert result == {"name": "علي"}
    assert told == [{"phase": "reading", "done": 1}]
    assert asked == [{"act": "enquiry.list", "arguments": {"limit": 3}, "officer": "ES-1", "passphrase": "words"}]


def test_nobody_else_on_the_machine_reaches_the_socket(home: Home) -> None:
    async def served() -> int:
        serving = asyncio.create_task(serve_acts(home, Mock(), woken=Mock()))
        for _ in range(200):
            await asyncio.sleep(0.01)
            if home.socket.exists():
                break
        await asyncio.sleep(0.05)  # it is bound before it serves
        mode = home.socket.stat().st_mode
        serving.cancel()
        await asyncio.wait([serving])
        return mode

    assert stat.S_IMODE(asyncio.run(served())) == 0o600


def test_without_an_officer_no_passphrase_is_sent(home: Home) -> None:
    with answering(home, b'{"result": null}') as asked:
        assert ask(home, "exchange.status", {}, passphrase="words") is None
    assert set(asked[0]) == {"act", "arguments"}


@pytest.mark.parametrize(
    ("kind", "error"),
    [("Refused", Refused), ("Conflict", Conflict), ("Invented", Unavailable), ("Exception", Unavailable)],
)
def test_an_error_comes_back_as_itself(kind: str, error: type[Exception], home: Home) -> None:
    line = json.dumps(
        {"error": {"code": "node.not-in-post", "kind": kind, "values": {"officer": "ES-1", "post": "es.cgi/x"}}}
    )
    with answering(home, line.encode()), pytest.raises(error) as caught:
        ask(home, "enquiry.list", {})
    assert getattr(caught.value, "code") == "node.not-in-post"  # noqa: B009
    assert getattr(caught.value, "values")["post"] == "es.cgi/x"  # noqa: B009


def test_the_faults_of_law_come_back_with_field_and_source(home: Home) -> None:
    with pytest.raises(Refused) as here:
        check_enquiry(Enquiry())
    faults = here.value.values["faults"]
    values = {"count": len(faults), "faults": [[one.code, one.field, one.row, one.source] for one in faults]}
    line = json.dumps({"error": {"code": "policy.law", "kind": "Refused", "values": values}})
    with answering(home, line.encode()), pytest.raises(Refused) as there:
        ask(home, "enquiry.send", {})
    assert there.value.values["faults"] == faults
    assert str(there.value.advice("es")) == str(here.value.advice("es"))


@pytest.mark.parametrize("lines", [(), (b"",), (b"nonsense",), (b"{}",), (b"[1]",), (b'{"progress": {}}',)])
def test_a_node_that_breaks_off_or_talks_nonsense_is_told(lines: tuple[bytes, ...], home: Home) -> None:
    with answering(home, *lines), pytest.raises(Unavailable) as caught:
        ask(home, "enquiry.list", {})
    assert caught.value.code == "node.broke-off"


def test_a_node_that_does_not_run_is_told_apart(home: Home) -> None:
    with pytest.raises(Unavailable) as caught:
        ask(home, "enquiry.list", {})
    assert caught.value.code == "node.not-running"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left_behind:
        left_behind.bind(str(home.socket))
    with pytest.raises(Unavailable) as killed:
        ask(home, "enquiry.list", {})
    assert killed.value.code == "node.not-running"


def test_what_is_too_large_or_too_deep_is_told_before_it_is_sent(home: Home, tmp_path: Path) -> None:
    with pytest.raises(TooMuch):
        ask(home, "register.import", {"file": "x" * (61 * 1024 * 1024)})
    deep = Home(path=tmp_path / ("d" * 120), agency="es.cgi")
    with pytest.raises(Unavailable) as caught:
        ask(deep, "enquiry.list", {})
    assert caught.value.code == "node.socket-path-too-long"
    assert BadInput.exit_code == 2
