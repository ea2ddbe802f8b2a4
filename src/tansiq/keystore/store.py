"""The opened key store: reads and writes of keys, in batches, on the database ``keys``.

Invariant: a content key leaves this room only to somebody who asks for one thing by name; nothing lists them. Every write
here is committed before it returns unless the caller opened a transaction on ``keys``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from django.db import connections, transaction

from tansiq.errors import Conflict, NotFound, Refused, TooMuch
from tansiq.faults import reach
from tansiq.keystore.router import ALIAS
from tansiq.keystore.sealing import ROOT_COST, Cost, derive, seal, unseal
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.limits import MAX_WRAPS

__all__ = ["ERASED", "SLOT", "Contents", "Kept", "KeyStore", "create_key_store", "open_key_store"]

SLOT = 40
ERASED = bytes(SLOT)
_ROOT = b"root".ljust(32, b"\0")
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Contents:
    """The content keys of one thing (a statement's id, an item's id) that belongs to a case."""

    thing: bytes
    case: bytes
    keys: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Kept:
    """The wraps of a statement on the hop to or from ``peer``, encoded."""

    statement: bytes
    peer: str
    kept_ms: int
    wraps: bytes


def _rows(sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _write_many(sql: str, rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        with transaction.atomic(using=ALIAS, savepoint=False), connections[ALIAS].cursor() as cursor:
            cursor.executemany(sql, rows)


def _blob(value: object) -> bytes:
    return bytes(value)  # type: ignore[call-overload, no-any-return]


class KeyStore:
    """An opened key store; ``root`` never leaves it. Made by `open_key_store`."""

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._case_keys: dict[bytes, bytes] = {}

    # Secrets of the node and its posts

    def put_secret(self, *, identifier: bytes, use: str, owner: str, private: bytes) -> None:
        """Keeps a private key or secret."""
        sealed = seal(private, key=self._root, bound_to=use.encode() + identifier)
        _write_many(
            "INSERT INTO keystore_secret (identifier, use, owner, sealed) VALUES (%s, %s, %s, %s)",
            [(identifier, use, owner, sealed)],
        )

    def secrets(self, use: str, owner: str | None = None) -> list[tuple[bytes, str, bytes]]:
        """``(identifier, owner, private)`` of every secret with this use."""
        rows = _rows("SELECT identifier, owner, sealed FROM keystore_secret WHERE use = %s ORDER BY identifier", (use,))
        return [
            (_blob(identifier), str(holder), self._unseal(use, _blob(identifier), _blob(sealed)))
            for identifier, holder, sealed in rows
            if owner is None or holder == owner
        ]

    def drop_secret(self, identifier: bytes) -> None:
        """Erases a secret for ever."""
        _write_many("DELETE FROM keystore_secret WHERE identifier = %s", [(identifier,)])
        self.compact_log()

    def _unseal(self, use: str, identifier: bytes, sealed: bytes) -> bytes:
        return unseal(sealed, key=self._root, bound_to=use.encode() + identifier, code="keystore.damaged")

    # Content keys

    def _read_case_keys(self, cases: Sequence[bytes]) -> dict[bytes, bytes]:
        """The keys of those of ``cases`` that have one; remembered only if no transaction can take them back."""
        found: dict[bytes, bytes] = {}
        for at in range(0, len(cases), 500):
            chunk = list(cases[at : at + 500])
            marks = ", ".join(["%s"] * len(chunk))
            sql = f"SELECT case_ref, wrapped FROM keystore_case_key WHERE case_ref IN ({marks})"
            for case, wrapped in _rows(sql, chunk):
                try:
                    found[_blob(case)] = aes_key_unwrap(self._root, _blob(wrapped))
                except InvalidUnwrap as error:
                    raise Refused("keystore.damaged") from error
        if not connections[ALIAS].in_atomic_block:
            self._remember(found)
        return found

    def _remember(self, keys: Mapping[bytes, bytes]) -> None:
        if len(self._case_keys) > _REMEMBERED:
            self._case_keys.clear()
        self._case_keys.update(keys)

    def _known_case_keys(self, cases: Iterable[bytes]) -> dict[bytes, bytes]:
        wanted = set(cases)
        known = {case: key for case in wanted if (key := self._case_keys.get(case)) is not None}
        missing = [case for case in wanted if case not in known]
        return known | self._read_case_keys(missing) if missing else known

    def _make_case_keys(self, cases: Sequence[bytes]) -> dict[bytes, bytes]:
        """Makes a key for each of ``cases``, in the caller's transaction; another process's that was faster holds."""
        made = {case: os.urandom(32) for case in cases}
        with connections[ALIAS].cursor() as cursor:
            cursor.executemany(
                "INSERT INTO keystore_case_key (case_ref, wrapped) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                [(case, aes_key_wrap(self._root, key)) for case, key in made.items()],
            )
            return made if cursor.rowcount == len(made) else self._read_case_keys(cases)

    def put_contents(self, contents: Sequence[Contents], kept: Sequence[Kept] = (), *, instead: bool = False) -> None:
        """Keeps the content keys of many things, and the wraps ``kept``, in one commit; what is kept already stays, or with
        ``instead`` gives way, but never what was erased.
        """
        if not contents:
            self.keep_wraps(kept)
            return
        keys = self._known_case_keys(entry.case for entry in contents)
        with transaction.atomic(using=ALIAS):
            missing = [case for case in dict.fromkeys(entry.case for entry in contents) if case not in keys]
            if missing:
                keys |= self._make_case_keys(missing)
            rows = [
                (entry.thing, entry.case, b"".join([aes_key_wrap(keys[entry.case], key) for key in entry.keys]))
                for entry in contents
            ]
            with connections[ALIAS].cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO keystore_content_keys (thing, case_ref, wrapped) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                    rows,
                )
                if instead and cursor.rowcount < len(rows):
                    self._put_instead(rows)
            self.keep_wraps(kept)
            reach("keystore.contents.before-commit")
        reach("keystore.contents.after-commit")

    def _put_instead(self, rows: Sequence[tuple[bytes, bytes, bytes]]) -> None:
        """Puts keys in the place of others, in the caller's transaction; an erased slot stays empty."""
        for thing, case, wrapped in rows:
            lock = " FOR UPDATE" if connections[ALIAS].vendor == "postgresql" else ""
            ((before,),) = _rows(f"SELECT wrapped FROM keystore_content_keys WHERE thing = %s{lock}", (thing,))
            fresh, old = bytearray(wrapped), _blob(before)
            for at in range(0, len(old), SLOT):
                if old[at : at + SLOT] == ERASED:
                    fresh[at : at + SLOT] = ERASED
            if fresh != old:
                _write_many(
                    "UPDATE keystore_content_keys SET case_ref = %s, wrapped = %s WHERE thing = %s",
                    [(case, bytes(fresh), thing)],
                )

    def erased_places(self, things: Sequence[bytes]) -> dict[bytes, set[int]]:
        """The places of those of ``things`` of which the key of some content was erased here."""
        found: dict[bytes, set[int]] = {}
        for at in range(0, len(things), 500):
            chunk = list(things[at : at + 500])
            marks = ", ".join(["%s"] * len(chunk))
            for thing, wrapped in _rows(
                f"SELECT thing, wrapped FROM keystore_content_keys WHERE thing IN ({marks})", chunk
            ):
                slots = _blob(wrapped)
                places = {
                    place for place in range(len(slots) // SLOT) if slots[place * SLOT : (place + 1) * SLOT] == ERASED
                }
                if places:
                    found[_blob(thing)] = places
        return found

    def contents(self, thing: bytes) -> tuple[bytes | None, ...]:
        """The content keys of a thing; None where one is erased. Raises NotFound when there are none."""
        rows = _rows("SELECT case_ref, wrapped FROM keystore_content_keys WHERE thing = %s", (thing,))
        if not rows:
            raise NotFound("keystore.no-contents")
        case = _blob(rows[0][0])
        case_key = self._known_case_keys([case]).get(case)
        if case_key is None:
            raise NotFound("keystore.no-case")
        wrapped = _blob(rows[0][1])
        slots = [wrapped[at : at + SLOT] for at in range(0, len(wrapped), SLOT)]
        try:
            return tuple(None if slot == ERASED else aes_key_unwrap(case_key, slot) for slot in slots)
        except InvalidUnwrap as error:
            raise Refused("keystore.damaged") from error

    def add_parts(self, thing: bytes, parts: Sequence[bytes]) -> None:
        """Keeps the keys of a thing's parts beside that of its docket, which was here alone: what was for somebody's own eyes is
        handed down. What is kept already stays. Raises NotFound.
        """
        with transaction.atomic(using=ALIAS):
            lock = " FOR UPDATE" if connections[ALIAS].vendor == "postgresql" else ""
            rows = _rows(f"SELECT case_ref, wrapped FROM keystore_content_keys WHERE thing = %s{lock}", (thing,))
            if not rows:
                raise NotFound("keystore.no-contents")
            case, wrapped = _blob(rows[0][0]), _blob(rows[0][1])
            if len(wrapped) != SLOT:
                return
            case_key = self._known_case_keys([case])[case]
            more = b"".join([aes_key_wrap(case_key, key) for key in parts])
            _write_many("UPDATE keystore_content_keys SET wrapped = %s WHERE thing = %s", [(wrapped + more, thing)])

    def has_contents(self, things: Sequence[bytes]) -> set[bytes]:
        """Those of ``things`` whose keys are here."""
        found: set[bytes] = set()
        for at in range(0, len(things), 500):
            chunk = list(things[at : at + 500])
            marks = ", ".join(["%s"] * len(chunk))
            found.update(
                _blob(row[0])
                for row in _rows(f"SELECT thing FROM keystore_content_keys WHERE thing IN ({marks})", chunk)
            )
        return found

    def erase(self, thing: bytes, *, place: int | None = None, closed: bool = False) -> None:
        """Erases the key of one content of a thing (``place`` counts from 0, docket first) or of all of them.

        Of a thing whose body is ``closed`` here (its keys are its owner's alone) the empty slot is made: it is the mark of
        the erasure. The caller has written the tombstone before. Raises Conflict when there is no such place.
        """
        with transaction.atomic(using=ALIAS):
            if place is None:
                _write_many("DELETE FROM keystore_content_keys WHERE thing = %s", [(thing,)])
            else:
                lock = " FOR UPDATE" if connections[ALIAS].vendor == "postgresql" else ""
                rows = _rows(f"SELECT wrapped FROM keystore_content_keys WHERE thing = %s{lock}", (thing,))
                wrapped = bytearray(_blob(rows[0][0]) if rows else b"")
                if closed and len(wrapped) == SLOT and place:
                    wrapped += bytes(place * SLOT)
                if not 0 <= place < len(wrapped) // SLOT:
                    raise Conflict("keystore.no-place")
                wrapped[place * SLOT : (place + 1) * SLOT] = ERASED
                _write_many("UPDATE keystore_content_keys SET wrapped = %s WHERE thing = %s", [(bytes(wrapped), thing)])
            reach("keystore.erase.before-commit")
        reach("keystore.erase.after-commit")
        self.compact_log()

    def compact_log(self) -> None:
        """Makes SQLite fold its log into the database, so that no page with an erased key stays in the log."""
        if connections[ALIAS].vendor == "sqlite" and not connections[ALIAS].in_atomic_block:
            _rows("PRAGMA wal_checkpoint(TRUNCATE)")

    # Wraps

    def keep_wraps(self, kept: Sequence[Kept]) -> None:
        """Keeps wraps sent or received; the same hop again adds those that are not there yet."""
        if not kept:
            return
        with transaction.atomic(using=ALIAS, savepoint=False), connections[ALIAS].cursor() as cursor:
            cursor.executemany(
                "INSERT INTO keystore_kept_wraps (statement, peer, kept_ms, wraps) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [(entry.statement, entry.peer, entry.kept_ms, entry.wraps) for entry in kept],
            )
            if cursor.rowcount < len(kept):
                self._add_wraps(kept)

    def _add_wraps(self, kept: Sequence[Kept]) -> None:
        """Adds what is new of the wraps of hops that are known. Raises TooMuch: a hop has no more of them than an entry may name."""
        lock = (
            " FOR UPDATE" if connections[ALIAS].vendor == "postgresql" else ""
        )  # two parcels may bring the same at once
        for entry in kept:
            ((found,),) = _rows(
                f"SELECT wraps FROM keystore_kept_wraps WHERE statement = %s AND peer = %s{lock}",
                (entry.statement, entry.peer),
            )
            before = decode(_blob(found))
            known = set(before)
            more = [wrap for wrap in decode(entry.wraps) if wrap not in known]
            if len(before) + len(more) > MAX_WRAPS:
                raise TooMuch("protocol.too-many-wraps", limit=MAX_WRAPS)
            if more:
                _write_many(
                    "UPDATE keystore_kept_wraps SET wraps = %s WHERE statement = %s AND peer = %s",
                    [(encode([*before, *more]), entry.statement, entry.peer)],
                )

    def wraps(self, statements: Sequence[bytes], peer: str) -> dict[bytes, bytes]:
        """The encoded wraps of those of ``statements`` that are kept for ``peer``."""
        found: dict[bytes, bytes] = {}
        for at in range(0, len(statements), 500):
            chunk = list(statements[at : at + 500])
            marks = ", ".join(["%s"] * len(chunk))
            sql = f"SELECT statement, wraps FROM keystore_kept_wraps WHERE peer = %s AND statement IN ({marks})"
            found.update((_blob(row[0]), _blob(row[1])) for row in _rows(sql, [peer, *chunk]))
        return found

    def drop_wraps(self, statements: Sequence[bytes], peer: str | None = None) -> None:
        """Erases the kept wraps of ``statements``, for one peer or for all: they open what they were made for."""
        if not statements:
            return
        if peer is None:
            _write_many("DELETE FROM keystore_kept_wraps WHERE statement = %s", [(one,) for one in statements])
        else:
            _write_many(
                "DELETE FROM keystore_kept_wraps WHERE statement = %s AND peer = %s",
                [(one, peer) for one in statements],
            )
        self.compact_log()


def create_key_store(secret: bytes) -> KeyStore:
    """Makes the root of a new, empty key store that ``secret`` opens. Raises Conflict when there is one."""
    if _rows("SELECT 1 FROM keystore_secret WHERE use = 'root'"):
        raise Conflict("keystore.exists")
    salt, root = os.urandom(16), os.urandom(32)
    sealed = seal(root, key=derive(secret, salt=salt, cost=ROOT_COST), bound_to=b"root")
    _write_many(
        "INSERT INTO keystore_secret (identifier, use, owner, sealed) VALUES (%s, %s, %s, %s)",
        [(_ROOT, "root", str(ROOT_COST), salt + sealed)],
    )
    return KeyStore(root)


def open_key_store(secret: bytes) -> KeyStore:
    """Opens the key store. Raises NotFound (there is none) or Refused (another secret)."""
    rows = _rows("SELECT owner, sealed FROM keystore_secret WHERE use = 'root'")
    if not rows:
        raise NotFound("keystore.missing")
    sealed = _blob(rows[0][1])
    key = derive(secret, salt=sealed[:16], cost=Cost.parse(str(rows[0][0])))
    return KeyStore(unseal(sealed[16:], key=key, bound_to=b"root", code="keystore.wrong-unlock"))
