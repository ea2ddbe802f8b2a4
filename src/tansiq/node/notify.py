"""Telling officers outside the pages that something waits on a desk of theirs: one sentence, by mail or by a command.

Invariant: what leaves says 'A matter waits on desk X' and nothing else. What is to be told is kept in a file of the home until it was told
(service numbers, desks, codes, times: no address, no content), so a restart forgets nothing; it is tried again with growing pauses for a
day and then given up; nobody is told of one desk more often than every `QUIET_MS`, nor all together more than `MOST_A_MINUTE`. A mail
server that refuses, stalls or lies costs the rest of the node nothing: one thread does all of this.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from django.db import connection

from tansiq.accounts.contacts import contact_of
from tansiq.directory.queries import own_directory
from tansiq.enquiries.notices import Call
from tansiq.errors import Error, Refused
from tansiq.node.counting import node_counts
from tansiq.node.home import Home
from tansiq.node.notify_command import command_of
from tansiq.node.notify_mail import Message, Transport, mail_of
from tansiq.texts import text

__all__ = ["MOST_A_MINUTE", "QUIET_MS", "Notices", "Standing", "Waiting", "read_standing", "transport_of"]

FILE: Final = "notices.json"
QUIET_MS: Final = 15 * 60_000
URGENT_QUIET_MS: Final = 3 * 60_000
"""So long nobody is told of the same desk again: what came meanwhile is on the desk that the first message leads to."""
MOST_A_MINUTE: Final = 60
_FIRST_WAIT_MS, _LONGEST_WAIT_MS, _GIVE_UP_MS = 30_000, 3_600_000, 24 * 3_600_000
_MOST_WAITING: Final = 10_000
_MOST_FAILURES: Final = 3
_log = logging.getLogger("tansiq.notices")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is to be told: to whom, of which desk, by which code; when it was asked for, when to try (UTC ms)."""

    officer: str
    post: str
    code: str
    urgent: bool
    since_ms: int
    next_ms: int
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How it goes: what waits, when each desk was told to each officer last, when anything succeeded and failed last, and why (a code)."""

    waiting: tuple[Waiting, ...] = ()
    told: dict[str, int] = field(default_factory=dict)
    succeeded_ms: int = 0
    failed_ms: int = 0
    reason: str = ""


def read_standing(home: Home) -> Standing:
    """What the file of the home says; a new one when there is none that can be read."""
    try:
        values: dict[str, Any] = json.loads((home.data / FILE).read_text(encoding="utf-8"))
        waiting = tuple(Waiting(**one) for one in values.pop("waiting"))
        return Standing(waiting=waiting, **values)
    except (OSError, ValueError, KeyError, TypeError):
        return Standing()


def _write_standing(home: Home, standing: Standing) -> None:
    part = home.data / (FILE + ".part")
    part.write_text(json.dumps(asdict(standing)), encoding="utf-8")
    part.chmod(0o600)
    part.replace(home.data / FILE)


def transport_of(home: Home) -> Transport | None:
    """How the home lets officers be told: the command if it names one, else mail; None when it says neither. Raises as these do."""
    if home.notify_command:
        return command_of(home)
    return mail_of(home) if home.mail else None


def _language(officer: str, otherwise: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT language FROM accounts_account WHERE number = %s", (officer,))
        row = cursor.fetchone()
    return str(row[0]) if row else otherwise


def _post_name(post: str, language: str) -> str:
    named = {one.id: one.names for one in own_directory().posts}.get(post, {})
    return named.get(language) or named.get("en") or next(iter(named.values()), post.rpartition("/")[2])


def _key(officer: str, post: str) -> str:
    return f"{officer} {post}"


class Notices:
    """What is to be told, and the telling. It is the enquiries' `Notifier`; `round` is called by the worker.

    ``transport`` None tells nobody and keeps nothing; ``clock`` gives UTC milliseconds; ``woken`` is called when there is something new.
    """

    def __init__(
        self,
        home: Home,
        transport: Transport | None,
        *,
        clock: Callable[[], int],
        woken: Callable[[], object] = lambda: None,
    ) -> None:
        self._home = home
        self._transport = transport
        self._clock = clock
        self._woken = woken
        self._lock = threading.Lock()
        self._standing = read_standing(home)
        self._spent: list[int] = []

    @property
    def standing(self) -> Standing:
        """How it goes."""
        return self._standing

    def notify(self, calls: Sequence[Call]) -> None:
        """Takes calls in; they are told by the next `round`. Raises nothing: whoever calls has other work to do."""
        if self._transport is None:
            return
        asked = [(officer, call) for call in calls for officer in call.officers]
        with self._lock:
            waiting = {_key(one.officer, one.post): one for one in self._standing.waiting}
            for officer, call in asked:
                key = _key(officer, call.post)
                if key in waiting:
                    before = waiting[key]
                    due = self._due(key, urgent=call.urgent, now_ms=call.at_ms) if not before.tries else before.next_ms
                    urgent = before.urgent or call.urgent
                    waiting[key] = replace(before, code=call.code, urgent=urgent, next_ms=min(before.next_ms, due))
                elif len(waiting) < _MOST_WAITING:
                    due = self._due(key, urgent=call.urgent, now_ms=call.at_ms)
                    waiting[key] = Waiting(officer, call.post, call.code, call.urgent, call.at_ms, due)
            self._keep(replace(self._standing, waiting=tuple(waiting.values())))
        self._woken()

    def _due(self, key: str, *, urgent: bool, now_ms: int) -> int:
        """When somebody may be told of a desk again."""
        told = self._standing.told.get(key)
        quiet = URGENT_QUIET_MS if urgent else QUIET_MS
        return now_ms if told is None or told > now_ms else max(now_ms, told + quiet)

    def _keep(self, standing: Standing) -> None:
        self._standing = standing
        try:
            _write_standing(self._home, standing)
        except OSError:
            # A full disk: what is in memory is told all the same, and other checks see the disk.
            _log.exception("the messages that wait could not be kept")

    def _settle(self, one: Waiting, **changes: Any) -> None:
        """One message is told, or given up: it goes from the queue as it was taken (what was asked for meanwhile stays)."""
        with self._lock:
            left = tuple(
                other for other in self._standing.waiting if (other.officer, other.post) != (one.officer, one.post)
            )
            self._keep(replace(self._standing, waiting=left, **changes))

    def _again(self, one: Waiting, reason: str, now_ms: int) -> None:
        wait = min(_FIRST_WAIT_MS << min(one.tries, 12), _LONGEST_WAIT_MS)
        tried = replace(one, tries=one.tries + 1, next_ms=now_ms + wait)
        with self._lock:
            waiting = tuple(
                tried if (other.officer, other.post) == (one.officer, one.post) else other
                for other in self._standing.waiting
            )
            self._keep(replace(self._standing, waiting=waiting, failed_ms=now_ms, reason=reason))

    def _may(self, now_ms: int) -> bool:
        """Whether another message may leave within this minute."""
        self._spent = [at for at in self._spent if 0 <= now_ms - at < 60_000]
        if len(self._spent) >= MOST_A_MINUTE:
            return False
        self._spent.append(now_ms)
        return True

    def _message(self, one: Waiting, transport: Transport) -> Message | None:
        """The message; None when nobody can be told: no address is known."""
        address = contact_of(one.officer) if transport.needs_address else ""
        if transport.needs_address and not address:
            return None
        language = _language(one.officer, self._home.language)
        words = text("node.notice.waits", language, post=_post_name(one.post, language))
        return Message(one.officer, address, language, one.post, one.code, words)

    def _tell(self, one: Waiting, transport: Transport) -> bool:
        """Tells it; False when it is to be tried again."""
        now_ms = self._clock()
        try:
            message = self._message(one, transport)
            if message is None:
                self._settle(one)
                return True
            transport.send(message)
        except Refused as error:
            node_counts.add("notifications", "given-up")
            _log.warning("%s is not told of %s: %s", one.officer, one.post, error)
            self._settle(one, failed_ms=now_ms, reason=error.code)
        except Exception as error:
            reason = error.code if isinstance(error, Error) else type(error).__name__
            if now_ms - one.since_ms >= _GIVE_UP_MS:
                node_counts.add("notifications", "given-up")
                _log.warning("%s is not told of %s any more: %s", one.officer, one.post, error)
                self._settle(one, failed_ms=now_ms, reason=reason)
            else:
                node_counts.add("notifications", "failed")
                _log.warning("%s could not be told of %s: %s", one.officer, one.post, error)
                self._again(one, reason, now_ms)
                return False
        else:
            node_counts.add("notifications", "sent")
            told = {key: at for key, at in self._standing.told.items() if 0 <= now_ms - at < _GIVE_UP_MS}
            self._settle(one, told=told | {_key(one.officer, one.post): now_ms}, succeeded_ms=now_ms)
        return True

    def _ready(self, now_ms: int) -> Iterable[Waiting]:
        ready = [one for one in self._standing.waiting if one.next_ms <= now_ms]
        return sorted(ready, key=lambda one: (not one.urgent, one.next_ms))

    def round(self) -> float:
        """Tells what is due; returns after how many seconds to come again at the latest."""
        if self._transport is None:
            return _LONGEST_WAIT_MS / 1000
        failures = 0
        for one in self._ready(self._clock()):
            if not self._may(self._clock()):
                return 5.0
            failures = 0 if self._tell(one, self._transport) else failures + 1
            if (
                failures >= _MOST_FAILURES
            ):  # the server itself, not one address: the others need not find out, one by one
                return _FIRST_WAIT_MS / 1000
        now_ms = self._clock()
        following = min((one.next_ms for one in self._standing.waiting), default=now_ms + _LONGEST_WAIT_MS)
        return min(max(following - now_ms, 1000), 60_000) / 1000
