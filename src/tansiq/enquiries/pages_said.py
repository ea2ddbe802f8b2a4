"""The request and each word that followed, made ready for the page: grouped facts, items under their own conditions,
what may be done with each.

Invariant: what `matter.show_enquiry` leaves out is said to be closed or erased, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString

from tansiq.enquiries.correspondence import BODIES
from tansiq.enquiries.drafts import ANSWER
from tansiq.enquiries.pages_common import Named, listed, ms_of
from tansiq.enquiries.pages_happened import codes_in_words
from tansiq.enquiries.pages_proof import Proof, proof_of
from tansiq.enquiries.pages_showing import Block, Showing
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.codes import code_list
from tansiq.policy.enquiry import Enquiry, LawBasis
from tansiq.policy.plain import Record
from tansiq.texts import text
from tansiq.web.moments import Reader
from tansiq.web.visitor import Request

__all__ = ["Asked", "ItemShown", "Said", "item_shown", "reader_here", "request_blocks", "request_of", "word_of"]

_WHAT: Final = ("sought", "question")
_WHY: Final = ("facts", "reasons_held", "link")
_WHEN: Final = ("deadline_class", "urgency_ground", "urgency_reason", "availability", "language_exception")
_USES: Final = ("copy", "print", "export", "forward", "court", "program")


def reader_here(request: Request) -> Reader:
    """Who reads, for moments and dates."""
    visitor = request.visitor
    return Reader(request.language, request.now_ms, visitor.zone or "UTC", visitor.calendar)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: ``short`` facts and ``who`` for beside a list; all facts in ``blocks``, the ``subjects``."""

    short: list[tuple[str, SafeString]]
    who: list[Block]
    subjects: list[Block]
    blocks: list[Block]
    printable: bool


def request_blocks(content: Mapping[str, Any], showing: Showing, language: str) -> list[Block]:
    """The facts of a request under their headings."""
    groups = [("what", _WHAT), ("why", _WHY), ("when", _WHEN), ("law", ("law",)), ("conditions", ("conditions",))]
    out = []
    for name, only in groups:
        facts = list(showing.facts(content, Enquiry, only=only))
        if facts:
            out.append(Block(text(f"enquiries.part.{name}", language), facts))
    return out


def request_of(shown: Mapping[str, Any], request: Request, named: Named) -> Asked:
    """The request of a matter."""
    language, asked = request.language, shown["request"]
    content = asked["content"]
    if content is None:
        return Asked([], [], [], [], printable=False)
    showing = Showing(
        reader_here(request),
        translations=asked["translations"],
        translate=_translate(shown["id"], asked, 0),
    )
    law = content.get("law") or {}
    short = [
        *showing.facts(law, LawBasis, path="law.", only=("purpose", "offence")),
        *showing.facts(content, Enquiry, only=("urgency_ground", "reasons_held")),
    ]
    return Asked(
        short,
        showing.subjects(content, only=("names", "births", "identifiers")),
        showing.subjects(content),
        request_blocks(content, showing, language),
        printable=_may(asked["uses"], "print"),
    )


def _may(uses: Mapping[str, Any], use: str) -> bool:
    return bool(uses.get(use, {}).get("allowed"))


def _translate(matter: str, said: Mapping[str, Any], part: int) -> str:
    """Where a translation of a text of what was said is added; '' where none is kept."""
    if said["own_eyes"]:
        return ""
    statement = said["statement"]
    address = reverse("enquiry-translate", kwargs={"matter": matter})
    return f"{address}?{urlencode({'statement': statement, 'part': part})}"


@dataclass(frozen=True, slots=True)
class ItemShown:
    """A piece of information with its conditions, and what may be done with it, in words."""

    number: int
    handling: tuple[str, ...]
    classification: str
    evaluation: str
    condition: str
    condition_language: str
    facts: list[tuple[str, SafeString]]
    words: SafeString
    subjects: list[Block]
    allowed: str
    denied: str
    printable: bool
    erased: bool
    source: str = ""
    information: str = ""


def item_shown(content: Mapping[str, Any], showing: Showing, *, number: int, row: Mapping[str, Any]) -> ItemShown:
    """An item's content under what its row says of it."""
    language = showing.reader.language
    conditions = content.get("conditions") or {}
    condition = conditions.get("words") or {}
    uses = row.get("uses", {})
    words = showing.text(content["words"], "words") if isinstance(content.get("words"), Mapping) else SafeString("")
    rest = ("basis", "as_of", "originator", "origin_consent", "special")
    evaluation = str(row.get("evaluation", ""))
    return ItemShown(
        number=number,
        handling=tuple(row.get("handling", ())),
        classification=str(row.get("classification", "")),
        evaluation=evaluation,
        condition=str(condition.get("value", "")),
        condition_language=str(condition.get("language", "")),
        facts=list(showing.facts(content, Item, only=rest)),
        words=words,
        subjects=showing.subjects(content),
        allowed=listed([text(f"enquiries.use.{use}", language) for use in _USES if _may(uses, use)], language),
        denied=listed(
            [text(f"enquiries.use.{use}", language) for use in _USES if use in uses and not _may(uses, use)], language
        ),
        printable=_may(uses, "print"),
        erased=False,
        source=code_list("evaluation_source").label(evaluation[:1], language),
        information=code_list("evaluation_information").label(evaluation[1:2], language),
    )


@dataclass(frozen=True, slots=True)
class Said:
    """A word of the correspondence on the page."""

    title: str
    codes: list[str]
    ours: bool
    who: str
    officer: str
    at_ms: int | None
    received_ms: int | None
    until_ms: int | None
    facts: list[tuple[str, SafeString]]
    law: list[tuple[str, SafeString]]
    subjects: list[Block]
    items: list[ItemShown]
    proof: Proof
    withheld: list[str]
    erased: bool
    statement: str


def _record_of(kind: str) -> type[Record]:
    return BODIES.get(kind, Answer if kind == ANSWER else Refusal)


def _items(word: Mapping[str, Any], shown: Mapping[str, Any], reader: Reader, named: Named) -> list[ItemShown]:
    out = []
    for number, row in enumerate(word["items"], 1):
        showing = Showing(
            reader,
            translations=row["translations"],
            translate=_translate(shown["id"], word, row["place"]),
            agency=named.agency,
        )
        out.append(item_shown(row["content"] or {}, showing, number=number, row=row))
    return out


def word_of(word: Mapping[str, Any], shown: Mapping[str, Any], request: Request, named: Named) -> Said:
    """A word of a matter."""
    language, kind, content = request.language, word["kind"], word["content"] or {}
    showing = Showing(
        reader_here(request), translations=word["translations"], translate=_translate(shown["id"], word, 0)
    )
    record = _record_of(kind)
    coded = {"outcome", "grounds", "points", "ground", "reason" if kind == "enquiry.withdrawal" else "", "uses", "code"}
    only = [
        name
        for name in ("note", "reasons", "question", "words", "reason", "until_ms")
        if name in content and name not in coded
    ]
    law = content.get("law") or {}
    codes: Sequence[str] = [code for code in (word["outcome"], *word["grounds"]) if code]
    return Said(
        title=code_list("message_kinds").label(kind, language),
        codes=codes_in_words(kind, codes, language),
        ours=word["ours"],
        who=named.shown(word["post"]),
        officer=word["officer"],
        at_ms=ms_of(word["said_at"]),
        received_ms=ms_of(word["received_at"]),
        until_ms=ms_of(word["until"]),
        facts=list(showing.facts(content, record, only=only)) if only else [],
        law=list(showing.facts(law, LawBasis, path="law.")) if law else [],
        subjects=showing.subjects(content) if kind == "enquiry.clarification" else [],
        items=_items(word, shown, reader_here(request), named),
        proof=proof_of(word["proof"], language=language, ours=word["ours"]),
        withheld=[text(reason, language) for reason in word["withheld"]],
        erased=word["content"] is None and not word["withheld"],
        statement=word["statement"],
    )
