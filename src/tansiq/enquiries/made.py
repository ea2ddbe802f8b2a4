"""The items that words are made of: each part of a statement that says something of a person is one.

Invariant: the same for what is said and for what is received, so both sides keep the same items under the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable

from tansiq.cases.items import NewItem, Whence, evaluated_item, plain_item
from tansiq.enquiries.rows import EnquiryRow, ReplyRow
from tansiq.policy.answer import Answer, Item, Refusal

__all__ = ["reply_items", "word_whence"]


def word_whence(enquiry: EnquiryRow, said: ReplyRow, *, sender: str) -> Whence:
    """Whence the parts of a word come; the cover's place."""
    return Whence(
        case=enquiry.case or enquiry.matter,
        statement=said.statement,
        sender=sender,
        received_ms=said.at_ms,
        purpose=enquiry.purpose,
    )


def reply_items(
    reply: Answer | Refusal | None,
    items: Iterable[tuple[int, Item]],
    *,
    enquiry: EnquiryRow,
    said: ReplyRow,
    sender: str,
) -> list[NewItem]:
    """The items that a reply is made of: its cover in part 0, and each piece of information in the part at its place."""
    purpose = reply.law.purpose if isinstance(reply, Answer) and reply.law is not None else None

    def whence(place: int) -> Whence:
        return Whence(
            case=enquiry.case or enquiry.matter,
            statement=said.statement,
            place=place,
            sender=sender,
            received_ms=said.at_ms,
            purpose=purpose or enquiry.purpose,
        )

    cover = plain_item(whence(0), said.kind)
    return [cover, *(evaluated_item(item, whence(place)) for place, item in items)]
