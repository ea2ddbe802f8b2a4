"""The one direct that travels: an office reminds the desk where an enquiry lies, by a signed word to that desk's node.

Invariant: it is believed only with the act of a member of that office, of a desk that its agency's directory calls an office, and where the
enquiry's own way names that desk; it carries nothing of the matter. Said again it counts and calls the desk at most every six hours, so
nobody is called at another's will. What crosses the answer is no fault and changes nothing. Service statements always pass.

    office.reminder    since when an enquiry lies at the desk, by the office's word
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

from tansiq.channels.desks import role_of
from tansiq.channels.officers import ActingOfficer, verified_act
from tansiq.enquiries.rows import EnquiryRow, enquiry_rows
from tansiq.errors import BadInput, Conflict, NotFound, NotProven, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.kinds import Arrived, register
from tansiq.exchange.own_again import register_recovered
from tansiq.exchange.readers import post_reader
from tansiq.exchange.service import SERVICE_CHANNEL
from tansiq.exchange.services import send
from tansiq.office.compartments import Compartment
from tansiq.office.directing import directs_of, held_flow, keep_direct
from tansiq.office.feeding import OFFICE
from tansiq.office.rows import FlowRow
from tansiq.policy.reminder import OfficeReminder
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.envelope import Lane
from tansiq.protocol.ids import id_text
from tansiq.protocol.parts import Part

__all__ = ["REMINDER", "Reminded", "lies_since", "register_reminders", "remind", "reminders_at", "reminders_of"]

REMINDER: Final = "office.reminder"
_EVERY_HOURS: Final = 6
_EVERY_MS: Final = _EVERY_HOURS * 3_600_000
_KEEP: Final = (
    "INSERT INTO office_reminder (matter, office, post, officer, statement, since_ms, said_ms, told_ms, times) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1) ON CONFLICT (matter, office) DO UPDATE SET times = office_reminder.times + 1, "
    "post = excluded.post, officer = excluded.officer, statement = excluded.statement, since_ms = excluded.since_ms, "
    "told_ms = CASE WHEN excluded.told_ms >= office_reminder.told_ms + %s THEN excluded.told_ms ELSE office_reminder.told_ms END, "
    "said_ms = excluded.said_ms WHERE excluded.said_ms > office_reminder.said_ms"
)
_COLUMNS: Final = "matter, office, post, officer, since_ms, said_ms, told_ms, times"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """A reminder as it stands at a desk; times are UTC milliseconds."""

    matter: bytes
    office: str
    post: str
    officer: str
    since_ms: int
    said_ms: int
    told_ms: int
    times: int


def lies_since(row: FlowRow) -> int:
    """Since when a matter lies where it lies: its last move."""
    return row.moved_ms


def remind(matter: bytes, *, who: Compartment, officer: ActingOfficer, context: Context) -> bytes:
    """Reminds the desk where the matter lies; returns the statement. Raises NotFound, Conflict ('office.nothing-due', 'office.reminded-lately')
    and what sealing to that desk raises.
    """
    now_ms = context.clock()
    with transaction.atomic():
        row = held_flow(matter, who)
        desk = row.lies_at
        if not desk or not row.kind.startswith("enquiry."):
            raise Conflict("office.nothing-due")
        lately = [one for one in directs_of(row, context=context) if one.what == "remind" and one.value == desk]
        if lately and now_ms < lately[-1].at_ms + _EVERY_MS:
            raise Conflict("office.reminded-lately", hours=_EVERY_HOURS)
        ours = agency_of(desk) == context.agency
        draft = Draft(
            docket=Docket(
                kind=REMINDER,
                channel=SERVICE_CHANNEL,
                matter=matter,
                field=row.field,
                sender=row.office,
                route=(row.office, desk),
                addressees=(desk,),
            ),
            parts=[Part(REMINDER, dict(OfficeReminder(since_ms=lies_since(row)).to_plain()))],
            readers=[] if ours else [post_reader(desk, peer=agency_of(desk), now_ms=now_ms)],
            lane=Lane.URGENT,
            act=officer.acting(REMINDER, post=row.office),
        )
        statement = send(draft, context=context)
        if ours:
            _keep(draft.docket, officer.number, statement.id, since_ms=lies_since(row), said_ms=statement.time_ms)
        keep_direct(row, "remind", value=desk, other=statement.id, who=who, context=context)
    return statement.id


def _keep(
    docket: Docket, officer: str, statement: bytes, *, since_ms: int, said_ms: int, at_ms: int | None = None
) -> None:
    told_ms = said_ms if at_ms is None else at_ms
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP,
            (
                docket.matter, docket.sender, docket.addressees[0], officer, statement, since_ms, said_ms, told_ms, _EVERY_MS,
            ),
        )  # fmt: skip


def _require_its_office(docket: Docket, row: EnquiryRow) -> None:
    """Raises Refused unless an office on the enquiry's own way speaks to the desk of ours that has it."""
    on_its_way = docket.sender in {row.office_post, *row.route, *row.copies}
    if role_of(docket.sender) != OFFICE or not on_its_way or docket.addressees != (row.own_post,):
        raise Refused("office.not-its-office", post=docket.sender)


def _word(one: Arrived) -> OfficeReminder:
    part = one.part(REMINDER)
    if part is None:
        raise BadInput("protocol.wrong-field", what=REMINDER, field=0)
    return OfficeReminder.from_plain(part.content)


def _take(arrived: Sequence[Arrived], _context: Context) -> None:
    for one in arrived:
        if one.statement.agency != one.peer:
            raise NotProven("protocol.other-identity", agency=one.statement.agency)
        act, word = verified_act(one), _word(one)
        rows = enquiry_rows("matter = %s", (one.docket.matter,))
        if not rows:
            raise NotFound("enquiries.unknown", enquiry=id_text(one.docket.matter))
        _require_its_office(one.docket, rows[0])
        if rows[0].is_open:
            _keep(
                one.docket, act.officer, one.statement.id, since_ms=word.since_ms or 0, said_ms=one.statement.time_ms, at_ms=one.at_ms
            )  # fmt: skip


def _again(one: Arrived, context: Context) -> None:
    """Our own reminder to a desk of our own node, after a restore."""
    act = one.act()
    if act is not None and agency_of(one.docket.addressees[0]) == context.agency:
        _keep(
            one.docket, act[0].officer, one.statement.id, since_ms=_word(one).since_ms or 0, said_ms=one.statement.time_ms
        )  # fmt: skip


def _read(where: str, values: Sequence[object]) -> list[Reminded]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM office_reminder WHERE {where}", list(values))  # type: ignore[arg-type]
        return [
            Reminded(
                matter=bytes(row[0]), office=row[1], post=row[2], officer=row[3], since_ms=row[4], said_ms=row[5], told_ms=row[6],
                times=row[7],
            )
            for row in cursor.fetchall()
        ]  # fmt: skip


def reminders_of(matter: bytes, posts: Sequence[str]) -> list[Reminded]:
    """The reminders of a matter that came for one of ``posts``, the latest first."""
    found = _read("matter = %s ORDER BY said_ms DESC LIMIT 20", [matter])
    return [one for one in found if one.post in posts]


def reminders_at(posts: Sequence[str], *, since_ms: int, limit: int = 20) -> list[Reminded]:
    """What the desks ``posts`` were called to since ``since_ms`` and still have to say something in, the latest first."""
    found: list[Reminded] = []
    for post in dict.fromkeys(posts):
        found += _read("post = %s AND told_ms >= %s ORDER BY told_ms DESC LIMIT %s", [post, since_ms, limit])
    still = {row.matter for one in found for row in enquiry_rows("matter = %s", (one.matter,)) if row.is_open}
    return sorted((one for one in found if one.matter in still), key=lambda one: -one.told_ms)[:limit]


def register_reminders() -> None:
    """Registers the kind; again does nothing new."""
    register(REMINDER, _take)
    register_recovered(REMINDER, _again)
