"""Chunks to and fro: what to say to a peer now, and what to do with what it said.

Invariant: a peer is given only chunks of files in statements that went to it or came from it, and is told nothing of
any other; what is taken was asked for of this peer and is what its hash says. A desk on the way whose body is closed
fetches for the next one what that one asks for, from where the statement came. Everything is limited in number and size
before it costs anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from tansiq.errors import NotFound, NotProven
from tansiq.exchange.context import Context
from tansiq.exchange.files import COMING, NOT_TO_BE_HAD, WHOLE
from tansiq.exchange.files_store import FileId, chunk_of, keep_refs, put_chunk
from tansiq.exchange.files_wire import GIVE_BYTES, FilesMessage, Want
from tansiq.faults import reach

__all__ = ["Took", "files_message", "open_with", "take_files", "talk_of_files"]

NONE, LATER, GONE = "exchange.chunk-none", "exchange.chunk-later", "exchange.chunk-gone"
_WANTED = 8
"""Chunks asked for at once: a few more than one answer gives."""
_MOST_PASSING = 1024
"""Chunks that a desk with a closed body fetches for the next one, of one statement."""
_PASSING, _REFUSED = -1, -2
_FIRST_WAIT_MS, _LONGEST_WAIT_MS = 1_000, 300_000
_TOLD = 64
_OPEN = (
    "SELECT g.thing, g.place, f.hash FROM exchange_file_coming g "
    "JOIN exchange_file_chunk f ON f.thing = g.thing AND f.place = g.place "
    "LEFT JOIN exchange_chunk c ON c.hash = f.hash WHERE g.peer = %s AND g.state = 0 AND g.retry_ms <= %s "
    "AND c.hash IS NULL ORDER BY g.since_ms, g.thing, g.place, f.number LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Took:
    """What came of a message: chunks stored, files that are whole now."""

    chunks: int
    files: int


def open_with(now_ms: int) -> list[tuple[str, bool]]:
    """Peers with whom there is something to say of files, and whether it is about what comes (else, what goes)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT peer, MIN(comes) FROM ("
            "SELECT peer, 0 AS comes FROM exchange_file_coming WHERE state = 0 AND retry_ms <= %s UNION ALL "
            "SELECT peer, 0 FROM exchange_file_coming WHERE state > 0 AND told = %s AND place >= 0 UNION ALL "
            "SELECT g.peer, 1 FROM exchange_file_going g WHERE g.done_ms IS NULL AND EXISTS "
            "(SELECT 1 FROM exchange_sent s WHERE s.statement = g.thing AND s.peer = g.peer)) AS talk GROUP BY peer",
            (now_ms, False),
        )
        return [(peer, comes == 0) for peer, comes in cursor.fetchall()]


def _wants(peer: str, now_ms: int) -> tuple[Want, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, (peer, now_ms, _WANTED))
        rows = [(bytes(thing), bytes(digest)) for thing, _, digest in cursor.fetchall()]
    by_thing: dict[bytes, list[bytes]] = {}
    for thing, digest in dict.fromkeys(rows):
        by_thing.setdefault(thing, []).append(digest)
    return tuple(Want(thing, tuple(hashes)) for thing, hashes in by_thing.items())


def _done(peer: str) -> tuple[tuple[bytes, int, str], ...]:
    """Files that came from ``peer`` and of which it has not been told how they ended."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT thing, place, code FROM exchange_file_coming WHERE peer = %s AND state > 0 AND told = %s "
            "AND place >= 0 LIMIT %s",
            (peer, False, _TOLD),
        )
        return tuple((bytes(thing), place, code) for thing, place, code in cursor.fetchall())


def files_message(
    peer: str,
    *,
    context: Context,
    gives: Sequence[bytes] = (),
    lacks: Sequence[tuple[bytes, str]] = (),
    heard: Sequence[tuple[bytes, int]] = (),
) -> FilesMessage:
    """What to say to ``peer`` now, beside what it is given and was heard of it: what is wanted of it, what is done."""
    return FilesMessage(
        sender=context.agency,
        receiver=peer,
        wants=_wants(peer, context.clock()),
        gives=tuple(gives),
        lacks=tuple(lacks),
        done=_done(peer),
        heard=tuple(heard),
    )


# ---------------------------------------------------------------------------------------------------- giving


def _exchanged(peer: str, thing: bytes) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM exchange_sent WHERE statement = %s AND peer = %s) "
            "OR EXISTS (SELECT 1 FROM exchange_received WHERE statement = %s AND peer = %s)",
            (thing, peer, thing, peer),
        )
        return bool(cursor.fetchone()[0])


def _closed_here(thing: bytes, peer: str, context: Context) -> str:
    """From whom a statement came that only passes here, its body closed, on its way to ``peer``; '' if it is not so."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.peer FROM exchange_received r JOIN exchange_sent s ON s.statement = r.statement AND s.peer = %s "
            "WHERE r.statement = %s AND r.peer <> %s ORDER BY r.at_ms, r.peer LIMIT 1",
            (peer, thing, peer),
        )
        row = cursor.fetchone()
    if row is None:
        return ""
    try:
        closed = len(context.keys.contents(thing)) == 1
    except NotFound:
        closed = False
    return str(row[0]) if closed else ""


def _places(thing: bytes, digest: bytes) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT place FROM exchange_file_chunk WHERE hash = %s AND thing = %s", (digest, thing))
        return [row[0] for row in cursor.fetchall()]


def _fetch_for(thing: bytes, digest: bytes, upstream: str, now_ms: int) -> str:
    """Begins to fetch a chunk that passes; the code of what its asker is told meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(MAX(number), -1) FROM exchange_file_chunk WHERE thing = %s AND place < 0", (thing,)
        )
        number = cursor.fetchone()[0] + 1
        if number >= _MOST_PASSING:
            return NONE
        keep_refs((thing, _PASSING), [digest], first=number)
        cursor.execute(
            "INSERT INTO exchange_file_coming "
            "(thing, place, peer, total, state, code, tries, retry_ms, since_ms, done_ms, told) "
            "VALUES (%s, %s, %s, 0, 0, '', 0, 0, %s, NULL, %s) ON CONFLICT (thing, place) DO UPDATE SET state = 0, retry_ms = 0",
            (thing, _PASSING, upstream, now_ms, False),
        )
    return LATER


def _lacking(peer: str, thing: bytes, digest: bytes, context: Context) -> str:
    """What a peer is told of a chunk that it may ask for but that is not here."""
    places = _places(thing, digest)
    if _REFUSED in places:
        return GONE
    if not places:
        upstream = _closed_here(thing, peer, context)
        return _fetch_for(thing, digest, upstream, context.clock()) if upstream else NONE
    with connection.cursor() as cursor:
        marks = ", ".join(["%s"] * len(places))
        cursor.execute(
            f"SELECT 1 FROM exchange_file_coming WHERE thing = %s AND state = 0 AND place IN ({marks})",
            [thing, *places],
        )
        return LATER if cursor.fetchone() is not None else GONE


def _give(
    peer: str, wants: Sequence[Want], context: Context
) -> tuple[list[bytes], list[tuple[bytes, str]], list[FileId]]:
    """Chunks for ``peer`` up to a message's measure, what can't be given, and of which files the chunks are."""
    gives: list[bytes] = []
    lacks: list[tuple[bytes, str]] = []
    of: list[FileId] = []
    size = 0
    for want in wants:
        allowed = _exchanged(peer, want.thing)
        for digest in want.hashes:
            if not allowed:
                lacks.append((digest, NONE))
                continue
            places = [place for place in _places(want.thing, digest) if place != _REFUSED]
            if size >= GIVE_BYTES and places:
                continue  # it is asked for again
            try:
                chunk = chunk_of(digest) if places else None
            except NotFound:
                chunk = None
            if chunk is None:
                lacks.append((digest, _lacking(peer, want.thing, digest, context)))
            elif not gives or size + len(chunk) <= GIVE_BYTES:
                gives.append(chunk)
                size += len(chunk)
                of += [(want.thing, place) for place in places]
            else:
                size = GIVE_BYTES
    return gives, lacks, of


def _count_given(peer: str, of: Sequence[FileId]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE exchange_file_going SET given = given + 1 WHERE peer = %s AND thing = %s AND place = %s AND given < total",
            [(peer, *file) for file in of],
        )


# ---------------------------------------------------------------------------------------------------- taking


def _wanted_of(peer: str, hashes: Sequence[bytes]) -> set[bytes]:
    """Those of ``hashes`` that are still to come from ``peer``."""
    if not hashes:
        return set()
    marks = ", ".join(["%s"] * len(hashes))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.hash FROM exchange_file_chunk f JOIN exchange_file_coming g ON g.thing = f.thing AND g.place = f.place "
            f"WHERE g.peer = %s AND g.state = 0 AND f.hash IN ({marks})",
            [peer, *hashes],
        )
        return {bytes(row[0]) for row in cursor.fetchall()}


def _finish(peer: str, now_ms: int) -> int:
    """Marks files of ``peer`` of which no chunk is missing any longer; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_file_coming SET state = %s, done_ms = %s WHERE peer = %s AND state = %s AND NOT EXISTS ("
            "SELECT 1 FROM exchange_file_chunk f LEFT JOIN exchange_chunk c ON c.hash = f.hash "
            "WHERE f.thing = exchange_file_coming.thing AND f.place = exchange_file_coming.place AND c.hash IS NULL)",
            (WHOLE, now_ms, peer, COMING),
        )
        return int(cursor.rowcount)


def _take_lack(peer: str, digest: bytes, code: str, now_ms: int) -> None:
    """A chunk that the peer does not give: later, or never."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT g.thing, g.place, g.tries, f.number FROM exchange_file_chunk f JOIN exchange_file_coming g "
            "ON g.thing = f.thing AND g.place = f.place WHERE f.hash = %s AND g.peer = %s AND g.state = %s",
            (digest, peer, COMING),
        )
        for thing, place, tries, number in cursor.fetchall():
            if code == LATER:
                wait_ms = min(_LONGEST_WAIT_MS, _FIRST_WAIT_MS << min(tries, 10))
                cursor.execute(
                    "UPDATE exchange_file_coming SET tries = tries + 1, retry_ms = %s WHERE thing = %s AND place = %s",
                    (now_ms + wait_ms, thing, place),
                )
            elif place == _PASSING:
                cursor.execute(
                    "UPDATE exchange_file_chunk SET place = %s WHERE thing = %s AND place = %s AND number = %s",
                    (_REFUSED, thing, place, number),
                )
            else:
                cursor.execute(
                    "UPDATE exchange_file_coming SET state = %s, code = %s, done_ms = %s WHERE thing = %s AND place = %s",
                    (NOT_TO_BE_HAD, GONE, now_ms, thing, place),
                )


def take_files(message: FilesMessage, *, peer: str, context: Context) -> Took:
    """Keeps what ``peer`` gives of what was asked of it, and notes what it lacks and what it has whole, in one commit.

    Raises NotProven when the message is another's, or gives what was never asked for.
    """
    if (message.sender, message.receiver) != (peer, context.agency):
        raise NotProven("exchange.not-for-us")
    now_ms = context.clock()
    digests = [hashlib.sha256(chunk).digest() for chunk in message.gives]
    with transaction.atomic():
        wanted = _wanted_of(peer, digests)
        if digests and not wanted and not _known(digests):
            raise NotProven("exchange.chunk-not-asked-for", peer=peer)
        for digest, chunk in zip(digests, message.gives, strict=True):
            if digest in wanted:
                put_chunk(chunk, now_ms=now_ms)
        for digest, code in message.lacks:
            _take_lack(peer, digest, code, now_ms)
        finished = _finish(peer, now_ms)
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE exchange_file_going SET done_ms = %s, code = %s WHERE peer = %s AND thing = %s AND place = %s "
                "AND done_ms IS NULL",
                [(now_ms, code, peer, thing, place) for thing, place, code in message.done],
            )
            cursor.executemany(
                "UPDATE exchange_file_coming SET told = %s WHERE thing = %s AND place = %s AND peer = %s AND state > 0",
                [(True, thing, place, peer) for thing, place in message.heard],
            )
        reach("files.take.before-commit")
    reach("files.take.after-commit")
    return Took(len(wanted), finished)


def _known(digests: Sequence[bytes]) -> bool:
    """Whether they are here already: an answer that came twice is no offence."""
    marks = ", ".join(["%s"] * len(digests))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM exchange_chunk WHERE hash IN ({marks})", list(digests))
        return cursor.fetchone() is not None


def talk_of_files(message: FilesMessage, *, peer: str, context: Context) -> FilesMessage:
    """What a node does with a peer's message, request or answer: takes it, and makes what to say next.

    Raises as `take_files`.
    """
    take_files(message, peer=peer, context=context)
    with transaction.atomic():
        gives, lacks, of = _give(peer, message.wants, context)
        _count_given(peer, of)
    reach("files.given")
    heard = [(thing, place) for thing, place, _ in message.done]
    return files_message(peer, context=context, gives=gives, lacks=lacks, heard=heard)
