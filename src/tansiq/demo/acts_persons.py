"""Acts of a demonstration's nodes for persons with keys of their own: liaison officers and heads of service.

Invariant: as in `acts`; what opens for a person's own key is opened for that person's act and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tansiq.cases.casework import NewCase, open_case
from tansiq.channels.accreditations import accreditation_row, state_at
from tansiq.enquiries.reading import parse_matter, record_from
from tansiq.errors import NotFound
from tansiq.node.acts import Act, Asked
from tansiq.node.arguments import table_of, text_of, texts_of
from tansiq.node.written import written
from tansiq.policy.accreditation import Accreditation
from tansiq.policy.accreditation_course import Move
from tansiq.policy.answer import IncomingCheck, Item
from tansiq.policy.direct import DirectMessage
from tansiq.policy.liaison import LiaisonMessage
from tansiq.policy.values import Text
from tansiq.protocol.ids import id_text
from tansiq.relations import direct, direct_handing, direct_reading, direct_saying
from tansiq.relations.accreditation_state import channel_matter
from tansiq.relations.accrediting import decide as decide_accreditation
from tansiq.relations.accrediting import propose as propose_accreditation
from tansiq.relations.liaison import Seat, words_on
from tansiq.relations.liaison_handing import hand_on as hand_on_word
from tansiq.relations.liaison_handover import (
    begin_handing_over,
    finish_handing_over,
    handover_row,
    order_handover,
)
from tansiq.relations.liaison_reading import read_channel
from tansiq.relations.liaison_saying import say as say_on_channel

__all__ = ["PERSONS"]


def _id(asked: Asked, name: str = "id") -> bytes:
    return parse_matter(text_of(asked, name))


def _body(asked: Asked, kind: type[Any]) -> Any:
    officer = asked.require_officer()
    plain = written(table_of(asked, "draft"), kind)
    return record_from(kind, plain, officer=officer.number, now_ms=asked.context.clock())


def _title(asked: Asked) -> Text:
    return Text(text_of(asked, "language"), text_of(asked, "title"))


# ---------------------------------------------------------------------------------------------------- liaison officers


def case(asked: Asked) -> dict[str, Any]:
    """Opens a case with ``partner`` in the ``field``, by its ``title`` in a ``language``."""
    new = NewCase(title=_title(asked), fields=(text_of(asked, "field"),), agencies=(text_of(asked, "partner"),))
    return {"case": id_text(open_case(new, context=asked.context, officer=asked.require_officer()))}


def propose(asked: Asked) -> dict[str, Any]:
    """Proposes to the desk ``to`` the accreditation that ``draft`` writes."""
    officer, context = asked.require_officer(), asked.context
    made = propose_accreditation(
        Accreditation.from_plain(written(table_of(asked, "draft"), Accreditation)), to_post=text_of(asked, "to"),
        via=text_of(asked, "via", default=""), context=context, officer=officer,
    )  # fmt: skip
    return {"id": id_text(made)}


def decide(asked: Asked) -> dict[str, Any]:
    """Says the ``move`` on the accreditation ``id``, for a ``reason``."""
    row = decide_accreditation(
        _id(asked),
        Move(text_of(asked, "move")),
        context=asked.context,
        officer=asked.require_officer(),
        reason=text_of(asked, "reason", default=""),
    )
    return {"state": str(row.state)}


def standing(asked: Asked) -> str:
    """How the accreditation ``id`` stands here; '' while it is not known."""
    try:
        return str(state_at(accreditation_row(_id(asked)), asked.context.clock()))
    except NotFound:
        return ""


def channel(asked: Asked) -> str:
    """The matter of the channel of the accreditation ``id`` in ``case``."""
    return id_text(channel_matter(_id(asked), _id(asked, "case")))


def say(asked: Asked) -> dict[str, Any]:
    """Says ``draft`` on the channel ``id`` to the seat ``to``."""
    body, officer = _body(asked, LiaisonMessage), asked.require_officer()
    made = say_on_channel(_id(asked), body, to=Seat(text_of(asked, "to")), context=asked.context, officer=officer)
    return {"statement": id_text(made)}


def hand_on(asked: Asked) -> dict[str, Any]:
    """The officer hands the ``statement`` on."""
    hand_on_word(_id(asked, "statement"), context=asked.context, officer=asked.require_officer())
    return {"statement": text_of(asked, "statement")}


def read(asked: Asked) -> list[dict[str, Any]]:
    """What was said on the channel ``id``, as its reader may see it."""
    thread = read_channel(_id(asked), context=asked.context, officer=asked.require_officer())
    return [
        {
            "statement": id_text(one.row.statement),
            "by": one.by,
            "former": one.former,
            "fault": one.fault,
            "words": one.message.words.value if one.message is not None and one.message.words is not None else None,
        }
        for one in thread.words
    ]


def count(asked: Asked) -> int:
    """How many messages of the channels ``ids`` stand here."""
    return len(words_on([parse_matter(one) for one in texts_of(asked, "ids")]))


def order(asked: Asked) -> dict[str, Any]:
    """Orders the handover from the accreditation ``id`` to the one of the ``successor``."""
    officer = asked.require_officer()
    return {"id": id_text(order_handover(_id(asked), _id(asked, "successor"), context=asked.context, officer=officer))}


def first(asked: Asked) -> int:
    """The first custodian's part of the handover ``id``; of how many messages."""
    return begin_handing_over(_id(asked), context=asked.context, officer=asked.require_officer())


def second(asked: Asked) -> dict[str, Any]:
    """The second custodian's part of the handover ``id``."""
    count = finish_handing_over(_id(asked), context=asked.context, officer=asked.require_officer())
    return {"words": count, "done": handover_row(_id(asked)).done_ms is not None}


# ---------------------------------------------------------------------------------------------------- heads of service


def direct_say(asked: Asked) -> dict[str, Any]:
    """A head says ``draft`` to the head at the desk ``to``, in the matter ``id`` where it is an answer."""
    body, matter = _body(asked, DirectMessage), text_of(asked, "id", default="")
    answers = text_of(asked, "answers", default="")
    made, statement = direct_saying.say(
        body,
        to=text_of(asked, "to"),
        field=text_of(asked, "field"),
        context=asked.context,
        officer=asked.require_officer(),
        matter=parse_matter(matter) if matter else b"",
        answers=parse_matter(answers) if answers else b"",
    )
    return {"id": id_text(made), "statement": id_text(statement)}


def direct_read(asked: Asked) -> list[dict[str, Any]]:
    """What was said in the matter ``id``, as far as its reader opens it."""
    return [
        {
            "statement": id_text(one.row.statement),
            "by": one.by,
            "fault": one.fault,
            "words": one.message.words.value if one.message is not None and one.message.words is not None else None,
        }
        for one in direct_reading.read_thread(_id(asked), context=asked.context, officer=asked.require_officer())
    ]


def direct_state(asked: Asked) -> list[dict[str, Any]]:
    """Who said something in the matter ``id`` of the ``post``, and whether it was read: no word of it."""
    try:
        rows = direct.thread(_id(asked), (text_of(asked, "post"),))
    except NotFound:
        return []
    return [
        {
            "statement": id_text(one.statement),
            "partner": one.partner,
            "read": one.read_ms is not None,
            "to": one.handed_to,
        }
        for one in rows
    ]


def hand_down(asked: Asked) -> dict[str, Any]:
    """A head hands the item of ``draft`` down to ``desk``, out of the ``statement``, having seen no sign of ill-treatment."""
    officer = asked.require_officer()
    made = direct_handing.hand_down(
        _id(asked, "statement"),
        _body(asked, Item),
        desk=text_of(asked, "desk"),
        title=_title(asked),
        check=IncomingCheck(answer="obtained.no-sign", officer=officer.number, at_ms=asked.context.clock()),
        context=asked.context,
        officer=officer,
    )
    return {"case": id_text(made)}


PERSONS: Final[Mapping[str, Act]] = {
    "demo.case": case,
    "demo.accredit": propose,
    "demo.accreditation": standing,
    "demo.accreditation-say": decide,
    "demo.liaison-channel": channel,
    "demo.liaison-say": say,
    "demo.liaison-hand-on": hand_on,
    "demo.liaison-read": read,
    "demo.liaison-count": count,
    "demo.handover-order": order,
    "demo.handover-first": first,
    "demo.handover-second": second,
    "demo.direct-say": direct_say,
    "demo.direct-read": direct_read,
    "demo.direct-state": direct_state,
    "demo.hand-down": hand_down,
}
"""The acts of this module, by name."""
