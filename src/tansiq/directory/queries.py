"""Reading the directory: documents by agency, keys by identifier.

Invariant: documents are immutable, so a parsed one is kept in memory by its digest; which is current is read each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection

from tansiq.errors import NotFound, NotProven
from tansiq.protocol.directory import Certified, Directory, Use, parse_directory
from tansiq.protocol.docket import agency_of
from tansiq.protocol.keys import PublicSealingKey, PublicSigningKey

__all__ = [
    "PartnerState", "current_directory", "documents_of", "node_keys", "own_directory", "partners",
    "sealing_key_of", "signing_key",
]  # fmt: skip


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


@lru_cache(maxsize=1024)
def _parsed(encoded: bytes) -> Directory:
    return parse_directory(encoded)


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


@lru_cache(maxsize=256)
def _signing_keys(encoded: bytes) -> dict[bytes, tuple[Certified, PublicSigningKey]]:
    keys = {}
    for certified in _parsed(encoded).keys:
        if certified.use == Use.NODE_SIGNS:
            key = PublicSigningKey(certified.public)
            keys[key.identifier] = (certified, key)
    return keys


def node_keys(directory: Directory, time_ms: int) -> dict[bytes, PublicSigningKey]:
    """The node signing keys that are believed at ``time_ms``, by identifier.

    One that begins later by our clock is among them: the identity key certified it, and clocks differ.
    """
    certified = _signing_keys(directory.encoded)
    return {identifier: key for identifier, (one, key) in certified.items() if one.doubt_at(time_ms) in {"", "early"}}


def signing_key(directory: Directory, identifier: bytes, *, signed_ms: int, now_ms: int) -> PublicSigningKey:
    """The node key with which something was signed that arrives at ``now_ms`` and says that it was signed at
    ``signed_ms``.

    A key that ended in good order is believed for what was signed before its end: a courier's file may be a year old.
    A revoked one is believed for nothing that arrives from then on, for a thief writes any time he likes. Raises
    NotProven.
    """
    found = _signing_keys(directory.encoded).get(identifier)
    if found is None:
        older = any(identifier in _signing_keys(document.encoded) for document in documents_of(directory.agency))
        raise NotProven("exchange.key-not-believed" if older else "exchange.unknown-key", agency=directory.agency)
    certified, key = found
    revoked = certified.revoked_ms and max(signed_ms, now_ms) >= certified.revoked_ms
    if revoked or (certified.until_ms and signed_ms >= certified.until_ms):
        raise NotProven("exchange.key-not-believed", agency=directory.agency)
    return key


def sealing_key_of(post: str, time_ms: int) -> tuple[Certified, PublicSealingKey]:
    """The key to which something for ``post`` is sealed now. Raises NotFound."""
    return _sealing_key(current_directory(agency_of(post)).encoded, post, time_ms // 60_000)


@lru_cache(maxsize=4096)
def _sealing_key(encoded: bytes, post: str, minute: int) -> tuple[Certified, PublicSealingKey]:
    directory = _parsed(encoded)
    found = directory.current(Use.POST_OPENS, post, minute * 60_000)
    if not found:  # a key that begins later by our clock: clocks differ, and its owner has it since it certified it
        found = tuple(
            key
            for key in directory.keys
            if (key.use, key.owner, key.doubt_at(minute * 60_000)) == (Use.POST_OPENS, post, "early")
        )
    if not found:
        raise NotFound("directory.unknown-post", post=post)
    return found[0], PublicSealingKey(found[0].public)
