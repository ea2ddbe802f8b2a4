"""Files in statements: what is said of one makes its chunks go, or come, without any capability's doing.

Invariant: a part of kind ``file`` that is sent lets the peers to whom its statement goes ask for exactly its chunks;
one that arrives lets its chunks be asked for where the statement came from. The statement itself waits for none of
them: what it says is read, answered and receipted at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.files_store import FileId, here, keep_refs
from tansiq.exchange.files_wire import MAX_CHUNK_BYTES
from tansiq.exchange.kinds import Arrived
from tansiq.protocol.manifest import PART_KIND, Manifest, parse_manifest
from tansiq.protocol.parts import Part

__all__ = [
    "COMING", "NOT_TO_BE_HAD", "WHOLE", "Progress", "file_parts", "given_of", "note_arrived", "note_own_again", "note_sent", "progress_of",
]  # fmt: skip

COMING, WHOLE, NOT_TO_BE_HAD = range(3)
"""How it stands with a file that comes."""
_OVERHEAD = 64
"""What encryption adds to a padded chunk, at most."""


def file_parts(parts: Sequence[Part]) -> list[tuple[int, Manifest]]:
    """The files among ``parts``, with their places. Raises BadInput."""
    return [(place, parse_manifest(part)) for place, part in enumerate(parts) if part.kind == PART_KIND]


def _arrived_files(one: Arrived) -> list[tuple[int, Manifest]]:
    places = [place for place, ciphertext in enumerate(one.ciphertexts) if ciphertext is not None]
    parts = zip(places, one.parts, strict=False)
    return [(place, parse_manifest(part)) for place, part in parts if part.kind == PART_KIND]


def note_sent(statement: bytes, parts: Sequence[Part], peers: Sequence[str], *, now_ms: int) -> None:
    """Lets ``peers`` ask for the chunks of the files among ``parts``, in the transaction of whoever says them.

    Raises NotFound ('exchange.chunk-not-here') for a file that is not whole here, BadInput.
    """
    for place, manifest in file_parts(parts):
        if len(here(manifest.chunks, hold=True)) < len(set(manifest.chunks)):
            raise NotFound("exchange.chunk-not-here")
        keep_refs((statement, place), manifest.chunks)
        _going(peers, (statement, place), len(manifest.chunks), now_ms=now_ms)


def _going(peers: Sequence[str], file: FileId, total: int, *, now_ms: int, done_ms: int | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO exchange_file_going (peer, thing, place, total, given, code, since_ms, done_ms) "
            "VALUES (%s, %s, %s, %s, 0, '', %s, %s) ON CONFLICT DO NOTHING",
            [(peer, *file, total, now_ms, done_ms) for peer in peers],
        )


def _fault(manifest: Manifest, context: Context) -> str:
    """Why this node will not fetch a file; '' when it will."""
    if manifest.size > context.largest_file:
        return "exchange.file-too-large"
    # Padding adds an eighth at most.
    if min(manifest.chunk_size, manifest.size) * 9 // 8 + _OVERHEAD > MAX_CHUNK_BYTES:
        return "exchange.chunk-too-large"
    return ""


def note_arrived(arrived: Sequence[Arrived], *, context: Context) -> int:
    """Begins to fetch the files of statements that were handled, in the dispatch's transaction; returns how many.

    Raises BadInput for a manifest that is none: its statement is quarantined.
    """
    count = 0
    for one in arrived:
        if one.body_open and not one.docket.kind.startswith("service."):
            for place, manifest in _arrived_files(one):
                _come((one.statement.id, place), manifest, one.peer, context=context)
                count += 1
    return count


def _come(file: FileId, manifest: Manifest, peer: str, *, context: Context) -> None:
    now_ms = context.clock()
    fault = _fault(manifest, context)
    missing = 0 if fault else len(set(manifest.chunks)) - len(here(manifest.chunks, hold=True))
    state = NOT_TO_BE_HAD if fault else COMING if missing else WHOLE
    if not fault:
        keep_refs(file, manifest.chunks)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO exchange_file_coming "
            "(thing, place, peer, total, state, code, tries, retry_ms, since_ms, done_ms, told) "
            "VALUES (%s, %s, %s, %s, %s, %s, 0, 0, %s, %s, %s) ON CONFLICT DO NOTHING",
            (*file, peer, len(manifest.chunks), state, fault, now_ms, None if state == COMING else now_ms, False),
        )


def note_own_again(own: Arrived, *, context: Context) -> None:
    """After a restore: the files of an own statement that came back; what the backup lacks of them is asked of a peer
    that has them.
    """
    for place, manifest in _arrived_files(own):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT peer FROM exchange_sent WHERE statement = %s ORDER BY peer", (own.statement.id,)
            )
            peers = [row[0] for row in cursor.fetchall()]
        file = (own.statement.id, place)
        _going(peers, file, len(manifest.chunks), now_ms=context.clock())
        if len(here(manifest.chunks)) < len(set(manifest.chunks)) and peers:
            _come(file, manifest, peers[0], context=context)
        else:
            keep_refs(file, manifest.chunks)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file has come: parts ``here`` of ``total``; ``code`` says why it will not come ('' when it may)."""

    here: int
    total: int
    code: str = ""

    @property
    def whole(self) -> bool:
        """Whether all of it is here."""
        return self.here == self.total and not self.code


def progress_of(files: Sequence[FileId]) -> dict[FileId, Progress]:
    """How far each of ``files`` has come to this node; one that this node knows nothing of is not named."""
    found: dict[FileId, Progress] = {}
    with connection.cursor() as cursor:
        for file in files:
            cursor.execute(
                "SELECT COUNT(f.number), COUNT(c.hash), (SELECT code FROM exchange_file_coming g WHERE g.thing = %s "
                "AND g.place = %s AND g.state = %s), (SELECT total FROM exchange_file_coming g WHERE g.thing = %s "
                "AND g.place = %s) FROM exchange_file_chunk f LEFT JOIN exchange_chunk c ON c.hash = f.hash "
                "WHERE f.thing = %s AND f.place = %s",
                (*file, NOT_TO_BE_HAD, *file, *file),
            )
            named, present, code, total = cursor.fetchone()
            if named or total is not None:
                found[file] = Progress(present, named or total, code or "")
    return found


def given_of(file: FileId) -> dict[str, Progress]:
    """How far a file of ours has gone, by peer: parts given; ``code`` why a peer will not fetch it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT peer, given, total, code, done_ms FROM exchange_file_going WHERE thing = %s AND place = %s ORDER BY peer",
            file,
        )
        return {
            peer: Progress(total if done_ms is not None and not code else min(given, total), total, code)
            for peer, given, total, code, done_ms in cursor.fetchall()
        }
