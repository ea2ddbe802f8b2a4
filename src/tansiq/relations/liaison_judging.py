"""Judging a message that came: at once where this node opens it, and when its owner opens it where only the owner can.

Invariant: nothing is shown or used that is not signed by an officer of the desk from which it comes, lacks what the law wants or
contradicts its docket; the officer's own messages bear that officer's signature and nobody else's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from tansiq.channels.officers import verified_act
from tansiq.errors import BadInput, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived
from tansiq.policy.conditions import Conditions
from tansiq.policy.faults import Faults, refuse
from tansiq.policy.liaison import LiaisonMessage, message_faults
from tansiq.protocol.docket import Docket
from tansiq.protocol.keys import SealingKey
from tansiq.relations.liaison import MESSAGE, ChannelRow, line_of, words_on
from tansiq.relations.liaison_basis import basis_of

__all__ = ["check_docket", "judged"]

_NEWER = "policy.law.code-unknown"
_ERASED = "policy.law.basis-not-here"


def check_docket(docket: Docket, channel: ChannelRow) -> None:
    """Raises BadInput unless a docket is of this channel's case and field, between its posts."""
    seats = {channel.liaison_post, channel.desk, channel.counterpart}
    said = {
        "channel": docket.channel == "liaison",
        "field": docket.field == channel.field,
        "case": docket.case == channel.case_ref,
        "route": set(docket.route) <= seats and len(docket.addressees) == 1 and docket.route[-1:] == docket.addressees,
    }
    for name, agrees in said.items():
        if not agrees:
            raise BadInput("relations.docket-differs", field=name)


def _check_body(message: LiaisonMessage, docket: Docket) -> None:
    conditions = message.conditions or Conditions()
    if docket.classification != (conditions.classification or ""):
        raise BadInput("relations.docket-differs", field="classification")
    if set(docket.handling) != set(conditions.codes):
        raise BadInput("relations.docket-differs", field="handling")


def judged(
    arrived: Arrived, channel: ChannelRow, *, reading: Sequence[SealingKey] = (), context: Context
) -> tuple[LiaisonMessage, str]:
    """The message in what arrived, and who signed it. Raises NotProven, Refused and BadInput.

    ``reading`` are the keys that opened it. A basis that it refers to and that was erased here since is not asked for again; a
    partner's newer code makes nothing unlawful.
    """
    act = verified_act(arrived)
    part = arrived.part(MESSAGE)
    if part is None:
        raise BadInput("relations.part-missing", kind=MESSAGE)
    message = LiaisonMessage.from_plain(part.content)
    if arrived.docket.sender == channel.liaison_post and act.officer != channel.officer:
        raise Refused("relations.other-officer", officer=act.officer)
    check_docket(arrived.docket, channel)
    _check_body(message, arrived.docket)
    standing = basis_of(message.law_of, channel, agency=arrived.statement.agency, reading=reading, context=context)
    known = {word.statement.hex() for word in words_on([one.matter for one in line_of(channel)])}
    passed_over = {_NEWER, _ERASED} if message.law_of in known else {_NEWER}
    today = dt.datetime.fromtimestamp(arrived.statement.time_ms / 1000, dt.UTC).date()
    found = message_faults(message, field=channel.field, standing=standing, today=today)
    refuse(Faults(fault for fault in found if fault.code not in passed_over))
    return message, act.officer
