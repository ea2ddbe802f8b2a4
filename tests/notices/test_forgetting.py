"""Nobody stays in a register by what a provider let us keep no longer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.bureaux import Board
from support.matters import CONDITIONS
from support.node import Clock, Node, Nodes
from support.noticed import DAY_MS, WANTED, a_declaration, a_notice
from support.two import Two
from tansiq.cases.erasure import erase_due
from tansiq.notices.asking import send_diffusion
from tansiq.notices.declared import Direction, declaration_rows
from tansiq.notices.declaring import declare, end_declaration
from tansiq.policy.notice import StatusDeclaration
from tansiq.policy.subjects import Subject
from tansiq.registers.matching import match_person

pytestmark = pytest.mark.storage


@pytest.fixture
def two(node: Nodes, clock: Clock) -> Two:
    return Two(node("es.cgi"), node("ma.dgst"), clock)


def known(owner: Node, person: Subject) -> set[str]:
    """The registers in which this node finds somebody."""
    return {one.register for one in match_person(person, context=owner.use())}


def ending(body: StatusDeclaration, at_ms: int) -> StatusDeclaration:
    return replace(body, conditions=replace(CONDITIONS, erase_by_ms=at_ms, expires_at_ms=at_ms))


def sweep(*owners: Node) -> None:
    for owner in owners:
        erase_due(context=owner.use())


def test_who_was_declared_ends_in_both_registers_with_what_was_declared(two: Two) -> None:
    es, ma = two.es, two.ma
    body = ending(a_declaration("ES-4017"), two.clock() + DAY_MS)
    person = body.subjects[0]
    matter = declare(body, to=[ma.post()], officer=es.officer(), from_post=es.post(), context=es.use())
    two.carry()
    assert (known(es, person), known(ma, person)) == ({"held"}, {"declared"})
    two.clock.advance(days=2)
    sweep(es, ma)
    assert (known(es, person), known(ma, person)) == (set(), set())
    ma.use()
    [heard] = declaration_rows("matter = %s AND direction = %s", (matter, int(Direction.IN)))
    assert heard.ended_ms == two.clock()
    es.use()
    [told] = declaration_rows("matter = %s AND direction = %s", (matter, int(Direction.OUT)))
    assert told.ended_ms is None
    end_declaration(  # whom we told is told when it ends
        matter, replace(body, status="status.released", conditions=CONDITIONS), to=[ma.post()], officer=es.officer(), context=es.use()
    )  # fmt: skip
    two.carry()


def test_somebody_declared_twice_stays_until_the_last_word_ends(two: Two) -> None:
    es, ma = two.es, two.ma
    first, second = (ending(a_declaration("ES-4017"), two.clock() + days * DAY_MS) for days in (1, 3))
    for body in (first, second):
        declare(body, to=[ma.post()], officer=es.officer(), from_post=es.post(), context=es.use())
    two.carry()
    for expected in ("declared", ""):
        two.clock.advance(days=2)
        sweep(ma)
        assert known(ma, first.subjects[0]) == {expected} - {""}


def test_what_we_declared_to_nobody_stays_when_another_word_ends(two: Two) -> None:
    es = two.es
    declare(a_declaration("ES-4017"), to=[], officer=es.officer(), from_post=es.post(), context=es.use())
    ended = ending(a_declaration("ES-4017"), two.clock() + DAY_MS)
    declare(ended, to=[two.ma.post()], officer=es.officer(), from_post=es.post(), context=es.use())
    two.carry()
    two.clock.advance(days=2)
    sweep(es)
    assert known(es, ended.subjects[0]) == {"held"}


def test_who_is_sought_ends_in_the_register_with_the_notice(board: Board) -> None:
    es, ma = board.es, board.ma
    until_ms = board.clock() + 300 * DAY_MS
    notice = replace(
        a_notice(until_ms=until_ms), conditions=replace(CONDITIONS, erase_by_ms=board.clock() + DAY_MS)
    )  # fmt: skip
    send_diffusion(notice, to=["ma.ncb"], context=es.use(), officer=es.officer())
    board.carry()
    assert known(ma, WANTED) == {"notice"}
    board.clock.advance(days=2)
    sweep(ma)
    assert known(ma, WANTED) == set()
