"""Handing something of a direct message down to a desk: written anew, shown as the desk will have it, then signed.

Invariant: the message stays closed to the desk; what goes down is what the head wrote here, under the stricter of the originator's
conditions and the head's own. Nothing is signed that was not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.enquiries.faulty import by_field
from tansiq.enquiries.forms import Data, form_of
from tansiq.enquiries.pages_common import told, tongues
from tansiq.enquiries.pages_showing import Showing
from tansiq.enquiries.pages_sight import ReaderRow
from tansiq.enquiries.pages_writing import Judged, Writing, drop, keep, page_of, preview_of
from tansiq.enquiries.wording import languages_read
from tansiq.errors import Refused
from tansiq.policy.answer import Item
from tansiq.policy.conditions import Conditions
from tansiq.policy.direct import DirectMessage
from tansiq.policy.law import item_faults
from tansiq.protocol.docket import agency_of
from tansiq.protocol.ids import id_text
from tansiq.relations.direct import IN
from tansiq.relations.direct_handing import as_handed, hand_down, under_both
from tansiq.relations.direct_reading import ReadMessage, peek_thread
from tansiq.relations.forms_direct import HandedDown, down_from, down_initial, down_sections
from tansiq.relations.pages_common import AT_A_DESK, Named, acting, node_of, reader_here
from tansiq.relations.pages_direct import Shown, shown_of
from tansiq.relations.pages_direct_common import Sitting, reader_of, sitting
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["down", "draft", "forget", "preview"]

_EDITING: Final = ("GET", "POST")


@dataclass(frozen=True, slots=True)
class _Handing:
    """What is handed down, out of the message ``read``."""

    request: Request
    here: Sitting
    named: Named
    read: ReadMessage
    message: DirectMessage

    @property
    def _named(self) -> dict[str, str]:
        return {"matter": id_text(self.read.row.matter), "statement": id_text(self.read.row.statement)}

    @property
    def url(self) -> str:
        return reverse("direct-down", kwargs=self._named)

    @property
    def back(self) -> str:
        return reverse("direct-exchange", kwargs={"matter": id_text(self.read.row.matter)})

    def sections(self, data: Data) -> Any:
        return down_sections(data, language=self.request.language, own=self.here.post, named=self.named)

    def writing(self) -> Writing:
        return Writing(
            kind="direct.handed-down",
            about=id_text(self.read.row.statement),
            here=self.url,
            sections=self.sections,
            initial=down_initial(self.message.conditions),
        )

    def as_given(self, made: HandedDown) -> Item:
        """The item as the desk will have it: the partner's, under the stricter conditions. Raises Refused."""
        return as_handed(
            self.message, self.read.row, made.item, desk=made.desk, check=made.check, context=node_of(self.request),
            officer=acting(self.request),
        )  # fmt: skip

    def message_shown(self) -> Shown:
        return shown_of(self.read, self.request, self.named)


def _handing(request: Request, matter: UUID, statement: UUID) -> _Handing:
    """Raises Http404 for who does not sit here, for an own message, and for one that this reader does not open."""
    here = sitting(request)
    words = peek_thread(matter.bytes, context=node_of(request), officer=reader_of(request, here))
    read = next((one for one in words if one.row.statement == statement.bytes and one.row.direction == IN), None)
    if read is None or read.message is None:
        raise Http404
    return _Handing(request, here, Named(request.language), read, read.message)


def _judge(handing: _Handing, data: Data) -> Judged:
    request = handing.request
    made, unread = down_from(data, request=request, own=handing.here.post, named=handing.named)
    if made is None:
        return Judged(faults=unread)
    form = form_of(handing.sections(data))
    try:
        found = item_faults(under_both(handing.message, handing.read.row, made.item), agency=handing.read.row.partner)
        faults = {**by_field(found, form=form, language=request.language, at="item."), **unread}
        if faults:
            return Judged(faults=faults)
        if request.officer is None:
            return Judged(messages=(told(Refused("relations.key-closed"), request.language),))
        handing.as_given(made)
    except Refused as error:
        return _refused(error, request.language)
    return Judged(made=made)


def _refused(error: Refused, language: str) -> Judged:
    """What stands against it, where the head can mend it: at the desk, at the question of ill-treatment, or above all."""
    if error.code == "relations.desk-not-named":
        return Judged(faults={"desk": (told(error, language),)})
    reasons = str(error.values.get("reasons") or "").split(", ") if error.code == "policy.use" else []
    asked = [one for one in reasons if one.startswith("policy.law.incoming")]
    if reasons and len(asked) == len(reasons):
        return Judged(faults={"obtained": tuple(text(one, language) for one in asked)})
    return Judged(messages=tuple(text(one, language) for one in reasons) or (told(error, language),))


@page(*AT_A_DESK, methods=_EDITING)
def down(request: Request, matter: UUID, statement: UUID) -> HttpResponse:
    """The form of what is handed down, with the message beside it."""
    handing = _handing(request, matter, statement)
    context = {
        "title": text("relations.direct.hand-down", request.language),
        "back": handing.back,
        "one": handing.message_shown(),
        "forget": f"{handing.url}forget/",
        "submit": "enquiries.form.preview",
    }
    return page_of(
        request, handing.writing(), lambda data: _judge(handing, data), template="relations/direct_down.html", context=context
    )  # fmt: skip


@page(*AT_A_DESK, methods=("POST",))
def draft(request: Request, matter: UUID, statement: UUID) -> HttpResponse:
    """Keeps what is written so far."""
    return keep(request, _handing(request, matter, statement).writing())


@page(*AT_A_DESK, methods=_EDITING)
def forget(request: Request, matter: UUID, statement: UUID) -> HttpResponse:
    """Throws the draft away, after asking."""
    handing = _handing(request, matter, statement)
    if request.method == "POST":
        drop(request, handing.writing())
        return HttpResponseRedirect(handing.back)
    return render(request, "enquiries/forget.html", {"back": handing.url, "url": request.path})


def _readers(handing: _Handing, desk: str) -> list[ReaderRow]:
    """Who will have it: the desk, ourselves, and whoever operates our own node, since it becomes an item of a case."""
    named, language = handing.named, handing.request.language
    agency = named.agency(agency_of(desk))
    whom = (
        (named.post(desk), "relations.direct.why-desk"),
        (named.post(handing.here.post), "relations.direct.why-head"),
        (text("enquiries.sight.operator", language), "relations.direct.why-operator"),
    )
    return [ReaderRow(name=name, agency=agency, docket=True, body=True, why=text(why, language)) for name, why in whom]


def _as_given(handing: _Handing, made: HandedDown) -> Mapping[str, Any]:
    item, language = handing.as_given(made), handing.request.language
    showing = Showing(reader_here(handing.request), agency=handing.named.agency)
    plain = item.to_plain()
    rest = ("source", "information", "basis", "as_of", "originator")
    return {
        "title": text("relations.direct.hand-down", language),
        "back": handing.back,
        "desk": handing.named.post(made.desk),
        "case_title": made.title,
        "words": item.words,
        "evaluation": item.evaluation,
        "conditions": item.conditions or Conditions(),
        "facts": list(showing.facts(plain, Item, only=rest)),
        "subjects": showing.subjects(plain),
        "readers": _readers(handing, made.desk),
        "desk_reads": tongues(languages_read(made.desk), language),
        "grave": False,
    }


@page(*AT_A_DESK, methods=_EDITING)
def preview(request: Request, matter: UUID, statement: UUID) -> HttpResponse:
    """As the desk will have it; by POST it is signed and handed down."""
    handing = _handing(request, matter, statement)

    def send(made: HandedDown) -> str:
        hand_down(
            statement.bytes, made.item, desk=made.desk, title=made.title, check=made.check, context=node_of(request),
            officer=acting(request),
        )  # fmt: skip
        return f"{handing.back}?done=handed"

    return preview_of(
        request,
        handing.writing(),
        lambda data: _judge(handing, data),
        template="relations/direct_down_preview.html",
        context=lambda made: _as_given(handing, made),
        send=send,
    )
