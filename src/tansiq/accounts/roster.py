"""The duty roster: who is on duty in a post, round the clock, who is next, and to whom a reminder goes when nobody answers.

Invariant: a turn is a fact of the past once it is over: it is never changed then. Nobody on duty is an answer too; `escalation` always
names somebody as long as the post has a member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from tansiq.accounts.opened import Opened
from tansiq.accounts.posts import members_of, substitutes
from tansiq.accounts.roles import roles_of
from tansiq.directory.queries import own_directory
from tansiq.errors import BadInput, NotFound
from tansiq.protocol.directory import Directory
from tansiq.web.access import Role

__all__ = ["Turn", "drop_turn", "escalation", "gaps", "next_on_duty", "on_duty", "set_turn", "turns"]

_LONGEST_MS: Final = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of duty in a post: who, from when until when (UTC ms)."""

    id: int
    post: str
    number: str
    from_ms: int
    until_ms: int


def _turns(where: str, values: Sequence[Any], limit: int = 500) -> list[Turn]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, post, number, from_ms, until_ms FROM accounts_duty WHERE {where} ORDER BY from_ms, id LIMIT %s",
            [*values, limit],
        )
        return [Turn(*row) for row in cursor.fetchall()]


def _roles(numbers: set[str]) -> dict[str, frozenset[Role]]:
    """The roles of the accounts of these officers that may sign in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, roles FROM accounts_account WHERE is_active = %s ORDER BY number", (True,))
        return {number: roles_of(roles) for number, roles in cursor.fetchall() if number in numbers}


def on_duty(post: str, at_ms: int) -> tuple[str, ...]:
    """Who is on duty in ``post`` at ``at_ms``, those who began first first; empty when nobody is."""
    found = _turns("post = %s AND from_ms <= %s AND until_ms > %s", (post, at_ms, at_ms))
    return tuple(dict.fromkeys(turn.number for turn in found))


def next_on_duty(post: str, at_ms: int) -> Turn | None:
    """The next turn that begins after ``at_ms``."""
    return next(iter(_turns("post = %s AND from_ms > %s", (post, at_ms), 1)), None)


def escalation(post: str, at_ms: int) -> tuple[str, ...]:
    """Whom to tell, one after another: on duty, standing in, next on duty, the supervisors among the members, every member, the heads."""
    directory = own_directory()
    members = members_of(post, directory)
    following = next_on_duty(post, at_ms)
    numbers = {officer.number for officer in directory.officers}
    held = _roles(numbers)
    told = [
        *on_duty(post, at_ms),
        *substitutes(post, at_ms=at_ms),
        *([following.number] if following else []),
        *(number for number in members if Role.SUPERVISOR in held.get(number, frozenset())),
        *members,
        *(number for number, roles in held.items() if Role.HEAD in roles),
    ]
    return tuple(number for number in dict.fromkeys(told) if number in numbers)


def turns(post: str, *, from_ms: int, until_ms: int) -> list[Turn]:
    """The turns that fall into a time, in order."""
    return _turns("post = %s AND from_ms < %s AND until_ms > %s", (post, until_ms, from_ms))


def gaps(found: Sequence[Turn], *, from_ms: int, until_ms: int) -> list[tuple[int, int]]:
    """The times within ``from_ms`` and ``until_ms`` that no turn covers; ``found`` are the turns in order."""
    open_since = from_ms
    left = []
    for turn in found:
        if turn.from_ms > open_since:
            left.append((open_since, min(turn.from_ms, until_ms)))
        open_since = max(open_since, turn.until_ms)
    if open_since < until_ms:
        left.append((open_since, until_ms))
    return left


def set_turn(
    post: str, number: str, *, from_ms: int, until_ms: int, by: str, directory: Directory, node: Opened
) -> None:
    """Puts ``number`` on duty in ``post`` for a time (UTC ms).

    Raises BadInput (no time, over already, longer than a week) or NotFound (neither member nor substitute of the post).
    """
    if not from_ms < until_ms <= from_ms + _LONGEST_MS or until_ms <= node.clock():
        raise BadInput("accounts.wrong-time")
    if number not in members_of(post, directory) and number not in substitutes(post, at_ms=max(from_ms, node.clock())):
        raise NotFound("accounts.not-a-member", officer=number, post=post)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_duty (post, number, from_ms, until_ms, made_ms, made_by) VALUES (%s, %s, %s, %s, %s, %s)",
            (post, number, from_ms, until_ms, node.clock(), by),
        )


def drop_turn(identifier: int, *, posts: Sequence[str] | None, node: Opened) -> None:
    """Takes a turn away that has not begun, or ends one that is under way; ``posts`` are those that may be changed. Raises NotFound."""
    now_ms = node.clock()
    found = next(iter(_turns("id = %s AND until_ms > %s", (identifier, now_ms))), None)
    if found is None or (posts is not None and found.post not in posts):
        raise NotFound("accounts.no-turn")
    with transaction.atomic(), connection.cursor() as cursor:
        if found.from_ms > now_ms:
            cursor.execute("DELETE FROM accounts_duty WHERE id = %s", (identifier,))
        else:
            cursor.execute("UPDATE accounts_duty SET until_ms = %s WHERE id = %s", (now_ms, identifier))
