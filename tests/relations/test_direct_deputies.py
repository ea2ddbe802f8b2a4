"""A delegation and its end, in whatever order a partner's node hears them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection, transaction

from support.heads import DAY_MS, Heads
from support.node import carry
from support.returned import back_to
from tansiq.errors import Refused
from tansiq.exchange.dispatch import dispatch_statement
from tansiq.exchange.queries import quarantined
from tansiq.node.backup import backup
from tansiq.policy.direct import Delegation
from tansiq.relations import direct, direct_delegating
from tansiq.relations.direct import delegations, delegations_at, note_ended
from tansiq.relations.direct_delegating import delegate, end

pytestmark = pytest.mark.storage

MA, DEPUTY = "MA-1001", "MA-1002"


def waiting() -> list[bytes]:
    """The statements in the queue of the node that is bound, in the order in which they came."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM exchange_queue ORDER BY id")
        return [bytes(row[0]) for row in cursor.fetchall()]


def delegated_and_ended(heads: Heads) -> bytes:
    """Rabat's head names a deputy and ends it a minute later; both words have come to Madrid, and neither is handled."""
    context, now_ms = heads.ma.use(), heads.clock()
    officer = heads.ma.officer(MA)
    made = delegate(
        Delegation(deputy=DEPUTY, from_ms=now_ms, until_ms=now_ms + 7 * DAY_MS), context=context, officer=officer
    )
    heads.clock.advance(minutes=1)
    end(made, context=context, officer=officer)
    carry(heads.es, heads.ma, dispatch=False)
    return made


@pytest.mark.parametrize("turned", [False, True])
def test_an_end_takes_effect_though_it_is_handled_first(heads: Heads, turned: bool) -> None:
    made = delegated_and_ended(heads)
    context = heads.es.use()
    words = waiting()
    assert len(words) == 2
    for statement in reversed(words) if turned else words:
        with transaction.atomic():
            dispatch_statement(statement, context=context)
        shown = delegations([heads.ma.post("head")])
        assert all(one.deputy == DEPUTY for one in shown), "an end alone names nobody"
    assert (waiting(), quarantined()) == ([], [])
    (row,) = delegations([heads.ma.post("head")])
    assert (row.matter, row.head, row.deputy, row.ended_ms) == (made, MA, DEPUTY, heads.clock())
    assert delegations_at(heads.ma.post("head"), heads.clock()) == []
    matter, _ = heads.say("ES-1001")
    heads.carry()
    with pytest.raises(Refused, match="not-delegated"):
        heads.read(DEPUTY, matter)


def test_so_many_stand_in_at_once_and_the_latest_that_are_over_are_kept(
    heads: Heads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The partner has its own bound; a node that has none is refused here."""
    monkeypatch.setattr(direct, "MAX_DELEGATIONS", 2)
    made = [heads.delegate(MA, DEPUTY) for _ in range(2)]
    with pytest.raises(Refused, match="too-many-delegations"):
        heads.delegate(MA, DEPUTY)
    with monkeypatch.context() as patch:
        patch.setattr(direct_delegating, "require_delegations_left", lambda *_, **__: None)
        heads.delegate(MA, DEPUTY)
        heads.es.use()
        assert [one.code for one in quarantined()] == ["relations.too-many-delegations"]
        for one in made:
            end(one, context=heads.ma.use(), officer=heads.ma.officer(MA))
        heads.carry()
        heads.clock.advance(minutes=1)
        third = heads.delegate(MA, DEPUTY)
        heads.clock.advance(days=8)
        heads.delegate(MA, DEPUTY)
    heads.es.use()
    kept = delegations([heads.ma.post("head")])
    assert (len(kept), kept[1].matter) == (3, third)
    assert kept[2].matter in made
    assert len(delegations_at(heads.ma.post("head"), heads.clock())) == 1


def test_an_end_that_another_agency_says_binds_nobody(heads: Heads) -> None:
    context, now_ms = heads.ma.use(), heads.clock()
    good = Delegation(deputy=DEPUTY, from_ms=now_ms, until_ms=now_ms + DAY_MS)
    made = delegate(good, context=context, officer=heads.ma.officer(MA))
    heads.es.use()
    note_ended(made, agency="es.gc", post="es.gc/head", head="ES-9001", ended_ms=now_ms - 1)
    heads.carry()
    note_ended(made, agency="es.gc", post="es.gc/head", head="ES-9001", ended_ms=now_ms + 1)
    (row,) = delegations_at(heads.ma.post("head"), now_ms)
    assert (row.agency, row.deputy, row.ended_ms) == ("ma.dgst", DEPUTY, None)


@pytest.mark.parametrize("ended", [False, True])
def test_after_a_restore_a_head_s_own_delegation_stands_as_it_stood(heads: Heads, tmp_path: Path, ended: bool) -> None:
    backup(heads.ma.home, tmp_path / "backup", context=heads.ma.use())
    heads.clock.advance(hours=1)
    made = heads.delegate(MA, DEPUTY)
    if ended:
        heads.clock.advance(minutes=1)
        end(made, context=heads.ma.use(), officer=heads.ma.officer(MA))
        heads.carry()
    heads.ma.use()
    stood = delegations([heads.ma.post("head")])
    assert [one.ended_ms is not None for one in stood] == [ended]
    back_to(tmp_path / "backup", heads.ma, heads.es)
    heads.ma.use()
    assert (delegations([heads.ma.post("head")]), quarantined()) == (stood, [])
