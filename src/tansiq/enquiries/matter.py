"""One enquiry as an officer sees it: its request, everything that was said, the way, the proofs, the proposals.

Invariant: each content goes through the one decision on its use (`cases.exits`): what the officer may not view is not
there. The look is logged (Directive (EU) 2016/680, Article 25). Plain values fit for JSON; what was erased is null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import transaction

from tansiq.cases.contents import StoredStatement, open_statements
from tansiq.cases.exits import Weighed, reader_of, weigh_uses
from tansiq.cases.items import ITEM
from tansiq.cases.queries import ItemRow, items_of_statements, own_part, rows_by_id
from tansiq.channels.compartments import desks_seen
from tansiq.enquiries.drafts import ANSWER, PARTIAL_REFUSAL, REFUSAL, REQUEST
from tansiq.enquiries.duplicates import duplicates_of
from tansiq.enquiries.going import between_persons
from tansiq.enquiries.officers import ActingOfficer
from tansiq.enquiries.proofs import StatementProof, proofs_of
from tansiq.enquiries.proposed import proposed_for
from tansiq.enquiries.routes import handovers_of, received_at, stops
from tansiq.enquiries.rows import MOVES, Direction, EnquiryRow, ReplyRow, enquiry_rows, replies_of
from tansiq.enquiries.seen import stands_at
from tansiq.enquiries.summaries import DIRECTIONS, Json, as_time, summaries_of, with_receipts
from tansiq.enquiries.timeline import timeline_of
from tansiq.enquiries.translations import Kept, kept_translations
from tansiq.enquiries.unsealed import closed_items, travelling, unseal
from tansiq.errors import Error, NotFound
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.correspondence import Clarification
from tansiq.policy.course import Move, permits, side_of
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.handling import Reader, Use
from tansiq.policy.subjects import Subject
from tansiq.protocol.envelope import Handover
from tansiq.protocol.ids import id_text

__all__ = ["may_be_said", "show_enquiry"]

_REPLIES: Final = frozenset({ANSWER, REFUSAL, PARTIAL_REFUSAL})
_BOUND: Final = frozenset({ITEM, REQUEST})
"""Kinds of items that carry conditions of their own."""
_NOT_HERE: Final = "policy.use.not-addressed"
_SHOWN_USES: Final = (Use.COPY, Use.PRINT, Use.EXPORT, Use.FORWARD, Use.COURT, Use.PROGRAM)


def may_be_said(row: EnquiryRow, words: Sequence[ReplyRow], *, now_ms: int) -> list[str]:
    """The kinds of words that our side may say now, in the order of the list of kinds."""
    ours = "asker" if row.direction == Direction.OUT else "addressee"
    known = [word.word for word in words]
    moves = {move for move in Move if side_of(move) == ours and permits(move, known, said_ms=now_ms)}
    if between_persons(row):
        moves.discard(Move.DELAY)
    return [kind for kind, move in MOVES.items() if move in moves]


@dataclass(frozen=True, slots=True)
class _Opened:
    """What is read once of an enquiry's statements, as far as the officer may view it."""

    row: EnquiryRow
    stored: Mapping[bytes, StoredStatement]
    items: Mapping[bytes, list[ItemRow]]
    viewed: Mapping[bytes, Weighed]
    uses: Mapping[bytes, Json]
    handovers: Mapping[bytes, Sequence[Handover]]
    proofs: Mapping[bytes, StatementProof]
    came: Mapping[bytes, int]
    theirs: frozenset[bytes]
    translations: Mapping[bytes, list[Json]]
    shut: Mapping[bytes, list[str]]
    unsealed: frozenset[bytes]
    asked_by_us: bool
    """Whether the request was the reader's own desk's: what was answered on it is that desk's to view when the request is gone."""

    def content(self, statement: bytes, place: int = 0) -> Any:
        """The content of a part; None: it was erased, or is not for this officer.

        What carries conditions of its own is viewed under them, all else as the request is.
        """
        if self.withheld(statement, place):
            return None
        stored = self.stored.get(statement)
        part = stored.parts[place] if stored is not None and place < len(stored.parts) else None
        return None if part is None else part.content

    def withheld(self, statement: bytes, place: int = 0) -> list[str]:
        """Why the officer may not view a part; nothing when it may be viewed."""
        if statement in self.shut:
            return self.shut[statement]
        if statement in self.unsealed:
            return []
        item = self._weighed_as(statement, place)
        if item is None:
            return [_NOT_HERE]
        if item.erased or (self.asked_by_us and item.kind not in _BOUND):
            return []
        decision = self.viewed[item.id].decision
        return [] if decision.allowed else list(decision.reasons)

    def _weighed_as(self, statement: bytes, place: int) -> ItemRow | None:
        """The item by which a part is viewed: its own, if it carries conditions; else the request's, and once that is gone the word's own,
        which its docket handles as strictly. None: there is none.
        """
        items = self.items.get(statement, ())
        own = next((one for one in items if one.place == place and one.kind in _BOUND), None)
        asked = next((one for one in self.items.get(self.row.request, ()) if one.kind == REQUEST), None)
        if own is not None or (asked is not None and not asked.erased):
            return own or asked
        return next((one for one in items if one.kind not in _BOUND), None)

    def own_eyes(self, statement: bytes) -> bool:
        """Whether a body is for an officer's own eyes: nothing is kept of it, and no translation of it made here."""
        return statement in self.unsealed or statement in self.shut

    def translated(self, statement: bytes, place: int = 0) -> list[Json]:
        """The translations of the texts of a part."""
        if statement in self.unsealed:
            return travelling(self.stored[statement], place, ours=statement not in self.theirs)
        return [one for one in self.translations.get(statement, []) if one["part"] == place]

    def route(self, statement: bytes, *, said_ms: int, received_ms: int | None) -> list[Json]:
        """The desks on the way with their times."""
        stored = self.stored.get(statement)
        if stored is None or stored.docket is None:
            return []
        passed = self.handovers.get(statement, ())
        return [
            {"post": stop.post, "taken_at": as_time(stop.taken_ms), "handed_at": as_time(stop.handed_ms)}
            for stop in stops(stored.docket, passed, said_ms=said_ms, received_ms=received_ms)
        ]

    def proof(self, statement: bytes) -> Json:
        """What stands behind a statement."""
        one = self.proofs[statement]
        return {
            "statement": id_text(statement),
            "leaf": one.leaf,
            "receipt": one.receipt,
            "cosigned": one.cosigned,
            "head_size": one.size,
            "head_root": one.root.hex(),
        }

    def shown_items(self, statement: bytes) -> list[Json]:
        """The evaluated items of a statement that the officer may view."""
        if statement in self.unsealed:
            return closed_items(self.stored[statement], sender=self.stored[statement].statement.agency)
        return [
            {
                "id": id_text(row.id),
                "place": row.place,
                "evaluation": row.evaluation,
                "basis": row.basis,
                "handling": list(row.handling),
                "classification": row.classification,
                "category": list(row.category),
                "originator": row.originator,
                "incoming": row.incoming,
                "erased": row.erased,
                "content": self.content(statement, row.place),
                "uses": self.uses.get(row.id, {}),
                "translations": self.translated(statement, row.place),
            }
            for row in self.items.get(statement, ())
            if row.kind == ITEM and (row.erased or self.viewed[row.id].decision.allowed)
        ]


def _weighed(
    rows: Sequence[ItemRow], reader: Reader, context: Context
) -> tuple[dict[bytes, Weighed], dict[bytes, Json]]:
    """Of each item whether it may be viewed, and what else may be done with it: use → yes or no with its reasons."""
    by_use = weigh_uses(rows, (Use.VIEW, *_SHOWN_USES), reader, context=context)
    uses: dict[bytes, Json] = {row.id: {} for row in rows if not row.erased}
    for use in _SHOWN_USES:
        for one in by_use[use]:
            if one.row.id in uses:
                reasons = list(one.decision.reasons)
                uses[one.row.id][use.value] = {"allowed": one.decision.allowed, "reasons": reasons}
    return {one.row.id: one for one in by_use[Use.VIEW]}, uses


def _translated(kept: Mapping[bytes, Sequence[Kept]], opened: _Opened, context: Context) -> dict[bytes, list[Json]]:
    """The translations by statement, of texts that the officer may view: what is withheld is withheld in every language."""
    items = {row.id: row for row in rows_by_id([one.item for some in kept.values() for one in some])}
    out: dict[bytes, list[Json]] = {}
    for statement, some in kept.items():
        for one in some:
            row = items.get(one.item)
            if row is None or row.erased or opened.withheld(statement, one.part):
                continue
            words = _translation_text(row, opened.stored, context)
            if words is not None:
                out.setdefault(statement, []).append(
                    {
                        "item": id_text(one.item),
                        "part": one.part,
                        "field": one.field,
                        "text": words,
                        "officer": one.officer,
                        "at": as_time(one.at_ms),
                        "ours": row.originator == context.agency,
                    }
                )
    return out


def _translation_text(row: ItemRow, stored: Mapping[bytes, StoredStatement], context: Context) -> Any:
    if row.statement is None:
        try:
            return own_part(row.id, context.keys).content.get("text")
        except Error:
            return None
    opened = stored.get(row.statement)
    part = opened.parts[row.place] if opened is not None and row.place < len(opened.parts) else None
    return None if part is None else part.content.get("text")


def _open(
    row: EnquiryRow, words: Sequence[ReplyRow], reader: Reader, *, officer: ActingOfficer, context: Context
) -> _Opened:
    statements = [row.request, *(word.statement for word in words)]
    kept = open_statements(statements, keys=context.keys)
    as_kept = {one: kept[one] for one in statements if one in kept}  # the request first
    unsealed = unseal(as_kept, officer, reader=reader, context=context)
    stored = unsealed.stored
    items = items_of_statements(statements)
    rows = [item for some in items.values() for item in some]
    gone = not any(one.kind == REQUEST and not one.erased for one in items.get(row.request, ()))
    viewed, uses = _weighed([one for one in rows if gone or one.kind in _BOUND], reader, context)
    ours = {word.statement for word in words if (side_of(word.move) == "asker") == (row.direction == Direction.OUT)}
    came = {word.statement: word.at_ms for word in words if word.statement not in ours}
    theirs = frozenset(came) | ({row.request} if row.direction == Direction.IN else set())
    opened = _Opened(
        row=row,
        stored=stored,
        items=items,
        viewed=viewed,
        uses=uses,
        handovers=handovers_of(statements),
        proofs=proofs_of(statements, row.hop),
        came=came | received_at(sorted(ours), row.partner),
        theirs=theirs,
        translations={},
        shut=unsealed.shut,
        asked_by_us=row.direction == Direction.OUT and row.own_post in officer.posts,
        unsealed=frozenset(one for one in as_kept if as_kept[one].closed and one not in unsealed.shut),
    )
    return replace(opened, translations=_translated(kept_translations(statements), opened, context))


def _named(opened: _Opened, words: Sequence[ReplyRow]) -> dict[bytes, tuple[Subject, ...]]:
    """The persons named in the request and in what clarified it, as far as the officer may view them."""
    found: dict[bytes, tuple[Subject, ...]] = {}
    if (content := opened.content(opened.row.request)) is not None:
        found[opened.row.request] = Enquiry.from_plain(content).subjects
    for word in words:
        if word.move is Move.CLARIFY and (content := opened.content(word.statement)) is not None:
            found[word.statement] = Clarification.from_plain(content).subjects
    return found


def _visible(matter: bytes, officer: ActingOfficer) -> EnquiryRow:
    rows = enquiry_rows("matter = %s", (matter,))
    if not rows or not stands_at(rows[0], officer):
        raise NotFound("enquiries.unknown", enquiry=id_text(matter))
    return with_receipts(rows)[0]


def _word(word: ReplyRow, opened: _Opened) -> Json:
    """What was said, with all that belongs to it."""
    received_ms = opened.came.get(word.statement)
    return {
        "statement": id_text(word.statement),
        "kind": word.kind,
        "ours": word.statement not in opened.theirs,
        "officer": word.officer,
        "post": word.post,
        "at": as_time(word.at_ms),
        "said_at": as_time(word.said_ms),
        "received_at": as_time(received_ms),
        "outcome": word.outcome,
        "grounds": list(word.grounds),
        "until": as_time(word.until_ms) if word.move is Move.DELAY else None,
        "content": opened.content(word.statement),
        "withheld": opened.withheld(word.statement),
        "own_eyes": opened.own_eyes(word.statement),
        "items": opened.shown_items(word.statement),
        "translations": opened.translated(word.statement),
        "route": opened.route(word.statement, said_ms=word.said_ms, received_ms=received_ms),
        "proof": opened.proof(word.statement),
    }


def _request(opened: _Opened) -> Json:
    row = opened.row
    item = next((one for one in opened.items[row.request] if one.kind == REQUEST), None)
    return {
        "statement": id_text(row.request),
        "officer": row.officer,
        "post": row.their_post if row.direction == Direction.IN else row.own_post,
        "item": id_text(item.id) if item is not None else "",
        "content": opened.content(row.request),
        "withheld": opened.withheld(row.request),
        "own_eyes": opened.own_eyes(row.request),
        "uses": opened.uses.get(item.id, {}) if item is not None else {},
        "handling": list(item.handling) if item is not None else [],
        "classification": item.classification if item is not None else "",
        "incoming": item.incoming if item is not None else "",
        "translations": opened.translated(row.request),
        "proof": opened.proof(row.request),
    }


def _incoming(opened: _Opened) -> str:
    """The state of 'may this have been obtained by ill-treatment?' for what came from the partner: '' when nothing came,
    'unanswered' while something is, else the gravest answer.
    """
    came = [
        one
        for statement in opened.theirs
        for one in opened.items.get(statement, ())
        if one.kind in _BOUND and not one.erased
    ]
    answers = {one.incoming for one in came}
    if not came:
        return ""
    if "" in answers:
        return "unanswered"
    return next((code for code in ("obtained.yes", "obtained.doubt", "obtained.no-sign") if code in answers), "")


def show_enquiry(
    matter: bytes, *, context: Context, officer: ActingOfficer, justification: str = "", purpose: str = ""
) -> Json:
    """One enquiry with everything that belongs to it, for an officer of its desk or office; logged as a consultation.

    ``request`` and ``words`` (of which ``replies`` are the answers and refusals) with content, items, translations,
    route and proof; ``timeline`` all of it in time; ``may`` the kinds of words that our side may say now; ``matches``,
    ``duplicates``, ``incoming``. ``purpose`` (a code) is that for which it is read; without one, each item's own. What
    was erased, or may not be viewed, is null. Raises NotFound.
    """
    row = _visible(matter, officer)
    words = replies_of([matter])
    reader = reader_of(officer, context=context, purpose=purpose)
    opened = _open(row, words, reader, officer=officer, context=context)
    said = [_word(word, opened) for word in words]
    named = _named(opened, words)
    now_ms = context.clock()
    mine = row.own_post in officer.posts
    shown = summaries_of([row], now_ms)[0] | {
        "request": _request(opened),
        "route": opened.route(row.request, said_ms=row.sent_ms, received_ms=row.received_ms),
        "words": said,
        "replies": [one for one in said if one["kind"] in _REPLIES],
        "timeline": timeline_of(row, said, route=opened.route(row.request, said_ms=row.sent_ms,
                                                             received_ms=row.received_ms)),
        "may": may_be_said(row, words, now_ms=now_ms) if mine else [],
        "matches": proposed_for(named, context),
        "duplicates": [
            {
                "id": id_text(one.row.matter),
                "direction": DIRECTIONS[one.row.direction],
                "partner": one.row.partner,
                "their_post": one.row.their_post,
                "state": one.row.state,
                "sent_at": as_time(one.row.sent_ms),
                "reason": one.reason,
            }
            for one in duplicates_of(
                row, [subject for some in named.values() for subject in some], context=context, posts=desks_seen(officer.posts, officer.number)
            )
        ],
        "incoming": _incoming(opened),
        "receipts": row.direction == Direction.IN or row.received_ms is not None,
    }  # fmt: skip
    access = Access(
        operation=Operation.CONSULTATION,
        officer=officer.number,
        thing=matter,
        purpose=purpose or row.purpose,
        justification=justification or "enquiry.show",
        time_ms=now_ms,
    )
    with transaction.atomic():
        log_access([access], keys=context.keys)
    return shown
