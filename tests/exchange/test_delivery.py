"""Delivery to peers that answer garbage, slowly or never: nothing is lost or doubled, and nobody else waits for them."""

from __future__ import annotations

import asyncio
import hashlib
import math
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import aiohttp
import pytest
from django.db import connection, connections, transaction

from peer import SimulatedPeer
from support.pair import until
from support.room import Room, ticking
from tansiq.exchange import delivery as deliveries
from tansiq.exchange import parcels
from tansiq.exchange.context import system_clock
from tansiq.exchange.delivery import Delivery
from tansiq.exchange.door import CONTENT_TYPE, Door
from tansiq.exchange.peers import FIRST_WAIT_MS, LONGEST_WAIT_MS, PeerState, failed, peer_state
from tansiq.journal.services import append
from tansiq.node.certificate import make_certificate, server_context
from tansiq.protocol.envelope import Lane, parse_entry
from tansiq.protocol.heads import journal_name, make_head
from tansiq.protocol.limits import MAX_PARCEL_BYTES
from tansiq.protocol.parcel import JournalNews, parse_parcel

Writer = asyncio.StreamWriter


def http(body: bytes, *, status: str = "200 OK", more: str = "", content_type: str = CONTENT_TYPE) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


@dataclass
class Host:
    """A simulated agency behind a real TLS door of this machine; ``answer`` decides how it behaves."""

    peer: SimulatedPeer
    port: int
    requests: int = 0
    answer: Callable[[Host, bytes, Writer], object] = field(
        default=lambda host, body, writer: host.honestly(body, writer)
    )

    def honestly(self, body: bytes, writer: Writer) -> None:
        writer.write(http(self.peer.take(parse_parcel(body)).to_bytes()))

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line
                )
                body = await reader.readexactly(length)
                self.requests += 1
                behaved = self.answer(self, body, writer)
                if asyncio.iscoroutine(behaved):
                    await behaved
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()


class Hosts:
    """A loop in a thread of its own on which simulated agencies listen."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._servers: list[asyncio.Server] = []

    def run(self, coroutine: object) -> object:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)  # type: ignore[arg-type]

    def host(self, agency: str, *, pinned: bool = True, addresses: tuple[str, ...] = ()) -> Host:
        """A new agency that the room knows; without ``pinned`` its door shows another certificate than it said."""
        now_ms = self.room.context.clock()
        shown, private = make_certificate(agency, ["127.0.0.1"], now_ms=now_ms)
        told = shown if pinned else make_certificate(agency, ["127.0.0.1"], now_ms=now_ms)[0]
        holder: list[Host] = []

        async def serve(reader: asyncio.StreamReader, writer: Writer) -> None:
            await holder[0].serve(reader, writer)

        async def listen() -> asyncio.Server:
            return await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context(shown, private))

        server = self.run(listen())
        assert isinstance(server, asyncio.Server)
        self._servers.append(server)
        port = int(server.sockets[0].getsockname()[1])
        own = addresses or (f"https://127.0.0.1:{port}",)
        peer = SimulatedPeer(agency, clock=ticking(now_ms), addresses=own, tls=(told,))
        holder.append(Host(self.room.befriend(peer), port))
        return holder[0]

    def close(self) -> None:
        async def end() -> None:
            for server in self._servers:
                server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0)

        self.run(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@dataclass
class Moving:
    """A clock that goes, and can be set."""

    ahead_ms: int = 0

    def __call__(self) -> int:
        return system_clock() + self.ahead_ms


@pytest.fixture
def moving(room: Room) -> Moving:
    """The room's clock in this file: waiting takes time."""
    clock = Moving()
    room.context = replace(room.context, clock=clock)
    room.door = Door(room.context, run_directory=str(room.node.home.run))
    return clock


@pytest.fixture
def hosts(room: Room, moving: Moving) -> Iterator[Hosts]:
    made = Hosts(room)
    yield made
    made.close()


@pytest.fixture
def ma(hosts: Hosts) -> Host:
    return hosts.host("ma.dgst")


@contextmanager
def delivering(room: Room, *, pulls: bool = False) -> Iterator[Delivery]:
    """A delivery at work, in a thread of its own."""
    pool = ThreadPoolExecutor(2)
    delivery = Delivery(room.context, pool=pool, arrived=lambda: None, pull_seconds=0.05, pulls=pulls)
    loop = asyncio.new_event_loop()
    task = loop.create_task(delivery.run())

    def work() -> None:
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.run_until_complete(asyncio.sleep(0.05))  # aiohttp closes its connections a moment later
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield delivery
        assert not task.done(), "the delivery ended"
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(60)
        barrier = threading.Barrier(2)
        for done in [pool.submit(lambda: (connections.close_all(), barrier.wait(60))) for _ in range(2)]:
            done.result()
        pool.shutdown()


def settled(room: Room, host: Host) -> bool:
    counted = room.counts(host.peer)
    return not counted.waiting and not counted.pending


def wait_settled(room: Room, host: Host, seconds: float = 10) -> None:
    until(lambda: settled(room, host), seconds=seconds, what=f"{host.peer.agency} has everything")


def words(host: Host) -> list[str]:
    return [str(one.parts[0].content[0]) for one in host.peer.received if one.parts and one.parts[0]]


def state(host: Host) -> PeerState:
    return peer_state(host.peer.agency)


def test_what_is_said_arrives_and_is_receipted(room: Room, ma: Host) -> None:
    for word in ("uno", "dos"):
        room.say(ma.peer, word)
    with delivering(room):
        wait_settled(room, ma)
        room.say(ma.peer, "tres")
        wait_settled(room, ma)
    assert words(ma) == ["uno", "dos", "tres"]
    assert state(ma).failures == 0


# ---------------------------------------------------------------------------------------------------- bad peers


def answers_garbage(host: Host, body: bytes, writer: Writer) -> None:
    writer.write(http(b"garbage"))


def answers_noise(host: Host, body: bytes, writer: Writer) -> None:
    writer.write(b"\x00\xff\x00 no protocol at all\r\n\r\n" * 10)


def answers_too_much(host: Host, body: bytes, writer: Writer) -> None:
    writer.write(http(bytes(MAX_PARCEL_BYTES + 1)))


def answers_a_page(host: Host, body: bytes, writer: Writer) -> None:
    writer.write(http(b"<html>moved</html>", status="502 Bad Gateway", content_type="text/html"))


def refuses(host: Host, body: bytes, writer: Writer) -> None:
    problem = b'{"type": "urn:tansiq:directory.unconfirmed", "title": "x", "status": 403}'
    writer.write(http(problem, status="403 Forbidden", content_type="application/problem+json"))


def redirects(host: Host, body: bytes, writer: Writer) -> None:
    more = f"Location: http://127.0.0.1:{host.port}/elsewhere\r\n"
    writer.write(http(b"", status="307 Temporary Redirect", more=more))


def hangs_up(host: Host, body: bytes, writer: Writer) -> None:
    writer.close()


def takes_and_hangs_up(host: Host, body: bytes, writer: Writer) -> None:
    """The answer that is lost after the receiver has committed."""
    host.peer.take(parse_parcel(body))
    writer.close()


async def never_answers(host: Host, body: bytes, writer: Writer) -> None:
    await asyncio.sleep(60)


async def takes_and_never_answers(host: Host, body: bytes, writer: Writer) -> None:
    host.peer.take(parse_parcel(body))
    await asyncio.sleep(60)


async def dribbles(host: Host, body: bytes, writer: Writer) -> None:
    for byte in http(host.peer.take(parse_parcel(body)).to_bytes()):
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(0.05)


def gives_no_receipt(host: Host, body: bytes, writer: Writer) -> None:
    host.peer.lies.withhold_receipts = True
    host.honestly(body, writer)
    host.peer.lies.withhold_receipts = False


def gives_a_false_receipt(host: Host, body: bytes, writer: Writer) -> None:
    host.peer.lies.receipts_for_another = True
    host.honestly(body, writer)
    host.peer.lies.receipts_for_another = False


BAD: list[tuple[Callable[[Host, bytes, Writer], object], str]] = [
    (answers_garbage, "protocol."),
    (answers_noise, "exchange.no-answer"),
    (answers_too_much, "protocol.parcel-too-large"),
    (answers_a_page, "exchange.peer-refused"),
    (refuses, "directory.unconfirmed"),
    (redirects, "exchange.peer-refused"),
    (hangs_up, "exchange.no-answer"),
    (takes_and_hangs_up, "exchange.no-answer"),
    (never_answers, "exchange.no-answer"),
    (takes_and_never_answers, "exchange.no-answer"),
    (dribbles, "exchange.no-answer"),
    (gives_no_receipt, "exchange.no-receipt"),
    (gives_a_false_receipt, "exchange.wrong-receipt"),
]


SILENT = (never_answers, takes_and_never_answers, dribbles)
"""Whoever is left only because it took too long."""


@pytest.mark.parametrize(("badly", "code"), BAD, ids=[badly.__name__ for badly, _ in BAD])
def test_a_bad_peer_costs_only_time_and_gets_everything_once_when_it_mends(
    room: Room,
    ma: Host,
    moving: Moving,
    monkeypatch: pytest.MonkeyPatch,
    badly: Callable[[Host, bytes, Writer], object],
    code: str,
) -> None:
    patience_s = 0.4 if badly in SILENT else 60.0  # any answer takes a while where other work runs
    monkeypatch.setattr(deliveries, "_TIMEOUT", aiohttp.ClientTimeout(total=patience_s))
    room.say(ma.peer, "before")
    room.push(ma.peer)
    ma.answer = badly
    room.say(ma.peer, "uno")
    begun_ms = room.context.clock()
    with delivering(room):
        until(lambda: state(ma).failures >= 2, seconds=20, what="two failures")
        told = state(ma)
        assert told.last_error.startswith(code)
        assert told.retry_ms >= begun_ms + FIRST_WAIT_MS // 2 + FIRST_WAIT_MS, (
            "it waited, and waits longer the second time"
        )
        assert (room.counts(ma.peer).pending, room.counts(ma.peer).receipts) == (1, 1)
        tried, since = ma.requests, time.monotonic()
        time.sleep(0.3)
        most = 1 + math.log2(1 + (time.monotonic() - since) / 0.2)  # each wait is twice the one before
        assert ma.requests <= tried + most, "it does not hammer at the peer's door"
        ma.answer = Host.honestly
        moving.ahead_ms += 120_000
        wait_settled(room, ma, seconds=20)
    assert words(ma) == ["before", "uno"]
    assert (state(ma).failures, state(ma).last_error) == (0, "")
    assert len(room.rows("SELECT * FROM exchange_receipt")) == 2


STEP = 3


def tells_in_steps(host: Host, body: bytes, writer: Writer) -> None:
    """What a peer answers of whose journal we have witnessed little: no receipt before its news has come so far."""
    answer = host.peer.take(parse_parcel(body))
    relation = host.peer.relation()
    size = relation.witnessed + STEP
    if size < len(relation.leaves):
        root = relation.frontier(size).root()
        head = make_head(
            signer_agency=host.peer.agency,
            journal=journal_name(host.peer.agency, answer.receiver),
            time_ms=host.peer.clock(),
            epoch=relation.epoch,
            size=size,
            root=root,
            signer=host.peer.node_key,
        )
        news = JournalNews(head, root, relation.witnessed, b"".join(relation.leaves[relation.witnessed : size]))
        answer = replace(answer, news=news, receipts=(), faults=())
    writer.write(http(answer.to_bytes()))


def test_a_receipt_that_waits_for_the_peers_journal_is_no_failure(
    room: Room, ma: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parcels, "MAX_LEAVES", STEP)
    ma.peer.relation().leaves += [hashlib.sha256(bytes([number])).digest() for number in range(3 * STEP)]
    ma.answer = tells_in_steps
    room.say(ma.peer, "uno")
    with delivering(room):
        wait_settled(room, ma, seconds=5)
        assert ma.requests == 4
    assert words(ma) == ["uno"]
    assert (state(ma).failures, state(ma).last_error) == (0, "")


def test_receipts_for_what_was_pulled_wait_until_our_journal_has_come_so_far(
    room: Room, ma: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parcels, "MAX_LEAVES", STEP)
    with transaction.atomic():
        append("ma.dgst", [hashlib.sha256(bytes([number])).digest() for number in range(3 * STEP)])
    ma.peer.relation().outbox.append(room.said(ma.peer, "uno"))
    with delivering(room, pulls=True):
        until(lambda: ma.peer.receipts, seconds=5, what="the receipt")
    room.work()
    assert (room.words(), len(ma.peer.receipts)) == (["uno"], 1)
    assert state(ma).failures == 0


def test_nothing_is_said_to_a_door_that_shows_another_certificate(room: Room, hosts: Hosts) -> None:
    impostor = hosts.host("ma.dgst", pinned=False)
    room.say(impostor.peer, "uno")
    with delivering(room):
        until(lambda: state(impostor).failures >= 1, seconds=20, what="a failure")
    assert impostor.requests == 0
    assert room.counts(impostor.peer).receipts == 0


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9",
        "ftp://x",
        "https://",
        "https://127.0.0.1:99999",
        "",
        "https://\x00",
        "https://" + "x" * 240,
    ],
)
def test_an_absurd_address_harms_nobody_else(room: Room, hosts: Hosts, address: str) -> None:
    absurd, good = hosts.host("ma.dgst", addresses=(address,)), hosts.host("fr.dgsi")
    room.say(absurd.peer, "uno")
    room.say(good.peer, "dos")
    with delivering(room):
        until(lambda: state(absurd).failures >= 1, seconds=20, what="a failure")
        wait_settled(room, good)
    assert words(good) == ["dos"]


def test_nothing_is_said_in_clear(room: Room, hosts: Hosts) -> None:
    heard: list[bytes] = []

    async def listen() -> asyncio.Server:
        async def hear(reader: asyncio.StreamReader, writer: Writer) -> None:
            heard.append(await reader.read(1000))
            writer.close()

        return await asyncio.start_server(hear, "127.0.0.1", 0)

    server = hosts.run(listen())
    assert isinstance(server, asyncio.Server)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    clear = hosts.host("ma.dgst", addresses=(address,))
    room.say(clear.peer, "uno")
    with delivering(room):
        until(lambda: state(clear).failures >= 1, seconds=20, what="a failure")
    hosts.loop.call_soon_threadsafe(server.close)
    assert heard == []
    assert state(clear).last_error == "exchange.no-address"


def test_a_document_whose_certificate_is_none_harms_nobody_else(room: Room, hosts: Hosts) -> None:
    absurd, good = hosts.host("ma.dgst"), hosts.host("fr.dgsi")
    for certificate in (b"", b"\x30\x00", b"not a certificate"):
        room.learn(absurd.peer.publish(tls=(certificate,)))
        room.say(absurd.peer, "uno")
        with delivering(room):
            until(lambda: state(absurd).failures >= 1, seconds=20, what="a failure")
            room.say(good.peer, "dos")
            wait_settled(room, good)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE exchange_peer SET failures = 0, retry_ms = 0 WHERE peer = 'ma.dgst'")
    assert words(good) == ["dos"] * 3
    assert absurd.requests == 0


# ---------------------------------------------------------------------------------------------------- who waits for
# whom


def test_a_peer_that_never_answers_holds_up_only_itself(room: Room, hosts: Hosts) -> None:
    slow, good = hosts.host("ma.dgst"), hosts.host("fr.dgsi")
    slow.answer = never_answers
    for host in (slow, good):
        room.say(host.peer, "uno")
    with delivering(room):
        wait_settled(room, good, seconds=5)
        for number in range(5):
            room.say(good.peer, str(number))
            wait_settled(room, good, seconds=5)
    assert len(words(good)) == 6
    assert room.counts(slow.peer).pending == 1


def test_what_is_urgent_does_not_wait_for_a_bulky_transfer(room: Room, ma: Host) -> None:
    def slowly_unless_urgent(host: Host, body: bytes, writer: Writer) -> object:
        items = parse_parcel(body).items
        if any(parse_entry(item.entry).lane != Lane.URGENT for item in items):
            return never_answers(host, body, writer)
        return host.honestly(body, writer)

    ma.answer = slowly_unless_urgent
    room.say(ma.peer, "bulky", lane=Lane.BULK)
    with delivering(room):
        until(lambda: ma.requests, seconds=5, what="the bulky transfer is under way")
        room.say(ma.peer, "urgent", lane=Lane.URGENT)
        until(lambda: words(ma) == ["urgent"], seconds=5, what="the urgent one arrived")
    assert room.counts(ma.peer).pending == 1


def test_what_is_urgent_is_looked_for_before_all_else(room: Room, ma: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    looking: list[str] = []
    woken = threading.Event()
    look, deliver = Delivery._look, Delivery._deliver
    busy: set[str] = set()
    idle: set[str] = set()
    loops: list[asyncio.AbstractEventLoop] = []

    def name_of(lanes: tuple[Lane, ...]) -> str:
        return "urgent" if Lane.URGENT in lanes else "rest"

    def slowly(self: Delivery, peer: str, lanes: tuple[Lane, ...]) -> object:
        if not woken.is_set():
            return look(self, peer, lanes)
        name = name_of(lanes)
        looking.append(name)
        time.sleep(0.05)
        looking.append(f"{name} ends")
        return look(self, peer, lanes)

    async def watched(self: Delivery, session: object, line: object, lanes: tuple[Lane, ...]) -> bool:
        loops.append(asyncio.get_running_loop())
        busy.add(name_of(lanes))
        try:
            return await deliver(self, session, line, lanes)
        finally:
            busy.discard(name_of(lanes))
            idle.add(name_of(lanes))

    def wake() -> None:
        """Wakes both at once, in their loop and while neither looks of itself."""
        if busy or idle != {"urgent", "rest"}:
            loops[0].call_later(0.01, wake)
        else:
            woken.set()
            delivery.wake()

    monkeypatch.setattr(Delivery, "_look", slowly)
    monkeypatch.setattr(Delivery, "_deliver", watched)
    with delivering(room) as delivery:
        room.say(ma.peer, "first")
        wait_settled(room, ma)
        loops[0].call_soon_threadsafe(wake)
        until(lambda: "rest ends" in looking, seconds=5, what="both were looked for")
    assert looking[:3] == ["urgent", "urgent ends", "rest"]


def fail_long(room: Room, host: Host, *, minutes: float) -> None:
    retry_ms = room.context.clock() + int(minutes * 60_000)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_peer SET failures = 20, retry_ms = %s WHERE peer = %s", (retry_ms, host.peer.agency)
        )


def test_a_peer_that_calls_us_is_answered_at_once_however_often_it_failed(room: Room, ma: Host) -> None:
    room.tell(ma.peer, "hello")
    room.say(ma.peer, "uno")
    fail_long(room, ma, minutes=0.9)
    with delivering(room):
        time.sleep(0.3)
        assert ma.requests == 0
        room.tell(ma.peer, "here again")
        wait_settled(room, ma, seconds=5)


def test_a_clock_that_was_set_back_does_not_silence_us(room: Room, ma: Host) -> None:
    room.tell(ma.peer, "hello")
    room.say(ma.peer, "uno")
    fail_long(room, ma, minutes=60)
    with delivering(room):
        wait_settled(room, ma, seconds=5)


def test_waiting_grows_with_every_failure_up_to_a_minute_and_has_jitter(room: Room, ma: Host) -> None:
    now_ms = room.context.clock()
    waits = [failed("ma.dgst", code="test", now_ms=now_ms) - now_ms for _ in range(14)]
    assert all(100 * 2**at <= wait <= 200 * 2**at for at, wait in enumerate(waits[:8]))
    assert all(LONGEST_WAIT_MS / 2 <= wait <= LONGEST_WAIT_MS for wait in waits[9:])
    assert len(set(waits[9:])) > 1
    assert state(ma).last_error == "test"


# ---------------------------------------------------------------------------------------------------- pulling


def test_a_node_that_can_not_be_called_pulls_and_pushes(room: Room, ma: Host) -> None:
    ma.peer.hold(*(room.said(ma.peer, str(number)) for number in range(5)))
    room.say(ma.peer, "uno")
    with delivering(room, pulls=True):
        until(lambda: len(ma.peer.receipts) == 5, seconds=10, what="the peer has its receipts")
        ma.answer = hangs_up
        ma.peer.hold(room.said(ma.peer, "later"))
        time.sleep(0.3)
        ma.answer = Host.honestly
        until(lambda: len(ma.peer.receipts) == 6, seconds=10, what="the peer has the last receipt")
        wait_settled(room, ma)
    room.work()
    assert room.words() == ["0", "1", "2", "3", "4", "later"]
    assert words(ma) == ["uno"]


def test_receipts_that_we_owe_are_not_forgotten_when_a_request_fails(room: Room, ma: Host) -> None:
    def fails_with_what_we_owe(host: Host, body: bytes, writer: Writer) -> None:
        if parse_parcel(body).receipts and host.requests < 4:
            writer.close()
        else:
            host.honestly(body, writer)

    ma.answer = fails_with_what_we_owe
    ma.peer.hold(room.said(ma.peer, "uno"))
    with delivering(room, pulls=True):
        until(lambda: len(ma.peer.receipts) == 1, seconds=10, what="the peer has its receipt")
    assert ma.requests >= 4
