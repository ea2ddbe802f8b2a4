"""Choices of a channel as they are kept: with what was sent, written once, read by its page and by statistics.

Invariant: codes, times and service numbers; the rules by which it was judged are named by their digest. Directive (EU) 2023/977, Articles 13(2) and
18: who goes another way than recommended leaves one reason, and the reasons can be counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.db import connection

from tansiq.channels.choosing import Chosen
from tansiq.channels.profile import channel_rules
from tansiq.channels.seen import seen
from tansiq.policy.channel_matter import Matter

__all__ = ["ChoiceRow", "add_choices", "choice_of", "choices_made", "deviations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRow:
    """A choice; the columns of `models.Choice`."""

    statement: bytes
    matter: bytes
    partner: str
    channel: str
    verdict: str
    recommended: str
    deviation: str
    approver: str
    officer: str
    kind: str
    nature: str
    sensitive: bool
    judged: bytes
    profile: bytes
    at_ms: int

    @classmethod
    def of(
        cls, chosen: Chosen, judged: Matter, *, statement: bytes, matter: bytes, partner: str, officer: str, at_ms: int
    ) -> ChoiceRow:
        """The row of a choice that was made for ``judged``, with the statement that left by it."""
        return cls(
            statement=statement,
            matter=matter,
            partner=partner,
            channel=str(chosen.advice.channel),
            verdict="waits" if chosen.advice.waits else str(chosen.advice.verdict),
            recommended=str(chosen.recommended or ""),
            deviation=chosen.deviation,
            approver=" ".join(dict.fromkeys(chosen.approvers)),
            officer=officer,
            kind=judged.kind,
            nature=str(judged.nature),
            sensitive=judged.sensitive,
            judged=seen(judged),
            profile=bytes.fromhex(channel_rules().digest),
            at_ms=at_ms,
        )


_COLUMNS = tuple(one.name for one in fields(ChoiceRow))


def add_choices(rows: Sequence[ChoiceRow]) -> None:
    """Writes down choices, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO channels_choice ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))})",
            [tuple(getattr(row, name) for name in _COLUMNS) for row in rows],
        )


def _row(values: Sequence[Any]) -> ChoiceRow:
    plain: dict[str, Any] = {
        name: bytes(value) if isinstance(value, memoryview) else value
        for name, value in zip(_COLUMNS, values, strict=True)
    }
    return ChoiceRow(**{**plain, "sensitive": bool(plain["sensitive"])})


def choices_made(matter: bytes) -> list[ChoiceRow]:
    """The choices that were made for a matter, the first one first: another one each time that it took another channel."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM channels_choice WHERE matter = %s ORDER BY at_ms, statement", (matter,)
        )
        return [_row(row) for row in cursor.fetchall()]


def choice_of(matter: bytes) -> ChoiceRow | None:
    """The choice by which a matter first left us; None for what came from elsewhere, and before there were any."""
    return next(iter(choices_made(matter)), None)


def deviations(*, from_ms: int, until_ms: int) -> dict[tuple[str, str, str], int]:
    """How often another channel than the recommended one was taken: (recommended, taken, reason) → number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT recommended, channel, deviation, COUNT(*) FROM channels_choice WHERE NOT (deviation = '') "
            "AND at_ms >= %s AND at_ms < %s GROUP BY recommended, channel, deviation ORDER BY recommended, channel, deviation",
            (from_ms, until_ms),
        )
        return {(row[0], row[1], row[2]): row[3] for row in cursor.fetchall()}
