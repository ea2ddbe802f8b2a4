"""Acts of a demonstration's nodes on strategic reports, and on the register of the flow that the embassy's office sees.

Invariant: as in `acts`; of the register codes and counts alone are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tansiq.demo.acts_notices import body_of
from tansiq.enquiries.reading import parse_matter
from tansiq.errors import NotFound
from tansiq.node.acts import Act, Asked
from tansiq.node.arguments import text_of
from tansiq.office.compartments import compartment_of, office_for
from tansiq.office.folding import fold_came
from tansiq.office.queries import counts
from tansiq.policy.channel_matter import Channel
from tansiq.policy.report import StrategicReport
from tansiq.protocol.ids import id_text
from tansiq.relations.reports import report_row
from tansiq.relations.reports_reading import read_report
from tansiq.relations.reports_saying import send_report

__all__ = ["OFFICE"]


def send(asked: Asked) -> dict[str, Any]:
    """Sends the strategic report of ``draft`` from the officer's desk to the desk ``to``, by a ``channel``."""
    officer = asked.require_officer()
    matter, statement = send_report(
        body_of(asked, StrategicReport),
        sender=officer.posts[0],
        to=text_of(asked, "to"),
        channel=Channel(text_of(asked, "channel", default="embassy")),
        context=asked.context,
        officer=officer,
    )
    return {"id": id_text(matter), "statement": id_text(statement)}


def read(asked: Asked) -> dict[str, Any]:
    """The report in ``statement`` as the officer reads it."""
    officer = asked.require_officer()
    found = read_report(parse_matter(text_of(asked, "statement")), context=asked.context, officer=officer)
    title = found.report.title.value if found.report is not None and found.report.title is not None else None
    return {"by": found.by, "title": title, "state": found.state}


def state(asked: Asked) -> dict[str, Any] | None:
    """Whether the report in ``statement`` is here at the desk ``post``, and was read; None while it is not."""
    try:
        row = report_row(parse_matter(text_of(asked, "statement")), (text_of(asked, "post"),))
    except NotFound:
        return None
    return {"read": row.read_ms is not None}


def flow(asked: Asked) -> dict[str, int]:
    """How many matters the office sees by channel, from their dockets."""
    officer = asked.require_officer()
    who = compartment_of(office_for(officer.posts), officer.number)
    fold_came(context=asked.context)
    found: dict[str, int] = {}
    for (_, channel, _), number in counts(who, now_ms=asked.context.clock()).by_state.items():
        found[channel] = found.get(channel, 0) + number
    return found


OFFICE: Final[Mapping[str, Act]] = {
    "demo.flow": flow,
    "demo.report-read": read,
    "demo.report-send": send,
    "demo.report": state,
}
"""The acts of this module, by name."""
