"""Contents: the parts of a stored statement and the content of an own item, opened with the keys that are left.

Invariant: what opens was committed to and is checked against its commitment; what was erased is None, never an error,
so that one erased part hides no other. Nothing here decides who may read: the caller has asked, and has logged it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from tansiq.cases.sql import chunks, marks
from tansiq.errors import NotFound
from tansiq.keystore.store import KeyStore
from tansiq.protocol.cbor import decode
from tansiq.protocol.concealment import DOCKET_PLACE, reveal
from tansiq.protocol.docket import Docket, parse_docket
from tansiq.protocol.parts import Part, parse_part
from tansiq.protocol.statement import Statement, parse_part_proofs, parse_statement

__all__ = ["StoredStatement", "open_statements"]


@dataclass(frozen=True, slots=True)
class StoredStatement:
    """A stored statement as far as it opens: a part is None when it was erased; so is the docket.

    ``closed``: its body is for an officer's own eyes, and no part opens here.
    """

    statement: Statement
    docket: Docket | None
    parts: tuple[Part | None, ...]
    closed: bool = False

    def part(self, kind: str) -> Part | None:
        """The first part of this kind that opens."""
        return next((part for part in self.parts if part is not None and part.kind == kind), None)


def _opened(row: Sequence[object], keys: KeyStore) -> StoredStatement:
    encoded, docket, proofs, parts = (bytes(value) for value in row[1:])  # type: ignore[call-overload]
    statement = parse_statement(encoded)
    try:
        docket_key, *part_keys = keys.contents(statement.id)
    except NotFound:
        docket_key, part_keys = None, []
    read = None
    if docket_key is not None:
        content, _ = reveal(
            docket,
            key=docket_key,
            statement_id=statement.id,
            place=DOCKET_PLACE,
            commitment=statement.docket_commitment,
        )
        read = parse_docket(content)
    found: list[Part | None] = []
    for place, (ciphertext, proof) in enumerate(zip(decode(parts), parse_part_proofs(decode(proofs)), strict=True)):
        key = part_keys[place] if place < len(part_keys) else None
        if key is None or ciphertext is None:
            found.append(None)
            continue
        content, _ = reveal(ciphertext, key=key, statement_id=statement.id, place=place, commitment=proof.commitment)
        found.append(parse_part(content))
    closed = docket_key is not None and not part_keys and statement.parts_count > 0
    return StoredStatement(statement, read, tuple(found), closed)


def open_statements(statements: Sequence[bytes], *, keys: KeyStore) -> dict[bytes, StoredStatement]:
    """Those of ``statements`` that are stored here, opened. Raises NotProven (altered) or BadInput."""
    found: dict[bytes, StoredStatement] = {}
    for chunk in chunks(statements):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, encoded, docket, proofs, parts FROM exchange_statement WHERE id IN ({marks(chunk)})", chunk
            )
            rows = cursor.fetchall()
        found.update((bytes(row[0]), _opened(row, keys)) for row in rows)
    return found
