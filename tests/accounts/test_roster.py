"""Substitutes and the duty roster: who reads, who signs, who is told first, and what nobody has."""

from __future__ import annotations

from typing import Any

import pytest

from support.node import PASSPHRASE, Clock, Node
from tansiq.accounts.opened import Opened
from tansiq.accounts.posts import end_substitution, posts_of, set_substitute, substitutes, substitutions
from tansiq.accounts.roster import drop_turn, escalation, gaps, next_on_duty, on_duty, set_turn, turns
from tansiq.accounts.services import set_roles
from tansiq.directory.queries import own_directory
from tansiq.errors import BadInput, Error, NotFound, Refused
from tansiq.node.certifying import certify
from tansiq.node.officers import sign_in

pytestmark = pytest.mark.storage

DESK, OFFICE, HEAD = "es.cgi/counter-terrorism", "es.cgi/embassy-office", "es.cgi/head"
OWNER, OTHER, CHIEF = "ES-4017", "ES-3300", "ES-1001"
HOUR = 3_600_000
DAY = 24 * HOUR


def stand_in(es: Opened, clock: Clock, **more: Any) -> None:
    values: dict[str, Any] = {
        "absent": OWNER, "number": OTHER, "from_ms": clock() - 1, "until_ms": clock() + DAY, "by": CHIEF,
        "directory": own_directory(), "node": es,
    }  # fmt: skip
    set_substitute(more.pop("post", DESK), **values | more)


def turn(es: Opened, clock: Clock, number: str, start: int, hours: int, *, post: str = DESK) -> None:
    set_turn(
        post, number, from_ms=clock() + start * HOUR, until_ms=clock() + (start + hours) * HOUR, by=CHIEF, directory=own_directory(), node=es
    )  # fmt: skip


def test_a_substitute_reads_at_once_and_signs_when_the_directory_lists_it(
    es: Opened, madrid: Node, clock: Clock
) -> None:
    stand_in(es, clock)
    assert posts_of(OTHER, own_directory(), at_ms=clock()) == (OFFICE, DESK)
    assert substitutes(DESK, at_ms=clock()) == (OTHER,)
    with pytest.raises(Refused):
        sign_in(OTHER, PASSPHRASE, context=madrid.context).acting("enquiry.answer", post=DESK)
    made = certify(identity=madrid.identity, now_ms=clock())
    assert [(one.number, one.post) for one in made.listed] == [(OTHER, DESK)]
    assert sign_in(OTHER, PASSPHRASE, context=madrid.context).acting("enquiry.answer", post=DESK).post == DESK


def test_after_its_end_nothing_of_it_stays(es: Opened, madrid: Node, clock: Clock) -> None:
    stand_in(es, clock)
    certify(identity=madrid.identity, now_ms=clock())
    clock.advance(days=2)
    assert posts_of(OTHER, own_directory(), at_ms=clock()) == (OFFICE, DESK)
    made = certify(identity=madrid.identity, now_ms=clock())
    assert [(one.number, one.post) for one in made.ended] == [(OTHER, DESK)]
    assert posts_of(OTHER, own_directory(), at_ms=clock()) == (OFFICE,)
    assert posts_of(OWNER, own_directory(), at_ms=clock()) == (DESK,)


def test_one_that_goes_on_under_another_order_stays_listed(es: Opened, madrid: Node, clock: Clock) -> None:
    stand_in(es, clock)
    certify(identity=madrid.identity, now_ms=clock())
    stand_in(es, clock, until_ms=clock() + 5 * DAY)
    clock.advance(days=2)
    certify(identity=madrid.identity, now_ms=clock())
    assert posts_of(OTHER, own_directory(), at_ms=clock()) == (OFFICE, DESK)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"absent": OTHER}, "accounts.not-a-member"),
        ({"number": OWNER}, "accounts.no-substitute"),
        ({"by": OTHER}, "accounts.own-substitute"),
        ({"number": "ES-0000"}, "accounts.no-substitute"),
        ({"until_ms": 1}, "accounts.wrong-time"),
        ({"until_ms": 9_999_999_999_999}, "accounts.wrong-time"),
        ({"post": "es.cgi/nowhere"}, "accounts.not-a-member"),
    ],
)
def test_who_can_not_stand_in(es: Opened, clock: Clock, more: dict[str, Any], code: str) -> None:
    with pytest.raises(Error) as caught:
        stand_in(es, clock, **more)
    assert caught.value.code == code
    assert substitutions([DESK, OFFICE], at_ms=clock()) == []


def test_it_is_ended_before_its_time_by_who_decides_in_that_post(es: Opened, clock: Clock) -> None:
    stand_in(es, clock)
    (one,) = substitutions([DESK], at_ms=clock())
    with pytest.raises(NotFound):
        end_substitution(one.id, by=OTHER, posts=[OFFICE], node=es)
    end_substitution(one.id, by=CHIEF, posts=[DESK], node=es)
    assert substitutes(DESK, at_ms=clock()) == ()
    with pytest.raises(NotFound):
        end_substitution(one.id, by=CHIEF, posts=None, node=es)


def test_who_is_on_duty_and_who_is_next(es: Opened, clock: Clock) -> None:
    assert on_duty(DESK, clock()) == ()
    assert next_on_duty(DESK, clock()) is None
    turn(es, clock, OWNER, 0, 8)
    turn(es, clock, OWNER, 12, 8)
    assert on_duty(DESK, clock()) == (OWNER,)
    assert on_duty(DESK, clock() + 9 * HOUR) == ()
    following = next_on_duty(DESK, clock())
    assert following is not None and following.from_ms == clock() + 12 * HOUR
    found = turns(DESK, from_ms=clock(), until_ms=clock() + DAY)
    assert gaps(found, from_ms=clock(), until_ms=clock() + DAY) == [
        (clock() + 8 * HOUR, clock() + 12 * HOUR),
        (clock() + 20 * HOUR, clock() + DAY),
    ]


def test_a_substitute_may_be_put_on_duty_and_a_stranger_not(es: Opened, clock: Clock) -> None:
    with pytest.raises(NotFound):
        turn(es, clock, OTHER, 0, 8)
    stand_in(es, clock)
    turn(es, clock, OTHER, 0, 8)
    for start, hours in ((-10, 9), (0, 0), (0, 24 * 8)):
        with pytest.raises(BadInput):
            turn(es, clock, OTHER, start, hours)


def test_turns_are_taken_away_before_they_begin_and_ended_afterwards(es: Opened, clock: Clock) -> None:
    turn(es, clock, OWNER, 0, 8)
    turn(es, clock, OWNER, 10, 8)
    now, later = turns(DESK, from_ms=clock(), until_ms=clock() + DAY)
    with pytest.raises(NotFound):
        drop_turn(now.id, posts=[OFFICE], node=es)
    clock.advance(hours=1)
    drop_turn(now.id, posts=[DESK], node=es)
    drop_turn(later.id, posts=None, node=es)
    assert on_duty(DESK, clock()) == ()
    assert [one.until_ms for one in turns(DESK, from_ms=clock() - DAY, until_ms=clock() + DAY)] == [clock()]
    with pytest.raises(NotFound):
        drop_turn(now.id, posts=None, node=es)


def test_a_reminder_goes_from_duty_to_substitute_to_members_to_heads(es: Opened, clock: Clock) -> None:
    assert escalation(DESK, clock()) == (OWNER, CHIEF)
    stand_in(es, clock)
    assert escalation(DESK, clock()) == (OTHER, OWNER, CHIEF)
    turn(es, clock, OWNER, 0, 8)
    assert escalation(DESK, clock()) == (OWNER, OTHER, CHIEF)
    set_roles(OWNER, ["supervisor"], by=CHIEF, node=es)
    assert escalation(OFFICE, clock()) == (OTHER, CHIEF)
    assert escalation("es.cgi/nowhere", clock()) == (CHIEF,)
