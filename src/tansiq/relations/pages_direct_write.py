"""Writing from head to head: one page, on which who will see what stands before the button that signs and sends.

Invariant: one step, and no check less: the law, the language, the rules of the channels and the way are asked before anything leaves, and
what was written is in the draft before that (`enquiries.pages_writing`). The return key never sends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.channels.queries import standings
from tansiq.directory.queries import own_directory
from tansiq.enquiries.attested import check_attested
from tansiq.enquiries.faulty import by_field
from tansiq.enquiries.forms import Data, form_of
from tansiq.enquiries.pages_common import told, tongues
from tansiq.enquiries.pages_sight import ReaderRow, readers_in_words
from tansiq.enquiries.pages_writing import Judged, Writing, drop, keep, load, page_of
from tansiq.enquiries.sight import readers_of
from tansiq.enquiries.wording import languages_read
from tansiq.errors import Error, Refused
from tansiq.exchange.drafts import Draft
from tansiq.policy.channel_matter import Channel, State
from tansiq.policy.direct import DirectMessage
from tansiq.policy.enquiry import LawBasis
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.ids import id_text
from tansiq.protocol.parts import Part
from tansiq.relations.direct import CHANNEL, IN, MESSAGE, OUT
from tansiq.relations.direct_reading import ReadMessage, peek_thread
from tansiq.relations.direct_saying import faults_of, prepare, say, way_between
from tansiq.relations.forms_direct import direct_from, direct_sections
from tansiq.relations.forms_liaison import Offered, as_before
from tansiq.relations.liaison_basis import Basis
from tansiq.relations.pages_common import AT_A_DESK, Named, acting, node_of, reader_here
from tansiq.relations.pages_direct_common import Partner, Sitting, partners_here, reader_of, sitting
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["draft", "forget", "write"]

_EDITING: Final = ("GET", "POST")
_MOST_BASES: Final = 2
_IN_LANGUAGE: Final = tuple(
    f"{name}.language" for name in ("words", "urgency_reason", "law.necessity", "law.assurance.reference")
)
"""The languages of the texts that every message with personal data has."""


@dataclass(frozen=True, slots=True)
class _Saying:
    """A message that is being written: to whom, and the exchange in which it is said (``words``; none: a new one)."""

    request: Request
    here: Sitting
    named: Named
    to: Partner
    words: Sequence[ReadMessage]

    @property
    def matter(self) -> bytes:
        return self.words[-1].row.matter if self.words else b""

    @property
    def field(self) -> str:
        return self.words[-1].row.field if self.words else ""

    @property
    def answers(self) -> bytes:
        came = [one.row.statement for one in self.words if one.row.direction == IN]
        return came[-1] if came else b""

    @property
    def url(self) -> str:
        if self.words:
            return reverse("direct-answer", kwargs={"matter": id_text(self.matter)})
        return reverse("direct-write", kwargs={"agency": self.to.agency})

    @property
    def back(self) -> str:
        return reverse("direct-exchange", kwargs={"matter": id_text(self.matter)}) if self.words else reverse("direct")

    def _tongue(self) -> str:
        """The language that an empty text begins with: the reader's own where the other head reads it, else one that both read."""
        theirs = languages_read(self.to.post)
        shared = [one for one in (self.request.language, *languages_read(self.here.post)) if one in theirs]
        return shared[0] if shared else self.request.language

    @property
    def mine(self) -> list[ReadMessage]:
        """What this person said in it, the last first."""
        number = self.here.person.number
        return [one for one in reversed(self.words) if one.row.direction == OUT and one.by == number and one.message]

    def bases(self) -> list[Basis]:
        """The last bases in law that this person stated in it."""
        found = [(one, one.message.law) for one in self.mine if one.message is not None]
        stated = {
            law: Basis(one.row.statement, law, one.row.said_ms) for one, law in reversed(found) if law is not None
        }
        return list(reversed(stated.values()))[:_MOST_BASES]

    def offered(self) -> tuple[Offered, ...]:
        return tuple(Offered.of(one, reader_here(self.request)) for one in self.bases())

    def laws(self) -> Mapping[str, LawBasis]:
        return {one.statement.hex(): one.law for one in self.bases()}

    def sections(self, data: Data) -> Any:
        return direct_sections(
            data, language=self.request.language, offered=self.offered(), head=self.here.head, field=self.field
        )

    def writing(self) -> Writing:
        last = self.mine[0].message if self.mine else None
        return Writing(
            kind="direct.message",
            about=id_text(self.matter) if self.words else self.to.agency,
            here=self.url,
            sections=self.sections,
            initial={**as_before(last, field=self.field), **dict.fromkeys(_IN_LANGUAGE, self._tongue())},
        )

    def read(self, data: Data) -> tuple[DirectMessage | None, str, dict[str, tuple[str, ...]]]:
        return direct_from(
            data, request=self.request, offered=self.offered(), bases=self.laws(), field=self.field
        )  # fmt: skip


def _saying(request: Request, *, agency: str = "", matter: UUID | None = None) -> _Saying:
    """What is written here. Raises Http404 for who does not sit here, and for a partner or an exchange that is none."""
    here, named = sitting(request), Named(request.language)
    words: Sequence[ReadMessage] = ()
    if matter is not None:
        words = peek_thread(matter.bytes, context=node_of(request), officer=reader_of(request, here))
        agency = agency_of(words[-1].row.their_post)
    to = next((one for one in partners_here(named, request.now_ms) if one.agency == agency), None)
    if to is None:
        raise Http404
    return _Saying(request, here, named, to, words)


def _judge(saying: _Saying, data: Data) -> Judged:
    """The law, the language, the rules of the channels, the way: all that sending asks, asked here."""
    request, person = saying.request, saying.here.person
    message, field, unread = saying.read(data)
    if message is None:
        return Judged(faults=unread)
    found = faults_of(message, to=saying.to.post, field=field, now_ms=request.now_ms)
    if found:
        faults = by_field(found, form=form_of(saying.sections(data)), language=request.language)
        return Judged(faults={{"law.offence": "field"}.get(name, name): said for name, said in faults.items()})
    try:
        check_attested(message.law, message.subjects, own_directory())
        prepare(
            message, to=saying.to.post, field=field, context=node_of(request), number=person.number, posts=person.posts,
            matter=saying.matter, answers=saying.answers,
        )  # fmt: skip
        if request.officer is None:
            raise Refused("relations.key-closed")
    except Error as error:
        return Judged(messages=(told(error, request.language),))
    return Judged(made=(message, field))


def _who_sees(saying: _Saying) -> list[ReaderRow]:
    """Everybody who will have the docket or the words, read off the way on which it would leave now."""
    context, own, their = node_of(saying.request), saying.here.post, saying.to.post
    way = way_between(own, their, number=saying.here.person.number, context=context)
    docket = Docket(
        kind=MESSAGE, channel=CHANNEL, field=saying.field, matter=saying.matter or bytes(16), sender=own, route=way.route,
        addressees=(their,), copies=way.copies,
    )  # fmt: skip
    sealed = Draft(docket=docket, parts=[Part(MESSAGE, {})], readers=way.readers, own=way.own)
    rows = readers_in_words(readers_of(sealed, context=context), saying.named, saying.request.language)
    return list(dict.fromkeys(rows))  # both custodians of a key read alike


def _around(saying: _Saying) -> dict[str, Any]:
    standing = standings(saying.to.agency).get(Channel.DIRECT)
    language = saying.request.language
    return {
        "title": text("relations.direct.answer" if saying.words else "relations.direct.write", language),
        "to": saying.to,
        "back": saying.back,
        "readers": _who_sees(saying),
        "desk_reads": tongues(languages_read(saying.to.post), language),
        "suspended": standing is not None and State.SUSPENDED in {standing.own, standing.announced},
        "key_closed": saying.request.officer is None,
        "forget": f"{saying.url}forget/",
        "submit": "relations.direct.send",
        "careful": True,
    }


@page(*AT_A_DESK, methods=_EDITING)
def write(request: Request, agency: str = "", matter: UUID | None = None) -> HttpResponse:
    """The form of a message; its button signs and sends what stands there."""
    saying = _saying(request, agency=agency, matter=matter)
    writing = saying.writing()
    answer = page_of(
        request, writing, lambda data: _judge(saying, data), template="relations/direct_write.html", context=_around(saying)
    )  # fmt: skip
    if request.method != "POST" or getattr(answer, "url", "") != f"{writing.here}preview/":
        return answer
    judged = _judge(saying, load(request, writing).data)
    if judged.made is None:  # somebody changed something between the two
        return HttpResponseRedirect(f"{writing.here}?check=1")
    message, field = judged.made
    said_in, _ = say(
        message, to=saying.to.post, field=field, context=node_of(request), officer=acting(request), matter=saying.matter,
        answers=saying.answers,
    )  # fmt: skip
    drop(request, writing)
    return HttpResponseRedirect(reverse("direct-exchange", kwargs={"matter": id_text(said_in)}))


@page(*AT_A_DESK, methods=("POST",))
def draft(request: Request, agency: str = "", matter: UUID | None = None) -> HttpResponse:
    """Keeps what is written so far."""
    return keep(request, _saying(request, agency=agency, matter=matter).writing())


@page(*AT_A_DESK, methods=_EDITING)
def forget(request: Request, agency: str = "", matter: UUID | None = None) -> HttpResponse:
    """Throws the draft away, after asking."""
    saying = _saying(request, agency=agency, matter=matter)
    if request.method == "POST":
        drop(request, saying.writing())
        return HttpResponseRedirect(saying.back)
    return render(request, "enquiries/forget.html", {"back": saying.url, "url": request.path})
