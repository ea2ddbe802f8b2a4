"""The row of a matter that begins: who its ends are, and what its first docket makes of it.

Invariant: the agencies of the first docket are the matter's ends. Of dockets with the same codes the rows differ in references and times
alone, and move with those times; so what the codes make of a matter is asked of `policy.flow` once, not for each. `Begun.flow` is
what `FlowRow.standing` says of that one docket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tansiq.office.feeding import Entry
from tansiq.office.rows import DAY_MS, FLOW, UNDATED_MS, Direction, DocketRow, FlowRow, flow_values, judged
from tansiq.policy.ways import state_of
from tansiq.protocol.docket import agency_of

__all__ = ["Beginnings", "Begun", "entered"]

_TIMES: Final = FLOW.index("opened_ms")


def entered(first: DocketRow, field: str, case: bytes | None) -> FlowRow:
    """The row of a matter whose first docket this is, before any docket says how it stands."""
    asker, asked = first.sender, first.addressee
    if first.answers is not None:
        asker, asked = asked, asker
    ours_asks = state_of(asker) == state_of(first.office)
    own, their = (asker, asked) if ours_asks else (asked, asker)
    return FlowRow(
        office=first.office,
        matter=first.matter,
        service=agency_of(own),
        partner=agency_of(their),
        direction=Direction.OUT if ours_asks else Direction.IN,
        own_post=own,
        their_post=their,
        field=field,
        kind=first.kind,
        channel=first.channel,
        channels=(first.channel,),
        state="",
        is_open=False,
        urgent=False,
        opened_ms=first.said_ms,
        moved_ms=first.said_ms,
        deadline_ms=None,
        order_ms=0,
        case=case,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What a docket of some codes makes of a matter of which it is the only one. ``term_ms``: how long somebody has to answer, None: no
    deadline; ``before`` and ``after``: the columns on both sides of the times; ``sort``: as what it is counted, but for the day.
    """

    counts: bool
    is_open: bool
    term_ms: int | None
    before: tuple[Any, ...]
    after: tuple[Any, ...]
    sort: tuple[str, str, str, str, str]

    def flow(self, one: Entry) -> tuple[Any, ...]:
        """The columns of the matter's row (`models.Flow`)."""
        said_ms, due_ms = one.said_ms, None
        order_ms = UNDATED_MS - said_ms if self.is_open else said_ms
        if self.term_ms is not None:
            due_ms = order_ms = (said_ms if one.taken_ms is None else one.taken_ms) + self.term_ms
        return (self.sort[0], one.matter, *self.before, said_ms, said_ms, due_ms, order_ms, one.case, *self.after)

    def docket(self, one: Entry) -> tuple[Any, ...]:
        """The columns of the docket (`models.Docket`)."""
        return (self.sort[0], *one[:7], self.counts, *one[7:11])

    def counted(self, one: Entry) -> tuple[str, str, str, str, str, int]:
        """As what the matter is counted."""
        return (*self.sort, one.said_ms // DAY_MS if self.is_open else 0)


class Beginnings:
    """The `Begun` of each set of codes that one call meets, at one office."""

    def __init__(self, office: str) -> None:
        self._office = office
        self._known: dict[tuple[str | bool, ...], Begun] = {}

    def of(self, one: Entry) -> Begun:
        """What the codes of ``one`` make of a matter that begins with it."""
        codes = (
            one.kind, one.channel, one.sender, one.addressee, one.deadline_class, one.field, one.answers is None
        )  # fmt: skip
        return self._known.get(codes) or self._known.setdefault(codes, self._begun(one))

    def _begun(self, one: Entry) -> Begun:
        first = one._replace(said_ms=0, taken_ms=None).docket(self._office)
        before = entered(first, one.field, None)
        (docket,) = judged(before, [first])
        row = before.standing([docket])
        values = flow_values(row)
        return Begun(
            counts=docket.counts,
            is_open=row.is_open,
            term_ms=row.deadline_ms,
            before=tuple(values[2:_TIMES]),
            after=tuple(values[_TIMES + 5 :]),
            sort=row.sort[:5],
        )
