"""What is in clear on the wire is what the design says and no more: under TLS nothing; to the node that a parcel reaches, before
any reader's key, the fields of envelope and statement and the readers' key identifiers.

A parcel is read here as anybody would who knows CBOR: every text, number and byte string in it is looked at.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

import aiohttp
import pytest

from support.matters import FACTS, PERSON, an_answer, an_item
from support.node import Node, Nodes
from support.ways import HEADS, World
from tansiq.errors import Error
from tansiq.exchange.delivery import post_signed, tls_context
from tansiq.exchange.eyes_only import open_with
from tansiq.node.certificate import held_certificates, server_context
from tansiq.policy.codes import code_list, code_lists
from tansiq.protocol.cbor import decode
from tansiq.protocol.cose import parse_sign1
from tansiq.protocol.docket import POST
from tansiq.protocol.parcel import Parcel
from tansiq.protocol.wraps import parse_wrap

pytestmark = pytest.mark.storage

_ENTRY_FIELDS = (
    "version", "from", "to", "epoch", "lane", "number", "statement", "wraps", "handovers", "released",
)  # fmt: skip
_STATEMENT_FIELDS = (
    "version", "id", "agency", "time", "docket's hash", "docket's commitment", "root of the parts", "number of parts",
)  # fmt: skip


def values(thing: object) -> Iterator[object]:
    """Every value in a decoded thing, and in whatever signed payload stands in it."""
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield from values(key)
            yield from values(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from values(value)
    else:
        yield thing
        if isinstance(thing, bytes):
            yield from inside(thing)


def inside(thing: bytes) -> Iterator[object]:
    """What stands in bytes that are a signed word, or something encoded; nothing in all others."""
    try:
        if thing[:1] == b"\xd2":
            signed = parse_sign1(thing, kind=None, unprotected=frozenset({396}))
            yield from values(dict(signed.protected))
            yield from values(decode(signed.payload)) if signed.payload else ()
        elif isinstance(read := decode(thing), dict | list):
            yield from values(read)
    except Error:
        return


def exchanged(node: Nodes, channel: str) -> World:
    """A world in which something was asked and answered by a channel, with its parcels."""
    world = World.of(node)
    matter = world.ask(channel)
    world.carry()
    number = "MA-1001" if channel == "direct" else "MA-2210"
    world.answer(matter, an_answer(number), items=[an_item()], number=number)
    world.carry()
    assert world.faults() == {}
    assert world.parcels
    return world


def said_by_codes() -> set[str]:
    """Every code that a docket may hold."""
    return {code for one in code_lists() for code in code_list(one)} | {"enquiry.request", "enquiry.answer"}


@pytest.mark.parametrize("channel", ["interpol", "embassy", "liaison", "direct"])
def test_whoever_has_a_parcel_and_no_key_learns_who_spoke_to_whom_when_and_nothing_of_what(
    node: Nodes, channel: str
) -> None:
    world = exchanged(node, channel)
    agencies, codes = set(world.nodes), said_by_codes()
    for sender, receiver, parcel in world.parcels:
        raw = parcel.encoded
        texts = {value for value in values(decode(raw)) if isinstance(value, str)}
        posts = {one for one in texts if POST.fullmatch(one)}
        kinds = {one for one in texts if one.startswith(("application/", f"{sender}:", f"{receiver}:"))}
        assert texts - posts - kinds <= agencies, "agencies, and desks that handed on: no other word"
        assert not texts & codes
        passed = {hop[0] for item in parcel.items for hop in decode(item.entry)[8]}
        assert posts == passed, "of all desks those alone that signed for having handed on"
        if channel == "direct":
            assert posts == set(), "nobody between, so no desk is named"
        for word in words_of_the_matter():
            assert word not in raw
        for item in parcel.items:
            assert set(decode(item.entry)) == set(range(len(_ENTRY_FIELDS)))
            payload = parse_sign1(item.statement, kind="statement").payload
            assert payload is not None
            assert set(decode(payload)) == set(range(len(_STATEMENT_FIELDS)))
            for wrap in map(parse_wrap, item.wraps):
                assert len(wrap.reader) == 32
            for concealed in (item.docket, *item.parts):
                assert concealed is not None
                assert concealed[:1] == b"\xd0", "a COSE_Encrypt0 and nothing beside it"


def words_of_the_matter() -> list[bytes]:
    """What would tell of whom and what it is about, in the encodings in which it might be left."""
    words = [FACTS, *(name.value for name in PERSON.names), "Nador", "offence.terrorism", "enquiry.request", "interpol"]
    words += [one.number for one in PERSON.identifiers]
    return [form for word in words for form in (word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be"))]


# ------------------------------------------------------------------------------------------------ on the line


class Line:
    """A line between two nodes on which somebody listens: every byte of both directions."""

    def __init__(self) -> None:
        self.heard = bytearray()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        there, to_there = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(self._copy(reader, to_there), self._copy(there, writer))
        finally:
            writer.close()
            to_there.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                self.heard += data
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except (ConnectionError, RuntimeError):
            pass


async def _overheard(es: Node, ma: Node, body: bytes, shown: ssl.SSLContext, believed: ssl.SSLContext) -> bytes:
    line = Line()

    async def door(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(one.split(b":")[1]) for one in head.lower().split(b"\r\n") if b"content-length" in one)
        got = await reader.readexactly(length)
        answer = hashlib.sha256(got).digest() + FACTS.encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(answer) + answer)
        await writer.drain()
        writer.close()

    there = await asyncio.start_server(door, "127.0.0.1", 0, ssl=shown)
    port = there.sockets[0].getsockname()[1]
    tap = await asyncio.start_server(lambda reader, writer: line.carry(reader, writer, port), "127.0.0.1", 0)
    address = f"https://127.0.0.1:{tap.sockets[0].getsockname()[1]}"
    async with aiohttp.ClientSession() as session:
        answer = await post_signed(session, address, "/exchange/1/parcel", body, context=es.context, tls=believed)
    assert answer == hashlib.sha256(body).digest() + FACTS.encode()
    for server in (tap, there):
        server.close()
    return bytes(line.heard)


def test_whoever_listens_on_the_line_hears_no_word(node: Nodes) -> None:
    """Real TLS between two nodes through somebody who writes everything down."""
    world = exchanged(node, "embassy")
    ma, es = world["ma.dgst"], world["es.cgi"]
    ((certificate, private),) = held_certificates(ma.use().keys).items()
    believed = tls_context(ma.context.directory)
    parcel: Parcel = max((one for _, _, one in world.parcels), key=lambda one: len(one.encoded))
    es.use()
    heard = asyncio.run(_overheard(es, ma, parcel.encoded, server_context(certificate, private), believed))
    assert len(heard) > len(parcel.encoded)
    assert heard[:3] in {b"\x16\x03\x01", b"\x16\x03\x03"}, "it begins with a TLS handshake"
    needles: Sequence[bytes] = [
        *words_of_the_matter(), b"POST", b"exchange", b"es.cgi", b"ma.dgst", b"tansiq", parcel.batch[:64],
        *(item.docket[:64] for item in parcel.items),
    ]  # fmt: skip
    for needle in needles:
        assert needle not in heard


def test_the_test_hears_what_is_not_concealed(node: Nodes) -> None:
    """The same search on what a reader opens finds the words: so it would have found them on the way."""
    world = exchanged(node, "direct")
    ma = world["ma.dgst"]
    (statement,) = [row[0] for row in world.rows("ma.dgst", "SELECT request FROM enquiries_enquiry")]
    opened: Any = open_with(statement, ma.officer("MA-1001").reading, context=ma.use())
    content = b"".join(part.to_bytes() for part in opened.parts) + opened.docket.to_bytes()
    assert FACTS.encode() in content
    assert HEADS[0].encode() in content
