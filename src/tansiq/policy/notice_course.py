"""The course of a notice: what its source, the hub and the members have said since, and so where it stands.

Invariant: where it stands is a function of the *set* of words and of the moment, never of the order in which they came. What a
member sees is what the hub sees, cut to the words that go to all (`is_public`): a member knows of no refusal, no restriction
and nothing that waits. Whether a word was permitted is judged by what its speaker knew (its past, as in ``course``). A notice
binds from its publication to its end; a cancellation holds whatever crosses it, and the end only moves on.

A diffusion has no legal desk before it: it binds from the moment it is said, and an update binds as it is said.
INTERPOL's Rules on the Processing of Data, Articles 49 to 51, 76, 81 and 86. Who may say what is data (``notice_course.toml``).

>>> course_of([], first=b"1", kind=Kind.NOTICE, now_ms=0).state
'requested'
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Final

__all__ = [
    "BINDING",
    "ENDED",
    "STATES",
    "Kind",
    "Move",
    "NoticeCourse",
    "NoticeWord",
    "Side",
    "course_of",
    "in_order",
    "is_public",
    "past_of",
    "permits",
    "public_heads",
    "sides_of",
]

BINDING: Final = ("published", "updated")
"""States in which members act on it."""
ENDED: Final = ("cancelled", "expired")
STATES: Final = ("requested", "refused", *BINDING, *ENDED)


class Kind(StrEnum):
    """A notice, which the hub publishes to all members, or a diffusion, which its source sends to some."""

    NOTICE = "notice"
    DIFFUSION = "diffusion"


class Side(StrEnum):
    """Who speaks: the bureau that asks, the hub's legal desk, a member."""

    SOURCE = "source"
    HUB = "hub"
    MEMBER = "member"


class Move(StrEnum):
    """What a word does to a notice."""

    PUBLISH = "publish"
    REFUSE = "refuse"
    UPDATE = "update"
    EXTEND = "extend"
    CANCEL = "cancel"
    RESTRICT = "restrict"
    ANSWER = "answer"


_SIDES: Final[Mapping[Move, frozenset[Side]]] = {
    Move.PUBLISH: frozenset({Side.HUB}),
    Move.REFUSE: frozenset({Side.HUB}),
    Move.UPDATE: frozenset({Side.SOURCE}),
    Move.EXTEND: frozenset({Side.SOURCE}),
    Move.CANCEL: frozenset({Side.SOURCE, Side.HUB}),
    Move.RESTRICT: frozenset({Side.SOURCE}),
    Move.ANSWER: frozenset({Side.MEMBER}),
}
_TO_ALL: Final = frozenset({Move.PUBLISH, Move.EXTEND, Move.CANCEL})


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeWord:
    """One thing said about a notice after its first statement.

    ``follows`` are the words that its speaker knew last; ``version`` is the statement that a publication or a refusal is about
    (an update is a version itself); ``until_ms`` the end that a publication, an extension or a diffusion's update names;
    ``code`` the reason of a cancellation.
    """

    id: bytes
    move: Move
    side: Side
    said_ms: int
    follows: tuple[bytes, ...] = ()
    version: bytes = b""
    until_ms: int | None = None
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeCourse:
    """Where a notice stands. ``version`` is the statement that binds (b'': none yet), ``pending`` what waits for the legal desk
    (b'': nothing), ``until_ms`` when it expires, ``reason`` why it was cancelled (a code).
    """

    state: str
    version: bytes
    pending: bytes
    until_ms: int | None
    published_ms: int | None
    updated_ms: int | None
    ended_ms: int | None
    reason: str
    answers: int

    @property
    def binds(self) -> bool:
        """Whether members act on it."""
        return self.state in BINDING


@functools.cache
def _table() -> Mapping[str, Mapping[Side, frozenset[Move]]]:
    text = resources.files("tansiq.policy").joinpath("notice_course.toml").read_text(encoding="utf-8")
    return {
        state: {side: frozenset(Move(move) for move in moves[side]) for side in Side}
        for state, moves in tomllib.loads(text).items()
    }


def sides_of(move: Move) -> frozenset[Side]:
    """Who may make the move."""
    return _SIDES[move]


def past_of(follows: Iterable[bytes], words: Mapping[bytes, NoticeWord]) -> set[bytes]:
    """All words that come before one that follows ``follows``; what is not among ``words`` is left out."""
    found: set[bytes] = set()
    waiting = [one for one in follows if one in words]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [before for before in words[one].follows if before in words]
    return found


def in_order(words: Collection[NoticeWord]) -> list[NoticeWord]:
    """The words, each after all that it follows; what nobody ordered, by its time."""
    by_id = {word.id: word for word in words}
    return sorted(words, key=lambda word: (len(past_of(word.follows, by_id)), word.said_ms, word.id))


def is_public(word: NoticeWord, words: Collection[NoticeWord], kind: Kind) -> bool:
    """Whether it goes to all who have the notice: an update of a notice does once it is published."""
    if word.move is Move.UPDATE:
        return kind is Kind.DIFFUSION or any(one.move is Move.PUBLISH and one.version == word.id for one in words)
    return word.move in _TO_ALL


def public_heads(words: Collection[NoticeWord], kind: Kind) -> tuple[bytes, ...]:
    """Of the words that go to all, those that no other of them follows: what a word to all has to follow, for a member gets
    nothing else, and would wait for it for ever.
    """
    public = [word for word in words if is_public(word, words, kind)]
    followed = {one for word in public for one in word.follows} | {word.version for word in public if word.version}
    return tuple(word.id for word in in_order(public) if word.id not in followed)


def _versions(ordered: Sequence[NoticeWord], first: bytes, kind: Kind) -> list[tuple[bytes, int]]:
    """The versions that bind, one after the other, with the moment from which each does."""
    if kind is Kind.DIFFUSION:
        return [(first, 0), *((word.id, word.said_ms) for word in ordered if word.move is Move.UPDATE)]
    return [(word.version, word.said_ms) for word in ordered if word.move is Move.PUBLISH]


def _pending(ordered: Sequence[NoticeWord], first: bytes, kind: Kind) -> bytes:
    if kind is Kind.DIFFUSION:
        return b""
    judged = {word.version for word in ordered if word.move in {Move.PUBLISH, Move.REFUSE}}
    asked = [first, *(word.id for word in ordered if word.move is Move.UPDATE)]
    # One waits at a time, so what was asked before something that is published was refused, also for who is told of no refusal.
    published = {word.version for word in ordered if word.move is Move.PUBLISH}
    after = max((place + 1 for place, one in enumerate(asked) if one in published), default=0)
    return next((one for one in asked[after:] if one not in judged), b"")


def course_of(
    words: Collection[NoticeWord], *, first: bytes, kind: Kind, now_ms: int, until_ms: int | None = None
) -> NoticeCourse:
    """Where a notice stands by these words at ``now_ms``.

    Arguments: ``first`` is its first statement; ``until_ms`` the end that a diffusion itself names.
    """
    ordered = in_order(words)
    versions = _versions(ordered, first, kind)
    ends = [word.until_ms for word in ordered if word.until_ms is not None and is_public(word, ordered, kind)]
    if kind is Kind.DIFFUSION and until_ms is not None:
        ends.append(until_ms)
    end = max(ends, default=None)
    cancelled = [word for word in ordered if word.move is Move.CANCEL]
    if cancelled:
        state = "cancelled"
    elif not versions:
        state = "refused" if not _pending(ordered, first, kind) else "requested"
    elif end is not None and now_ms >= end:
        state = "expired"
    else:
        state = "published" if len(versions) == 1 else "updated"
    ended = min((word.said_ms for word in cancelled), default=end if state == "expired" else None)
    return NoticeCourse(
        state=state,
        version=versions[-1][0] if versions else b"",
        pending=b"" if state in ENDED else _pending(ordered, first, kind),
        until_ms=end,
        published_ms=versions[0][1] if versions and kind is Kind.NOTICE else None,
        updated_ms=versions[-1][1] if len(versions) > 1 else None,
        ended_ms=ended,
        reason=min(cancelled, key=lambda word: (word.said_ms, word.id)).code if cancelled else "",
        answers=sum(word.move is Move.ANSWER for word in ordered),
    )


def permits(
    move: Move,
    side: Side,
    words: Collection[NoticeWord],
    *,
    first: bytes,
    kind: Kind,
    said_ms: int,
    until_ms: int | None = None,
    version: bytes = b"",
) -> bool:
    """Whether ``side`` may say it, knowing ``words`` and nothing else; ``version`` is what it would publish or refuse."""
    if side not in _SIDES[move] or (side is Side.HUB and kind is Kind.DIFFUSION):
        return False
    course = course_of(words, first=first, kind=kind, now_ms=said_ms, until_ms=until_ms)
    if move not in _table()[course.state][side]:
        return False
    if move in {Move.PUBLISH, Move.REFUSE}:
        return bool(course.pending) and course.pending == version
    return move is not Move.UPDATE or not course.pending
