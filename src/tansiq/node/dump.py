"""The file that a backup or a copy of the key store is: portable between SQLite and PostgreSQL, streamed, proven.

Invariant: memory stays flat with size; a file that was cut off, altered or put together by somebody else is refused before anything of it
counts. A CBOR sequence (RFC 8742), compressed (RFC 1950), behind a line that says what it is: each item is a byte
string that holds one value, so its length is judged before it is read.

    {"format", "what", "agency", "time_ms", "migrations", …}                what it is of
    ["table", [name, [[column, sort, counted], …]]]  ["rows", [[…], …]] …   each table, its rows in batches
    ["end", {table: rows}, sha256, secret, hmac]                            the proof of all before it

The HMAC (RFC 2104, SHA-256) is under the node's own secret, which only its key store holds and never gives up: so who can write
where backups are kept can't make one.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from tansiq.errors import BadInput, Conflict, Error, NotFound, NotProven, TooMuch, Unavailable
from tansiq.faults import reach
from tansiq.node.causes import cause_of, symbol
from tansiq.node.snapshot import FEW_ROWS, ROWS, Progress, Snapshot
from tansiq.node.tables import Table, from_database
from tansiq.protocol.cbor import bstr, decode, encode
from tansiq.protocol.wraps import OwnSecret

__all__ = ["FORMAT", "Reader", "Writer", "check_replaceable", "dump_tables", "open_dump", "replace_file"]

FORMAT = 1
_MAGIC = b"tansiq dump 1\n"
_MOST_ITEM = 1 << 30
_BATCH_ROWS, _BATCH_BYTES = 256, 1 << 20
_PURPOSE = hashlib.sha256(b"tansiq/1 dump").digest()
_READ = 1 << 18
_LARGE = frozenset(
    {"exchange_chunk", "exchange_copy", "exchange_statement", "exchange_quarantine", "journal_mirror_leaves"}
)
"""Tables with rows of megabytes."""


def _mac(secret: OwnSecret, digest: bytes) -> bytes:
    return hmac.digest(secret.key_for(_PURPOSE), digest, "sha256")


class Writer:
    """Writes a dump to an open file: `item` as often as there is something, then `end`."""

    def __init__(self, stream: IO[bytes], header: Mapping[str, Any]) -> None:
        self._stream = stream
        self._packer = zlib.compressobj(3)
        self._digest = hashlib.sha256()
        self._counts: dict[str, int] = {}
        stream.write(_MAGIC)
        self.item({"format": FORMAT, **header})

    def item(self, value: Any) -> None:
        """Writes one item."""
        data = bstr(encode(value))
        self._digest.update(data)
        self._stream.write(self._packer.compress(data))

    def rows(self, table: str, rows: list[list[Any]]) -> None:
        """Writes a batch of rows of the table that was named last."""
        self._counts[table] = self._counts.get(table, 0) + len(rows)
        self.item(["rows", rows])

    def end(self, secret: OwnSecret) -> tuple[int, bytes]:
        """Writes the proof; returns how many rows there are and the SHA-256 of all items."""
        digest = self._digest.digest()
        self.item(["end", self._counts, digest, secret.identifier, _mac(secret, digest)])
        self._stream.write(self._packer.flush())
        return sum(self._counts.values()), digest


def dump_tables(writer: Writer, view: Snapshot, tables: list[Table], *, stage: str, progress: Progress) -> None:
    """Writes all rows of ``tables`` as ``view`` sees them."""
    total = sum(view.one(f'SELECT COUNT(*) FROM "{table.name}"') for table in tables)
    done = 0
    for table in tables:
        ready = from_database(table)
        writer.item(["table", table.to_plain()])
        batch: list[list[Any]] = []
        size = 0
        for row in view.rows(table.select, fetch=FEW_ROWS if table.name in _LARGE else ROWS):
            batch.append(ready(row))
            size += sum(len(value) for value in batch[-1] if type(value) is bytes)
            if len(batch) >= _BATCH_ROWS or size >= _BATCH_BYTES:
                writer.rows(table.name, batch)
                done += len(batch)
                progress(stage, done, total)
                batch, size = [], 0
        if batch:
            writer.rows(table.name, batch)
            done += len(batch)
            progress(stage, done, total)


class Reader:
    """Reads a dump: ``header`` first, then `items`; `prove` after the last. Raises BadInput for what is no dump."""

    def __init__(self, stream: IO[bytes], *, what: str) -> None:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise BadInput("node.not-a-dump", file=str(getattr(stream, "name", "")))
        self._stream = stream
        self._unpacker = zlib.decompressobj()
        self._buffer = bytearray()
        self._digest = hashlib.sha256()
        self._end: list[Any] = []
        header = self._item()
        if type(header) is not dict or header.get("what") != what:
            raise BadInput("node.not-a-dump", file=str(getattr(stream, "name", "")))
        if header.get("format") != FORMAT:
            raise BadInput("node.newer-dump", format=str(header.get("format"))[:16])
        self.header: dict[str, Any] = header

    def _need(self, count: int) -> None:
        while len(self._buffer) < count:
            data = self._unpacker.unconsumed_tail or self._stream.read(_READ)
            if not data:
                raise BadInput("node.dump-cut-off")
            try:
                self._buffer += self._unpacker.decompress(data, _READ * 4)
            except zlib.error as error:
                raise BadInput("node.dump-cut-off") from error

    def _item(self) -> Any:
        self._need(1)
        initial = self._buffer[0]
        width = {0x58: 1, 0x59: 2, 0x5A: 4}.get(initial, 0)
        self._need(1 + width)
        if width:
            length = int.from_bytes(self._buffer[1 : 1 + width], "big")
        elif 0x40 <= initial < 0x58:
            length = initial - 0x40
        else:
            raise BadInput("node.dump-cut-off")
        if length > _MOST_ITEM:
            raise TooMuch("node.dump-item-too-large", limit=_MOST_ITEM)
        self._need(1 + width + length)
        data = bytes(self._buffer[: 1 + width + length])
        del self._buffer[: 1 + width + length]
        value = decode(data[1 + width :])
        if type(value) is list and value[:1] == ["end"]:
            self._end = value
        else:
            self._digest.update(data)
        return value

    def items(self) -> Iterator[tuple[str, Any]]:
        """``("table", description)`` and ``("rows", rows)``, up to the end. Raises BadInput."""
        while True:
            value = self._item()
            if self._end:
                return
            if type(value) is not list or len(value) != 2 or value[0] not in {"table", "rows"}:
                raise BadInput("node.dump-cut-off")
            yield value[0], value[1]

    def prove(self, secrets: Mapping[bytes, OwnSecret], counts: Mapping[str, int]) -> bytes:
        """The SHA-256 of all items, once it is certain that this node wrote them. Raises NotProven."""
        if len(self._end) != 5:
            raise NotProven("node.dump-not-proven")
        _, counted, digest, identifier, mac = self._end
        secret = secrets.get(identifier) if type(identifier) is bytes else None
        if secret is None:
            raise NotProven("node.dump-of-other-node")
        whole = digest == self._digest.digest() and counted == dict(counts)
        if not whole or type(mac) is not bytes or not hmac.compare_digest(mac, _mac(secret, self._digest.digest())):
            raise NotProven("node.dump-not-proven")
        return self._digest.digest()


@contextmanager
def open_dump(path: Path, *, what: str) -> Iterator[Reader]:
    """The dump in the file ``path``. Raises NotFound and BadInput."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise NotFound("node.no-such-file", file=str(path)) from error
    with stream:
        yield Reader(stream, what=what)


@contextmanager
def replace_file(path: Path, *, before: str, after: str, overwrite_old: bool = False) -> Iterator[IO[bytes]]:
    """A file that takes the place of ``path`` when the block ends well: written beside, synced, renamed.

    ``before`` and ``after`` are the fault points around the renaming; with ``overwrite_old`` what stood there is written over
    before its space is given back. Raises Unavailable or Refused when the disk does not take it, Conflict when what is written beside
    would replace something else; then nothing has changed.
    """
    part = path.with_name(path.name + ".part")
    _clear(part)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        reach(before)
        old = os.open(path, os.O_RDWR | os.O_NOFOLLOW) if overwrite_old and path.exists() else -1
        try:
            part.replace(path)
            _sync_folder(path.parent)
            reach(after)
            if old >= 0:
                _overwrite(old)
        finally:
            if old >= 0:
                os.close(old)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _not_written(path: Path, error: OSError) -> Error:
    return cause_of(error, place=path) or Unavailable("node.disk", file=str(path), reason=symbol(error))


def _clear(part: Path) -> None:
    """Takes away what an earlier attempt left. Raises Conflict when it is something else, Unavailable."""
    try:
        if stat.S_ISREG(part.lstat().st_mode):
            with part.open("rb") as stream:
                ours = _MAGIC.startswith(stream.read(len(_MAGIC)))
            if not ours:
                raise Conflict("node.not-replaced", file=str(part))
            part.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _not_written(part, error) from error


def check_replaceable(path: Path, *, what: str, agency: str) -> None:
    """Sees that ``path`` is not there, or is the agency's own dump of this sort.

    Raises Conflict for anything else that is there, Unavailable and Refused when that can't be seen.
    """
    try:
        regular = stat.S_ISREG(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return  # where the folder is not there either, writing says so
    except OSError as error:
        raise _not_written(path, error) from error
    if regular:
        with suppress(Error), open_dump(path, what=what) as reader:
            if reader.header.get("agency") == agency:
                return
    raise Conflict("node.not-replaced", file=str(path))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _overwrite(descriptor: int) -> None:
    """Zeros over a file that has no name any more; what a disk keeps elsewhere is beyond this program."""
    size = os.fstat(descriptor).st_size
    os.lseek(descriptor, 0, os.SEEK_SET)
    zeros = bytes(1 << 16)
    while size > 0:
        size -= os.write(descriptor, zeros[: min(size, len(zeros))])
    os.fsync(descriptor)
