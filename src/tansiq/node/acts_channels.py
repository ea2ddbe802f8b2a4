"""Acts on how channels stand: what is in force, deciding, agreeing, announcing; the report on an interruption.

Invariant: codes, times and service numbers; the words of a decision are shown to an officer alone. The room decides who may.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from tansiq.channels.gap import Gap, gap_of, interruptions_with, lasting
from tansiq.channels.officers import ActingOfficer
from tansiq.channels.queries import (
    OURS,
    THEIRS,
    DecisionRow,
    accepts_emergency,
    decision,
    decisions,
    proposals,
    standing_rows,
    waiting_counts,
    words_of,
)
from tansiq.channels.states import accept_emergency, agree, check_period, decide, decline
from tansiq.directory.queries import partners
from tansiq.enquiries.reading import parse_matter
from tansiq.errors import BadInput, NotFound
from tansiq.exchange.context import Context
from tansiq.node.acts import Act, Asked
from tansiq.node.arguments import flag_of, number_of, text_of
from tansiq.policy.channel_word import StateWord
from tansiq.policy.values import Text
from tansiq.protocol.evidence_report import utc_text
from tansiq.protocol.ids import id_text
from tansiq.protocol.limits import MAX_INTEGER

__all__ = ["CHANNELS"]


def _moment(asked: Asked, name: str) -> int | None:
    """UTC milliseconds of an ISO 8601 moment with its zone; None when it is not there. Raises BadInput."""
    written = text_of(asked, name, default="")
    if not written:
        return None
    try:
        moment = dt.datetime.fromisoformat(written)
    except ValueError as error:
        raise BadInput("node.wrong-argument", name=name) from error
    if moment.tzinfo is None:
        raise BadInput("node.wrong-argument", name=name)
    return round(moment.timestamp() * 1000)


def _plain(row: DecisionRow, officer: ActingOfficer | None, context: Context) -> dict[str, Any]:
    words = words_of(row, keys=context.keys) if officer is not None else None
    return {
        "id": id_text(row.id),
        "partner": row.partner,
        "side": "ours" if row.side == OURS else "theirs",
        "channel": row.word.channel,
        "state": row.word.state,
        "reason": row.word.reason,
        "words": words.value if words else "",
        "language": words.language if words else "",
        "from": utc_text(row.word.from_ms),
        "until": utc_text(row.word.until_ms) if row.word.until_ms else None,
        "officer": row.word.officer or "",
        "second": row.word.second or "",
        "taken_at": utc_text(row.taken_ms) if row.taken_ms else None,
        "waits_for_second": row.open,
        "announced": bool(row.statement),
    }


def _behind(identifier: bytes, asked: Asked) -> dict[str, Any] | None:
    row = decision(identifier) if identifier else None
    return _plain(row, asked.officer, asked.context) if row else None


def states(asked: Asked) -> dict[str, Any]:
    """How every channel stands with every partner (or ``partner``), by whose decision, what waits, what is proposed."""
    named, counted = text_of(asked, "partner", default=""), waiting_counts()
    found = []
    for partner in partners():
        if partner.is_self or not partner.confirmed_ms or named not in {"", partner.agency}:
            continue
        found.append(
            {
                "partner": partner.agency,
                "accepts_emergency": accepts_emergency(partner.agency, side=THEIRS),
                "we_accept_emergency": accepts_emergency(partner.agency, side=OURS),
                "channels": [
                    {
                        "channel": str(channel),
                        "state": str(row.standing.worst),
                        "own": str(row.standing.own),
                        "announced": str(row.standing.announced),
                        "since": utc_text(row.since_ms) if row.since_ms else None,
                        "ours": _behind(row.ours, asked),
                        "theirs": _behind(row.theirs, asked),
                        "waiting": counted.get((partner.agency, str(channel)), 0),
                    }
                    for channel, row in standing_rows(partner.agency).items()
                ],
            }
        )
    if named and not found:
        raise NotFound("directory.unknown-agency", agency=named)
    return {"partners": found, "proposals": [_plain(row, asked.officer, asked.context) for row in proposals()]}


def history(asked: Asked) -> list[dict[str, Any]]:
    """What both sides decided about the ``channel`` with ``partner``, the latest first."""
    rows = decisions(text_of(asked, "partner"), text_of(asked, "channel"))
    return [_plain(row, asked.officer, asked.context) for row in rows]


def set_state(asked: Asked) -> dict[str, Any]:
    """Decides how the ``channel`` with ``partner`` stands: ``state``, ``reason``, ``words`` in a ``language``, ``from``,
    ``until``; ``announce`` tells the partner.
    """
    words = text_of(asked, "words", default="")
    from_ms, until_ms = _moment(asked, "from") or asked.context.clock(), _moment(asked, "until")
    check_period(from_ms, until_ms)
    word = StateWord(
        channel=text_of(asked, "channel"),
        state=text_of(asked, "state"),
        reason=text_of(asked, "reason"),
        from_ms=from_ms,
        until_ms=until_ms,
        words=Text(text_of(asked, "language", default="en"), words) if words else None,
    )
    identifier, settled = decide(
        text_of(asked, "partner"),
        word,
        announce=flag_of(asked, "announce"),
        officer=asked.require_officer(),
        context=asked.context,
    )
    if settled is None:
        return {"id": id_text(identifier), "in_force": False, "held": 0, "let_go": 0}
    return {"id": id_text(identifier), "in_force": True, "held": settled.held, "let_go": settled.let_go}


def agree_to(asked: Asked) -> dict[str, Any]:
    """A second decider agrees to the proposal ``id``."""
    settled = agree(parse_matter(text_of(asked, "id")), officer=asked.require_officer(), context=asked.context)
    return {"id": text_of(asked, "id"), "in_force": True, "held": settled.held, "let_go": settled.let_go}


def decline_it(asked: Asked) -> dict[str, Any]:
    """A decider ends the proposal ``id``."""
    decline(parse_matter(text_of(asked, "id")), officer=asked.require_officer(), context=asked.context)
    return {"id": text_of(asked, "id"), "in_force": False}


def accept(asked: Asked) -> dict[str, Any]:
    """Declares to ``partner`` whether we take what concerns danger to life on a channel that it suspended (``accepts``)."""
    accepts = flag_of(asked, "accepts")
    accept_emergency(text_of(asked, "partner"), accepts=accepts, officer=asked.require_officer(), context=asked.context)
    return {"partner": text_of(asked, "partner"), "accepts": accepts}


def _report(gap: Gap, now_ms: int) -> dict[str, Any]:
    one = gap.interrupted
    return {
        "id": one.id,
        "partner": one.partner,
        "channel": one.channel,
        "from": utc_text(one.began_ms),
        "until": utc_text(one.ended_ms) if one.ended_ms else None,
        "waited": len(gap.lines),
        "ended": {how or "waiting": gap.count(how) for how in sorted({line.how for line in gap.lines})},
        "deadlines_passed": gap.passed,
        "pending": gap.pending,
        "missing": gap.missing,
        "unwitnessed": gap.unwitnessed,
        "whole": gap.whole,
        "lines": [
            {
                "matter": id_text(line.matter),
                "statement": id_text(line.statement),
                "kind": line.kind,
                "peer": line.peer,
                "held_at": utc_text(line.held_ms),
                "ended_at": utc_text(line.ended_ms) if line.ended_ms else None,
                "waited_ms": line.waited_ms(now_ms),
                "how": line.how or "waiting",
                "officer": line.officer,
                "instead": id_text(line.instead) if line.instead else "",
                "receipted": line.receipted,
                "deadline": utc_text(line.deadline_ms) if line.deadline_ms else None,
                "deadline_passed": line.passed,
            }
            for line in gap.lines
        ],
        "theirs": [
            {
                "matter": id_text(row.matter),
                "statement": id_text(row.statement),
                "kind": row.kind,
                "said_at": utc_text(row.said_ms),
                "received_at": utc_text(row.received_ms),
            }
            for row in gap.theirs
        ],
    }


def report(asked: Asked) -> list[dict[str, Any]]:
    """The report on the interruption ``id``, on those with ``partner``, or on those that last."""
    number = number_of(asked, "id", default=0, most=MAX_INTEGER)
    partner = text_of(asked, "partner", default="")
    chosen = [number] if number else [one.id for one in (interruptions_with(partner) if partner else lasting())]
    found = [gap_of(one, context=asked.context) for one in chosen]
    if number and found == [None]:
        raise NotFound("channels.unknown-interruption", id=number)
    return [_report(one, asked.context.clock()) for one in found if one is not None]


CHANNELS: Final[dict[str, Act]] = {
    "channel.accept": accept,
    "channel.agree": agree_to,
    "channel.decline": decline_it,
    "channel.history": history,
    "channel.report": report,
    "channel.set": set_state,
    "channel.states": states,
}
"""The acts of this module, by name."""
