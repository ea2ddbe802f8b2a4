"""Files are read: chunk by chunk, any range of them, with flat memory, after the one decision that every exit asks.

Invariant: every chunk is the one that the manifest names, and whoever reads is logged. What came from elsewhere is
looked at once, whole, before the first byte of it is shown: a file that is not what its sender said it is, is refused.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import connection

from tansiq.cases.exits import Weighed, take_out, visible
from tansiq.cases.media import MEDIA, look
from tansiq.cases.queries import ItemRow, own_part, rows_by_id
from tansiq.cases.sql import chunks, marks
from tansiq.errors import BadInput, Conflict, Error, NotFound, NotProven, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.files import Progress, given_of, progress_of
from tansiq.exchange.files_store import FileId, chunk_of
from tansiq.policy.handling import Reader, Use
from tansiq.protocol.manifest import PART_KIND, Manifest, parse_manifest, reveal_chunk

__all__ = ["FileReader", "FileRow", "OpenFile", "file_rows", "files_of", "open_file", "own_drafts", "read_file"]

UNCHECKED, GOOD, BAD = range(3)
_CHUNK: Final = 1 << 16


class FileReader(io.RawIOBase):
    """The plain bytes of a file, in order, as a stream that can be placed; one chunk of it is in memory."""

    def __init__(self, manifest: Manifest, *, hashing: bool = False) -> None:
        self._manifest = manifest
        self._at = 0
        self._index = -1
        self._plain = b""
        self._hash = hashlib.sha256() if hashing else None

    @property
    def digest(self) -> bytes:
        """The SHA-256 of what was read."""
        return self._hash.digest() if self._hash is not None else b""

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes, unless it is hashed as it is read."""
        return self._hash is None

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Places the reader; see `io`."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._manifest.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fills ``buffer`` up to the end of the chunk. Raises NotFound (a chunk is not here), NotProven."""
        if self._at >= self._manifest.size:
            return 0
        index, within = divmod(self._at, self._manifest.chunk_size)
        if index != self._index:
            ciphertext = chunk_of(self._manifest.chunks[index])
            self._plain, self._index = reveal_chunk(self._manifest, ciphertext, index=index), index
        piece = self._plain[within : within + len(buffer)]
        buffer[: len(piece)] = piece
        if self._hash is not None:
            self._hash.update(piece)
        self._at += len(piece)
        return len(piece)


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file without its content: its item, the item that it belongs to (None: none), what it is, how far it has come,
    and how far it has gone to each partner.
    """

    item: ItemRow
    parent: bytes | None
    file: FileId
    media: str
    size: int
    width: int
    height: int
    tells: tuple[str, ...]
    checked: int
    draft: bool
    officer: str
    progress: Progress
    given: dict[str, Progress] = field(default_factory=dict)

    @property
    def media_text(self) -> str:
        """The key of the text that names its kind."""
        return f"cases.media.{self.media.replace('/', '-')}" if self.media in MEDIA else "cases.media.other"

    @property
    def tells_texts(self) -> tuple[str, ...]:
        """The keys of the texts that name what it tells."""
        return tuple(f"cases.tells.{one}" for one in self.tells)


_COLUMNS = "item, parent, thing, place, media, size, width, height, tells, checked, draft, officer"


def file_rows(items: Sequence[bytes]) -> list[FileRow]:
    """The files among ``items``, in their order; erased ones are left out."""
    found: dict[bytes, tuple[object, ...]] = {}
    for some in chunks(items):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {_COLUMNS} FROM cases_file WHERE item IN ({marks(some)})", some)
            found.update((bytes(row[0]), row) for row in cursor.fetchall())
    rows = [row for row in rows_by_id([item for item in items if item in found]) if not row.erased]
    ids: dict[bytes, FileId] = {row.id: (bytes(found[row.id][2]), int(str(found[row.id][3]))) for row in rows}  # type: ignore[call-overload]
    progress = progress_of(list(ids.values()))
    return [
        _file_row(row, found[row.id], progress.get(ids[row.id], Progress(0, 0)), given_of(ids[row.id])) for row in rows
    ]


def _file_row(row: ItemRow, values: tuple[object, ...], progress: Progress, given: dict[str, Progress]) -> FileRow:
    _, parent, thing, place, media, size, width, height, tells, checked, draft, officer = values
    return FileRow(
        item=row,
        parent=None if parent is None else bytes(parent),  # type: ignore[call-overload]
        file=(bytes(thing), int(str(place))),  # type: ignore[call-overload]
        media=str(media),
        size=int(str(size)),
        width=int(str(width)),
        height=int(str(height)),
        tells=tuple(str(tells).split()),
        checked=int(str(checked)),
        draft=bool(draft),
        officer=str(officer),
        progress=progress,
        given=given,
    )


def files_of(rows: Sequence[ItemRow], reader: Reader, *, context: Context) -> list[FileRow]:
    """The files among ``rows`` that the reader may know of, in their order."""
    seen = visible([row for row in rows if row.kind == PART_KIND], reader, context=context)
    return file_rows([row.id for row in seen])


def own_drafts(officer: str, *, context: Context, limit: int = 50) -> list[tuple[FileRow, str]]:
    """The files that an officer took in and that were neither sent nor put into a case, the latest first, with their names."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT item FROM cases_file WHERE officer = %s AND draft = %s ORDER BY item DESC LIMIT %s",
            (officer, True, limit),
        )
        rows = file_rows([bytes(row[0]) for row in cursor.fetchall()])
    found = []
    for row in rows:
        try:
            found.append((row, parse_manifest(own_part(row.item.id, context.keys)).name))
        except Error:  # erased meanwhile
            continue
    return found


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that somebody may read now. ``media`` is what its bytes were seen to be."""

    item: ItemRow
    media: str
    manifest: Manifest = field(repr=False)

    @property
    def size(self) -> int:
        """In bytes."""
        return self.manifest.size

    @property
    def name(self) -> str:
        """Its sender's word, '' when it has none."""
        return self.manifest.name

    def pieces(self, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """The bytes from ``first`` to ``last``, both included (None: to the end), in pieces."""
        reader = FileReader(self.manifest)
        reader.seek(first)
        left = (self.size if last is None else min(last + 1, self.size)) - first
        while left > 0 and (piece := reader.read(min(left, _CHUNK))):
            left -= len(piece)
            yield piece


def _check(row: FileRow, manifest: Manifest) -> None:
    """Looks at what came from elsewhere, once. Raises Refused ('cases.file-not-accepted')."""
    if row.checked == GOOD:
        return
    reader = FileReader(manifest, hashing=True)
    good, seen = False, None
    if row.checked == UNCHECKED and manifest.media_type in MEDIA:
        try:
            seen = look(reader, manifest.media_type)
            while reader.read(_CHUNK):
                continue
            good = reader.digest == manifest.digest
        except (BadInput, Refused):
            good = False
        except Error as error:
            if isinstance(error, NotFound):
                raise
            good = False
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cases_file SET checked = %s, width = %s, height = %s, tells = %s WHERE item = %s",
            (
                GOOD if good else BAD,
                seen.width if seen is not None else 0,
                seen.height if seen is not None else 0,
                " ".join(seen.tells) if seen is not None else "",
                row.item.id,
            ),
        )
    if not good:
        raise Refused("cases.file-not-accepted", reason="type")


def _manifest(weighed: Weighed) -> Manifest:
    if weighed.part is None or weighed.part.kind != PART_KIND:
        raise NotFound("cases.unknown-item", item=weighed.row.id.hex())
    return parse_manifest(weighed.part)


def open_file(
    item: bytes,
    reader: Reader,
    *,
    context: Context,
    use: Use = Use.VIEW,
    justification: str = "",
    target: str = "",
) -> OpenFile:
    """The file of an item, for this use, logged.

    Raises NotFound (no such file, or not for this reader; erased), Refused ('policy.use', 'cases.file-not-accepted'),
    Conflict ('cases.file-not-whole': parts of it are still to come, or will not come).
    """
    [weighed] = take_out([item], use, reader, context=context, justification=justification, target=target)
    manifest = _manifest(weighed)
    rows = file_rows([item])
    if not rows:
        raise NotFound("cases.unknown-item", item=item.hex())
    progress = rows[0].progress
    if not progress.whole:
        raise Conflict("cases.file-not-whole", here=progress.here, total=progress.total)
    if rows[0].size != manifest.size:
        raise NotProven("protocol.other-chunk", index=0)
    _check(rows[0], manifest)
    return OpenFile(weighed.row, manifest.media_type, manifest)


def read_file(opened: OpenFile) -> bytes:
    """All of a small file. Raises as `OpenFile.pieces`."""
    return b"".join(opened.pieces())
