"""What stands behind each statement of an enquiry: its leaf in our journal, the partner's receipt, the partner's
co-signature.

Invariant: reads only, by index. *Co-signed* means that the partner has signed a head of our journal that covers the leaf.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from tansiq.cases.sql import chunks, marks
from tansiq.journal.queries import witnessed_size

__all__ = ["StatementProof", "proofs_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementProof:
    """``leaf``: the number in our journal with the partner (None: it has not left yet); ``receipt``: the partner's receipt
    is here (of what came: ours was given); ``size`` and ``root``: the newest head of our journal that it signed.
    """

    leaf: int | None
    receipt: bool
    cosigned: bool
    size: int
    root: bytes


def _root(partner: str, size: int) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT root FROM journal_witnessed WHERE peer = %s AND size = %s ORDER BY epoch DESC LIMIT 1",
            (partner, size),
        )
        row = cursor.fetchone()
    return bytes(row[0]) if row else b""


def proofs_of(statements: Sequence[bytes], partner: str) -> Mapping[bytes, StatementProof]:
    """The proofs of ``statements`` that were exchanged with ``partner``."""
    leaves: dict[bytes, tuple[int, bool]] = {}
    for chunk in chunks(statements):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT s.statement, s.leaf, r.batch FROM exchange_sent s LEFT JOIN exchange_receipt r ON r.batch = s.batch "
                f"WHERE s.peer = %s AND s.statement IN ({marks(chunk)})",
                [partner, *chunk],
            )
            leaves.update((bytes(row[0]), (row[1], row[2] is not None)) for row in cursor.fetchall())
            cursor.execute(
                f"SELECT statement, leaf FROM exchange_received WHERE peer = %s AND statement IN ({marks(chunk)})",
                [partner, *chunk],
            )
            leaves.update((bytes(row[0]), (row[1], True)) for row in cursor.fetchall())
    size = witnessed_size(partner)
    root = _root(partner, size) if size else b""
    out = {}
    for statement in statements:
        leaf, receipt = leaves.get(statement, (None, False))
        cosigned = leaf is not None and leaf < size
        out[statement] = StatementProof(leaf=leaf, receipt=receipt, cosigned=cosigned, size=size, root=root)
    return out
