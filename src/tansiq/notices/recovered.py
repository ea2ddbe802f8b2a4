"""After a backup was restored: the rows of what we ourselves had said about notices since it was made.

Invariant: the post room has brought back the statements with their keys; here their rows and items are made again, as far as
their bodies still open. What is there already stays as it is.
"""

from __future__ import annotations

from tansiq.errors import Error
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.own_again import register_recovered
from tansiq.notices.answering import found_in_answer
from tansiq.notices.declared import DeclarationRow, Direction, declaration_rows, end_declarations, keep_declaration
from tansiq.notices.declaring import ENDED
from tansiq.notices.desks import is_hub
from tansiq.notices.given import mark_given
from tansiq.notices.kinds import ANSWER, BODIES, DIFFUSION, FIRST, NOTICE, STATUS, Side
from tansiq.notices.rows import NoticeRow, WordRow, add_notice, notice_rows, words_of
from tansiq.notices.saying import keep_item, note_said
from tansiq.notices.settling import settle
from tansiq.policy.notice import Notice, NoticeAnswer, Publication, StatusDeclaration
from tansiq.policy.notice_course import Kind
from tansiq.policy.plain import Record
from tansiq.protocol.docket import ALL_MEMBERS, agency_of

__all__ = ["register_recovered_kinds"]


def _officer(arrived: Arrived) -> str:
    found = arrived.act()
    return found[0].officer if found is not None else ""


def _body(arrived: Arrived, record: type[Record]) -> Record | None:
    part = arrived.part(arrived.docket.kind)
    try:
        return None if part is None else record.from_plain(part.content)
    except Error:
        return None


def _first_again(arrived: Arrived, context: Context) -> None:
    docket = arrived.docket
    if notice_rows("matter = %s", (docket.matter,)):
        return
    body = _body(arrived, Notice)
    notice = body if isinstance(body, Notice) else Notice()
    row = NoticeRow(
        matter=docket.matter,
        kind=FIRST[docket.kind],
        side=Side.SOURCE,
        colour=notice.colour or "",
        source=context.agency,
        source_post=docket.sender,
        first=arrived.statement.id,
        state="requested",
        field=docket.field,
        purpose=notice.rpd_purpose or "",
        classification=docket.classification,
        public=notice.public,
        officer=_officer(arrived),
        said_ms=arrived.statement.time_ms,
        came_ms=arrived.statement.time_ms,
        known=True,
    )
    add_notice(row)
    if body is not None:
        keep_item(arrived.statement, docket.kind, notice, matter=row.matter, received_ms=row.said_ms, context=context)
    if row.kind is Kind.DIFFUSION:
        posts = [post for post in docket.addressees if post != ALL_MEMBERS and post not in docket.route]
        mark_given(row.matter, [agency_of(post) for post in posts], now_ms=row.said_ms)
    settle(row, [], context=context, until_ms=notice.until_ms if row.kind is Kind.DIFFUSION else None)


def _word_again(arrived: Arrived, context: Context) -> None:
    docket = arrived.docket
    rows = notice_rows("matter = %s", (docket.matter,), lock=True)
    words = words_of([docket.matter])[docket.matter]
    if not rows or arrived.statement.id in {word.statement for word in words}:
        return
    row = rows[0]
    body = _body(arrived, BODIES[docket.kind])
    side = Side.MEMBER if docket.kind == ANSWER else Side.HUB if is_hub() else Side.SOURCE
    word = WordRow(
        statement=arrived.statement.id,
        matter=row.matter,
        kind=docket.kind,
        side=side,
        agency=context.agency,
        post=docket.sender,
        officer=_officer(arrived),
        version=docket.answers if isinstance(body, Publication) or docket.kind == "notice.refusal" else b"",
        follows=docket.follows,
        said_ms=arrived.statement.time_ms,
        at_ms=arrived.statement.time_ms,
    )
    if body is not None:
        word = note_said(word, body, row)
        keep_item(
            arrived.statement,
            docket.kind,
            body,
            matter=row.matter,
            received_ms=word.said_ms,
            context=context,
            purpose=row.purpose,
        )
    settle(row, [*words, word], context=context)
    if isinstance(body, NoticeAnswer):
        found_in_answer(word, body, row, context=context)


def _status_again(arrived: Arrived, context: Context) -> None:
    """A declaration of ours; one that was ended before the restore ends again with the word that ended it."""
    docket = arrived.docket
    body = _body(arrived, StatusDeclaration)
    if not isinstance(body, StatusDeclaration) or declaration_rows("statement = %s", (arrived.statement.id,)):
        return
    if body.status in ENDED:
        rows = declaration_rows(
            "matter = %s AND direction = %s AND ended_ms IS NULL", (docket.matter, int(Direction.OUT))
        )
        end_declarations(rows, context=context)
        return
    row = DeclarationRow(
        statement=arrived.statement.id,
        matter=docket.matter,
        direction=Direction.OUT,
        agency=context.agency,
        post=docket.sender,
        officer=_officer(arrived),
        status=body.status or "",
        reference=docket.matter.hex(),
        recipients=tuple(agency_of(post) for post in docket.addressees),
        said_ms=arrived.statement.time_ms,
        at_ms=arrived.statement.time_ms,
    )
    keep_declaration(row, body.subjects[0], context=context)


def register_recovered_kinds() -> None:
    """Registers what this room makes again of its own statements."""
    for kind in (NOTICE, DIFFUSION):
        register_recovered(kind, _first_again)
    for kind in BODIES:
        register_recovered(kind, _word_again)
    register_recovered(STATUS, _status_again)
