"""Checking contents: every statement is what it was signed to be, and what should be readable opens with the key that
is kept.

Invariant: what lacks its key has a tombstone. Keys are read after the view of the database was taken, so a key can be
missing only because of an erasure since: those that are missing are looked up again at the end (`Contents.missing`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection

from tansiq.errors import Error, NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.erasure import tombstones
from tansiq.node.concealed import chunks, thing_tables
from tansiq.node.findings import Finding
from tansiq.node.keyring import KeyRing
from tansiq.node.snapshot import FEW_ROWS, Progress, Snapshot
from tansiq.protocol.cbor import decode
from tansiq.protocol.concealment import DOCKET_PLACE, reveal
from tansiq.protocol.statement import PartProof, Statement, check_contents, parse_part_proofs, parse_statement

__all__ = ["Contents"]

_MOST_MISSING = 10_000


class Contents:
    """The check of all contents; ``missing`` are things without a key, to be judged when the view is closed."""

    def __init__(self, view: Snapshot, *, context: Context, ring: KeyRing, counts: dict[str, int]) -> None:
        self._view = view
        self._context = context
        self._ring = ring
        self._counts = counts
        self._missing: list[bytes] = []

    def statements(self, progress: Progress) -> Iterator[Finding]:
        """Every statement: digest, signature, hashes of its contents, and its keys where it is in effect."""
        total = self._view.one("SELECT COUNT(*) FROM exchange_statement")
        for row in self._view.rows(
            "SELECT s.id, s.agency, s.digest, s.encoded, s.docket, s.proofs, s.parts, h.statement FROM exchange_statement s "
            "LEFT JOIN exchange_handled h ON h.statement = s.id",
            fetch=FEW_ROWS,
        ):
            yield from self._statement(row)
            self._counts["statements"] += 1
            if self._counts["statements"] % 100 == 0:
                progress("fsck-statements", self._counts["statements"], total)

    def _statement(self, row: tuple[Any, ...]) -> Iterator[Finding]:
        thing, digest, encoded, docket, proofs, parts = (bytes(row[at]) for at in (0, 2, 3, 4, 5, 6))
        where = {"statement": thing.hex()}
        try:
            statement = parse_statement(encoded)
            proven = parse_part_proofs(decode(proofs))
            ciphertexts = decode(parts)
            check_contents(statement, docket=docket, proofs=proven, parts=ciphertexts)
        except (Error, TypeError):
            yield Finding("statement", where)
            return
        if (statement.id, statement.agency, statement.digest) != (thing, row[1], digest):
            yield Finding("statement", where)
        try:
            statement.signature.verify(self._ring.key(statement.agency, statement.signer))
        except Error:
            yield Finding("statement-signature", where)
        if row[7] is not None:
            yield from self._opens(statement, docket, proven, ciphertexts)

    def _opens(
        self, statement: Statement, docket: bytes, proofs: tuple[PartProof, ...], parts: list[bytes | None]
    ) -> Iterator[Finding]:
        """Whether the kept keys open what is there and was not erased."""
        where = {"statement": statement.id.hex()}
        try:
            docket_key, *keys = self._context.keys.contents(statement.id)
        except NotFound:
            self._note(statement.id)
            return
        except Error:
            yield Finding("key-damaged", where)
            return
        wanted = [(docket, docket_key, DOCKET_PLACE, statement.docket_commitment)]
        wanted += [
            (part, key, place, proofs[place].commitment)
            for place, (part, key) in enumerate(zip(parts, keys, strict=False))
            if part
        ]
        for ciphertext, key, place, commitment in wanted:
            try:
                if key is not None:
                    reveal(ciphertext, key=key, statement_id=statement.id, place=place, commitment=commitment)
            except Error:
                yield Finding("content", {**where, "place": place})

    def _note(self, thing: bytes) -> None:
        if len(self._missing) < _MOST_MISSING:
            self._missing.append(thing)

    def things(self) -> Iterator[Finding]:
        """Items, events and whatever else is concealed opens with its key; what has none is noted as missing."""
        for table in thing_tables():
            for thing in table.things(self._view):
                self._counts["things"] += 1
                try:
                    key = self._context.keys.contents(thing.identifier)[0]
                    if key is None:
                        self._note(thing.identifier)
                        continue
                    reveal(
                        thing.ciphertext, key=key, statement_id=thing.identifier, place=0, commitment=thing.commitment
                    )
                except NotFound:
                    self._note(thing.identifier)
                except Error:
                    yield Finding("thing", {"table": table.name, "thing": thing.identifier.hex()})

    def missing(self) -> Iterator[Finding]:
        """Of what had no key, that which has no tombstone either, now."""
        buried = tombstones(self._missing) | _buried_items(self._missing)
        for thing in self._missing:
            if thing not in buried:
                yield Finding("key-missing", {"thing": thing.hex()})

    def wraps(self) -> Iterator[Finding]:
        """What waits to be delivered has the wraps that its entry names, or will name."""
        rows = self._view.rows(
            "SELECT peer, statement FROM exchange_outbox UNION ALL SELECT s.peer, s.statement FROM exchange_pending p "
            "JOIN exchange_sent s ON s.peer = p.peer AND s.epoch = p.epoch AND s.lane = p.lane "
            "AND s.number >= p.first AND s.number < p.first + p.count"
        )
        for peer, statement in rows:
            thing = bytes(statement)
            if not self._context.keys.wraps([thing], peer) and self._still_waits(peer, thing):
                yield Finding("wraps-missing", {"peer": peer, "statement": thing.hex()})

    @staticmethod
    def _still_waits(peer: str, thing: bytes) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM exchange_outbox WHERE peer = %s AND statement = %s UNION ALL SELECT 1 FROM exchange_sent s "
                "JOIN exchange_pending p ON p.batch = s.batch WHERE s.peer = %s AND s.statement = %s",
                (peer, thing, peer, thing),
            )
            return cursor.fetchone() is not None


def _buried_items(things: list[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    with connection.cursor() as cursor:
        for chunk in chunks(iter(things)):
            marks = ", ".join(["%s"] * len(chunk))
            cursor.execute(f"SELECT item FROM cases_tombstone WHERE item IN ({marks})", chunk)
            found.update(bytes(row[0]) for row in cursor.fetchall())
    return found
