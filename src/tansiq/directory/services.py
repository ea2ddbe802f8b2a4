"""Writing the directory: meet a partner, confirm its words, take its later documents, publish our own.

Invariant: one transaction each; a document that does not follow from the pinned identity changes nothing. Documents are kept for
ever, so of one agency only so many are taken in a day, and one partner vouches for so many agencies and no more.
"""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction

from tansiq.directory.queries import current_directory, own_directory
from tansiq.errors import Conflict, NotFound, NotProven, TooMuch
from tansiq.journal.services import open_journal
from tansiq.protocol.directory import Directory, fingerprint, parse_directory, verify_successor
from tansiq.protocol.words import same_fingerprint

__all__ = [
    "MOST_A_DAY",
    "MOST_INTRODUCED",
    "confirm_partner",
    "end_introduction",
    "introduce",
    "publish_own",
    "take_directory",
]


MOST_A_DAY: Final = 200
"""Documents that are taken of one agency within a day: one for every change of posts, officers and keys."""
MOST_INTRODUCED: Final = 1_000
"""Agencies that one partner may introduce: INTERPOL has 196 members, each with its bureau and some services behind it."""
_DAY_MS: Final = 86_400_000


def _require_few(agency: str, now_ms: int) -> None:
    """Raises TooMuch when as many documents of ``agency`` as are taken in a day came within the last one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT taken_ms FROM directory_document WHERE agency = %s ORDER BY number DESC LIMIT 1 OFFSET %s",
            (agency, MOST_A_DAY - 1),
        )
        row = cursor.fetchone()
    if row is not None and row[0] > now_ms - _DAY_MS:
        raise TooMuch("directory.too-many-documents", agency=agency, limit=MOST_A_DAY)


def _require_introducible(agency: str, by: str) -> None:
    """Raises TooMuch when ``agency`` is new and as many are known whose words nobody compared as ``by`` may introduce; those for whom nobody
    vouches any longer count too, for they stay.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM directory_partner WHERE agency = %s", (agency,))
        if cursor.fetchone() is not None:
            return
        cursor.execute(
            "SELECT COUNT(*) FROM directory_partner WHERE confirmed_ms = 0 AND is_self = %s AND introduced_by IN (%s, '')",
            (False, by),
        )
        if cursor.fetchone()[0] >= MOST_INTRODUCED:
            raise TooMuch("directory.too-many-introduced", agency=by, limit=MOST_INTRODUCED)


def _store(directory: Directory, *, is_self: bool, now_ms: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO directory_document (agency, number, encoded, taken_ms) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            (directory.agency, directory.number, directory.encoded, now_ms),
        )
        cursor.execute(
            "INSERT INTO directory_partner (agency, identity, is_self, confirmed_ms, confirmed_by, introduced_by, introduced_ms, "
            "current, since_ms) VALUES (%s, %s, %s, 0, '', '', 0, %s, %s) ON CONFLICT (agency) DO UPDATE SET current = excluded.current "
            "WHERE directory_partner.identity = excluded.identity AND excluded.current >= directory_partner.current",
            (directory.agency, directory.identity, is_self, directory.number, now_ms),
        )


def take_directory(encoded: bytes, *, now_ms: int, met: bool = False) -> Directory:
    """Takes a partner's document: pins its identity at the first meeting, follows it afterwards.

    ``met``: somebody holds it from the agency itself, so it takes the place of an identity that another partner only
    vouched for, and is taken however many came that day. The same or an older document again changes nothing and returns the
    current one. Raises NotProven or BadInput (see `protocol.directory`), TooMuch (more than `MOST_A_DAY`) and Conflict for our
    own agency's document.
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
        if met and directory.identity != known.identity and _forget_introduced(directory.agency):
            _store(directory, is_self=False, now_ms=now_ms)
            return directory
        verify_successor(known, directory)
        if not met:
            _require_few(directory.agency, now_ms)
        _store(directory, is_self=False, now_ms=now_ms)
    return directory


def _forget_introduced(agency: str) -> bool:
    """Forgets an agency of which nothing is known but that a partner vouched for it; whether there was one.

    Its documents go too: what came under them was brought by that partner alone, and is judged again when it is looked at.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM directory_partner WHERE agency = %s AND confirmed_ms = 0 AND introduced_by <> ''", (agency,)
        )
        if not cursor.rowcount:
            return False
        cursor.execute("DELETE FROM directory_document WHERE agency = %s", (agency,))
    return True


def introduce(encoded: bytes, *, by: str, now_ms: int) -> Directory | None:
    """Takes the document of an agency whose identity the partner ``by`` vouches for; None for our own agency's.

    Its words stay to be compared: until then it is believed in what comes by way of ``by`` alone, and nothing is sent to it
    directly. Raises NotProven when it does not follow from the identity that is pinned, or bears another's name, BadInput and TooMuch
    (more than `MOST_A_DAY`, or a new one beyond `MOST_INTRODUCED`).
    """
    directory = parse_directory(encoded)
    with transaction.atomic():
        if directory.agency == own_directory().agency:
            return None
        _require_introducible(directory.agency, by)
        known = take_directory(encoded, now_ms=now_ms)
        if known.identity != directory.identity:
            raise NotProven("protocol.other-identity", agency=directory.agency)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE directory_partner SET introduced_by = %s, introduced_ms = %s WHERE agency = %s AND introduced_by <> %s",
                (by, now_ms, directory.agency, by),
            )
    return known


def end_introduction(agency: str, *, by: str) -> None:
    """The partner ``by`` no longer vouches for ``agency``; words that were compared stay compared."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE directory_partner SET introduced_by = '', introduced_ms = 0 WHERE agency = %s AND introduced_by = %s",
            (agency, by),
        )


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
