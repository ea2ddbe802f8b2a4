"""Accreditations of liaison officers as they are kept: written from both sides' words, read by whoever chooses or uses a channel.

Invariant: a row says what the words come to (`policy.accreditation_course`), never more: the fields, the cases and the time are
those of the proposal that the host accepted; before that they permit nothing. Words are added, none is changed; of when
an officer is reached the latest are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Final

from django.db import connection

from tansiq.errors import NotFound, Refused
from tansiq.policy import channel_matter
from tansiq.policy.accreditation import Accreditation, Carried, Grant, limits
from tansiq.policy.accreditation_course import Move, Said, Side, Standing, State, stand
from tansiq.protocol.ids import id_text

__all__ = [
    "AccreditationRow", "Direction", "WordRow", "accreditation_row", "accreditation_rows", "add_word", "against", "carriers", "grants_of",
    "in_world", "permitting", "standing_of", "state_at", "store_accreditation", "words_of",
]  # fmt: skip

_SIDES: Final = (Side.SENDER, Side.HOST)


class Direction(IntEnum):
    """Whose officer it is."""

    OURS = 1
    THEIRS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AccreditationRow:
    """An accreditation; the columns of `models.Accreditation`."""

    id: bytes
    direction: int
    partner: str
    officer: str
    post: str
    host: str
    fields: tuple[str, ...]
    languages: tuple[str, ...]
    tasks: tuple[str, ...]
    reach: str
    away_until_ms: int | None
    from_ms: int
    until_ms: int
    state: str
    accepted: int
    pending: int
    proposal: bytes
    sent_by: str
    received_by: str
    said_ms: int
    changed_ms: int

    @property
    def side(self) -> Side:
        """Which side of it we are."""
        return Side.SENDER if self.direction == Direction.OURS else Side.HOST


@dataclass(frozen=True, slots=True, kw_only=True)
class WordRow:
    """One word on an accreditation; the columns of `models.AccreditationWord`."""

    statement: bytes
    accreditation: bytes
    kind: str
    side: int
    place: int
    number: int
    officer: str
    post: str
    reason: str = ""
    until_ms: int | None = None
    said_ms: int
    at_ms: int

    @property
    def said(self) -> Said:
        """As the judgement takes it."""
        return Said(Move(self.kind), _SIDES[self.side - 1], self.place, self.number)


_ROW: Final = tuple(one.name for one in fields(AccreditationRow))
_WORD: Final = tuple(one.name for one in fields(WordRow))
_SPLIT: Final = frozenset({"fields", "languages", "tasks"})


def _value(name: str, value: Any) -> Any:
    if name in _SPLIT:
        return tuple(value.split())
    return bytes(value) if isinstance(value, memoryview) else value


def _select(columns: Sequence[str], table: str, where: str, values: Sequence[Any], then: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE {where} {then}", list(values))
        return [
            {name: _value(name, value) for name, value in zip(columns, row, strict=True)} for row in cursor.fetchall()
        ]


def accreditation_rows(
    where: str = "1 = 1", values: Sequence[Any] = (), *, lock: bool = False
) -> list[AccreditationRow]:
    """The accreditations for which ``where`` (SQL with ``values``) holds, the last changed first; ``lock`` holds them."""
    held = " FOR UPDATE" if lock and connection.vendor == "postgresql" else ""
    found = _select(_ROW, "channels_accreditation", where, values, f"ORDER BY changed_ms DESC, id{held}")
    return [AccreditationRow(**one) for one in found]


def accreditation_row(identifier: bytes, *, lock: bool = False) -> AccreditationRow:
    """One accreditation. Raises NotFound."""
    for row in accreditation_rows("id = %s", (identifier,), lock=lock):
        return row
    raise NotFound("channels.unknown-accreditation", accreditation=id_text(identifier))


def words_of(identifier: bytes) -> list[WordRow]:
    """What was said on an accreditation, in the order in which it became known here."""
    found = _select(
        _WORD, "channels_accreditation_word", "accreditation = %s", (identifier,), "ORDER BY at_ms, side, place"
    )
    return [WordRow(**one) for one in found]


def standing_of(words: Sequence[WordRow]) -> Standing:
    """What the words come to."""
    return stand(word.said for word in words)


def grants_of(identifiers: Sequence[bytes]) -> dict[bytes, tuple[Grant, ...]]:
    """The cases within these accreditations, as far as they were accepted, without the words about them."""
    found: dict[bytes, list[Grant]] = {one: [] for one in identifiers}
    if not identifiers:
        return {}
    marks = ", ".join(["%s"] * len(identifiers))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT accreditation, case_ref, field, desk, counterpart FROM channels_accreditation_case "
            f"WHERE accreditation IN ({marks}) ORDER BY accreditation, case_ref",
            list(identifiers),
        )
        for one, case, field, desk, counterpart in cursor.fetchall():
            found[bytes(one)].append(Grant(case=bytes(case).hex(), field=field, desk=desk, counterpart=counterpart))
    return {one: tuple(grants) for one, grants in found.items()}


# ---------------------------------------------------------------------------------------------------- writing


def add_word(word: WordRow) -> None:
    """Adds one word, in the caller's transaction; the same again changes nothing."""
    marks = ", ".join(["%s"] * len(_WORD))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO channels_accreditation_word ({', '.join(_WORD)}) VALUES ({marks}) ON CONFLICT (statement) DO NOTHING",
            [getattr(word, name) for name in _WORD],
        )


def store_accreditation(row: AccreditationRow, grants: Sequence[Grant] | None) -> None:
    """Writes a row in the place of what was there; ``grants`` are the cases that were accepted (None: they stay)."""
    values = [" ".join(value) if isinstance(value := getattr(row, name), tuple) else value for name in _ROW]
    changed = ", ".join(f"{name} = excluded.{name}" for name in _ROW[1:])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO channels_accreditation ({', '.join(_ROW)}) VALUES ({', '.join(['%s'] * len(_ROW))}) "
            f"ON CONFLICT (id) DO UPDATE SET {changed}",
            values,
        )
        if grants is None:
            return
        cursor.execute("DELETE FROM channels_accreditation_case WHERE accreditation = %s", (row.id,))
        cursor.executemany(
            "INSERT INTO channels_accreditation_case (accreditation, case_ref, field, desk, counterpart) "
            "VALUES (%s, %s, %s, %s, %s)",
            [(row.id, bytes.fromhex(one.case or ""), one.field, one.desk, one.counterpart) for one in grants],
        )


# ---------------------------------------------------------------------------------------------------- judging


def state_at(row: AccreditationRow, at_ms: int) -> str:
    """How it stands at a moment (UTC ms), its dates weighed: a code of ``accreditation_states``."""
    if row.state == State.IN_FORCE and at_ms < row.from_ms:
        return "coming"
    if row.state in {State.IN_FORCE, State.SUSPENDED} and at_ms >= row.until_ms:
        return "expired"
    return row.state


_BY_STATE: Final[Mapping[str, str]] = {
    State.PROPOSED: "limit.not-accepted",
    State.REFUSED: "limit.not-accepted",
    State.SUSPENDED: "limit.suspended",
    State.WITHDRAWN: "limit.withdrawn",
}


def against(row: AccreditationRow, grants: Sequence[Grant], carried: Carried) -> tuple[str, ...]:
    """Why an accreditation does not carry this, as codes of ``accreditation_limits``; nothing when it does."""
    record = Accreditation(
        host=row.host, fields=row.fields, grants=tuple(grants), from_ms=row.from_ms, until_ms=row.until_ms
    )
    stands = (_BY_STATE[row.state],) if row.state in _BY_STATE else ()
    return (*stands, *limits(record, carried))


def permitting(partner: str, *, own: str, field: str, case: bytes, at_ms: int) -> AccreditationRow:
    """The accreditation between ``own`` (our agency) and ``partner`` that carries this case; ours before the partner's.

    Raises Refused ('channels.not-carried') naming all that stands against the one that comes nearest.
    """
    rows = accreditation_rows("partner = %s", (partner,))
    grants = grants_of([row.id for row in rows])
    nearest: tuple[str, ...] = ("limit.none",)
    fewest = 99
    for row in sorted(rows, key=lambda one: (one.direction, -one.until_ms)):
        host = partner if row.direction == Direction.OURS else own
        found = against(row, grants[row.id], Carried(host=host, field=field, case=case.hex(), at_ms=at_ms))
        if not found:
            return row
        if len(found) < fewest:
            nearest, fewest = found, len(found)
    raise Refused("channels.not-carried", agency=partner, reasons=", ".join(nearest))


def carriers(desks: Iterable[str], partner: str, *, own: str, field: str, case: bytes, at_ms: int) -> dict[str, str]:
    """By desk, which liaison officer there (a service number) is accredited for this case: of several at one desk, it is that one's."""
    found: dict[str, str] = {}
    for desk in desks:
        rows = accreditation_rows("partner = %s AND post = %s", (partner, desk))
        grants = grants_of([row.id for row in rows])
        for row in sorted(rows, key=lambda one: -one.until_ms):
            host = partner if row.direction == Direction.OURS else own
            if not against(row, grants[row.id], Carried(host=host, field=field, case=case.hex(), at_ms=at_ms)):
                found.setdefault(desk, row.officer)
    return found


_VALIDITY: Final = {
    State.IN_FORCE: channel_matter.Validity.IN_FORCE,
    State.SUSPENDED: channel_matter.Validity.SUSPENDED,
    State.WITHDRAWN: channel_matter.Validity.WITHDRAWN,
}


def in_world(partner: str) -> tuple[channel_matter.Accredited, ...]:
    """The accreditations between us and ``partner`` as the choice of a channel looks at them, expired ones too."""
    rows = [row for row in accreditation_rows("partner = %s", (partner,)) if row.accepted]
    grants = grants_of([row.id for row in rows])
    return tuple(
        channel_matter.Accredited(
            officer=row.officer,
            fields=frozenset(row.fields),
            grants=frozenset((bytes.fromhex(one.case or ""), one.field or "") for one in grants[row.id]),
            from_ms=row.from_ms,
            until_ms=row.until_ms,
            validity=_VALIDITY[State(row.state)],
        )
        for row in rows
    )
