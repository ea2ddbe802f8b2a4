"""Files come in: slice by slice, each at once encrypted and stored, so that a broken line costs one slice.

Invariant: memory is flat with size; nothing of a file, its name included, is ever stored in clear; the key of a file is in
the key store before its first chunk is anywhere. What a file is, is seen in its bytes, at the first slice and, whole, at
the end (`media`); what is refused leaves nothing behind. A file is an item like any other, whose content is its manifest:
it is evaluated, handled, kept, erased and proven like one.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection, transaction

from tansiq.cases.files_bounds import DRAFT_DAYS, MOST_UPLOADS, holds_too_much, refusal, too_many
from tansiq.cases.files_reading import FileReader
from tansiq.cases.items import DAY_MS, NewItem
from tansiq.cases.media import Readable, Seen, look, sniff
from tansiq.cases.services import insert_item
from tansiq.cases.sql import insert
from tansiq.errors import BadInput, Conflict, Error, NotFound, TooMuch
from tansiq.exchange.context import Context
from tansiq.exchange.files_store import chunk_hashes, drop_files, keep_refs, put_chunk
from tansiq.faults import reach
from tansiq.journal.access import Access, Operation, log_access
from tansiq.keystore.store import Contents
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.concealment import conceal, reveal
from tansiq.protocol.ids import IdMaker
from tansiq.protocol.manifest import PART_KIND, Manifest, conceal_chunk

__all__ = [
    "SLICE",
    "Taking",
    "UploadRow",
    "abandon_upload",
    "add_file",
    "add_slice",
    "begin_upload",
    "finish_upload",
    "safe_name",
    "sweep_uploads",
    "upload_of",
]

SLICE: Final = 1 << 18
"""The plain bytes of a chunk; of a slice only whole chunks are kept, but for the file's last."""
_MOST_NAME: Final = 120
_NO_DIGEST = bytes(32)
_maker = IdMaker()


@dataclass(frozen=True, slots=True)
class UploadRow:
    """An upload as it stands: ``received`` of ``size`` bytes are here."""

    id: bytes
    thing: bytes
    case: bytes
    officer: str
    purpose: str
    size: int
    received: int
    media: str
    key: bytes = field(repr=False)
    name: str = field(repr=False)

    @property
    def complete(self) -> bool:
        """Whether all bytes are here."""
        return self.received == self.size


def safe_name(name: str) -> str:
    """A file's name as it may be shown and stored: no path, nothing that can't be seen, at most 120 characters.

    >>> safe_name("../../etc/foto playa.jpg")
    'foto playa.jpg'
    """
    last = re.split(r"[/\\\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(one for one in last if unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
    shown = " ".join(shown.split()).strip(". ")
    if len(shown) > _MOST_NAME:
        stem, dot, ending = shown.rpartition(".")
        keep = f"{dot}{ending}" if dot and len(ending) <= 5 else ""
        shown = (stem if keep else shown)[: _MOST_NAME - len(keep)] + keep
    return shown


def begin_upload(*, name: str, size: int, context: Context, officer: str, purpose: str, case: bytes = b"") -> bytes:
    """Begins an upload of ``size`` bytes; returns its id, which will be the file's.

    Without ``case`` the file is a draft of the ``officer`` (a service number) until it is sent or put into a case.
    Raises BadInput ('cases.file-empty') and TooMuch ('cases.file-too-large'; 'cases.file-too-many-unfinished': what was
    begun more than a day ago makes room; 'cases.file-too-many-drafts').
    """
    if size <= 0:
        raise BadInput("cases.file-empty")
    if size > context.largest_file:
        raise TooMuch("cases.file-too-large", limit=context.largest_file)
    now_ms = context.clock()
    _make_room(officer, size, now_ms, context, draft=not case)
    made, thing = _maker.make(now_ms), _maker.make(now_ms)
    content = encode({0: secrets.token_bytes(32), 1: safe_name(name)})
    concealed = conceal(content, statement_id=thing, place=0)
    context.keys.put_contents([Contents(thing, case or made, (concealed.key,))])
    columns = ("id", "thing", "case_ref", "officer", "purpose", "size", "received", "media", "begun_ms", "commitment", "concealed")  # fmt: skip
    values = (made, thing, case or None, officer, purpose, size, 0, "", now_ms, concealed.commitment, concealed.ciphertext)  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(insert("cases_upload", columns), values)
    return made


def _make_room(officer: str, size: int, now_ms: int, context: Context, *, draft: bool) -> None:
    """Ends uploads of the officer that were begun more than a day ago, when another one would be too many. Raises TooMuch when it
    still is.
    """
    if refusal(officer, size, context, draft=draft) is not None:
        _end_old("officer = %s AND begun_ms < %s", [officer, now_ms - DAY_MS], MOST_UPLOADS, context)
        if (refused := refusal(officer, size, context, draft=draft)) is not None:
            raise refused


def upload_of(upload: bytes, *, context: Context, officer: str) -> UploadRow:
    """An upload of the officer's. Raises NotFound ('cases.no-upload')."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, thing, case_ref, officer, purpose, size, received, media, commitment, concealed "
            "FROM cases_upload WHERE id = %s AND officer = %s",
            (upload, officer),
        )
        row = cursor.fetchone()
    key = None
    if row is not None:
        try:
            key = context.keys.contents(bytes(row[1]))[0]
        except NotFound:
            key = None
    if row is None or key is None:
        raise NotFound("cases.no-upload")
    thing = bytes(row[1])
    content, _ = reveal(bytes(row[9]), key=key, statement_id=thing, place=0, commitment=bytes(row[8]))
    plain = decode(content)
    known, said, purpose, size, received, media = row[2:8]
    return UploadRow(
        bytes(row[0]), thing, bytes(known or b""), said, purpose, size, received, media, plain[0], plain[1]
    )


def _next_piece(stream: Readable, wanted: int) -> bytes:
    piece = stream.read(wanted) or b""
    while len(piece) < wanted and (more := stream.read(wanted - len(piece))):
        piece += more
    return piece


def _keep(upload: UploadRow, piece: bytes, received: int, media: str, context: Context) -> None:
    """One chunk and how far the upload is, in one commit. Raises Conflict when another request was faster, and TooMuch when
    the officer's unfinished uploads would hold too much: this one stays as it is and may go on later.
    """
    number = received // SLICE
    ciphertext = conceal_chunk(piece, key=upload.key, index=number)
    with transaction.atomic():
        digest = put_chunk(ciphertext, now_ms=context.clock())
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE cases_upload SET received = %s, media = %s WHERE id = %s AND received = %s",
                (received + len(piece), media, upload.id, received),
            )
            if not cursor.rowcount:
                raise Conflict("cases.file-other-offset", offset=received)
        if holds_too_much(upload.officer, context):
            raise too_many(context)
        keep_refs((upload.id, 0), [digest], first=number)
        reach("files.chunk.before-commit")
    reach("files.chunk.after-commit")


def add_slice(upload: bytes, stream: Readable, *, offset: int, context: Context, officer: str) -> UploadRow:
    """Takes what ``stream`` brings from ``offset`` on; of what breaks off, whole chunks stay. Returns how it stands.

    Raises NotFound; Conflict ('cases.file-other-offset': it goes on elsewhere, nothing was taken); TooMuch
    ('cases.file-longer-than-said') and Refused ('cases.file-not-accepted'), which end the upload.
    """
    row = upload_of(upload, context=context, officer=officer)
    if offset != row.received:
        raise Conflict("cases.file-other-offset", offset=row.received)
    received, media = row.received, row.media
    while received < row.size:
        wanted = min(SLICE, row.size - received)
        piece = _next_piece(stream, wanted)
        if len(piece) < wanted:
            return upload_of(upload, context=context, officer=officer)
        if not media:
            try:
                media = sniff(piece)
            except Error:
                abandon_upload(upload, context=context, officer=officer)
                raise
        _keep(row, piece, received, media, context)
        received += len(piece)
    if stream.read(1):
        abandon_upload(upload, context=context, officer=officer)
        raise TooMuch("cases.file-longer-than-said", limit=row.size)
    return upload_of(upload, context=context, officer=officer)


def abandon_upload(upload: bytes, *, context: Context, officer: str) -> None:
    """Ends an upload: nothing of it stays. Raises NotFound."""
    _drop(upload_of(upload, context=context, officer=officer), context)


def _drop(row: UploadRow, context: Context) -> None:
    context.keys.erase(row.thing)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_upload WHERE id = %s", (row.id,))
        drop_files([(row.id, 0)])


def _looked_at(manifest: Manifest) -> tuple[Seen, bytes]:
    """What the file is, and its hash, in one pass over its chunks. Raises as `media.look`."""
    reader = FileReader(manifest, hashing=True)
    seen = look(reader, manifest.media_type)
    while reader.read(SLICE):
        continue
    return seen, reader.digest


def _finished(item: bytes, officer: str) -> bool:
    """Whether the upload was finished before, by the same officer, whose answer was lost."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM cases_file WHERE item = %s AND officer = %s", (item, officer))
        return cursor.fetchone() is not None


def finish_upload(upload: bytes, *, context: Context, officer: str) -> bytes:
    """Makes an item of a complete upload; returns its id. Again, it changes nothing.

    Raises NotFound, Conflict ('cases.file-not-complete'), and Refused, BadInput or TooMuch when the file is not what it
    pretends to be: then nothing of it stays.
    """
    if _finished(upload, officer):
        return upload
    row = upload_of(upload, context=context, officer=officer)
    if not row.complete:
        raise Conflict("cases.file-not-complete", offset=row.received, size=row.size)
    manifest = Manifest(row.key, row.size, SLICE, tuple(chunk_hashes((row.id, 0))), row.media, _NO_DIGEST, row.name)
    try:
        seen, digest = _looked_at(manifest)
    except Error:
        _drop(row, context)
        raise
    whole = Manifest(row.key, row.size, SLICE, manifest.chunks, seen.media, digest, row.name)
    _make_item(row, whole, seen, context)
    context.keys.erase(row.thing)
    return row.id


def _make_item(row: UploadRow, manifest: Manifest, seen: Seen, context: Context) -> None:
    now_ms = context.clock()
    concealed = conceal(manifest.to_part().to_bytes(), statement_id=row.id, place=0)
    draft = not row.case
    new = NewItem(
        case=row.case or row.id,
        statement=b"",
        place=0,
        kind=PART_KIND,
        originator=context.agency,
        received_ms=now_ms,
        purpose=row.purpose,
        erase_ms=now_ms + DRAFT_DAYS * DAY_MS if draft else None,
    )
    columns = (
        "item", "parent", "thing", "place", "media", "size", "width", "height", "tells", "checked", "draft", "officer",
    )  # fmt: skip
    values: tuple[Any, ...] = (
        row.id, None, row.id, 0, seen.media, row.size, seen.width, seen.height, " ".join(seen.tells), 1, draft, row.officer,
    )  # fmt: skip
    access = Access(
        operation=Operation.COLLECTION, officer=row.officer, thing=row.id, purpose=row.purpose, time_ms=now_ms
    )
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM cases_upload WHERE id = %s", (row.id,))
            if not cursor.rowcount:
                raise Conflict("cases.file-other-offset", offset=row.size)
        if context.keys.has_contents([row.id]):  # of an attempt that died before its commit
            context.keys.erase(row.id)
        context.keys.put_contents([Contents(row.id, row.case or row.id, (concealed.key,))])
        reach("files.finish.keys-kept")
        log_access([access], keys=context.keys)
        insert_item(new, row.id, concealed, now_ms=now_ms)
        with connection.cursor() as cursor:
            cursor.execute(insert("cases_file", columns), values)
        reach("files.finish.before-commit")
    reach("files.finish.after-commit")


def add_file(
    stream: Readable, *, name: str, size: int, context: Context, officer: str, purpose: str, case: bytes = b""
) -> bytes:
    """Takes a whole file in at once; returns its item. Raises as its three steps, and leaves nothing when it does."""
    upload = begin_upload(name=name, size=size, context=context, officer=officer, purpose=purpose, case=case)
    row = add_slice(upload, stream, offset=0, context=context, officer=officer)
    if not row.complete:
        abandon_upload(upload, context=context, officer=officer)
        raise BadInput("cases.file-cut-off")
    return finish_upload(upload, context=context, officer=officer)


class Taking:
    """A file whose size nobody said, taken in as it comes; `end` says that it was all. Made for forms without scripts."""

    def __init__(self, *, name: str, context: Context, officer: str, purpose: str, case: bytes = b"") -> None:
        self._context, self._officer = context, officer
        self._held = b""
        self.upload = begin_upload(
            name=name, size=context.largest_file, context=context, officer=officer, purpose=purpose, case=case
        )
        self._row = upload_of(self.upload, context=context, officer=officer)
        self._received, self._media = 0, ""

    def write(self, data: bytes) -> None:
        """Takes the next piece. Raises TooMuch, Refused and BadInput, which end the upload."""
        self._held += data
        while len(self._held) >= SLICE:
            self._keep(self._held[:SLICE])
            self._held = self._held[SLICE:]
        if self._received + len(self._held) > self._context.largest_file:
            abandon_upload(self.upload, context=self._context, officer=self._officer)
            raise TooMuch("cases.file-too-large", limit=self._context.largest_file)

    def _keep(self, piece: bytes) -> None:
        if not self._media:
            try:
                self._media = sniff(piece)
            except Error:
                abandon_upload(self.upload, context=self._context, officer=self._officer)
                raise
        try:
            _keep(self._row, piece, self._received, self._media, self._context)
        except TooMuch:
            abandon_upload(self.upload, context=self._context, officer=self._officer)
            raise
        self._received += len(piece)

    def end(self, *, purpose: str) -> bytes:
        """Makes an item of what came, for ``purpose`` (known only now); returns its id. Raises as `finish_upload`."""
        if not self._received and not self._held:
            abandon_upload(self.upload, context=self._context, officer=self._officer)
            raise BadInput("cases.file-empty")
        if self._held:
            self._keep(self._held)
            self._held = b""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE cases_upload SET size = %s, purpose = %s WHERE id = %s", (self._received, purpose, self.upload)
            )
        return finish_upload(self.upload, context=self._context, officer=self._officer)


def sweep_uploads(*, context: Context, limit: int = 100) -> int:
    """Ends uploads that nobody went on with for a week; returns how many."""
    return _end_old("begun_ms < %s", [context.clock() - DRAFT_DAYS * DAY_MS], limit, context)


def _end_old(where: str, values: list[str | int], limit: int, context: Context) -> int:
    """Ends the uploads that ``where`` finds, the oldest first; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, officer FROM cases_upload WHERE {where} ORDER BY begun_ms LIMIT %s",
            [*values, limit],
        )
        old = [(bytes(upload), officer) for upload, officer in cursor.fetchall()]
    for upload, officer in old:
        try:
            abandon_upload(upload, context=context, officer=officer)
        except NotFound:  # its key is gone already: a crash between the two
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("DELETE FROM cases_upload WHERE id = %s", (upload,))
                drop_files([(upload, 0)])
    return len(old)
