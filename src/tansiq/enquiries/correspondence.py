"""What officers say in an enquiry besides asking and answering: ask back, clarify, announce a delay, remind, withdraw,
tell what became of it; and the translations that they make.

Invariant: as in ``services``: the law and the course of the enquiry are asked first, nothing is stored when they say no,
and everything is one commit. Directive (EU) 2023/977, Articles 5(2) and 6(3).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction

from tansiq.cases.contents import open_statements
from tansiq.cases.items import Whence, plain_item
from tansiq.cases.services import add_items
from tansiq.channels.copies import note_said
from tansiq.channels.ways import Way
from tansiq.directory.queries import own_directory
from tansiq.enquiries.attested import check_attested
from tansiq.enquiries.closed import closed_item, refuse_closed
from tansiq.enquiries.drafts import (
    CLARIFICATION,
    CLARIFICATION_REQUEST,
    DELAY,
    FEEDBACK,
    REMINDER,
    WITHDRAWAL,
    word_draft,
)
from tansiq.enquiries.going import way_in
from tansiq.enquiries.history import heads, require_permitted, settle
from tansiq.enquiries.made import word_whence
from tansiq.enquiries.officers import ActingOfficer
from tansiq.enquiries.rows import Direction, EnquiryRow, ReplyRow, add_replies, enquiry_rows, replies_of
from tansiq.enquiries.seen import require_read, stands_at
from tansiq.enquiries.services import disclosure, held_matter
from tansiq.enquiries.translations import store_own, translation_items, translations_kept
from tansiq.enquiries.wording import check_wording, languages_read
from tansiq.errors import BadInput, NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.services import send_many
from tansiq.journal.access import log_access
from tansiq.policy.correspondence import (
    Clarification,
    ClarificationRequest,
    DelayNotice,
    Feedback,
    Reminder,
    Translation,
    Withdrawal,
)
from tansiq.policy.course import Move, Side, side_of
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.law_between import Between, check_between
from tansiq.policy.values import Text
from tansiq.protocol.ids import id_text
from tansiq.web.numbers import whole

__all__ = [
    "BODIES",
    "announce_delay",
    "ask_clarification",
    "clarify",
    "codes_of",
    "give_feedback",
    "prepare_word",
    "remind_partner",
    "said_by",
    "translate",
    "withdraw",
]

BODIES: Final[Mapping[str, type[Between]]] = {
    CLARIFICATION_REQUEST: ClarificationRequest,
    CLARIFICATION: Clarification,
    DELAY: DelayNotice,
    REMINDER: Reminder,
    WITHDRAWAL: Withdrawal,
    FEEDBACK: Feedback,
}
"""The body of each kind of the correspondence."""
_KINDS: Final = {body: kind for kind, body in BODIES.items()}


def codes_of(said: Between) -> tuple[str, ...]:
    """The codes that a row keeps of a word: points, ground, reason, uses."""
    match said:
        case ClarificationRequest():
            return said.points
        case DelayNotice():
            return (said.ground,) if said.ground else ()
        case Withdrawal():
            return (said.reason,) if said.reason else ()
        case Feedback():
            return said.uses
        case Reminder():
            return (said.code,) if said.code else ()
    return ()


def said_by(move: Move) -> Direction:
    """At whose enquiries we may say it: our own, or a partner's."""
    return Direction.OUT if side_of(move) is Side.ASKER else Direction.IN


@dataclass(frozen=True, slots=True)
class Prepared:
    """A word before it is said: its enquiry, what was said before, its row without a statement, its way and draft."""

    enquiry: EnquiryRow
    words: Sequence[ReplyRow]
    row: ReplyRow
    way: Way
    draft: Draft


def prepare_word(
    matter: bytes,
    said: Between,
    *,
    context: Context,
    officer: ActingOfficer,
    translations: Sequence[Translation] = (),
) -> Prepared:
    """The draft of a word that may be said now; nothing is stored. Raises as the verbs of this module do."""
    now_ms, kind = context.clock(), _KINDS[type(said)]
    row = ReplyRow(
        statement=b"",
        matter=matter,
        kind=kind,
        post="",
        officer=officer.number,
        said_ms=now_ms,
        at_ms=now_ms,
        grounds=codes_of(said),
        until_ms=said.until_ms if isinstance(said, DelayNotice) else None,
    )
    enquiry, words = held_matter(matter, officer, said_by(row.move), context=context)
    require_permitted(row.move, enquiry, words, said_ms=now_ms)
    own = own_directory()
    check_between(said, said_ms=now_ms, today=dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date())
    if isinstance(said, Clarification):
        check_attested(None, said.subjects, own)
    row = replace(row, post=enquiry.own_post, follows=heads(words))
    way = way_in(enquiry, context=context, officer=officer.number, now_ms=now_ms)
    if way.between_persons:
        refuse_closed(said if isinstance(said, DelayNotice) else None)
    row = replace(row, grounds=()) if way.closed else row
    request = open_statements([enquiry.request], keys=context.keys).get(enquiry.request)
    asked_back = [word.statement for word in words if word.move is Move.ASK_BACK]
    draft = word_draft(
        said,
        enquiry=enquiry,
        request=request.docket if request is not None else None,
        answers=asked_back[-1] if row.move is Move.CLARIFY else enquiry.request,
        follows=(enquiry.request, *row.follows),
        way=way,
        act=officer.acting(kind, post=enquiry.own_post),
        translations=translations,
    )
    check_wording(
        said,
        languages=languages_read(enquiry.their_post),
        urgent=enquiry.urgent,
        translations=translations,
        own=own,
        tags=None if translations else draft.docket.languages,
    )
    return Prepared(enquiry, words, row, way, draft)


def _say(
    matter: bytes,
    said: Between,
    *,
    context: Context,
    officer: ActingOfficer,
    translations: Sequence[Translation] = (),
) -> bytes:
    now_ms = context.clock()
    with transaction.atomic():
        ready = prepare_word(matter, said, context=context, officer=officer, translations=translations)
        enquiry = ready.enquiry
        statement = send_many([ready.draft], context=context)[0]
        note_said([(statement, ready.draft.docket)], context=context)
        row = replace(ready.row, statement=statement.id, said_ms=statement.time_ms)
        add_replies([row])
        whence = word_whence(enquiry, row, sender=context.agency)
        subjects = said.subjects if isinstance(said, Clarification) else ()
        closed = ready.way.closed
        item = closed_item(whence, ready.draft.docket) if closed else plain_item(whence, row.kind, subjects=subjects)
        add_items([item], context=context)
        if translations and not closed:
            translations_kept(translations, translation_items(translations, whence, first=1), context=context)
        settle(enquiry, row, ready.words, received_ms=enquiry.received_ms)
        law = LawBasis(purpose=enquiry.purpose or None)
        log_access([disclosure(matter, law, ready.way, officer=officer.number, now_ms=now_ms)], keys=context.keys)
    return statement.id


def ask_clarification(
    matter: bytes,
    question: ClarificationRequest,
    *,
    context: Context,
    officer: ActingOfficer,
    translations: Sequence[Translation] = (),
) -> bytes:
    """Asks the partner to clarify its enquiry, which stops the clock; returns the statement's id.

    Every verb here raises NotFound (no such enquiry on the officer's desk), Conflict (closed, or not now), Refused (law,
    language), BadInput.
    """
    return _say(matter, question, context=context, officer=officer, translations=translations)


def clarify(
    matter: bytes,
    answer: Clarification,
    *,
    context: Context,
    officer: ActingOfficer,
    translations: Sequence[Translation] = (),
) -> bytes:
    """Answers the partner's question back; with its receipt the clock goes on. Returns the statement's id."""
    return _say(matter, answer, context=context, officer=officer, translations=translations)


def announce_delay(
    matter: bytes,
    notice: DelayNotice,
    *,
    context: Context,
    officer: ActingOfficer,
    translations: Sequence[Translation] = (),
) -> bytes:
    """Tells the partner that the answer waits for a judicial authorisation, and until when; a later one updates."""
    return _say(matter, notice, context=context, officer=officer, translations=translations)


def remind_partner(matter: bytes, reminder: Reminder, *, context: Context, officer: ActingOfficer) -> bytes:
    """Reminds the partner with one code; not again within six hours."""
    return _say(matter, reminder, context=context, officer=officer)


def withdraw(matter: bytes, withdrawal: Withdrawal, *, context: Context, officer: ActingOfficer) -> bytes:
    """Withdraws our enquiry: it ends on both sides, and what was asked is erased at the partner."""
    return _say(matter, withdrawal, context=context, officer=officer)


def give_feedback(matter: bytes, feedback: Feedback, *, context: Context, officer: ActingOfficer) -> bytes:
    """Tells the partner what became of its answer, and closes the matter; later feedback adds to it."""
    return _say(matter, feedback, context=context, officer=officer)


def translate(
    matter: bytes,
    statement: bytes,
    *,
    part: int,
    field: str,
    text: Text,
    context: Context,
    officer: ActingOfficer,
) -> bytes:
    """Keeps the officer's translation of one text of the enquiry, here; the original stays. Returns the item's id.

    ``field`` is its path in part ``part`` of ``statement``. Raises NotFound (no such enquiry, statement or part),
    BadInput ('enquiries.translates-nothing').
    """
    rows = enquiry_rows("matter = %s", (matter,))
    if not rows or not stands_at(rows[0], officer):
        raise NotFound("enquiries.unknown", enquiry=id_text(matter))
    require_read(rows[0], officer, context)
    opened = open_statements([statement], keys=context.keys).get(statement)
    if statement not in {rows[0].request, *(word.statement for word in replies_of([matter]))} or opened is None:
        raise NotFound("enquiries.unknown-statement", enquiry=id_text(matter))
    content = opened.parts[part] if part < len(opened.parts) else None
    original = _text_at(content.content if content is not None else None, field)
    if original is None or original.get("language") == text.language:
        raise BadInput("enquiries.translates-nothing", field=field)
    whence = Whence(
        case=rows[0].case or matter,
        statement=statement,
        sender=context.agency,
        received_ms=context.clock(),
        purpose=rows[0].purpose,
    )
    made = Translation(part=part, field=field, text=text, translator=officer.number)
    return store_own(made, whence, context=context, officer=officer.number)


def _text_at(content: object, field: str) -> dict[str, object] | None:
    """The text that stands at a path of a plain record; None: none does."""
    here: object = content
    for step in field.split("."):
        if isinstance(here, dict):
            here = here.get(step)
        elif isinstance(here, list) and (place := whole(step)) is not None and place < len(here):
            here = here[place]
        else:
            return None
    return here if isinstance(here, dict) and {"language", "value"} <= set(here) else None
