"""Acts on strategic reports that are asked from the command line: send one, list them, read one.

Invariant: whoever asks has signed in; a report is read as its handling permits, the look is logged, and its sender is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from tansiq.enquiries.reading import parse_matter, record_from
from tansiq.errors import BadInput
from tansiq.node.acts import Act, Asked
from tansiq.node.arguments import number_of, table_of, text_of
from tansiq.node.written import written
from tansiq.policy.report import StrategicReport
from tansiq.protocol.docket import check_post
from tansiq.protocol.ids import id_text
from tansiq.relations.reports_reading import ReadReport, list_reports, read_report
from tansiq.relations.reports_saying import send_report

__all__ = ["REPORTS"]


def _iso(ms: int | None) -> str:
    return "" if ms is None else dt.datetime.fromtimestamp(ms / 1000, dt.UTC).isoformat(timespec="seconds")


def _row(one: ReadReport) -> dict[str, Any]:
    row, report = one.row, one.report
    return {
        "id": id_text(row.statement),
        "title": report.title.value if report is not None and report.title is not None else "",
        "direction": "out" if row.direction == 1 else "in",
        "from": row.sender,
        "office": row.office,
        "to": row.addressee,
        "fields": list(row.field_codes),
        "period": [_iso(row.from_ms), _iso(row.until_ms)],
        "officer": one.by,
        "state": one.state,
        "sent": _iso(row.said_ms),
        "received": _iso(one.received_ms),
        "read": _iso(row.read_ms),
        "read_by": row.read_by,
        "files": row.files,
    }


def _day_ms(said: object, name: str, *, after: int = 0) -> int:
    """Where a day (ISO 8601) begins, or ends with ``after`` 1, in UTC milliseconds. Raises BadInput."""
    try:
        on = dt.date.fromisoformat(str(said)) + dt.timedelta(days=after)
    except (ValueError, OverflowError) as error:
        raise BadInput("node.wrong-argument", name=name) from error
    return int(dt.datetime(on.year, on.month, on.day, tzinfo=dt.UTC).timestamp() * 1000)


def write(asked: Asked) -> dict[str, Any]:
    """Sends the report of ``draft`` from the desk ``from`` to the desk ``to`` (``via``: the office, where several fit).

    ``first_day`` and ``last_day`` of a draft are its period. Returns the report's reference.
    """
    officer = asked.require_officer()
    draft = dict(table_of(asked, "draft"))
    way = {}
    for name in ("from", "to", "via"):
        kept = draft.pop(name, "")
        way[name] = text_of(asked, name, default="") or str(kept)
    for name in ("from", "to"):
        check_post(way[name])
    first, last = draft.pop("first_day", ""), draft.pop("last_day", "")
    plain = written(draft, StrategicReport)
    if first:
        plain["from_ms"] = _day_ms(first, "first_day")
    if last:
        plain["until_ms"] = _day_ms(last, "last_day", after=1)
    report = record_from(StrategicReport, plain, officer=officer.number, now_ms=asked.context.clock())
    matter, statement = send_report(
        report, sender=way["from"], to=way["to"], via=way["via"], context=asked.context, officer=officer
    )
    return {"id": id_text(statement), "matter": id_text(matter)}


def list_all(asked: Asked) -> list[dict[str, Any]]:
    """The reports of the asker's desks that the asker may view, the newest first."""
    officer = asked.require_officer()
    limit = number_of(asked, "limit", default=50, most=500)
    return [_row(one) for one in list_reports(context=asked.context, officer=officer, limit=limit).rows]


def show(asked: Asked) -> dict[str, Any]:
    """One report, whole; at the desk that it is for, the first look is told to whoever sent it."""
    officer = asked.require_officer()
    one = read_report(parse_matter(text_of(asked, "id")), context=asked.context, officer=officer)
    return {**_row(one), "content": dict(one.report.to_plain()) if one.report is not None else None}


REPORTS: Final[Mapping[str, Act]] = {"report.list": list_all, "report.show": show, "report.write": write}
"""The acts of this module, by name."""
