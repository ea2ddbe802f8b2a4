"""Reading a strategic report: as its handling permits, logged, and told to whoever sent it when the desk it is for first reads it.

Invariant: every look passes the one decision for every use (`cases.exits`) and the reader's compartment; what a reader may not view is, to that
reader, not here: not listed, not counted, and it takes nothing from a page.
That it was read is a word which the reader signs; it goes back by the way that the report came, and holds nothing but when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction

from tansiq.cases.contents import open_statements
from tansiq.cases.exits import reader_of, take_out, weigh
from tansiq.cases.files_reading import FileRow, files_of
from tansiq.cases.queries import ItemRow, items_of_statements
from tansiq.channels.officers import ActingOfficer
from tansiq.channels.ways import along
from tansiq.enquiries.routes import received_at
from tansiq.errors import Error, NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.services import send
from tansiq.policy.direct import ReadReceipt
from tansiq.policy.handling import Use
from tansiq.policy.report import StrategicReport
from tansiq.protocol.acts import PART_KIND as ACT
from tansiq.protocol.acts import act_of
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.ids import id_text
from tansiq.protocol.parts import Part
from tansiq.relations.paging import Page, Place, page_of
from tansiq.relations.reports import (
    CHANNEL,
    READ,
    REPORT,
    ReportRow,
    note_read,
    reads_at,
    report_row,
    reports_for,
    unread_for,
)

__all__ = ["UNREAD", "ReadReport", "Reader", "list_reports", "read_report", "unread_reports"]

UNREAD: Final = 50
"""So many that nobody has read are counted and shown before the others."""
_LOOKED: Final = 200

Reader = ActingOfficer
"""Who reads, and signs that it was read."""


@dataclass(frozen=True, slots=True)
class ReadReport:
    """A report as its reader sees it. ``report`` is None where its body was erased; ``received_ms`` when the service that it is for
    proved that it has it (None: not yet, or it stays in this house).
    """

    row: ReportRow
    report: StrategicReport | None = field(repr=False)
    by: str = ""
    received_ms: int | None = None
    files: tuple[FileRow, ...] = ()

    @property
    def state(self) -> str:
        """How far it has come: a code of ``report_states``."""
        if self.row.withdrawn_ms is not None:
            return "withdrawn"
        if self.row.read_ms is not None:
            return "read"
        home = agency_of(self.row.sender) == agency_of(self.row.addressee)
        return "received" if self.received_ms is not None or home or self.row.direction == 2 else "sent"


def _report_of(part: Part | None) -> StrategicReport | None:
    return StrategicReport.from_plain(part.content) if part is not None else None


def _received(rows: Sequence[ReportRow]) -> dict[bytes, int]:
    """When the partner had those of ours that crossed to it."""
    found: dict[bytes, int] = {}
    for partner in {row.partner for row in rows if row.direction == 1}:
        found |= received_at([row.statement for row in rows if row.partner == partner], partner)
    return found


def _items(rows: Sequence[ReportRow]) -> dict[bytes, ItemRow]:
    """The item of each report."""
    found = items_of_statements([row.statement for row in rows])
    return {statement: one for statement, items in found.items() for one in items if one.kind == REPORT}


def _seen(rows: Sequence[ReportRow], officer: ActingOfficer, context: Context) -> list[tuple[ReportRow, ReadReport]]:
    """Those of ``rows`` that the officer may view, with their titles."""
    rows = [row for row in rows if reads_at(row, officer.posts, officer.number)]
    items, received = _items(rows), _received(rows)
    reader = reader_of(officer, context=context)
    weighed = {one.row.id: one for one in weigh(list(items.values()), Use.VIEW, reader, context=context)}
    out = []
    for row in rows:
        item = items.get(row.statement)
        if item is not None and weighed[item.id].decision.allowed:
            report = _report_of(weighed[item.id].part)
            out.append((row, ReadReport(row, report, row.officer, received.get(row.statement))))
    return out


def list_reports(
    *, context: Context, officer: ActingOfficer, before: Place | None = None, limit: int = 50
) -> Page[ReadReport]:
    """The reports of the reader's desks that the reader may view, the newest first, with their titles."""
    return page_of(
        lambda place, most: reports_for(officer.posts, before=place, limit=most),
        lambda row: row.place,
        lambda rows: _seen(rows, officer, context),
        before=before,
        limit=limit,
    )


def unread_reports(*, context: Context, officer: ActingOfficer) -> tuple[ReadReport, ...]:
    """The newest reports for the reader's desks that nobody has read and that the reader may view: up to `UNREAD`."""
    found = page_of(
        lambda place, most: unread_for(officer.posts, before=place, limit=most),
        lambda row: row.place,
        lambda rows: _seen(rows, officer, context),
        before=None,
        limit=UNREAD,
        most=_LOOKED,
    )
    return found.rows


def read_report(statement: bytes, *, context: Context, officer: ActingOfficer) -> ReadReport:
    """A report with its files; at the desk that it is for, the first look is told to whoever sent it.

    Raises NotFound for one that is not here, or that the reader may not know of.
    """
    row = report_row(statement, officer.posts)
    item = _items([row]).get(statement)
    if item is None or not reads_at(row, officer.posts, officer.number):
        raise NotFound("relations.unknown-report", report=id_text(statement))
    reader = reader_of(officer, context=context)
    try:
        (taken,) = take_out([item.id], Use.VIEW, reader, context=context, justification=REPORT)
    except NotFound as error:
        if error.code == "cases.erased":
            return ReadReport(row, None, row.officer)
        raise NotFound("relations.unknown-report", report=id_text(statement)) from None
    stored = open_statements([statement], keys=context.keys).get(statement)
    act = stored.part(ACT) if stored is not None else None
    by = act_of(act).officer if act is not None else row.officer
    row = _note(row, officer, context)
    files = files_of(items_of_statements([statement]).get(statement, []), reader, context=context)
    return ReadReport(row, _report_of(taken.part), by, _received([row]).get(statement), tuple(files))


def _note(row: ReportRow, officer: ActingOfficer, context: Context) -> ReportRow:
    """Notes the first look at the desk that it is for, and tells it."""
    if row.read_ms is not None or row.addressee not in reads_at(row, officer.posts, officer.number):
        return row
    now_ms = context.clock()
    with transaction.atomic():
        if note_read(row.statement, addressee=row.addressee, read_by=officer.number, read_ms=now_ms):
            _tell(row, officer, context, now_ms)
    return report_row(row.statement, officer.posts)


def _tell(row: ReportRow, officer: ActingOfficer, context: Context, now_ms: int) -> None:
    """Says that it was read, by the way back; where there is none any more, or the reader can't sign now, nothing is told: the look stays
    noted here.
    """
    if agency_of(row.sender) == context.agency:
        return
    route = tuple(post for post in (row.addressee, row.office, row.sender) if post)
    try:
        act = officer.acting(READ, post=row.addressee)
        way = along(CHANNEL, route, context=context, now_ms=now_ms)
    except Error:
        return
    docket = Docket(
        kind=READ,
        channel=CHANNEL,
        matter=row.matter,
        answers=row.statement,
        follows=(row.statement,),
        sender=way.sender,
        route=way.route,
        addressees=(way.addressee,),
        copies=way.copies,
    )
    parts = [Part(READ, dict(ReadReceipt(read_ms=now_ms).to_plain()))]
    draft = Draft(docket=docket, parts=parts, readers=way.readers, act=act, handovers=way.handovers)
    send(draft, context=context)
