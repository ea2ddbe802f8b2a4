"""Files come in slice by slice and are read by whoever may: broken off, resumed, overlapping, pretending, for nobody else."""

from __future__ import annotations

import io
import os
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection, connections

from support.dying import dies_at
from support.files import PURPOSE, a_text, chunk_count, put_in, say_file, talk
from support.matters import an_item
from support.node import Clock, Node, Nodes, carry
from support.notes import notes
from support.pictures import exif, jpeg, png
from tansiq.cases.erasure import erase_due, erase_item
from tansiq.cases.exits import reader_of, take_out
from tansiq.cases.files import (
    SLICE,
    abandon_upload,
    add_file,
    add_slice,
    begin_upload,
    finish_upload,
    safe_name,
    sweep_uploads,
    upload_of,
)
from tansiq.cases.files_bounds import DRAFT_DAYS, MOST_DRAFTS, MOST_UPLOADS
from tansiq.cases.files_reading import file_rows, open_file, read_file
from tansiq.cases.files_sending import attach_file, note_files, note_sent_files, strip_file
from tansiq.cases.items import Whence, plain_item
from tansiq.cases.queries import items_of
from tansiq.cases.services import add_own_item
from tansiq.errors import BadInput, Conflict, Error, NotFound, Refused, TooMuch
from tansiq.faults import reach
from tansiq.journal.access import read_access
from tansiq.node.fsck import fsck
from tansiq.policy.handling import Use

pytestmark = pytest.mark.storage
__all__ = ["notes"]

OFFICER = "ES-4017"


@pytest.fixture
def es(node: Nodes, notes: None) -> Node:
    return node("es.cgi")


@pytest.fixture
def ma(node: Nodes, es: Node) -> Node:
    made = node("ma.dgst")
    es.use()
    return made


def begin(es: Node, size: int, *, name: str = "foto.jpg", officer: str = OFFICER) -> bytes:
    return begin_upload(name=name, size=size, context=es.context, officer=officer, purpose=PURPOSE)


def add(es: Node, upload: bytes, data: bytes, offset: int) -> int:
    return add_slice(upload, io.BytesIO(data), offset=offset, context=es.context, officer=OFFICER).received


def nothing_left(es: Node) -> None:
    assert chunk_count(es) == 0
    for table in ("cases_upload", "cases_file", "cases_item", "exchange_file_chunk"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM {table}")
            assert cursor.fetchone()[0] == 0, table


def content(es: Node, item: bytes, officer: str = OFFICER) -> bytes:
    return read_file(open_file(item, reader_of(es.officer(officer), context=es.context), context=es.context))


# ---------------------------------------------------------------------------------------------------- coming in


def test_a_file_comes_in_by_slices_of_any_size_and_only_whole_chunks_count(es: Node) -> None:
    data = jpeg(length=SLICE * 2 + 5_000)
    upload = begin(es, len(data))
    assert add(es, upload, data[:1000], 0) == 0
    assert add(es, upload, data[: SLICE + 1000], 0) == SLICE
    assert add(es, upload, data[SLICE:], SLICE) == len(data)
    item = finish_upload(upload, context=es.context, officer=OFFICER)
    assert item == upload == finish_upload(upload, context=es.context, officer=OFFICER)
    [row] = file_rows([item])
    assert (row.media, row.size, row.width, row.height, row.progress.total) == ("image/jpeg", len(data), 640, 480, 3)
    assert content(es, item) == data
    assert fsck(es.context).clean


@pytest.mark.parametrize("offset", [1, SLICE - 1, SLICE + 1, 0, 3 * SLICE])
def test_slices_that_overlap_or_leave_a_gap_are_refused_and_say_where_it_goes_on(es: Node, offset: int) -> None:
    data = a_text(3 * SLICE)
    upload = begin(es, len(data), name="nota.txt")
    assert add(es, upload, data[:SLICE], 0) == SLICE
    with pytest.raises(Conflict) as told:
        add(es, upload, data[offset:], offset)
    assert told.value.values["offset"] == SLICE
    assert add(es, upload, data[SLICE:], SLICE) == len(data)
    assert content(es, finish_upload(upload, context=es.context, officer=OFFICER)) == data


def test_one_officer_has_so_many_uploads_unfinished_and_no_more(es: Node, clock: Clock) -> None:
    size = 4 * SLICE
    begun = [begin(es, size, name="nota.txt") for _ in range(MOST_UPLOADS)]
    with pytest.raises(TooMuch) as told:
        begin(es, size, name="nota.txt")
    assert told.value.code == "cases.file-too-many-unfinished"
    assert begin(es, size, officer="ES-3300"), "another's are another's"
    data = a_text(size)
    add(es, begun[0], data, 0)
    finish_upload(begun[0], context=es.context, officer=OFFICER)
    later = begin(es, size, name="nota.txt")
    clock.advance(days=1, minutes=1)
    assert begin(es, size, name="nota.txt"), "what was begun more than a day ago makes room"
    for upload in (*begun[1:], later):
        with pytest.raises(NotFound):
            upload_of(upload, context=es.context, officer=OFFICER)


def test_what_is_unfinished_holds_twice_a_largest_file_at_most(es: Node) -> None:
    es.context = replace(es.context, largest_file=2 * SLICE)
    data = a_text(2 * SLICE)
    first, second, third = (begin(es, 2 * SLICE, name="nota.txt") for _ in range(3))
    for upload in (first, second):
        assert add(es, upload, data, 0) == 2 * SLICE
    with pytest.raises(TooMuch) as told:
        add(es, third, data, 0)
    assert told.value.code == "cases.file-too-many-unfinished"
    with pytest.raises(TooMuch):
        begin(es, 1)
    with pytest.raises(TooMuch):
        add_file(
            io.BytesIO(data), name="otra.txt", size=len(data), context=es.context, officer=OFFICER, purpose=PURPOSE
        )
    finish_upload(first, context=es.context, officer=OFFICER)
    assert add(es, third, data, 0) == 2 * SLICE, "it goes on where it was"
    assert content(es, finish_upload(third, context=es.context, officer=OFFICER)) == data


def test_one_officer_has_so_many_drafts_and_no_more(es: Node, clock: Clock) -> None:
    case = b"c" * 16
    parent = add_own_item(an_item(originator="es.cgi"), case=case, context=es.context, officer=OFFICER, purpose=PURPOSE)
    drafts = [put_in(es, a_text(50, seed=n)) for n in range(MOST_DRAFTS - 1)]
    upload = begin(es, 50, name="nota.txt")
    with pytest.raises(TooMuch) as told:
        begin(es, 50, name="nota.txt")
    assert told.value.code == "cases.file-too-many-drafts"
    assert begin(es, 50, officer="ES-3300"), "another's are another's"
    assert put_in(es, a_text(50), case=case), "what stands in a case is no draft"
    add(es, upload, a_text(50), 0)
    finish_upload(upload, context=es.context, officer=OFFICER)
    attach_file(drafts[0], parent, context=es.context, officer=OFFICER)
    assert put_in(es, a_text(50))
    with pytest.raises(TooMuch):
        put_in(es, a_text(50))
    clock.advance(days=DRAFT_DAYS, minutes=1)
    assert erase_due(context=es.context) == MOST_DRAFTS
    assert put_in(es, a_text(50))


def test_drafts_hold_eight_times_a_largest_file_at_most(es: Node) -> None:
    es.context = replace(es.context, largest_file=SLICE)
    data = a_text(SLICE)
    for _ in range(7):
        put_in(es, data)
    pending = begin(es, SLICE, name="nota.txt")
    with pytest.raises(TooMuch) as told:
        begin(es, 1)
    assert told.value.code == "cases.file-too-many-drafts"
    assert told.value.values == {"most": MOST_DRAFTS, "limit": 8 * SLICE, "days": DRAFT_DAYS}
    abandon_upload(pending, context=es.context, officer=OFFICER)
    assert put_in(es, data)


def test_a_process_dies_although_something_watches_how_it_ends(es: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """As what tells which lines are reached does, in whose work before the end something may go wrong."""

    def watched(_code: int) -> None:
        raise OSError

    monkeypatch.setattr(os, "_exit", watched)
    assert dies_at("files.given", lambda: reach("files.given"))
    assert not dies_at("files.given", lambda: None)


@pytest.mark.parametrize("point", ["files.chunk.before-commit", "files.chunk.after-commit"])
def test_an_upload_goes_on_after_the_process_died(es: Node, point: str) -> None:
    data = a_text(2 * SLICE + 10)
    upload = begin(es, len(data), name="nota.txt")
    assert dies_at(point, lambda: add(es, upload, data, 0))
    es.use()
    here = upload_of(upload, context=es.context, officer=OFFICER).received
    assert here == (0 if point.endswith("before-commit") else SLICE)
    assert add(es, upload, data[here:], here) == len(data)
    assert content(es, finish_upload(upload, context=es.context, officer=OFFICER)) == data
    assert fsck(es.context).clean


@pytest.mark.parametrize("point", ["files.finish.keys-kept", "files.finish.before-commit", "files.finish.after-commit"])
def test_an_upload_is_finished_once_although_the_process_died(es: Node, point: str) -> None:
    data = a_text(SLICE + 10)
    upload = begin(es, len(data), name="nota.txt")
    add(es, upload, data, 0)
    assert dies_at(point, lambda: finish_upload(upload, context=es.context, officer=OFFICER))
    es.use()
    assert content(es, finish_upload(upload, context=es.context, officer=OFFICER)) == data
    assert fsck(es.context).clean


@pytest.mark.parametrize(
    ("data", "size", "code"),
    [
        (b"", 0, "cases.file-empty"),
        (b"x" * 100, 60_000_000, "cases.file-too-large"),
        (b"PK\x03\x04" + bytes(500), 504, "cases.file-not-accepted"),
        (b"<svg onload=alert(1)>", 21, "cases.file-not-accepted"),
        (jpeg() + b"<script>", len(jpeg()) + 8, "cases.file-not-accepted"),
        (jpeg()[:-10], len(jpeg()) - 10, "cases.file-cut-off"),
        (png()[:-10], len(png()) - 10, "cases.file-cut-off"),
        (png(width=30_000, height=30_000), len(png()), "cases.file-too-many-pixels"),
        (a_text(100), 99, "cases.file-longer-than-said"),
        (a_text(100), 101, "cases.file-cut-off"),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_nothing_behind(es: Node, data: bytes, size: int, code: str) -> None:
    from tansiq.cases.files import add_file

    data = data if code != "cases.file-too-many-pixels" else png(width=30_000, height=30_000)
    with pytest.raises(Error) as told:
        add_file(
            io.BytesIO(data), name="foto.jpg", size=size if code != "cases.file-too-many-pixels" else len(data),
            context=es.context, officer=OFFICER, purpose=PURPOSE,
        )  # fmt: skip
    assert told.value.code == code
    nothing_left(es)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("foto.jpg", "foto.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\pasaporte.pdf", "pasaporte.pdf"),
        ("a\0b\r\nc.jpg", "abc.jpg"),
        ("foto\u202egpj.exe", "fotogpj.exe"),
        ("  . .", ""),
        ("صورة الجواز.jpg", "صورة الجواز.jpg"),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
        (".htaccess", "htaccess"),
    ],
)
def test_a_name_is_no_path_and_shows_what_it_is(said: str, kept: str) -> None:
    assert safe_name(said) == kept


def test_an_upload_is_its_officers_alone(es: Node) -> None:
    upload = begin(es, 100)
    for act in (
        lambda: upload_of(upload, context=es.context, officer="ES-1001"),
        lambda: add_slice(upload, io.BytesIO(b"x"), offset=0, context=es.context, officer="ES-1001"),
        lambda: finish_upload(upload, context=es.context, officer="ES-1001"),
        lambda: abandon_upload(upload, context=es.context, officer="ES-1001"),
        lambda: upload_of(os.urandom(16), context=es.context, officer="ES-1001"),
    ):
        with pytest.raises(NotFound) as told:
            act()
        assert told.value.code == "cases.no-upload" and not told.value.values


def test_abandoned_uploads_and_forgotten_drafts_end_by_themselves(es: Node) -> None:
    data = a_text(SLICE + 1)
    add(es, begin(es, len(data), name="nota.txt"), data[:SLICE], 0)
    item = put_in(es, a_text(500, seed=3))
    es.context.clock.advance(days=6)  # type: ignore[attr-defined]
    assert sweep_uploads(context=es.context) == 0
    es.context.clock.advance(days=2)  # type: ignore[attr-defined]
    assert sweep_uploads(context=es.context) == 1
    assert erase_due(context=es.context) == 1
    assert chunk_count(es) == 0
    with pytest.raises(NotFound):
        content(es, item)
    assert fsck(es.context).clean


def test_memory_is_flat_with_size(es: Node) -> None:
    class Endless(io.RawIOBase):
        left = 40_000_000

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            count = min(len(buffer), self.left)
            buffer[:count] = b"a" * count
            self.left -= count
            return count

    upload = begin(es, Endless.left, name="larga.txt")
    tracemalloc.start()
    add_slice(upload, Endless(), offset=0, context=es.context, officer=OFFICER)
    item = finish_upload(upload, context=es.context, officer=OFFICER)
    opened = open_file(item, reader_of(es.officer(OFFICER), context=es.context), context=es.context)
    assert sum(map(len, opened.pieces())) == Endless.left
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # PostgreSQL's client remembers the text of some dozen last statements, whatever the file's size.
    assert peak < (25_000_000 if es.home.on_postgresql else 5_000_000), f"{peak} bytes"


def test_nothing_of_a_file_stands_in_clear(es: Node) -> None:
    words = b"El sospechoso inventado viaja a Nador. " * 50
    put_in(es, words, name="sospechoso-inventado.txt")
    upload = begin(es, 10_000_000, name="pendiente-inventado.txt")
    add(es, upload, words * 200, 0)
    connections.close_all()
    if es.home.on_postgresql:
        with connection.cursor() as cursor:
            for table in ("cases_upload", "cases_item", "cases_file", "exchange_chunk"):
                cursor.execute(f"SELECT * FROM {table}")
                told = b" ".join(
                    bytes(value) if isinstance(value, memoryview) else str(value).encode()
                    for row in cursor
                    for value in row
                )
                assert b"inventado" not in told, table
    else:
        told = b"".join(path.read_bytes() for path in Path(es.home.data).iterdir())
        assert b"inventado" not in told


# ---------------------------------------------------------------------------------------------------- being read


def test_any_range_is_read_and_whoever_reads_is_logged(es: Node) -> None:
    data = a_text(3 * SLICE)
    item = put_in(es, data)
    opened = open_file(item, reader_of(es.officer(), context=es.context), context=es.context, justification="porque sí")
    for first, last in ((0, 0), (5, SLICE + 7), (SLICE - 1, SLICE), (2 * SLICE, None), (len(data) - 1, 10**9)):
        assert b"".join(opened.pieces(first, last)) == data[first : None if last is None else last + 1]
    logged = [act for _, act in read_access(es.context.keys, limit=100) if act is not None and act["thing"] == item]
    assert [act["operation"] for act in logged] == ["collection", "consultation"]
    assert logged[-1]["justification"] == "porque sí" and logged[-1]["purpose"] == PURPOSE


def test_a_draft_is_nobody_elses(es: Node) -> None:
    item = put_in(es, a_text(500))
    for number in ("ES-1001", "ES-3300"):
        with pytest.raises(NotFound) as told:
            content(es, item, number)
        with pytest.raises(NotFound) as never:
            content(es, os.urandom(16), number)
        assert told.value.code == never.value.code == "cases.unknown-item"
    assert content(es, item)


def test_a_picture_is_stripped_into_a_copy_and_stays_as_it_is(es: Node) -> None:
    told = jpeg(tells=exif())
    item = put_in(es, told, name="foto.jpg")
    assert file_rows([item])[0].tells == ("device", "location")
    silent = strip_file(item, reader_of(es.officer(), context=es.context), context=es.context, officer=OFFICER)
    assert file_rows([silent])[0].tells == ()
    assert content(es, item) == told
    assert bytes.fromhex("58585800") not in content(es, silent)  # the maker of the camera
    with pytest.raises(BadInput):
        strip_file(
            put_in(es, a_text(50)), reader_of(es.officer(), context=es.context), context=es.context, officer=OFFICER
        )


def test_an_erased_file_is_gone_with_its_chunks(es: Node) -> None:
    item = put_in(es, a_text(SLICE + 1))
    erase_item(item, context=es.context, ordered_by=OFFICER)
    assert chunk_count(es) == 0
    with pytest.raises(NotFound):
        content(es, item)
    assert fsck(es.context).clean


def test_a_file_belongs_to_an_item_and_takes_over_its_conditions(es: Node) -> None:
    parent = add_own_item(
        an_item(originator="es.cgi"), case=b"c" * 16, context=es.context, officer=OFFICER, purpose=PURPOSE
    )
    item = put_in(es, a_text(500))
    with pytest.raises(NotFound):
        attach_file(item, parent, context=es.context, officer="ES-1001")
    attach_file(item, parent, context=es.context, officer=OFFICER)
    [row] = file_rows([item])
    assert (row.parent, row.draft, row.item.case, row.item.handling) == (parent, False, b"c" * 16, ("H1", "H2"))
    assert row.item.erase_ms is None


# ---------------------------------------------------------------------------------------------------- going out


def whence(statement: bytes, sender: str, now_ms: int) -> Whence:
    return Whence(case=b"m" * 16, statement=statement, sender=sender, received_ms=now_ms, purpose=PURPOSE)


def exchanged(es: Node, ma: Node, data: bytes, *, name: str = "foto.jpg") -> bytes:
    """A file that Madrid sent and Rabat has whole; returns the statement's id; Rabat is bound."""
    item = put_in(es, data, name=name)
    statement, sent = say_file(es, ma, item)
    made = plain_item(whence(statement, "es.cgi", 5), "test.note")
    note_sent_files(statement, sent, items=[made], context=es.context, officer=OFFICER)
    assert not file_rows([item])
    carry(es, ma)
    talk(ma, es)
    ma.use()
    note_files(statement, [replace(one, item=b"") for one in sent], items=[made], context=ma.context)
    return statement


def test_what_was_sent_is_an_item_on_both_sides_and_the_draft_is_gone(es: Node, ma: Node) -> None:
    data = jpeg(length=SLICE * 2, tells=exif())
    statement = exchanged(es, ma, data)
    for node, officer in ((ma, "MA-2210"), (es, OFFICER)):
        node.use()
        rows = [row for row in items_of(b"m" * 16) if row.kind == "file"]
        assert [(row.statement, row.place) for row in rows] == [(statement, 1)]
        opened = open_file(rows[0].id, reader_of(node.officer(officer), context=node.context), context=node.context)
        assert (opened.name, opened.media, read_file(opened)) == ("foto.jpg", "image/jpeg", data)
        assert file_rows([rows[0].id])[0].tells == ("device", "location")
        assert fsck(node.context).clean, [one.text("en") for one in fsck(node.context).findings]


def test_a_file_that_came_is_not_for_who_was_not_addressed(es: Node, ma: Node) -> None:
    exchanged(es, ma, jpeg())
    [row] = [row for row in items_of(b"m" * 16) if row.kind == "file"]
    reader = reader_of(ma.officer("MA-1001"), context=ma.context)
    with pytest.raises(NotFound):
        open_file(row.id, reader, context=ma.context)
    with pytest.raises(Refused):  # H1 asks its originator
        take_out([row.id], Use.COURT, reader_of(ma.officer("MA-2210"), context=ma.context), context=ma.context)


def test_a_file_that_is_not_what_its_sender_said_is_never_shown(
    es: Node, ma: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hostile sender's node does not look at what it sends."""
    from tansiq.cases import files, files_reading
    from tansiq.cases.media import Seen

    with monkeypatch.context() as hostile:
        hostile.setattr(files, "sniff", lambda head: "image/jpeg")
        hostile.setattr(files, "look", lambda stream, media: Seen("image/jpeg"))
        statement = exchanged(es, ma, b"<html><script>alert(1)</script>")
    [row] = [row for row in items_of(b"m" * 16) if row.kind == "file"]
    for _ in range(2):
        with pytest.raises(Refused) as told:
            content(ma, row.id, "MA-2210")
        assert told.value.code == "cases.file-not-accepted"
    assert files_reading.file_rows([row.id])[0].checked == files_reading.BAD
    assert statement == row.statement


def test_a_file_that_is_still_coming_is_listed_and_not_opened(es: Node, ma: Node) -> None:
    item = put_in(es, a_text(SLICE * 12))
    statement, sent = say_file(es, ma, item)
    carry(es, ma)
    talk(ma, es, most=1)
    ma.use()
    made = plain_item(whence(statement, "es.cgi", 5), "test.note")
    note_files(statement, [replace(one, item=b"") for one in sent], items=[made], context=ma.context)
    [row] = [row for row in items_of(b"m" * 16) if row.kind == "file"]
    [file] = file_rows([row.id])
    assert (file.progress.here, file.progress.total) == (3, 12)
    with pytest.raises(Conflict) as told:
        content(ma, row.id, "MA-2210")
    assert told.value.values == {"here": 3, "total": 12}


def test_erased_at_the_receiver_it_is_gone_there_and_stays_with_its_sender(es: Node, ma: Node) -> None:
    exchanged(es, ma, jpeg())
    [row] = [row for row in items_of(b"m" * 16) if row.kind == "file"]
    erase_item(row.id, context=ma.context, ordered_by="MA-2210")
    assert chunk_count(ma) == 0
    assert fsck(ma.context).clean
    assert chunk_count(es) == 1
