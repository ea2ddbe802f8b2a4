"""Writing an enquiry: the form, the draft, how the partner will read it and who will see what, then the signature.

Invariant: nothing leaves that was not shown as it will be read; what is sent is what was shown (the draft's version).
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.cases.files_sending import OwnFile
from tansiq.channels.agreed import agreed_faults
from tansiq.channels.history import expected_by_channel
from tansiq.channels.pages_shared import in_words
from tansiq.channels.profile import channel_rules
from tansiq.channels.showing import Card, cards
from tansiq.directory.queries import own_directory
from tansiq.enquiries.attested import check_attested
from tansiq.enquiries.crosschecks import check_matter
from tansiq.enquiries.drafts import REQUEST, URGENT_CLASSES
from tansiq.enquiries.duplicates import alike_in, earlier_of
from tansiq.enquiries.forms import Data, form_of
from tansiq.enquiries.forms_channel import case_in, weighing_in
from tansiq.enquiries.forms_enquiry import INITIAL, Way, enquiry_from, enquiry_sections, translations_from, way_from
from tansiq.enquiries.forms_files import file_section, files_chosen, files_in_words
from tansiq.enquiries.pages_channel import Going, ask_for, choosing_of, four_of, going_of, judged_matter
from tansiq.enquiries.pages_common import AT_A_DESK, Named, acting, desks_of, node_of, told, tongues, with_names
from tansiq.enquiries.pages_rows import question_of, term_of
from tansiq.enquiries.pages_said import reader_here, request_blocks
from tansiq.enquiries.pages_showing import Showing
from tansiq.enquiries.pages_sight import readers_in_words
from tansiq.enquiries.pages_writing import Judged, Writing, drop, keep, load, page_of, preview_of
from tansiq.enquiries.services import send_enquiry
from tansiq.enquiries.sight import readers_of_request
from tansiq.enquiries.warned import cautions_about
from tansiq.enquiries.weighing import Weighing
from tansiq.enquiries.wording import languages_read, wording_faults
from tansiq.errors import Error
from tansiq.policy.channel_matter import CHANNELS, Channel
from tansiq.policy.codes import code_list
from tansiq.policy.correspondence import Translation
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.faults import Faults
from tansiq.policy.law import law_faults
from tansiq.protocol.docket import agency_of
from tansiq.protocol.ids import id_text
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["approval", "compose", "draft", "forget", "new", "preview"]

_FORM: Final = "enquiry"
_EDITING: Final = ("GET", "POST")


@dataclass(frozen=True, slots=True)
class _Ready:
    """An enquiry that may leave, with its way, and what is said of its channel."""

    enquiry: Enquiry
    going: Going
    case: bytes
    weighing: Weighing
    card: Card
    deviation: str
    translations: tuple[Translation, ...]
    files: tuple[OwnFile, ...]


def _writing(request: Request, draft: str, named: Named) -> Writing:
    return Writing(
        kind=_FORM,
        about=draft,
        here=reverse("enquiry-compose", kwargs={"draft": draft}),
        sections=lambda data: (*enquiry_sections(data, request, named), *file_section(request)),
        initial=INITIAL,
    )


def _judge(data: Data, request: Request, named: Named) -> Judged:
    """What the forms, the law and the addressed desk's languages say to it."""
    language = request.language
    form = form_of(enquiry_sections(data, request, named))
    way = way_from(data, request, named)
    lacking: dict[str, tuple[str, ...]] = {
        name: (text("enquiries.form.way-missing", language),)
        for name, post in (("to", way.addressee), ("from", way.sender))
        if not post
    }
    enquiry, faults = enquiry_from(data, form=form, request=request)
    going = going_of(data, request, way, enquiry) if enquiry is not None else None
    lacking |= _no_way_said(data, way, language)
    if enquiry is None:
        return Judged(faults={**faults, **lacking})
    translations = translations_from(data, request=request)
    today = dt.datetime.fromtimestamp(request.now_ms / 1000, dt.UTC).date()
    found = list(law_faults(enquiry, today=today))
    addressee = going.ends.addressee if going is not None else way.addressee
    if addressee:
        found += wording_faults(
            enquiry, languages=languages_read(addressee), urgent=enquiry.deadline_class in URGENT_CLASSES,
            translations=translations,
        )  # fmt: skip
        found += agreed_faults(enquiry.law, agency_of(addressee), at_ms=request.now_ms)
    judged = Judged.of(Faults(found), form=form, language=language)
    if judged.faults or lacking or going is None:
        return Judged(faults={**judged.faults, **lacking}, wanted=judged.wanted)
    try:
        check_attested(enquiry.law, enquiry.subjects, own_directory())
    except Error as error:
        return Judged(messages=(told(error, language),))
    try:
        card, deviation = _card(data, request, way, enquiry, going)
    except Error as error:
        return Judged(faults=_against_the_channel(error, language))
    return Judged(
        made=_Ready(
            enquiry, going, case_in(data), weighing_in(data), card, deviation, translations,
            files_chosen(data, request, of=0),
        )
    )  # fmt: skip


def _no_way_said(data: Data, way: Way, language: str) -> dict[str, tuple[str, ...]]:
    """What is not said of the way: the channel, and the office where the embassy's is taken and there are several."""
    if data.get("channel") not in CHANNELS:
        return {"channel": (text("channels.choice.missing", language),)}
    if data["channel"] == Channel.EMBASSY and not way.office:
        return {"via": (text("enquiries.form.way-missing", language),)}
    return {}


def _card(data: Data, request: Request, way: Way, enquiry: Enquiry, going: Going) -> tuple[Card, str]:
    """What is said of the channel that is chosen, and the reason for it where one was needed. Raises when it may not be
    taken so.
    """
    choosing = choosing_of(request, way)
    weighed = choosing.choose(going.channel, judged_matter(data, way, enquiry), deviation=weighing_in(data).deviation)
    expected = expected_by_channel(choosing.posts, choosing.partner)
    approved = {going.channel: ", ".join(dict.fromkeys(weighed.chosen.approvers))}
    chosen, found = str(going.channel), [weighed.chosen.advice]
    shown = cards(found, expected=expected, chosen=chosen, language=request.language, approved=approved)
    return shown[0], weighed.chosen.deviation


def _against_the_channel(error: Error, language: str) -> dict[str, tuple[str, ...]]:
    """What stands against the channel that is chosen, at the field where it can be changed."""
    if error.code == "channels.refused":
        codes = str(error.values["reasons"]).split(", ")
        return {"channel": tuple(channel_rules().reasons.label(code, language) for code in codes)}
    at = "deviation" if error.code in {"channels.deviation-needed", "policy.unknown-code"} else "channel"
    return {at: (told(in_words(error, language), language),)}


def _readable(data: Data, request: Request, named: Named) -> Enquiry | None:
    """The enquiry that is written, as far as it goes; None where something can't be read."""
    return enquiry_from(data, form=form_of(enquiry_sections(data, request, named)), request=request)[0]


def _so_far(data: Data, request: Request, named: Named) -> Mapping[str, Any]:
    """What is said of the channels for what is written so far."""
    way = way_from(data, request, named)
    return {"four": four_of(data, request, way, _readable(data, request, named) if way.addressee else None)}


@page(*AT_A_DESK)
def new(request: Request) -> HttpResponse:
    """A new draft."""
    return HttpResponseRedirect(reverse("enquiry-compose", kwargs={"draft": secrets.token_hex(6)}))


@page(*AT_A_DESK, methods=_EDITING)
def compose(request: Request, draft: str) -> HttpResponse:
    """The form."""
    named = Named(request.language)
    writing = _writing(request, draft, named)
    context = {
        "forget": reverse("enquiry-draft-forget", kwargs={"draft": draft}),
        "submit": "enquiries.form.preview",
        "approve": reverse("enquiry-draft-approval", kwargs={"draft": draft}),
    }
    return page_of(
        request, writing, lambda data: _judge(data, request, named), template="enquiries/compose.html", context=context,
        about=lambda data: _so_far(data, request, named),
    )  # fmt: skip


@page(*AT_A_DESK, methods=("POST",))
def draft(request: Request, draft: str) -> HttpResponse:
    """Keeps what is written so far."""
    named = Named(request.language)
    approve = reverse("enquiry-draft-approval", kwargs={"draft": draft})
    return keep(
        request, _writing(request, draft, named),
        about=lambda data: {**_so_far(data, request, named), "approve": approve},
    )  # fmt: skip


@page(*AT_A_DESK, methods=("POST",))
def approval(request: Request, draft: str) -> HttpResponse:
    """Keeps what is written, and asks for the approval that a channel needs for it."""
    named = Named(request.language)
    writing = _writing(request, draft, named)
    keep(request, writing)
    data = load(request, writing).data
    way = way_from(data, request, named)
    channel = str(request.POST.get("approve") or "")
    if channel in CHANNELS and way.addressee:
        ask_for(data, request, way, _readable(data, request, named), Channel(channel))
    return HttpResponseRedirect(f"{writing.here}#section-channel")


@page(*AT_A_DESK, methods=_EDITING)
def forget(request: Request, draft: str) -> HttpResponse:
    """Throws the draft away, after asking."""
    if request.method == "POST":
        drop(request, _writing(request, draft, Named(request.language)))
        return HttpResponseRedirect("/")
    return render(
        request,
        "enquiries/forget.html",
        {"back": reverse("enquiry-compose", kwargs={"draft": draft}), "url": request.path},
    )


def _earlier(ready: _Ready, request: Request, named: Named) -> list[dict[str, Any]]:
    """Matters of the own desks that may be about the same person: nothing is asked twice without a word of it."""
    found = earlier_of(ready.enquiry.subjects, context=node_of(request), posts=desks_of(request))
    language = request.language
    return [
        {
            "words": with_names(
                "enquiries.form.asked-before",
                language,
                question=question_of(one.row.sought, language),
                desk=named.post(one.row.their_post),
                reason=text(f"enquiries.{one.reason}", language),
            ),
            "url": reverse("enquiry", kwargs={"matter": id_text(one.row.matter)}),
        }
        for one in found
    ]


def _as_read(ready: _Ready, request: Request, named: Named) -> Mapping[str, Any]:
    """The enquiry as the partner will read it, and who will see what."""
    language = request.language
    plain: dict[str, Any] = dict(ready.enquiry.to_plain())
    showing = Showing(reader_here(request), translations=_translated(ready.translations))
    channel, ends = ready.going.channel, ready.going.ends
    sight = readers_of_request(
        context=node_of(request), from_post=ends.sender, to_post=ends.addressee, via_office_post=ends.via,
        channel=str(channel), persons={ends.sender: request.visitor.number}, kinds=(REQUEST,),
    )  # fmt: skip
    conditions = plain.get("conditions", {})
    words = conditions.get("words") or {}
    return {
        "question": question_of(plain.get("sought", ()), language),
        "to": named.shown(ends.addressee),
        "office": named.shown(ends.via) if ends.via else "",
        "channel": code_list("channels").label(channel, language),
        "one": ready.card,
        "deviation": code_list("deviation_reasons").label(ready.deviation, language) if ready.deviation else "",
        "term": term_of(str(plain.get("deadline_class", "")), language),
        "handling": tuple(conditions.get("codes", ())),
        "classification": conditions.get("classification", ""),
        "condition": words.get("value", ""),
        "condition_language": words.get("language", ""),
        "subjects": showing.subjects(plain),
        "alike": [(one + 1, other + 1) for one, other in alike_in(ready.enquiry.subjects)],
        "earlier": _earlier(ready, request, named),
        "cautions": cautions_about(ready.enquiry.subjects, request),
        "blocks": request_blocks(plain, showing, language),
        "files": files_in_words(ready.files, request),
        "readers": readers_in_words(sight, named, language),
        "desk_reads": tongues(languages_read(ends.addressee), language),
    }


def _translated(translations: Sequence[Translation]) -> list[dict[str, Any]]:
    return [
        {
            "field": one.field,
            "officer": one.translator,
            "text": {"language": one.text.language, "value": one.text.value},
        }
        for one in translations
        if one.part == 0
    ]


@page(*AT_A_DESK, methods=_EDITING)
def preview(request: Request, draft: str) -> HttpResponse:
    """How the partner will read it, and who will see what; by POST it is signed and sent."""
    named = Named(request.language)

    def send(ready: _Ready) -> str:
        matter = send_enquiry(
            ready.enquiry, context=node_of(request), officer=acting(request), from_post=ready.going.ends.sender,
            to_post=ready.going.ends.addressee, via_office_post=ready.going.ends.via, channel=str(ready.going.channel),
            weighing=ready.weighing, case=ready.case, translations=ready.translations, files=ready.files,
        )  # fmt: skip
        check_matter(matter, context=node_of(request), officer=request.visitor.number)
        return reverse("enquiry", kwargs={"matter": id_text(matter)})

    return preview_of(
        request,
        _writing(request, draft, named),
        lambda data: _judge(data, request, named),
        template="enquiries/preview.html",
        context=lambda ready: _as_read(ready, request, named),
        send=send,
    )
