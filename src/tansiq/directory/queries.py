"""Reading the directory: documents by agency, keys by identifier.

Invariant: documents are immutable, so a parsed one is kept in memory by its bytes, the latest used ones, as many as are together no
larger than a bound: partners write them. Which is current is read each time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from tansiq.errors import NotFound, NotProven
from tansiq.protocol.directory import Certified, Directory, Use, parse_directory
from tansiq.protocol.docket import agency_of
from tansiq.protocol.keys import PublicSealingKey, PublicSigningKey

__all__ = [
    "PartnerState", "current_directory", "documents_of", "node_keys", "officer_key", "own_directory", "partners",
    "sealing_key_of", "signing_key",
]  # fmt: skip


_MOST_KEPT: Final = 8 * 1024 * 1024
"""Bytes of documents that are kept parsed: hundreds of usual ones."""
_LOOKED_BACK: Final = 64
"""In how many of an agency's latest documents a key is looked for that its current one has not."""
_CURRENT = (
    "SELECT d.encoded FROM directory_partner p "
    "JOIN directory_document d ON d.agency = p.agency AND d.number = p.current"
)


@dataclass(frozen=True, slots=True)
class PartnerState:
    """An agency that we know: pinned identity, whether its words were compared, the number of its current document, and the
    partner that vouches for its identity ('' nobody).
    """

    agency: str
    identity: bytes
    is_self: bool
    confirmed_ms: int
    current: int
    introduced_by: str = ""


class _Read:
    """A parsed document, with the keys that are looked for often where they are found at once."""

    __slots__ = ("directory", "officers", "sealing", "signing")

    def __init__(self, encoded: bytes) -> None:
        self.directory: Final = parse_directory(encoded)
        self.signing: Final[dict[bytes, tuple[Certified, PublicSigningKey]]] = {}
        self.officers: Final[dict[bytes, Certified]] = {}
        self.sealing: Final[dict[str, list[tuple[Certified, PublicSealingKey]]]] = {}
        for one in self.directory.keys:
            if one.use == Use.NODE_SIGNS and isinstance(one.key, PublicSigningKey):
                self.signing[one.key.identifier] = (one, one.key)
            elif one.use == Use.OFFICER_SIGNS:
                self.officers[one.key.identifier] = one
            elif one.use == Use.POST_OPENS and isinstance(one.key, PublicSealingKey):
                self.sealing.setdefault(one.owner, []).append((one, one.key))


class _Kept:
    """The documents that were read last. A parsed one takes up to seven times its bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._bytes = most_bytes, 0
        self._read: OrderedDict[bytes, _Read] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._read)

    def read(self, encoded: bytes) -> _Read:
        """The document, parsed now unless it is here. Raises as `parse_directory`."""
        with self._lock:
            if (found := self._read.get(encoded)) is not None:
                self._read.move_to_end(encoded)
                return found
        found = _Read(encoded)
        with self._lock:
            if encoded not in self._read:
                self._read[encoded] = found
                self._bytes += len(encoded)
            while self._bytes > self._most:
                self._bytes -= len(self._read.popitem(last=False)[0])
        return found


_kept = _Kept(_MOST_KEPT)


def _parsed(encoded: bytes) -> Directory:
    return _kept.read(encoded).directory


def partners() -> list[PartnerState]:
    """All agencies that we know, ourselves first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT agency, identity, is_self, confirmed_ms, current, introduced_by FROM directory_partner "
            "ORDER BY is_self DESC, agency"
        )
        return [PartnerState(row[0], bytes(row[1]), bool(row[2]), *row[3:]) for row in cursor.fetchall()]


def _document(sql: str, values: tuple[Any, ...], agency: str) -> Directory:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        row = cursor.fetchone()
    if row is None:
        raise NotFound("directory.unknown-agency", agency=agency)
    return _parsed(bytes(row[0]))


def current_directory(agency: str) -> Directory:
    """The current document of ``agency``. Raises NotFound."""
    return _document(
        f"{_CURRENT} WHERE p.agency = %s",
        (agency,),
        agency,
    )


def own_directory() -> Directory:
    """Our own current document. Raises NotFound before `tansiq init`."""
    return _document(
        f"{_CURRENT} WHERE p.is_self = %s",
        (True,),
        "-",
    )


def documents_of(agency: str) -> list[Directory]:
    """Every document of ``agency``, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT encoded FROM directory_document WHERE agency = %s ORDER BY number", (agency,))
        return [_parsed(bytes(row[0])) for row in cursor.fetchall()]


def _latest(agency: str) -> Iterator[_Read]:
    """The latest documents of ``agency``, the newest first, read one by one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number FROM directory_document WHERE agency = %s ORDER BY number DESC LIMIT %s",
            (agency, _LOOKED_BACK),
        )
        numbers = [row[0] for row in cursor.fetchall()]
    for number in numbers:
        with connection.cursor() as cursor:
            cursor.execute("SELECT encoded FROM directory_document WHERE agency = %s AND number = %s", (agency, number))
            row = cursor.fetchone()
        if row is not None:
            yield _kept.read(bytes(row[0]))


def officer_key(directory: Directory, identifier: bytes) -> Certified | None:
    """The signing key of an officer that ``directory`` certifies; None when it certifies none of this identifier."""
    return _kept.read(directory.encoded).officers.get(identifier)


def node_keys(directory: Directory, time_ms: int) -> dict[bytes, PublicSigningKey]:
    """The node signing keys that are believed at ``time_ms``, by identifier.

    One that begins later by our clock is among them: the identity key certified it, and clocks differ.
    """
    certified = _kept.read(directory.encoded).signing
    return {identifier: key for identifier, (one, key) in certified.items() if one.doubt_at(time_ms) in {"", "early"}}


def signing_key(directory: Directory, identifier: bytes, *, signed_ms: int, now_ms: int) -> PublicSigningKey:
    """The node key with which something was signed that arrives at ``now_ms`` and says that it was signed at
    ``signed_ms``.

    A key that ended in good order is believed for what was signed before its end: a courier's file may be a year old.
    A revoked one is believed for nothing that arrives from then on, for a thief writes any time he likes. Raises
    NotProven.
    """
    found = _kept.read(directory.encoded).signing.get(identifier)
    if found is None:
        older = any(identifier in document.signing for document in _latest(directory.agency))
        raise NotProven("exchange.key-not-believed" if older else "exchange.unknown-key", agency=directory.agency)
    certified, key = found
    revoked = certified.revoked_ms and max(signed_ms, now_ms) >= certified.revoked_ms
    if revoked or (certified.until_ms and signed_ms >= certified.until_ms):
        raise NotProven("exchange.key-not-believed", agency=directory.agency)
    return key


def sealing_key_of(post: str, time_ms: int) -> tuple[Certified, PublicSealingKey]:
    """The key to which something for ``post`` is sealed now. Raises NotFound."""
    keys = _kept.read(current_directory(agency_of(post)).encoded).sealing.get(post, [])
    believed = [pair for pair in keys if not pair[0].doubt_at(time_ms)]
    if believed:
        return max(believed, key=lambda pair: pair[0].from_ms)
    for pair in keys:  # one that begins later by our clock: clocks differ, and its owner has it since it certified it
        if pair[0].doubt_at(time_ms) == "early":
            return pair
    raise NotFound("directory.unknown-post", post=post)
