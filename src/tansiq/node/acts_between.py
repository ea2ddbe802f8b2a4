"""Acts of officers in an enquiry besides asking and answering: ask back, reply to that, delay, remind, withdraw, feedback,
translate; and who will see what.

Invariant: as in ``acts_enquiries``: the arguments are read, the capability decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from tansiq.enquiries.correspondence import (
    announce_delay,
    ask_clarification,
    clarify,
    give_feedback,
    remind_partner,
    translate,
    withdraw,
)
from tansiq.enquiries.reading import parse_matter
from tansiq.enquiries.sight import readers_of_request
from tansiq.errors import BadInput
from tansiq.node.acts import Act, Asked
from tansiq.node.arguments import number_of, table_of, text_of
from tansiq.node.written import written
from tansiq.policy.correspondence import (
    Clarification,
    ClarificationRequest,
    DelayNotice,
    Feedback,
    Reminder,
    Withdrawal,
)
from tansiq.policy.plain import Record
from tansiq.policy.values import Text
from tansiq.protocol.ids import id_text

__all__ = ["BETWEEN", "readers", "translated"]

_LAST_PART = 255


def _said(kind: type[Record], say: Callable[..., bytes]) -> Act:
    """The act that says one record of ``kind``, written as ``draft``, in the enquiry ``id``."""

    def act(asked: Asked) -> dict[str, Any]:
        record = kind.from_plain(written(table_of(asked, "draft"), kind))
        statement = say(
            parse_matter(text_of(asked, "id")), record, context=asked.context, officer=asked.require_officer()
        )
        return {"id": text_of(asked, "id"), "statement": id_text(statement)}

    return act


BETWEEN: dict[str, Act] = {
    "enquiry.clarify": _said(ClarificationRequest, ask_clarification),
    "enquiry.reply": _said(Clarification, clarify),
    "enquiry.delay": _said(DelayNotice, announce_delay),
    "enquiry.remind": _said(Reminder, remind_partner),
    "enquiry.withdraw": _said(Withdrawal, withdraw),
    "enquiry.feedback": _said(Feedback, give_feedback),
}
"""The acts of the correspondence, by name."""


def translated(asked: Asked) -> dict[str, Any]:
    """Keeps the officer's translation, in ``language``, of the text at ``field`` in ``part`` of ``statement``."""
    made = translate(
        parse_matter(text_of(asked, "id")),
        parse_matter(text_of(asked, "statement")),
        part=number_of(asked, "part", default=0, most=_LAST_PART),
        field=text_of(asked, "field"),
        text=Text(text_of(asked, "language"), text_of(asked, "words")),
        context=asked.context,
        officer=asked.require_officer(),
    )
    return {"id": text_of(asked, "id"), "item": id_text(made)}


def readers(asked: Asked) -> list[dict[str, Any]]:
    """Who would see what of an enquiry sent ``from`` a desk ``to`` a desk by a ``channel``, ``via`` an office; nothing is sent."""
    officer = asked.require_officer()
    sender = text_of(asked, "from", default="") or (officer.posts[0] if len(officer.posts) == 1 else "")
    if not sender:
        raise BadInput("node.which-post", posts=", ".join(officer.posts))
    sight = readers_of_request(
        context=asked.context,
        from_post=sender,
        to_post=text_of(asked, "to"),
        via_office_post=text_of(asked, "via", default=""),
        channel=text_of(asked, "channel", default="embassy"),
        persons={sender: officer.number},
    )
    return [asdict(part) for part in sight]
