"""Enquiries whose channel is suspended: what is known of them while they wait, and what becomes of their rows when something is
taken back or takes another channel.

Invariant: what was taken back was never seen by anybody, so nothing may follow it: a request ends as withdrawn, a word is gone as if
it had not been said. What took another channel is the same word under another identifier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from django.db import connection
from django.urls import reverse

from tansiq.cases.contents import open_statements
from tansiq.cases.exits import conditions_in
from tansiq.cases.items import REVIEW_MS
from tansiq.cases.queries import items_of_statements
from tansiq.cases.services import bring_forward
from tansiq.cases.sql import marks
from tansiq.channels.matters import About, know_matters
from tansiq.channels.passing import on_moved
from tansiq.channels.stored import Stored, stored
from tansiq.enquiries.accredited import require_accredited
from tansiq.enquiries.history import rejudged
from tansiq.enquiries.pages_rows import question_of
from tansiq.enquiries.rows import EnquiryRow, ReplyRow, enquiry_rows, order_of, replies_of, store_course, way_text
from tansiq.enquiries.terms import CLOSED_REVIEW_MS, terms
from tansiq.errors import Refused
from tansiq.exchange.context import Context
from tansiq.exchange.eyes_only import is_closed
from tansiq.policy.course import Move
from tansiq.policy.ways import seats
from tansiq.protocol.docket import Docket
from tansiq.protocol.ids import id_text

__all__ = ["register_interrupted"]

_NAMED: Final = (
    ("enquiries_match", "request"), ("enquiries_translation", "statement"), ("cases_item", "statement"), ("cases_file", "thing"),
)  # fmt: skip
"""Where else a statement of an enquiry is named."""


def _page(matter: bytes) -> str:
    return reverse("enquiry", kwargs={"matter": id_text(matter)})


def _about(matters: Sequence[bytes]) -> Mapping[bytes, About]:
    rows = enquiry_rows(f"matter IN ({marks(matters)})", list(matters))
    return {
        row.matter: About(
            title=partial(question_of, row.sought), url=partial(_page, row.matter), deadline_ms=row.deadline_ms
        )
        for row in rows
    }


def _renamed(old: bytes, new: bytes) -> None:
    """The same word under its new identifier, wherever it is named."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE enquiries_reply SET statement = %s WHERE statement = %s", (new, old))
        for table, column in _NAMED:
            cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", (new, old))


def _follow(words: Sequence[ReplyRow], moved: Mapping[bytes, bytes]) -> None:
    """What follows a word that was moved follows it under its new identifier; one that is gone is followed no longer."""
    with connection.cursor() as cursor:
        for word in words:
            follows = tuple(one for one in (moved.get(before, before) for before in word.follows) if one)
            if follows != word.follows:
                cursor.execute(
                    "UPDATE enquiries_reply SET follows = %s WHERE statement = %s", (b"".join(follows), word.statement)
                )


def _close(row: EnquiryRow, statements: Sequence[bytes], context: Context) -> None:
    """What is for an officer's own eyes from now on: no code of its body stands in a row any longer."""
    closed = is_closed(statements, context=context)
    with connection.cursor() as cursor:
        if closed:
            cursor.execute("UPDATE enquiries_enquiry SET sought = '', purpose = '' WHERE matter = %s", (row.matter,))
        cursor.executemany(
            "UPDATE cases_item SET source = '', information = '', basis = '', category = '', purpose = '', special = %s, "
            "protected = %s WHERE statement = %s",
            [(False, False, one) for one in closed],
        )


def _along(row: EnquiryRow, docket: Docket) -> None:
    """The row of a request that goes another way now."""
    found = seats(docket.channel, docket.route, docket.copies)
    office = next((seat.post for seat in found if seat.step in {"office", "liaison"}), "")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE enquiries_enquiry SET channel = %s, own_post = %s, their_post = %s, office_post = %s, way = %s WHERE matter = %s",
            (
                docket.channel, docket.sender, docket.addressees[0], office,
                way_text(docket.channel, docket.route, docket.copies) or None, row.matter,
            ),
        )  # fmt: skip


def _require_same_desks(row: EnquiryRow, moved: Mapping[bytes, bytes], context: Context) -> None:
    """Raises Refused for a channel by which a word in an enquiry would come from, or to, other desks than its two, or for other eyes: its
    reader would not have it, and the partner refuses it.
    """
    if row.request in moved:
        return
    for one in (stored(new, context=context) for new in moved.values() if new):
        closed = one.docket.channel != row.channel and bool(is_closed([one.id], context=context))
        if closed or (one.docket.sender, one.docket.addressees) != (row.own_post, (row.their_post,)):
            raise Refused("channels.reroute-unable", kind=one.docket.kind)


def _require_accredited(row: EnquiryRow, moved: Mapping[bytes, bytes], context: Context) -> None:
    """Raises Refused as `require_accredited`: what takes a liaison officer's channel is carried as what leaves on it first."""
    for docket in (stored(new, context=context).docket for new in moved.values()):
        require_accredited(
            docket.channel, docket.route, partner=row.partner, field=docket.field, case=docket.case, context=context
        )


def _moved(moved: Mapping[bytes, bytes], were: Sequence[Stored], channel: str, context: Context) -> None:
    """Keeps our rows in step (`passing.Mover`)."""
    for matter in dict.fromkeys(one.docket.matter for one in were):
        rows = enquiry_rows("matter = %s", (matter,), lock=True)
        if not rows:
            continue
        row = rows[0]
        if channel:
            _require_same_desks(row, moved, context)
            _require_accredited(row, moved, context)
        for old, new in moved.items():
            if new:
                _renamed(old, new)
        _close(row, [one for one in moved.values() if one], context)
        if new := moved.get(row.request, b""):
            with connection.cursor() as cursor:
                cursor.execute("UPDATE enquiries_enquiry SET request = %s WHERE matter = %s", (new, matter))
            _along(row, stored(new, context=context).docket)
        _follow(replies_of([matter]), moved)
        if not channel:
            _gone(row, [old for old, new in moved.items() if not new], context)


def _gone(row: EnquiryRow, statements: Sequence[bytes], context: Context) -> None:
    """What was taken back: the request ends, a word is gone."""
    now_ms = context.clock()
    if row.request in statements:
        ended = replace(row, state="withdrawn", deadline_ms=None, remind_ms=None)
        store_course(replace(ended, order_ms=order_of(ended, ended_ms=now_ms)))
        bring_forward([row.request], review_ms=now_ms + CLOSED_REVIEW_MS)
        return
    before = replies_of([row.matter])
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM enquiries_reply WHERE statement = %s", [(one,) for one in statements])
    bring_forward(statements, review_ms=now_ms, erase_ms=now_ms)
    left = replies_of([row.matter])
    outcome = next((word.outcome for word in reversed(left) if word.outcome), "")
    stands = rejudged(replace(row, outcome=outcome), left, received_ms=row.received_ms)
    store_course(stands)
    if stands.is_open and not row.is_open:
        asked = [row.request, *(word.statement for word in left if word.move is Move.CLARIFY)]
        _goes_on(asked, [word for word in before if word.statement in statements], context)


def _goes_on(asked: Sequence[bytes], gone: Sequence[ReplyRow], context: Context) -> None:
    """What was asked stays as long as if the words that are gone had never ended the matter; a moment that somebody else set stays.

    The reverse of what `history.settle` and `closed.end_unfound` bring forward.
    """
    opened = open_statements(asked, keys=context.keys)
    ends = {word.at_ms + terms().no_hit_ms for word in gone}
    reviews = ends | {word.at_ms + CLOSED_REVIEW_MS for word in gone}
    with connection.cursor() as cursor:
        for statement, items in items_of_statements(asked).items():
            parts = opened[statement].parts if statement in opened else ()
            for one in items:
                said = conditions_in(parts, one.place)
                cursor.execute(
                    f"UPDATE cases_item SET erase_ms = %s WHERE id = %s AND erase_ms IN ({marks(sorted(ends))})",
                    (said.erase_by_ms if said is not None else None, one.id, *sorted(ends)),
                )
                cursor.execute(
                    f"UPDATE cases_item SET review_ms = received_ms + %s WHERE id = %s AND review_ms IN ({marks(sorted(reviews))})",
                    (REVIEW_MS, one.id, *sorted(reviews)),
                )


def register_interrupted() -> None:
    """Registers this room with the channels; again changes nothing."""
    know_matters(_about)
    on_moved("enquiry.", _moved)
