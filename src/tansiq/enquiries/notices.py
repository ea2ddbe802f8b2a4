"""The clock calls: before an enquiry is due, when it is due, and after; and that something has come.

Invariant: each call is made at most once a matter and written down with its code and time before anybody is told, so a
crash may lose a message and never repeats one. What is told outside carries no content: a post, a code, nothing of the
matter. Who is called is the business of the room that knows the officers (`Roster`), how, of the one that sends
(`Notifier`): both are given by the node. Directive (EU) 2023/977, Articles 14 and 16(1)(e).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from django.db import connection, transaction

from tansiq.cases.sql import insert
from tansiq.directory.queries import own_directory
from tansiq.enquiries.rows import Direction, EnquiryRow, enquiry_rows
from tansiq.enquiries.terms import terms
from tansiq.exchange.context import Context
from tansiq.policy.reminding import LATE_AT_PARTNER, NOTICES, steps_of

__all__ = ["ARRIVED", "Call", "Notifier", "Roster", "arrived", "remind", "ring", "use_notifier", "use_roster"]

ARRIVED: Final = "notice.arrived"
"""To the desk: something has come from a partner."""
_AT_ONCE: Final = 500
_SWEEPS: Final = 8
_ADD: Final = insert("enquiries_notice", ("matter", "code", "at_ms", "officers"), "ON CONFLICT DO NOTHING")


@dataclass(frozen=True, slots=True)
class Call:
    """What is told: that something waits on the desk ``post``, by ``code``, to officers by service number, the first to be
    called first. ``urgent`` when a matter behind it is.
    """

    post: str
    code: str
    officers: tuple[str, ...]
    urgent: bool
    at_ms: int


class Roster(Protocol):
    """Who belongs to a desk, who stands in, who is on duty; service numbers."""

    def members(self, post: str) -> Sequence[str]:
        """The members of the desk."""

    def substitutes(self, post: str, at_ms: int) -> Sequence[str]:
        """Who stands in there at this moment."""

    def escalation(self, post: str, at_ms: int) -> Sequence[str]:
        """Everybody to be called, one after another: on duty, standing in, supervisors, members, heads."""


class Notifier(Protocol):
    """How officers are told outside the pages: mail, a command. Never with content."""

    def notify(self, calls: Sequence[Call]) -> None:
        """Tells it; what fails is its own business."""


class _Members:
    """Without another room that knows them: the members of the desk, as the directory lists them."""

    def members(self, post: str) -> Sequence[str]:
        """See `Roster`."""
        return tuple(officer.number for officer in own_directory().officers if post in officer.posts)

    def substitutes(self, post: str, at_ms: int) -> Sequence[str]:
        """See `Roster`."""
        return ()

    def escalation(self, post: str, at_ms: int) -> Sequence[str]:
        """See `Roster`."""
        return self.members(post)


class _Nobody:
    """Tells nobody: what was called for is on the desk."""

    def notify(self, calls: Sequence[Call]) -> None:
        """See `Notifier`."""


@dataclass(slots=True)
class _Seams:
    roster: Roster
    notifier: Notifier


_seams = _Seams(_Members(), _Nobody())


def use_roster(roster: Roster) -> None:
    """Lets the room that knows the officers say whom to call."""
    _seams.roster = roster


def use_notifier(notifier: Notifier) -> None:
    """Lets the room that sends tell it."""
    _seams.notifier = notifier


# ------------------------------------------------------------------------------------------- something has come


class _Bell:
    """Desks to which something has come since they were told; in memory: the desk itself shows it in any case."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rung: dict[str, bool] = {}

    def ring(self, posts: Iterable[tuple[str, bool]]) -> None:
        """For each post, and whether it is urgent."""
        with self._lock:
            for post, urgent in posts:
                self._rung[post] = self._rung.get(post, False) or urgent

    def answered(self) -> dict[str, bool]:
        """What rang since the last time."""
        with self._lock:
            rung, self._rung = self._rung, {}
        return rung


_bell = _Bell()


def arrived(rows: Iterable[EnquiryRow]) -> None:
    """Something came in these enquiries; their desks are told at the next sweep if this transaction holds."""
    ring([(row.own_post, row.urgent) for row in rows])


def ring(posts: Sequence[tuple[str, bool]]) -> None:
    """Something came to these desks, each with whether it is urgent; told at the next sweep if this transaction holds."""
    transaction.on_commit(lambda: _bell.ring(posts))


# ------------------------------------------------------------------------------------------- the clock


def _steps(row: EnquiryRow) -> tuple[tuple[str, int], ...]:
    """The calls of a row with their moments."""
    if not row.is_open or row.deadline_ms is None:
        return ()
    if row.direction == Direction.OUT:
        return ((LATE_AT_PARTNER, row.deadline_ms),)
    return steps_of(deadline_ms=row.deadline_ms, deadline_class=row.deadline_class, steps=terms().steps)


def _called(post: str, code: str, now_ms: int) -> tuple[str, ...]:
    """Whom a call reaches: the later, the more."""
    members = tuple(_seams.roster.members(post))
    if code in {NOTICES[0], LATE_AT_PARTNER, ARRIVED}:
        return members
    standing = (*members, *_seams.roster.substitutes(post, now_ms))
    if code == NOTICES[1]:
        return tuple(dict.fromkeys(standing))
    return tuple(dict.fromkeys((*_seams.roster.escalation(post, now_ms), *standing)))


class _Called:
    """Whom the calls of one sweep reach: the roster is asked once for a desk and a code."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}

    def by(self, post: str, code: str) -> tuple[str, ...]:
        """The officers."""
        if (post, code) not in self._known:
            self._known[post, code] = _called(post, code, self._now_ms)
        return self._known[post, code]


def _take(row: EnquiryRow, now_ms: int, called: _Called) -> str:
    """Writes down the calls of a row that are due and sets when it is looked at next; the heaviest new call, '' for none."""
    due = [code for code, at_ms in _steps(row) if at_ms <= now_ms]
    following = next((at_ms for _, at_ms in _steps(row) if at_ms > now_ms), None)
    heaviest = ""
    with connection.cursor() as cursor:
        for code in due:
            cursor.execute(_ADD, (row.matter, code, now_ms, len(called.by(row.own_post, code))))
            heaviest = code if cursor.rowcount else heaviest
        cursor.execute("UPDATE enquiries_enquiry SET remind_ms = %s WHERE matter = %s", (following, row.matter))
    return heaviest


def remind(context: Context) -> int:
    """The clock's work: calls that are due are written down, and then told; returns how many matters were called for.

    After a long silence much is due at once: what one sweep does not reach, the next one does.
    """
    now_ms = context.clock()
    called = _Called(now_ms)
    heard: dict[tuple[str, str], bool] = {(post, ARRIVED): urgent for post, urgent in _bell.answered().items()}
    count = 0
    for _ in range(_SWEEPS):
        with transaction.atomic():
            rows = enquiry_rows(
                "remind_ms IS NOT NULL AND remind_ms <= %s ORDER BY remind_ms LIMIT %s", (now_ms, _AT_ONCE), lock=True
            )
            for row in rows:
                if code := _take(row, now_ms, called):
                    count += 1
                    heard[row.own_post, code] = heard.get((row.own_post, code), False) or row.urgent
        if len(rows) < _AT_ONCE:
            break
    calls = [Call(post, code, called.by(post, code), urgent, now_ms) for (post, code), urgent in sorted(heard.items())]
    if calls:
        _seams.notifier.notify(calls)
    return count
