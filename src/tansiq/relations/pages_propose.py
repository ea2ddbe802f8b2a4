"""Proposing an accreditation, or a change of one: kept as a draft, judged, shown whole with who will see it, then signed.

Invariant: only who answers for accreditations proposes; a change names the same officer and host, and until the host has accepted
it, what was accepted holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.channels.accreditations import AccreditationRow, Direction, accreditation_row, standing_of, words_of
from tansiq.channels.officers import post_in_role
from tansiq.channels.ways import find
from tansiq.directory.queries import own_directory
from tansiq.enquiries.faulty import by_field
from tansiq.enquiries.forms import Data, form_of
from tansiq.enquiries.pages_common import told, tongues
from tansiq.enquiries.pages_sight import readers_in_words
from tansiq.enquiries.pages_writing import Judged, Writing, drop, keep, page_of, preview_of
from tansiq.enquiries.sight import readers_of
from tansiq.enquiries.wording import languages_read
from tansiq.errors import Error
from tansiq.exchange.drafts import Draft
from tansiq.policy.accreditation import Accreditation, accreditation_faults
from tansiq.policy.accreditation_course import Move, may_say
from tansiq.protocol.docket import Docket
from tansiq.protocol.ids import id_text
from tansiq.protocol.parts import Part
from tansiq.relations.accreditation_state import proposal_of
from tansiq.relations.accrediting import ANSWERS_FOR, EMBASSY, check_posting, propose
from tansiq.relations.forms_accreditation import flat_proposal, host_post, proposal_from, proposal_sections
from tansiq.relations.pages_accreditations import answers_for
from tansiq.relations.pages_common import AT_A_DESK, Named, acting, looker, node_of, reader_here, time_in_words
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.moments import local
from tansiq.web.visitor import Request

__all__ = ["draft", "forget", "new", "preview"]

_EDITING: Final = ("GET", "POST")


@dataclass(frozen=True, slots=True)
class _Proposing:
    """A proposal that is being written; ``row`` is the accreditation that it changes."""

    request: Request
    named: Named
    row: AccreditationRow | None

    @property
    def here(self) -> str:
        if self.row is None:
            return reverse("liaison-propose")
        return reverse("liaison-change", kwargs={"identifier": id_text(self.row.id)})

    @property
    def back(self) -> str:
        if self.row is None:
            return reverse("liaison-accreditations")
        return reverse("liaison-accreditation", kwargs={"identifier": id_text(self.row.id)})

    @property
    def title(self) -> str:
        return text(f"relations.act.{'propose' if self.row is None else 'change'}", self.request.language)

    def _initial(self) -> Mapping[str, Any]:
        if self.row is None:
            return {}
        one = proposal_of(self.row.proposal, context=node_of(self.request))
        if one is None:
            return {}
        zone = reader_here(self.request).zone
        days = {"from_ms": one.from_ms or 0, "until_ms": (one.until_ms or 1) - 1}
        return flat_proposal(
            one,
            to=self.row.received_by,
            day_of={name: local(ms, zone).date().isoformat() for name, ms in days.items()},
        )

    def writing(self) -> Writing:
        return Writing(
            kind="liaison.proposal",
            about=id_text(self.row.id) if self.row is not None else "",
            here=self.here,
            sections=lambda data: proposal_sections(data, self.request, self.named),
            initial=self._initial(),
        )


def _proposing(request: Request, identifier: UUID | None) -> _Proposing:
    if not answers_for(looker(request)):
        raise Http404
    row = None
    if identifier is not None:
        row = accreditation_row(identifier.bytes)
        if row.direction != Direction.OURS or not may_say(Move.PROPOSE, row.side, standing_of(words_of(row.id))):
            raise Http404
    return _Proposing(request, Named(request.language), row)


def _judge(proposing: _Proposing, data: Data) -> Judged:
    request = proposing.request
    proposal, unread = proposal_from(data, request, proposing.named)
    if proposal is None:
        return Judged(faults=unread)
    form = form_of(proposal_sections(data, request, proposing.named))
    if found := accreditation_faults(proposal):
        faults = by_field(found, form=form, language=request.language)
        renamed = {"officer": "who", "post": "who", "host": "to"}
        return Judged(faults={renamed.get(name, name): messages for name, messages in faults.items()})
    try:
        check_posting(proposal, own_directory())
    except Error as error:
        return Judged(faults={"who": (told(error, request.language),)})
    return Judged(made=(proposal, host_post(data, proposing.named)))


@page(*AT_A_DESK, methods=_EDITING)
def new(request: Request, identifier: UUID | None = None) -> HttpResponse:
    """The form of a proposal."""
    proposing = _proposing(request, identifier)
    context = {
        "title": proposing.title,
        "lead": text(
            "relations.page.accreditations" if proposing.row is None else "relations.page.accreditation",
            request.language,
        ),
        "back": proposing.back,
        "forget": f"{proposing.here}forget/",
        "submit": "enquiries.form.preview",
    }
    return page_of(
        request,
        proposing.writing(),
        lambda data: _judge(proposing, data),
        template="enquiries/word.html",
        context=context,
    )


@page(*AT_A_DESK, methods=("POST",))
def draft(request: Request, identifier: UUID | None = None) -> HttpResponse:
    """Keeps what is written so far."""
    return keep(request, _proposing(request, identifier).writing())


@page(*AT_A_DESK, methods=_EDITING)
def forget(request: Request, identifier: UUID | None = None) -> HttpResponse:
    """Throws the draft away, after asking."""
    proposing = _proposing(request, identifier)
    if request.method == "POST":
        drop(request, proposing.writing())
        return HttpResponseRedirect(proposing.back)
    return render(request, "enquiries/forget.html", {"back": proposing.here, "url": request.path})


def _as_read(proposing: _Proposing, proposal: Accreditation, to: str) -> Mapping[str, Any]:
    """The proposal as the host will read it, and who will see it."""
    request, context, named = proposing.request, node_of(proposing.request), proposing.named
    sender = post_in_role(looker(request).posts, ANSWERS_FOR, own_directory())
    way = find(EMBASSY, sender, to, context=context, now_ms=request.now_ms)
    docket = Docket(
        kind=Move.PROPOSE, channel=way.channel, matter=bytes(16), sender=sender, route=way.route, addressees=(to,), copies=way.copies,
    )  # fmt: skip
    said = Draft(docket=docket, parts=[Part(Move.PROPOSE, {})], readers=way.readers)
    shape = _as_row(proposal)
    return {
        "title": proposing.title,
        "back": proposing.back,
        "officer": proposal.officer,
        "post": named.place(proposal.post or ""),
        "to": named.place(to),
        "shown": {
            "tasks": proposal.tasks, "fields": proposal.fields, "languages": proposal.languages, "reach": proposal.reach,
            "contacts": proposal.contacts, "authorities": proposal.authorities, "represents": proposal.represents,
            "note": proposal.note, "time": time_in_words(shape, request),
            "cases": [
                {
                    "field": one.field, "title": one.title, "desk": named.place(one.desk or ""),
                    "counterpart": named.place(one.counterpart or ""),
                }
                for one in proposal.grants
            ],
        },
        "readers": readers_in_words(readers_of(said, context=context), named, request.language),
        "desk_reads": tongues(languages_read(to), request.language),
        "grave": False,
    }  # fmt: skip


def _as_row(proposal: Accreditation) -> AccreditationRow:
    """As much of a row as says from when until when."""
    return AccreditationRow(
        id=b"", direction=1, partner="", officer="", post="", host="", fields=(), languages=(), tasks=(), reach="", away_until_ms=None,
        from_ms=proposal.from_ms or 0, until_ms=proposal.until_ms or 0, state="", accepted=0, pending=0, proposal=b"", sent_by="",
        received_by="", said_ms=0, changed_ms=0,
    )  # fmt: skip


@page(*AT_A_DESK, methods=_EDITING)
def preview(request: Request, identifier: UUID | None = None) -> HttpResponse:
    """How the host will read it; by POST it is signed and sent."""
    proposing = _proposing(request, identifier)

    def send(made: tuple[Accreditation, str]) -> str:
        proposal, to = made
        identifier = propose(
            proposal,
            to_post=to,
            context=node_of(request),
            officer=acting(request),
            accreditation=proposing.row.id if proposing.row is not None else b"",
        )
        return reverse("liaison-accreditation", kwargs={"identifier": id_text(identifier)})

    return preview_of(
        request,
        proposing.writing(),
        lambda data: _judge(proposing, data),
        template="relations/proposal.html",
        context=lambda made: _as_read(proposing, *made),
        send=send,
    )
