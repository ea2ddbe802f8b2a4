"""The chunks of files as they lie here: ciphertexts by their hash, and which file is made of which.

Invariant: a chunk is stored under the SHA-256 of what it is, once, however many files are made of it, and is dropped
when none is any longer. It opens nothing: a file's key is in the key store, and erased there the file is gone in every
copy and backup. Chunks lie in the main database, so that what commits together is durable, backed up, restored and
checked together (docs/adr/0014-files.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.db import connection, transaction

from tansiq.errors import NotFound

__all__ = [
    "FileId", "chunk_hashes", "chunk_of", "drop_files", "drop_passed", "here", "keep_refs", "put_chunk",
    "sweep_chunks",
]  # fmt: skip

FileId = tuple[bytes, int]
"""A file: the thing that holds it (a statement, an own item), and its place there."""
_CHUNK = 500
_KEEP = (
    "INSERT INTO exchange_chunk (hash, size, data, stored_ms) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT (hash) DO UPDATE SET size = excluded.size"
)
"""The update holds the row against somebody who is about to drop it."""
_REF = "INSERT INTO exchange_file_chunk (thing, place, number, hash) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"


def put_chunk(ciphertext: bytes, *, now_ms: int) -> bytes:
    """Stores one chunk in the caller's transaction; returns its hash."""
    digest = hashlib.sha256(ciphertext).digest()
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, (digest, len(ciphertext), ciphertext, now_ms))
    return digest


def keep_refs(file: FileId, hashes: Sequence[bytes], *, first: int = 0) -> None:
    """Says of which chunks ``file`` is made, in the caller's transaction; what was said before stays."""
    with connection.cursor() as cursor:
        cursor.executemany(_REF, [(*file, number, digest) for number, digest in enumerate(hashes, first)])


def chunk_hashes(file: FileId, *, first: int = 0, count: int = 1 << 30) -> list[bytes]:
    """The hashes of the chunks of ``file``, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT hash FROM exchange_file_chunk WHERE thing = %s AND place = %s AND number >= %s AND number < %s "
            "ORDER BY number",
            (*file, first, min(first + count, (1 << 31) - 1)),
        )
        return [bytes(row[0]) for row in cursor.fetchall()]


def chunk_of(digest: bytes) -> bytes:
    """The ciphertext of a chunk. Raises NotFound when it is not here (yet)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM exchange_chunk WHERE hash = %s", (digest,))
        row = cursor.fetchone()
    if row is None:
        raise NotFound("exchange.chunk-not-here")
    return bytes(row[0])


def here(hashes: Sequence[bytes], *, hold: bool = False) -> set[bytes]:
    """Those of ``hashes`` whose chunks are here; ``hold`` keeps them until the caller's transaction ends."""
    lock = " FOR UPDATE" if hold and connection.vendor == "postgresql" else ""
    found: set[bytes] = set()
    with connection.cursor() as cursor:
        for at in range(0, len(hashes), _CHUNK):
            some = list(hashes[at : at + _CHUNK])
            marks = ", ".join(["%s"] * len(some))
            cursor.execute(f"SELECT hash FROM exchange_chunk WHERE hash IN ({marks}){lock}", some)
            found.update(bytes(row[0]) for row in cursor.fetchall())
    return found


def drop_files(files: Sequence[FileId]) -> int:
    """Forgets of what ``files`` are made, and drops the chunks that no file is made of any longer; returns how many.

    In the caller's transaction. What was still to be fetched of them is fetched no more, and its sender is told so.
    """
    dropped = 0
    with connection.cursor() as cursor:
        for file in files:
            hashes = chunk_hashes(file)
            cursor.execute(
                "UPDATE exchange_file_coming SET state = 2, code = %s WHERE thing = %s AND place = %s AND state = 0",
                ("exchange.chunk-gone", *file),
            )
            cursor.execute("DELETE FROM exchange_file_coming WHERE thing = %s AND place = %s AND state <> 2", file)
            for table in ("exchange_file_chunk", "exchange_file_going"):
                cursor.execute(f"DELETE FROM {table} WHERE thing = %s AND place = %s", file)
            for at in range(0, len(hashes), _CHUNK):
                some = hashes[at : at + _CHUNK]
                marks = ", ".join(["%s"] * len(some))
                cursor.execute(
                    f"DELETE FROM exchange_chunk WHERE hash IN ({marks}) AND NOT EXISTS "
                    "(SELECT 1 FROM exchange_file_chunk f WHERE f.hash = exchange_chunk.hash)",
                    some,
                )
                dropped += cursor.rowcount
    return dropped


def drop_passed(*, before_ms: int, limit: int = 100) -> int:
    """Drops what was fetched before ``before_ms`` of files that only passed here; returns of how many statements."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT thing FROM exchange_file_coming WHERE place = -1 AND since_ms < %s LIMIT %s", (before_ms, limit)
        )
        things = [bytes(row[0]) for row in cursor.fetchall()]
        drop_files([(thing, place) for thing in things for place in (-1, -2)])
        cursor.executemany(
            "DELETE FROM exchange_file_coming WHERE thing = %s AND place = -1", [(thing,) for thing in things]
        )
    return len(things)


def sweep_chunks(*, before_ms: int, limit: int = 1000) -> int:
    """Drops up to ``limit`` chunks stored before ``before_ms`` of which no file is made; returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM exchange_chunk WHERE hash IN (SELECT hash FROM exchange_chunk c WHERE c.stored_ms < %s "
            "AND NOT EXISTS (SELECT 1 FROM exchange_file_chunk f WHERE f.hash = c.hash) LIMIT %s)",
            (before_ms, limit),
        )
        return int(cursor.rowcount)
