"""The registry of liaison officers: who was accredited where, for what, when; and its export for a year.

Invariant: an export says how each accreditation stood at the end of that year, by what was known of it until then; it names
officers by service number, and cases by how many there were, never by their references or titles. Reading it whole is logged.
Council Decision 2003/170/JHA, Articles 3, 4(3) and 7.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

from tansiq.channels.accreditations import (
    AccreditationRow,
    WordRow,
    accreditation_rows,
    standing_of,
    state_at,
    words_of,
)
from tansiq.errors import BadInput
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.accreditation import Accreditation
from tansiq.policy.accreditation_course import Move
from tansiq.policy.codes import code_list
from tansiq.protocol.docket import agency_of
from tansiq.protocol.ids import id_text
from tansiq.relations.accreditation_state import proposal_of

__all__ = ["Posting", "as_csv", "postings", "year_bounds"]

_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_LISTS: Final = {
    "state": "accreditation_states", "tasks": "liaison_tasks", "fields": "offences", "languages": "languages",
    "reach": "reachability", "end_reason": "accreditation_reasons",
}  # fmt: skip
"""The columns that hold codes, and the list of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One accreditation as the registry shows it; moments are days (ISO 8601, UTC), '' for none."""

    id: str
    sending: str
    host: str
    officer: str
    post: str
    state: str
    since: str
    until: str
    tasks: tuple[str, ...]
    fields: tuple[str, ...]
    languages: tuple[str, ...]
    reach: str
    away_until: str
    contacts: tuple[str, ...]
    authorities: tuple[str, ...]
    represents: tuple[str, ...]
    cases: int
    sent_by: str
    received_by: str
    proposed: str
    accepted: str
    ended: str
    end_reason: str


def year_bounds(year: int) -> tuple[int, int]:
    """From when until when a year is, in milliseconds (UTC). Raises BadInput."""
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise BadInput("relations.wrong-year", year=year)
    first, after = (dt.datetime(one, 1, 1, tzinfo=dt.UTC) for one in (year, year + 1))
    return int(first.timestamp() * 1000), int(after.timestamp() * 1000)


def _day(ms: int | None) -> str:
    return "" if not ms else dt.datetime.fromtimestamp(ms / 1000, dt.UTC).date().isoformat()


def _last(words: Sequence[WordRow], move: Move) -> WordRow | None:
    return max((word for word in words if word.kind == move), key=lambda word: word.said_ms, default=None)


def _posting(row: AccreditationRow, words: Sequence[WordRow], *, at_ms: int, context: Context) -> Posting:
    standing = standing_of(words)
    number = standing.accepted or standing.proposed
    proposed = next((word for word in words if word.kind == Move.PROPOSE and word.number == number), None)
    stood = proposal_of(proposed.statement, context=context) if proposed is not None else None
    said = stood or Accreditation()
    accepted, withdrawn = _last(words, Move.ACCEPT), _last(words, Move.WITHDRAW)
    then = replace(
        row, state=standing.state, from_ms=said.from_ms or row.from_ms, until_ms=said.until_ms or row.until_ms
    )
    state = state_at(then, at_ms)
    return Posting(
        id=id_text(row.id),
        sending=agency_of(row.post),
        host=row.host,
        officer=row.officer,
        post=row.post,
        state=state,
        since=_day(then.from_ms),
        until=_day(then.until_ms),
        tasks=said.tasks,
        fields=said.fields,
        languages=said.languages,
        reach=row.reach,
        away_until=_day(row.away_until_ms) if row.away_until_ms and row.away_until_ms > at_ms else "",
        contacts=said.contacts,
        authorities=said.authorities,
        represents=said.represents,
        cases=len(said.grants),
        sent_by=row.sent_by,
        received_by=row.received_by,
        proposed=_day(words[0].said_ms) if words else "",
        accepted=_day(accepted.said_ms) if accepted is not None else "",
        ended=_day(withdrawn.said_ms if withdrawn is not None else then.until_ms if state == "expired" else None),
        end_reason=withdrawn.reason if withdrawn is not None else "",
    )


def postings(*, context: Context, officer: str, year: int | None = None) -> list[Posting]:
    """All accreditations of our officers and of others with us, ours first: as they stand now, or those that stood in ``year``
    as they did at its end. ``officer`` (a service number) is who reads them. Raises BadInput.
    """
    now_ms = context.clock()
    end_ms = now_ms if year is None else min(year_bounds(year)[1] - 1, now_ms)
    found = []
    for row in sorted(accreditation_rows(), key=lambda one: (one.direction, one.host, one.from_ms, one.id)):
        words = [word for word in words_of(row.id) if word.said_ms <= end_ms]
        made = _posting(row, words, at_ms=end_ms, context=context) if words else None
        if made is not None and (year is None or _stood_in(made, year)):
            found.append((row.id, made))
    log_access(
        [
            Access(
                operation=Operation.CONSULTATION if year is None else Operation.DISCLOSURE,
                officer=officer,
                thing=identifier,
                purpose="",
                justification="liaison.registry" if year is None else f"liaison.registry {year}",
                time_ms=now_ms,
            )
            for identifier, _ in found
        ],
        keys=context.keys,
    )
    return [made for _, made in found]


def _stood_in(one: Posting, year: int) -> bool:
    """Whether an accreditation was proposed in a year, stood in it or ended in it."""
    begun, over = one.proposed[:4], (one.ended or one.until)[:4]
    return begun <= str(year) <= max(begun, over)


def as_csv(found: Sequence[Posting], language: str) -> str:
    """The registry as a table of values (RFC 4180), its codes as words of ``language``, beginning with a mark of its encoding."""
    out = io.StringIO()
    writer = csv.writer(out)
    names = [one.name for one in fields(Posting)]
    writer.writerow(names)
    for one in found:
        writer.writerow([_cell(name, value, language) for name, value in asdict(one).items()])
    return "\ufeff" + out.getvalue()


def _cell(name: str, value: Any, language: str) -> str:
    listed = _LISTS.get(name)
    values = value if isinstance(value, tuple) else (value,)
    words = [code_list(listed).label(str(one), language) if listed and one else str(one) for one in values]
    joined = "; ".join(words)
    # What a spreadsheet would take for a formula is told to be text.
    return f"'{joined}" if joined[:1] in {"=", "+", "-", "@", "\t"} else joined
