"""What is for an officer's own eyes, opened for the look of its owner: judged each time, and gone afterwards.

Invariant: what came from a partner is shown only when its officer's signature holds, when it is lawful and when it says what its
docket says, as if it had arrived open; else it is not shown and the reader is told. Each part goes through the one decision on
its use (`policy.handling`), under the conditions that stand in it. Nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tansiq.cases.contents import StoredStatement
from tansiq.cases.items import ITEM
from tansiq.enquiries.correspondence import BODIES
from tansiq.enquiries.drafts import REQUEST, TRANSLATION
from tansiq.enquiries.lawful import day_of, known_codes, part_of, read_reply, require_lawful
from tansiq.enquiries.officers import ActingOfficer, verified_act
from tansiq.errors import Error, NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.eyes_only import open_with
from tansiq.exchange.kinds import Arrived
from tansiq.policy.answer import Item
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.faults import refuse
from tansiq.policy.handling import Held, Reader, Use, decide
from tansiq.policy.law_between import between_faults
from tansiq.policy.ways import body_readers
from tansiq.protocol.parts import Part

__all__ = ["UNOPENED", "Unsealed", "closed_items", "travelling", "unseal"]

UNOPENED: Final = "enquiries.page.unopened"
_UNUSABLE: Final = "enquiries.page.unusable"
_BOUND: Final = frozenset({REQUEST, ITEM})
"""Kinds of parts that carry conditions of their own."""


@dataclass(frozen=True, slots=True)
class Unsealed:
    """The statements as the reader may see them; of those that stay closed, the texts that say why."""

    stored: Mapping[bytes, StoredStatement]
    shut: Mapping[bytes, list[str]]


def _judge(one: Arrived) -> None:
    """Raises unless a partner's body is lawful, signed, and says what its docket says."""
    kind = one.docket.kind
    if kind == REQUEST:
        require_lawful(one, Enquiry.from_plain(part_of(one, kind).content))
    elif kind in BODIES:
        body = BODIES[kind].from_plain(part_of(one, kind).content)
        refuse(known_codes(between_faults(body, said_ms=one.statement.time_ms, today=day_of(one))))
    else:
        read_reply(one)
    verified_act(one, directories={})


def _opened(statement: bytes, officer: ActingOfficer, context: Context) -> tuple[Part | None, ...]:
    one = open_with(statement, officer.reading, context=context)
    if one.peer:
        _judge(one)
    parts = iter(one.parts)
    return tuple(None if ciphertext is None else next(parts, None) for ciphertext in one.ciphertexts)


def _purpose(parts: Sequence[Part | None]) -> str:
    """That for which it was given, as the body says it."""
    law = parts[0].content.get("law") if parts and parts[0] is not None else None
    found = law.get("purpose") if isinstance(law, dict) else None
    return found if isinstance(found, str) else ""


def _against(opened: StoredStatement, place: int, reader: Reader, *, purpose: str, at_ms: int) -> list[str]:
    """Why the reader may not view a part; a part without conditions of its own is viewed as the first one is."""
    docket, part = opened.docket, opened.parts[place]
    if docket is None or part is None:
        return []
    record = Enquiry.from_plain(part.content) if part.kind == REQUEST else Item.from_plain(part.content)
    strictest = Conditions(codes=docket.handling, classification=docket.classification or None)
    held = Held(
        originator=opened.statement.agency,
        origin_posts=frozenset((docket.sender,)),
        addressees=body_readers(docket.channel, docket.route, docket.addressees),
        purpose=purpose,
        conditions=record.conditions or strictest,
    )
    who = reader if reader.purpose else replace(reader, purpose=purpose)
    decision = decide(Use.VIEW, held, who, at_ms=at_ms)
    return [] if decision.allowed else list(decision.reasons)


def _viewed(
    opened: StoredStatement, reader: Reader, *, asked_for: str, at_ms: int
) -> tuple[StoredStatement, list[str]]:
    """The statement without the parts that the reader may not view; and why not even its first."""
    purpose = _purpose(opened.parts) or asked_for
    against = {
        place: reasons
        for place, part in enumerate(opened.parts)
        if part is not None
        and part.kind in _BOUND
        and (reasons := _against(opened, place, reader, purpose=purpose, at_ms=at_ms))
    }
    parts = tuple(None if place in against else part for place, part in enumerate(opened.parts))
    return replace(opened, parts=parts), against.get(0, [])


def unseal(
    stored: Mapping[bytes, StoredStatement], officer: ActingOfficer, *, reader: Reader, context: Context
) -> Unsealed:
    """``stored``, with what is for the officer's own eyes opened with the officer's own keys; the request stands first."""
    out, shut, asked_for = dict(stored), {}, ""
    for statement, one in stored.items():
        if not one.closed:
            continue
        try:
            opened = StoredStatement(one.statement, one.docket, _opened(statement, officer, context))
            asked_for = asked_for or _purpose(opened.parts)
            out[statement], against = _viewed(opened, reader, asked_for=asked_for, at_ms=context.clock())
        except NotFound:
            shut[statement] = [UNOPENED]
        except Error:
            shut[statement] = [_UNUSABLE]
        else:
            if against:
                shut[statement] = against
    return Unsealed(out, shut)


def closed_items(opened: StoredStatement, *, sender: str) -> list[dict[str, Any]]:
    """The pieces of information in a body that its owner opened, as `matter` shows them; no use but the look is offered."""
    out = []
    for place, part in enumerate(opened.parts):
        if part is None or part.kind != ITEM:
            continue
        item = Item.from_plain(part.content).assessed()
        conditions = item.conditions
        out.append(
            {
                "id": "",
                "place": place,
                "evaluation": f"{item.source or ''}{item.information or ''}",
                "basis": item.basis or "",
                "handling": list(conditions.codes) if conditions else [],
                "classification": conditions.classification or "" if conditions else "",
                "category": [one.category for one in item.subjects if one.category],
                "originator": item.originator or sender,
                "incoming": "",
                "erased": False,
                "content": part.content,
                "uses": {},
                "translations": travelling(opened, place, ours=False),
            }
        )
    return out


def travelling(opened: StoredStatement, place: int, *, ours: bool) -> list[dict[str, Any]]:
    """The translations of one part that travel in the same body, as `matter` shows them."""
    found: Sequence[Part] = [part for part in opened.parts if part is not None and part.kind == TRANSLATION]
    return [
        {
            "item": "",
            "part": place,
            "field": part.content.get("field"),
            "text": part.content.get("text"),
            "officer": part.content.get("translator"),
            "at": None,
            "ours": ours,
        }
        for part in found
        if part.content.get("part") == place
    ]
