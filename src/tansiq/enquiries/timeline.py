"""Everything that happened in an enquiry, in time: said, handed over, received, called for.

Invariant: each entry has a moment that somebody signed or this node wrote down; the timeline decides nothing and shows no
content, so it may stand where the contents may not.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from tansiq.enquiries.drafts import REQUEST
from tansiq.enquiries.rows import Direction, EnquiryRow
from tansiq.enquiries.summaries import Json, as_time
from tansiq.protocol.docket import agency_of
from tansiq.protocol.ids import id_text

__all__ = ["timeline_of"]


def _entry(what: str, at: str | None, **more: object) -> Json:
    return {"what": what, "at": at, "kind": "", "codes": [], "officer": "", "post": "", "statement": "", **more}


def _way(statement: str, kind: str, route: Sequence[Json]) -> list[Json]:
    """The desks between that handed on, and the last that received."""
    out = [
        _entry("handed-over", stop["handed_at"], kind=kind, post=stop["post"], statement=statement)
        for stop in route[1:-1]
        if stop["handed_at"]
    ]
    if route and route[-1]["taken_at"]:
        last = route[-1]
        out.append(_entry("received", last["taken_at"], kind=kind, post=last["post"], statement=statement))
    return out


def _notices(matter: bytes) -> list[Json]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, at_ms FROM enquiries_notice WHERE matter = %s", (matter,))
        return [_entry("notice", as_time(at_ms), codes=[code]) for code, at_ms in cursor.fetchall()]


def timeline_of(row: EnquiryRow, words: Sequence[Json], *, route: Sequence[Json]) -> list[Json]:
    """The entries in the order of time: ``what`` is said, handed-over, received, notice or translated; ``kind`` the kind
    of the statement, ``codes`` its codes, ``officer``, ``post`` and ``agency`` who, ``statement`` its id.
    """
    post = row.their_post if row.direction == Direction.IN else row.own_post
    request = id_text(row.request)
    out = [_entry("said", as_time(row.sent_ms), kind=REQUEST, officer=row.officer, post=post, statement=request)]
    out += _way(request, REQUEST, route)
    for word in words:
        codes = [code for code in (word["outcome"], *word["grounds"]) if code]
        who = {"kind": word["kind"], "statement": word["statement"]}
        out.append(_entry("said", word["said_at"], codes=codes, officer=word["officer"], post=word["post"], **who))
        out += _way(word["statement"], word["kind"], word["route"])
        for one in (*word["translations"], *(each for item in word["items"] for each in item["translations"])):
            out.append(_entry("translated", one["at"], officer=one["officer"], **who))
    out += _notices(row.matter)
    order = {"said": 0, "handed-over": 1, "received": 2, "translated": 3, "notice": 4}
    for one in out:
        one["agency"] = agency_of(one["post"]) if one["post"] else ""
    said = {one["statement"]: one["at"] or "" for one in out if one["what"] == "said"}
    # A desk that hands on as it is said writes a moment that may be a hair earlier than the statement's own.
    return sorted(out, key=lambda one: (max(one["at"] or "", said.get(one["statement"], "")), order[one["what"]]))
