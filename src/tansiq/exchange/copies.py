"""Copies: what can't be used is kept whole, of each peer that brought it, for two relays may bring other wraps.

Invariant: of one statement each peer's copy is kept once. One of them stands in the quarantine for all, that which may be cured, and
holds more; the others lie beside it. Of one peer's two copies the same rule chooses. Their wraps lie in the key store alone, under the
name of what is set aside, so that no backup keeps what opens something that is erased.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from tansiq.errors import BadInput
from tansiq.keystore.store import Kept, KeyStore
from tansiq.protocol.cbor import decode, decode_own, encode
from tansiq.protocol.envelope import named_wraps, parse_entry
from tansiq.protocol.parcel import Fault, Item

__all__ = [
    "Aside",
    "Copy",
    "copies_of",
    "copy_of",
    "empty_copies",
    "faults_told",
    "item_of",
    "leave_copies",
    "raw_of",
    "set_aside",
    "set_aside_id",
    "wrap_names",
    "wraps_beside",
]

_CURABLE = "('directory.unknown-agency', 'directory.unconfirmed', 'exchange.unknown-key')"
_TAKES_ITS_PLACE = (
    "peer = excluded.peer, code = excluded.code, at_ms = excluded.at_ms, raw = excluded.raw "
    f"WHERE {{table}}.raw IS NOT NULL AND excluded.code IN {_CURABLE} AND "
    f"({{table}}.code NOT IN {_CURABLE} OR LENGTH(excluded.raw) > LENGTH({{table}}.raw))"
)
_IN_QUARANTINE = _TAKES_ITS_PLACE.format(table="exchange_quarantine")
_BESIDE = _TAKES_ITS_PLACE.format(table="exchange_copy")


def set_aside_id(digest: bytes) -> bytes:
    """Under which name the entry of something that can't be used stands: no statement has it, for an id says what it is the id of, and
    whoever writes an entry chooses the digest in it.
    """
    return hashlib.sha256(b"set aside" + digest).digest()[:16]


class Aside(NamedTuple):
    """What can't be used: the statement's digest, the code of the reason, when it came, what came (`raw_of`), and its wraps."""

    digest: bytes
    code: str
    at_ms: int
    raw: bytes
    wraps: tuple[bytes, ...]


class Copy(NamedTuple):
    """What ``peer`` brought of a statement, and why it can't be used."""

    peer: str
    code: str
    at_ms: int
    raw: bytes


def raw_of(item: Item, parts: Sequence[bytes | None]) -> bytes:
    """What came with these ``parts``, as it is kept: without its entry, which stands elsewhere, and its wraps."""
    return encode([item.statement, item.docket, item.proofs, list(parts)])


def item_of(raw: bytes, *, wraps: Sequence[bytes], entry: bytes = b"") -> Item:
    """What came, with its ``wraps``; under its ``entry`` with those that it names. Raises BadInput."""
    kept = decode(raw)
    if type(kept) is not list or len(kept) not in (4, 5):
        raise BadInput("protocol.wrong-field", what="quarantine", field=0)
    held = [*wraps, *kept[4]] if len(kept) == 5 else wraps  # an earlier version kept them there
    named = named_wraps(parse_entry(entry), held) if entry else held
    return Item(entry, kept[0], kept[1], kept[2], tuple(kept[3]), tuple(named))


def wraps_beside(digest: bytes, peer: str, keys: KeyStore) -> list[bytes]:
    """The wraps of what ``peer`` brought of a statement that is set aside."""
    name = set_aside_id(digest)
    kept = keys.wraps([name], peer)
    return list(decode_own(kept[name])) if kept else []


def wrap_names(things: Sequence[bytes]) -> list[bytes]:
    """Under which names the key store may keep wraps of the statements ``things``: their own, and those of copies set aside."""
    marks = ", ".join(["%s"] * len(things))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT digest FROM exchange_statement WHERE id IN ({marks})", list(things))
        return [*things, *(set_aside_id(bytes(row[0])) for row in cursor.fetchall())]


def set_aside(peer: str, things: Sequence[Aside], *, keys: KeyStore, now_ms: int) -> None:
    """Keeps what ``peer`` brought and can't be used: what opens it at once, the rest in the caller's transaction."""
    if not things:
        return
    keys.keep_wraps(
        [Kept(set_aside_id(one.digest), peer, one.at_ms, encode(list(one.wraps))) for one in things if one.wraps]
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO exchange_copy (statement, peer, code, at_ms, raw) SELECT statement, peer, code, at_ms, raw "
            "FROM exchange_quarantine WHERE statement = %s AND peer <> %s AND raw IS NOT NULL ON CONFLICT DO NOTHING",
            [(one.digest, peer) for one in things],
        )
        cursor.executemany(
            "INSERT INTO exchange_quarantine (statement, peer, code, detail, at_ms, since_ms, tries, raw) "
            f"VALUES (%s, %s, %s, '', %s, %s, 1, %s) ON CONFLICT (statement) DO UPDATE SET {_IN_QUARANTINE}",
            [(one.digest, peer, one.code, one.at_ms, now_ms, one.raw) for one in things],
        )
        cursor.executemany(
            "INSERT INTO exchange_copy (statement, peer, code, at_ms, raw) SELECT %s, %s, %s, %s, %s WHERE EXISTS "
            "(SELECT 1 FROM exchange_quarantine WHERE statement = %s AND peer <> %s AND raw IS NOT NULL) "
            f"ON CONFLICT (statement, peer) DO UPDATE SET {_BESIDE}",
            [(one.digest, peer, one.code, one.at_ms, one.raw, one.digest, peer) for one in things],
        )
        cursor.executemany(
            "DELETE FROM exchange_copy WHERE statement = %s AND EXISTS (SELECT 1 FROM exchange_quarantine q "
            "WHERE q.statement = exchange_copy.statement AND q.peer = exchange_copy.peer)",
            [(one.digest,) for one in things],
        )


def empty_copies(things: Sequence[bytes]) -> None:
    """Takes the contents out of copies of ``things`` that are set aside, in the caller's transaction: what is erased must not lie there
    (what opens them has its name among `wrap_names`). That they came, and why they could not be used, stays.
    """
    with connection.cursor() as cursor:
        for thing in things:
            for table in ("exchange_quarantine", "exchange_copy"):
                cursor.execute(
                    f"SELECT c.statement, c.peer, c.raw FROM {table} c JOIN exchange_statement s ON s.digest = c.statement "
                    "WHERE s.id = %s AND c.raw IS NOT NULL",
                    (thing,),
                )
                emptied = [(_emptied(bytes(raw)), bytes(digest), peer) for digest, peer, raw in cursor.fetchall()]
                cursor.executemany(f"UPDATE {table} SET raw = %s WHERE statement = %s AND peer = %s", emptied)


def _emptied(raw: bytes) -> bytes:
    item = item_of(raw, wraps=())
    return raw_of(item, [None] * len(item.parts))


def copies_of(digest: bytes) -> list[Copy]:
    """What lies beside the copy in the quarantine."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT peer, code, at_ms, raw FROM exchange_copy WHERE statement = %s ORDER BY at_ms, peer", (digest,)
        )
        return [Copy(row[0], row[1], row[2], bytes(row[3])) for row in cursor.fetchall()]


def leave_copies(digest: bytes, left: Sequence[Copy]) -> None:
    """Lets only ``left`` lie beside the quarantine's copy, with the reasons that they have now."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM exchange_copy WHERE statement = %s", (digest,))
        cursor.executemany(
            "INSERT INTO exchange_copy (statement, peer, code, at_ms, raw) VALUES (%s, %s, %s, %s, %s)",
            [(digest, *one) for one in left],
        )


def copy_of(digest: bytes, peer: str) -> tuple[bytes, str] | None:
    """What came of a statement and why it can't be used: what ``peer`` brought, else what another did."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT raw, code, 0 AS place FROM exchange_copy WHERE statement = %s AND peer = %s UNION ALL "
            "SELECT raw, code, 1 AS place FROM exchange_quarantine WHERE statement = %s AND raw IS NOT NULL ORDER BY place",
            (digest, peer, digest),
        )
        row = cursor.fetchone()
    return None if row is None else (bytes(row[0]), row[1])


def faults_told(peer: str, digests: Sequence[bytes]) -> list[Fault]:
    """The faults that were found in what ``peer`` brought of these statements."""
    if not digests:
        return []
    marks = ", ".join(["%s"] * len(digests))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT statement, code FROM exchange_quarantine WHERE raw IS NOT NULL AND peer = %s AND statement IN ({marks}) "
            f"UNION ALL SELECT statement, code FROM exchange_copy WHERE peer = %s AND statement IN ({marks})",
            [peer, *digests, peer, *digests],
        )
        return [Fault(bytes(row[0]), row[1]) for row in cursor.fetchall()]
