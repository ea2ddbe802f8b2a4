"""Lanes: up to which number a peer's numbers came without a gap, also when some of them can no longer come.

Invariant: the mark only moves forward, over numbers that are here or that their sender declared lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from tansiq.protocol.heads import Direction

__all__ = ["advance_mark", "lost_numbers", "received_lanes"]

_STEP = 4096


def received_lanes(peer: str) -> list[tuple[int, int, int]]:
    """``(epoch, lane, mark)`` of everything that ever came from ``peer``; the mark is the first number not yet here."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT epoch, lane, number FROM exchange_lane WHERE peer = %s AND direction = %s ORDER BY epoch, lane",
            (peer, int(Direction.RECEIVED)),
        )
        return [(row[0], row[1], row[2]) for row in cursor.fetchall()]


def advance_mark(peer: str, epoch: int, lane: int, *, lost: Sequence[tuple[int, int]] = ()) -> int:
    """Moves the mark of a lane over what is here and over the ``lost`` ranges (first and last number); returns it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number FROM exchange_lane WHERE peer = %s AND direction = %s AND epoch = %s AND lane = %s",
            (peer, int(Direction.RECEIVED), epoch, lane),
        )
        row = cursor.fetchone()
        mark = start = row[0] if row else 1
        while True:
            cursor.execute(
                "SELECT number FROM exchange_received WHERE peer = %s AND epoch = %s AND lane = %s AND number >= %s "
                "ORDER BY number LIMIT %s",
                (peer, epoch, lane, mark, _STEP),
            )
            here = [number for (number,) in cursor.fetchall()]
            reached = next((at for at, number in enumerate(here, mark) if number != at), mark + len(here))
            more = reached - mark == _STEP
            mark = max([reached, *(last + 1 for first, last in lost if first <= reached <= last)])
            if mark == reached and not more:
                break
        if mark != start or row is None:
            cursor.execute(
                "INSERT INTO exchange_lane (peer, direction, epoch, lane, number) VALUES (%s, %s, %s, %s, %s) "
                "ON CONFLICT (peer, direction, epoch, lane) DO UPDATE SET number = excluded.number",
                (peer, int(Direction.RECEIVED), epoch, lane, mark),
            )
    return mark


def lost_numbers(peer: str, epoch: int, lane: int) -> tuple[int, list[tuple[int, int]]]:
    """Of what we sent on a lane: the last number that we know, and the ranges below it that we know nothing of."""
    lost: list[tuple[int, int]] = []
    expected = 1
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT number FROM exchange_sent WHERE peer = %s AND epoch = %s AND lane = %s AND number >= %s ORDER BY number LIMIT %s",
                (peer, epoch, lane, expected, _STEP),
            )
            rows = cursor.fetchall()
            for (number,) in rows:
                if number > expected:
                    lost.append((expected, number - 1))
                expected = number + 1
            if len(rows) < _STEP:
                return expected - 1, lost
