"""The door judges who calls before it reads a byte of what is brought, and refuses in words; what it refuses changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connections

from peer import SimulatedPeer, seeded
from support.room import Room
from tansiq.directory.queries import own_directory
from tansiq.exchange import door as doors
from tansiq.exchange.door import CONTENT_TYPE, Door, key_name
from tansiq.exchange.files_wire import FilesMessage
from tansiq.protocol.httpsig import sign_request
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.limits import MAX_PARCEL_BYTES
from tansiq.protocol.parcel import parse_parcel

PATH, FILES = "/exchange/1/parcel", "/exchange/1/files"
Headers = list[tuple[bytes, bytes]]


@dataclass
class Answer:
    """What a door answered; ``read`` says how often it asked for the body."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    read: int = 0

    @property
    def problem(self) -> str:
        """The code of the problem document, which must be a whole one (RFC 9457)."""
        assert self.headers[b"content-type"] == b"application/problem+json"
        told = json.loads(self.body)
        assert set(told) == {"type", "title", "status", "detail"}
        assert told["status"] == self.status
        assert int(self.headers[b"content-length"]) == len(self.body)
        return str(told["type"]).removeprefix("urn:tansiq:")


class Visitor:
    """Calls a door as a web server would, in this process."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.door = Door(room.context, run_directory=str(room.node.home.run))
        self.address = own_directory().addresses[0]

    def headers(self, peer: SimulatedPeer, body: bytes, *, path: str = PATH, **changes: Any) -> Headers:
        """The headers of a request that ``peer`` signed; ``changes``: length, digest, signer, keyid, target."""
        signer: SigningKey = changes.get("signer", peer.node_key)
        headers = {"Content-Type": CONTENT_TYPE, "Content-Length": str(changes.get("length", len(body)))}
        headers |= sign_request(
            method="POST",
            target_uri=changes.get("target", self.address) + path,
            headers=headers,
            body_digest=changes.get("digest", hashlib.sha256(body).digest()),
            key=signer.raw,
            keyid=changes.get("keyid", key_name(peer.agency, signer.identifier)),
            created=self.room.context.clock() // 1000,
        )
        return [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    def call(
        self,
        headers: Headers,
        receive: Callable[[], Awaitable[Any]],
        *,
        path: str = PATH,
        method: str = "POST",
        client: str = "192.0.2.1",
    ) -> Answer:
        """One request; ``receive`` gives the body's pieces."""
        answer = Answer()

        async def counted() -> Any:
            answer.read += 1
            return await receive()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], dict(message["headers"])
            else:
                answer.body += message["body"]

        scope = {"type": "http", "method": method, "path": path, "headers": headers, "client": (client, 1)}
        asyncio.run(self.door(scope, counted, send))
        return answer

    def close(self) -> None:
        """The door's thread gives back its connections."""
        self.door._pool.submit(connections.close_all).result()
        self.door._pool.shutdown()


@pytest.fixture
def visitor(room: Room) -> Iterator[Visitor]:
    made = Visitor(room)
    yield made
    made.close()


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


def pieces(*bodies: bytes) -> Callable[[], Awaitable[Any]]:
    left = list(bodies)

    async def receive() -> Any:
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    return receive


async def never_read() -> Any:
    """A body that must not be asked for."""
    raise AssertionError("the body was read before the signature was judged")


def parcel_of(room: Room, peer: SimulatedPeer, *words: str) -> bytes:
    return peer.parcel_with(*(room.said(peer, word) for word in words)).to_bytes()


# ---------------------------------------------------------------------------------------------------- welcome


@pytest.mark.storage
def test_a_parcel_in_a_parcel_out(visitor: Visitor, ma: SimulatedPeer) -> None:
    body = parcel_of(visitor.room, ma, "uno", "dos")
    answer = visitor.call(visitor.headers(ma, body), pieces(body[:100], b"", body[100:]))
    assert (answer.status, answer.headers[b"content-type"]) == (200, CONTENT_TYPE.encode())
    assert answer.headers[b"cache-control"] == b"no-store"
    ma.take(parse_parcel(answer.body))
    assert len(ma.receipts) == 2
    visitor.room.work()
    assert visitor.room.words() == ["uno", "dos"]


def test_the_same_request_replayed_changes_nothing(visitor: Visitor, ma: SimulatedPeer) -> None:
    body = parcel_of(visitor.room, ma, "uno")
    headers = visitor.headers(ma, body)
    first = parse_parcel(visitor.call(headers, pieces(body)).body)
    visitor.room.node.context.clock.advance(days=30)  # type: ignore[attr-defined]
    second = parse_parcel(visitor.call(headers, pieces(body)).body)
    assert second.receipts == first.receipts
    assert visitor.room.counts(ma).received == 1


# ---------------------------------------------------------------------------------------------------- before the body


def by_a_thief(visitor: Visitor, ma: SimulatedPeer, body: bytes) -> Headers:
    thief = SigningKey(seeded("a thief"))
    return visitor.headers(ma, body, signer=thief, keyid=key_name(ma.agency, ma.node_key.identifier))


def by_a_stranger(visitor: Visitor, ma: SimulatedPeer, body: bytes) -> Headers:
    return visitor.headers(SimulatedPeer("pt.pj"), body)


def by_an_unconfirmed_partner(visitor: Visitor, ma: SimulatedPeer, body: bytes) -> Headers:
    fr = visitor.room.befriend(SimulatedPeer("fr.dgsi", clock=ma.clock), confirm=False)
    return visitor.headers(fr, body)


def by_an_unknown_key(visitor: Visitor, ma: SimulatedPeer, body: bytes) -> Headers:
    return visitor.headers(ma, body, signer=SigningKey(seeded("uncertified")))


def by_a_revoked_key(visitor: Visitor, ma: SimulatedPeer, body: bytes) -> Headers:
    old = ma.node_key
    ma.rotate_node_key()
    ma.revoke(old.public, from_ms=visitor.room.context.clock())
    visitor.room.learn(ma.directory)
    return visitor.headers(ma, body, signer=old)


def by_an_officer(visitor: Visitor, ma: SimulatedPeer, body: bytes) -> Headers:
    """A key that is certified, but not to sign for the node."""
    return visitor.headers(ma, body, signer=ma.officers["4711"])


def for_another_node(visitor: Visitor, ma: SimulatedPeer, body: bytes) -> Headers:
    return visitor.headers(ma, body, target="https://fr.example")


def for_another_path(visitor: Visitor, ma: SimulatedPeer, body: bytes) -> Headers:
    return visitor.headers(ma, body, path="/exchange/1/restore")


def unsigned(visitor: Visitor, ma: SimulatedPeer, body: bytes) -> Headers:
    return [pair for pair in visitor.headers(ma, body) if pair[0] != b"signature"]


def signed_twice(visitor: Visitor, ma: SimulatedPeer, body: bytes) -> Headers:
    return [*visitor.headers(ma, body), *visitor.headers(ma, body)]


def with_another_length(visitor: Visitor, ma: SimulatedPeer, body: bytes) -> Headers:
    return [(name, b"1" if name == b"content-length" else value) for name, value in visitor.headers(ma, body)]


def with_a_made_up_name(visitor: Visitor, ma: SimulatedPeer, body: bytes) -> Headers:
    return visitor.headers(ma, body, keyid="ma.dgst:not-hexadecimal")


def too_large(visitor: Visitor, ma: SimulatedPeer, body: bytes) -> Headers:
    return visitor.headers(ma, body, length=MAX_PARCEL_BYTES + 1)


REFUSED_UNREAD: list[tuple[Callable[[Visitor, SimulatedPeer, bytes], Headers], int, str]] = [
    (by_a_thief, 422, "httpsig.wrong-signature"),
    (by_a_stranger, 422, "httpsig.unknown-key"),
    (by_an_unconfirmed_partner, 403, "directory.unconfirmed"),
    (by_an_unknown_key, 422, "httpsig.unknown-key"),
    (by_a_revoked_key, 422, "httpsig.unknown-key"),
    (by_an_officer, 422, "httpsig.unknown-key"),
    (for_another_node, 422, "httpsig.wrong-signature"),
    (for_another_path, 422, "httpsig.wrong-signature"),
    (unsigned, 400, "httpsig.missing"),
    (signed_twice, 400, "httpsig.duplicate"),
    (with_another_length, 422, "httpsig.wrong-signature"),
    (with_a_made_up_name, 422, "httpsig.unknown-key"),
    (too_large, 413, "protocol.parcel-too-large"),
]


@pytest.mark.parametrize(("make", "status", "code"), REFUSED_UNREAD, ids=[make.__name__ for make, *_ in REFUSED_UNREAD])
def test_who_may_not_speak_is_refused_before_a_byte_is_read(
    visitor: Visitor,
    ma: SimulatedPeer,
    make: Callable[[Visitor, SimulatedPeer, bytes], Headers],
    status: int,
    code: str,
) -> None:
    body = parcel_of(visitor.room, ma, "uno")
    headers = make(visitor, ma, body)
    before = visitor.room.state()
    answer = visitor.call(headers, never_read)
    assert (answer.status, answer.problem, answer.read) == (status, code, 0)
    assert visitor.room.state() == before


@pytest.mark.parametrize(
    ("method", "path"), [("GET", PATH), ("PUT", PATH), ("POST", "/"), ("POST", PATH + "/"), ("POST", "/admin")]
)
def test_there_is_no_other_door(visitor: Visitor, ma: SimulatedPeer, method: str, path: str) -> None:
    answer = visitor.call(visitor.headers(ma, b"x"), never_read, method=method, path=path)
    assert (answer.status, answer.problem) == (404, "exchange.no-such-door")


def test_a_node_that_can_not_be_called_has_no_door(
    visitor: Visitor, ma: SimulatedPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent:
        addresses = ()

    monkeypatch.setattr(doors, "own_directory", Silent)
    answer = visitor.call(visitor.headers(ma, b"x"), never_read)
    assert (answer.status, answer.problem) == (404, "exchange.no-address")


# ---------------------------------------------------------------------------------------------------- the body


def test_a_body_that_is_not_the_signed_one_is_refused(visitor: Visitor, ma: SimulatedPeer) -> None:
    body = parcel_of(visitor.room, ma, "uno")
    before = visitor.room.state()
    other = body[:-1] + bytes((body[-1] ^ 1,))
    cases: list[tuple[tuple[bytes, ...], str]] = [
        ((other,), "httpsig.wrong-digest"),
        ((body[:-1],), "exchange.broken-off"),
        ((body, b"x"), "exchange.longer-than-said"),
        ((body[:10], body), "exchange.longer-than-said"),
        ((b"",), "exchange.broken-off"),
    ]
    for bodies, code in cases:
        answer = visitor.call(visitor.headers(ma, body), pieces(*bodies))
        assert answer.problem == code
        assert answer.status in {400, 413, 422}
    assert visitor.room.state() == before


def test_no_more_is_read_than_was_signed(visitor: Visitor, ma: SimulatedPeer) -> None:
    async def endless() -> Any:
        return {"type": "http.request", "body": bytes(1000), "more_body": True}

    answer = visitor.call(visitor.headers(ma, bytes(2500)), endless)
    assert (answer.problem, answer.read) == ("exchange.longer-than-said", 3)


def test_a_caller_that_hangs_up_is_refused(visitor: Visitor, ma: SimulatedPeer) -> None:
    async def gone() -> Any:
        return {"type": "http.disconnect"}

    answer = visitor.call(visitor.headers(ma, b"x"), gone)
    assert (answer.status, answer.problem) == (400, "exchange.broken-off")


def test_a_caller_that_is_too_slow_is_refused(
    visitor: Visitor, ma: SimulatedPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "_BODY_SECONDS", 0.1)

    async def slowly() -> Any:
        await asyncio.sleep(0.03)
        return {"type": "http.request", "body": b"x", "more_body": True}

    answer = visitor.call(visitor.headers(ma, bytes(1000)), slowly)
    assert (answer.status, answer.problem) == (503, "exchange.too-slow")
    assert answer.read < 10


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"garbage", "protocol."),
        (b"\xa0", "protocol."),
        (b"\xbf", "protocol."),
        (b"\x81" * 50_000 + b"\x00", "protocol.too-deep"),
        (b"\x9b\x7f" + b"\xff" * 7, "protocol.truncated"),
    ],
)
def test_a_garbage_parcel_is_refused(visitor: Visitor, ma: SimulatedPeer, body: bytes, code: str) -> None:
    before = visitor.room.state()
    answer = visitor.call(visitor.headers(ma, body), pieces(body))
    assert answer.problem.startswith(code)
    assert answer.status in {400, 413}
    assert visitor.room.state() == before


@pytest.mark.storage
def test_a_parcel_of_somebody_else_is_refused(visitor: Visitor, ma: SimulatedPeer) -> None:
    fr = visitor.room.peer("fr.dgsi")
    body = parcel_of(visitor.room, ma, "uno")
    before = visitor.room.state()
    answer = visitor.call(visitor.headers(fr, body), pieces(body))
    assert (answer.status, answer.problem) == (422, "exchange.not-for-us")
    assert visitor.room.state() == before


def test_when_the_database_fails_the_caller_is_told_to_come_again(
    visitor: Visitor, ma: SimulatedPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    def full(*_: object, **__: object) -> None:
        raise OperationalError("disk full")

    body = parcel_of(visitor.room, ma, "uno")
    with monkeypatch.context() as patched:
        patched.setattr(Door, "_parcel", full)
        answer = visitor.call(visitor.headers(ma, body), pieces(body))
        assert (answer.status, answer.problem) == (503, "exchange.failed")
        assert b"disk full" not in answer.body
    assert visitor.call(visitor.headers(ma, body), pieces(body)).status == 200


# ---------------------------------------------------------------------------------------------------- rates


def test_a_partner_that_is_too_fast_is_slowed_down_and_the_others_are_not(
    visitor: Visitor, ma: SimulatedPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fr = visitor.room.peer("fr.dgsi")
    visitor.door._peers = doors._Rates(0.0, 3.0)
    body = ma.parcel_with().to_bytes()
    headers = visitor.headers(ma, body)
    assert [visitor.call(headers, pieces(body)).status for _ in range(3)] == [200, 200, 200]
    answer = visitor.call(headers, never_read)
    assert (answer.status, answer.problem) == (429, "exchange.too-fast")
    other = fr.parcel_with().to_bytes()
    assert visitor.call(visitor.headers(fr, other), pieces(other)).status == 200


def test_a_partner_that_asks_for_files_too_fast_waits_and_its_statements_do_not(
    visitor: Visitor, ma: SimulatedPeer
) -> None:
    visitor.door._files = doors._Rates(0.0, 1.0)
    said, body = FilesMessage(sender="ma.dgst", receiver="es.cgi").to_bytes(), ma.parcel_with().to_bytes()
    asked = visitor.headers(ma, said, path=FILES)
    assert visitor.call(asked, pieces(said), path=FILES).status == 200
    assert (answer := visitor.call(asked, never_read, path=FILES)).status == 429
    assert answer.problem == "exchange.too-fast"
    assert visitor.call(visitor.headers(ma, body), pieces(body)).status == 200


def test_the_bodies_of_a_partner_that_are_under_way_are_bounded_together(
    visitor: Visitor, ma: SimulatedPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = ma.parcel_with().to_bytes()
    headers = visitor.headers(ma, body)
    monkeypatch.setattr(doors, "_PEER_BYTES", len(body))
    for _ in range(2):
        assert visitor.call(headers, pieces(body[:-1])).status == 400
        assert visitor.call(headers, pieces(body)).status == 200, "what was broken off or answered counts no longer"
    monkeypatch.setattr(doors, "_PEER_BYTES", len(body) - 1)
    answer = visitor.call(headers, never_read)
    assert (answer.status, answer.problem) == (429, "exchange.too-fast")


def test_strangers_are_judged_a_few_times_and_then_not_even_that(visitor: Visitor, ma: SimulatedPeer) -> None:
    visitor.door._strangers = doors._Rates(0.0, 5.0)
    headers = visitor.headers(SimulatedPeer("pt.pj"), b"x")
    assert [visitor.call(headers, never_read).status for _ in range(7)] == [422] * 5 + [429] * 2
    body = ma.parcel_with().to_bytes()
    good = visitor.headers(ma, body)
    assert visitor.call(good, pieces(body), client="192.0.2.2").status == 200
    assert visitor.call(good, never_read).status == 429


def test_rates_recover_with_time_and_the_table_of_strangers_is_bounded() -> None:
    rates = doors._Rates(1000.0, 2.0)
    rates.spend("a")
    rates.spend("a")
    import time

    time.sleep(0.01)
    rates.spend("a")
    for number in range(3 * doors._MOST_STRANGERS):
        rates.spend(str(number))
    assert len(rates._buckets) <= doors._MOST_STRANGERS
