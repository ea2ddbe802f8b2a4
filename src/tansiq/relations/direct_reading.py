"""Reading what heads said to one another: opened with the own key of whoever it is for, and told to the one who said it.

Invariant: a body is opened for the look of its reader, judged before its words are shown, and kept nowhere. Whoever was a deputy
reads only while the delegation holds. Every look is logged first (Directive (EU) 2016/680, Article 25); with the first one the
partner's head is told that it was read, by a word that the reader signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from tansiq.errors import Error
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.eyes_only import open_with
from tansiq.exchange.readers import post_reader
from tansiq.exchange.services import send_many
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.direct import DirectMessage, ReadReceipt
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Lane
from tansiq.protocol.parts import Part
from tansiq.relations.direct import CHANNEL, IN, MESSAGE, READ, DirectRow, note_opened, thread
from tansiq.relations.direct_ending import bring_forward
from tansiq.relations.direct_judging import judged
from tansiq.relations.direct_persons import require_may_act
from tansiq.relations.officers import KeyOfficer

__all__ = ["ReadMessage", "peek_thread", "read_thread"]

_PURPOSE = "purpose.investigation"


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """One message as its reader sees it. ``message`` is None where it does not open (``fault``: the code of why) or has ended (no
    ``fault``).
    """

    row: DirectRow
    message: DirectMessage | None = field(repr=False)
    by: str = ""
    fault: str = ""


def _opened(row: DirectRow, officer: KeyOfficer, context: Context) -> ReadMessage:
    if row.erased_ms is not None:
        return ReadMessage(row, None, row.officer)
    if not officer.reading:
        return ReadMessage(row, None, row.officer, "relations.unopened")
    try:
        message, by = judged(open_with(row.statement, officer.reading, context=context))
    except Error as error:
        return ReadMessage(row, None, row.officer, error.code)
    return ReadMessage(row, message, by)


def _receipt(row: DirectRow, officer: KeyOfficer, now_ms: int) -> Draft:
    """The word that a message was read: it holds nothing but when, so it is sealed to the partner's desk."""
    reader: Reader = post_reader(row.their_post, peer=row.partner, now_ms=now_ms)
    docket = Docket(
        kind=READ,
        channel=CHANNEL,
        field=row.field,
        matter=row.matter,
        answers=row.statement,
        follows=(row.statement,),
        sender=row.own_post,
        route=(row.own_post, row.their_post),
        addressees=(row.their_post,),
    )
    return Draft(
        docket=docket,
        parts=[Part(READ, dict(ReadReceipt(read_ms=now_ms).to_plain()))],
        readers=[reader],
        lane=Lane.URGENT,
        act=officer.acting(READ, post=row.own_post),
    )


def peek_thread(matter: bytes, *, context: Context, officer: KeyOfficer) -> list[ReadMessage]:
    """What `read_thread` returns, for who is writing in it: nothing is logged and nobody is told. Raises the same."""
    rows = thread(matter, officer.posts)
    require_may_act(rows[0].own_post, officer.number, context.clock())
    return [_opened(row, officer, context) for row in rows]


def read_thread(matter: bytes, *, context: Context, officer: KeyOfficer) -> list[ReadMessage]:
    """All that was said in a matter, opened as far as this reader opens it; what is opened for the first time is receipted.

    Raises NotFound (no such matter of this reader's desk) and Refused (a deputy whose delegation does not hold).
    """
    now_ms = context.clock()
    found = peek_thread(matter, context=context, officer=officer)
    access = Access(
        operation=Operation.CONSULTATION,
        officer=officer.number,
        thing=matter,
        purpose=_PURPOSE,
        justification=MESSAGE,
        time_ms=now_ms,
    )
    with transaction.atomic():
        log_access([access], keys=context.keys)
        _tell(found, officer, context, now_ms)
    return found


def _tell(found: Sequence[ReadMessage], officer: KeyOfficer, context: Context, now_ms: int) -> None:
    for one in found:
        if one.message is not None:
            bring_forward(one.row.statement, one.message.conditions)
    fresh = [one for one in found if one.message is not None and one.row.direction == IN and one.row.read_ms is None]
    for one in fresh:
        note_opened(one.row.statement, signed_by=one.by, read_by=officer.number, now_ms=now_ms)
    if fresh:
        send_many([_receipt(one.row, officer, now_ms) for one in fresh], context=context)
