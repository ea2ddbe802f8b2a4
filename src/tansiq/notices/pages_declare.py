"""Declaring that somebody is held, was found or is dead, and that somebody was released: written, judged, shown, then signed.

Invariant: each partner is told by a statement of its own, so none learns who else was told. To nobody is an answer too: then our own desk is
told when somebody asks.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.cases.contents import open_statements
from tansiq.channels.desks import role_of
from tansiq.channels.ways import find
from tansiq.directory.queries import own_directory
from tansiq.enquiries.attested import check_attested
from tansiq.enquiries.faulty import by_field
from tansiq.enquiries.forms import Data, flat_of, form_of, read_record
from tansiq.enquiries.pages_showing import Showing
from tansiq.enquiries.pages_sight import readers_in_words
from tansiq.enquiries.pages_writing import Judged, Writing, drop, keep, page_of, preview_of
from tansiq.enquiries.reading import record_from
from tansiq.enquiries.sight import PartSight, readers_of
from tansiq.enquiries.wording import languages_read
from tansiq.errors import BadInput, Error
from tansiq.exchange.drafts import Draft
from tansiq.notices.declared import DeclarationRow, declaration_rows
from tansiq.notices.declaring import RELEASED, declare, end_declaration
from tansiq.notices.desks import BUREAU
from tansiq.notices.forms_words import declaration_sections, release_sections
from tansiq.notices.kinds import ANSWER, STATUS
from tansiq.notices.pages_common import (
    AT_A_DESK,
    EDITING,
    Named,
    acting,
    node_of,
    reader_here,
    thing_of,
    told,
    tongues,
)
from tansiq.notices.pages_declared import may_end, open_rows, own_desks, subjects_in_notice
from tansiq.policy.codes import code_list
from tansiq.policy.notice import StatusDeclaration
from tansiq.policy.notice_law import notice_word_faults
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.parts import Part
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["draft", "forget", "new", "preview", "write"]

_INITIAL: Final[dict[str, Any]] = {"subjects.0.kind": "subject.person"}
_NEW: Final = "new"


class _Declaring:
    """A declaration that is being written, or the end of ``row``."""

    def __init__(self, request: Request, what: str, about: str) -> None:
        self.request = request
        self.what = what
        self.about = about
        self.named = Named(request.language)
        self.own = own_desks(request)
        self.row: DeclarationRow | None = None
        if what == "end":
            self.row = open_rows(thing_of(about))
            if not may_end(self.row, request):
                raise Http404
        elif what != _NEW or not self.own:
            raise Http404

    @property
    def here(self) -> str:
        return reverse("notices-declare", kwargs={"what": self.what, "about": self.about})

    @property
    def back(self) -> str:
        return reverse("notices-declared")

    @property
    def title(self) -> str:
        return text(
            "notices.act.end-declaration" if self.row is not None else "notices.act.declare", self.request.language
        )

    def sections(self, data: Data) -> Any:
        language = self.request.language
        if self.row is not None:
            return release_sections(data, language, known=bool(self.subjects_before()))
        return declaration_sections(data, language, self.named, own=self.own)

    def writing(self) -> Writing:
        return Writing(
            kind=f"person.status.{self.what}",
            about=self.about,
            here=self.here,
            sections=self.sections,
            initial=self._initial(),
        )

    def _before(self) -> Mapping[str, Any]:
        """What was declared, or answered, before it ends."""
        if self.row is None:
            return {}
        stored = open_statements([self.row.statement], keys=node_of(self.request).keys).get(self.row.statement)
        part = next((part for kind in (STATUS, ANSWER) if stored and (part := stored.part(kind)) is not None), None)
        return dict(part.content) if part is not None else {}

    def _initial(self) -> Mapping[str, Any]:
        if self.row is None:
            return _INITIAL
        before = self._before()
        kept = {name: before[name] for name in ("law", "conditions") if name in before}
        return flat_of(StatusDeclaration, kept) | ({} if self.subjects_before() else _INITIAL)

    def sender(self, data: Data) -> str:
        """The desk from which it is said."""
        if self.row is not None:
            return self.row.post
        said = str(data.get("from") or "")
        return said if said in self.own else next(iter(self.own))

    def to(self, data: Data) -> tuple[str, ...]:
        """The desks that are told: those chosen, or those that were told before."""
        if self.row is None:
            said = data.get("to") or ()
            return (said,) if isinstance(said, str) else tuple(str(one) for one in said)
        rows = declaration_rows("matter = %s AND agency = %s", (self.row.matter, self.row.agency))
        return tuple(dict.fromkeys(post for row in rows for post in self._desks_of(row)))

    def _desks_of(self, row: DeclarationRow) -> Sequence[str]:
        stored = open_statements([row.statement], keys=node_of(self.request).keys).get(row.statement)
        if stored is None or stored.docket is None:
            return ()
        return [post for post in stored.docket.addressees if agency_of(post) in row.recipients]

    def subjects_before(self) -> list[Any]:
        """Whom it was about; nobody where that is no longer here."""
        if self.row is None:
            return []
        return list(self._before().get("subjects", [])) or subjects_in_notice(self.row, context=node_of(self.request))


def _channel(sender: str) -> str:
    """A bureau speaks over its own channel, a service's desk over the embassy's."""
    return "interpol" if role_of(sender) == BUREAU else "embassy"


def _judge(declaring: _Declaring, data: Data) -> Judged:
    request, language = declaring.request, declaring.request.language
    form = form_of(declaring.sections(data))
    read = read_record(StatusDeclaration, data, form=form, language=language, zone=request.visitor.zone)
    if read.faults:
        return Judged(faults=read.faults)
    plain: dict[str, Any] = dict(read.plain)
    if declaring.row is not None:
        plain |= {"status": RELEASED, "subjects": declaring.subjects_before() or plain.get("subjects", [])}
    try:
        body = record_from(StatusDeclaration, plain, officer=request.visitor.number, now_ms=request.now_ms)
    except BadInput as error:
        return Judged(messages=(told(error, language),))
    today = dt.datetime.fromtimestamp(request.now_ms / 1000, dt.UTC).date()
    found = notice_word_faults(body, said_ms=node_of(request).clock(), today=today)
    if faults := by_field(found, form=form, language=language):
        return Judged(faults=faults)
    try:
        check_attested(body.law, body.subjects, own_directory())
    except Error as error:
        return Judged(messages=(told(error, language),))
    return Judged(made=(body, declaring.sender(data), declaring.to(data)))


@page(*AT_A_DESK)
def new(request: Request) -> HttpResponse:
    """A new draft."""
    return HttpResponseRedirect(reverse("notices-declare", kwargs={"what": _NEW, "about": secrets.token_hex(6)}))


@page(*AT_A_DESK, methods=EDITING)
def write(request: Request, what: str, about: str) -> HttpResponse:
    """The form."""
    declaring = _Declaring(request, what, about)
    context = {
        "title": declaring.title,
        "lead": text("notices.declared.title", request.language),
        "back": declaring.back,
        "forget": f"{declaring.here}forget/",
        "submit": "enquiries.form.preview",
    }
    return page_of(
        request,
        declaring.writing(),
        lambda data: _judge(declaring, data),
        template="enquiries/word.html",
        context=context,
    )


@page(*AT_A_DESK, methods=("POST",))
def draft(request: Request, what: str, about: str) -> HttpResponse:
    """Keeps what is written so far."""
    return keep(request, _Declaring(request, what, about).writing())


@page(*AT_A_DESK, methods=EDITING)
def forget(request: Request, what: str, about: str) -> HttpResponse:
    """Throws the draft away, after asking."""
    declaring = _Declaring(request, what, about)
    if request.method == "POST":
        drop(request, declaring.writing())
        return HttpResponseRedirect(declaring.back)
    return render(request, "enquiries/forget.html", {"back": declaring.here, "url": request.path})


def _sight(declaring: _Declaring, sender: str, to: Sequence[str]) -> list[PartSight]:
    """Who will have it, desk by desk."""
    found: list[PartSight] = []
    context = node_of(declaring.request)
    for post in to:
        way = find(_channel(sender), sender, post, context=context, now_ms=context.clock())
        docket = Docket(
            kind=STATUS, channel=way.channel, matter=bytes(16), sender=sender, route=way.route, addressees=(way.addressee,),
            copies=way.copies,
        )  # fmt: skip
        found += readers_of(
            Draft(docket=docket, parts=[Part(STATUS, {})], readers=way.readers, own=way.own), context=context
        )
    return found


def _as_read(declaring: _Declaring, body: StatusDeclaration, sender: str, to: Sequence[str]) -> Mapping[str, Any]:
    request, language = declaring.request, declaring.request.language
    plain: dict[str, Any] = dict(body.to_plain())
    showing = Showing(reader_here(request))
    conditions = plain.get("conditions", {})
    words = conditions.get("words") or {}
    named = declaring.named
    read = sorted({tongue for post in to for tongue in languages_read(post)})
    messages: list[str] = []
    try:
        sight = _sight(declaring, sender, to)
    except Error as error:
        sight, messages = [], [told(error, language)]
    return {
        "title": declaring.title,
        "what": code_list("person_status").label(body.status or "", language),
        "to": ", ".join(named.place(post) for post in to) or text("notices.declared.nobody", language),
        "handling": tuple(conditions.get("codes", ())),
        "classification": conditions.get("classification", ""),
        "condition": words.get("value", ""),
        "condition_language": words.get("language", ""),
        "facts": list(showing.facts(plain, StatusDeclaration, only=("since", "place", "authority", "reference"))),
        "law": list(showing.facts(plain, StatusDeclaration, only=("law", "conditions"))),
        "subjects": showing.subjects(plain),
        "readers": readers_in_words(sight, named, language),
        "desk_reads": tongues(read, language),
        "no_way": messages,
        "grave": False,
    }


@page(*AT_A_DESK, methods=EDITING)
def preview(request: Request, what: str, about: str) -> HttpResponse:
    """How it will be read, and by whom; by POST it is signed and sent."""
    declaring = _Declaring(request, what, about)

    def send(made: tuple[StatusDeclaration, str, tuple[str, ...]]) -> str:
        body, sender, to = made
        officer, context, channel = acting(request), node_of(request), _channel(made[1])
        if declaring.row is not None:
            end_declaration(declaring.row.matter, body, to=to, officer=officer, context=context, channel=channel)
        else:
            declare(body, to=to, officer=officer, from_post=sender, context=context, channel=channel)
        return declaring.back

    return preview_of(
        request,
        declaring.writing(),
        lambda data: _judge(declaring, data),
        template="notices/said.html",
        context=lambda made: _as_read(declaring, *made),
        send=send,
    )
