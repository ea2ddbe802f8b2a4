"""Gathering evidence from the store: statements, the batches that carried them, receipts, witnesses, documents.

Invariant: reads only, but for the log of a disclosure. Everything is taken as it was signed and nothing is signed anew,
so what is not there (a receipt that never came, a head that the peer has not witnessed) stays missing and is said.
Statements that were quarantined on arrival are not in the store and can't be exported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from django.db import connection, transaction

from tansiq.directory.queries import documents_of
from tansiq.errors import BadInput, Error, NotFound, TooMuch
from tansiq.exchange.context import Context
from tansiq.exchange.evidence_disclosure import Disclosing, disclose_places
from tansiq.journal.queries import JournalNodes
from tansiq.protocol.cbor import decode
from tansiq.protocol.concealment import DOCKET_PLACE, reveal
from tansiq.protocol.directory import Directory
from tansiq.protocol.docket import parse_docket
from tansiq.protocol.envelope import BatchHead, parse_batch_head, parse_entry
from tansiq.protocol.evidence import Evidence, Exhibit, Hop, LeafProof, concerned
from tansiq.protocol.heads import Direction, exchange_leaf, parse_head, receipt
from tansiq.protocol.ids import id_text
from tansiq.protocol.merkle import MemoryNodes, inclusion_path, leaf_hash
from tansiq.protocol.multiproof import paths_from
from tansiq.protocol.statement import parse_part_proofs, parse_statement

__all__ = ["MAX_STATEMENTS", "Disclosing", "gather", "statements_of_matter"]

MAX_STATEMENTS: Final = 5_000
_CHUNK: Final = 500
_Row = Sequence[Any]
_EXCHANGED: Final = (
    "SELECT id FROM exchange_statement WHERE id IN (SELECT statement FROM exchange_sent WHERE (%s = '' OR peer = %s) "
    "UNION SELECT statement FROM exchange_received WHERE (%s = '' OR peer = %s)) ORDER BY id LIMIT %s"
)
_SENT: Final = (
    "SELECT statement, peer, epoch, lane, number, entry, batch, leaf FROM exchange_sent "
    "WHERE statement IN ({marks}) AND (%s = '' OR peer = %s) ORDER BY peer, epoch, lane, number"
)
_RECEIVED: Final = (
    "SELECT statement, peer, epoch, lane, number, entry, batch, leaf, at_ms FROM exchange_received "
    "WHERE statement IN ({marks}) AND (%s = '' OR peer = %s) ORDER BY peer, epoch, lane, number"
)


def _rows(sql: str, values: Sequence[bytes | str | int]) -> list[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _of(ids: Sequence[bytes], sql: str, *more: str) -> Iterator[_Row]:
    """The rows of a query with ``IN ({marks})``, for all ``ids``."""
    for at in range(0, len(ids), _CHUNK):
        chunk = ids[at : at + _CHUNK]
        yield from _rows(sql.format(marks=", ".join(["%s"] * len(chunk))), [*chunk, *more])


def statements_of_matter(matter: bytes, *, context: Context) -> list[bytes]:
    """The statements of a matter, by identifier; opens every docket that this node can open (about 0.1 ms each)."""
    found: list[bytes] = []
    last = b""
    sql = "SELECT id, encoded, docket FROM exchange_statement WHERE id > %s ORDER BY id LIMIT %s"
    while rows := _rows(sql, (last, _CHUNK)):
        here = context.keys.has_contents([bytes(row[0]) for row in rows])
        for row in rows:
            last = bytes(row[0])
            key = context.keys.contents(last)[0] if last in here else None
            if key is not None and _matter(bytes(row[1]), bytes(row[2]), key) == matter:
                found.append(last)
    return found


def _matter(encoded: bytes, docket: bytes, key: bytes) -> bytes:
    statement = parse_statement(encoded)
    try:
        content, _ = reveal(
            docket, key=key, statement_id=statement.id, place=DOCKET_PLACE, commitment=statement.docket_commitment
        )
        return parse_docket(content).matter
    except Error:
        return b""


def _select(statements: Collection[bytes], matter: bytes, peer: str | None, context: Context) -> list[bytes]:
    """The identifiers of what is asked for, in order. Raises NotFound and TooMuch."""
    ids = sorted(set(statements))
    if matter:
        ids = sorted({*ids, *statements_of_matter(matter, context=context)})
    elif not ids:
        only = peer or ""
        ids = [bytes(row[0]) for row in _rows(_EXCHANGED, (only, only, only, only, MAX_STATEMENTS + 1))]
    if len(ids) > MAX_STATEMENTS:
        raise TooMuch("evidence.too-many", limit=MAX_STATEMENTS)
    if not ids:
        raise NotFound("evidence.nothing")
    return ids


class _Hops:
    """The hops of statements, with what is read once per batch."""

    def __init__(self) -> None:
        self._batches: dict[bytes, tuple[BatchHead, list[bytes], MemoryNodes]] = {}
        self._receipts: dict[bytes, dict[int, LeafProof]] = {}

    def of(self, ids: Sequence[bytes], peer: str | None) -> dict[bytes, list[Hop]]:
        """The hops of each of ``ids`` (with ``peer`` alone), those sent first, each in the order of numbers."""
        only = peer or ""
        found: dict[bytes, list[Hop]] = {}
        for row in _of(ids, _SENT, only, only):
            found.setdefault(bytes(row[0]), []).append(self._sent(row))
        for row in _of(ids, _RECEIVED, only, only):
            found.setdefault(bytes(row[0]), []).append(self._received(row))
        return found

    def _batch(self, digest: bytes) -> tuple[BatchHead, list[bytes], MemoryNodes]:
        if digest not in self._batches:
            ((head, blob),) = _rows("SELECT head, leaves FROM exchange_batch WHERE digest = %s", (digest,))
            leaves = [bytes(blob)[at : at + 32] for at in range(0, len(blob), 32)]
            self._batches[digest] = parse_batch_head(bytes(head)), leaves, MemoryNodes(leaves)
        return self._batches[digest]

    def _hop(self, row: _Row, receipt_of: LeafProof | None, witness: LeafProof | None) -> Hop:
        entry = bytes(row[5])
        head, leaves, nodes = self._batch(bytes(row[6]))
        index = leaves.index(leaf_hash(entry))
        return Hop(entry, head, index, inclusion_path(index, len(leaves), nodes), receipt_of, witness)

    def _sent(self, row: _Row) -> Hop:
        """What we sent: the peer's receipt, and the peer's witness over our journal."""
        _, peer, _, _, number, entry, _, leaf = row
        _, witness = _own_journal(peer, leaf, Direction.SENT, parse_entry(bytes(entry)).released_ms)
        return self._hop(row, self._receipts_for(row).get(number), witness)

    def _received(self, row: _Row) -> Hop:
        """What we received: the receipt that we gave, and the sender's witness over our journal."""
        return self._hop(row, *_own_journal(row[1], row[7], Direction.RECEIVED, row[8]))

    def _receipts_for(self, row: _Row) -> dict[int, LeafProof]:
        """The peer's receipts for the batch of a sent entry, by the number of the entry."""
        _, peer, epoch, lane, number, entry, batch, _ = row
        digest = bytes(batch)
        if digest not in self._receipts:
            _, leaves, _ = self._batch(digest)
            first = number - leaves.index(leaf_hash(bytes(entry)))  # the numbers of a batch follow one another
            span = (peer, epoch, lane, first, first + len(leaves) - 1)
            sql = (
                "SELECT entry FROM exchange_sent WHERE peer = %s AND epoch = %s AND lane = %s "
                "AND number BETWEEN %s AND %s ORDER BY number"
            )
            entries = [bytes(other[0]) for other in _rows(sql, span)]
            self._receipts[digest] = dict(enumerate(_peer_receipts(digest, entries), first))
        return self._receipts[digest]


def _peer_receipts(batch: bytes, entries: Sequence[bytes]) -> Iterator[LeafProof]:
    """One receipt for each of the ``entries`` of a batch, out of the one that came for all; none if none came."""
    for head, root, blob in _rows("SELECT head, root, proof FROM exchange_receipt WHERE batch = %s", (batch,)):
        indices, times, size, nodes = decode(bytes(blob))
        digests = [hashlib.sha256(entry).digest() for entry in entries]
        leaves = {
            index: leaf_hash(exchange_leaf(Direction.RECEIVED, time_ms, digest))
            for index, time_ms, digest in zip(indices, times, digests, strict=True)
        }
        paths = paths_from(leaves=leaves, size=size, nodes=nodes)
        signed = parse_head(bytes(head))
        for index, time_ms in zip(indices, times, strict=True):
            encoded = receipt(signed, index=index, path=paths[index])
            yield LeafProof(encoded, Direction.RECEIVED, time_ms, bytes(root))


def _own_journal(peer: str, leaf: int, direction: Direction, time_ms: int) -> tuple[LeafProof | None, LeafProof | None]:
    """A leaf of our journal with ``peer`` under our own signature, and under the peer's witness of the same root.

    Of the heads that cover it the first that the peer witnessed, else the first that we gave and still have.
    """
    sql = (
        "SELECT size, root, head, witness FROM journal_witnessed WHERE peer = %s AND size > %s "
        "ORDER BY CASE WHEN witness IS NULL THEN 1 ELSE 0 END, size, epoch LIMIT 1"
    )
    rows = _rows(sql, (peer, leaf))
    if not rows:
        return None, None
    size, root, head, witness = rows[0]
    path = inclusion_path(leaf, size, JournalNodes(peer))

    def proof(encoded: bytes) -> LeafProof:
        return LeafProof(receipt(parse_head(encoded), index=leaf, path=path), direction, time_ms, bytes(root))

    return proof(bytes(head)), None if witness is None else proof(bytes(witness))


def _documents(exporter: str, exhibits: Iterable[Exhibit]) -> tuple[Directory, ...]:
    """The documents of every agency concerned, from the one current when the first thing was said to the present."""
    times = [exhibit.statement.time_ms for exhibit in exhibits]
    times += [hop.head.time_ms for exhibit in exhibits for hop in exhibit.hops]
    out: list[Directory] = []
    for agency in sorted(concerned(exporter, exhibits)):
        documents = documents_of(agency)
        before = [at for at, document in enumerate(documents) if document.time_ms <= min(times)]
        out += documents[max(before, default=0) :]
    return tuple(out)


def _wanted(disclose: Collection[tuple[bytes, int]], ids: Collection[bytes]) -> Mapping[bytes, set[int]]:
    wanted: dict[bytes, set[int]] = {}
    for statement, place in disclose:
        if statement not in ids:
            raise NotFound("evidence.unknown-statement", statement=id_text(statement))
        wanted.setdefault(statement, set()).add(place)
    return wanted


def gather(
    context: Context,
    *,
    statements: Collection[bytes] = (),
    matter: bytes = b"",
    peer: str | None = None,
    disclose: Collection[tuple[bytes, int]] = (),
    disclosing: Disclosing | None = None,
) -> Evidence:
    """What proves ``statements``, those of a ``matter``, or everything exchanged; with ``peer`` only that relation.

    ``disclose`` names contents by statement and place (-1 the docket, parts from 0). Raises NotFound, TooMuch,
    BadInput (a disclosure that nobody answers for) and Refused('policy.use'); then nothing was logged.
    """
    if disclose and disclosing is None:
        raise BadInput("evidence.officer-needed")
    with transaction.atomic():
        ids = _select(statements, matter, peer, context)
        wanted = _wanted(disclose, set(ids))
        sql = "SELECT id, encoded, docket, proofs, parts FROM exchange_statement WHERE id IN ({marks})"
        rows = {bytes(row[0]): row for row in _of(ids, sql)}
        hops = _Hops().of(ids, peer)
        exhibits = []
        for identifier in ids:
            if identifier not in rows:
                raise NotFound("evidence.unknown-statement", statement=id_text(identifier))
            _, encoded, docket, proofs, parts = rows[identifier]
            statement, part_proofs = parse_statement(bytes(encoded)), parse_part_proofs(decode(bytes(proofs)))
            openings: Mapping[int, bytes] = {}
            if identifier in wanted and disclosing is not None:
                openings = disclose_places(
                    statement,
                    docket=bytes(docket),
                    ciphertexts=decode(bytes(parts)),
                    proofs=part_proofs,
                    places=wanted[identifier],
                    disclosing=disclosing,
                    context=context,
                )
            exhibits.append(Exhibit(statement, part_proofs, tuple(hops.get(identifier, ())), openings))
        return Evidence(context.agency, context.clock(), _documents(context.agency, exhibits), tuple(exhibits))
