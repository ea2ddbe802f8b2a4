"""Sending a strategic report: from the embassy's office to its own service or to the host, and from either to the office.

Invariant: the rules of the channels and the law are asked first, and nothing is stored when they say no; no other channel than the
embassy's carries a report. What is said, its row, its items and its leaf in the access journal are one commit. Between two desks of
this node it stays in the house, signed and kept like what leaves. Directive (EU) 2016/680, Articles 8, 25 and 35.

    matter, statement = send_report(report, sender="es.cgi/embassy-office", to="ma.dgst/head", context=context, officer=officer)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction

from tansiq.cases.files_sending import OwnFile, note_sent_files, with_files
from tansiq.cases.items import NewItem, Whence, plain_item
from tansiq.cases.services import add_items
from tansiq.channels.agreed import agreed_faults
from tansiq.channels.approvals import Approvals
from tansiq.channels.available import available, ends_of
from tansiq.channels.choices import ChoiceRow, add_choices
from tansiq.channels.choosing import Chosen, choose
from tansiq.channels.compartments import reads_body
from tansiq.channels.copies import note_said
from tansiq.channels.desks import role_of
from tansiq.channels.officers import ActingOfficer
from tansiq.channels.seen import digest_of
from tansiq.channels.ways import Way, find
from tansiq.channels.world import world_for
from tansiq.directory.queries import own_directory
from tansiq.enquiries.attested import check_attested
from tansiq.enquiries.drafts import languages_of
from tansiq.enquiries.notices import ring
from tansiq.enquiries.wording import languages_read
from tansiq.errors import BadInput, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, OfficerAct
from tansiq.exchange.services import send
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.channel_matter import Channel, Matter, Nature
from tansiq.policy.conditions import Conditions
from tansiq.policy.faults import Faults, refuse
from tansiq.policy.languages import language_faults
from tansiq.policy.report import StrategicReport, report_faults
from tansiq.policy.ways import state_of
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.ids import IdMaker
from tansiq.protocol.parts import Part
from tansiq.relations.reports import CHANNEL, OUT, REPORT, ReportRow, add_report

__all__ = ["OFFICE", "Prepared", "faults_of", "matter_of", "prepare_report", "report_items", "send_report"]

OFFICE: Final = "office"
"""The role of an embassy's office in the directory."""
_maker = IdMaker()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A report before it is said: its way and docket, its part, how the channel was judged; ``home``: it stays on this node."""

    way: Way
    docket: Docket
    parts: tuple[Part, ...]
    judged: Matter
    chosen: Chosen
    approvals: Approvals
    home: bool

    def draft(self, act: OfficerAct | None) -> Draft:
        """What the post room is given."""
        return Draft(
            docket=self.docket,
            parts=self.parts,
            readers=self.way.readers,
            act=act,
            handovers=self.way.handovers,
        )


def _crosses(sender: str, to: str) -> bool:
    return state_of(sender) != state_of(to)


def faults_of(report: StrategicReport, *, sender: str, to: str, now_ms: int) -> Faults:
    """All that a report lacks in law and in language, for the desk that it is for."""
    today = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()
    return Faults(
        (
            *report_faults(report, crosses_border=_crosses(sender, to), today=today),
            *language_faults(report, languages=languages_read(to), translated={}),
            *agreed_faults(report.law, agency_of(to), at_ms=now_ms),
        )
    )


def matter_of(report: StrategicReport, *, sender: str, to: str) -> Matter:
    """What the rules of the channels look at: strategic, and sensitive unless it says that nothing in it is restricted."""
    conditions = report.conditions or Conditions()
    return Matter(
        kind=REPORT,
        field=report.fields[0] if report.fields else "",
        nature=Nature.STRATEGIC,
        sensitive=True,
        classification=conditions.classification or "class.none",
        countries=(state_of(to).upper(),) if _crosses(sender, to) else (),
        personal_data=report.personal is not False,
    )


def _way(sender: str, to: str, *, via: str, context: Context) -> Way:
    """The way between two desks: over the office, or between it and one of the two; in the house where both are ours.

    Raises as `ways.find`, BadInput ('relations.no-office': neither of the two desks of one node is the office).
    """
    if agency_of(sender) != agency_of(to):
        return find(CHANNEL, sender, to, context=context, now_ms=context.clock(), via=via)
    own = {post.id for post in own_directory().posts}
    for post in (sender, to):
        if post not in own:
            raise NotFound("directory.unknown-post", post=post)
    if sender == to or OFFICE not in {role_of(sender), role_of(to)}:
        raise BadInput("relations.no-office")
    return Way(channel=CHANNEL, route=(sender, to))


def _choose(
    matter: Matter,
    channel: Channel,
    *,
    sender: str,
    to: str,
    via: str,
    context: Context,
    officer: str,
    posts: Sequence[str],
) -> tuple[Chosen, Approvals]:
    partner = agency_of(to)

    def closed(other: Channel) -> str:
        if partner == context.agency:
            return ""
        ends = ends_of(
            other,
            sender=sender,
            addressee=to,
            posts=posts,
            via=via,
            field=matter.field,
            case=matter.case,
            context=context,
        )
        return available(other, ends, officer=officer, context=context)

    now_ms = context.clock()
    approvals = Approvals(digest_of(matter, channel, partner), officer, now_ms)
    world = world_for(matter, partner, sender=sender, at_ms=now_ms)
    return choose(channel, matter, world, closed=closed, approver=approvals.by), approvals


def prepare_report(
    report: StrategicReport,
    *,
    sender: str,
    to: str,
    via: str = "",
    channel: Channel = Channel.EMBASSY,
    context: Context,
    number: str,
    posts: Sequence[str],
) -> Prepared:
    """A report that may be said now by ``number`` in the desk ``sender``; nothing is stored. Raises as `send_report`."""
    now_ms = context.clock()
    if sender not in posts:
        raise Refused("channels.officer-not-in-post", officer=number, post=sender)
    if not reads_body(sender, number, ends=(sender, to), fields=report.fields):
        raise Refused("relations.other-compartment", officer=number)
    matter = matter_of(report, sender=sender, to=to)
    chosen, approvals = _choose(
        matter, channel, sender=sender, to=to, via=via, context=context, officer=number, posts=posts
    )
    if channel is not Channel.EMBASSY:
        raise Refused("relations.embassy-only", channel=str(channel))
    refuse(faults_of(report, sender=sender, to=to, now_ms=now_ms))
    check_attested(report.law, report.subjects, own_directory())
    way = _way(sender, to, via=via, context=context)
    conditions = report.conditions or Conditions()
    docket = Docket(
        kind=REPORT,
        channel=CHANNEL,
        field=matter.field,
        matter=_maker.make(now_ms),
        classification=conditions.classification or "",
        handling=conditions.codes,
        languages=languages_of(report.to_plain()),
        sender=way.sender,
        route=way.route,
        addressees=(way.addressee,),
        copies=way.copies,
    )
    home = agency_of(to) == context.agency
    return Prepared(way, docket, (Part(REPORT, dict(report.to_plain())),), matter, chosen, approvals, home)


def report_items(report: StrategicReport, row: ReportRow, *, originator: str) -> list[NewItem]:
    """The item that a report is where it is read: under its matter, with its handling, its persons' categories and its purpose."""
    whence = Whence(
        case=row.matter, statement=row.statement, sender=originator, received_ms=row.at_ms, purpose=report.given_for
    )
    item = plain_item(whence, REPORT, subjects=report.subjects, conditions=report.conditions)
    return [replace(item, source=report.source or "X", information=report.information or "4")]


def row_of(report: StrategicReport, docket: Docket, *, statement: bytes, officer: str, said_ms: int, at_ms: int,
           agency: str, files: int) -> ReportRow:  # fmt: skip
    """The row of a report by its docket, at the node of ``agency``."""
    sender, to = docket.sender, docket.addressees[0]
    ours = agency_of(sender) == agency
    return ReportRow(
        statement=statement,
        matter=docket.matter,
        direction=OUT if ours else 2,
        partner=agency_of(to) if ours else agency_of(sender),
        sender=sender,
        office=docket.route[1] if len(docket.route) > 2 else "",
        addressee=to,
        fields=" ".join(report.fields),
        from_ms=report.from_ms or 0,
        until_ms=report.until_ms or 0,
        officer=officer,
        files=files,
        said_ms=said_ms,
        at_ms=at_ms,
    )


def send_report(
    report: StrategicReport,
    *,
    sender: str,
    to: str,
    via: str = "",
    channel: Channel = Channel.EMBASSY,
    files: Sequence[OwnFile] = (),
    context: Context,
    officer: ActingOfficer,
) -> tuple[bytes, bytes]:
    """Sends a report from the desk ``sender`` of ours to the desk ``to``; returns its matter and its statement.

    ``via`` is the embassy's office where several fit; ``files`` are own files that go with it. Raises Refused (not in that desk, a field or a
    service that the officer's compartment there does not reach, the channel's rules, an approval that is needed, law, language, partner not
    confirmed), NotFound (no such desk or file) and BadInput (no office stands on the way).
    """
    with transaction.atomic():
        ready = prepare_report(
            report,
            sender=sender,
            to=to,
            via=via,
            channel=channel,
            context=context,
            number=officer.number,
            posts=officer.posts,
        )
        draft, sent = with_files(
            ready.draft(officer.acting(REPORT, post=sender)), files, context=context, officer=officer.number
        )
        statement = send(draft, context=context)
        row = row_of(
            report, ready.docket, statement=statement.id, officer=officer.number, said_ms=statement.time_ms,
            at_ms=statement.time_ms, agency=context.agency, files=len(sent),
        )  # fmt: skip
        add_report(row)
        items = report_items(report, row, originator=context.agency)
        add_items(items, context=context)
        note_sent_files(statement.id, sent, items=items, context=context, officer=officer.number)
        _keep(ready, row, statement_time=statement.time_ms, officer=officer.number, context=context)
        if not ready.home:
            note_said([(statement, ready.docket)], context=context)
    return row.matter, row.statement


def _keep(ready: Prepared, row: ReportRow, *, statement_time: int, officer: str, context: Context) -> None:
    """The choice of the channel, the leaf in the access journal, and who in this house is told that something has come."""
    add_choices(
        [
            ChoiceRow.of(
                ready.chosen, ready.judged, statement=row.statement, matter=row.matter, partner=row.partner, officer=officer,
                at_ms=statement_time,
            )
        ]
    )  # fmt: skip
    ready.approvals.used(row.statement)
    access = Access(
        operation=Operation.DISCLOSURE,
        officer=officer,
        thing=row.matter,
        purpose="",
        justification=REPORT,
        recipients=ready.way.route[1:],
        time_ms=statement_time,
    )
    log_access([access], keys=context.keys)
    ours = [post for post in ready.way.route[1:] if agency_of(post) == context.agency]
    if ours:
        ring([(post, False) for post in ours])
