"""What the pages of this room share: who may open them, who signs, the facts of a notice, how a state looks.

Invariant: who reads does it with the posts of that person, who signs with the own open key. A page says nothing that `queries` did not
give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tansiq.directory.queries import own_directory
from tansiq.enquiries.forms import read_record
from tansiq.enquiries.pages_common import AT_A_DESK, Named, acting, looking, ms_of, node_of, told, tongues
from tansiq.enquiries.pages_said import reader_here
from tansiq.enquiries.pages_showing import Block, Showing, name_fields
from tansiq.notices.desks import BUREAU, LEGAL, RELAY, is_hub
from tansiq.policy.codes import code_list
from tansiq.policy.notice import (
    Appearance,
    Cancellation,
    Extension,
    HubRefusal,
    Notice,
    NoticeAnswer,
    NoticeRequest,
    Restriction,
    StatusDeclaration,
    Warrant,
)
from tansiq.policy.plain import Record
from tansiq.policy.values import Attestation, PartialDate, Text
from tansiq.texts import text
from tansiq.web.forms import Form
from tansiq.web.visitor import Request

__all__ = [
    "AT_A_DESK", "EDITING", "STATE_TONES", "Named", "acting", "ask_page", "at_the_hub", "attested_in", "date_in", "has_role", "looking", "ms_of",
    "node_of", "notice_blocks", "own_post", "reader_here", "state_words", "text_in", "thing_of", "told", "tongues",
]  # fmt: skip

EDITING: Final = ("GET", "POST")
STATE_TONES: Final = {
    "draft": "", "checked": "accent", "requested": "due", "refused": "late", "published": "proof", "updated": "proof",
    "cancelled": "late", "expired": "late",
}  # fmt: skip
_PLACE: Final = ("event_date", "event_place")
_WHAT: Final = ("facts", "caution", "actions")
_WHICH: Final = ("reference", "un_reference", "rpd_purpose", "public", "until_ms")
_CHECKED: Final = ("article_2",)

name_fields(
    {
        (Notice, "reference"): "own-reference", (Notice, "facts"): "notice-facts", (Notice, "until_ms"): "needed-until",
        (Notice, "article_2"): "is-article-2",
        (Warrant, "country"): "warrant-country", (Warrant, "authority"): "warrant-authority",
        (Warrant, "reference"): "warrant-reference",
        (NoticeAnswer, "on"): "found-on", (NoticeAnswer, "authority"): "found-by", (NoticeAnswer, "words"): "answer-words",
        (StatusDeclaration, "authority"): "held-by", (StatusDeclaration, "reference"): "own-reference",
        (Cancellation, "reason"): "cancel-reason", (Cancellation, "words"): "reason-in-words", (Cancellation, "on"): "came-about-on",
        (HubRefusal, "grounds"): "hub-grounds", (HubRefusal, "reasons"): "reason-in-words",
        (Extension, "until_ms"): "needed-until", (Extension, "reason"): "needed-why",
        (NoticeRequest, "words"): "words-to-hub", (Restriction, "words"): "words-to-hub",
    }
)  # fmt: skip


def thing_of(named: object) -> bytes:
    """The identifier in an address. Raises Http404 for what is none."""
    digits = str(named).replace("-", "")
    try:
        identifier = bytes.fromhex(digits)
    except ValueError:
        identifier = b""
    if len(identifier) != 16:
        raise Http404
    return identifier


def own_post(request: Request, role: str) -> str:
    """The reader's desk with this role; '' when there is none."""
    mine = set(looking(request).posts)
    return next((post.id for post in own_directory().posts if post.role == role and post.id in mine), "")


def has_role(request: Request, role: str) -> bool:
    """Whether the reader works at a desk with this role, which is what it says (a hub's roles at the hub alone)."""
    return bool(own_post(request, role)) and (role == BUREAU or is_hub())


def at_the_hub(request: Request) -> bool:
    """Whether the reader works at the hub."""
    return has_role(request, LEGAL) or has_role(request, RELAY)


def state_words(state: str, language: str) -> tuple[str, str]:
    """A state in words, and its tone."""
    return code_list("notice_states").label(state, language), STATE_TONES.get(state, "")


# ---------------------------------------------------------------------------------------------------- what is shown


def _looks(plain: Mapping[str, Any], showing: Showing, language: str) -> list[tuple[str, SafeString]]:
    facts = list(showing.facts(plain, Appearance, path="appearance.", only=("eyes", "hair", "marks")))
    sizes = [("height_cm", "notices.page.centimetres"), ("weight_kg", "notices.page.kilograms")]
    first = [
        (text(f"enquiries.field.{name}", language), format_html("{}", text(key, language, number=plain[name])))
        for name, key in sizes
        if plain.get(name)
    ]
    if spoken := plain.get("speaks"):
        facts.append((text("enquiries.field.speaks", language), format_html("{}", tongues(spoken, language))))
    return [*first, *facts]


def notice_blocks(plain: Mapping[str, Any], showing: Showing, language: str) -> list[Block]:
    """The facts of a notice under their headings, apart from whom it is about."""

    def block(name: str, facts: Sequence[tuple[str, SafeString]]) -> list[Block]:
        return [Block(text(f"notices.part.{name}", language), list(facts))] if facts else []

    warrants = plain.get("warrants") or []
    found = block("looks", _looks(plain.get("appearance") or {}, showing, language))
    for place, warrant in enumerate(warrants):
        found += block("warrant", list(showing.facts(warrant, Warrant, path=f"warrants.{place}.")))
    return [
        *found,
        *block("event", list(showing.facts(plain, Notice, only=_PLACE))),
        *block("what", list(showing.facts(plain, Notice, only=_WHAT))),
        *block("which", list(showing.facts(plain, Notice, only=_WHICH))),
        *block("checked", list(showing.facts(plain, Notice, only=_CHECKED))),
        *block("law", list(showing.facts(plain, Notice, only=("law",)))),
        *block("conditions", list(showing.facts(plain, Notice, only=("conditions",)))),
    ]


# ---------------------------------------------------------------------------------------------------- what is read


def text_in(form: Form, name: str) -> Text | None:
    """The words of a field with their language."""
    said = str(form[name].value).strip()
    return Text(form[name].language, said) if said else None


def attested_in(form: Form, name: str, request: Request, *, note: str = "") -> Attestation:
    """The reader's own answer to a question."""
    return Attestation(
        answer=form[name].value == "yes",
        officer=request.visitor.number,
        at_ms=node_of(request).clock(),
        note=text_in(form, note) if note else None,
    )


def date_in(
    kind: type[Record], form: Form, name: str, request: Request
) -> tuple[PartialDate | int | None, Sequence[str]]:
    """The day or moment in a field of a record, and what can't be read of it."""
    data = {name: form[name].value}
    read = read_record(kind, data, form=form, language=request.language, zone=request.visitor.zone)
    value = read.plain.get(name)
    return (PartialDate.from_plain(value) if isinstance(value, dict) else value), read.faults.get(name, ())


def ask_page(
    request: Request, *, title: str, question: str, form: Form, action: str, back: str, grave: bool = False, status: int = 200
) -> HttpResponse:  # fmt: skip
    """A question before something that matters, with its fields; ``title`` and ``action`` are keys of texts."""
    context = {
        "title": text(title, request.language), "question": question, "form": form, "url": request.path, "action": action,
        "grave": grave, "back": back,
    }  # fmt: skip
    return render(request, "notices/ask.html", context, status=status)
