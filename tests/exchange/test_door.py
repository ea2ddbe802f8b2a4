"""The door as another node meets it: a signed parcel is answered, everything else is refused and changes nothing.

Most refusals are told before a byte of the body is read; `Body` counts how often it was asked for.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
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
from tansiq.protocol.limits import MAX_PARCEL_BYTES
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
        answer = Answer(start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, end["body"])
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
                    repr([bytes(value) if isinstance(value, memoryview) else value for value in row]) for row in cursor.fetchall()
                )
    return found


@pytest.fixture
def rabat(node: Nodes) -> Iterator[Rabat]:
    made = Rabat(node("es.cgi"), node("ma.dgst"))
    yield made
    made.close()


# ---------------------------------------------------------------------------------------------------- what is taken


def test_a_signed_parcel_is_answered_with_a_parcel(rabat: Rabat, notes: None) -> None:
    sent = send_notes(rabat.es, rabat.ma, 3)
    answer = rabat.say(rabat.request(rabat.parcel().to_bytes()))
    assert (answer.status, answer.headers["content-type"]) == (200, CONTENT_TYPE)
    back = parse_parcel(answer.body)
    assert (back.sender, back.receiver, len(back.receipts[0].indices), back.batch) == ("ma.dgst", "es.cgi", 3, b"")
    assert len(take(back, peer="ma.dgst", context=rabat.es.use()).receipted) == 1
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


def test_a_body_may_come_in_pieces(rabat: Rabat) -> None:
    body = rabat.parcel().to_bytes()
    pieces = Body([body[:1], b"", body[1:200], body[200:]])
    assert rabat.say(rabat.request(body), pieces).status == 200
    assert pieces.asked == 4


# ---------------------------------------------------------------------------------------------------- before the body


@pytest.mark.parametrize(("path", "method"), [("/", "POST"), (PARCEL + "/", "POST"), ("/exchange/2/parcel", "POST"), (PARCEL, "GET"), (PARCEL, "PUT")])
def test_there_is_no_other_door(rabat: Rabat, path: str, method: str) -> None:
    request = rabat.request(rabat.parcel().to_bytes(), path=path, method=method)
    assert rabat.refused(request) == (404, "exchange.no-such-door")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"Signature": None}, 400, "httpsig.missing"),
        ({"Signature-Input": None}, 400, "httpsig.missing"),
        ({"Signature": "tansiq=:" + "A" * 86 + "==:"}, 422, "httpsig.wrong-signature"),
        ({"Content-Length": "7"}, 422, "httpsig.wrong-signature"),
        ({"Content-Length": None}, 400, "httpsig.missing"),
        ({"Content-Length": "-1"}, 400, "httpsig.malformed"),
        ({"Content-Type": "text/plain"}, 422, "httpsig.wrong-signature"),
        ({"Content-Digest": "sha-256=:" + "A" * 43 + "=:"}, 422, "httpsig.wrong-signature"),
        ({"Signature": "x" * 600}, 413, "httpsig.too-long"),
    ],
)
def test_a_signature_that_does_not_hold_is_refused_unread(rabat: Rabat, changes: dict[str, str | None], status: int, code: str) -> None:
    assert rabat.refused(rabat.request(rabat.parcel().to_bytes(), changes=changes)) == (status, code)


def test_what_was_signed_for_another_place_is_refused_unread(rabat: Rabat) -> None:
    body = rabat.parcel().to_bytes()
    assert rabat.refused(rabat.request(body, address="https://127.0.0.1:2")) == (422, "httpsig.wrong-signature")
    scope = rabat.request(body).scope()
    other = rabat.request(body, path=RESTORE)
    other.changes = {name.decode(): value.decode() for name, value in scope["headers"] if name.startswith((b"signature", b"content-digest"))}
    other.changes |= {"Signature": None, "Signature-Input": None, "Content-Digest": None}
    assert rabat.refused(other) == (422, "httpsig.wrong-signature")


@pytest.mark.parametrize(
    "keyid",
    ["es.cgi:{other}", "xx.nobody:{own}", "ma.dgst:{own}", "{own}", "es.cgi:", "es.cgi:nothing hexadecimal", "es.cgi:{own}00", ":"],
)
def test_an_unknown_key_is_refused_unread(rabat: Rabat, keyid: str) -> None:
    stranger = SigningKey.generate()
    own = rabat.es.context.signer.identifier.hex()
    name = keyid.format(own=own, other=stranger.identifier.hex())
    assert rabat.refused(rabat.request(rabat.parcel().to_bytes(), key=stranger, keyid=name)) == (422, "httpsig.unknown-key")


def test_a_known_name_with_another_key_is_refused_unread(rabat: Rabat) -> None:
    request = rabat.request(rabat.parcel().to_bytes(), key=SigningKey.generate())
    assert rabat.refused(request) == (422, "httpsig.wrong-signature")


def test_a_revoked_key_is_refused_unread(rabat: Rabat, clock: Clock) -> None:
    request = rabat.request(rabat.parcel().to_bytes())
    context = rabat.es.use()
    document = revoke_key(
        context.signer.identifier, from_ms=clock.now_ms, reason="stolen", identity=rabat.es.identity, now_ms=clock.now_ms
    )
    assert rabat.say(request).status == 200
    take_directory(document.encoded, now_ms=clock.now_ms)
    assert rabat.refused(request) == (422, "httpsig.unknown-key")


def test_a_partner_whose_words_were_not_compared_is_refused_unread(rabat: Rabat) -> None:
    request = rabat.request(rabat.parcel().to_bytes())
    rabat.ma.use()
    with connections["default"].cursor() as cursor:
        cursor.execute("UPDATE directory_partner SET confirmed_ms = 0 WHERE agency = 'es.cgi'")
    assert rabat.refused(request) == (403, "directory.unconfirmed")


def test_our_own_key_opens_no_door(rabat: Rabat) -> None:
    signer = rabat.ma.context.signer
    request = rabat.request(rabat.parcel().to_bytes(), key=signer, keyid=key_name("ma.dgst", signer.identifier))
    assert rabat.refused(request) == (403, "directory.unconfirmed")


def test_too_large_is_refused_unread(rabat: Rabat) -> None:
    request = rabat.request(b"", said=MAX_PARCEL_BYTES + 1)
    assert rabat.refused(request) == (413, "protocol.parcel-too-large")


# ---------------------------------------------------------------------------------------------------- the body


def test_longer_than_said_is_refused_and_not_read_on(rabat: Rabat) -> None:
    body = rabat.parcel().to_bytes()
    pieces = Body([body, b"x", b"never read"])
    assert rabat.refused(rabat.request(body), pieces, read=True) == (413, "exchange.longer-than-said")
    assert pieces.asked == 2


def test_shorter_than_said_is_refused(rabat: Rabat) -> None:
    body = rabat.parcel().to_bytes()
    assert rabat.refused(rabat.request(body), Body([body[:-1]]), read=True) == (400, "exchange.broken-off")
    assert rabat.refused(rabat.request(body), Body([body[:9]], breaks_off=True), read=True) == (400, "exchange.broken-off")
    assert rabat.refused(rabat.request(body), Body([b""]), read=True) == (400, "exchange.broken-off")


def test_another_body_of_the_same_length_is_refused(rabat: Rabat) -> None:
    body = rabat.parcel().to_bytes()
    other = body[:-1] + bytes([body[-1] ^ 1])
    assert rabat.refused(rabat.request(body, hashed=body), Body([other]), read=True) == (422, "httpsig.wrong-digest")


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"\x00", b"{}", b"\xa0", b"\x9f" * 500, b"\x81" * 500, b"\xa1\x00\x01" + b"\x00", b"\x5b" + b"\xff" * 8], ids=repr
)
def test_garbage_is_refused(rabat: Rabat, body: bytes) -> None:
    for path in (PARCEL, RESTORE):
        status, code = rabat.refused(rabat.request(body, path=path), read=True)
        assert status in {400, 413}
        assert f"{code}.what" in catalogue()


def test_a_parcel_of_another_or_for_another_is_refused(rabat: Rabat) -> None:
    parcel = rabat.parcel()
    for other in (replace(parcel, sender="fr.dgsi"), replace(parcel, receiver="fr.dgsi"), replace(parcel, sender="ma.dgst")):
        assert rabat.refused(rabat.request(other.to_bytes()), read=True) == (422, "exchange.not-for-us")


def test_a_slow_body_is_given_up(rabat: Rabat, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Body):
        async def __call__(self) -> dict[str, Any]:
            self.asked += 1
            await asyncio.sleep(30)
            raise AssertionError

    monkeypatch.setattr(at_the_door, "_BODY_SECONDS", 0.05)
    assert rabat.refused(rabat.request(rabat.parcel().to_bytes()), Slow([]), read=True) == (503, "exchange.too-slow")


def test_a_failure_inside_is_told_without_its_reason(rabat: Rabat, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("invented secret")

    monkeypatch.setattr(at_the_door, "take", fails)
    request = rabat.request(rabat.parcel().to_bytes())
    assert rabat.refused(request, read=True) == (503, "exchange.failed")
    assert b"invented" not in rabat.say(request).body


# ---------------------------------------------------------------------------------------------------- rates


class Still:
    """A clock for rates that stands still until it is moved."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> Still:
    made = Still()
    monkeypatch.setattr(at_the_door, "time", made)
    return made


def test_a_loud_peer_waits_and_costs_the_others_nothing(rabat: Rabat, still: Still, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabat.door, "_peers", at_the_door._Rates(2.0, 3.0))
    request = rabat.request(rabat.parcel().to_bytes())
    assert [rabat.say(request).status for _ in range(3)] == [200] * 3
    assert rabat.refused(request) == (429, "exchange.too-fast")
    assert rabat.door._peers.require("fr.dgsi") == 3.0
    still.now += 0.5
    assert rabat.say(request).status == 200
    assert rabat.refused(request) == (429, "exchange.too-fast")


def test_a_loud_stranger_is_not_even_verified(rabat: Rabat, still: Still, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabat.door, "_strangers", at_the_door._Rates(1.0, 2.0))
    body = rabat.parcel().to_bytes()
    stranger = rabat.request(body, key=SigningKey.generate())
    assert [rabat.refused(stranger)[0] for _ in range(3)] == [422, 422, 429]
    elsewhere = replace(stranger, client=("127.0.0.2", 40_000))
    assert rabat.refused(elsewhere)[0] == 422
    assert rabat.say(replace(rabat.request(body), client=None)).status == 200
    still.now += 1.0
    assert rabat.refused(stranger)[0] == 422


def test_honest_peers_are_not_counted_as_strangers(rabat: Rabat, still: Still, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabat.door, "_strangers", at_the_door._Rates(1.0, 1.0))
    request = rabat.request(rabat.parcel().to_bytes())
    assert [rabat.say(request).status for _ in range(4)] == [200] * 4


def test_a_table_of_strangers_does_not_grow_for_ever(still: Still) -> None:
    rates = at_the_door._Rates(1.0, 2.0)
    for number in range(3 * at_the_door._MOST_STRANGERS):
        rates.spend(str(number))
    assert len(rates._buckets) <= at_the_door._MOST_STRANGERS
