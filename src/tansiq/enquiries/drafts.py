"""From a request or a reply to the draft that the post room makes a statement of: docket, parts, readers, lane, handovers.

Invariant: the docket holds what a register may show and says the same as the body; the readers are the desks that the channel's table
names and no others. The embassy office is a reader in both directions. Where it is a post of our own node it needs no wrap: what the node
sends it keeps, under keys of its own key store, and the office reads there; where it is the partner's, it gets one like the desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tansiq.directory.queries import own_directory, sealing_key_of
from tansiq.errors import BadInput, NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, OfficerAct, Reader
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.plain import Plain
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.envelope import Handover, Lane
from tansiq.protocol.parts import Part

__all__ = [
    "ANSWER", "CHANNEL", "ITEM", "PARTIAL_REFUSAL", "REFUSAL", "REQUEST", "URGENT_CLASSES", "Way", "reply_draft", "request_draft",
]  # fmt: skip

REQUEST, ANSWER, REFUSAL, PARTIAL_REFUSAL = "enquiry.request", "enquiry.answer", "enquiry.refusal", "enquiry.partial-refusal"
ITEM = "item"
CHANNEL = "embassy"
URGENT_CLASSES = frozenset({"urgent-direct", "urgent-indirect", "supplementary-at-once"})
_MOST_CODES = 16


@dataclass(frozen=True, slots=True)
class Way:
    """The desks that something passes: from ours, by the office, to theirs."""

    sender: str
    office: str
    addressee: str

    @property
    def route(self) -> tuple[str, ...]:
        """The posts in their order."""
        return (self.sender, self.office, self.addressee) if self.office else (self.sender, self.addressee)

    def check(self, context: Context) -> None:
        """Raises NotFound for a post of ours that is none, BadInput for an office of a third agency."""
        own = {post.id for post in own_directory().posts}
        for post in (self.sender, self.office):
            if agency_of(post) == context.agency and post not in own:
                raise NotFound("directory.unknown-post", post=post)
        if self.office and agency_of(self.office) not in {context.agency, agency_of(self.addressee)}:
            raise BadInput("enquiries.foreign-office", post=self.office)
        if agency_of(self.addressee) == context.agency or agency_of(self.sender) != context.agency:
            raise BadInput("enquiries.wrong-way", sender=self.sender, addressee=self.addressee)

    def readers(self, context: Context, now_ms: int) -> list[Reader]:
        """Whose keys it is sealed to on the hop to the partner. Raises NotFound."""
        peer = agency_of(self.addressee)
        posts = [post for post in (self.addressee, self.office) if post and agency_of(post) == peer]
        return [Reader(peer, sealing_key_of(post, now_ms)[1]) for post in dict.fromkeys(posts)]

    def handovers(self, context: Context, now_ms: int) -> tuple[Handover, ...]:
        """The desks of ours that hand it on: the office, at once."""
        return (Handover(self.office, now_ms, now_ms),) if self.office and agency_of(self.office) == context.agency else ()


def _languages(plain: Plain, found: dict[str, None]) -> dict[str, None]:
    """The languages of all texts in ``plain``, in their order."""
    if isinstance(plain, dict):
        language = plain.get("language")
        if isinstance(language, str) and "value" in plain:
            found[language] = None
        else:
            for value in plain.values():
                _languages(value, found)
    elif isinstance(plain, list):
        for value in plain:
            _languages(value, found)
    return found


def _strictest(conditions: Sequence[Conditions | None]) -> tuple[tuple[str, ...], str]:
    """All handling codes, in the list's order, and the highest classification."""
    ladder = code_list("classification")
    named = {code for one in conditions if one is not None for code in one.codes}
    classes = [one.classification for one in conditions if one is not None and one.classification in ladder]
    highest = max((one for one in classes if one is not None), key=ladder.rank, default="")
    return tuple(code for code in code_list("handling") if code in named), highest


def _draft(docket: Docket, parts: Sequence[Part], *, way: Way, act: OfficerAct, case: bytes, context: Context, now_ms: int) -> Draft:
    return Draft(
        docket=docket,
        parts=parts,
        readers=way.readers(context, now_ms),
        lane=Lane.URGENT if docket.deadline_class in URGENT_CLASSES else Lane.NORMAL,
        act=act,
        handovers=way.handovers(context, now_ms),
        case=case,
    )


def request_draft(
    request: Enquiry, *, matter: bytes, case: bytes, way: Way, act: OfficerAct, context: Context, now_ms: int
) -> Draft:
    """The draft of a request that has passed the checks of law."""
    content = request.to_plain()
    handling, classification = _strictest([request.conditions])
    docket = Docket(
        kind=REQUEST,
        channel=CHANNEL,
        field=request.law.offence or "" if request.law else "",
        matter=matter,
        case=case,
        deadline_class=request.deadline_class or "",
        classification=classification,
        handling=handling,
        languages=tuple(_languages(content, {}))[:_MOST_CODES],
        sender=way.sender,
        route=way.route,
        addressees=(way.addressee,),
    )
    return _draft(docket, [Part(REQUEST, dict(content))], way=way, act=act, case=case, context=context, now_ms=now_ms)


def reply_draft(
    reply: Answer | Refusal,
    items: Sequence[Item],
    *,
    request: Docket,
    follows: tuple[bytes, ...],
    way: Way,
    act: OfficerAct,
    context: Context,
    now_ms: int,
) -> Draft:
    """The draft of an answer or a refusal to what ``request`` was the docket of; ``follows`` begins with its statement."""
    parts = [Part(act.act, dict(reply.to_plain())), *(Part(ITEM, dict(item.assessed().to_plain())) for item in items)]
    handling, classification = _strictest([item.conditions for item in items])
    docket = Docket(
        kind=act.act,
        channel=request.channel,
        field=request.field,
        matter=request.matter,
        case=request.case,
        answers=follows[0],
        follows=follows,
        deadline_class=request.deadline_class,
        classification=classification or request.classification,
        handling=handling or request.handling,
        languages=tuple(_languages([part.content for part in parts], {}))[:_MOST_CODES],
        sender=way.sender,
        route=way.route,
        addressees=(way.addressee,),
    )
    return _draft(docket, parts, way=way, act=act, case=request.case, context=context, now_ms=now_ms)
