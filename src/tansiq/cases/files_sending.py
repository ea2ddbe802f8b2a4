"""Files go out as parts of a statement, and those that came with one are items here.

Invariant: a capability that says or takes something with files calls here and knows nothing of chunks: their way is the
post room's (`exchange.files`). A file has the conditions of the item that it belongs to. A draft that was sent is from
then on what was sent, and no second copy.

    draft, sent = with_files(draft, files, …)      # before it is said
    note_sent_files(statement, sent, …)            # after, in the same transaction
    note_files(statement, files_in(arrived), …)    # in a handler
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.db import connection, transaction

from tansiq.cases.exits import clearance_of, visible, weigh
from tansiq.cases.files import add_file
from tansiq.cases.files_reading import FileReader, file_rows, open_file
from tansiq.cases.items import NewItem
from tansiq.cases.queries import ItemRow, own_part
from tansiq.cases.services import add_items
from tansiq.cases.stripping import STRIPPABLE, stripped
from tansiq.directory.queries import own_directory
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.files_store import drop_files
from tansiq.exchange.kinds import Arrived
from tansiq.policy.handling import Reader, Use
from tansiq.protocol.docket import ALL_MEMBERS, agency_of
from tansiq.protocol.manifest import PART_KIND, Manifest, parse_manifest
from tansiq.protocol.parts import Part

__all__ = [
    "OwnFile",
    "SentFile",
    "attach_file",
    "file_parts_of",
    "files_in",
    "note_files",
    "note_sent_files",
    "strip_file",
    "with_files",
]

OwnFile = tuple[bytes, int | None]
"""An own file (its item), and the place of the part of a statement that it shall belong to (None: of none)."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that stands in a statement: its place there, its manifest, and the own file that it was (b'': none)."""

    place: int
    manifest: Manifest
    item: bytes = b""


def _require_theirs(row: ItemRow, officer: str, context: Context, *, targets: Sequence[str]) -> None:
    """Raises NotFound for a file of a case that the officer may not know of, Refused('policy.use') for one not to be handed on to the
    agencies ``targets``.
    """
    posts = next((one.posts for one in own_directory().officers if one.number == officer), ())
    reader = Reader(
        agency=context.agency,
        officer=officer,
        posts=frozenset(posts),
        clearance=clearance_of(officer, context=context),
        purpose="",
    )
    if not visible([row], reader, context=context):
        raise NotFound("cases.unknown-item", item=row.id.hex())
    for target in targets or ("",):
        [one] = weigh([row], Use.FORWARD, reader, context=context, target=target)
        if not one.decision.allowed:
            reasons = ", ".join(one.decision.reasons)
            raise Refused("policy.use", use=Use.FORWARD.value, count=len(one.decision.reasons), reasons=reasons)


def _own_manifest(item: bytes, officer: str, context: Context, *, targets: Sequence[str] = ()) -> Manifest:
    """The manifest of a file that is the officer's draft, or stands in a case of theirs."""
    rows = file_rows([item])
    if not rows or rows[0].item.statement is not None or (rows[0].draft and rows[0].officer != officer):
        raise NotFound("cases.unknown-item", item=item.hex())
    if not rows[0].draft:
        _require_theirs(rows[0].item, officer, context, targets=targets)
    return parse_manifest(own_part(item, context.keys))


def file_parts_of(
    files: Sequence[OwnFile], *, first: int, context: Context, officer: str, targets: Sequence[str] = ()
) -> tuple[list[Part], list[SentFile]]:
    """The parts for own ``files``, each with the place of the part that it belongs to; the first will stand at ``first``, and they go
    to the agencies ``targets``.

    Returns them with what `note_sent_files` needs. Raises NotFound for a file that is not the officer's to send, Refused.
    """
    sent = []
    for place, (item, of) in enumerate(files, first):
        sent.append(SentFile(place, replace(_own_manifest(item, officer, context, targets=targets), of=of), item))
    return [one.manifest.to_part() for one in sent], sent


def with_files(
    draft: Draft, files: Sequence[OwnFile], *, context: Context, officer: str
) -> tuple[Draft, list[SentFile]]:
    """``draft`` with the officer's own ``files`` behind its parts; see `file_parts_of`."""
    if not files:
        return draft, []
    targets = [one if one == ALL_MEMBERS else agency_of(one) for one in draft.docket.addressees]
    parts, sent = file_parts_of(
        files, first=len(draft.parts), context=context, officer=officer, targets=list(dict.fromkeys(targets))
    )
    return replace(draft, parts=[*draft.parts, *parts]), sent


def files_in(arrived: Arrived) -> list[SentFile]:
    """The files in a statement that arrived, with their places. Raises BadInput."""
    places = [place for place, ciphertext in enumerate(arrived.ciphertexts) if ciphertext is not None]
    parts = zip(places, arrived.parts, strict=False)
    return [SentFile(place, parse_manifest(part)) for place, part in parts if part.kind == PART_KIND]


def note_files(
    statement: bytes, files: Sequence[SentFile], *, items: Sequence[NewItem], context: Context, officer: str = ""
) -> None:
    """Makes items of the files in a statement, sent or received, in the caller's transaction.

    ``items`` are those that were made of its other parts: a file takes over the codes of the one that it belongs to, or
    of the first.
    """
    by_place = {item.place: item for item in items}
    if not files or not items:
        return
    new = [
        replace(
            by_place.get(-1 if one.manifest.of is None else one.manifest.of, items[0]), place=one.place, kind=PART_KIND
        )
        for one in files
    ]
    add_items(new, context=context)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO cases_file (item, parent, thing, place, media, size, width, height, tells, checked, draft, officer) "
            "SELECT i.id, (SELECT p.id FROM cases_item p WHERE p.statement = i.statement AND p.place = %s), i.statement, "
            "i.place, %s, %s, 0, 0, '', %s, %s, %s FROM cases_item i WHERE i.statement = %s AND i.place = %s "
            "ON CONFLICT DO NOTHING",
            [
                (
                    -1 if one.manifest.of is None else one.manifest.of, one.manifest.media_type, one.manifest.size,
                    1 if one.item else 0, False, officer, statement, one.place,
                )
                for one in files
            ],
        )  # fmt: skip


def note_sent_files(
    statement: bytes, files: Sequence[SentFile], *, items: Sequence[NewItem], context: Context, officer: str
) -> None:
    """`note_files` for what was just said, and the end of the drafts that it was made of, in the caller's transaction."""
    if not files:
        return
    note_files(statement, files, items=items, context=context, officer=officer)
    drafts = [row for row in file_rows([one.item for one in files if one.item]) if row.draft]
    with connection.cursor() as cursor:
        for row in drafts:
            cursor.execute(
                "UPDATE cases_file SET width = %s, height = %s, tells = %s WHERE thing = %s AND place = %s",
                (
                    row.width, row.height, " ".join(row.tells), statement,
                    next(one.place for one in files if one.item == row.item.id),
                ),
            )  # fmt: skip
            cursor.execute("DELETE FROM cases_file WHERE item = %s", (row.item.id,))
            cursor.execute("DELETE FROM cases_item WHERE id = %s", (row.item.id,))
    drop_files([row.file for row in drafts])

    def forget() -> None:
        for row in drafts:
            context.keys.erase(row.item.id)

    transaction.on_commit(forget)


def attach_file(item: bytes, parent: bytes, *, context: Context, officer: str) -> None:
    """Lets an own file belong to an own item: it stands in its case, is handled and ends as that item does.

    Raises NotFound (not the officer's), Conflict (the item is part of a statement: what was said is not added to).
    """
    _own_manifest(item, officer, context)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT case_ref, statement, handling, classification, category, purpose, special, protected, expires_ms, "
            "erase_ms FROM cases_item WHERE id = %s AND erased = %s",
            (parent, False),
        )
        row = cursor.fetchone()
        if row is None:
            raise NotFound("cases.unknown-item", item=parent.hex())
        if row[1] is not None:
            raise Conflict("cases.file-to-statement")
        cursor.execute(
            "UPDATE cases_item SET case_ref = %s, handling = %s, classification = %s, category = %s, purpose = %s, "
            "special = %s, protected = %s, expires_ms = %s, erase_ms = %s WHERE id = %s",
            (bytes(row[0]), *row[2:], item),
        )
        cursor.execute("UPDATE cases_file SET parent = %s, draft = %s WHERE item = %s", (parent, False, item))


class _Pieces:
    """Pieces as a stream to be read once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def read(self, count: int = -1, /) -> bytes:
        """Up to ``count`` bytes."""
        while len(self._left) < count and (piece := next(self._pieces, None)) is not None:
            self._left += piece
        data, self._left = self._left[:count], self._left[count:]
        return data


def strip_file(item: bytes, reader: Reader, *, context: Context, officer: str) -> bytes:
    """A copy of an own picture without what it tells beside its pixels (`stripping`); returns the copy's item.

    The original stays as it is. Raises NotFound, BadInput ('cases.file-not-strippable').
    """
    _own_manifest(item, officer, context)
    opened = open_file(item, reader, context=context)
    if opened.media not in STRIPPABLE:
        raise BadInput("cases.file-not-strippable", media=opened.media)
    size = sum(map(len, stripped(FileReader(opened.manifest), opened.media)))
    stream = _Pieces(stripped(FileReader(opened.manifest), opened.media))
    case = b"" if opened.item.case == opened.item.id else opened.item.case
    return add_file(
        stream,
        name=opened.name,
        size=size,
        context=context,
        officer=officer,
        purpose=opened.item.purpose,
        case=case,
    )
