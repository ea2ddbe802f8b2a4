"""What arrives of strategic reports: verified before a row is written.

Invariant: what came by another channel or past a desk that its way names, is not signed by a member of the desk that it comes from, lacks what
the law wants or contradicts its docket is refused as a whole: the post room quarantines it with the reason. That a report was read is
believed of the desk alone for which it was. A partner's newer code makes nothing unlawful.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from tansiq.cases.files_sending import files_in, note_files
from tansiq.cases.services import add_items, bring_forward
from tansiq.channels.arriving import came_by_their_way
from tansiq.channels.desks import role_of
from tansiq.channels.officers import verified_act
from tansiq.channels.passing import on_moved
from tansiq.channels.stored import Stored
from tansiq.enquiries.notices import ring
from tansiq.errors import BadInput, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived, register
from tansiq.exchange.own_again import register_recovered
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.conditions import Conditions
from tansiq.policy.direct import ReadReceipt
from tansiq.policy.faults import Faults, refuse
from tansiq.policy.report import StrategicReport, report_faults
from tansiq.policy.ways import state_of
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.ids import id_text
from tansiq.relations.reports import CHANNEL, READ, REPORT, add_report, note_read, note_withdrawn, rename, report_row
from tansiq.relations.reports_saying import OFFICE, report_items, row_of

__all__ = ["register_reports"]

NODE = "node"
_NEWER = "policy.law.code-unknown"


def _check_docket(docket: Docket, report: StrategicReport) -> None:
    """Raises BadInput or Refused unless the docket is a report's and says what the report says."""
    conditions = report.conditions or Conditions()
    if docket.channel != CHANNEL:
        raise BadInput("relations.docket-differs", field="channel")
    if len(docket.addressees) != 1 or docket.route[-1] != docket.addressees[0]:
        raise BadInput("relations.docket-differs", field="route")
    if OFFICE not in {role_of(post) for post in docket.route}:
        raise Refused("relations.no-office")
    if docket.field != (report.fields[0] if report.fields else ""):
        raise BadInput("relations.docket-differs", field="field")
    if docket.classification != (conditions.classification or "") or set(docket.handling) != set(conditions.codes):
        raise BadInput("relations.docket-differs", field="conditions")


def _judged(one: Arrived) -> tuple[StrategicReport, str]:
    """The report in what arrived, and who signed it. Raises NotFound, NotProven, Refused and BadInput."""
    if not one.body_open:
        raise NotFound("relations.body-closed")
    act = verified_act(one)
    part = one.part(REPORT)
    if part is None:
        raise BadInput("relations.part-missing", kind=REPORT)
    report = StrategicReport.from_plain(part.content)
    _check_docket(one.docket, report)
    today = dt.datetime.fromtimestamp(one.statement.time_ms / 1000, dt.UTC).date()
    crosses = state_of(one.docket.sender) != state_of(one.docket.addressees[0])
    found = report_faults(report, crosses_border=crosses, today=today)
    refuse(Faults(fault for fault in found if fault.code != _NEWER))
    return report, act.officer


def _store(one: Arrived, report: StrategicReport, officer: str, context: Context) -> None:
    files = files_in(one)
    row = row_of(
        report, one.docket, statement=one.statement.id, officer=officer, said_ms=one.statement.time_ms, at_ms=one.at_ms,
        agency=context.agency, files=len(files),
    )  # fmt: skip
    add_report(row)
    items = report_items(report, row, originator=one.statement.agency)
    add_items(items, context=context)
    note_files(one.statement.id, files, items=items, context=context)


def _take_reports(arrived: Sequence[Arrived], context: Context) -> None:
    came_by_their_way(arrived, context)
    for one in arrived:
        report, officer = _judged(one)
        if agency_of(one.docket.sender) != one.statement.agency:
            raise Refused("relations.not-a-party", agency=one.statement.agency)
        _store(one, report, officer, context)
    ring([(post, False) for one in arrived for post in one.docket.route[1:] if agency_of(post) == context.agency])
    accesses = [
        Access(
            operation=Operation.COLLECTION,
            officer=NODE,
            thing=one.docket.matter,
            purpose="",
            justification=REPORT,
            time_ms=context.clock(),
        )
        for one in arrived
    ]
    log_access(accesses, keys=context.keys)


def _take_reads(arrived: Sequence[Arrived], context: Context) -> None:
    came_by_their_way(arrived, context)
    for one in arrived:
        if one.docket.channel != CHANNEL:
            raise BadInput("relations.docket-differs", field="channel")
        if not one.body_open:
            raise NotFound("relations.body-closed")
        act, part = verified_act(one), one.part(READ)
        if part is None:
            raise BadInput("relations.part-missing", kind=READ)
        said = report_row(one.docket.answers, one.docket.addressees)
        if said.addressee != one.docket.sender or agency_of(said.addressee) != one.statement.agency:
            raise NotFound("relations.unknown-report", report=id_text(one.docket.answers))
        read_ms = ReadReceipt.from_plain(part.content).read_ms
        note_read(said.statement, addressee=said.addressee, read_by=act.officer, read_ms=read_ms)


def _again(one: Arrived, context: Context) -> None:
    """Our own report, after a restore: its row and its items are made again."""
    part, found = one.part(REPORT), one.act()
    if part is not None and found is not None:
        _store(one, StrategicReport.from_plain(part.content), found[0].officer, context)


def _read_again(one: Arrived, _context: Context) -> None:
    part, found = one.part(READ), one.act()
    if part is not None and found is not None:
        read_ms = ReadReceipt.from_plain(part.content).read_ms
        note_read(one.docket.answers, addressee=one.docket.sender, read_by=found[0].officer, read_ms=read_ms)


def _moved(moved: Mapping[bytes, bytes], were: Sequence[Stored], _channel: str, context: Context) -> None:
    """Keeps the rows in step with what was taken back, or said again, while it waited."""
    now_ms = context.clock()
    for one in were:
        if one.docket.kind != REPORT:
            continue
        if new := moved[one.id]:
            rename(one.id, new)
        else:
            note_withdrawn(one.id, now_ms=now_ms)
            bring_forward([one.id], review_ms=now_ms, erase_ms=now_ms)


def register_reports() -> None:
    """Registers the kinds of strategic reports."""
    register(REPORT, _take_reports)
    register(READ, _take_reads)
    register_recovered(REPORT, _again)
    register_recovered(READ, _read_again)
    on_moved("report.", _moved)
