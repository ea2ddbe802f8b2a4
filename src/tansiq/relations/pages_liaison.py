"""The channels of liaison officers: the list, one channel with all that was said on it, handing on. Made for a telephone first.

Invariant: a channel is shown to those who sit at it. What is sealed to the officer's own key opens for that officer's page alone; to
the desk it is shown that it waits, never what it says. Handing on can't be taken back, so it is asked on a page of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString

from tansiq.channels.accreditations import AccreditationRow, accreditation_row
from tansiq.channels.queries import taken_back
from tansiq.enquiries.pages_common import told
from tansiq.enquiries.pages_showing import Block, Showing
from tansiq.errors import Error
from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.liaison import LiaisonMessage
from tansiq.policy.values import Text
from tansiq.protocol.ids import id_text
from tansiq.relations.accreditation_state import proposal_of
from tansiq.relations.liaison import ChannelRow, LiaisonRow, Seat, channels_for, unread_counts
from tansiq.relations.liaison_handing import hand_on
from tansiq.relations.liaison_limits import limits_now
from tansiq.relations.liaison_reading import Read, Thread, is_ended, read_channel
from tansiq.relations.pages_common import (
    AT_A_DESK,
    Looker,
    Named,
    acting,
    looker,
    node_of,
    reader_here,
    seat_named,
    seats_to,
    state_in_words,
    time_in_words,
    write_label,
)
from tansiq.texts import advice, text
from tansiq.web.access import page
from tansiq.web.markup import reference
from tansiq.web.registry import Row
from tansiq.web.visitor import Request

__all__ = ["channel", "channels", "hand", "row_of", "title_of", "waiting_for"]


def title_of(channel: ChannelRow, request: Request) -> Text | None:
    """What the case is about, in the words of the proposal that was accepted; None when they are not here."""
    row = accreditation_row(channel.accreditation)
    proposal = proposal_of(row.proposal, context=node_of(request))
    grant = proposal.grant(channel.case_ref.hex()) if proposal is not None else None
    return grant.title if grant is not None else None


def waiting_for(person: Looker) -> dict[bytes, int]:
    """How many messages wait for somebody, by channel."""
    found = channels_for(number=person.number, posts=person.posts)
    return unread_counts([one.matter for one in found], posts=person.posts)


def row_of(one: ChannelRow, request: Request, named: Named, unread: Mapping[bytes, int]) -> Row:
    """A channel in a list: what its case is about, with whom, how it stands."""
    title = title_of(one, request)
    accreditation = accreditation_row(one.accreditation)
    state, tone = state_in_words(accreditation, request.language, request.now_ms)
    ended = is_ended(limits_now(one, at_ms=request.now_ms))
    waits = unread.get(one.matter, 0)
    return Row(
        title=title.value if title is not None else code_list("offences").label(one.field, request.language),
        title_language=title.language if title is not None else "",
        url=reverse("liaison-channel", kwargs={"matter": id_text(one.matter)}),
        facts=(
            code_list("offences").label(one.field, request.language),
            named.agency(one.partner),
            text("relations.seat.officer", request.language, officer=one.officer),
        ),
        sign="liaison",
        term=state if tone != "proof" or ended else "",
        clock="none",
        unread=waits > 0,
    )


@page(*AT_A_DESK)
def channels(request: Request) -> HttpResponse:
    """The channels at which the reader sits: first those in which something waits, then the last used."""
    person, named = looker(request), Named(request.language)
    unread = waiting_for(person)
    found = channels_for(number=person.number, posts=person.posts)
    over = [one for one in found if is_ended(limits_now(one, at_ms=request.now_ms))]
    going = sorted((one for one in found if one not in over), key=lambda one: one.matter not in unread)
    context = {
        "rows": [row_of(one, request, named, unread) for one in going],
        "over": [row_of(one, request, named, unread) for one in over],
        "waiting": sum(unread.values()),
    }
    return render(request, "relations/channels.html", context)


# ---------------------------------------------------------------------------------------------------- one channel


@dataclass(frozen=True, slots=True)
class Shown:
    """One message on the page."""

    id: str
    sender: str
    addressee: str
    by: str
    mine: bool
    at_ms: int
    handed_ms: int | None
    handed_by: str
    urgent: str
    late: bool
    waits: str
    taken_back: bool
    former: str
    words: Text | None
    conditions: Conditions
    subjects: Sequence[Block]
    law: Sequence[tuple[str, SafeString]]
    basis_of: str
    fault: str
    unopened: bool
    hand_url: str
    hand_label: str


def _law_behind(message: LiaisonMessage, showing: Showing) -> list[tuple[str, SafeString]]:
    return list(showing.facts(dict(message.law.to_plain()), LawBasis, path="law.")) if message.law is not None else []


def _waits(row: LiaisonRow, channel: ChannelRow, seat: Seat, language: str) -> str:
    if not row.waits or (seat is Seat.COUNTERPART):
        return ""
    key = "relations.page.waits-host" if row.sender == channel.desk else "relations.page.waits-desk"
    return text(key, language)


def _may_hand(read: Read, channel: ChannelRow, seat: Seat, limits: Sequence[str]) -> str:
    """To whom the officer may hand a message on: '', 'host' or 'desk'."""
    if seat is not Seat.OFFICER or limits or read.message is None:
        return ""
    if read.row.waits and read.row.sender == channel.desk:
        return "host"
    return "desk" if read.row.closed else ""


def _shown(read: Read, thread: Thread, request: Request, named: Named, *, gone: Collection[bytes] = ()) -> Shown:
    row, channel, language = read.row, thread.channel, request.language
    message = read.message
    showing = Showing(reader_here(request))
    hand = _may_hand(read, channel, thread.seat, thread.limits)
    unopened = read.fault in {"relations.unopened", "exchange.not-your-eyes"}
    ground = message.urgency_ground if message is not None else None
    return Shown(
        id=id_text(row.statement),
        sender=seat_named(channel, row.sender, named, short=True),
        addressee=seat_named(channel, row.addressee, named, short=True),
        by=read.by,
        mine=row.sender == channel.post_of(thread.seat),
        at_ms=row.at_ms,
        handed_ms=row.handed_ms,
        handed_by=row.handed_by,
        urgent=code_list("urgency_grounds").label(ground, language) if ground else "",
        late=row.late,
        waits=_waits(row, channel, thread.seat, language),
        taken_back=row.statement in gone,
        former=read.former,
        words=message.words if message is not None else None,
        conditions=(message.conditions if message is not None else None) or Conditions(),
        subjects=showing.subjects(message.to_plain()) if message is not None else [],
        law=_law_behind(message, showing) if message is not None else [],
        basis_of=(message.law_of or "") if message is not None else "",
        fault="" if unopened or not read.fault else advice(read.fault, language, _Unsaid()).what,
        unopened=unopened,
        hand_url=reverse(
            "liaison-hand", kwargs={"matter": id_text(channel.matter), "statement": id_text(row.statement)}
        )
        if hand
        else "",
        hand_label=f"relations.act.hand-{hand}" if hand else "",
    )


class _Unsaid(dict[str, object]):
    """Values of an advice of which only the code was kept."""

    def __missing__(self, key: str) -> str:
        return "–"


def _limit_words(limits: Sequence[str], language: str) -> str:
    """What stands against the channel, first the limit that weighs most."""
    order = list(code_list("accreditation_limits"))
    found = sorted(limits, key=lambda code: order.index(code) if code in order else 0)
    return code_list("accreditation_limits").label(found[-1], language) if found else ""


def _frame(thread: Thread, row: AccreditationRow, request: Request, named: Named) -> dict[str, Any]:
    """What stands around the messages: what the case is, who sits there, until when."""
    channel, language = thread.channel, request.language
    state, tone = state_in_words(row, language, request.now_ms)
    title = title_of(channel, request)
    return {
        "title": title,
        "field": channel.field,
        "officer": channel.officer,
        "desk": named.place(channel.desk),
        "counterpart": named.place(channel.counterpart),
        "state": state,
        "tone": tone,
        "time": time_in_words(row, request),
        "reach": code_list("reachability").label("reach.away" if _away(row, request) else row.reach, language),
        "away_until": row.away_until_ms if _away(row, request) else None,
        "limit": _limit_words(thread.limits, language),
        "accreditation_url": reverse("liaison-accreditation", kwargs={"identifier": id_text(row.id)}),
        "case": reference(id_text(channel.case_ref)),
    }


def _away(row: AccreditationRow, request: Request) -> bool:
    return row.away_until_ms is not None and row.away_until_ms > request.now_ms


@page(*AT_A_DESK)
def channel(request: Request, matter: UUID) -> HttpResponse:
    """One channel, the latest message first; logged as consulted."""
    thread = read_channel(matter.bytes, context=node_of(request), officer=looker(request))
    named = Named(request.language)
    row = accreditation_row(thread.channel.accreditation)
    writes = [
        (
            reverse("liaison-write", kwargs={"matter": matter, "to": str(one)}),
            write_label(thread.seat, one),
        )
        for one in seats_to(thread.channel, thread.seat)
    ]
    gone = taken_back([one.row.statement for one in thread.words])
    context = {
        **_frame(thread, row, request, named),
        "seat": str(thread.seat),
        "writes": [] if thread.limits else writes,
        "words": [_shown(one, thread, request, named, gone=gone) for one in reversed(thread.words)],
        "key_closed": thread.seat is Seat.OFFICER and not looker(request).reading,
    }
    return render(request, "relations/channel.html", context)


@page(*AT_A_DESK, methods=("GET", "POST"))
def hand(request: Request, matter: UUID, statement: UUID) -> HttpResponse:
    """Asks whether a message is to be handed on, and hands it on."""
    context, named = node_of(request), Named(request.language)
    thread = read_channel(matter.bytes, context=context, officer=looker(request), log=False)
    found = next((one for one in thread.words if one.row.statement == statement.bytes), None)
    to = _may_hand(found, thread.channel, thread.seat, thread.limits) if found is not None else ""
    if found is None or not to:
        raise Http404
    back = reverse("liaison-channel", kwargs={"matter": matter})
    wrong, status = "", 200
    if request.method == "POST":
        try:
            hand_on(statement.bytes, context=context, officer=acting(request))
            return HttpResponseRedirect(back)
        except Error as error:
            wrong, status = told(error, request.language), error.http_status
    whom = thread.channel.counterpart if to == "host" else thread.channel.desk
    shown = {
        "shown": _shown(found, thread, request, named),
        "question": text(f"relations.page.hand-{to}", request.language, desk=named.place(whom)),
        "action": f"relations.act.hand-{to}",
        "url": request.path,
        "back": back,
        "wrong": wrong,
    }
    return render(request, "relations/hand.html", shown, status=status)
