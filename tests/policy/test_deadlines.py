"""Deadlines run from receipt, stand still while a clarification is awaited, and once passed never come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.errors import BadInput
from tansiq.policy.codes import code_list
from tansiq.policy.deadlines import ClockState, Delay, Pause, deadline_class_for, due_at, state_at, term

HOUR = 3_600_000
RECEIVED = int(datetime(2026, 6, 21, 22, 30, tzinfo=UTC).timestamp()) * 1000
CLASSES = [code for code in code_list("deadline_classes") if code != "none"]


def delay(*, said: int, until: int, ground: str = "delay.judicial") -> Delay:
    return Delay(ground=ground, announced_at_ms=RECEIVED + said * HOUR, until_ms=RECEIVED + until * HOUR)


def pause(start: float, until: float | None = None) -> Pause:
    return Pause(RECEIVED + int(start * HOUR), None if until is None else RECEIVED + int(until * HOUR))


@pytest.mark.parametrize(
    ("urgent", "directly", "expected"),
    [
        (True, True, "urgent-direct"),
        (True, False, "urgent-indirect"),
        (False, True, "normal"),
        (False, False, "normal"),
    ],
)
def test_the_class_follows_from_urgency_and_availability(*, urgent: bool, directly: bool, expected: str) -> None:
    assert deadline_class_for(urgent=urgent, directly_available=directly) == expected


DUE: list[tuple[str, str, list[Pause], list[Delay], float | None]] = [
    ("urgent, direct: 8 hours", "urgent-direct", [], [], 8),
    ("urgent, indirect: 3 days", "urgent-indirect", [], [], 72),
    ("all others: 7 days", "normal", [], [], 168),
    ("supplementary: 12 hours", "supplementary", [], [], 12),
    ("no deadline", "none", [], [], None),
    ("a clarification of 5 hours", "urgent-direct", [pause(2, 7)], [], 13),
    ("two clarifications", "urgent-direct", [pause(9, 10), pause(2, 7)], [], 14),
    ("clarifications that overlap count once", "urgent-direct", [pause(2, 7), pause(3, 5), pause(6, 8)], [], 14),
    ("a clarification still awaited", "urgent-direct", [pause(2)], [], None),
    ("still awaited, an older one answered", "urgent-direct", [pause(2), pause(1, 3)], [], None),
    ("still awaited, a later one answered", "urgent-direct", [pause(2), pause(5, 6)], [], None),
    ("asked before the receipt", "urgent-direct", [pause(-5, 1)], [], 9),
    ("over before the receipt", "urgent-direct", [pause(-5, -1)], [], 8),
    ("of no length", "urgent-direct", [pause(3, 3)], [], 8),
    ("asked when the time was over", "urgent-direct", [pause(8, 20)], [], 8),
    ("asked when the time was over, still open", "urgent-direct", [pause(9)], [], 8),
    ("asked in time thanks to another", "urgent-direct", [pause(7, 9), pause(9.5, 10)], [], 10.5),
    ("a delay announced in time", "urgent-direct", [], [delay(said=3, until=48)], 48),
    ("a delay announced too late", "urgent-direct", [], [delay(said=8, until=48)], 8),
    ("a delay that would come nearer", "urgent-direct", [], [delay(said=3, until=5)], 8),
    ("a delay prolonged in time", "urgent-direct", [], [delay(said=40, until=60), delay(said=3, until=48)], 60),
    ("a ground that is none", "urgent-direct", [], [delay(said=3, until=48, ground="delay.holiday")], 8),
]


@pytest.mark.parametrize(("name", "pauses", "delays", "hours"), [row[1:] for row in DUE], ids=[row[0] for row in DUE])
def test_when_an_answer_is_due(name: str, pauses: list[Pause], delays: list[Delay], hours: float | None) -> None:
    due = due_at(received_at_ms=RECEIVED, deadline_class=name, pauses=pauses, delays=delays)
    assert due == (None if hours is None else RECEIVED + int(hours * HOUR))


class Rabat(tzinfo):
    """A zone that puts its clock forward by an hour at midnight UTC before 24 June 2026."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        assert moment is not None
        return self.dst(moment)

    def dst(self, moment: datetime | None) -> timedelta:
        assert moment is not None
        return timedelta(hours=moment.replace(tzinfo=None) >= datetime(2026, 6, 24, 1))  # noqa: DTZ001 - local time

    def tzname(self, moment: datetime | None) -> str:
        return f"Rabat {moment:%z}"


@pytest.mark.parametrize(
    ("zone", "name", "end"),
    [
        (UTC, "urgent-indirect", datetime(2026, 6, 25, tzinfo=UTC)),
        (
            timezone(timedelta(hours=2)),
            "urgent-indirect",
            datetime(2026, 6, 25, 22, tzinfo=UTC),
        ),  # there it was the 22nd
        (Rabat(), "urgent-indirect", datetime(2026, 6, 24, 23, tzinfo=UTC)),
        (UTC, "normal", datetime(2026, 6, 29, tzinfo=UTC)),
        (UTC, "urgent-direct", datetime(2026, 6, 22, 6, 30, tzinfo=UTC)),
    ],
)
def test_an_agency_may_read_days_to_their_end_in_its_zone(zone: tzinfo, name: str, end: datetime) -> None:
    due = due_at(received_at_ms=RECEIVED, deadline_class=name, zone=zone)
    assert due == int(end.timestamp()) * 1000


def test_a_pause_moves_the_end_of_the_day_too() -> None:
    due = due_at(received_at_ms=RECEIVED, deadline_class="urgent-indirect", pauses=[pause(1, 3)], zone=UTC)
    assert due == int(datetime(2026, 6, 26, tzinfo=UTC).timestamp()) * 1000


def test_an_unknown_class_is_refused() -> None:
    with pytest.raises(BadInput) as caught:
        due_at(received_at_ms=RECEIVED, deadline_class="tomorrow")
    assert caught.value.code == "policy.unknown-code"


STATES: list[tuple[str, float, list[Pause], list[Delay], float | None, ClockState]] = [
    ("just received", 0, [], [], None, ClockState.RUNNING),
    ("at the last moment", 8, [], [], None, ClockState.RUNNING),
    ("a moment later", 8.001, [], [], None, ClockState.OVERDUE),
    ("answered in time", 20, [], [], 8, ClockState.MET),
    ("answered too late", 20, [], [], 9, ClockState.LATE),
    ("not yet answered at that moment", 5, [], [], 7, ClockState.RUNNING),
    ("asked back", 3, [pause(2)], [], None, ClockState.PAUSED),
    ("asked back, before it was asked", 1, [pause(2)], [], None, ClockState.RUNNING),
    ("asked back, before it was answered", 3, [pause(2, 4)], [], None, ClockState.PAUSED),
    ("clarified", 9, [pause(2, 4)], [], None, ClockState.RUNNING),
    ("clarified, then too late", 11, [pause(2, 4)], [], None, ClockState.OVERDUE),
    ("answered while asking back", 30, [pause(2)], [], 9, ClockState.MET),
    ("asked back too late", 12, [pause(9)], [], None, ClockState.OVERDUE),
    ("delayed", 20, [], [delay(said=3, until=48)], None, ClockState.RUNNING),
    ("before the delay was said", 2, [], [delay(said=3, until=48)], None, ClockState.RUNNING),
]


@pytest.mark.parametrize(
    ("now", "pauses", "delays", "answered", "expected"), [row[1:] for row in STATES], ids=[row[0] for row in STATES]
)
def test_where_the_clock_stands(
    now: float, pauses: list[Pause], delays: list[Delay], answered: float | None, expected: ClockState
) -> None:
    found = state_at(
        now_ms=RECEIVED + int(now * HOUR),
        received_at_ms=RECEIVED,
        deadline_class="urgent-direct",
        pauses=pauses,
        delays=delays,
        answered_at_ms=None if answered is None else RECEIVED + int(answered * HOUR),
    )
    assert found is expected


def test_without_a_deadline_nothing_is_overdue() -> None:
    assert state_at(now_ms=RECEIVED * 2, received_at_ms=RECEIVED, deadline_class="none") is ClockState.RUNNING


@st.composite
def closed_pauses(draw: st.DrawFn) -> list[Pause]:
    spans = draw(st.lists(st.tuples(st.integers(-20, 400), st.integers(0, 90)), max_size=6))
    return [pause(start, start + length) for start, length in spans]


@given(name=st.sampled_from(CLASSES), pauses=closed_pauses(), more=closed_pauses())
def test_a_pause_never_brings_the_end_nearer(name: str, pauses: list[Pause], more: list[Pause]) -> None:
    few = due_at(received_at_ms=RECEIVED, deadline_class=name, pauses=pauses)
    many = due_at(received_at_ms=RECEIVED, deadline_class=name, pauses=pauses + more)
    assert few is not None
    assert many is not None
    paused = sum(one.until_ms - one.from_ms for one in pauses + more if one.until_ms is not None)
    assert RECEIVED + term(name).length_ms <= few <= many <= RECEIVED + term(name).length_ms + paused


@given(name=st.sampled_from(CLASSES), pauses=closed_pauses(), now=st.integers(0, 600), later=st.integers(0, 600))
def test_what_is_overdue_stays_overdue(name: str, pauses: list[Pause], now: int, later: int) -> None:
    def state(hours: int) -> ClockState:
        moment = RECEIVED + hours * HOUR
        return state_at(now_ms=moment, received_at_ms=RECEIVED, deadline_class=name, pauses=pauses)

    if state(now) is ClockState.OVERDUE:
        assert state(now + later) is ClockState.OVERDUE
