"""From a request or a reply to the draft that the post room makes a statement of: docket, parts, readers, lane,
handovers.

Invariant: the docket holds what a register may show and says the same as the body; the readers are those of the way
(`channels.ways`), which are the desks that the channel's table names and no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tansiq.cases.items import ITEM
from tansiq.channels.ways import Way
from tansiq.enquiries.rows import EnquiryRow
from tansiq.exchange.drafts import Draft, OfficerAct
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.correspondence import Translation
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.law_between import Between
from tansiq.policy.plain import Plain
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Lane
from tansiq.protocol.parts import Part

__all__ = [
    "ANSWER",
    "CLARIFICATION",
    "CLARIFICATION_REQUEST",
    "DELAY",
    "FEEDBACK",
    "PARTIAL_REFUSAL",
    "REFUSAL",
    "REMINDER",
    "REQUEST",
    "TRANSLATION",
    "URGENT_CLASSES",
    "WITHDRAWAL",
    "languages_of",
    "reply_draft",
    "request_draft",
    "word_draft",
]

REQUEST, ANSWER, REFUSAL, PARTIAL_REFUSAL = (
    "enquiry.request",
    "enquiry.answer",
    "enquiry.refusal",
    "enquiry.partial-refusal",
)
CLARIFICATION_REQUEST, CLARIFICATION, DELAY = (
    "enquiry.clarification-request",
    "enquiry.clarification",
    "enquiry.delay",
)
REMINDER, WITHDRAWAL, FEEDBACK = "enquiry.reminder", "enquiry.withdrawal", "enquiry.feedback"
TRANSLATION = "translation"
"""The kind of a part, and of an item, that translates a text."""
URGENT_CLASSES = frozenset({"urgent-direct", "urgent-indirect", "supplementary-at-once"})
_MOST_CODES = 16


def languages_of(content: Plain) -> tuple[str, ...]:
    """The languages of all texts in ``content``, each once."""
    found: set[str] = set()
    waiting: list[Any] = [content]
    while waiting:
        node = waiting.pop()
        if type(node) is dict:
            language = node.get("language")
            if type(language) is str and "value" in node:
                found.add(language)
            node = node.values()
        for value in node:
            if type(value) is dict or type(value) is list:
                waiting.append(value)  # noqa: PERF401 (a list for each of the many small ones costs more)
    return tuple(sorted(found))[:_MOST_CODES]


def _strictest(conditions: Sequence[Conditions | None]) -> tuple[tuple[str, ...], str]:
    """All handling codes, in the list's order, and the highest classification."""
    ladder = code_list("classification")
    named = {code for one in conditions if one is not None for code in one.codes}
    classes = [one.classification for one in conditions if one is not None and one.classification in ladder]
    highest = max((one for one in classes if one is not None), key=ladder.rank, default="")
    return tuple(code for code in code_list("handling") if code in named), highest


def _draft(docket: Docket, parts: Sequence[Part], *, way: Way, act: OfficerAct) -> Draft:
    return Draft(
        docket=docket,
        parts=parts,
        readers=way.readers,
        lane=Lane.URGENT if docket.deadline_class in URGENT_CLASSES else Lane.NORMAL,
        act=act,
        handovers=way.handovers,
        case=docket.case,
        own=way.own,
    )


def _translated(translations: Sequence[Translation]) -> list[Part]:
    return [Part(TRANSLATION, dict(one.to_plain())) for one in translations]


def request_draft(
    request: Enquiry,
    *,
    matter: bytes,
    case: bytes,
    way: Way,
    act: OfficerAct,
    translations: Sequence[Translation] = (),
) -> Draft:
    """The draft of a request that has passed the checks of law."""
    content = request.to_plain()
    parts = [Part(REQUEST, dict(content)), *_translated(translations)]
    handling, classification = _strictest([request.conditions])
    docket = Docket(
        kind=REQUEST,
        channel=way.channel,
        field=request.law.offence or "" if request.law else "",
        matter=matter,
        case=case,
        deadline_class=request.deadline_class or "",
        classification=classification,
        handling=handling,
        languages=languages_of([dict(part.content) for part in parts] if translations else content),
        sender=way.sender,
        route=way.route,
        addressees=(way.addressee,),
        copies=way.copies,
    )
    return _draft(docket, parts, way=way, act=act)


def reply_draft(
    reply: Answer | Refusal,
    items: Sequence[Item],
    *,
    enquiry: EnquiryRow,
    follows: tuple[bytes, ...],
    way: Way,
    act: OfficerAct,
    translations: Sequence[Translation] = (),
) -> Draft:
    """The draft of an answer or a refusal in ``enquiry``; ``follows`` begins with the statement that it answers."""
    parts = [Part(act.act, dict(reply.to_plain())), *(Part(ITEM, dict(item.assessed().to_plain())) for item in items)]
    parts += _translated(translations)
    handling, classification = _strictest([item.conditions for item in items])
    docket = Docket(
        kind=act.act,
        channel=way.channel,
        field=enquiry.field,
        matter=enquiry.matter,
        case=enquiry.case,
        answers=follows[0],
        follows=follows,
        deadline_class=enquiry.deadline_class,
        classification=classification,
        handling=handling,
        languages=languages_of([dict(part.content) for part in parts]),
        sender=way.sender,
        route=way.route,
        addressees=(way.addressee,),
        copies=way.copies,
    )
    return _draft(docket, parts, way=way, act=act)


def word_draft(
    said: Between,
    *,
    enquiry: EnquiryRow,
    request: Docket | None,
    answers: bytes,
    follows: tuple[bytes, ...],
    way: Way,
    act: OfficerAct,
    translations: Sequence[Translation] = (),
) -> Draft:
    """The draft of a word of the correspondence; it is handled as strictly as the request's docket says (None: that was
    erased).
    """
    parts = [Part(act.act, dict(said.to_plain())), *_translated(translations)]
    docket = Docket(
        kind=act.act,
        channel=way.channel,
        field=enquiry.field,
        matter=enquiry.matter,
        case=enquiry.case,
        answers=answers,
        follows=follows,
        deadline_class=enquiry.deadline_class,
        classification=request.classification if request is not None else "",
        handling=request.handling if request is not None else (),
        languages=languages_of([dict(part.content) for part in parts]),
        sender=way.sender,
        route=way.route,
        addressees=(way.addressee,),
        copies=way.copies,
    )
    return _draft(docket, parts, way=way, act=act)
