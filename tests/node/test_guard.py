"""Strangers at the web server: silent, slow, endless or many, they are sent away before they cost anything."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from support.pair import until
from tansiq.exchange.context import system_clock
from tansiq.node import guard
from tansiq.node.certificate import make_certificate, server_context
from tansiq.node.guard import GuardedProtocol, GuardedServer

REQUEST = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
PATIENCE = 1.0
"""Of the server; who is to be served must not lose so much time between two steps, though other work runs."""
SLACK = 20.0
"""What a busy machine may add; a server that waits for ever is still found out."""


SERVED: list[str] = []
"""The paths that were asked for and served."""

HELD: set[str] = set()
"""The paths whose answer is held back."""


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the body, or at once when it is not asked to read."""
    body = b"unread"
    SERVED.append(scope["path"])
    if scope["path"] not in {"/unread", "/large"}:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
    if scope["path"] == "/large":
        body = bytes(8_388_608)
    if scope["path"] == "/slow":
        await asyncio.sleep(1.0)
    while scope["path"] in HELD:  # noqa: ASYNC110 - set from another thread
        await asyncio.sleep(0.01)
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]}
    )
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server with short patience."""
    monkeypatch.setattr(guard, "HEAD_SECONDS", PATIENCE)
    monkeypatch.setattr(guard, "TAKE_SECONDS", PATIENCE)
    monkeypatch.setattr(guard, "MOST_PER_ADDRESS", 5)
    with serving() as made:
        yield made


@contextlib.contextmanager
def serving(**values: Any) -> Iterator[int]:
    """The port of a server that is set so."""
    SERVED.clear()
    config = uvicorn.Config(
        echo, host="127.0.0.1", port=0, http=GuardedProtocol, loop="asyncio", lifespan="off", ws="none", log_config=None, **values
    )  # fmt: skip
    with running(uvicorn.Server(config)) as (port, _):
        yield port


@contextlib.contextmanager
def running(server: uvicorn.Server) -> Iterator[tuple[int, threading.Thread]]:
    """The port and the thread of a server, which is told to end."""
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, seconds=10, what="the server listens")
        yield int(server.servers[0].sockets[0].getsockname()[1]), thread
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def line(port: int) -> Iterator[socket.socket]:
    with connect(port) as made:
        yield made


@pytest.fixture
def patient(line: socket.socket, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """A connection to a server that waits a minute: who is sent away at once is not sent away for being slow."""
    monkeypatch.setattr(guard, "HEAD_SECONDS", 60.0)
    return line


def connect(port: int, *, source: str = "127.0.0.1", taken: int = 0) -> socket.socket:
    """A connection from one of this machine's addresses; of an answer it takes so much by itself, or as much as there is."""
    made = socket.socket()
    if taken:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, taken)
    made.bind((source, 0))
    made.connect(("127.0.0.1", port))
    made.settimeout(60)
    return made


def served(port: int) -> bool:
    """Whether a new connection gets its answer."""
    with connect(port) as made:
        try:
            made.sendall(REQUEST)
        except OSError:
            return False
        return answer(made).endswith(b"body")


def answer(line: socket.socket, *, least: int = 1) -> bytes:
    """What comes until ``least`` answers are whole, or the connection ends."""
    got = b""
    while got.count(b"\r\n\r\n") < least or not got.endswith((b"body", b"unread")):
        try:
            more = line.recv(65_536)
        except ConnectionResetError:
            break
        if not more:
            break
        got += more
    return got


def ended(line: socket.socket) -> float:
    """After how many seconds the other side ends the connection."""
    start = time.monotonic()
    try:
        while line.recv(65_536):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - start


def test_whoever_asks_is_answered_again_and_again(line: socket.socket) -> None:
    for _ in range(3):
        line.sendall(REQUEST)
        assert answer(line).endswith(b"body")
    time.sleep(2 * PATIENCE)  # idle between two requests is no fault
    line.sendall(REQUEST + REQUEST)
    assert answer(line, least=2).count(b"HTTP/1.1 200") == 2


def test_a_body_may_take_its_time_for_it_is_signed_for(line: socket.socket) -> None:
    line.sendall(REQUEST[:-4])
    time.sleep(2 * PATIENCE)
    line.sendall(b"body")
    assert answer(line).endswith(b"body")


@pytest.mark.parametrize("before", [b"", REQUEST], ids=["first", "second"])
@pytest.mark.parametrize(
    "head", [b"P", b"POST /x HTTP/1.1\r\nHo", b"\r\n"], ids=["one byte", "half a head", "blank lines"]
)
def test_a_head_that_does_not_come_to_its_end_ends_the_connection(
    line: socket.socket, before: bytes, head: bytes
) -> None:
    if before:
        line.sendall(before)
        answer(line)
    line.sendall(head)
    assert ended(line) < 3 * PATIENCE + SLACK


def test_silence_ends_the_connection(line: socket.socket) -> None:
    assert ended(line) < 3 * PATIENCE + SLACK


def refused_after(line: socket.socket, piece: bytes, *, times: int, pause: float) -> float:
    """Sends ``piece`` again and again; after how many seconds the other side wants no more. It must, before the end."""
    start = time.monotonic()
    for _ in range(times):
        try:
            line.sendall(piece)
        except OSError:
            return time.monotonic() - start
        time.sleep(pause)
    raise AssertionError("all of it was listened to")


def test_a_head_that_dribbles_ends_the_connection(line: socket.socket) -> None:
    line.sendall(b"POST /x HTTP/1.1\r\nX: ")
    assert refused_after(line, b"y", times=200, pause=0.05) < 3 * PATIENCE + SLACK


@pytest.mark.parametrize("piece", [b"X: y\r\n" * 3000, b"x" * 20_000], ids=["many headers", "one header"])
def test_a_head_that_never_ends_is_too_long(patient: socket.socket, piece: bytes) -> None:
    patient.sendall(b"POST /x HTTP/1.1\r\nX: " + piece)
    assert patient.recv(1000) == guard._TOO_LONG
    assert refused_after(patient, piece, times=200, pause=0.01) < SLACK


def test_a_second_head_that_never_ends_behind_a_slow_request_is_too_long(patient: socket.socket) -> None:
    patient.sendall(REQUEST.replace(b"/x", b"/slow") + b"POST /x HTTP/1.1\r\nX: ")
    assert refused_after(patient, b"x" * 4096, times=1000, pause=0.005) < SLACK


def test_the_rest_of_a_body_that_was_refused_unread_is_not_listened_to_for_ever(line: socket.socket) -> None:
    line.sendall(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n")
    assert answer(line).endswith(b"unread")
    assert refused_after(line, bytes(65_536), times=1000, pause=0.01) < 3 * PATIENCE + SLACK


def test_one_address_gets_so_many_connections_and_no_more(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "HEAD_SECONDS", 60.0)
    lines = [connect(port) for _ in range(5)]
    try:
        for line in lines:
            line.sendall(REQUEST)
            assert answer(line).endswith(b"body")
        with connect(port) as one_more:
            assert ended(one_more) < SLACK
        lines.pop().close()
        until(lambda: served(port), seconds=10, what="one goes, and another is let in")
    finally:
        for line in lines:
            line.close()


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::7", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(address: str, counted: str) -> None:
    assert guard.network_of(address) == counted


BEGUN = REQUEST[:-1]
"""A request that lacks a byte."""


def gone(line: socket.socket) -> bool:
    """Whether the other side has ended the connection."""
    line.settimeout(0.01)
    try:
        return line.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("begun", [BEGUN, b"", b"POST /x HT", REQUEST], ids=["body", "silence", "head", "idle"])
def test_few_addresses_that_take_all_places_lose_theirs_to_whoever_asks(begun: bytes) -> None:
    """The longest waiting one of the address that has most; who came with few connections keeps them."""
    with serving(limit_concurrency=10, timeout_keep_alive=75) as port, contextlib.ExitStack() as held:
        other = held.enter_context(connect(port, source="127.0.0.9"))
        other.sendall(BEGUN)
        time.sleep(0.1)
        crowd = []
        for place in range(8):
            crowd.append(held.enter_context(connect(port, source=f"127.0.0.{2 + place % 2}")))
            crowd[-1].sendall(begun)
            if begun == REQUEST:
                assert answer(crowd[-1]).endswith(b"body")
        for _ in range(4):
            assert served(port)
        assert gone(crowd[0])
        assert not gone(crowd[-1])
        other.settimeout(60)
        other.sendall(REQUEST[-1:])
        assert answer(other).endswith(b"body")


class Wire(asyncio.Transport):
    """The server's end of a connection from ``source``, without a network."""

    def __init__(self, source: str) -> None:
        super().__init__({"peername": (source, 1), "sockname": ("127.0.0.1", 2)})
        self.written, self.ended = b"", False

    def write(self, data: Any) -> None:
        self.written += data

    def abort(self) -> None:
        self.ended = True

    close = abort

    def is_closing(self) -> bool:
        return self.ended

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    resume_reading = pause_reading

    def get_write_buffer_size(self) -> int:
        return 0


def test_whoever_comes_back_again_and_again_takes_nobody_s_place() -> None:
    """What was begun on a connection that made room, and is not cleared away yet, counts no longer."""

    async def run() -> bytes:
        config = uvicorn.Config(echo, lifespan="off", log_config=None, limit_concurrency=4)
        config.load()
        state, loop = ServerState(), asyncio.get_running_loop()

        def comes(source: str, data: bytes) -> Wire:
            made, wire = GuardedProtocol(config, state, {}, loop), Wire(source)
            made.connection_made(wire)
            made.data_received(data)
            return wire

        for _ in range(6):
            comes("127.0.0.2", BEGUN)
        honest = comes("127.0.0.1", REQUEST)
        for _ in range(20):
            await asyncio.sleep(0)
        for one in [*state.connections]:
            one.connection_lost(None)
        return honest.written

    assert asyncio.run(run()).startswith(b"HTTP/1.1 200")


def test_who_is_being_served_makes_room_for_nobody() -> None:
    with serving(limit_concurrency=3) as port, contextlib.ExitStack() as held:
        lines = [held.enter_context(connect(port)) for _ in range(2)]
        HELD.add("/held")
        held.callback(HELD.clear)
        for line in lines:
            line.sendall(REQUEST.replace(b"/x", b"/held"))
        until(lambda: SERVED.count("/held") == 2, seconds=10, what="both are being served")
        with connect(port) as more:
            more.sendall(REQUEST)
            assert b" 503 " in answer(more)
        HELD.clear()
        assert all(answer(line).endswith(b"body") for line in lines)


LARGE = REQUEST.replace(b"/x", b"/large")


def test_who_takes_no_answer_loses_the_connection(port: int) -> None:
    with connect(port, taken=4_096) as line:
        line.sendall(LARGE)
        time.sleep(3 * PATIENCE)
        assert len(answer(line)) < 8_388_608


def test_who_takes_an_answer_steadily_gets_it(port: int) -> None:
    got = 0
    with connect(port, taken=65_536) as line:
        line.sendall(LARGE)
        began = time.monotonic()
        while got < 8_388_608:
            part = line.recv(65_536)  # 128 of them at least, with a rest after each
            assert part
            got += len(part)
            time.sleep(0.02 if time.monotonic() < began + 3 * PATIENCE else 0)
    assert time.monotonic() > began + 2 * PATIENCE


def test_a_request_behind_another_is_served_when_the_answer_before_was_taken(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "TAKE_SECONDS", 60.0)
    with connect(port, taken=65_536) as line:
        line.sendall(LARGE + REQUEST)
        until(lambda: SERVED == ["/large"], seconds=10, what="the first is served")
        line.sendall(REQUEST)
        time.sleep(PATIENCE)
        assert SERVED == ["/large"]
        assert answer(line, least=3).count(b"HTTP/1.1 200") == 3


def test_who_asks_again_and_again_without_waiting_for_an_answer_is_sent_away(patient: socket.socket) -> None:
    patient.sendall(REQUEST.replace(b"/x", b"/slow") + REQUEST * 200)
    assert ended(patient) < SLACK
    assert SERVED == ["/slow"]


# ---------------------------------------------------------------------------------------------------- the end


def test_who_shook_hands_when_the_server_was_told_to_end_keeps_it_from_nothing() -> None:
    """The TLS handshake of a caller who then asks again and again is under way: he is no connection yet that could be told."""
    certificate, private = make_certificate("x.test", ["127.0.0.1"], now_ms=system_clock())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    config = uvicorn.Config(
        echo, host="127.0.0.1", port=0, http=GuardedProtocol, loop="asyncio", lifespan="off", ws="none", log_config=None
    )
    config.load()
    config.ssl = server_context(certificate, private)
    server = GuardedServer(config)
    with running(server) as (port, thread), connect(port) as one, connect(port) as line:
        with tls.wrap_socket(one) as first:  # whoever came before him is let in, so he is too
            first.sendall(REQUEST)
            assert answer(first).endswith(b"body")
            server.should_exit = True
            until(lambda: not server.servers[0].is_serving(), seconds=10, what="nobody else is let in")
        began = time.monotonic()
        with contextlib.suppress(OSError), tls.wrap_socket(line) as shaken:
            while time.monotonic() - began < SLACK:
                shaken.sendall(REQUEST)
                if not answer(shaken):
                    break
        assert time.monotonic() - began < SLACK, "he is served for ever"
        thread.join(SLACK)
        assert not thread.is_alive()
