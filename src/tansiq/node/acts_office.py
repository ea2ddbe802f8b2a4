"""Acts on the office's register that are asked from the command line: reading it, directing, compartments, making it again.

Invariant: whoever asks has signed in and stands in an office of ours; what another service has is answered like what never was. Making the register
again shows nothing of it, so whoever holds the node's own account may ask for that.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from tansiq.enquiries.reading import parse_matter
from tansiq.enquiries.summaries import as_time
from tansiq.node.acts import Asked
from tansiq.node.arguments import flag_of, text_of, texts_of
from tansiq.office import directing
from tansiq.office.compartments import Compartment, compartment_of, compartments, office_for, set_compartment
from tansiq.office.directing import directs_of
from tansiq.office.folding import fold_came
from tansiq.office.proposing import proposals_for
from tansiq.office.queries import FlowView, counts, flow_page, one_flow
from tansiq.office.rebuilding import check_register
from tansiq.office.rebuilding import rebuild as make_again
from tansiq.office.reminding import remind as say_reminder
from tansiq.office.rows import Direction, DocketRow, FlowRow, dockets_of
from tansiq.policy.values import Text
from tansiq.protocol.ids import id_text

__all__ = ["OFFICE"]

_ON_A_PAGE: Final = 50


def _who(asked: Asked) -> Compartment:
    """What the officer sees; what came until now is in the register."""
    officer = asked.require_officer()
    who = compartment_of(office_for(officer.posts, text_of(asked, "office", default="")), officer.number)
    fold_came(context=asked.context)
    return who


def _flow(row: FlowRow) -> dict[str, Any]:
    return {
        "id": id_text(row.matter),
        "kind": row.kind,
        "service": row.service,
        "partner": row.partner,
        "direction": "out" if row.direction == Direction.OUT else "in",
        "own_post": row.own_post,
        "their_post": row.their_post,
        "lies_at": row.lies_at,
        "field": row.field,
        "channel": row.channel,
        "channels": list(row.channels),
        "state": row.state,
        "urgent": row.urgent,
        "priority": row.priority,
        "assigned": row.assigned,
        "opened": as_time(row.opened_ms),
        "moved": as_time(row.moved_ms),
        "deadline": as_time(row.deadline_ms),
        "case": id_text(row.case) if row.case is not None else "",
        "together": id_text(row.together) if row.together is not None else "",
        "flagged": row.flagged,
    }


def _docket(one: DocketRow) -> dict[str, Any]:
    return {
        "statement": id_text(one.statement),
        "kind": one.kind,
        "channel": one.channel,
        "sender": one.sender,
        "addressee": one.addressee,
        "counts": one.counts,
        "said": as_time(one.said_ms),
        "taken": as_time(one.taken_ms),
    }


def register(asked: Asked) -> dict[str, Any]:
    """A page of the register, and the counts of what is open by field and channel."""
    who, now_ms = _who(asked), asked.context.clock()
    names = ("field", "channel", "state", "direction", "age", "service")
    view = FlowView(
        ended=flag_of(asked, "ended"),
        overdue=flag_of(asked, "overdue"),
        mine=flag_of(asked, "mine"),
        first=flag_of(asked, "first"),
        **{name: text_of(asked, name, default="") for name in names},
    )
    found = flow_page(view, who, now_ms=now_ms, after=text_of(asked, "after", default=""), limit=_ON_A_PAGE)
    numbers = counts(who, now_ms=now_ms, service=view.service)
    return {
        "office": who.office,
        "rows": [_flow(row) for row in found.rows],
        "following": found.following,
        "open": [
            {"field": field, "channel": channel, "ages": list(ages)}
            for (field, channel), ages in sorted(numbers.by_age.items())
        ],
        "counts": [
            {"field": field, "channel": channel, "state": state, "number": number}
            for (field, channel, state), number in sorted(numbers.by_state.items())
        ],
    }


def show(asked: Asked) -> dict[str, Any]:
    """One matter with its dockets, what was directed and what may belong to it."""
    who = _who(asked)
    row = one_flow(parse_matter(text_of(asked, "id")), who)
    return _flow(row) | {
        "dockets": [_docket(one) for one in dockets_of([row.matter], row.office).get(row.matter, [])],
        "directs": [
            {
                "what": one.what, "value": one.value, "other": id_text(one.other) if one.other is not None else "",
                "officer": one.officer, "at": as_time(one.at_ms), "words": one.words.value if one.words is not None else "",
            }
            for one in directs_of(row, context=asked.context)
        ],
        "proposals": [
            {"id": id_text(one.row.matter), "channel": one.row.channel, "why": list(one.why)}
            for one in proposals_for(row, who)
        ],
    }  # fmt: skip


def _directed(asked: Asked) -> tuple[bytes, Compartment]:
    return parse_matter(text_of(asked, "id")), _who(asked)


def assign(asked: Asked) -> dict[str, Any]:
    """Gives a matter to the officer ``to``, or to nobody."""
    matter, who = _directed(asked)
    directing.assign(matter, text_of(asked, "to", default=""), who=who, context=asked.context)
    return {"id": id_text(matter)}


def prioritise(asked: Asked) -> dict[str, Any]:
    """Sets a matter's priority."""
    matter, who = _directed(asked)
    directing.prioritise(matter, text_of(asked, "priority"), who=who, context=asked.context)
    return {"id": id_text(matter)}


def comment(asked: Asked) -> dict[str, Any]:
    """Notes words at a matter."""
    matter, who = _directed(asked)
    words = Text(text_of(asked, "language"), text_of(asked, "words"))
    directing.comment(matter, words, who=who, context=asked.context)
    return {"id": id_text(matter)}


def remind(asked: Asked) -> dict[str, Any]:
    """Reminds the desk where a matter lies."""
    matter, who = _directed(asked)
    statement = say_reminder(matter, who=who, officer=asked.require_officer(), context=asked.context)
    return {"id": id_text(matter), "statement": id_text(statement)}


_LINKS: Final = {"join": directing.join, "flag": directing.flag, "apart": directing.apart}


def link(asked: Asked) -> dict[str, Any]:
    """A person's word on two matters: ``join``, ``flag`` or ``apart``."""
    matter, who = _directed(asked)
    other = parse_matter(text_of(asked, "other"))
    _LINKS[text_of(asked, "verdict")](matter, other, who=who, context=asked.context)
    return {"id": id_text(matter), "other": id_text(other)}


def part(asked: Asked) -> dict[str, Any]:
    """Takes a matter out of those that it was joined to."""
    matter, who = _directed(asked)
    directing.part(matter, who=who, context=asked.context)
    return {"id": id_text(matter)}


def members(asked: Asked) -> list[dict[str, Any]]:
    """The members of the office with their compartments."""
    return [asdict(one) | {"fields": list(one.fields)} for one in compartments(_who(asked).office)]


def compartment(asked: Asked) -> dict[str, Any]:
    """Gives a member a compartment."""
    who, number = _who(asked), text_of(asked, "number")
    set_compartment(
        who.office,
        number,
        service=text_of(asked, "service"),
        fields=texts_of(asked, "fields"),
        deputy=flag_of(asked, "deputy"),
        by=who.number,
        context=asked.context,
    )
    return {"number": number}


def rebuild(asked: Asked) -> dict[str, Any]:
    """Makes the register again out of what is stored; with ``check`` only looks whether it is what it should be."""
    found = check_register(context=asked.context) if flag_of(asked, "check") else make_again(context=asked.context)
    return asdict(found)


OFFICE: Final = {
    "office.apart": link,
    "office.assign": assign,
    "office.comment": comment,
    "office.compartment": compartment,
    "office.flag": link,
    "office.join": link,
    "office.members": members,
    "office.part": part,
    "office.prioritise": prioritise,
    "office.rebuild": rebuild,
    "office.register": register,
    "office.remind": remind,
    "office.show": show,
}
"""The acts of this module, by name."""
