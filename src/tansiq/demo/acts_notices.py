"""Acts of a demonstration's nodes on notices and declarations: what bureaux and the hub do on their pages.

Invariant: as in `acts`; the bodies are written as an officer writes them (`node.written`) and answered for by who acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from tansiq.enquiries.reading import parse_matter, record_from, request_from
from tansiq.node.acts import Act, Asked
from tansiq.node.arguments import table_of, text_of, texts_of
from tansiq.node.written import written
from tansiq.notices.answering import answer_notice
from tansiq.notices.asking import ask_publication, executed
from tansiq.notices.asking import cancel as cancel_own
from tansiq.notices.declaring import declare as declare_status
from tansiq.notices.flagging import Told, flag_rows, warnings_for
from tansiq.notices.legal import publish as publish_notice
from tansiq.notices.legal import refuse as refuse_notice
from tansiq.notices.members import admit as admit_members
from tansiq.notices.members import members as known_members
from tansiq.notices.queries import summary
from tansiq.notices.rows import notice_rows
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.notice import Cancellation, HubRefusal, Notice, NoticeAnswer, StatusDeclaration
from tansiq.policy.plain import Record
from tansiq.policy.values import Attestation
from tansiq.protocol.ids import id_text

__all__ = ["NOTICES"]

R = TypeVar("R", bound=Record)


def body_of(asked: Asked, kind: type[R]) -> R:
    """The record ``kind`` that ``draft`` writes, answered for by the officer. Raises BadInput."""
    plain, officer = written(table_of(asked, "draft"), kind), asked.require_officer()
    return record_from(kind, plain, officer=officer.number, now_ms=asked.context.clock())


def _matter(asked: Asked) -> bytes:
    return parse_matter(text_of(asked, "id"))


def admit(asked: Asked) -> list[str]:
    """The hub admits ``agencies``."""
    found = admit_members(*texts_of(asked, "agencies"), officer=asked.require_officer(), context=asked.context)
    return [one.agency for one in found]


def members(asked: Asked) -> list[str]:
    """The members that this node knows."""
    return [one.agency for one in known_members()]


def ask(asked: Asked) -> dict[str, Any]:
    """A bureau asks for the publication of the notice in ``draft``."""
    made = ask_publication(body_of(asked, Notice), context=asked.context, officer=asked.require_officer())
    return {"id": id_text(made)}


def publish(asked: Asked) -> dict[str, Any]:
    """The hub's legal desk finds the notice ``id`` lawful."""
    officer = asked.require_officer()
    lawful = Attestation(answer=True, officer=officer.number, at_ms=asked.context.clock())
    return {"number": publish_notice(_matter(asked), lawful=lawful, officer=officer, context=asked.context)}


def refuse(asked: Asked) -> dict[str, Any]:
    """The hub's legal desk does not publish the notice ``id``, for the reasons in ``draft``."""
    refuse_notice(_matter(asked), body_of(asked, HubRefusal), officer=asked.require_officer(), context=asked.context)
    return {"id": text_of(asked, "id")}


def state(asked: Asked) -> dict[str, Any] | None:
    """The notice ``id`` in codes and times, as this node knows it; None while it does not."""
    rows = notice_rows("matter = %s AND known = %s", (_matter(asked), True))
    return summary(rows[0]) if rows else None


def answer(asked: Asked) -> dict[str, Any]:
    """A bureau answers the notice ``id`` with ``draft``."""
    body, officer = body_of(asked, NoticeAnswer), asked.require_officer()
    return {"statement": id_text(answer_notice(_matter(asked), body, officer=officer, context=asked.context))}


def cancel(asked: Asked) -> dict[str, Any]:
    """Its source ends the notice ``id``: by its reason the warrant was executed, or what was asked came about."""
    body, officer = body_of(asked, Cancellation), asked.require_officer()
    end = executed if body.reason == "cancel.executed" else cancel_own
    return {"statement": id_text(end(_matter(asked), body=body, officer=officer, context=asked.context))}


def declare(asked: Asked) -> dict[str, Any]:
    """A service declares to the desks ``to`` what stands in ``draft``, by a ``channel``."""
    officer = asked.require_officer()
    made = declare_status(
        body_of(asked, StatusDeclaration),
        to=texts_of(asked, "to"),
        officer=officer,
        from_post=officer.posts[0],
        context=asked.context,
        channel=text_of(asked, "channel", default="embassy"),
    )
    return {"id": id_text(made)}


def warnings(asked: Asked) -> list[dict[str, Any]]:
    """What was declared of those about whom the enquiry in ``draft`` would ask: shown to whoever writes it."""
    officer, draft = asked.require_officer(), table_of(asked, "draft")
    way = ("to", "via", "from")
    plain = written({name: value for name, value in draft.items() if name not in way}, Enquiry)
    request = request_from(plain, officer=officer.number, now_ms=asked.context.clock())
    return [
        {"agency": one.declaration.agency, "status": one.declaration.status, "name": one.name, "score": one.score}
        for one in warnings_for(request.subjects, context=asked.context)
    ]


def flags(asked: Asked) -> list[dict[str, Any]]:
    """What was told to us when we asked in the matter ``id``: who was declared."""
    rows = flag_rows("matter = %s AND direction = %s ORDER BY at_ms", (_matter(asked), int(Told.IN)))
    return [{"agency": one.agency, "status": one.status} for one in rows]


NOTICES: Final[Mapping[str, Act]] = {
    "demo.admit": admit,
    "demo.members": members,
    "demo.notice-answer": answer,
    "demo.notice-ask": ask,
    "demo.notice-cancel": cancel,
    "demo.notice-publish": publish,
    "demo.notice-refuse": refuse,
    "demo.notice": state,
    "demo.declare": declare,
    "demo.warnings": warnings,
    "demo.flags": flags,
}
"""The acts of this module, by name."""
