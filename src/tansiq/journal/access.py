"""The access journal: what the law wants logged (LED article 25; field.md rows 37 to 39).

Invariant: every act has a leaf for ever; what it says (who, why, whom it concerns by reference) is concealed under a
key of its own that the key store holds, so it ends with its retention and the chain stays whole. The journal's root
goes to the agency's own supervisor alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.db import connection, transaction

from tansiq.errors import NotFound
from tansiq.keystore.store import Contents, KeyStore
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.concealment import conceal, reveal
from tansiq.protocol.ids import new_id
from tansiq.protocol.merkle import EMPTY_ROOT, Frontier, leaf_hash

__all__ = ["JOURNAL", "Access", "AccessLog", "Operation", "access_log", "log_access", "opened", "read_access"]

_NAME = "access"
JOURNAL: Final = b"access journal\0\0"
"""The journal itself, where it is what was looked at; also the case under which its keys are kept."""


class Operation(StrEnum):
    """What was done (LED article 25(1)). Grammar: the law's word."""

    COLLECTION = "collection"
    ALTERATION = "alteration"
    CONSULTATION = "consultation"
    DISCLOSURE = "disclosure"
    COMBINATION = "combination"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One act: by which officer (service number; 'node' for the machine itself), on what, why, for whom.

    ``thing`` is the id of what was touched; ``ordered_by`` the officer who ordered it (row 39); ``recipients``
    agencies or posts.
    """

    operation: Operation
    officer: str
    thing: bytes
    purpose: str
    justification: str = ""
    ordered_by: str = ""
    recipients: tuple[str, ...] = ()
    time_ms: int

    def to_plain(self) -> dict[str, object]:
        """The act as plain values."""
        return {
            "operation": str(self.operation), "officer": self.officer, "thing": self.thing, "purpose": self.purpose,
            "justification": self.justification, "ordered_by": self.ordered_by, "recipients": list(self.recipients), "time_ms": self.time_ms,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class AccessLog:
    """The access journal as it stands, for the supervisor."""

    size: int
    root: bytes


def log_access(accesses: list[Access], *, keys: KeyStore) -> None:
    """Logs acts. Their keys are committed before the caller's transaction, their leaves with it."""
    if not accesses:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
        cursor.execute(
            "INSERT INTO journal_access (name, size, frontier) VALUES (%s, 0, %s) ON CONFLICT DO NOTHING",
            (_NAME, Frontier(0, ()).to_bytes()),
        )
        cursor.execute(f"SELECT frontier FROM journal_access WHERE name = %s{lock}", (_NAME,))
        frontier = Frontier.from_bytes(bytes(cursor.fetchone()[0]))
        rows: list[tuple[Any, ...]] = []
        contents, leaves = [], []
        for number, access in enumerate(accesses, frontier.size):
            thing = new_id(access.time_ms)
            concealed = conceal(encode(access.to_plain()), statement_id=thing, place=0)
            contents.append(Contents(thing, JOURNAL, (concealed.key,)))
            leaves.append(leaf_hash(encode([number, access.time_ms, concealed.commitment])))
            rows.append((number, thing, concealed.commitment, access.time_ms, concealed.ciphertext))
        grown, completed = frontier.extend(leaves)
        keys.put_contents(contents)
        cursor.executemany(
            "INSERT INTO journal_access_event (number, thing, commitment, time_ms, concealed, node) VALUES (%s, %s, %s, %s, %s, %s)",
            [(*row, leaf + b"".join(nodes)) for row, leaf, nodes in zip(rows, leaves, completed, strict=True)],
        )
        cursor.execute(
            "UPDATE journal_access SET size = %s, frontier = %s WHERE name = %s", (grown.size, grown.to_bytes(), _NAME)
        )


def access_log() -> AccessLog:
    """Size and root of the access journal."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT size, frontier FROM journal_access WHERE name = %s", (_NAME,))
        row = cursor.fetchone()
    if row is None:
        return AccessLog(0, EMPTY_ROOT)
    return AccessLog(row[0], Frontier.from_bytes(bytes(row[1])).root() if row[0] else EMPTY_ROOT)


def opened(thing: bytes, commitment: bytes, concealed: bytes | None, keys: KeyStore) -> dict[str, Any] | None:
    """What an event says, None when it was erased. Raises NotProven when it is not what was logged."""
    if concealed is None:
        return None
    try:
        key = keys.contents(thing)[0]
    except NotFound:
        return None
    if key is None:
        return None
    content, _ = reveal(concealed, key=key, statement_id=thing, place=0, commitment=commitment)
    plain: dict[str, Any] = decode(content)
    return plain


def read_access(keys: KeyStore, *, first: int = 0, limit: int = 1000) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """The logged acts from number ``first`` on; None where the event was erased."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, thing, commitment, concealed FROM journal_access_event WHERE number >= %s ORDER BY number LIMIT %s",
            (first, limit),
        )
        rows = cursor.fetchall()
    for number, thing, commitment, concealed in rows:
        yield number, opened(bytes(thing), bytes(commitment), None if concealed is None else bytes(concealed), keys)
