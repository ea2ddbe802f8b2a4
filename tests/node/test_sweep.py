"""The sweeps take what nothing needs any more, and nothing else."""

from __future__ import annotations

import pytest
from django.db import connection, connections

from support.node import Node, Nodes, carry
from support.notes import effects, notes, send_notes
from tansiq.exchange.erasure import bury
from tansiq.exchange.release import next_batch
from tansiq.keystore.store import Contents
from tansiq.node.fsck import fsck
from tansiq.node.sweep import Swept, sweep
from tansiq.protocol.envelope import Lane
from tansiq.protocol.ids import new_id

pytestmark = pytest.mark.storage
__all__ = ["notes"]


@pytest.fixture
def pair(node: Nodes, notes: None) -> tuple[Node, Node]:
    es, ma = node("es.cgi"), node("ma.dgst")
    send_notes(es, ma, 3)
    send_notes(ma, es, 3)
    carry(es, ma)
    return es, ma


def kept() -> int:
    with connections["keys"].cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM keystore_kept_wraps")
        return int(cursor.fetchone()[0])


def test_young_things_stay(pair: tuple[Node, Node]) -> None:
    es, _ = pair
    es.context.keys.put_contents([Contents(new_id(es.context.clock()), b"c" * 16, (b"k" * 32,))])
    assert sweep(context=es.context) == Swept(0, 0, 0)
    assert kept() == 6


def test_after_thirty_five_days_orphans_and_wraps_go(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    orphan = new_id(es.context.clock())
    es.context.keys.put_contents([Contents(orphan, b"c" * 16, (b"k" * 32,))])
    waiting = send_notes(es, ma, 1)
    released = send_notes(es, ma, 1, lane=Lane.BULK)
    assert next_batch("ma.dgst", (Lane.BULK,), context=es.context) is not None
    es.context.clock.advance(days=36)  # type: ignore[attr-defined]
    assert sweep(context=es.context) == Swept(1, 6, 0)
    assert es.context.keys.has_contents([orphan]) == set()
    # What still waits to be delivered keeps its wraps, however long that takes.
    assert set(es.context.keys.wraps([one.id for one in (*waiting, *released)], "ma.dgst")) == {
        waiting[0].id,
        released[0].id,
    }
    assert fsck(es.context).clean
    carry(es, ma)
    assert {waiting[0].id, released[0].id} < set(effects(ma))


def test_what_was_not_handled_keeps_its_wraps(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    send_notes(ma, es, 1)
    carry(es, ma, dispatch=False)
    es.context.clock.advance(days=36)  # type: ignore[attr-defined]
    sweep(context=es.context)
    assert kept() == 1
    carry(es, ma)
    assert len(effects(es)) == 4


def test_an_erasure_that_a_crash_left_half_done_is_finished(pair: tuple[Node, Node]) -> None:
    es, _ = pair
    gone = effects(es)[0]
    bury([gone], reason="test", now_ms=es.context.clock())
    assert sweep(context=es.context) == Swept(0, 0, 1)
    assert es.context.keys.has_contents([gone]) == set()
    assert es.context.keys.wraps([gone], "ma.dgst") == {}
    assert fsck(es.context).clean


def test_nothing_is_swept_before_a_restored_backup_is_whole(pair: tuple[Node, Node]) -> None:
    es, _ = pair
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO exchange_restore (peer, step, since_ms, backup_ms, mirror_ms, size, next_epoch, sent_from, received_from, after, leaves) "
            "SELECT 'ma.dgst', 0, 1, 1, 1, 0, 0, digest, digest, digest, digest FROM exchange_statement LIMIT 1"
        )
    es.context.clock.advance(days=36)  # type: ignore[attr-defined]
    assert sweep(context=es.context) == Swept(0, 0, 0)
    assert kept() == 6
