"""Acts on what waits for its channel, and on courier files: made and taken in piece by piece, so that memory stays flat.

Invariant: nothing of a body is shown; a courier file comes back sealed and is written by whoever asked, so that the node writes
nowhere but in its home.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any, Final

from tansiq.channels.emergencies import pass_emergency, review
from tansiq.channels.offers import offers
from tansiq.channels.passing import by_hand, may_reroute, reroute, take_back
from tansiq.channels.states import decider_post
from tansiq.channels.waiting import matters_waiting
from tansiq.enquiries.reading import parse_matter
from tansiq.errors import BadInput
from tansiq.exchange.carried import courier_files
from tansiq.exchange.courier import Making, begin, more
from tansiq.exchange.courier_taking import take_frame
from tansiq.node.acts import Act, Asked
from tansiq.node.arguments import flag_of, number_of, table_of, text_of
from tansiq.policy.channel_matter import Channel
from tansiq.policy.values import Text
from tansiq.protocol.evidence_report import utc_text
from tansiq.protocol.heads import Direction
from tansiq.protocol.ids import id_text
from tansiq.protocol.limits import MAX_INTEGER

__all__ = ["COURIER"]


def waiting(asked: Asked) -> list[dict[str, Any]]:
    """What waits of the officer's desks (of all desks for a decider), with ``partner``, on ``channel``, and what the rules offer."""
    officer = asked.require_officer()
    found = matters_waiting(
        officer.posts,
        every=bool(decider_post(officer)),
        partner=text_of(asked, "partner", default=""),
        channel=text_of(asked, "channel", default=""),
        context=asked.context,
    )
    return [
        {
            "matter": id_text(one.matter),
            "kind": one.kind,
            "statements": one.count,
            "partner": one.partner,
            "channel": one.channel,
            "desk": one.sender,
            "said_at": utc_text(one.since_ms),
            "held_at": utc_text(one.held_ms),
            "by_hand": one.by_hand,
            "deadline": utc_text(one.about.deadline_ms) if one.about and one.about.deadline_ms else None,
            "offers": [
                {"channel": str(advice.channel), "verdict": str(advice.verdict), "approvers": list(advice.approvers)}
                for advice in offers(one.first, officer=officer, context=asked.context)
                if may_reroute(one.first)
            ],
        }
        for one in found
    ]


def _channel(asked: Asked) -> Channel:
    named = text_of(asked, "channel")
    if named not in tuple(Channel):
        raise BadInput("node.wrong-argument", name="channel")
    return Channel(named)


def move(asked: Asked) -> dict[str, Any]:
    """Says by another ``channel`` (``via`` a desk, for a ``deviation``) what waits of the matter ``id``."""
    moved = reroute(
        parse_matter(text_of(asked, "id")),
        _channel(asked),
        via=text_of(asked, "via", default=""),
        deviation=text_of(asked, "deviation", default=""),
        officer=asked.require_officer(),
        context=asked.context,
    )
    return {"id": text_of(asked, "id"), "statements": {id_text(old): id_text(new) for old, new in moved.items()}}


def back(asked: Asked) -> dict[str, Any]:
    """Takes back what waits of the matter ``id``."""
    taken = take_back(parse_matter(text_of(asked, "id")), officer=asked.require_officer(), context=asked.context)
    return {"id": text_of(asked, "id"), "statements": [id_text(one) for one in taken]}


def hand(asked: Asked) -> dict[str, Any]:
    """Lets a courier take what waits of the matter ``id``, or no longer (``not``)."""
    count = by_hand(
        parse_matter(text_of(asked, "id")),
        chosen=not flag_of(asked, "not"),
        officer=asked.require_officer(),
        context=asked.context,
    )
    return {"id": text_of(asked, "id"), "statements": count}


def emergency(asked: Asked) -> dict[str, Any]:
    """Lets the matter ``id`` pass our own suspension for danger to life: ``words`` in a ``language`` say why."""
    words = Text(text_of(asked, "language", default="en"), text_of(asked, "words"))
    made = pass_emergency(
        parse_matter(text_of(asked, "id")), words, officer=asked.require_officer(), context=asked.context
    )
    return {"id": text_of(asked, "id"), "emergency": id_text(made)}


def judge(asked: Asked) -> dict[str, Any]:
    """Judges the ``emergency``: ``verdict``, ``words`` in a ``language``."""
    words = text_of(asked, "words", default="")
    review(
        parse_matter(text_of(asked, "emergency")),
        text_of(asked, "verdict"),
        Text(text_of(asked, "language", default="en"), words) if words else None,
        officer=asked.require_officer(),
        context=asked.context,
    )
    return {"emergency": text_of(asked, "emergency"), "verdict": text_of(asked, "verdict")}


# ---------------------------------------------------------------------------------------------------- courier files


def _piece(piece: bytes, making: Making) -> dict[str, Any]:
    made = {
        name: value.hex() if isinstance(value, bytes) else value
        for name in Making.__slots__
        if (value := getattr(making, name)) is not None
    }
    return {"piece": b64encode(piece).decode(), "making": made | {"after": list(making.after)}}


def _making(asked: Asked) -> Making:
    """How far a file is, as `_piece` told it. Raises BadInput."""
    plain = table_of(asked, "making")
    try:
        values = {name: plain[name] for name in Making.__slots__}
        for name in ("file", "reader", "batch", "chunk"):
            values[name] = bytes.fromhex(values[name])
        epoch, first = (int(one) for one in values["after"])
        return replace(Making(**values), after=(epoch, first))
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput("node.wrong-argument", name="making") from error


def courier_begin(asked: Asked) -> dict[str, Any]:
    """A new courier file for the partner ``to``: its first piece (base64), and what to ask for the next one with."""
    return _piece(*begin(text_of(asked, "to"), context=asked.context))


def courier_more(asked: Asked) -> dict[str, Any]:
    """The next piece of the file that is ``making``; it is done when ``making.done`` says so."""
    return _piece(*more(_making(asked), context=asked.context))


def _bytes(asked: Asked, name: str) -> bytes:
    try:
        return b64decode(text_of(asked, name), validate=True)
    except ValueError as error:
        raise BadInput("node.wrong-argument", name=name) from error


def courier_take(asked: Asked) -> dict[str, Any]:
    """Takes the ``frame`` (base64) at place ``number`` of the file that begins with ``header`` (base64)."""
    took = take_frame(
        _bytes(asked, "header"),
        number_of(asked, "number", default=0, most=MAX_INTEGER),
        _bytes(asked, "frame"),
        context=asked.context,
    )
    return {
        "sender": took.sender,
        "made_at": utc_text(took.made_ms),
        "sort": str(took.sort),
        "statements": took.statements,
        "new": took.new,
        "receipts": took.receipts,
        "faults": took.faults,
        "chunks": took.chunks,
        "last": took.last,
    }


def courier_list(asked: Asked) -> list[dict[str, Any]]:
    """Courier files made for ``peer`` (everybody) and taken in, the latest first."""
    return [
        {
            "file": one.file.hex(),
            "peer": one.peer,
            "direction": "made" if one.direction == Direction.SENT else "taken",
            "made_at": utc_text(one.made_ms),
            "at": utc_text(one.at_ms),
            "statements": one.statements,
            "receipts": one.receipts,
            "chunks": one.chunks,
            "whole": one.whole,
            "heard_at": utc_text(one.heard_ms) if one.heard_ms else None,
        }
        for one in courier_files(text_of(asked, "peer", default=""))
    ]


COURIER: Final[dict[str, Act]] = {
    "channel.by-hand": hand,
    "channel.emergency": emergency,
    "channel.move": move,
    "channel.review": judge,
    "channel.take-back": back,
    "channel.waiting": waiting,
    "courier.begin": courier_begin,
    "courier.list": courier_list,
    "courier.more": courier_more,
    "courier.take": courier_take,
}
"""The acts of this module, by name."""
