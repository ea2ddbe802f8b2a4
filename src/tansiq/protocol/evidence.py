"""Evidence: what proves an exchange to somebody who trusts neither side, as values, and every check on them.

Invariant: nothing is believed that no signature under a pinned identity covers. A statement, the batch that carried it,
the receipt of the node that took it, the other side's witness, and what is disclosed are each checked on their own; one
that does not hold refuses the whole ('evidence.not-proven' names the file and the reason). A key that was revoked
later, or that states an unlikely time, is shown as doubt. All proofs of one leaf stand under one signed root, so no
consistency proof is needed between them.

A *leaf proof* is a COSE receipt (RFC 9942): of the journal's owner (a receipt), or of its peer over the same root (a
witness). For what was sent, the receiver's receipt, and its witness over the sender's journal; for what was received,
the own receipt as it was given, and the sender's witness over the receiver's journal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from tansiq.errors import Error, NotFound, NotProven
from tansiq.protocol.acts import PART_KIND, act_of
from tansiq.protocol.concealment import DOCKET_PLACE, verify_opening
from tansiq.protocol.cose import parse_sign1
from tansiq.protocol.directory import Certified, Directory, Use, fingerprint, verify_successor
from tansiq.protocol.docket import agency_of, parse_docket
from tansiq.protocol.envelope import BatchHead, Entry, parse_entry
from tansiq.protocol.evidence_report import Finding, Missing, Report, utc_text
from tansiq.protocol.heads import Direction, exchange_leaf, journal_name, parse_receipt, verify_receipt
from tansiq.protocol.ids import id_text
from tansiq.protocol.keys import PublicSigningKey
from tansiq.protocol.merkle import leaf_hash, root_of, verify_inclusion
from tansiq.protocol.parts import Part, parse_part
from tansiq.protocol.statement import PartProof, Statement
from tansiq.protocol.words import LENGTH

__all__ = ["KIND", "Evidence", "Exhibit", "Hop", "LeafProof", "check_evidence", "concerned", "in_file", "place_name"]

KIND: Final = "evidence"


@dataclass(frozen=True, slots=True)
class LeafProof:
    """A journal's leaf, proven by the receipt ``encoded``: its direction and time (UTC ms), and the signed ``root``."""

    encoded: bytes = field(repr=False)
    direction: Direction
    time_ms: int
    root: bytes

    def leaf(self, entry: bytes) -> bytes:
        """The bytes of the leaf, for the entry's bytes."""
        return exchange_leaf(self.direction, self.time_ms, hashlib.sha256(entry).digest())


@dataclass(frozen=True, slots=True)
class Hop:
    """A statement on its way to the next node: the entry's bytes, its place in the signed batch, the proofs."""

    entry: bytes = field(repr=False)
    head: BatchHead
    index: int
    path: tuple[bytes, ...]
    receipt: LeafProof | None = None
    witness: LeafProof | None = None


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One statement, what it signs of its parts, its hops, and the openings shown by place (-1 is the docket)."""

    statement: Statement
    proofs: tuple[PartProof, ...]
    hops: tuple[Hop, ...]
    openings: Mapping[int, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A whole collection. ``documents`` are sorted by agency and number, ``exhibits`` by the statement's identifier."""

    exporter: str
    exported_ms: int
    documents: tuple[Directory, ...]
    exhibits: tuple[Exhibit, ...]


def place_name(place: int) -> str:
    """The name of a place in a statement: ``docket``, else the number of the part."""
    return "docket" if place == DOCKET_PLACE else str(place)


def concerned(exporter: str, exhibits: Iterable[Exhibit]) -> set[str]:
    """The agencies whose documents are needed."""
    agencies = {exporter}
    for exhibit in exhibits:
        agencies.add(exhibit.statement.agency)
        agencies.update(agency for hop in exhibit.hops for agency in (hop.head.sender, hop.head.receiver))
    return agencies


@contextmanager
def in_file(name: str) -> Iterator[None]:
    """Turns any error of the tree into NotProven that names the file of the collection in which it arose."""
    try:
        yield
    except Error as error:
        raise NotProven("evidence.not-proven", file=name, reason=error.code) from error


class _Keys:
    """The keys of every agency concerned, out of documents that follow from the pinned identities."""

    def __init__(self, documents: Iterable[Directory], pinned: Mapping[str, bytes]) -> None:
        self.identities: dict[str, bytes] = {}
        self._documents: dict[str, list[Directory]] = {}
        self._found: dict[tuple[str, bytes, Use], tuple[Certified, PublicSigningKey]] = {}
        for document in documents:
            agency, known = document.agency, self._documents.setdefault(document.agency, [])
            if agency not in pinned:
                raise NotProven("evidence.no-pin", agency=agency)
            shown, pin = fingerprint(document.identity), pinned[agency]
            if len(pin) < LENGTH or shown[: len(pin)] != pin:
                raise NotProven("evidence.other-identity", agency=agency)
            with in_file(f"directory/{agency}-{document.number}.cose"):
                if known:
                    verify_successor(known[-1], document)
            self.identities[agency] = shown
            known.append(document)

    def find(self, agency: str, identifier: bytes, use: Use) -> tuple[Certified, PublicSigningKey]:
        """A key as the newest document that names it has it. Raises NotProven."""
        wanted = (agency, identifier, use)
        if wanted not in self._found:
            for document in reversed(self._documents.get(agency, [])):
                try:
                    certified = document.certified(identifier, use)
                except NotFound:
                    continue
                self._found[wanted] = certified, PublicSigningKey(certified.public)
                break
            else:
                raise NotProven("evidence.unknown-key", agency=agency)
        return self._found[wanted]

    def node(self, agency: str, identifier: bytes) -> PublicSigningKey:
        """The key of a node."""
        return self.find(agency, identifier, Use.NODE_SIGNS)[1]


def _doubt(certified: Certified, time_ms: int) -> str:
    """Why a key may not be believed for what it says it signed at this time."""
    return certified.doubt_at(time_ms) or ("revoked-since" if certified.revoked_ms else "")


def _check_leaf(
    proof: LeafProof, hop: Hop, entry: Entry, keys: _Keys, *, what: str, file: str, statement: bytes
) -> Finding:
    """A receipt or a witness for one hop. Raises NotProven."""
    ends = (entry.sender, entry.receiver)
    owner, peer = ends if proof.direction == Direction.SENT else ends[::-1]
    head = parse_receipt(proof.encoded)
    issuer = owner if what == "receipt" else peer
    if (what == "receipt" and issuer != entry.receiver) or (head.signer, head.journal) != (
        issuer,
        journal_name(owner, peer),
    ):
        raise NotProven("evidence.other-journal")
    identifier = head.signature.signer
    verify_receipt(proof.encoded, leaf=proof.leaf(hop.entry), root=proof.root, key=keys.node(issuer, identifier))
    certified, _ = keys.find(issuer, identifier, Use.NODE_SIGNS)
    return Finding(
        what=what,
        statement=statement,
        agency=issuer,
        time_ms=head.time_ms,
        key=identifier,
        file=file,
        other=peer if what == "receipt" else owner,
        doubt=_doubt(certified, head.time_ms),
        details={"size": head.size, "taken": utc_text(proof.time_ms)},
    )


def _check_hop(hop: Hop, number: int, statement: Statement, keys: _Keys) -> Iterator[Finding]:
    """Everything that is signed about one hop."""
    file = f"envelopes/{hop.head.digest.hex()}.cose"
    with in_file(file):
        head = hop.head
        head.signature.verify(keys.node(head.sender, head.signature.signer))
        entry = parse_entry(hop.entry)
        verify_inclusion(leaf=leaf_hash(hop.entry), index=hop.index, size=head.count, path=hop.path, root=head.root)
        hop_of_batch = (head.sender, head.receiver, head.epoch, statement.digest)
        if (entry.sender, entry.receiver, entry.epoch, entry.statement) != hop_of_batch:
            raise NotProven("evidence.other-statement")
        certified, _ = keys.find(head.sender, head.signature.signer, Use.NODE_SIGNS)
    yield Finding(
        what="envelope",
        statement=statement.id,
        agency=entry.sender,
        time_ms=head.time_ms,
        key=head.signature.signer,
        file=file,
        other=entry.receiver,
        doubt=_doubt(certified, head.time_ms),
        details={"lane": entry.lane.name.lower(), "number": entry.number, "epoch": entry.epoch},
    )
    for what, folder, proof in (("receipt", "receipts", hop.receipt), ("witness", "witness", hop.witness)):
        if proof is not None:
            file = f"{folder}/{id_text(statement.id)}-{number}.cose"
            with in_file(file):
                finding = _check_leaf(proof, hop, entry, keys, what=what, file=file, statement=statement.id)
            yield finding


def _check_act(part: Part, place: int, exhibit: Exhibit, keys: _Keys, file: str) -> Finding:
    """An officer's act in a disclosed part; one that does not hold is the agency's word alone, and shown as doubt."""
    statement = exhibit.statement
    act = act_of(part)
    doubt = "act-not-proven"
    others = [proof.commitment for at, proof in enumerate(exhibit.proofs) if at != place]
    try:
        certified, key = keys.find(statement.agency, act.signature.signer, Use.OFFICER_SIGNS)
        act.verify(key, statement_id=statement.id, docket=statement.docket_commitment, parts=others)
        if certified.owner == act.officer and agency_of(act.post) == statement.agency:
            doubt = _doubt(certified, act.time_ms)
    except NotProven:
        pass
    return Finding(
        what="act",
        statement=statement.id,
        agency=statement.agency,
        time_ms=act.time_ms,
        key=act.signature.signer,
        file=file,
        doubt=doubt,
        details={"officer": act.officer, "post": act.post, "act": act.act},
    )


def _check_opening(place: int, opening: bytes, exhibit: Exhibit, keys: _Keys) -> Iterator[Finding]:
    """One disclosed content. What the agency committed to and is unreadable is shown as such, not refused."""
    statement = exhibit.statement
    file = f"disclosed/{id_text(statement.id)}-{place_name(place)}.cbor"
    with in_file(file):
        if not DOCKET_PLACE <= place < len(exhibit.proofs):
            raise NotProven("evidence.other-manifest")
        docket = place == DOCKET_PLACE
        commitment = statement.docket_commitment if docket else exhibit.proofs[place].commitment
        content = verify_opening(opening, commitment=commitment)
    part = None
    try:
        kind = parse_docket(content).kind if docket else (part := parse_part(content)).kind
    except Error:
        kind = "?"
    yield Finding(
        what="docket" if docket else "part",
        statement=statement.id,
        agency=statement.agency,
        time_ms=statement.time_ms,
        key=statement.signer,
        file=file,
        details={"place": place_name(place), "kind": kind},
        content=content,
    )
    if part is not None and part.kind == PART_KIND:
        with in_file(file):
            finding = _check_act(part, place, exhibit, keys, file)
        yield finding


def _check_exhibit(exhibit: Exhibit, keys: _Keys) -> Iterator[Finding]:
    """Everything that is signed about one statement."""
    statement = exhibit.statement
    file = f"statements/{id_text(statement.id)}.cose"
    with in_file(file):
        certified, key = keys.find(statement.agency, statement.signer, Use.NODE_SIGNS)
        statement.signature.verify(key)
        root = root_of([proof.leaf for proof in exhibit.proofs])
        if len(exhibit.proofs) != statement.parts_count or root != statement.parts_root:
            raise NotProven("protocol.other-parts")
    yield Finding(
        what="statement",
        statement=statement.id,
        agency=statement.agency,
        time_ms=statement.time_ms,
        key=statement.signer,
        file=file,
        doubt=_doubt(certified, statement.time_ms),
        details={"parts": statement.parts_count, "disclosed": len(exhibit.openings)},
    )
    for number, hop in enumerate(exhibit.hops, 1):
        yield from _check_hop(hop, number, statement, keys)
    for place, opening in exhibit.openings.items():
        yield from _check_opening(place, opening, exhibit, keys)


def _settled(findings: list[Finding], keys: _Keys) -> list[Finding]:
    """The findings of one statement; a later revocation beside the first other agency that had signed before it."""
    out = []
    for finding in findings:
        if finding.doubt == "revoked-since":
            use = Use.OFFICER_SIGNS if finding.what == "act" else Use.NODE_SIGNS
            revoked_ms = keys.find(finding.agency, finding.key, use)[0].revoked_ms
            others = [
                (one.time_ms, one.agency)
                for one in findings
                if one.what in {"receipt", "witness"} and one.agency != finding.agency and one.time_ms < revoked_ms
            ]
            if others:
                settled_ms, settled_by = min(others)
                finding = replace(finding, settled_by=settled_by, settled_ms=settled_ms)  # noqa: PLW2901
        out.append(finding)
    return out


def _missing(exhibit: Exhibit) -> Iterator[Missing]:
    """What there is no proof of, said instead of left out."""
    statement = exhibit.statement
    if not exhibit.hops:
        yield Missing("not-sent", statement.id, statement.agency, "")
    for hop in exhibit.hops:
        for code, proof in (("no-receipt", hop.receipt), ("no-witness", hop.witness)):
            if proof is None:
                yield Missing(code, statement.id, hop.head.sender, hop.head.receiver)


def check_evidence(evidence: Evidence, *, manifest: bytes, signature: bytes, pinned: Mapping[str, bytes]) -> Report:
    """Checks everything against the ``pinned`` fingerprints and returns what is proven.

    A pin is the whole fingerprint (32 bytes) of an agency's identity key, or the first 16 bytes, which its words say.

    ``manifest`` are the bytes that the exporter signed with the detached ``signature`` (kind 'evidence').
    Raises NotProven: 'evidence.no-pin', 'evidence.other-identity', 'evidence.not-proven' (file, reason).
    """
    keys = _Keys(evidence.documents, pinned)
    if set(keys.identities) != concerned(evidence.exporter, evidence.exhibits):
        raise NotProven("evidence.other-manifest")
    with in_file("manifest.cose"):
        signed = parse_sign1(signature, kind=KIND)
        certified, key = keys.find(evidence.exporter, signed.signer, Use.NODE_SIGNS)
        signed.verify(key, detached=manifest)
    findings = [
        Finding(
            what="manifest",
            agency=evidence.exporter,
            time_ms=evidence.exported_ms,
            key=signed.signer,
            file="manifest.json",
            doubt=_doubt(certified, evidence.exported_ms),
            details={"statements": len(evidence.exhibits)},
        )
    ]
    missing: list[Missing] = []
    for exhibit in evidence.exhibits:
        findings += _settled(list(_check_exhibit(exhibit, keys)), keys)
        missing += _missing(exhibit)
    return Report(evidence.exporter, evidence.exported_ms, keys.identities, tuple(findings), tuple(missing))
