"""What an officer of an office directs in a matter: who has it, in which order, what is noted, what belongs together.

Invariant: each is one commit with its row in the history, its act in the access journal and what it changes in the register; all of it stays
in the house. Whoever directs sees the matter; of two matters, both, and all that moves with them. Two matters are joined, flagged as the
same by two channels, or held apart by a person, never by the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

from tansiq.channels.words import Hidden, hide, shown
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.office.compartments import Compartment, members_here
from tansiq.office.queries import one_flow
from tansiq.office.rows import FlowRow, flow_rows
from tansiq.policy.codes import code_list
from tansiq.policy.values import Text
from tansiq.protocol.ids import IdMaker

__all__ = [
    "MOST_DIRECTS", "DirectRow", "LinkRow", "apart", "assign", "comment", "directs_of", "flag", "held_flow",
    "join", "keep_direct", "links_of", "part", "prioritise",
]  # fmt: skip

_ADD: Final = (
    "INSERT INTO office_direct (id, office, matter, what, value, other, officer, at_ms, commitment, concealed) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_LINK: Final = (
    "INSERT INTO office_link (office, matter, other, verdict, officer, at_ms) VALUES (%s, %s, %s, %s, %s, %s) "
    "ON CONFLICT (office, matter, other) DO UPDATE SET verdict = excluded.verdict, officer = excluded.officer, at_ms = excluded.at_ms"
)
_MOST_TOGETHER: Final = 200
MOST_DIRECTS: Final = 500
"""How much of a matter's history is read at once."""
_maker = IdMaker()


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectRow:
    """One direct, in a matter's history; ``words`` are those of a comment, None where there are none or they were erased."""

    id: bytes
    what: str
    value: str
    other: bytes | None
    officer: str
    at_ms: int
    words: Text | None


def keep_direct(
    row: FlowRow,
    what: str,
    *,
    who: Compartment,
    context: Context,
    value: str = "",
    other: bytes | None = None,
    words: Text | None = None,
) -> bytes:
    """Keeps that ``who`` directed this, in the caller's transaction; returns its id."""
    now_ms = context.clock()
    identifier = _maker.make(now_ms)
    hidden = hide(words, thing=identifier, keys=context.keys)
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD,
            (
                identifier, row.office, row.matter, what, value, other, who.number, now_ms, hidden.commitment, hidden.concealed,
            ),
        )  # fmt: skip
    act = Access(
        operation=Operation.COMBINATION if other is not None and what in {"join", "flag"} else Operation.ALTERATION,
        officer=who.number,
        thing=row.matter,
        purpose="",
        justification=f"office.{what}",
        time_ms=now_ms,
    )
    log_access([act], keys=context.keys)
    return identifier


def directs_of(row: FlowRow, *, context: Context, before: bytes = b"") -> list[DirectRow]:
    """What was directed in a matter, the oldest first: the newest `MOST_DIRECTS`, of those before the id ``before`` where it is given."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, what, value, other, officer, at_ms, commitment, concealed FROM office_direct "
            f"WHERE matter = %s AND office = %s{' AND id < %s' if before else ''} ORDER BY id DESC LIMIT %s",
            [row.matter, row.office, *([before] if before else []), MOST_DIRECTS],
        )
        found = cursor.fetchall()[::-1]
    return [
        DirectRow(
            id=bytes(one[0]),
            what=one[1],
            value=one[2],
            other=None if one[3] is None else bytes(one[3]),
            officer=one[4],
            at_ms=one[5],
            words=shown(
                bytes(one[0]),
                Hidden(None if one[6] is None else bytes(one[6]), None if one[7] is None else bytes(one[7])),
                keys=context.keys,
            ),
        )
        for one in found
    ]


def held_flow(matter: bytes, who: Compartment) -> FlowRow:
    """A matter that ``who`` sees, held until the transaction ends. Raises NotFound."""
    one_flow(matter, who)
    return flow_rows("office = %s AND matter = %s", [who.office, matter], lock=True)[0]


def _set(row: FlowRow, column: str, value: str | bytes | bool | None) -> None:  # noqa: FBT001 (a column of a row)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE office_flow SET {column} = %s WHERE office = %s AND matter = %s", [value, row.office, row.matter]
        )


def assign(matter: bytes, number: str, *, who: Compartment, context: Context) -> None:
    """Gives a matter to a member of the office ('' to nobody). The head and a deputy give to anybody, everybody else takes, and hands back
    the own. Raises NotFound (no such matter, no member) and Refused ('office.not-the-head').
    """
    with transaction.atomic():
        row = held_flow(matter, who)
        if not who.directs and (number not in {"", who.number} or row.assigned not in {"", who.number}):
            raise Refused("office.not-the-head")
        if number and number not in members_here(row.office):
            raise NotFound("office.no-member", officer=number)
        if number != row.assigned:
            _set(row, "assigned", number)
            keep_direct(row, "assign", value=number, who=who, context=context)


def prioritise(matter: bytes, priority: str, *, who: Compartment, context: Context) -> None:
    """Gives a matter its place in the office's order. Raises NotFound, BadInput (a priority that is none)."""
    code = code_list("flow_priorities").require(priority)
    with transaction.atomic():
        row = held_flow(matter, who)
        if code != row.priority:
            _set(row, "priority", code)
            keep_direct(row, "prioritise", value=code, who=who, context=context)


def comment(matter: bytes, words: Text, *, who: Compartment, context: Context) -> None:
    """Notes words at a matter, for those who see it here. Raises NotFound."""
    with transaction.atomic():
        keep_direct(held_flow(matter, who), "comment", words=words, who=who, context=context)


def _two(matter: bytes, other: bytes, who: Compartment) -> tuple[FlowRow, FlowRow]:
    """Both matters, held in one order whoever asks. Raises NotFound, BadInput (one matter alone)."""
    if matter == other:
        raise BadInput("office.one-matter")
    held = {one: held_flow(one, who) for one in sorted((matter, other))}
    return held[matter], held[other]


def _decide(one: FlowRow, two: FlowRow, verdict: str, *, who: Compartment, context: Context) -> None:
    lesser, greater = sorted((one.matter, two.matter))
    with connection.cursor() as cursor:
        cursor.execute(_LINK, (one.office, lesser, greater, verdict, who.number, context.clock()))


def join(matter: bytes, other: bytes, *, who: Compartment, context: Context) -> None:
    """Puts two matters together, with all that either belongs to already.

    Raises NotFound, BadInput, Conflict (they are together) and Refused ('office.joined-beyond': something that ``who`` does not see would move).
    """
    with transaction.atomic():
        row, second = _two(matter, other, who)
        if row.together is not None and row.together == second.together:
            raise Conflict("office.already-joined")
        group = row.together or second.together or _maker.make(context.clock())
        joined = [
            one
            for known in {one.together for one in (row, second) if one.together is not None}
            for one in flow_rows("office = %s AND together = %s ORDER BY matter", [row.office, known], lock=True)
        ]
        everybody = {one.matter: one for one in (row, second, *joined)}
        if not all(who.sees(one.service, one.assigned) for one in everybody.values()):
            raise Refused("office.joined-beyond")
        if len(everybody) > _MOST_TOGETHER:
            raise Conflict("office.too-many-together", most=_MOST_TOGETHER)
        for one in everybody.values():
            _set(one, "together", group)
        _decide(row, second, "joined", who=who, context=context)
        keep_direct(row, "join", other=second.matter, who=who, context=context)
        keep_direct(second, "join", other=row.matter, who=who, context=context)


def part(matter: bytes, *, who: Compartment, context: Context) -> None:
    """Takes a matter out of those that it was joined to. Raises NotFound, Conflict (it is joined to none)."""
    with transaction.atomic():
        row = held_flow(matter, who)
        if row.together is None:
            raise Conflict("office.not-joined")
        _set(row, "together", None)
        keep_direct(row, "part", who=who, context=context)
        left = flow_rows("office = %s AND together = %s LIMIT 2", [row.office, row.together], lock=True)
        if len(left) == 1:
            _set(left[0], "together", None)


def flag(matter: bytes, other: bytes, *, who: Compartment, context: Context) -> None:
    """Says that two matters are the same one by two channels. Raises NotFound, BadInput (one channel alone: 'office.one-channel')."""
    with transaction.atomic():
        row, second = _two(matter, other, who)
        if not set(row.channels) ^ set(second.channels):
            raise BadInput("office.one-channel")
        for one, its in ((row, second), (second, row)):
            _set(one, "flagged", value=True)
            keep_direct(one, "flag", other=its.matter, who=who, context=context)
        _decide(row, second, "flagged", who=who, context=context)


def apart(matter: bytes, other: bytes, *, who: Compartment, context: Context) -> None:
    """Says that two matters are not the same and do not belong together; they are not proposed again. Raises NotFound, BadInput."""
    with transaction.atomic():
        row, second = _two(matter, other, who)
        _decide(row, second, "apart", who=who, context=context)
        for one, its in ((row, second), (second, row)):
            still = [link for link in _links(one) if link.verdict == "flagged"]
            if one.flagged and not still:
                _set(one, "flagged", value=False)
            keep_direct(one, "apart", other=its.matter, who=who, context=context)


@dataclass(frozen=True, slots=True)
class LinkRow:
    """What was decided of a matter and ``other``."""

    other: bytes
    verdict: str
    officer: str
    at_ms: int


def _links(row: FlowRow) -> list[LinkRow]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT other, verdict, officer, at_ms FROM office_link WHERE office = %s AND matter = %s UNION ALL "
            "SELECT matter, verdict, officer, at_ms FROM office_link WHERE other = %s AND office = %s",
            [row.office, row.matter, row.matter, row.office],
        )
        return [LinkRow(bytes(one[0]), *one[1:]) for one in cursor.fetchall()]


def links_of(row: FlowRow) -> dict[bytes, LinkRow]:
    """What persons decided of a matter and others, by the other one."""
    return {one.other: one for one in _links(row)}
