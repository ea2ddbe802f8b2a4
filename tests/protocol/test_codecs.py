"""Every codec: what is written is read again, and no bytes from outside cause anything but an error of our tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peer import Dishonest, SimulatedPeer, introduce, nested, seeded
from tansiq.errors import BadInput, Error, TooMuch
from tansiq.protocol import directory as documents
from tansiq.protocol.acts import act_of, make_act, parse_act
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.concealment import verify_opening
from tansiq.protocol.cose import decrypt0, encrypt0, parse_sign1, sign1
from tansiq.protocol.directory import Certified, Directory, Officer, Post, Use, make_directory, parse_directory
from tansiq.protocol.docket import ALL_MEMBERS, Docket, parse_docket
from tansiq.protocol.envelope import Entry, Handover, Lane, make_batch_head, parse_batch_head, parse_entry
from tansiq.protocol.heads import Direction, exchange_leaf, make_head, parse_head, receipt, verify_receipt
from tansiq.protocol.keys import PublicSealingKey, PublicSigningKey, SealingKey, SigningKey
from tansiq.protocol.limits import MAX_EPOCH, MAX_TIME_MS
from tansiq.protocol.manifest import Manifest, parse_manifest
from tansiq.protocol.merkle import leaf_hash
from tansiq.protocol.parcel import Fault, Item, JournalNews, Parcel, Receipts, parse_parcel
from tansiq.protocol.parts import Part, parse_part
from tansiq.protocol.statement import parse_part_proofs, parse_statement
from tansiq.protocol.wraps import ContentKeys, OwnSecret, open_own, open_wrap, parse_wrap, seal_own, seal_wrap

SIGNER = SigningKey(seeded("signer"))
READER = SealingKey(seeded("reader", 96))
OWN = OwnSecret(seeded("own"))

hashes = st.binary(min_size=32, max_size=32)
ids = st.binary(min_size=16, max_size=16)
numbers = st.integers(0, (1 << 63) - 1)
moments = st.integers(0, MAX_TIME_MS)
epochs = st.integers(0, MAX_EPOCH)
codes = st.from_regex(r"[A-Za-z0-9](?:[A-Za-z0-9.+-]{0,20}[A-Za-z0-9+])?", fullmatch=True)
agencies = st.from_regex(r"[a-z]{2,3}\.[a-z0-9-]{1,32}", fullmatch=True)
posts = st.from_regex(r"[a-z]{2,3}\.[a-z0-9-]{1,32}/[a-z0-9-]{1,48}", fullmatch=True)
blobs = st.binary(max_size=60)
plains = st.recursive(
    numbers | blobs | st.text(max_size=20) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 99) | st.text(max_size=5), inner),
    max_leaves=10,
)


def tuples(values: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=most).map(tuple)


dockets = st.builds(
    Docket,
    kind=codes,
    channel=codes,
    matter=ids,
    sender=posts,
    route=tuples(posts),
    addressees=tuples(posts | st.just(ALL_MEMBERS)),
    field=codes | st.just(""),
    case=ids | st.just(b""),
    answers=ids | st.just(b""),
    follows=tuples(ids),
    deadline_class=codes | st.just(""),
    classification=codes | st.just(""),
    handling=tuples(codes),
    languages=tuples(codes),
)
parts = st.builds(Part, codes, st.dictionaries(st.integers(0, 99) | st.text(max_size=5), plains, max_size=4))
entries = st.builds(
    Entry,
    sender=agencies,
    receiver=agencies,
    epoch=st.integers(1, 99),
    lane=st.sampled_from(Lane),
    number=st.integers(1, (1 << 63) - 1),
    statement=hashes,
    wraps=tuples(hashes),
    handovers=tuples(st.builds(Handover, posts, moments, moments)),
    released_ms=moments,
)
items = st.builds(
    Item,
    entry=blobs,
    statement=blobs,
    docket=blobs,
    proofs=st.lists(plains, max_size=2),
    parts=tuples(blobs | st.none()),
    wraps=tuples(blobs),
)
receipts = st.lists(st.tuples(numbers, moments), max_size=3).flatmap(
    lambda pairs: st.builds(
        Receipts,
        batch=hashes,
        indices=st.just(tuple(index for index, _ in pairs)),
        times_ms=st.just(tuple(time_ms for _, time_ms in pairs)),
        size=numbers,
        nodes=tuples(hashes),
    )
)
news = st.builds(JournalNews, head=blobs, root=hashes, first=numbers, leaves=st.lists(hashes, max_size=3).map(b"".join))


@st.composite
def parcels(draw: Any) -> Parcel:
    carried = draw(tuples(items))
    return Parcel(
        sender=draw(agencies),
        receiver=draw(agencies),
        epoch=draw(st.integers(1, 99)),
        time_ms=draw(moments),
        known_size=draw(numbers),
        news=draw(st.none() | news),
        witness=draw(blobs),
        batch=draw(st.binary(min_size=1, max_size=60)) if carried else b"",
        items=carried,
        receipts=draw(tuples(receipts)),
        faults=draw(tuples(st.builds(Fault, hashes, codes))),
        want=draw(st.integers(0, 512)),
        directory_version=draw(numbers),
    )


@st.composite
def certified_keys(draw: Any) -> Certified:
    use = draw(st.sampled_from(Use))
    return Certified(
        use=use,
        owner="es.cgi/desk" if use is Use.POST_OPENS else draw(codes),
        public=READER.public.public if use.endswith(".seal") else SIGNER.public.public,
        from_ms=draw(moments),
        until_ms=draw(moments),
        revoked_ms=draw(moments),
        reason=draw(codes | st.just("")),
        recovery=draw(tuples(hashes)),
    )


own_posts = posts.map(lambda post: "es.cgi/" + post.partition("/")[2])
lines = st.text(max_size=30).filter(lambda name: not documents._NOT_IN_A_NAME.search(name))
names = st.dictionaries(st.sampled_from(["ar", "es", "fr", "en"]), lines)
directories = st.builds(
    Directory,
    agency=st.just("es.cgi"),
    number=st.integers(1, 99),
    time_ms=moments,
    identity=st.just(SIGNER.public.public),
    previous=hashes | st.just(b""),
    names=names,
    addresses=tuples(st.text(max_size=30)),
    tls=tuples(blobs),
    keys=tuples(certified_keys()),
    posts=tuples(st.builds(Post, id=own_posts, role=codes, names=names, languages=tuples(codes))),
    officers=tuples(st.builds(Officer, number=codes, posts=tuples(own_posts))),
    pulls=st.booleans(),
)


@given(dockets)
def test_dockets(docket: Docket) -> None:
    assert parse_docket(docket.to_bytes()) == docket


@given(parts)
def test_parts(part: Part) -> None:
    assert parse_part(part.to_bytes()) == part


@given(entries)
def test_entries(entry: Entry) -> None:
    assert parse_entry(entry.to_bytes()) == entry


@given(parcels())
def test_parcels(parcel: Parcel) -> None:
    assert parse_parcel(parcel.to_bytes()) == parcel


@given(directories)
@settings(max_examples=30)
def test_directories(directory: Directory) -> None:
    made = make_directory(directory, identity=SIGNER)
    read = parse_directory(made.encoded)
    assert read == made
    for name in ("number", "time_ms", "previous", "names", "addresses", "tls", "keys", "posts", "officers", "pulls"):
        assert getattr(read, name) == getattr(directory, name)


@given(ids, codes, posts, codes, moments, hashes, tuples(hashes))
def test_acts(
    statement_id: bytes, officer: str, post: str, act: str, time_ms: int, docket: bytes, commitments: tuple[bytes, ...]
) -> None:
    part = make_act(
        statement_id=statement_id,
        officer=officer,
        post=post,
        act=act,
        time_ms=time_ms,
        docket_commitment=docket,
        part_commitments=commitments,
        signer=SIGNER,
    )
    read = act_of(parse_part(part.to_bytes()))
    read.verify(SIGNER.public, statement_id=statement_id, docket=docket, parts=commitments)
    assert (read.officer, read.post, read.act, read.time_ms) == (officer, post, act, time_ms)


@given(agencies, st.text(max_size=200), moments, epochs, numbers, hashes)
def test_heads(agency: str, journal: str, time_ms: int, epoch: int, size: int, root: bytes) -> None:
    read = parse_head(
        make_head(
            signer_agency=agency, journal=journal, time_ms=time_ms, epoch=epoch, size=size, root=root, signer=SIGNER
        )
    )
    read.verify(SIGNER.public, root)
    assert (read.signer, read.journal, read.time_ms, read.epoch, read.size) == (agency, journal, time_ms, epoch, size)


@given(st.lists(entries, min_size=1, max_size=4), moments)
def test_batch_heads(batch: list[Entry], time_ms: int) -> None:
    head = make_batch_head(
        sender="es.cgi",
        receiver="ma.dgst",
        epoch=1,
        time_ms=time_ms,
        entries=[entry.to_bytes() for entry in batch],
        signer=SIGNER,
    )
    assert parse_batch_head(head.encoded) == head
    assert (head.count, head.time_ms) == (len(batch), time_ms)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 500), st.integers(1, 1000), hashes)
def test_manifests(key: bytes, size: int, chunk_size: int, digest: bytes) -> None:
    chunks = tuple(seeded(f"chunk {index}") for index in range(-(-size // chunk_size)))
    manifest = Manifest(key, size, chunk_size, chunks, "application/pdf", digest)
    assert parse_manifest(parse_part(manifest.to_part().to_bytes())) == manifest


# ---------------------------------------------------------------------------------------------------- garbage


@dataclass(frozen=True)
class Door:
    """Something that takes bytes from outside, and good bytes for it to start from."""

    enter: Callable[[bytes], object] = field(repr=False)
    good: bytes = field(repr=False)


def doors() -> dict[str, Door]:
    es, ma = introduce(SimulatedPeer("es.cgi"), SimulatedPeer("ma.dgst"))
    made = es.say(officer="4711")
    parcel = es.parcel_with(made)
    assert parcel.news is not None
    act = make_act(
        statement_id=bytes(16),
        officer="4711",
        post="es.cgi/desk",
        act="sent",
        time_ms=1,
        docket_commitment=bytes(32),
        part_commitments=(),
        signer=SIGNER,
    )
    manifest = Manifest(bytes(32), 5, 5, (bytes(32),), "text/plain", bytes(32))
    keys = ContentKeys(bytes(32), (bytes(32),))
    wrap = seal_wrap(keys, reader=READER.public, statement_digest=bytes(32)).encoded
    own = seal_own(keys, secret=OWN, statement_digest=bytes(32)).encoded
    head = parse_head(parcel.news.head)
    leaf = exchange_leaf(Direction.SENT, 1, bytes(32))
    proven = receipt(head, index=0, path=(leaf_hash(leaf),))
    return {
        "cbor": Door(decode, encode({1: [b"x", "y", {2: None}]})),
        "sign1": Door(partial(parse_sign1, kind=None), sign1(b"x", kind="x", signer=SIGNER)),
        "encrypt0": Door(partial(decrypt0, key=bytes(32), external=b""), encrypt0(b"x", key=bytes(32), external=b"")),
        "opening": Door(lambda data: verify_opening(data, commitment=bytes(32)), encode([bytes(32), b"x"])),
        "docket": Door(parse_docket, es.docket().to_bytes()),
        "part": Door(parse_part, Part("note", {0: "x"}).to_bytes()),
        "act": Door(parse_act, act.content[0]),
        "act part": Door(lambda data: act_of(parse_part(data)), act.to_bytes()),
        "statement": Door(parse_statement, made.statement.encoded),
        "part proofs": Door(
            lambda data: parse_part_proofs(decode(data)), encode([proof.to_plain() for proof in made.proofs])
        ),
        "wrap": Door(parse_wrap, wrap),
        "wrap opened": Door(lambda data: open_wrap(parse_wrap(data), reader=READER, statement_digest=bytes(32)), wrap),
        "own wrap opened": Door(
            lambda data: open_own(parse_wrap(data), secrets_by_id={OWN.identifier: OWN}, statement_digest=bytes(32)),
            own,
        ),
        "entry": Door(parse_entry, parcel.items[0].entry),
        "batch head": Door(parse_batch_head, parcel.batch),
        "journal head": Door(parse_head, parcel.news.head),
        "receipt": Door(lambda data: verify_receipt(data, leaf=leaf, root=bytes(32), key=es.node_key.public), proven),
        "parcel": Door(parse_parcel, parcel.to_bytes()),
        "a peer's parcel": Door(lambda data: parse_parcel(ma.answer(data)), parcel.to_bytes()),
        "directory": Door(parse_directory, es.directory.encoded),
        "manifest": Door(lambda data: parse_manifest(parse_part(data)), manifest.to_part().to_bytes()),
        "signing key": Door(PublicSigningKey, SIGNER.public.public),
        "sealing key": Door(PublicSealingKey, READER.public.public),
        "private signing key": Door(SigningKey, SIGNER.private),
        "private sealing key": Door(SealingKey, READER.private),
    }


DOORS = doors()
ON_THE_WIRE = [name for name in DOORS if not name.endswith("key")]


def enter(door: Door, data: bytes) -> None:
    """Whatever it is: taken, or refused by an error of our tree. Anything else fails the test."""
    refusal: Exception | None = None
    try:
        door.enter(data)
    except (Error, Dishonest) as error:
        refusal = error
    if isinstance(refusal, Error):
        assert refusal.code.partition(".")[0] in {"protocol", "padding", "merkle"}
    if isinstance(refusal, Dishonest):
        assert door is DOORS["a peer's parcel"]


def inner_values(value: Any) -> Any:
    """Other values in place of the fields of a decoded thing, one at a time."""
    if isinstance(value, dict):
        for key, inner in value.items():
            for other in inner_values(inner):
                yield value | {key: other}
            yield {name: inner for name, inner in value.items() if name != key}
        yield value | {-99: 1}
        yield value | {"x": 1}
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            for other in inner_values(inner):
                yield [*value[:index], other, *value[index + 1 :]]
        yield value[:-1]
        yield [*value, *value[-1:], None]
    yield from (None, True, -1, 0, 1 << 63, (1 << 64) - 1, b"", bytes(5), bytes(32), "", "x y", [], {}, [[]], [None])


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@given(st.binary(max_size=80))
def test_any_bytes(door: Door, data: bytes) -> None:
    enter(door, data)


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@given(plains)
@settings(max_examples=30)
def test_any_plain_value(door: Door, value: Any) -> None:
    enter(door, encode(value))
    enter(door, b"\xd2" + encode(value))


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@given(st.data())
def test_good_bytes_with_one_byte_changed_cut_or_doubled(door: Door, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(door.good) - 1))
    byte = data.draw(st.integers(0, 255))
    enter(door, door.good[:at] + bytes((byte,)) + door.good[at + 1 :])
    enter(door, door.good[:at])
    enter(door, door.good[:at] + door.good[at:] * 2)


@pytest.mark.parametrize("name", ["docket", "part", "act part", "part proofs", "wrap", "entry", "parcel", "manifest"])
def test_every_field_with_every_other_sort_of_value(name: str) -> None:
    door = DOORS[name]
    for value in inner_values(decode(door.good)):
        enter(door, encode(value))


SIGNED = {
    "statement": ("statement", parse_statement),
    "batch head": ("envelope", parse_batch_head),
    "act": ("act", parse_act),
    "directory": ("directory", parse_directory),
}


@pytest.mark.parametrize("name", SIGNED)
def test_every_signed_field_with_every_other_sort_of_value(name: str) -> None:
    """The signer is hostile: the signature holds, the fields are nonsense."""
    kind, parse = SIGNED[name]
    payload = decode(decode(DOORS[name].good[1:])[2])
    signer = SigningKey(seeded("es.cgi identity"))
    for value in inner_values(payload):
        enter(Door(parse, b""), sign1(encode(value), kind=kind, signer=signer))


@pytest.mark.parametrize("name", ["sign1", "statement", "journal head", "receipt"])
def test_every_header_with_every_other_sort_of_value(name: str) -> None:
    array = decode(DOORS[name].good[1:])
    headers = decode(array[0])
    for value in inner_values(headers):
        enter(DOORS[name], b"\xd2" + encode([encode(value), *array[1:]]))
    for value in inner_values(array[1]):
        enter(DOORS[name], b"\xd2" + encode([array[0], value, *array[2:]]))


@pytest.mark.parametrize("name", ON_THE_WIRE)
def test_nothing_is_too_deep_to_be_refused(name: str) -> None:
    door = DOORS[name]
    for depth in (17, 500, 100_000):
        for data in (nested(depth), b"\xd2" + nested(depth), b"\xa1\x00" * depth, b"\x82" * depth):
            with pytest.raises(Error):
                door.enter(data)


@pytest.mark.parametrize("name", ON_THE_WIRE)
def test_no_length_is_believed(name: str) -> None:
    door = DOORS[name]
    for head in (0x5B, 0x7B, 0x9B, 0xBB):
        for length in (1 << 20, 1 << 32, (1 << 64) - 1):
            data = bytes((head,)) + length.to_bytes(8, "big")
            for start in (b"", b"\xd2", b"\xd2\x84", door.good[:1]):
                with pytest.raises((BadInput, TooMuch, Error)):
                    door.enter(start + data)
