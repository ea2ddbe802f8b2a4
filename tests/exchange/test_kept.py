"""Wraps are kept as long as somebody may need them, and no longer."""

from __future__ import annotations

import pytest
from django.db import connection

from support.node import Node, Nodes, carry
from support.notes import NOTE, notes, send_notes
from tansiq.errors import BadInput
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.kept import Coverage, coverage_of, drop_covered, drop_old_wraps, parse_coverage
from tansiq.exchange.services import send_many
from tansiq.node.creation import NewOfficer, NewPost
from tansiq.protocol.directory import Use
from tansiq.protocol.docket import Docket
from tansiq.protocol.keys import PublicSealingKey
from tansiq.protocol.limits import MAX_INTEGER, MAX_TIME_MS
from tansiq.protocol.parts import Part

pytestmark = pytest.mark.storage
__all__ = ["notes"]


@pytest.fixture
def pair(node: Nodes, notes: None) -> tuple[Node, Node]:
    es, ma = node("es.cgi"), node("ma.dgst")
    send_notes(es, ma, 3)
    send_notes(ma, es, 3)
    carry(es, ma)
    return es, ma


def held(node: Node, peer: Node) -> set[bytes]:
    """The statements whose wraps ``node`` keeps."""
    context = node.use()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM exchange_statement")
        return set(context.keys.wraps([bytes(row[0]) for row in cursor.fetchall()], peer.agency))


def test_a_backup_covers_what_is_in_it(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    covered = coverage_of("ma.dgst", time_ms=es.context.clock(), before_ms=MAX_INTEGER)
    assert (covered.received, covered.sent, covered.size) == (((1, 1, 3),), ((1, 1, 3),), 6)
    ma.use()
    assert drop_covered("es.cgi", covered, context=ma.context) == 6
    assert held(ma, es) == set()
    assert drop_covered("es.cgi", covered, context=ma.context) == 0


def test_what_is_younger_than_the_copy_of_the_key_store_is_not_covered(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    copied_ms = es.context.clock.advance(hours=1)  # type: ignore[attr-defined]
    es.context.clock.advance(hours=1)  # type: ignore[attr-defined]
    young = [one.id for one in send_notes(es, ma, 2)]
    young += [one.id for one in send_notes(ma, es, 2)]
    carry(es, ma)
    covered = coverage_of("ma.dgst", time_ms=es.context.clock(), before_ms=copied_ms)
    assert (covered.received, covered.sent) == (((1, 1, 3),), ((1, 1, 3),))
    ma.use()
    assert drop_covered("es.cgi", covered, context=ma.context) == 6
    assert held(ma, es) == set(young)


def test_what_waits_for_delivery_or_dispatch_stays_whatever_is_said(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    waiting = [one.id for one in send_notes(ma, es, 2)]
    came = [one.id for one in send_notes(es, ma, 2)]
    carry(es, ma, dispatch=False)
    waiting_now = [one.id for one in send_notes(ma, es, 1)]
    everything = Coverage(epoch=1, received=((1, 1, 999),), size=999, time_ms=1, sent=((1, 1, 999),))
    drop_covered("es.cgi", everything, context=ma.use())
    assert held(ma, es) == {*came, *waiting_now}
    carry(es, ma)
    drop_covered("es.cgi", everything, context=ma.use())
    assert held(ma, es) == set()
    assert waiting


def test_a_body_that_only_its_officer_can_open_keeps_its_wraps(node: Nodes, notes: None) -> None:
    es = node("es.cgi", met=False)
    ma = node.new(
        "ma.dged",
        posts=[NewPost("head", "head")],
        officers=[NewOfficer("MA-7001", ("head",), "an invented passphrase", eyes_only=True)],
    )
    node.meet(es, ma)
    es.use()
    ma.use()
    directory = ma.context.directory
    officer = PublicSealingKey(directory.current(Use.OFFICER_OPENS, "MA-7001", es.context.clock())[0].public)
    post = PublicSealingKey(directory.current(Use.POST_OPENS, "ma.dged/head", es.context.clock())[0].public)
    docket = Docket(
        kind="test.eyes",
        channel="direct",
        matter=b"m" * 16,
        sender="es.cgi/head",
        route=("es.cgi/head", "ma.dged/head"),
        addressees=("ma.dged/head",),
    )
    readers = [Reader("ma.dged", officer), Reader("ma.dged", post, docket_only=True)]
    with pytest.MonkeyPatch.context() as patch:
        from tansiq.exchange import kinds

        patch.setitem(kinds._handlers, "test.eyes", lambda _arrived, _context: None)
        [statement] = send_many(
            [Draft(docket=docket, parts=[Part(NOTE, {0: b"x"})], readers=readers)], context=es.use()
        )
        carry(es, ma)
    ma.use()
    ma.context.clock.advance(days=400)  # type: ignore[attr-defined]
    assert drop_old_wraps(context=ma.context) == 0
    assert held(ma, es) == {statement.id}


@pytest.mark.parametrize(
    "content",
    [
        {},
        {0: 1, 1: [], 2: 1, 3: 1},
        {0: 1, 1: [[1, 1]], 2: 1, 3: 1, 4: []},
        {0: 1, 1: [[1, 1, -1]], 2: 1, 3: 1, 4: []},
        {0: True, 1: [], 2: 1, 3: 1, 4: []},
        {0: 1, 1: [[1, 1, 1 << 64]], 2: 1, 3: 1, 4: []},
        {0: 1, 1: [], 2: 1, 3: MAX_TIME_MS + 1, 4: []},
        {0: 1, 1: [[1, 1, 1]] * 5000, 2: 1, 3: 1, 4: []},
    ],
)
def test_an_announcement_that_is_not_well_formed_is_refused(content: dict[object, object]) -> None:
    with pytest.raises(BadInput):
        parse_coverage(content)


def test_an_announcement_is_read_as_it_was_written() -> None:
    coverage = Coverage(epoch=3, received=((1, 0, 7), (3, 1, 2)), size=19, time_ms=5, sent=((3, 2, 1),))
    assert parse_coverage(coverage.to_content()) == coverage
