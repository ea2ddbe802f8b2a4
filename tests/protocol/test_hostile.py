"""What a hostile peer, relay or thief tries, made by script, and the error that each attempt meets.

The table of the threats: wrong key · wrong order · truncated · oversized · deeply nested · replayed · re-addressed ·
header altered · commitment that does not match · two readers told different things · receipt for another statement ·
journal rolled back or forked · revoked key · stolen online key that rotates itself · act or wrap moved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from peer import (
    Dishonest,
    SimulatedPeer,
    TwoReadings,
    altered,
    introduce,
    nested,
    seeded,
    self_made_directory,
    two_readings,
)
from tansiq.errors import Error, NotProven, TooMuch
from tansiq.protocol.acts import act_of
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.concealment import DOCKET_PLACE, Concealed, conceal, reveal
from tansiq.protocol.cose import decrypt0, media_type
from tansiq.protocol.directory import Use, parse_directory, verify_successor
from tansiq.protocol.docket import parse_docket
from tansiq.protocol.envelope import Lane, check_batch, check_wraps, parse_batch_head, parse_entry
from tansiq.protocol.heads import Direction, exchange_leaf, parse_head, receipt, verify_receipt
from tansiq.protocol.keys import PublicSigningKey, SigningKey
from tansiq.protocol.limits import (
    MAX_CBOR_ITEMS,
    MAX_DIRECTORY_BYTES,
    MAX_DOCKET_BYTES,
    MAX_PARCEL_BYTES,
    MAX_PART_BYTES,
    MAX_STATEMENT_BYTES,
)
from tansiq.protocol.merkle import MemoryNodes, consistency_path, inclusion_path, leaf_hash, verify_consistency
from tansiq.protocol.parcel import Parcel, parse_parcel
from tansiq.protocol.parts import Part, parse_part
from tansiq.protocol.statement import (
    Made,
    check_contents,
    parse_part_proofs,
    parse_statement,
    sign_concealed,
)
from tansiq.protocol.wraps import ContentKeys, open_wrap, parse_wrap, seal_wrap

Peers = tuple[SimulatedPeer, SimulatedPeer, SimulatedPeer]


@pytest.fixture
def peers() -> Peers:
    """Madrid, Rabat and a third who listens."""
    es, ma, fr = introduce(SimulatedPeer("es.cgi"), SimulatedPeer("ma.dgst"), SimulatedPeer("fr.dgsi"))
    return es, ma, fr


@pytest.fixture
def es(peers: Peers) -> SimulatedPeer:
    return peers[0]


@pytest.fixture
def ma(peers: Peers) -> SimulatedPeer:
    return peers[1]


def to_rabat(es: SimulatedPeer, **changes: Any) -> Made:
    return es.say(docket=es.docket(to=["ma.dgst/desk"]), **changes)


def code_of(attempt: Callable[[], object]) -> str:
    with pytest.raises(Error) as caught:
        attempt()
    return caught.value.code


# ---------------------------------------------------------------------------------------------------- wrong key


def test_wrong_key(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    stranger = SigningKey(seeded("stranger"))
    statement = to_rabat(es, signer=stranger).statement
    assert code_of(lambda: statement.signature.verify(es.node_key.public)) == "protocol.other-key"
    claimed = parse_statement(altered(statement.encoded, protected=lambda old: old | {4: es.node_key.identifier}))
    assert code_of(lambda: claimed.signature.verify(es.node_key.public)) == "protocol.wrong-signature"
    assert code_of(lambda: es.directory.certified(statement.signer, Use.NODE_SIGNS)) == "protocol.unknown-key"
    assert ma.take(es.parcel_with(to_rabat(es, signer=stranger))).faults[0].code == "protocol.unknown-key"


def test_an_officers_key_signs_no_statement(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    answer = ma.take(es.parcel_with(to_rabat(es, signer=es.officers["4711"])))
    assert answer.faults[0].code == "protocol.unknown-key"


def test_the_word_of_another_agency_can_not_be_forged(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    answer = ma.take(es.parcel_with(to_rabat(es, agency="fr.dgsi")))
    assert answer.faults[0].code == "protocol.unknown-key"


# ---------------------------------------------------------------------------------------------------- wrong order


def test_wrong_order_of_entries(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    es.lies.reorder = True
    parcel = es.parcel_with(to_rabat(es), to_rabat(es), to="ma.dgst")
    assert code_of(lambda: ma.take(parcel)) == "protocol.other-batch"
    assert ma.received == []


def test_wrong_order_of_parts(es: SimulatedPeer) -> None:
    made = to_rabat(es, parts=[Part("note", {0: "one"}), Part("note", {0: "two"})])
    proofs, parts = made.proofs[::-1], made.parts[::-1]
    assert (
        code_of(lambda: check_contents(made.statement, docket=made.docket, proofs=proofs, parts=parts))
        == "protocol.other-parts"
    )
    # Nor does a part open in the place of another.
    key, ciphertext, commitment = made.keys.parts[0], made.parts[0], made.proofs[0].commitment
    assert (
        code_of(lambda: reveal(ciphertext, key=key, statement_id=made.statement.id, place=1, commitment=commitment))
        == "protocol.not-opened"
    )


def test_wrong_order_of_wraps(es: SimulatedPeer) -> None:
    item = es.parcel_with(to_rabat(es), to="ma.dgst").items[0]
    wraps = [parse_wrap(encoded) for encoded in item.wraps]
    assert code_of(lambda: check_wraps(parse_entry(item.entry), wraps[::-1])) == "protocol.other-wraps"


# ---------------------------------------------------------------------------------------------------- truncated


@pytest.mark.parametrize("what", ["statement", "batch", "parcel", "entry", "wrap", "directory", "head"])
def test_truncated(what: str, es: SimulatedPeer) -> None:
    parcel = es.parcel_with(to_rabat(es), to="ma.dgst")
    item = parcel.items[0]
    assert parcel.news is not None
    doors: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
        "statement": (item.statement, parse_statement),
        "batch": (parcel.batch, parse_batch_head),
        "parcel": (parcel.encoded, parse_parcel),
        "entry": (item.entry, parse_entry),
        "wrap": (item.wraps[0], parse_wrap),
        "directory": (es.directory.encoded, parse_directory),
        "head": (parcel.news.head, parse_head),
    }
    good, parse = doors[what]
    parse(good)
    for end in range(1, len(good), 1 + len(good) // 300):
        assert code_of(lambda end=end: parse(good[:end])) == "protocol.truncated"  # type: ignore[misc]


# ---------------------------------------------------------------------------------------------------- too much


def parcel_item(parcel: Parcel, **changes: Any) -> bytes:
    return replace(parcel, items=(replace(parcel.items[0], **changes),)).to_bytes()


OVERSIZED: dict[str, tuple[Callable[[Parcel], object], str]] = {
    "statement": (lambda _: parse_statement(bytes(MAX_STATEMENT_BYTES + 1)), "protocol.statement-too-large"),
    "directory": (lambda _: parse_directory(bytes(MAX_DIRECTORY_BYTES + 1)), "protocol.directory-too-large"),
    "docket": (lambda _: parse_docket(bytes(MAX_DOCKET_BYTES + 1)), "protocol.docket-too-large"),
    "part": (lambda _: parse_part(bytes(MAX_PART_BYTES + 1)), "protocol.part-too-large"),
    "parcel": (lambda _: parse_parcel(bytes(MAX_PARCEL_BYTES + 1)), "protocol.parcel-too-large"),
    "docket in a parcel": (
        lambda parcel: parse_parcel(parcel_item(parcel, docket=bytes(MAX_DOCKET_BYTES + 1))),
        "protocol.docket-too-large",
    ),
    "part in a parcel": (
        lambda parcel: parse_parcel(parcel_item(parcel, parts=(bytes(MAX_PART_BYTES + 1),))),
        "protocol.part-too-large",
    ),
    "parts in a parcel": (
        lambda parcel: parse_parcel(parcel_item(parcel, parts=(None,) * 257)),
        "protocol.too-many-parts",
    ),
    "wraps in a parcel": (
        lambda parcel: parse_parcel(parcel_item(parcel, wraps=(b"",) * 1025)),
        "protocol.too-many-wraps",
    ),
    "batch": (
        lambda parcel: parse_parcel(replace(parcel, items=parcel.items * 513).to_bytes()),
        "protocol.wrong-field",
    ),
    "values": (
        lambda parcel: parse_parcel(encode(decode(parcel.encoded) | {99: [0] * MAX_CBOR_ITEMS})),
        "protocol.too-many-items",
    ),
}


@pytest.mark.parametrize(("attempt", "code"), OVERSIZED.values(), ids=OVERSIZED)
def test_oversized(attempt: Callable[[Parcel], object], code: str, es: SimulatedPeer) -> None:
    parcel = es.parcel_with(to_rabat(es), to="ma.dgst")
    assert code_of(lambda: attempt(parcel)) == code


@pytest.mark.parametrize("depth", [17, 1_000_000])
def test_deeply_nested(depth: int, es: SimulatedPeer) -> None:
    parcel = es.parcel_with(to_rabat(es), to="ma.dgst")
    hidden = {**decode(parcel.encoded), 99: None}
    inside = encode(hidden)[:-1] + nested(depth)
    with pytest.raises(TooMuch) as caught:
        parse_parcel(inside)
    assert caught.value.code == "protocol.too-deep"


# ---------------------------------------------------------------------------------------------------- replayed


def test_replayed(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    parcel = es.parcel_with(to_rabat(es), to="ma.dgst")
    first = ma.take(parcel)
    for _ in range(3):
        again = ma.take(parcel)
        assert again.receipts[0].indices == first.receipts[0].indices
        assert again.receipts[0].times_ms == first.receipts[0].times_ms
    assert len(ma.received) == len(ma.relation("es.cgi").leaves) == 1


def test_replayed_under_a_new_number(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    """The statement is the same; the peer that sends it twice signs twice that it did."""
    made = to_rabat(es)
    ma.take(es.parcel_with(made, to="ma.dgst"))
    ma.take(es.parcel_with(made, to="ma.dgst"))
    assert [one.entry.number for one in ma.received] == [1, 2]
    assert len({one.statement.id for one in ma.received if one.statement}) == 1


def test_one_number_for_two_statements(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    ma.take(es.parcel_with(to_rabat(es), to="ma.dgst"))
    es.lies.number_twice = True
    with pytest.raises(Dishonest, match="number-used-twice"):
        ma.take(es.parcel_with(to_rabat(es), to="ma.dgst"))
    assert len(ma.received) == 1


# ---------------------------------------------------------------------------------------------------- re-addressed


def test_an_entry_shown_as_addressed_to_another(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    parcel = es.parcel_with(to_rabat(es), to="ma.dgst")
    entry = replace(parse_entry(parcel.items[0].entry), receiver="fr.dgsi").to_bytes()
    head = parse_batch_head(parcel.batch)
    assert code_of(lambda: check_batch(head, entries=[entry], key=es.node_key.public)) == "protocol.other-batch"
    es.lies.readdress = True
    with pytest.raises(Dishonest, match="not-for-us"):
        ma.take(es.parcel_with(to_rabat(es), to="ma.dgst"))


def test_a_batch_shown_to_another(es: SimulatedPeer, peers: Peers) -> None:
    parcel = es.parcel_with(to_rabat(es), to="ma.dgst")
    forwarded = replace(es.parcel_with(to="fr.dgsi"), batch=parcel.batch, items=parcel.items)
    with pytest.raises(Dishonest, match="not-for-us"):
        peers[2].take(forwarded)
    moved = parse_batch_head(altered(parcel.batch, payload=lambda fields: fields | {2: "fr.dgsi"}))
    entries = [item.entry for item in parcel.items]
    assert code_of(lambda: check_batch(moved, entries=entries, key=es.node_key.public)) == "protocol.wrong-signature"


def test_a_docket_shown_with_another_statement(es: SimulatedPeer) -> None:
    made, other = to_rabat(es), es.say(docket=es.docket(to=["fr.dgsi/desk"]))
    assert (
        code_of(lambda: check_contents(made.statement, docket=other.docket, proofs=made.proofs, parts=made.parts))
        == "protocol.other-docket"
    )
    assert (
        code_of(
            lambda: reveal(
                other.docket,
                key=other.keys.docket,
                statement_id=made.statement.id,
                place=DOCKET_PLACE,
                commitment=other.statement.docket_commitment,
            )
        )
        == "protocol.not-opened"
    )


def test_a_statement_passed_off_as_addressed_to_another(es: SimulatedPeer, peers: Peers) -> None:
    """Rabat, a reader, seals what Madrid told it to Paris: Paris opens a docket that doesn't name it."""
    _, ma, fr = peers
    made = to_rabat(es)
    digest = made.statement.digest
    ma.take(es.parcel_with(made, to="ma.dgst"))
    reader = next(key.key for key in fr.directory.keys if key.use == Use.POST_OPENS)
    assert not isinstance(reader, PublicSigningKey)
    wrap = seal_wrap(made.keys, reader=reader, statement_digest=digest)
    answer = fr.take(ma.parcel_with(made, to="fr.dgsi", wraps={digest: [wrap]}))
    assert answer.faults[0].code == "not-addressed"
    assert fr.received[0].docket is not None
    assert not fr.received[0].docket.covers("fr.dgsi/desk")


# ---------------------------------------------------------------------------------------------------- header altered


@pytest.mark.parametrize("label", [4, 16, 15, 395, -70001, 99])
def test_protected_header_altered(label: int, es: SimulatedPeer) -> None:
    parcel = es.parcel_with(to_rabat(es), to="ma.dgst")
    assert parcel.news is not None
    news = parcel.news
    changes: dict[int, tuple[Any, str]] = {
        4: (seeded("another key"), "protocol.other-key"),
        16: (media_type("statement"), "protocol.other-type"),
        15: ({1: "ma.dgst", 2: "ma.dgst:exchange:es.cgi"}, "protocol.wrong-signature"),
        395: (2, "protocol.wrong-head"),
        -70001: ([1, 99, 0], "protocol.wrong-signature"),
        99: ("added", "protocol.wrong-signature"),
    }
    value, code = changes[label]
    head = altered(news.head, protected=lambda old: old | {label: value})
    assert code_of(lambda: parse_head(head).verify(es.node_key.public, news.root)) == code


# ---------------------------------------------------------------------------------------------------- two readings


def of_two_readings(es: SimulatedPeer, readings: TwoReadings, statement_id: bytes) -> Made:
    part = Concealed(
        ciphertext=readings.ciphertext,
        key=readings.keys[0],
        digest=hashlib.sha256(readings.ciphertext).digest(),
        commitment=readings.commitment,
    )
    docket = es.docket(to=["ma.dgst/desk", "fr.dgsi/desk"])
    return sign_concealed(
        agency="es.cgi",
        statement_id=statement_id,
        time_ms=es.clock(),
        docket=conceal(docket.to_bytes(), statement_id=statement_id, place=DOCKET_PLACE),
        parts=[part],
        signer=es.node_key,
    )


def test_two_readers_told_different_things_under_one_signature(es: SimulatedPeer) -> None:
    """AES-GCM opens one ciphertext under two keys; the commitment lets one reading stand."""
    statement_id = seeded("two readings", 16)
    readings = two_readings(statement_id=statement_id, place=0, content=b"yes")
    made = of_two_readings(es, readings, statement_id)
    check_contents(made.statement, docket=made.docket, proofs=made.proofs, parts=made.parts)
    made.statement.signature.verify(es.node_key.public)
    # Without the commitment both readers would believe what they read: the cipher itself opens for both.
    external = encode([statement_id, 0])
    plains = [decrypt0(readings.ciphertext, key=key, external=external) for key in readings.keys]
    contents = [decode(opening)[1] for opening in readings.openings]
    assert plains[0] != plains[1]
    assert [len(decode(opening)[0]) for opening in readings.openings] == [32, 32]
    assert contents[0] == b"yes"
    assert contents[1] != b"yes"

    def read(key: bytes) -> bytes:
        commitment = made.proofs[0].commitment
        return reveal(made.parts[0], key=key, statement_id=statement_id, place=0, commitment=commitment)[0]

    assert read(readings.keys[0]) == b"yes"
    assert code_of(lambda: read(readings.keys[1])) == "protocol.other-commitment"


def test_each_reader_of_such_a_statement_finds_out_alone(es: SimulatedPeer, peers: Peers) -> None:
    """Each gets a wrap with another key; the one who was told something else refuses what the other reads."""
    _, ma, fr = peers
    statement_id = seeded("two readings", 16)
    made = of_two_readings(es, two_readings(statement_id=statement_id, place=0, content=b"yes"), statement_id)
    first, second = two_readings(statement_id=statement_id, place=0, content=b"yes").keys
    digest = made.statement.digest
    told = {}
    for reader, key in ((ma, first), (fr, second)):
        public = reader.posts[f"{reader.agency}/desk"].public
        wrap = seal_wrap(ContentKeys(made.keys.docket, (key,)), reader=public, statement_digest=digest)
        told[reader.agency] = reader.take(es.parcel_with(made, to=reader.agency, wraps={digest: [wrap]})).faults
    # The content is no part (three bytes): what matters is how far each came.
    assert [fault.code for fault in told["ma.dgst"]] != [fault.code for fault in told["fr.dgsi"]]
    assert told["fr.dgsi"][0].code == "protocol.other-commitment"


def test_commitment_that_does_not_match(es: SimulatedPeer) -> None:
    """The plain form of the same lie: the statement commits to one content, the ciphertext holds another."""
    statement_id = seeded("mismatch", 16)
    told, meant = (conceal(content, statement_id=statement_id, place=0) for content in (b"yes", b"no"))
    made = sign_concealed(
        agency="es.cgi",
        statement_id=statement_id,
        time_ms=es.clock(),
        docket=conceal(es.docket().to_bytes(), statement_id=statement_id, place=DOCKET_PLACE),
        parts=[replace(told, commitment=meant.commitment)],
        signer=es.node_key,
    )
    check_contents(made.statement, docket=made.docket, proofs=made.proofs, parts=made.parts)
    commitment = made.proofs[0].commitment
    assert (
        code_of(lambda: reveal(made.parts[0], key=told.key, statement_id=statement_id, place=0, commitment=commitment))
        == "protocol.other-commitment"
    )


# ---------------------------------------------------------------------------------------------------- receipts


def test_receipt_for_another_statement(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    made = [to_rabat(es) for _ in range(3)]
    es.take(ma.take(es.parcel_with(*made, to="ma.dgst")))
    assert len(es.receipts) == 3
    digests = list(es.receipts)
    key, time_ms = ma.node_key.public, ma.relation("es.cgi").seen[1, Lane.NORMAL, 1][2]
    good = es.receipts[digests[0]]
    root = es.receipt_roots[digests[0]]

    def leaf(digest: bytes, at_ms: int = time_ms) -> bytes:
        return exchange_leaf(Direction.RECEIVED, at_ms, digest)

    verify_receipt(good, leaf=leaf(digests[0]), root=root, key=key)
    for other in (leaf(digests[1]), leaf(seeded("never sent")), leaf(digests[0], time_ms + 1)):
        assert code_of(lambda other=other: verify_receipt(good, leaf=other, root=root, key=key)) == (  # type: ignore[misc]
            "merkle.inclusion"
        )
    assert code_of(lambda: verify_receipt(good, leaf=leaf(digests[0]), root=root, key=es.node_key.public)) == (
        "protocol.other-key"
    )


@pytest.mark.parametrize("lie", ["receipts_for_another", "withhold_receipts", "sign_wrongly", "witness_another_root"])
def test_what_a_receiver_may_try(lie: str, es: SimulatedPeer, ma: SimulatedPeer) -> None:
    parcel = es.parcel_with(to_rabat(es), to_rabat(es), to="ma.dgst")
    setattr(ma.lies, lie, True)
    answer = ma.take(parcel)
    if lie == "withhold_receipts":  # the honest limit: a receiver can read and keep silent
        es.take(answer)
    elif lie == "receipts_for_another":
        with pytest.raises(Dishonest, match="wrong-receipt"):
            es.take(answer)
    else:
        assert code_of(lambda: es.take(answer)) == "protocol.wrong-signature"
    assert not es.receipts
    assert len(es.relation("ma.dgst").pending) == 1
    setattr(ma.lies, lie, False)
    es.take(ma.take(es.again(to="ma.dgst")))  # honest again: the same batch is receipted, once
    assert len(es.receipts) == 2
    assert len(ma.received) == 2


# ---------------------------------------------------------------------------------------------------- journals


def test_journal_root_rolled_back_or_forked() -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(9)]
    forked = [*leaves[:4], leaf_hash(b"rewritten"), *leaves[5:]]
    seen, grown, other = (MemoryNodes(some) for some in (leaves[:6], leaves, forked))
    verify_consistency(
        first=6, second=9, first_root=seen.root(), second_root=grown.root(), path=consistency_path(6, 9, grown)
    )
    attempts = [
        {"first": 6, "second": 4, "second_root": MemoryNodes(leaves[:4]).root(), "path": ()},
        {"first": 6, "second": 6, "second_root": MemoryNodes(forked[:6]).root(), "path": ()},
        {"first": 6, "second": 9, "second_root": other.root(), "path": consistency_path(6, 9, other)},
        {"first": 6, "second": 9, "second_root": other.root(), "path": consistency_path(6, 9, grown)},
    ]
    for attempt in attempts:
        values: dict[str, Any] = {"first_root": seen.root()} | attempt
        with pytest.raises(NotProven) as caught:
            verify_consistency(**values)
        assert caught.value.code == "merkle.consistency"


@pytest.mark.parametrize(
    ("knob", "value", "what"),
    [("roll_back", 1, "rolled-back"), ("fork", True, "forked"), ("hide_leaves", True, "leaves-missing")],
)
def test_a_peer_that_rewrites_its_journal(
    knob: str, value: Any, what: str, es: SimulatedPeer, ma: SimulatedPeer
) -> None:
    for _ in range(2):
        es.take(ma.take(es.parcel_with(to_rabat(es), to="ma.dgst")))
    mirrored = list(ma.relation("es.cgi").mirror)
    if knob == "hide_leaves":
        to_rabat(es)
    setattr(es.lies, knob, value)
    parcel = es.parcel_with(*([to_rabat(es)] if knob == "hide_leaves" else []), to="ma.dgst")
    with pytest.raises(Dishonest, match=what):
        ma.take(parcel)
    assert ma.relation("es.cgi").mirror == mirrored


def test_a_rewritten_journal_proves_no_old_receipt(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    """What Rabat witnessed stands: under the rewritten root the old leaf is not proven."""
    es.take(ma.take(es.parcel_with(to_rabat(es), to_rabat(es), to="ma.dgst")))
    digest = next(iter(es.receipts))
    ma.lies.fork = True
    news = ma.parcel_with(to="es.cgi").news
    assert news is not None
    head = parse_head(news.head)
    leaves = ma._journal(ma.relation("es.cgi"))
    path = inclusion_path(0, len(leaves), MemoryNodes(leaves))
    time_ms = next(iter(ma.relation("es.cgi").seen.values()))[2]
    leaf = exchange_leaf(Direction.RECEIVED, time_ms, digest)
    forged = receipt(head, index=0, path=path)
    assert code_of(lambda: verify_receipt(forged, leaf=leaf, root=news.root, key=ma.node_key.public)) == (
        "merkle.inclusion"
    )


# ---------------------------------------------------------------------------------------------------- keys


def test_revoked_key(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    before = to_rabat(es)
    ma.take(es.parcel_with(before, to="ma.dgst"))
    stolen, since = es.node_key, es.clock()
    es.rotate_node_key()
    es.revoke(stolen.public, from_ms=since)
    ma.meet(es.directory)
    certified = es.directory.certified(stolen.identifier, Use.NODE_SIGNS)
    assert certified.doubt_at(since) == "revoked"
    assert certified.doubt_at(before.statement.time_ms) == ""
    forged = to_rabat(es, signer=stolen)
    assert ma.take(es.parcel_with(forged, to="ma.dgst")).faults[0].code == "key-revoked"
    honest = to_rabat(es)
    assert ma.take(es.parcel_with(honest, to="ma.dgst")).faults == ()


@pytest.mark.parametrize(
    ("claim_identity", "code"), [(False, "protocol.other-identity"), (True, "protocol.wrong-signature")]
)
def test_stolen_online_key_that_tries_to_rotate_itself(
    claim_identity: bool,
    code: str,
    es: SimulatedPeer,
    ma: SimulatedPeer,
) -> None:
    forged = self_made_directory(es, signer=es.node_key, claim_identity=claim_identity)
    assert code_of(lambda: verify_successor(es.directory, parse_directory(forged))) == code
    assert code_of(lambda: ma.meet(parse_directory(forged))) == code
    assert ma.relation("es.cgi").directory == es.directory


def test_old_directory_shown_again(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    old = es.directory
    ma.meet(es.revoke(es.node_key.public, from_ms=es.clock()))
    assert code_of(lambda: ma.meet(old)) == "protocol.older-directory"
    fork = es.publish(previous=seeded("another history"))
    assert code_of(lambda: ma.meet(fork)) == "protocol.broken-succession"


# ---------------------------------------------------------------------------------------------------- moved


def test_act_moved_to_another_statement(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    """Rabat takes an officer's act out of one statement of Madrid's and shows it in another."""
    ma.take(es.parcel_with(to_rabat(es, officer="4711"), to="ma.dgst"))
    assert ma.received[0].fault == ""
    act_part = ma.received[0].parts[-1]
    assert act_part is not None
    assert act_of(act_part).officer == "4711"
    moved = to_rabat(es, parts=[Part("note", {0: "I agree to nothing"}), act_part])
    assert ma.take(es.parcel_with(moved, to="ma.dgst")).faults[0].code == "protocol.act-of-another"


def test_act_over_a_content_that_changed(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    statement_id = seeded("changed", 16)
    signed = to_rabat(es, officer="4711", statement_id=statement_id, parts=[Part("note", {0: "one"})])
    ma.take(es.parcel_with(signed, to="ma.dgst"))
    act_part = ma.received[0].parts[-1]
    assert act_part is not None
    changed = to_rabat(es, statement_id=statement_id, parts=[Part("note", {0: "two"}), act_part])
    assert ma.take(es.parcel_with(changed, to="ma.dgst")).faults[0].code == "protocol.act-of-another"


def test_wrap_moved_to_another_statement(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    made, other = to_rabat(es), to_rabat(es)
    wrap = es.wraps(made, "ma.dgst")[0]
    reader = ma.posts["ma.dgst/desk"]
    assert code_of(lambda: open_wrap(wrap, reader=reader, statement_digest=other.statement.digest)) == (
        "protocol.not-opened"
    )
    parcel = es.parcel_with(other, to="ma.dgst", wraps={other.statement.digest: [wrap]})
    assert ma.take(parcel).faults[0].code == "protocol.not-opened"


def test_wrap_for_another_reader(es: SimulatedPeer, peers: Peers) -> None:
    _, ma, fr = peers
    made = to_rabat(es)
    wrap = es.wraps(made, "ma.dgst")[0]
    thief = fr.posts["fr.dgsi/desk"]
    assert code_of(lambda: open_wrap(wrap, reader=thief, statement_digest=made.statement.digest)) == (
        "protocol.other-reader"
    )
    relabelled = parse_wrap(encode([wrap.suite, thief.identifier, wrap.sealed]))
    assert code_of(lambda: open_wrap(relabelled, reader=thief, statement_digest=made.statement.digest)) == (
        "protocol.not-opened"
    )
    assert isinstance(
        open_wrap(wrap, reader=ma.posts["ma.dgst/desk"], statement_digest=made.statement.digest), ContentKeys
    )


def test_a_wrap_that_was_taken_out_on_the_way(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    es.lies.drop_wraps = True
    assert ma.take(es.parcel_with(to_rabat(es), to="ma.dgst")).faults[0].code == "protocol.other-wraps"


def test_contents_that_were_exchanged_on_the_way(es: SimulatedPeer, ma: SimulatedPeer) -> None:
    es.lies.other_contents = True
    assert ma.take(es.parcel_with(to_rabat(es), to="ma.dgst")).faults[0].code == "protocol.other-docket"
    travelled = es.parcel_with(to_rabat(es), to="ma.dgst").items[0]
    assert parse_part_proofs(travelled.proofs)
