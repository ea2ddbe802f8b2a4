"""The gap: what an interruption of a channel did, told when it is over (or while it lasts), and whether both sides are whole again.

Invariant: made of what was kept while it happened, and of receipts that the partner signed; nothing is guessed. A matter that took
another way is told with the receipt of that way. Of the partner's side we tell what it said meanwhile and gave us afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from tansiq.channels.matters import About, about
from tansiq.channels.stored import dockets
from tansiq.exchange.context import Context
from tansiq.exchange.queries import counts, gaps, witness_debt
from tansiq.protocol.docket import agency_of
from tansiq.protocol.ids import id_time

__all__ = ["Gap", "Interrupted", "Line", "Theirs", "gap_of", "interruptions_with", "lasting"]

_MOST = 2_000
_SPREAD = b"\xff" * 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """An interruption: of which channel with whom, from when until when (None: it lasts); how many statements waited."""

    id: int
    partner: str
    channel: str
    began_ms: int
    ended_ms: int | None
    waited: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One statement that waited: since when, until when and how (see `models.Wait`); ``receipted`` when its receipt, or that of
    what took its place, is here. ``deadline_ms`` is the one that ran meanwhile, if any did; ``passed`` when it passed.
    """

    statement: bytes
    peer: str
    matter: bytes
    kind: str
    held_ms: int
    ended_ms: int | None
    how: str
    officer: str
    instead: bytes
    receipted: bool
    deadline_ms: int | None
    passed: bool

    def waited_ms(self, now_ms: int) -> int:
        """How long it waited."""
        return (self.ended_ms or now_ms) - self.held_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """What the partner said while its channel with us was interrupted, and we received afterwards."""

    statement: bytes
    matter: bytes
    kind: str
    said_ms: int
    received_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The report. ``pending`` have no receipt yet, ``missing`` numbers of a peer have not come, ``unwitnessed`` leaves of our
    journals the peers have not signed; ``whole`` when nothing of all that is left and the interruption is over.
    """

    interrupted: Interrupted
    lines: tuple[Line, ...]
    theirs: tuple[Theirs, ...]
    about: dict[bytes, About]
    pending: int
    missing: int
    unwitnessed: int

    @property
    def whole(self) -> bool:
        """Whether everything is there, on both sides, and proven."""
        done = all(line.receipted or line.how == "withdrawn" for line in self.lines)
        return done and self.interrupted.ended_ms is not None and not (self.pending or self.missing or self.unwitnessed)

    def count(self, how: str) -> int:
        """How many waits ended so ('' still wait)."""
        return sum(line.how == how for line in self.lines)

    @property
    def passed(self) -> int:
        """How many deadlines passed while something waited, each matter once."""
        return len({line.matter for line in self.lines if line.passed})


_INTERRUPTED = (
    "SELECT i.id, i.partner, i.channel, i.began_ms, i.ended_ms, "
    "(SELECT COUNT(*) FROM channels_wait w WHERE w.interruption = i.id) FROM channels_interruption i"
)


def _interrupted(where: str, values: Sequence[object]) -> list[Interrupted]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_INTERRUPTED} {where}", list(values))  # type: ignore[arg-type]  # texts and numbers
        return [
            Interrupted(id=row[0], partner=row[1], channel=row[2], began_ms=row[3], ended_ms=row[4], waited=row[5])
            for row in cursor.fetchall()
        ]


def interruptions_with(partner: str, *, channel: str = "", limit: int = 20) -> list[Interrupted]:
    """The interruptions with a partner, the latest first."""
    narrowed = ("AND i.channel = %s", [channel]) if channel else ("", [])
    return _interrupted(
        f"WHERE i.partner = %s {narrowed[0]} ORDER BY i.began_ms DESC, i.id DESC LIMIT %s",
        [partner, *narrowed[1], limit],
    )


def lasting() -> list[Interrupted]:
    """The interruptions that last, the oldest first."""
    return _interrupted("WHERE i.ended_ms IS NULL ORDER BY i.began_ms", [])


def gap_of(identifier: int, *, context: Context) -> Gap | None:
    """The report on an interruption; None when there is none of this number."""
    found = _interrupted("WHERE i.id = %s", [identifier])
    if not found:
        return None
    one = found[0]
    rows = _rows(identifier)
    proven = _receipted([(row[0], row[1]) for row in rows] + [(row[8], "") for row in rows if row[8]])
    known = about([row[2] for row in rows])
    now_ms = context.clock()
    lines = tuple(
        Line(
            statement=row[0],
            peer=row[1],
            matter=row[2],
            kind=row[3],
            held_ms=row[4],
            ended_ms=row[5],
            how=row[6],
            officer=row[7],
            instead=row[8],
            receipted=(row[8], "") in proven if row[8] else (row[0], row[1]) in proven,
            deadline_ms=_deadline(known.get(row[2]), row[4]),
            passed=(_deadline(known.get(row[2]), row[4]) or now_ms + 1) <= (row[5] or now_ms),
        )
        for row in rows
    )
    peers = {one.partner, *(line.peer for line in lines)}
    debts = [witness_debt(peer) for peer in peers]
    theirs = _theirs(one, peers, context)
    return Gap(
        interrupted=one,
        lines=lines,
        theirs=theirs,
        about=known | about([row.matter for row in theirs]),
        pending=sum(counts(peer).pending for peer in peers),
        missing=sum(len(gaps(peer)) for peer in peers),
        unwitnessed=sum(max(size - witnessed, 0) for size, witnessed, _ in debts),
    )


def _deadline(one: About | None, held_ms: int) -> int | None:
    """The deadline that ran while something waited."""
    return one.deadline_ms if one is not None and one.deadline_ms and one.deadline_ms >= held_ms else None


Row = tuple[bytes, str, bytes, str, int, int | None, str, str, bytes]


def _rows(interruption: int) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement, peer, matter, kind, held_ms, ended_ms, how, officer, instead FROM channels_wait "
            "WHERE interruption = %s ORDER BY held_ms, statement, peer LIMIT %s",
            (interruption, _MOST),
        )
        return [
            (bytes(row[0]), row[1], bytes(row[2]), row[3], row[4], row[5], row[6], row[7], bytes(row[8] or b""))
            for row in cursor.fetchall()
        ]


def _receipted(sent: Sequence[tuple[bytes, str]]) -> set[tuple[bytes, str]]:
    """Of statement and peer ('': any), those for which a receipt is here."""
    found: set[tuple[bytes, str]] = set()
    with connection.cursor() as cursor:
        for at in range(0, len(sent), 500):
            chunk = [statement for statement, _ in sent[at : at + 500]]
            marks = ", ".join(["%s"] * len(chunk))
            cursor.execute(
                "SELECT s.statement, s.peer FROM exchange_sent s JOIN exchange_receipt r ON r.batch = s.batch "
                f"WHERE s.statement IN ({marks})",
                chunk,
            )
            for statement, peer in cursor.fetchall():
                found |= {(bytes(statement), peer), (bytes(statement), "")}
    return found


def _theirs(one: Interrupted, peers: set[str], context: Context) -> tuple[Theirs, ...]:
    """What the partner said by this channel meanwhile and we received after its end; statements tell their own time."""
    if one.ended_ms is None:
        return ()
    first = one.began_ms.to_bytes(6, "big") + bytes(10)
    last = one.ended_ms.to_bytes(6, "big") + _SPREAD
    marks = ", ".join(["%s"] * len(peers))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT statement, MIN(at_ms) FROM exchange_received WHERE peer IN ({marks}) AND statement >= %s AND statement <= %s "
            "AND at_ms >= %s GROUP BY statement ORDER BY statement LIMIT %s",
            [*sorted(peers), first, last, one.ended_ms, _MOST],
        )
        came = {bytes(row[0]): row[1] for row in cursor.fetchall()}
    found = []
    for statement, docket in dockets(list(came), context=context).items():
        if docket.channel == one.channel and agency_of(docket.sender) == one.partner:
            found.append(
                Theirs(
                    statement=statement,
                    matter=docket.matter,
                    kind=docket.kind,
                    said_ms=id_time(statement),
                    received_ms=came[statement],
                )
            )
    return tuple(found)
