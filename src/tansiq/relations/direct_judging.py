"""Judging what heads say: the docket when it comes, the body when one of the two opens it.

Invariant: nothing is shown that is not signed by a member of the head's desk from which it comes, lacks what the law wants or
contradicts its docket. Directive (EU) 2016/680, Articles 8, 10 and 35 to 38.
"""

from __future__ import annotations

import datetime as dt

from tansiq.channels.officers import verified_act
from tansiq.directory.queries import current_directory
from tansiq.errors import BadInput, Refused
from tansiq.exchange.kinds import Arrived
from tansiq.policy.conditions import Conditions
from tansiq.policy.direct import DirectMessage
from tansiq.policy.faults import Faults, refuse
from tansiq.policy.liaison import message_faults
from tansiq.protocol.docket import Docket, agency_of
from tansiq.relations.direct import CHANNEL, MESSAGE
from tansiq.relations.direct_saying import HEAD

__all__ = ["check_docket", "judged"]

_NEWER = "policy.law.code-unknown"


def _is_head(post: str) -> bool:
    return any(one.id == post and one.role == HEAD for one in current_directory(agency_of(post)).posts)


def check_docket(docket: Docket) -> None:
    """Raises BadInput or Refused unless a docket leads from one head's desk to another's, with nobody between."""
    if docket.channel != CHANNEL or docket.route != (docket.sender, *docket.addressees) or len(docket.addressees) != 1:
        raise BadInput("relations.docket-differs", field="route")
    for post in docket.route:
        if not _is_head(post):
            raise Refused("relations.head-only", officer="")


def judged(arrived: Arrived) -> tuple[DirectMessage, str]:
    """The message in what arrived, and who signed it. Raises NotProven, Refused and BadInput.

    A partner's newer code makes nothing unlawful.
    """
    act = verified_act(arrived)
    part = arrived.part(MESSAGE)
    if part is None:
        raise BadInput("relations.part-missing", kind=MESSAGE)
    message, docket = DirectMessage.from_plain(part.content), arrived.docket
    conditions = message.conditions or Conditions()
    if docket.classification != (conditions.classification or "") or set(docket.handling) != set(conditions.codes):
        raise BadInput("relations.docket-differs", field="conditions")
    today = dt.datetime.fromtimestamp(arrived.statement.time_ms / 1000, dt.UTC).date()
    found = message_faults(message, field=docket.field, today=today)
    refuse(Faults(fault for fault in found if fault.code != _NEWER))
    return message, act.officer
