"""Reading registers: which there are, and the content of an entry.

Invariant: entries are opened one by one with their own keys; nothing here writes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from tansiq.cases.sql import chunks, marks
from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.keystore.store import KeyStore
from tansiq.protocol.cbor import decode
from tansiq.protocol.concealment import reveal
from tansiq.registers.listed import Entry, entry_from_plain

__all__ = [
    "Head",
    "Stored",
    "changed_entries",
    "entries",
    "entry_faults",
    "entry_of",
    "heads_of",
    "lost_entries",
    "open_entry",
    "readable_entry",
    "readable_registers",
    "references_of",
    "register_posts",
    "register_versions",
    "registers",
    "report_of",
    "stored_entries",
]

_AT_ONCE = 20_000
_FIELDS = "id, register, reference, kind, changed, listed, faults, first_ms, thing, commitment, concealed"


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as it is stored; ``concealed`` is None when it has left the list."""

    id: bytes
    register: str
    reference: str
    kind: str
    changed: int
    listed: bool
    faults: int
    first_ms: int
    thing: bytes
    commitment: bytes
    concealed: bytes | None


def _stored(row: Sequence[Any]) -> Stored:
    concealed = None if row[10] is None else bytes(row[10])
    return Stored(
        bytes(row[0]),
        row[1],
        row[2],
        row[3],
        row[4],
        bool(row[5]),
        row[6],
        row[7],
        bytes(row[8]),
        bytes(row[9]),
        concealed,
    )


def entries(register: str, *, since: int = 0) -> list[Stored]:
    """The entries of ``register`` that changed after its version ``since``; those that left the list among them."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_FIELDS} FROM registers_entry WHERE register = %s AND changed > %s", (register, since))
        return [_stored(row) for row in cursor.fetchall()]


def changed_entries(register: str, *, since: int = 0) -> Iterator[Stored]:
    """As `entries`, some at a time, so that memory does not grow with a register's contents."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM registers_entry WHERE register = %s AND changed > %s", (register, since))
        ids = [bytes(row[0]) for row in cursor.fetchall()]
    for chunk in chunks(ids):
        yield from stored_entries(chunk).values()


def lost_entries(keys: KeyStore) -> Iterator[bytes]:
    """The ids of the persons who are listed and whose key is gone: an older key store was restored."""
    last = b""
    while rows := _things_after(last):
        last = rows[-1][0]
        there = keys.has_contents([thing for _, thing in rows])
        yield from (entry for entry, thing in rows if thing not in there)


def _things_after(last: bytes) -> list[tuple[bytes, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, thing FROM registers_entry WHERE id > %s AND listed AND kind = 'person' ORDER BY id LIMIT %s",
            (last, _AT_ONCE),
        )
        return [(bytes(entry), bytes(thing)) for entry, thing in cursor.fetchall()]


def references_of(ids: Sequence[bytes]) -> dict[bytes, tuple[str, str]]:
    """Register and reference of those of the entries that are known, by id."""
    found: dict[bytes, tuple[str, str]] = {}
    for chunk in chunks(ids):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id, register, reference FROM registers_entry WHERE id IN ({marks(chunk)})", chunk)
            found.update((bytes(row[0]), (row[1], row[2])) for row in cursor.fetchall())
    return found


def open_entry(stored: Stored, keys: KeyStore) -> Entry | None:
    """The content of a stored entry; None when it has left the list.

    Raises NotFound ('registers.key-lost': a backup was restored that is older than the key's end) and NotProven
    (altered).
    """
    if stored.concealed is None:
        return None
    try:
        key = keys.contents(stored.thing)[0]
    except NotFound:
        key = None
    if key is None:
        raise NotFound("registers.key-lost", reference=stored.reference)
    content, _ = reveal(stored.concealed, key=key, statement_id=stored.thing, place=0, commitment=stored.commitment)
    return entry_from_plain(decode(content))


def readable_entry(stored: Stored, keys: KeyStore) -> Entry | None:
    """As `open_entry`, with None also where the key is lost: the next import of the list brings the entry back."""
    try:
        return open_entry(stored, keys)
    except NotFound:
        return None


def stored_entries(ids: Sequence[bytes]) -> dict[bytes, Stored]:
    """Those of the entries that are known, by id."""
    found: dict[bytes, Stored] = {}
    for chunk in chunks(ids):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {_FIELDS} FROM registers_entry WHERE id IN ({marks(chunk)})", chunk)
            found.update((bytes(row[0]), _stored(row)) for row in cursor.fetchall())
    return found


def entry_of(entry: bytes, *, context: Context) -> Entry | None:
    """The content of one entry; None when it has left the list. Raises NotFound when there never was one."""
    stored = stored_entries([entry]).get(entry)
    if stored is None:
        raise NotFound("registers.unknown-entry", entry=entry.hex())
    return open_entry(stored, context.keys)


def report_of(register: str, keys: KeyStore) -> dict[str, Any]:
    """The report of the last import into a register; empty where its key is lost. Raises NotProven (altered)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT thing, commitment, report FROM registers_register WHERE name = %s", (register,))
        row = cursor.fetchone()
    try:
        key = keys.contents(bytes(row[0]))[0] if row is not None else None
    except NotFound:
        key = None
    if key is None:
        return {}
    thing, commitment, concealed = (bytes(value) for value in row)
    content, _ = reveal(concealed, key=key, statement_id=thing, place=0, commitment=commitment)
    report: dict[str, Any] = decode(content)
    return report


def register_posts() -> dict[str, frozenset[str]]:
    """For each register the posts that may read it; none: every desk."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, posts FROM registers_register")
        return {name: frozenset(posts.split()) for name, posts in cursor.fetchall()}


def readable_registers(posts: Collection[str]) -> frozenset[str]:
    """The registers that somebody in ``posts`` may read: those for every desk, and those for one of these. Without a post none."""
    known = register_posts() if posts else {}
    return frozenset(name for name, own in known.items() if not own or not own.isdisjoint(posts))


@dataclass(frozen=True, slots=True)
class Head:
    """A register without what stands in it: the day on which its publisher made it, and when it was imported (UTC ms)."""

    name: str
    generated: str
    imported_ms: int


def heads_of(names: Collection[str]) -> list[Head]:
    """The registers of these names, by name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, generated, imported_ms FROM registers_register ORDER BY name")
        return [Head(*row) for row in cursor.fetchall() if row[0] in names]


def register_versions() -> dict[str, int]:
    """Every register with its version."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, version FROM registers_register")
        return dict(cursor.fetchall())


def registers() -> list[dict[str, Any]]:
    """Every register for people: name, version, listed entries, the publisher's day, when it was imported, and the posts for which
    it is (none: for every desk).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.name, r.version, r.generated, r.imported_ms, r.posts, "
            "(SELECT COUNT(*) FROM registers_entry e WHERE e.register = r.name AND e.listed) "
            "FROM registers_register r ORDER BY r.name"
        )
        rows = cursor.fetchall()
    return [
        {
            "register": name,
            "version": version,
            "entries": count,
            "generated": generated,
            "posts": posts.split(),
            "imported_at": dt.datetime.fromtimestamp(imported_ms // 1000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        for name, version, generated, imported_ms, posts, count in rows
    ]


def entry_faults(*, context: Context) -> Iterator[tuple[bytes, str]]:
    """Every listed entry that does not open, with the error's code: for the node's self-check."""
    for register in register_versions():
        for stored in entries(register):
            try:
                open_entry(stored, context.keys)
            except Exception as error:
                yield stored.id, getattr(error, "code", type(error).__name__)
