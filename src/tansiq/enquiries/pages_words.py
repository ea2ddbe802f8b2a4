"""Saying something in a matter: answer, refuse, ask back, clarify, announce a delay, remind, withdraw, tell the use.

Invariant: a word that our side may not say now has no page; each is written, judged and shown before it is signed, in the
same way (`pages_writing`). The draft is the writer's own, the matter the desk's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.cases.files_sending import OwnFile
from tansiq.directory.queries import own_directory
from tansiq.enquiries import correspondence
from tansiq.enquiries.attested import check_attested
from tansiq.enquiries.faulty import by_field
from tansiq.enquiries.forms import Data, flat_of, form_of, read_record
from tansiq.enquiries.forms_enquiry import translations_from
from tansiq.enquiries.forms_files import file_section, files_chosen, files_in_words
from tansiq.enquiries.forms_words import WORDS, word_sections
from tansiq.enquiries.officers import ActingOfficer
from tansiq.enquiries.pages_common import AT_A_DESK, Named, acting, looking, node_of, told, tongues
from tansiq.enquiries.pages_matter import shown_matter
from tansiq.enquiries.pages_rows import question_of
from tansiq.enquiries.pages_said import item_shown, reader_here
from tansiq.enquiries.pages_showing import Showing
from tansiq.enquiries.pages_sight import readers_in_words
from tansiq.enquiries.pages_writing import Judged, Writing, drop, keep, page_of, preview_of
from tansiq.enquiries.reading import answer_from, parse_matter, refusal_from
from tansiq.enquiries.services import answer_enquiry, refuse_enquiry
from tansiq.enquiries.sight import readers_in
from tansiq.enquiries.wording import languages_read, wording_faults
from tansiq.errors import BadInput, Error
from tansiq.exchange.context import Context
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.correspondence import Translation
from tansiq.policy.enquiry import Enquiry, LawBasis
from tansiq.policy.faults import Fault, Faults
from tansiq.policy.law import answer_faults, refusal_faults
from tansiq.policy.law_between import between_faults
from tansiq.policy.plain import Record
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.forms import Form
from tansiq.web.numbers import whole
from tansiq.web.visitor import Request

__all__ = ["forget", "word", "word_draft", "word_preview"]

_EDITING: Final = ("GET", "POST")
_ITEM: Final = "items."


@dataclass(frozen=True, slots=True)
class _Ready:
    """What would be said."""

    record: Record
    items: tuple[Item, ...]
    translations: tuple[Translation, ...]
    files: tuple[OwnFile, ...] = ()


@dataclass(frozen=True, slots=True)
class _Saying:
    """A word that is being written in a matter."""

    request: Request
    word: str
    shown: Mapping[str, Any]
    named: Named

    @property
    def matter(self) -> bytes:
        return parse_matter(self.shown["id"])

    @property
    def context(self) -> Context:
        return node_of(self.request)

    @property
    def title(self) -> str:
        return text(f"enquiries.act.{self.word}", self.request.language)

    def writing(self) -> Writing:
        """Its draft and its form."""
        return Writing(
            kind=f"enquiry.{self.word}",
            about=self.shown["id"],
            here=reverse("enquiry-word", kwargs={"matter": self.shown["id"], "word": self.word}),
            sections=lambda data: (
                *word_sections(self.word, data, language=self.request.language, urgent=self.shown["urgent"]),
                *(file_section(self.request) if self.word == "answer" else ()),
            ),
            initial=self._initial(),
        )

    def _initial(self) -> dict[str, Any]:
        """What stands in the form at first; an answer's basis is the one on which it was asked, for the officer to judge."""
        first = dict(WORDS[self.word].initial)
        law = (self.shown["request"]["content"] or {}).get("law") if self.word == "answer" else None
        if law:
            kept = {name: law[name] for name in ("purpose", "offence", "legal_basis") if name in law}
            first |= flat_of(LawBasis, kept, at="law.")
        return first


def _saying(request: Request, matter: UUID, word: str) -> _Saying:
    """The word, when there is one of that name and our side may say it now; else Http404, or the matter's own error."""
    shown = shown_matter(request, matter)
    if word not in WORDS or f"enquiry.{word}" not in shown["may"]:
        raise Http404
    return _Saying(request, word, shown, Named(request.language))


# ---------------------------------------------------------------------------------------------------- reading it


def _items_from(data: Data, form: Form, request: Request) -> tuple[list[dict[str, Any]], dict[str, tuple[str, ...]]]:
    items: list[dict[str, Any]] = []
    faults: dict[str, tuple[str, ...]] = {}
    found = {whole(name.split(".")[1]) for name in data if name.startswith(_ITEM)}
    places = sorted(place for place in found if place is not None)
    for place in places:
        read = read_record(
            Item, data, form=form, language=request.language, zone=request.visitor.zone, at=f"{_ITEM}{place}."
        )
        faults |= read.faults
        items.append({"originator": node_of(request).agency, **read.plain})
    return items, faults


def _records(
    saying: _Saying, data: Data, form: Form
) -> tuple[Record | None, tuple[Item, ...], dict[str, tuple[str, ...]]]:
    """What is written; None when it can't be read."""
    request = saying.request
    number, now_ms = request.visitor.number, request.now_ms
    kind = WORDS[saying.word].record
    read = read_record(kind, data, form=form, language=request.language, zone=request.visitor.zone)
    plain_items, faults = _items_from(data, form, request) if kind is Answer else ([], {})
    faults = {**read.faults, **faults}
    if faults:
        return None, (), faults
    try:
        if kind is Answer:
            plain = dict(read.plain)
            if not plain_items:  # the basis is that of the items
                plain.pop("law", None)
            answer, items = answer_from({"answer": plain, "items": plain_items}, officer=number, now_ms=now_ms)
            return answer, items, {}
        if kind is Refusal:
            return refusal_from(read.plain, officer=number, now_ms=now_ms), (), {}
        return kind.from_plain(read.plain), (), {}
    except BadInput as error:
        return None, (), {"": (error.advice(request.language).what,)}


def _law(saying: _Saying, record: Record, items: Sequence[Item]) -> Faults:
    request = saying.request
    today = dt.datetime.fromtimestamp(request.now_ms / 1000, dt.UTC).date()
    if isinstance(record, Answer):
        return answer_faults(record, items, agency=saying.context.agency, today=today)
    if isinstance(record, Refusal):
        return refusal_faults(record)
    return between_faults(record, said_ms=saying.context.clock(), today=today)  # type: ignore[arg-type]


def _judge(saying: _Saying, data: Data) -> Judged:
    request, language = saying.request, saying.request.language
    form = form_of(word_sections(saying.word, data, language=language, urgent=saying.shown["urgent"]))
    record, items, unread = _records(saying, data, form)
    if record is None:
        return Judged(faults=unread)
    translations = translations_from(data, request=request)
    found: list[Fault] = list(_law(saying, record, items))
    wording = wording_faults(
        record, items, languages=languages_read(saying.shown["their_post"]), urgent=saying.shown["urgent"],
        translations=translations,
    )  # fmt: skip
    faults = by_field([*found, *wording], form=form, language=language)
    if faults:
        wanted = [_part_of(fault.field) for fault in wording if fault.code == "policy.law.language-not-read"]
        return Judged(faults=faults, wanted=wanted)
    try:
        law = record.law if isinstance(record, Answer) else None
        check_attested(law, [subject for item in items for subject in item.subjects], own_directory())
    except Error as error:
        return Judged(messages=(told(error, language),))
    files = files_chosen(data, request, of=1 if items else 0) if isinstance(record, Answer) else ()
    return Judged(made=_Ready(record, items, translations, files))


def _part_of(name: str) -> tuple[int, str]:
    """The part and the field in it of a text of an answer: ``items.0.words`` stands in part 1."""
    if name.startswith(_ITEM):
        _, place, field = name.split(".", 2)
        return int(place) + 1, field
    return 0, name


# ---------------------------------------------------------------------------------------------------- the pages


@page(*AT_A_DESK, methods=_EDITING)
def word(request: Request, matter: UUID, word: str) -> HttpResponse:
    """The form of a word."""
    saying = _saying(request, matter, word)
    writing = saying.writing()
    asked = saying.shown["request"]["content"] or {}
    showing = Showing(reader_here(request), translations=saying.shown["request"]["translations"])
    context = {
        "title": saying.title,
        "lead": question_of(saying.shown["sought"], request.language),
        "matter": saying.shown,
        "back": reverse("enquiry", kwargs={"matter": matter}),
        "forget": reverse("enquiry-word-forget", kwargs={"matter": matter, "word": word}),
        "submit": "enquiries.form.preview",
        "attach": word == "answer",
        "subjects": showing.subjects(asked),
        "why": list(showing.facts(asked, Enquiry, only=("question", "facts", "reasons_held"))),
    }
    return page_of(request, writing, lambda data: _judge(saying, data), template="enquiries/word.html", context=context)


@page(*AT_A_DESK, methods=("POST",))
def word_draft(request: Request, matter: UUID, word: str) -> HttpResponse:
    """Keeps what is written so far."""
    return keep(request, _saying(request, matter, word).writing())


@page(*AT_A_DESK, methods=_EDITING)
def forget(request: Request, matter: UUID, word: str) -> HttpResponse:
    """Throws the draft away, after asking."""
    saying = _saying(request, matter, word)
    if request.method == "POST":
        drop(request, saying.writing())
        return HttpResponseRedirect(reverse("enquiry", kwargs={"matter": matter}))
    return render(request, "enquiries/forget.html", {"back": saying.writing().here, "url": request.path})


def _as_read(saying: _Saying, ready: _Ready) -> Mapping[str, Any]:
    """The word as the partner will read it, and who will see what."""
    request, language = saying.request, saying.request.language
    reader = reader_here(request)
    plain: dict[str, Any] = dict(ready.record.to_plain())
    law = plain.pop("law", {})

    def showing(part: int) -> Showing:
        made = [
            {
                "field": one.field,
                "officer": one.translator,
                "text": {"language": one.text.language, "value": one.text.value},
            }
            for one in ready.translations
            if one.part == part
        ]
        return Showing(reader, translations=made, agency=saying.named.agency)

    items = []
    for number, item in enumerate(ready.items, 1):
        assessed = item.assessed()
        bounds = assessed.conditions
        row = {
            "handling": bounds.codes if bounds else (), "classification": bounds.classification if bounds else "",
            "evaluation": assessed.evaluation,
        }  # fmt: skip
        items.append(item_shown(dict(assessed.to_plain()), showing(number), number=number, row=row))
    kind = f"enquiry.{saying.word}"
    sight = readers_in(
        saying.matter, context=saying.context, officer=looking(request), kinds=(kind, *("item" for _ in ready.items))
    )
    return {
        "title": saying.title,
        "question": question_of(saying.shown["sought"], language),
        "to": saying.named.shown(saying.shown["their_post"]),
        "facts": list(showing(0).facts(plain, type(ready.record))),
        "law": list(showing(0).facts(law, LawBasis, path="law.")) if law else [],
        "subjects": showing(0).subjects(plain),
        "items": items,
        "files": files_in_words(ready.files, request),
        "readers": readers_in_words(sight, saying.named, language),
        "desk_reads": tongues(languages_read(saying.shown["their_post"]), language),
        "grave": WORDS[saying.word].grave,
        "back": reverse("enquiry", kwargs={"matter": saying.shown["id"]}),
    }


_VERBS: Final[Mapping[str, Callable[..., bytes]]] = {
    "clarification-request": correspondence.ask_clarification,
    "clarification": correspondence.clarify,
    "delay": correspondence.announce_delay,
    "reminder": correspondence.remind_partner,
    "withdrawal": correspondence.withdraw,
    "feedback": correspondence.give_feedback,
}
_WITHOUT_TRANSLATIONS: Final = frozenset({"reminder", "withdrawal", "feedback"})


def _send(saying: _Saying, ready: _Ready, officer: ActingOfficer) -> None:
    record, context = ready.record, saying.context
    if isinstance(record, Answer):
        answer_enquiry(
            saying.matter, context=context, officer=officer, answer=record, items=ready.items,
            translations=ready.translations, files=ready.files,
        )  # fmt: skip
    elif isinstance(record, Refusal):
        refuse_enquiry(saying.matter, context=context, officer=officer, refusal=record, translations=ready.translations)
    elif saying.word in _WITHOUT_TRANSLATIONS:
        _VERBS[saying.word](saying.matter, record, context=context, officer=officer)
    else:
        _VERBS[saying.word](saying.matter, record, context=context, officer=officer, translations=ready.translations)


@page(*AT_A_DESK, methods=_EDITING)
def word_preview(request: Request, matter: UUID, word: str) -> HttpResponse:
    """How the partner will read it, and who will see what; by POST it is signed and sent."""
    saying = _saying(request, matter, word)

    def send(ready: _Ready) -> str:
        _send(saying, ready, acting(request))
        return reverse("enquiry-replies", kwargs={"matter": matter})

    return preview_of(
        request,
        saying.writing(),
        lambda data: _judge(saying, data),
        template="enquiries/word_preview.html",
        context=lambda ready: _as_read(saying, ready),
        send=send,
    )
