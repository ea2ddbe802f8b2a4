"""Reading the channels: how each stands with a partner, by whose word, what was decided, what waits.

Invariant: reads only, by index. Who may see the words of a decision is the pages' rule; here they are opened only when asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from tansiq.channels.words import Hidden, shown
from tansiq.keystore.store import KeyStore
from tansiq.policy.channel_matter import CHANNELS, Channel, Standing, State
from tansiq.policy.channel_word import Said, StateWord
from tansiq.policy.values import Text

__all__ = [
    "OURS", "THEIRS", "DecisionRow", "StandingRow", "Waiting", "accepts_emergency", "decision", "decisions", "proposals", "said_by",
    "standing_rows", "standings", "taken_back", "waiting", "waiting_counts", "words_of",
]  # fmt: skip

OURS, THEIRS = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRow:
    """How a channel stands with ``partner``, by whose decisions, and since when here (0: it was always open)."""

    partner: str
    channel: Channel
    standing: Standing
    ours: bytes = b""
    theirs: bytes = b""
    since_ms: int = 0
    next_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One decision; ``open`` while a second person has to say a word."""

    id: bytes
    partner: str
    side: int
    word: StateWord
    decided_ms: int
    taken_ms: int | None
    refused_ms: int | None
    announce: bool
    statement: bytes
    hidden: Hidden

    @property
    def open(self) -> bool:
        """Whether it waits for a second person."""
        return self.taken_ms is None and self.refused_ms is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A statement that waits for its channel; ``by_hand``: a courier may take it. ``order`` is its place in the outbox."""

    statement: bytes
    peer: str
    partner: str
    channel: str
    matter: bytes
    kind: str
    since_ms: int
    held_ms: int
    by_hand: bool
    order: int


_STANDING = "SELECT partner, channel, own, announced, ours, theirs, since_ms, next_ms FROM channels_standing"
_DECISION = (
    "SELECT id, partner, channel, side, state, reason, from_ms, until_ms, officer, decided_ms, second, taken_ms, refused_ms, "
    "announce, statement, commitment, concealed FROM channels_decision"
)
_WAITING = (
    "SELECT w.statement, w.peer, w.partner, w.channel, w.matter, w.kind, w.since_ms, w.held_ms, o.by_hand, o.id FROM channels_wait w "
    "JOIN exchange_outbox o ON o.statement = w.statement AND o.peer = w.peer WHERE w.ended_ms IS NULL AND o.held"
)


def _rows(sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _bytes(value: Any) -> bytes:
    return bytes(value) if value is not None else b""


def _standing_row(row: Sequence[Any]) -> StandingRow:
    return StandingRow(
        partner=row[0],
        channel=Channel(row[1]),
        standing=Standing(own=State(row[2]), announced=State(row[3])),
        ours=_bytes(row[4]),
        theirs=_bytes(row[5]),
        since_ms=row[6],
        next_ms=row[7],
    )


def standing_rows(partner: str) -> dict[Channel, StandingRow]:
    """How each of the four channels stands with ``partner``."""
    found = {row.channel: row for row in map(_standing_row, _rows(f"{_STANDING} WHERE partner = %s", (partner,)))}
    return {
        channel: found.get(channel, StandingRow(partner=partner, channel=channel, standing=Standing()))
        for channel in CHANNELS
    }


def standings(partner: str) -> dict[Channel, Standing]:
    """The same, for the choice of a channel (`channel_matter.World`)."""
    return {channel: row.standing for channel, row in standing_rows(partner).items()}


def accepts_emergency(partner: str, *, side: int = THEIRS) -> bool:
    """Whether ``partner`` has declared that it takes what concerns imminent danger to life on a channel that we suspended."""
    rows = _rows("SELECT accepts FROM channels_acceptance WHERE partner = %s AND side = %s", (partner, side))
    return bool(rows and rows[0][0])


def _decision_row(row: Sequence[Any]) -> DecisionRow:
    return DecisionRow(
        id=bytes(row[0]),
        partner=row[1],
        side=row[3],
        word=StateWord(
            channel=row[2],
            state=row[4],
            reason=row[5],
            from_ms=row[6],
            until_ms=row[7],
            officer=row[8] or None,
            second=row[10] or None,
        ),
        decided_ms=row[9],
        taken_ms=row[11],
        refused_ms=row[12],
        announce=bool(row[13]),
        statement=_bytes(row[14]),
        hidden=Hidden(*(None if value is None else bytes(value) for value in row[15:17])),
    )


def decision(identifier: bytes, *, locked: bool = False) -> DecisionRow | None:
    """The decision with this identifier; ``locked`` until the caller's transaction ends."""
    lock = " FOR UPDATE" if locked and connection.vendor == "postgresql" else ""
    rows = _rows(f"{_DECISION} WHERE id = %s{lock}", (identifier,))
    return _decision_row(rows[0]) if rows else None


def decisions(partner: str, channel: str, *, limit: int = 50) -> list[DecisionRow]:
    """What both sides decided about a channel, the latest first."""
    rows = _rows(
        f"{_DECISION} WHERE partner = %s AND channel = %s ORDER BY decided_ms DESC, id DESC LIMIT %s",
        (partner, channel, limit),
    )
    return [_decision_row(row) for row in rows]


def proposals() -> list[DecisionRow]:
    """What waits for a second person, the oldest first."""
    rows = _rows(f"{_DECISION} WHERE taken_ms IS NULL AND refused_ms IS NULL ORDER BY decided_ms, id")
    return [_decision_row(row) for row in rows]


def said_by(side: int, partner: str, channel: str) -> list[Said]:
    """The words of one side that were taken, for `channel_word.in_force`; of one moment a partner's statements tell the order."""
    rows = _rows(
        f"{_DECISION} WHERE partner = %s AND channel = %s AND side = %s AND taken_ms IS NOT NULL",
        (partner, channel, side),
    )
    return [
        Said(word=row.word, said_ms=row.taken_ms or 0, id=row.id, order=row.statement or row.id)
        for row in map(_decision_row, rows)
    ]


def words_of(row: DecisionRow, *, keys: KeyStore) -> Text | None:
    """The words that were added to a decision."""
    return shown(row.id, row.hidden, keys=keys)


def waiting(*, partner: str = "", channel: str = "", matter: bytes = b"", limit: int = 500) -> list[Waiting]:
    """What waits, in the order in which it was said, narrowed by what is given."""
    narrowed = {"w.partner": partner, "w.channel": channel, "w.matter": matter}
    given = {name: value for name, value in narrowed.items() if value}
    where = "".join(f" AND {name} = %s" for name in given)
    rows = _rows(f"{_WAITING}{where} ORDER BY o.id LIMIT %s", [*given.values(), limit])
    return [
        Waiting(
            statement=bytes(row[0]),
            peer=row[1],
            partner=row[2],
            channel=row[3],
            matter=_bytes(row[4]),
            kind=row[5],
            since_ms=row[6],
            held_ms=row[7],
            by_hand=bool(row[8]),
            order=row[9],
        )
        for row in rows
    ]


def taken_back(statements: Sequence[bytes]) -> set[bytes]:
    """Those of ``statements`` that were taken back while they waited: nobody ever got them."""
    marks = ", ".join(["%s"] * len(statements))
    if not marks:
        return set()
    sql = f"SELECT DISTINCT statement FROM channels_wait WHERE how = 'withdrawn' AND statement IN ({marks})"
    return {bytes(row[0]) for row in _rows(sql, list(statements))}


def waiting_counts() -> dict[tuple[str, str], int]:
    """How many statements wait, by partner and channel."""
    rows = _rows(
        "SELECT partner, channel, COUNT(*) FROM channels_wait WHERE ended_ms IS NULL GROUP BY partner, channel"
    )
    return {(row[0], row[1]): row[2] for row in rows}
