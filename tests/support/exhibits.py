"""An exchange between two simulated agencies, put together as evidence, and the ways in which an exporter may lie.

Invariant: everything is made with the pure protocol and `peer.SimulatedPeer`; no node, no database. Madrid (``es.cgi``)
exports; it signs whatever it exports, lies included, so that only the other proofs can refuse them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from peer import SimulatedPeer, introduce, seeded
from tansiq.errors import NotProven
from tansiq.node.evidence import to_archive, verify_archive
from tansiq.node.evidence_manifest import MANIFEST, SIGNATURE
from tansiq.node.evidence_zip import write_zip
from tansiq.protocol.cbor import bstr, decode
from tansiq.protocol.concealment import DOCKET_PLACE, reveal
from tansiq.protocol.cose import sign1
from tansiq.protocol.directory import fingerprint
from tansiq.protocol.envelope import parse_batch_head, parse_entry
from tansiq.protocol.evidence import KIND, Evidence, Exhibit, Hop, LeafProof
from tansiq.protocol.heads import Direction, exchange_leaf, parse_head, parse_receipt, receipt
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.merkle import MemoryNodes, inclusion_path, leaf_hash
from tansiq.protocol.parcel import Parcel
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Made

__all__ = [
    "ES",
    "LIES",
    "MA",
    "Lie",
    "Story",
    "archive",
    "openings",
    "refused",
    "signed_again",
    "story",
    "tell",
    "with_member",
]

MA, ES = "ma.dgst", "es.cgi"
Lie = Callable[["Story"], Evidence]
"""A collection that says what is not so."""


@dataclass
class Story:
    """Madrid asks twice in one batch and once more; Rabat receipts the batch, answers, and never sees the last one."""

    es: SimulatedPeer
    ma: SimulatedPeer
    asked: Made
    also: Made
    unanswered: Made
    answered: Made
    evidence: Evidence

    @property
    def pins(self) -> dict[str, bytes]:
        return {peer.agency: fingerprint(peer.identity.public.public) for peer in (self.es, self.ma)}

    def archive(self, evidence: Evidence | None = None, signer: SigningKey | None = None) -> bytes:
        return to_archive(evidence or self.evidence, signer=signer or self.es.node_key)

    def changed(self, at: int = 0, **changes: Any) -> Evidence:
        """The collection with one exhibit changed."""
        exhibits = list(self.evidence.exhibits)
        exhibits[at] = replace(exhibits[at], **changes)
        return replace(self.evidence, exhibits=tuple(exhibits))

    def with_hop(self, at: int = 0, **changes: Any) -> Evidence:
        """The collection with the hop of one exhibit changed."""
        return self.changed(at, hops=(replace(self.evidence.exhibits[at].hops[0], **changes),))


def openings(made: Made, *places: int) -> dict[int, bytes]:
    """The openings of a statement that its maker can show."""
    out = {}
    for place in places:
        docket = place == DOCKET_PLACE
        _, out[place] = reveal(
            made.docket if docket else made.parts[place],
            key=made.keys.docket if docket else made.keys.parts[place],
            statement_id=made.statement.id,
            place=place,
            commitment=made.statement.docket_commitment if docket else made.proofs[place].commitment,
        )
    return out


def leaf_proof(owner: SimulatedPeer, signed: bytes, leaf: bytes, direction: Direction, time_ms: int) -> LeafProof:
    """A leaf of the journal of ``owner`` under a head or a witness of it."""
    relation, head = owner.relation(), parse_head(signed)
    leaves = relation.leaves[: head.size]
    index = leaves.index(leaf)
    path = inclusion_path(index, head.size, MemoryNodes(leaves))
    return LeafProof(receipt(head, index=index, path=path), direction, time_ms, relation.frontier(head.size).root())


def hop(sender: SimulatedPeer, receiver: SimulatedPeer, parcel: Parcel, at: int, *, exporter: SimulatedPeer) -> Hop:
    """A hop as its exporter, one of the two ends, can prove it."""
    entries = [item.entry for item in parcel.items]
    raw = entries[at]
    entry, digest = parse_entry(raw), hashlib.sha256(raw).digest()
    nodes = MemoryNodes([leaf_hash(other) for other in entries])
    path = inclusion_path(at, len(entries), nodes)
    taken = receiver.relation().seen.get((entry.epoch, entry.lane, entry.number))
    shown = None
    if taken is not None and digest in sender.receipts:
        root = sender.receipt_roots[digest]
        shown = LeafProof(sender.receipts[digest], Direction.RECEIVED, taken[2], root)
    sent = exporter is sender
    direction, time_ms = (Direction.SENT, entry.released_ms) if sent else (Direction.RECEIVED, taken[2] if taken else 0)
    leaf = leaf_hash(exchange_leaf(direction, time_ms, digest))
    leaves = exporter.relation().leaves
    covering = [size for size in sorted(exporter.relation().witnesses) if leaf in leaves[:size]]
    witness = None
    if covering:
        witness = leaf_proof(exporter, exporter.relation().witnesses[covering[0]], leaf, direction, time_ms)
    return Hop(raw, parse_batch_head(parcel.batch), at, path, shown, witness)


def tell(*, revoke_after: bool = False) -> Story:
    """Plays the story and puts its evidence together, as Madrid exports it."""
    ma, es = introduce(SimulatedPeer(MA), SimulatedPeer(ES))
    first_documents = (es.directory, ma.directory)
    asked = es.say(
        parts=[Part("note", {0: "¿Lo conocen?", 1: "es"}), Part("note", {0: "Urge.", 1: "es"})], officer="4711"
    )
    also = es.say()
    out = es.parcel_with(asked, also)
    es.take(ma.take(out))
    answered = ma.say()
    back = ma.parcel_with(answered)
    ma.take(es.take(back))
    ma.take(es.parcel_with())
    es.take(ma.parcel_with())
    unanswered = es.say()
    lost = es.parcel_with(unanswered)
    if revoke_after:
        es.revoke(es.node_key.public, from_ms=es.clock())
        es.rotate_node_key()
    made = [
        (asked, hop(es, ma, out, 0, exporter=es), openings(asked, DOCKET_PLACE, 0, 2)),
        (also, hop(es, ma, out, 1, exporter=es), {}),
        (answered, hop(ma, es, back, 0, exporter=es), openings(answered, 0)),
        (unanswered, hop(es, ma, lost, 0, exporter=es), {}),
    ]
    exhibits = [Exhibit(one.statement, one.proofs, (way,), shown) for one, way, shown in made]
    exhibits.sort(key=lambda exhibit: exhibit.statement.id)
    documents = {(one.agency, one.number): one for one in (*first_documents, es.directory)}
    evidence = Evidence(ES, es.clock(), tuple(documents[place] for place in sorted(documents)), tuple(exhibits))
    return Story(es, ma, asked, also, unanswered, answered, evidence)


def another_receipt(story: Story) -> Evidence:
    return story.with_hop(0, receipt=story.evidence.exhibits[1].hops[0].receipt)


def another_time(story: Story) -> Evidence:
    shown = story.evidence.exhibits[0].hops[0].receipt
    assert shown is not None
    return story.with_hop(0, receipt=replace(shown, time_ms=shown.time_ms - 1))


def witness_as_receipt(story: Story) -> Evidence:
    return story.with_hop(0, receipt=story.evidence.exhibits[0].hops[0].witness)


def own_receipt(story: Story) -> Evidence:
    """Madrid receipts for Rabat."""
    shown = story.evidence.exhibits[0].hops[0].receipt
    assert shown is not None
    head = parse_receipt(shown.encoded)
    signed = story.es._head(MA, head.journal, head.epoch, head.size, shown.root)
    path = inclusion_path(0, head.size, MemoryNodes(story.ma.relation().leaves[: head.size]))
    return story.with_hop(0, receipt=replace(shown, encoded=receipt(parse_head(signed), index=0, path=path)))


def another_statement(story: Story) -> Evidence:
    return story.changed(0, hops=story.evidence.exhibits[1].hops)


def another_number(story: Story) -> Evidence:
    raw = story.evidence.exhibits[0].hops[0].entry
    return story.with_hop(0, entry=replace(parse_entry(raw), number=9).to_bytes())


def another_place(story: Story) -> Evidence:
    return story.with_hop(0, index=1)


def another_content(story: Story) -> Evidence:
    exhibit = story.evidence.exhibits[0]
    salt, content = decode(exhibit.openings[0])
    lie = b"\x82" + bstr(salt) + bstr(content.replace(b"conocen", b"conoces"))
    return story.changed(0, openings={**exhibit.openings, 0: lie})


def content_of_another_place(story: Story) -> Evidence:
    exhibit = story.evidence.exhibits[0]
    return story.changed(0, openings={0: exhibit.openings[2]})


def another_part(story: Story) -> Evidence:
    first, *rest = story.evidence.exhibits[0].proofs
    return story.changed(0, proofs=(replace(first, commitment=seeded("lie")), *rest), openings={})


def part_less(story: Story) -> Evidence:
    return story.changed(0, proofs=story.evidence.exhibits[0].proofs[:-1], openings={})


def forged_statement(story: Story) -> Evidence:
    """Madrid speaks in Rabat's name."""
    forged = story.es.say(agency=MA)
    return replace(story.evidence, exhibits=(Exhibit(forged.statement, forged.proofs, ()),))


LIES: Final[dict[Lie, str]] = {
    another_receipt: "merkle.inclusion",
    another_time: "merkle.inclusion",
    witness_as_receipt: "evidence.other-journal",
    own_receipt: "evidence.other-journal",
    another_statement: "evidence.other-statement",
    another_number: "merkle.inclusion",
    another_place: "merkle.inclusion",
    another_content: "protocol.other-commitment",
    content_of_another_place: "protocol.other-commitment",
    another_part: "protocol.other-parts",
    part_less: "protocol.other-parts",
    forged_statement: "evidence.unknown-key",
}
"""Every lie, and the reason for which it is refused."""


@pytest.fixture(scope="module")
def story() -> Story:
    return tell()


@pytest.fixture(scope="module")
def archive(story: Story) -> bytes:
    return story.archive()


def refused(archive: bytes, pins: Mapping[str, bytes | str]) -> NotProven:
    """How our verification refuses."""
    with pytest.raises(NotProven) as caught:
        verify_archive(archive, pinned=pins)
    assert caught.value.exit_code == 1
    return caught.value


def signed_again(story: Story, members: Mapping[str, bytes], manifest: bytes) -> bytes:
    """The archive of ``members`` with another manifest, which Madrid, who exports, has signed."""
    signature = sign1(manifest, kind=KIND, signer=story.es.node_key, detached=True)
    return write_zip({**members, MANIFEST: manifest, SIGNATURE: signature})


def with_member(story: Story, members: Mapping[str, bytes], name: str, data: bytes) -> bytes:
    """The archive with another content of one member, whose SHA-256 in the manifest is put right, signed again."""
    old, new = (hashlib.sha256(one).hexdigest().encode() for one in (members[name], data))
    return signed_again(story, {**members, name: data}, members[MANIFEST].replace(old, new))
