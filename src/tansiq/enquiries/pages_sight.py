"""Who will see what, in words: `sight` for the component of the pages.

Invariant: everybody whom `sight` names stands in the table, those who operate a node too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tansiq.enquiries.pages_common import Named
from tansiq.enquiries.sight import PartSight, Seer
from tansiq.texts import catalogue, text

__all__ = ["ReaderRow", "readers_in_words"]

_ORDER = ("post", "office", "officer", "recovery", "node", "operator")


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """A line of the table."""

    name: str
    agency: str
    docket: bool
    body: bool
    why: str
    recovery: bool = False


def _name(one: Seer, named: Named, language: str) -> str:
    if one.kind in {"post", "office"}:
        return named.post(one.who)
    key = f"enquiries.sight.{one.kind}"
    return text(key, language) if key in catalogue() else one.who


def readers_in_words(sight: Sequence[PartSight], named: Named, language: str) -> list[ReaderRow]:
    """One line for each who will have the envelope or the content; the desks first."""
    docket: dict[tuple[str, str, str], Seer] = {}
    body: dict[tuple[str, str, str], bool] = {}
    for part in sight:
        for one in part.seers:
            who = (one.agency, one.kind, one.who)
            docket.setdefault(who, one)
            if part.place >= 0:
                body[who] = body.get(who, False) or one.opens
    rows = []
    for who in sorted(docket, key=lambda who: (_ORDER.index(who[1]) if who[1] in _ORDER else 9, who)):
        one = docket[who]
        why = f"enquiries.sight.why-{one.kind}"
        rows.append(
            ReaderRow(
                name=_name(one, named, language),
                agency=named.agency(one.agency),
                docket=True,
                body=body.get(who, False),
                why=text(why, language) if why in catalogue() else "",
            )
        )
    return rows
