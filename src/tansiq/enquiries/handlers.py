"""What arrives for this room: requests, answers, refusals, and what is said between, verified before a row is written.

Invariant: what is not signed by an officer of its desk, contradicts its docket, lacks what the law wants, or answers
what was never asked is refused as a whole: the post room quarantines it with the reason and nothing of it is used. A
request is checked against the registers as it arrives (Directive (EU) 2023/977, Article 16(1)(d)); what is found is a
proposal for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tansiq.cases.erasure import follow
from tansiq.cases.files_sending import files_in, note_files
from tansiq.cases.items import NewItem, Whence, plain_item
from tansiq.cases.services import add_items
from tansiq.cases.sql import marks
from tansiq.channels.arriving import between_their_persons, came_by_their_way, reading_between
from tansiq.enquiries.accredited import require_carried
from tansiq.enquiries.closed_arrivals import (
    NODE,
    is_for_own_eyes,
    require_reader,
    take_closed_requests,
    take_closed_word,
)
from tansiq.enquiries.correspondence import BODIES, codes_of, said_by
from tansiq.enquiries.drafts import (
    ANSWER,
    CLARIFICATION,
    PARTIAL_REFUSAL,
    REFUSAL,
    REQUEST,
    TRANSLATION,
    URGENT_CLASSES,
)
from tansiq.enquiries.history import judge, settle
from tansiq.enquiries.lawful import day_of, known_codes, part_of, read_reply, require_lawful
from tansiq.enquiries.made import reply_items, word_whence
from tansiq.enquiries.notices import arrived as call
from tansiq.enquiries.officers import verified_act
from tansiq.enquiries.proposals import add_matches, forget_matches, matches_of
from tansiq.enquiries.recovered import placed_parts, register_recovered_kinds
from tansiq.enquiries.routes import received_at
from tansiq.enquiries.rows import (
    MOVES,
    Direction,
    EnquiryRow,
    ReplyRow,
    add_enquiries,
    add_replies,
    enquiry_rows,
    replies_of,
    way_text,
)
from tansiq.enquiries.translations import end_translations, translations_kept
from tansiq.errors import Conflict, NotFound, NotProven, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived, register
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.correspondence import Clarification, DelayNotice, Translation
from tansiq.policy.course import Move
from tansiq.policy.deadlines import due_at
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.faults import refuse
from tansiq.policy.law_between import between_faults
from tansiq.protocol.acts import Act
from tansiq.protocol.directory import Directory
from tansiq.protocol.docket import Docket, agency_of
from tansiq.registers.matching import index_of

__all__ = ["register_kinds"]

_PLAIN_PARTS = 2
"""Parts of a request without translations: the request and its officer's act."""


def _own_post(docket: Docket, agency: str) -> str:
    """The desk of ours that it is for. Raises Refused when it is only passing through."""
    for post in docket.addressees:
        if agency_of(post) == agency:
            return post
    raise Refused("enquiries.not-for-us")


def _read_requests(arrived: Sequence[Arrived]) -> list[Enquiry]:
    """The requests, lawful and saying what their dockets say. Raises BadInput, Refused.

    Each step for all of them before the next: what is done over and over stays in the processor's caches.
    """
    parts = [part_of(one, REQUEST) for one in arrived]
    requests = [Enquiry.from_plain(part.content) for part in parts]
    for one, request in zip(arrived, requests, strict=True):
        require_lawful(one, request)
    return requests


def _refuse_known(arrived: Sequence[Arrived]) -> None:
    """Raises Conflict when a matter is there already, or comes twice."""
    matters = [one.docket.matter for one in arrived]
    if len(set(matters)) < len(matters) or enquiry_rows(f"matter IN ({marks(matters)})", matters):
        raise Conflict("enquiries.matter-known")


def _enquiry_row(one: Arrived, request: Enquiry, *, officer: str, context: Context) -> EnquiryRow:
    docket = one.docket
    return EnquiryRow(
        matter=docket.matter,
        direction=Direction.IN,
        partner=one.statement.agency,
        own_post=_own_post(docket, context.agency),
        their_post=docket.sender,
        office_post=reading_between(docket, context.agency),
        channel=docket.channel,
        case=docket.case,
        sought=request.sought,
        field=docket.field,
        purpose=request.law.purpose or "" if request.law else "",
        deadline_class=docket.deadline_class,
        urgent=docket.deadline_class in URGENT_CLASSES,
        state="received",
        request=one.statement.id,
        officer=officer,
        sent_ms=one.statement.time_ms,
        received_ms=one.at_ms,
        deadline_ms=due_at(received_at_ms=one.at_ms, deadline_class=docket.deadline_class),
        way=way_text(docket.channel, docket.route, docket.copies),
    )


def _collected(row: EnquiryRow, *, operation: Operation, now_ms: int) -> Access:
    return Access(
        operation=operation,
        officer=NODE,
        thing=row.matter,
        purpose=row.purpose,
        justification=row.field,
        time_ms=now_ms,
    )


def _request_item(row: EnquiryRow, request: Enquiry, *, received_ms: int) -> NewItem:
    whence = Whence(
        case=row.case or row.matter,
        statement=row.request,
        sender=row.partner,
        received_ms=received_ms,
        purpose=row.purpose,
    )
    return plain_item(whence, REQUEST, subjects=request.subjects, conditions=request.conditions)


def _take_requests(arrived: Sequence[Arrived], context: Context) -> None:
    came_by_their_way(arrived, context)
    between_their_persons(arrived)
    for one in arrived:
        require_carried(one, context)
    _refuse_known(arrived)
    if closed := [one for one in arrived if is_for_own_eyes(one)]:
        take_closed_requests(closed, context)
    if opened := [one for one in arrived if not is_for_own_eyes(one)]:
        _take_opened_requests(opened, context)


def _take_opened_requests(arrived: Sequence[Arrived], context: Context) -> None:
    now_ms = context.clock()
    directories: dict[str, Directory] = {}
    items: list[NewItem] = []
    matches: list[tuple[Any, ...]] = []
    accesses: list[Access] = []
    index_of(context).refresh()
    requests = _read_requests(arrived)
    acts = [verified_act(one, directories=directories) for one in arrived]
    rows = [
        _enquiry_row(one, request, officer=act.officer, context=context)
        for one, request, act in zip(arrived, requests, acts, strict=True)
    ]
    proposed = [
        matches_of(
            row.matter, row.request, request.subjects, context, posts=(row.own_post, row.office_post), fresh=True
        )
        for row, request in zip(rows, requests, strict=True)
    ]
    for one, row, request, found in zip(arrived, rows, requests, proposed, strict=True):
        items.append(_request_item(row, request, received_ms=one.at_ms))
        accesses.append(_collected(row, operation=Operation.COLLECTION, now_ms=now_ms))
        if found:
            matches += found
            accesses.append(_collected(row, operation=Operation.COMBINATION, now_ms=now_ms))
    add_enquiries(rows)
    call(rows)
    add_items(items, context=context)
    for one, row, item in zip(arrived, rows, items, strict=True):
        if len(one.ciphertexts) > _PLAIN_PARTS:
            _keep_translations(one, row, context)
            note_files(one.statement.id, files_in(one), items=[item], context=context)
    add_matches(matches)
    log_access(accesses, keys=context.keys)


def _check_speaker(one: Arrived, enquiry: EnquiryRow, context: Context) -> None:
    """Raises unless the partner's desk of an enquiry says it to ours: Refused ('enquiries.other-agency', 'enquiries.other-desk'),
    NotProven ('enquiries.other-way': by the request's channel, but past a desk of its way), NotFound ('enquiries.body-closed': nobody
    of ours asked, or was asked, for own eyes). What waited may have taken another channel; it comes from the same desk to the same.
    """
    docket = one.docket
    if enquiry.partner != one.statement.agency:
        raise Refused("enquiries.other-agency", agency=one.statement.agency)
    if docket.sender != enquiry.their_post or docket.addressees != (enquiry.own_post,):
        raise Refused("enquiries.other-desk", post=docket.sender)
    same = docket.channel == enquiry.channel
    if same and docket.route != (enquiry.route[::-1] if enquiry.direction == Direction.OUT else enquiry.route):
        raise NotProven("enquiries.other-way", agency=one.statement.agency)
    if not same:
        if is_for_own_eyes(one):
            raise NotFound("enquiries.body-closed")
        require_carried(one, context)


def _asked(arrived: Arrived, known: dict[bytes, EnquiryRow], context: Context) -> EnquiryRow:
    """The enquiry of ours that is answered, by the desk that was asked. Raises NotFound, Refused (not its addressee), NotProven."""
    docket = arrived.docket
    enquiry = known.get(docket.matter)
    if enquiry is None or enquiry.direction != Direction.OUT:
        raise NotFound("enquiries.never-asked")
    _check_speaker(arrived, enquiry, context)
    if docket.answers != enquiry.request or enquiry.request not in docket.follows:
        raise NotProven("enquiries.answers-another")
    return enquiry


def _received_ms(enquiry: EnquiryRow) -> int | None:
    """When the addressee received the request, as far as it is known here."""
    if enquiry.received_ms is not None:
        return enquiry.received_ms
    return received_at([enquiry.request], enquiry.partner).get(enquiry.request)


def _said(one: Arrived, act: Act, enquiry: EnquiryRow) -> ReplyRow:
    """The row of a word, as far as its docket and its officer say it."""
    return ReplyRow(
        statement=one.statement.id,
        matter=enquiry.matter,
        kind=one.docket.kind,
        post=act.post,
        officer=act.officer,
        said_ms=one.statement.time_ms,
        at_ms=one.at_ms,
        follows=tuple(before for before in one.docket.follows if before != enquiry.request),
    )


def _take_replies(arrived: Sequence[Arrived], context: Context) -> None:
    came_by_their_way(arrived, context)
    between_their_persons(arrived)
    now_ms = context.clock()
    directories: dict[str, Directory] = {}
    matters = list({one.docket.matter for one in arrived})
    known = {row.matter: row for row in enquiry_rows(f"matter IN ({marks(matters)})", matters, lock=True)}
    accesses = []
    for one in arrived:
        enquiry = _asked(one, known, context)
        if is_for_own_eyes(one):
            require_reader(one, context)
            known[enquiry.matter] = take_closed_word(one, enquiry, received_ms=_received_ms(enquiry), context=context)
            continue
        reply, items = read_reply(one)
        act = verified_act(one, directories=directories)
        said = _said(one, act, enquiry).saying(reply, items=len(items))
        words = replies_of([enquiry.matter]) if enquiry.said != 0 else []
        judge(said, enquiry, words)
        add_replies([said])
        made = reply_items(reply, items, enquiry=enquiry, said=said, sender=enquiry.partner)
        add_items(made, context=context)
        note_files(one.statement.id, files_in(one), items=made, context=context)
        _keep_translations(one, enquiry, context)
        known[enquiry.matter] = settle(enquiry, said, words, received_ms=_received_ms(enquiry))
        accesses.append(_collected(enquiry, operation=Operation.COLLECTION, now_ms=now_ms))
    call(known.values())
    log_access(accesses, keys=context.keys)


def _spoken_of(one: Arrived, known: dict[bytes, EnquiryRow], context: Context) -> EnquiryRow:
    """The enquiry in which a word of the correspondence is said, by the desk that may say it.

    Raises NotFound, Refused (another agency, another desk, nobody of ours addressed).
    """
    docket = one.docket
    enquiry = known.get(docket.matter)
    if enquiry is None or enquiry.direction == said_by(MOVES[docket.kind]):
        raise NotFound("enquiries.never-asked")
    _check_speaker(one, enquiry, context)
    if enquiry.request not in docket.follows:
        raise NotProven("enquiries.answers-another")
    return enquiry


def _answers(one: Arrived, enquiry: EnquiryRow, words: Sequence[ReplyRow]) -> None:
    """Raises NotProven unless a word answers the request, and a clarification the question that was asked back."""
    asked = {enquiry.request}
    if one.docket.kind == CLARIFICATION:
        asked = {word.statement for word in words if word.move is Move.ASK_BACK}
    if one.docket.answers not in asked:
        raise NotProven("enquiries.answers-another")


def _take_words(arrived: Sequence[Arrived], context: Context) -> None:
    came_by_their_way(arrived, context)
    between_their_persons(arrived)
    now_ms = context.clock()
    directories: dict[str, Directory] = {}
    matters = list({one.docket.matter for one in arrived})
    known = {row.matter: row for row in enquiry_rows(f"matter IN ({marks(matters)})", matters, lock=True)}
    accesses = []
    for one in arrived:
        enquiry = _spoken_of(one, known, context)
        if is_for_own_eyes(one):
            _answers(one, enquiry, replies_of([enquiry.matter]))
            known[enquiry.matter] = take_closed_word(one, enquiry, received_ms=_received_ms(enquiry), context=context)
            continue
        body = BODIES[one.docket.kind].from_plain(part_of(one, one.docket.kind).content)
        refuse(known_codes(between_faults(body, said_ms=one.statement.time_ms, today=day_of(one))))
        act = verified_act(one, directories=directories)
        words = replies_of([enquiry.matter])
        said = replace(_said(one, act, enquiry), grounds=codes_of(body))
        if isinstance(body, DelayNotice):
            said = replace(said, until_ms=body.until_ms)
        elif isinstance(body, Clarification):
            said = replace(said, until_ms=one.at_ms)
        judge(said, enquiry, words)
        _answers(one, enquiry, words)
        add_replies([said])
        whence = word_whence(enquiry, said, sender=enquiry.partner)
        subjects = body.subjects if isinstance(body, Clarification) else ()
        add_items([plain_item(whence, said.kind, subjects=subjects)], context=context)
        _keep_translations(one, enquiry, context)
        accesses.append(_collected(enquiry, operation=Operation.COLLECTION, now_ms=now_ms))
        posts = (enquiry.own_post, enquiry.office_post)
        if subjects and (found := matches_of(said.matter, said.statement, subjects, context, posts=posts)):
            add_matches(found)
            accesses.append(_collected(enquiry, operation=Operation.COMBINATION, now_ms=now_ms))
        known[enquiry.matter] = settle(enquiry, said, words, received_ms=_received_ms(enquiry))
    call(known.values())
    log_access(accesses, keys=context.keys)


def _keep_translations(one: Arrived, enquiry: EnquiryRow, context: Context) -> None:
    """Stores the translations that travel with a statement. Raises BadInput."""
    placed = [(place, part) for place, part in placed_parts(one) if part.kind == TRANSLATION]
    if not placed:
        return
    whence = Whence(
        case=enquiry.case or enquiry.matter,
        statement=one.statement.id,
        sender=enquiry.partner,
        received_ms=one.at_ms,
        purpose=enquiry.purpose,
    )
    items = [plain_item(replace(whence, place=place), TRANSLATION) for place, _ in placed]
    translations_kept([Translation.from_plain(part.content) for _, part in placed], items, context=context)


def register_kinds() -> None:
    """Registers the kinds of this room, and what it derives from items."""
    register(REQUEST, _take_requests)
    for kind in (ANSWER, REFUSAL, PARTIAL_REFUSAL):
        register(kind, _take_replies)
    for kind in BODIES:
        register(kind, _take_words)
    follow(forget_matches)
    follow(end_translations)
    register_recovered_kinds()
