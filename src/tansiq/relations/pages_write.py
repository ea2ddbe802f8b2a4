"""Writing on a liaison officer's channel: kept as a draft, judged, shown as it will be read with who will see what, then signed.

Invariant: as everywhere (`enquiries.pages_writing`): nothing is sent that was not shown. What the closed channel no longer carries has
no form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.directory.queries import own_directory
from tansiq.enquiries.attested import HEAD, check_attested
from tansiq.enquiries.faulty import by_field
from tansiq.enquiries.forms import Data, form_of
from tansiq.enquiries.pages_common import told, tongues
from tansiq.enquiries.pages_showing import Showing
from tansiq.enquiries.pages_sight import readers_in_words
from tansiq.enquiries.pages_writing import Judged, Writing, drop, keep, page_of, preview_of
from tansiq.enquiries.sight import readers_of
from tansiq.errors import Error
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.liaison import LiaisonMessage
from tansiq.protocol.ids import id_text
from tansiq.relations.forms_liaison import Offered, as_before, message_from, message_sections
from tansiq.relations.liaison import Seat
from tansiq.relations.liaison_basis import basis_of, standing_bases
from tansiq.relations.liaison_reading import Thread, read_channel
from tansiq.relations.liaison_saying import faults_of, languages_of_seat, prepare, say
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
    write_label,
)
from tansiq.relations.pages_liaison import title_of
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["draft", "forget", "preview", "write"]

_EDITING = ("GET", "POST")


@dataclass(frozen=True, slots=True)
class _Saying:
    """A message that is being written."""

    request: Request
    thread: Thread
    to: Seat
    person: Looker
    offered: tuple[Offered, ...]

    @property
    def here(self) -> str:
        return reverse("liaison-write", kwargs={"matter": UUID(bytes=self.thread.channel.matter), "to": str(self.to)})

    @property
    def back(self) -> str:
        return reverse("liaison-channel", kwargs={"matter": UUID(bytes=self.thread.channel.matter)})

    def _last(self) -> LiaisonMessage | None:
        mine = self.thread.channel.post_of(self.thread.seat)
        said = [one.message for one in self.thread.words if one.row.sender == mine and one.message is not None]
        return said[-1] if said else None

    @property
    def is_head(self) -> bool:
        heads = {post.id for post in own_directory().posts if post.role == HEAD}
        return not heads.isdisjoint(self.person.posts)

    def sections(self, data: Data) -> Any:
        return message_sections(data, language=self.request.language, offered=self.offered, head=self.is_head)

    def writing(self) -> Writing:
        return Writing(
            kind=f"liaison.{self.to}",
            about=id_text(self.thread.channel.matter),
            here=self.here,
            sections=self.sections,
            initial=as_before(self._last(), field=self.thread.channel.field),
        )


def _saying(request: Request, matter: UUID, to: str) -> _Saying:
    """The message to somebody at this channel, where it carries one now; else Http404, or the channel's own error."""
    context, person = node_of(request), looker(request)
    thread = read_channel(matter.bytes, context=context, officer=person, log=False)
    if to not in {str(one) for one in seats_to(thread.channel, thread.seat)} or thread.limits:
        raise Http404
    bases = standing_bases(thread.channel, agency=context.agency, reading=person.reading, context=context)
    offered = tuple(Offered.of(one, reader_here(request)) for one in bases[:3])
    return _Saying(request, thread, Seat(to), person, offered)


def _judge(saying: _Saying, data: Data) -> Judged:
    request, context = saying.request, node_of(saying.request)
    message, unread = message_from(data, request=request, offered=saying.offered)
    if message is None:
        return Judged(faults=unread)
    channel = saying.thread.channel
    standing = basis_of(message.law_of, channel, agency=context.agency, reading=saying.person.reading, context=context)
    found = faults_of(message, channel, saying.to, standing=standing, now_ms=request.now_ms)
    if found:
        form = form_of(saying.sections(data))
        return Judged(faults=by_field(found, form=form, language=request.language))
    try:
        check_attested(message.law, message.subjects, own_directory())
    except Error as error:
        return Judged(messages=(told(error, request.language),))
    return Judged(made=message)


def _title(saying: _Saying) -> str:
    return text(write_label(saying.thread.seat, saying.to), saying.request.language)


def _around(saying: _Saying) -> dict[str, Any]:
    channel, named = saying.thread.channel, Named(saying.request.language)
    title = title_of(channel, saying.request)
    return {
        "title": _title(saying),
        "lead": title.value if title is not None else seat_named(channel, channel.post_of(saying.to), named),
        "back": saying.back,
    }


@page(*AT_A_DESK, methods=_EDITING)
def write(request: Request, matter: UUID, to: str) -> HttpResponse:
    """The form of a message."""
    saying = _saying(request, matter, to)
    context = {
        **_around(saying),
        "forget": reverse("liaison-forget", kwargs={"matter": matter, "to": to}),
        "submit": "enquiries.form.preview",
    }
    return page_of(
        request, saying.writing(), lambda data: _judge(saying, data), template="enquiries/word.html", context=context
    )


@page(*AT_A_DESK, methods=("POST",))
def draft(request: Request, matter: UUID, to: str) -> HttpResponse:
    """Keeps what is written so far."""
    return keep(request, _saying(request, matter, to).writing())


@page(*AT_A_DESK, methods=_EDITING)
def forget(request: Request, matter: UUID, to: str) -> HttpResponse:
    """Throws the draft away, after asking."""
    saying = _saying(request, matter, to)
    if request.method == "POST":
        drop(request, saying.writing())
        return HttpResponseRedirect(saying.back)
    return render(request, "enquiries/forget.html", {"back": saying.here, "url": request.path})


def _as_read(saying: _Saying, message: LiaisonMessage) -> Mapping[str, Any]:
    """The message as it will be read, and who will see what."""
    request, context = saying.request, node_of(saying.request)
    channel, language = saying.thread.channel, request.language
    named = Named(language)
    person = saying.person
    ready = prepare(
        channel.matter, message, to=saying.to, context=context, number=person.number, posts=person.posts,
        reading=person.reading,
    )  # fmt: skip
    sealed = replace(ready.draft(None, urgent=False), readers=ready.way.readers, own=ready.way.own)
    sight = readers_of(sealed, context=context)
    showing = Showing(reader_here(request))
    law = message.law or ready.law
    return {
        **_around(saying),
        "to": seat_named(channel, channel.post_of(saying.to), named),
        "words": message.words,
        "conditions": message.conditions or Conditions(),
        "subjects": showing.subjects(message.to_plain()),
        "law": list(showing.facts(dict(law.to_plain()), LawBasis, path="law.")) if law is not None else [],
        "same_basis": message.law_of is not None,
        "waits": ready.waits,
        "through": channel.officer if channel.liaison_post in ready.way.route[1:-1] else "",
        "readers": readers_in_words(sight, named, language),
        "desk_reads": tongues(languages_of_seat(channel, saying.to), language),
        "grave": False,
    }


@page(*AT_A_DESK, methods=_EDITING)
def preview(request: Request, matter: UUID, to: str) -> HttpResponse:
    """How it will be read, and who will see what; by POST it is signed and said."""
    saying = _saying(request, matter, to)

    def send(message: LiaisonMessage) -> str:
        say(matter.bytes, message, to=saying.to, context=node_of(request), officer=acting(request))
        return saying.back

    return preview_of(
        request,
        saying.writing(),
        lambda data: _judge(saying, data),
        template="relations/preview.html",
        context=lambda message: _as_read(saying, message),
        send=send,
    )
