"""Bodies that arrive, read and judged: lawful on the day on which they were said, and saying what their dockets say.

Invariant: the same where a body arrives open and where its owner opens it later (`unsealed`): nothing is shown or used before.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from tansiq.cases.items import ITEM
from tansiq.enquiries.drafts import ANSWER, PARTIAL_REFUSAL
from tansiq.enquiries.recovered import placed_parts
from tansiq.errors import BadInput, NotFound
from tansiq.exchange.kinds import Arrived
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.faults import Faults, refuse
from tansiq.policy.law import answer_faults, law_faults, refusal_faults
from tansiq.protocol.parts import Part

__all__ = ["day_of", "known_codes", "part_of", "read_reply", "require_lawful"]

_NEWER: Final = "policy.law.code-unknown"
"""A partner's newer code is shown as it is and answered: it makes nothing unlawful."""


def day_of(arrived: Arrived) -> dt.date:
    """The day on which it was said: a request does not become unlawful on its way."""
    return dt.datetime.fromtimestamp(arrived.statement.time_ms / 1000, dt.UTC).date()


def known_codes(faults: Faults) -> Faults:
    """The faults without those of codes that only the partner knows."""
    return Faults(fault for fault in faults if fault.code != _NEWER)


def part_of(arrived: Arrived, kind: str) -> Part:
    """The part of this kind, which stands first. Raises NotFound (the body is not for us to read) or BadInput."""
    if not arrived.body_open:
        raise NotFound("enquiries.body-closed")
    place, part = next(iter(placed_parts(arrived)), (0, None))
    if place or part is None or part.kind != kind:
        raise BadInput("enquiries.part-missing", kind=kind)
    return part


def require_lawful(arrived: Arrived, request: Enquiry) -> None:
    """Raises Refused unless the request is lawful, BadInput unless it says what its docket says."""
    refuse(known_codes(law_faults(request, today=day_of(arrived))))
    docket, conditions = arrived.docket, request.conditions
    said = {
        "deadline_class": (docket.deadline_class, request.deadline_class or ""),
        "field": (docket.field, request.law.offence or "" if request.law else ""),
        "classification": (docket.classification, conditions.classification or "" if conditions else ""),
        "handling": (set(docket.handling), set(conditions.codes) if conditions else set()),
    }
    for name, (of_docket, of_body) in said.items():
        if of_docket != of_body:
            raise BadInput("enquiries.docket-differs", field=name)


def read_reply(arrived: Arrived) -> tuple[Answer | Refusal, list[tuple[int, Item]]]:
    """The reply and its items with their places, lawful. Raises BadInput, Refused."""
    kind = arrived.docket.kind
    cover = part_of(arrived, kind).content
    items = [
        (place, Item.from_plain(part.content).assessed()) for place, part in placed_parts(arrived) if part.kind == ITEM
    ]
    if kind == ANSWER:
        answer = Answer.from_plain(cover)
        given = [item for _, item in items]
        refuse(known_codes(answer_faults(answer, given, agency=arrived.statement.agency, today=day_of(arrived))))
        return answer, items
    refusal = Refusal.from_plain(cover)
    refuse(known_codes(refusal_faults(refusal)))
    if refusal.partial != (kind == PARTIAL_REFUSAL) or items:
        raise BadInput("enquiries.docket-differs", field="kind")
    return refusal, []
