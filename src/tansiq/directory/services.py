"""Writing the directory: meet a partner, confirm its words, take its later documents, publish our own.

Invariant: one transaction each; a document that does not follow from the pinned identity changes nothing.
"""

from __future__ import annotations

from django.db import connection, transaction

from tansiq.directory.queries import current_directory, own_directory
from tansiq.errors import Conflict, NotFound, NotProven
from tansiq.journal.services import open_journal
from tansiq.protocol.directory import Directory, fingerprint, parse_directory, verify_successor
from tansiq.protocol.words import same_fingerprint

__all__ = ["confirm_partner", "publish_own", "take_directory"]


def _store(directory: Directory, *, is_self: bool, now_ms: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO directory_document (agency, number, encoded, taken_ms) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            (directory.agency, directory.number, directory.encoded, now_ms),
        )
        cursor.execute(
            "INSERT INTO directory_partner (agency, identity, is_self, confirmed_ms, confirmed_by, current, since_ms) "
            "VALUES (%s, %s, %s, 0, '', %s, %s) ON CONFLICT (agency) DO UPDATE SET current = excluded.current "
            "WHERE directory_partner.identity = excluded.identity AND excluded.current >= directory_partner.current",
            (directory.agency, directory.identity, is_self, directory.number, now_ms),
        )


def take_directory(encoded: bytes, *, now_ms: int) -> Directory:
    """Takes a partner's document: pins its identity at the first meeting, follows it afterwards.

    The same or an older document again changes nothing and returns the current one. Raises NotProven or BadInput
    (see `protocol.directory`) and Conflict for our own agency's document.
    """
    directory = parse_directory(encoded)
    with transaction.atomic():
        if directory.agency == own_directory().agency:
            raise Conflict("directory.own-agency", agency=directory.agency)
        try:
            known = current_directory(directory.agency)
        except NotFound:
            _store(directory, is_self=False, now_ms=now_ms)
            open_journal(directory.agency)
            return directory
        if directory.identity == known.identity and directory.number <= known.number:
            return known
        verify_successor(known, directory)
        _store(directory, is_self=False, now_ms=now_ms)
    return directory


def confirm_partner(agency: str, *, words: list[str], language: str, officer: str, now_ms: int) -> None:
    """Records that the partner's words were compared aloud. Raises NotProven when they are not its words."""
    with transaction.atomic():
        if not same_fingerprint(words, language, fingerprint(current_directory(agency).identity)):
            raise NotProven("directory.other-words", agency=agency)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE directory_partner SET confirmed_ms = %s, confirmed_by = %s WHERE agency = %s",
                (now_ms, officer, agency),
            )


def publish_own(directory: Directory, *, now_ms: int) -> None:
    """Makes ``directory`` (signed by our identity) our current document. Raises NotProven when it does not follow."""
    with transaction.atomic():
        try:
            verify_successor(own_directory(), directory)
        except NotFound as error:
            if error.code != "directory.unknown-agency":
                raise
        _store(directory, is_self=True, now_ms=now_ms)
