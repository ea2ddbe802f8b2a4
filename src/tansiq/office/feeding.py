"""The register's feed: every docket that covers an office of ours is written down in the transaction that takes it in or says it.

Invariant: who sends or takes in does one thing for all dockets of a commit: one row is put behind those that wait. It reads no row of the
register, waits for nobody and nobody waits for it. What it wrote is in order: what is taken back stands behind what was said. `folding`
makes the register of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from django.db import connection

from tansiq.cases.sql import chunks, insert
from tansiq.channels.houserules import house_rules
from tansiq.channels.passing import follow_taken_back
from tansiq.channels.stops import KIND as STOPS
from tansiq.directory.queries import own_directory
from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived, follow_handled, follow_said
from tansiq.office.rows import DocketRow
from tansiq.protocol.cbor import encode
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.statement import Statement
from tansiq.protocol.stops import parse_stop

__all__ = [
    "BACK", "CAME", "OFFICE", "TAKEN", "Came", "Entry", "entry_of", "note_came", "note_taken", "note_taken_back",
    "offices_here", "register_feed", "sees",
]  # fmt: skip

OFFICE: Final = "office"
CAME: Final = "came"
TAKEN: Final = "taken"
BACK: Final = "back"
_FOUR: Final = frozenset({"interpol", "embassy", "liaison", "direct"})
_PUT: Final = insert("office_came", ("office", "what", "number", "rows"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """A docket as it came or was said; ``at_ms`` when (UTC ms), ``taken_ms`` when the desk that it is for took it, if known."""

    statement: bytes
    docket: Docket
    said_ms: int
    at_ms: int
    taken_ms: int | None = None


class Entry(NamedTuple):
    """What the register keeps of a docket, and what of the first one it keeps of the matter: its ``field`` and its ``case`` (None: none).
    The order is that in which it waits in `models.Came`.
    """

    statement: bytes
    matter: bytes
    kind: str
    channel: str
    sender: str
    addressee: str
    deadline_class: str
    answers: bytes | None
    said_ms: int
    at_ms: int
    taken_ms: int | None
    field: str
    case: bytes | None

    def docket(self, office: str) -> DocketRow:
        """The docket in the register of ``office``."""
        return DocketRow(
            office=office,
            statement=self.statement,
            matter=self.matter,
            kind=self.kind,
            channel=self.channel,
            sender=self.sender,
            addressee=self.addressee,
            deadline_class=self.deadline_class,
            counts=True,
            answers=self.answers,
            said_ms=self.said_ms,
            at_ms=self.at_ms,
            taken_ms=self.taken_ms,
        )


def offices_here() -> tuple[str, ...]:
    """Our desks that are offices; none on most nodes."""
    try:
        return tuple(post.id for post in own_directory().posts if post.role == OFFICE)
    except NotFound:
        return ()


def sees(office: str, docket: Docket, ruled: Sequence[str]) -> bool:
    """Whether a docket enters the register of the desk ``office``; ``ruled`` are the desks that see what heads say."""
    if docket.channel not in _FOUR:
        return False
    return office in docket.route or office in docket.addressees or office in docket.copies or (
        docket.channel == "direct" and office in ruled
    )  # fmt: skip


def entry_of(one: Came) -> Entry:
    """What a register keeps of a docket."""
    docket = one.docket
    return Entry(
        one.statement, docket.matter, docket.kind, docket.channel, docket.sender,
        docket.addressees[0] if docket.addressees else "", docket.deadline_class, docket.answers or None, one.said_ms, one.at_ms,
        one.taken_ms, docket.field, docket.case or None,
    )  # fmt: skip


def _put(what: str, rows: Sequence[Any], office: str = "") -> None:
    with connection.cursor() as cursor:
        for some in chunks(rows):
            cursor.execute(_PUT, (office, what, len(some), encode(some)))


def note_came(came: Sequence[Came]) -> None:
    """Writes down dockets for the registers of our offices, in the caller's transaction; what stands there already changes nothing."""
    offices = offices_here() if came else ()
    ruled = house_rules().direct_copies
    for office in offices:
        _put(CAME, [list(entry_of(one)) for one in came if sees(office, one.docket, ruled)], office)


def note_taken(statements: Sequence[bytes]) -> None:
    """Writes down that it is known now when desks took statements, by their own agencies' stops: the term runs from there."""
    if statements and offices_here():
        _put(TAKEN, list(statements))


def note_taken_back(statements: Sequence[bytes]) -> None:
    """Writes down that statements were taken back before anybody got them; a matter of which none is left never was."""
    if statements and offices_here():
        _put(BACK, list(statements))


def _follow(arrived: Sequence[Arrived], context: Context) -> None:
    note_came(
        [
            Came(
                statement=one.statement.id,
                docket=one.docket,
                said_ms=one.statement.time_ms,
                at_ms=one.at_ms,
                taken_ms=one.at_ms
                if one.docket.addressees and agency_of(one.docket.addressees[0]) == context.agency
                else None,
            )
            for one in arrived
            if one.docket.channel in _FOUR
        ]
    )
    told: list[bytes] = []
    for one in arrived:
        if one.docket.kind == STOPS and (part := one.part(STOPS)) is not None:
            told += [parse_stop(stop).statement for stop in part.content.get(0) or ()]
    note_taken(told)


def _listen(said: Sequence[tuple[Statement, Docket]], _context: Context) -> None:
    note_came(
        [
            Came(statement=statement.id, docket=docket, said_ms=statement.time_ms, at_ms=statement.time_ms)
            for statement, docket in said
            if docket.channel in _FOUR
        ]
    )


def register_feed() -> None:
    """Lets the register follow what arrives and what is said; again does nothing new."""
    follow_handled(_follow)
    follow_said(_listen)
    follow_taken_back(note_taken_back)
