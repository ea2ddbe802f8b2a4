"""The door between two real nodes: a parcel is answered, what waits is fetched, a refusal is told in whole sentences.

`test_door` judges the door with a simulated caller; here both sides are nodes, and no row of any table may differ
after a refusal.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connections

from support.node import Clock, Node, Nodes, clock, node
from support.notes import effects, notes, send_notes
from tansiq.directory.services import take_directory
from tansiq.exchange import door as at_the_door
from tansiq.exchange.dispatch import dispatch_once
from tansiq.exchange.door import CONTENT_TYPE, Door, key_name
from tansiq.exchange.intake import take
from tansiq.exchange.parcels import make_parcel
from tansiq.exchange.release import next_batch
from tansiq.node.rotation import revoke_key
from tansiq.protocol.envelope import Lane
from tansiq.protocol.httpsig import sign_request
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.parcel import Parcel, parse_parcel
from tansiq.texts import catalogue

__all__ = ["clock", "node", "notes"]

pytestmark = pytest.mark.storage

PARCEL, RESTORE = "/exchange/1/parcel", "/exchange/1/restore"
ADDRESS = "https://127.0.0.1:1"


@dataclass
class Body:
    """The body of a request, in pieces; ``asked`` counts how often the door wanted one."""

    pieces: list[bytes]
    breaks_off: bool = False
    asked: int = 0

    async def __call__(self) -> dict[str, Any]:
        self.asked += 1
        if self.asked > len(self.pieces):
            assert self.breaks_off, "read beyond the end"
            return {"type": "http.disconnect"}
        more = self.breaks_off or self.asked < len(self.pieces)
        return {"type": "http.request", "body": self.pieces[self.asked - 1], "more_body": more}


@dataclass
class Answer:
    """What the door sent: status, headers, body."""

    status: int
    headers: dict[str, str]
    body: bytes
    code: str = ""


@dataclass(kw_only=True)
class Request:
    """A request as a node makes it; ``said`` is the length and ``hashed`` the body that its headers speak of."""

    body: bytes
    keyid: str
    key: SigningKey
    path: str = PARCEL
    method: str = "POST"
    address: str = ADDRESS
    said: int | None = None
    hashed: bytes | None = None
    client: tuple[str, int] | None = ("127.0.0.1", 40_000)
    changes: dict[str, str | None] = field(default_factory=dict)

    def scope(self) -> dict[str, Any]:
        length = len(self.body) if self.said is None else self.said
        headers: dict[str, str] = {"Host": "127.0.0.1:1", "Content-Type": CONTENT_TYPE, "Content-Length": str(length)}
        headers |= sign_request(
            method=self.method,
            target_uri=self.address + self.path,
            headers=headers,
            body_digest=hashlib.sha256(self.body if self.hashed is None else self.hashed).digest(),
            key=self.key._key,
            keyid=self.keyid,
            created=1_782_043_200,
        )
        pairs = {name: value for name, value in (headers | self.changes).items() if value is not None}
        return {
            "type": "http",
            "method": self.method,
            "path": self.path,
            "headers": [(name.lower().encode(), value.encode()) for name, value in pairs.items()],
            "client": self.client,
        }


class Rabat:
    """Rabat's door, and Madrid in front of it."""

    def __init__(self, es: Node, ma: Node) -> None:
        self.es, self.ma = es, ma
        self.door = Door(ma.use(), run_directory=str(ma.home.run))

    def close(self) -> None:
        self.door._pool.submit(connections.close_all).result()
        self.door._pool.shutdown()

    def parcel(self, *, want: int = 0) -> Parcel:
        """Madrid's parcel, with what waits in its outbox."""
        context = self.es.use()
        batch = next_batch("ma.dgst", tuple(Lane), context=context)
        return make_parcel("ma.dgst", context=context, batch=batch, want=want)

    def request(self, body: bytes, **changes: Any) -> Request:
        """The request that Madrid's node makes with this body."""
        signer = self.es.context.signer
        return Request(body=body, **{"key": signer, "keyid": key_name("es.cgi", signer.identifier), **changes})

    def say(self, request: Request, body: Body | None = None) -> Answer:
        """The door's answer."""
        self.ma.use()
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(dict(message))

        asyncio.run(self.door(request.scope(), Body([request.body]) if body is None else body, send))
        start, end = sent
        assert (start["type"], end["type"]) == ("http.response.start", "http.response.body")
        answer = Answer(
            start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, end["body"]
        )
        assert answer.headers["content-length"] == str(len(answer.body))
        return answer

    def refused(self, request: Request, body: Body | None = None, *, read: bool = False) -> tuple[int, str]:
        """Status and code of a refusal that left everything as it was; ``read``: only after reading the body."""
        body = Body([request.body]) if body is None else body
        self.ma.use()
        before = everything()
        answer = self.say(request, body)
        assert everything() == before, "something was left of what was refused"
        assert bool(body.asked) == read
        assert answer.headers["content-type"] == "application/problem+json"
        problem = json.loads(answer.body)
        assert set(problem) == {"type", "title", "status", "detail"}
        assert problem["status"] == answer.status
        kind, _, code = problem["type"].rpartition(":")
        assert kind == "urn:tansiq"
        assert problem["title"]
        assert "{" not in problem["title"] + problem["detail"]
        return answer.status, code


def everything() -> dict[str, list[str]]:
    """All rows of all tables of the bound node."""
    found = {}
    for alias in ("default", "keys"):
        with connections[alias].cursor() as cursor:
            for table in connections[alias].introspection.table_names(cursor):
                cursor.execute(f'SELECT * FROM "{table}"')
                found[table] = sorted(
                    repr([bytes(value) if isinstance(value, memoryview) else value for value in row])
                    for row in cursor.fetchall()
                )
    return found


@pytest.fixture
def rabat(node: Nodes) -> Iterator[Rabat]:
    made = Rabat(node("es.cgi"), node("ma.dgst"))
    yield made
    made.close()


def test_a_signed_parcel_is_answered_with_a_parcel(rabat: Rabat, notes: None) -> None:
    sent = send_notes(rabat.es, rabat.ma, 3)
    answer = rabat.say(rabat.request(rabat.parcel().to_bytes()))
    assert (answer.status, answer.headers["content-type"]) == (200, CONTENT_TYPE)
    back = parse_parcel(answer.body)
    assert (back.sender, back.receiver, len(back.receipts[0].indices), back.batch) == ("ma.dgst", "es.cgi", 3, b"")
    assert len(back.receipts) == 1
    assert take(back, peer="ma.dgst", context=rabat.es.use()).new == 0
    assert dispatch_once(context=rabat.ma.use())
    assert effects(rabat.ma) == [one.id for one in sent]


def test_the_same_request_again_is_answered_and_adds_nothing(rabat: Rabat, notes: None) -> None:
    send_notes(rabat.es, rabat.ma, 2)
    request = rabat.request(rabat.parcel().to_bytes())
    first = parse_parcel(rabat.say(request).body)
    before = everything()
    again = parse_parcel(rabat.say(request).body)
    assert again.receipts == first.receipts
    assert everything() == before


def test_who_wants_something_gets_it_in_the_answer(rabat: Rabat, notes: None) -> None:
    send_notes(rabat.ma, rabat.es, 3)
    assert parse_parcel(rabat.say(rabat.request(rabat.parcel().to_bytes())).body).items == ()
    back = parse_parcel(rabat.say(rabat.request(rabat.parcel(want=2).to_bytes())).body)
    assert len(back.items) == 2
    assert take(back, peer="ma.dgst", context=rabat.es.use()).new == 2


@pytest.mark.parametrize(
    "keyid",
    [
        "es.cgi:{other}",
        "xx.nobody:{own}",
        "ma.dgst:{own}",
        "{own}",
        "es.cgi:",
        "es.cgi:nothing hexadecimal",
        "es.cgi:{own}00",
        ":",
    ],
)
def test_an_unknown_key_is_refused_unread(rabat: Rabat, keyid: str) -> None:
    stranger = SigningKey.generate()
    own = rabat.es.context.signer.identifier.hex()
    name = keyid.format(own=own, other=stranger.identifier.hex())
    assert rabat.refused(rabat.request(rabat.parcel().to_bytes(), key=stranger, keyid=name)) == (
        422,
        "httpsig.unknown-key",
    )


def test_a_revoked_key_is_refused_unread(rabat: Rabat, clock: Clock) -> None:
    request = rabat.request(rabat.parcel().to_bytes())
    context = rabat.es.use()
    document = revoke_key(
        context.signer.identifier,
        from_ms=clock.now_ms,
        reason="stolen",
        identity=rabat.es.identity,
        now_ms=clock.now_ms,
    )
    assert rabat.say(request).status == 200
    take_directory(document.encoded, now_ms=clock.now_ms)
    assert rabat.refused(request) == (422, "httpsig.unknown-key")


def test_our_own_key_opens_no_door(rabat: Rabat) -> None:
    signer = rabat.ma.context.signer
    request = rabat.request(rabat.parcel().to_bytes(), key=signer, keyid=key_name("ma.dgst", signer.identifier))
    assert rabat.refused(request) == (403, "directory.unconfirmed")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"\x00",
        b"{}",
        b"\xa0",
        b"\x9f" * 500,
        b"\x81" * 500,
        b"\xa1\x00\x01" + b"\x00",
        b"\x5b" + b"\xff" * 8,
    ],
    ids=repr,
)
def test_garbage_is_refused(rabat: Rabat, body: bytes) -> None:
    for path in (PARCEL, RESTORE):
        status, code = rabat.refused(rabat.request(body, path=path), read=True)
        assert status in {400, 413}
        assert f"{code}.what" in catalogue()


def test_a_failure_inside_is_told_without_its_reason(rabat: Rabat, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("invented secret")

    monkeypatch.setattr(at_the_door, "keep", fails)
    request = rabat.request(rabat.parcel().to_bytes())
    assert rabat.refused(request, read=True) == (503, "exchange.failed")
    assert b"invented" not in rabat.say(request).body
