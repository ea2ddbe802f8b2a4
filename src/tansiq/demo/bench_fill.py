"""Fills two nodes with statements for a measurement: what a real transfer left is copied under new ids, numbers and times.

Invariant: afterwards every table, index and journal of both sides is as large as if the statements had been sent, and the two sides
agree: the journals are appended to, mirrored and witnessed by the code that always does it, with a signature for every batch. The copies'
own signatures prove nothing, for they name the statement they were copied from; no round of the exchange reads them.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tansiq.node.home import load_home
from tansiq.node.opening import open_node
from tansiq.protocol.ids import new_id
from tansiq.protocol.parcel import JournalNews

__all__ = ["Filler"]

_MAP = "CREATE TEMP TABLE copied (old {b}, new {b}, matter {b}, item {b}, digest {b}, batch {b}, ms BIGINT, number BIGINT, leaf BIGINT)"
_BATCHES = "CREATE TEMP TABLE copied_batch (old {b}, new {b})"
_STATEMENT = (
    "INSERT INTO exchange_statement (id, agency, digest, encoded, docket, proofs, parts, stored_ms) "
    "SELECT m.new, s.agency, m.digest, s.encoded, s.docket, s.proofs, s.parts, m.ms FROM copied m "
    "JOIN exchange_statement s ON s.id = m.old ORDER BY m.number"
)
_HANDLED = "INSERT INTO exchange_handled (statement) SELECT new FROM copied ORDER BY number"
_BATCH = (
    "INSERT INTO exchange_batch (digest, peer, direction, head, leaves) "
    "SELECT m.new, b.peer, b.direction, b.head, b.leaves FROM copied_batch m JOIN exchange_batch b ON b.digest = m.old"
)
_SENT = (
    "INSERT INTO exchange_sent (peer, epoch, lane, number, statement, entry, batch, leaf) "
    "SELECT s.peer, s.epoch, s.lane, m.number, m.new, s.entry, m.batch, m.leaf FROM copied m "
    "JOIN exchange_sent s ON s.statement = m.old ORDER BY m.number"
)
_RECEIPT = (
    "INSERT INTO exchange_receipt (batch, peer, head, root, proof) "
    "SELECT m.new, r.peer, r.head, r.root, r.proof FROM copied_batch m JOIN exchange_receipt r ON r.batch = m.old"
)
_RECEIVED = (
    "INSERT INTO exchange_received (peer, epoch, lane, number, statement, entry, batch, leaf, at_ms) "
    "SELECT s.peer, s.epoch, s.lane, m.number, m.new, s.entry, m.batch, m.leaf, m.ms FROM copied m "
    "JOIN exchange_received s ON s.statement = m.old ORDER BY m.number"
)
_CASE_KEYS = (
    "INSERT INTO keystore_case_key (case_ref, wrapped) SELECT m.matter, c.wrapped FROM copied m "
    "JOIN keystore_content_keys k ON k.thing = m.old JOIN keystore_case_key c ON c.case_ref = k.case_ref ORDER BY m.number"
)
_CONTENT_KEYS = (
    "INSERT INTO keystore_content_keys (thing, case_ref, wrapped) SELECT m.new, m.matter, k.wrapped FROM copied m "
    "JOIN keystore_content_keys k ON k.thing = m.old ORDER BY m.number"
)
_WRAPS = (
    "INSERT INTO keystore_kept_wraps (statement, peer, kept_ms, wraps) SELECT m.new, w.peer, m.ms, w.wraps FROM copied m "
    "JOIN keystore_kept_wraps w ON w.statement = m.old ORDER BY m.number"
)
_ITEM_VALUES = {
    "id": "m.item",
    "case_ref": "m.matter",
    "statement": "m.new",
    "received_ms": "m.ms",
    "created_ms": "m.ms",
}
_INSERT_MAP = "INSERT INTO copied VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
_HASTE = ("PRAGMA journal_mode=MEMORY", "PRAGMA synchronous=OFF", "PRAGMA cache_size=-262144")


class Filler:
    """Fills one of two nodes; ``sends`` says which end of the transfer it was. The nodes themselves are at rest."""

    def __init__(self, path: Path, *, peer: str, sends: bool) -> None:
        from django.db import connections  # noqa: PLC0415 (only after Django is bound)

        from tansiq.directory.queries import current_directory, node_keys  # noqa: PLC0415
        from tansiq.keystore.router import ALIAS  # noqa: PLC0415

        self._context = open_node(load_home(path))
        self._peer, self._sends, self._keys_alias = peer, sends, ALIAS
        self._key_of = node_keys(current_directory(peer), self._context.clock())
        self._sample: list[tuple[int, bytes, bytes]] = []
        self._lane = (0, 0)
        for alias in ("default", ALIAS):
            with connections[alias].cursor() as cursor:
                lite = connections[alias].vendor == "sqlite"
                for pragma in _HASTE if lite else ():
                    cursor.execute(pragma)
                for table in (_MAP, _BATCHES):
                    cursor.execute(table.format(b="BLOB" if lite else "BYTEA"))

    def sample(self, *, lane: int, first: int, last: int) -> dict[str, Any]:
        """Takes as the sample what went on ``lane`` with the numbers from ``first`` to ``last``, in the first epoch."""
        from django.db import connection  # noqa: PLC0415 (only after Django is bound)

        table = "exchange_sent" if self._sends else "exchange_received"
        self._lane = (1, lane)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT number, statement, batch FROM {table} WHERE peer = %s AND epoch = %s AND lane = %s "
                "AND number BETWEEN %s AND %s ORDER BY number",
                (self._peer, *self._lane, first, last),
            )
            self._sample = [(row[0], bytes(row[1]), bytes(row[2])) for row in cursor.fetchall()]
        return {"sample": len(self._sample), "batches": len({batch for _, _, batch in self._sample})}

    def _rows(self, times: int, seed: int, since_ms: float, step_ms: float) -> tuple[list[Any], list[Any], list[int]]:
        """The new names of ``times`` copies of the sample, those of their batches, and how many statements each batch has.

        Both sides draw the same, for they start from the same seed.
        """
        from django.db import connection  # noqa: PLC0415 (only after Django is bound)

        chance = random.Random(seed)  # noqa: S311 (names of copies, no secrets)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT number FROM exchange_lane WHERE peer = %s AND direction = %s AND epoch = %s AND lane = %s",
                (self._peer, 1 if self._sends else 2, *self._lane),
            )
            number: int = cursor.fetchone()[0]
            cursor.execute("SELECT size FROM journal_journal WHERE peer = %s", (self._peer,))
            leaf: int = cursor.fetchone()[0]
        rows: list[Any] = []
        batches: list[Any] = []
        counts: list[int] = []
        for _ in range(times):
            before = b""
            for _, old, batch in self._sample:
                if batch != before:
                    before = batch
                    batches.append((batch, chance.randbytes(32)))
                    counts.append(0)
                counts[-1] += 1
                ms = int(since_ms + len(rows) * step_ms)
                new, matter, item = (new_id(ms, chance.randbytes(10)) for _ in range(3))
                at = len(rows)
                rows.append((old, new, matter, item, chance.randbytes(32), batches[-1][1], ms, number + at, leaf + at))
        return rows, batches, counts

    def grow(self, *, times: int, seed: int, since_ms: float, step_ms: float) -> dict[str, Any]:
        """Copies the sample ``times`` times; returns the news of the journal, one for every batch."""
        from django.db import connections, transaction  # noqa: PLC0415 (only after Django is bound)

        rows, batches, counts = self._rows(times, seed, since_ms, step_ms)
        for alias, work in (
            (self._keys_alias, (_CASE_KEYS, _CONTENT_KEYS, _WRAPS)),
            ("default", (_STATEMENT, _HANDLED, _BATCH, *((_SENT, _RECEIPT) if self._sends else (_RECEIVED, _items())))),
        ):
            with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
                cursor.execute("DELETE FROM copied")
                cursor.execute("DELETE FROM copied_batch")
                cursor.executemany(_INSERT_MAP, rows)
                cursor.executemany("INSERT INTO copied_batch VALUES (%s, %s)", batches)
                for sql in work:
                    cursor.execute(sql)
        return {"news": [self._append(count) for count in counts]}

    def _append(self, count: int) -> list[Any]:
        """One batch's leaves and the head over them, and the lane's number."""
        from django.db import connection, transaction  # noqa: PLC0415 (only after Django is bound)

        from tansiq.journal.services import append, head_of  # noqa: PLC0415

        leaves = [random.randbytes(32) for _ in range(count)]  # noqa: S311 (hashes of nothing, no secrets)
        context = self._context
        with transaction.atomic(), connection.cursor() as cursor:
            first, at = append(self._peer, leaves)
            head = head_of(self._peer, at, agency=context.agency, time_ms=context.clock(), signer=context.signer)
            cursor.execute(
                "UPDATE exchange_lane SET number = number + %s WHERE peer = %s AND direction = %s AND epoch = %s AND lane = %s",
                (count, self._peer, 1 if self._sends else 2, *self._lane),
            )
        return [head.hex(), at.root.hex(), first, b"".join(leaves).hex()]

    def mirror(self, *, news: list[list[Any]]) -> dict[str, Any]:
        """Mirrors the other's journal; returns our witness of each head."""
        from django.db import transaction  # noqa: PLC0415 (only after Django is bound)

        from tansiq.journal.mirror import mirror_news  # noqa: PLC0415

        witnesses, context = [], self._context
        with transaction.atomic():
            for head, root, first, leaves in news:
                one = JournalNews(bytes.fromhex(head), bytes.fromhex(root), first, bytes.fromhex(leaves))
                _, witness = mirror_news(
                    self._peer,
                    one,
                    agency=context.agency,
                    key_of=self._key_of,
                    time_ms=context.clock(),
                    signer=context.signer,
                )
                witnesses.append(witness.hex())
        return {"witnesses": witnesses}

    def witnessed(self, *, witnesses: list[str]) -> dict[str, Any]:
        """Keeps the other's witnesses."""
        from django.db import transaction  # noqa: PLC0415 (only after Django is bound)

        from tansiq.journal.services import record_witness  # noqa: PLC0415

        with transaction.atomic():
            for witness in witnesses:
                record_witness(self._peer, bytes.fromhex(witness), agency=self._context.agency, key_of=self._key_of)
        return {"witnessed": len(witnesses)}

    def rest(self) -> dict[str, Any]:
        """Leaves the databases as a node has them."""
        from django.db import connections  # noqa: PLC0415 (only after Django is bound)

        for alias in ("default", self._keys_alias):
            if connections[alias].vendor == "sqlite":
                with connections[alias].cursor() as cursor:
                    cursor.execute("PRAGMA journal_mode=WAL")
            connections[alias].close()
        return {"rested": True}


def _items() -> str:
    from tansiq.cases.models import Item  # noqa: PLC0415 (only after Django is bound)

    columns = [str(field.column) for field in Item._meta.concrete_fields]
    values = ", ".join(_ITEM_VALUES.get(name, f"i.{name}") for name in columns)
    return (
        f"INSERT INTO cases_item ({', '.join(columns)}) SELECT {values} FROM copied m "
        "JOIN cases_item i ON i.statement = m.old ORDER BY m.number"
    )
