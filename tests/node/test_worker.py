"""The worker's clock: what the law wants done in time is done by the running node itself, without anybody asking."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest
from django.db import connection

from support.heads import heads_in
from support.matters import an_enquiry, no_hit
from support.node import Clock, Nodes, carry
from tansiq.cases.queries import items_of_statements
from tansiq.enquiries.services import answer_enquiry, send_enquiry
from tansiq.node import worker
from tansiq.node.worker import keep_up, tick
from tansiq.relations.direct import thread

pytestmark = pytest.mark.storage


def ask(node: Nodes) -> tuple[bytes, bytes]:
    """Madrid asks, Rabat has it; the matter and the statement."""
    es, ma = node("es.cgi"), node("ma.dgst")
    matter = send_enquiry(
        an_enquiry(), context=es.use(), officer=es.officer("ES-4017"), from_post=es.post(), to_post=ma.post(),
        via_office_post=es.post("embassy-office"),
    )  # fmt: skip
    carry(es, ma)
    with connection.cursor() as cursor:
        cursor.execute("SELECT request FROM enquiries_enquiry WHERE matter = %s", (matter,))
        return matter, bytes(cursor.fetchone()[0])


def test_when_a_partner_received_it_is_written_down_with_its_deadline(node: Nodes) -> None:
    matter, _ = ask(node)
    es = node._made[0]
    tick(es.use())
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, received_ms, deadline_ms FROM enquiries_enquiry WHERE matter = %s", (matter,))
        state, received, deadline = cursor.fetchone()
    assert state == "received"
    assert deadline - received == 7 * 86_400_000


def stand_ins(names: Sequence[str], failing: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Puts steps that only say that they ran in the place of the worker's own, of which one fails; what ran is in the list."""
    ran: list[str] = []

    def fake(name: str) -> object:
        def step(*_: object, **__: object) -> int:
            ran.append(name)
            if name == failing:
                raise OverflowError(name)
            return 7

        return step

    for name in names:
        monkeypatch.setattr(worker, name, fake(name))
    return ran


STEPS = (
    "wake_waiting", "settle_due", "note_receipts", "remind", "tell_stops", "expire", "expire_declarations", "sweep_accounts",
    "tell_members", "fold_came", "_check_journal", "tell_directory",
)  # fmt: skip


@pytest.mark.parametrize("failing", STEPS)
def test_a_sweep_that_fails_is_logged_and_keeps_no_other_from_running(
    node: Nodes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failing: str
) -> None:
    es = node("es.cgi")
    ran = stand_ins(STEPS, failing, monkeypatch)
    with caplog.at_level(logging.ERROR, "tansiq.worker"):
        assert tick(es.use()) == (0 if failing == "tell_directory" else 7)
    assert tuple(ran) == STEPS
    assert [record.exc_info is not None for record in caplog.records] == [True]


SELDOM = (
    "sweep_erasures", "sweep_uploads", "erase_due", "erase_direct_due", "sweep_passed", "sweep", "mirror_if_due",
)  # fmt: skip


@pytest.mark.parametrize("failing", SELDOM)
def test_upkeep_that_fails_in_one_place_goes_on_in_all_others(
    node: Nodes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failing: str
) -> None:
    """What one step trips over keeps nothing else here any longer."""
    es = node("es.cgi")
    ran = stand_ins(SELDOM, failing, monkeypatch)
    context = es.use()
    with caplog.at_level(logging.ERROR, "tansiq.worker"):
        keep_up(es.home, context)
    assert tuple(ran) == SELDOM
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_what_nothing_was_held_about_ends_after_thirty_days_by_itself(node: Nodes, clock: Clock) -> None:
    matter, request = ask(node)
    es, ma = node._made
    answer_enquiry(matter, context=ma.use(), officer=ma.officer(), answer=no_hit())
    carry(ma, es)
    ma.use()
    for days, erased in ((29, False), (2, True)):
        clock.advance(days=days)
        keep_up(ma.home, ma.context)
        assert {item.erased for item in items_of_statements([request])[request]} == {erased}
    assert ma.context.keys.contents(request)[1] is None


def test_what_heads_said_ends_after_a_year_by_itself(node: Nodes, clock: Clock) -> None:
    heads = heads_in(node)
    matter, _ = heads.say("ES-1001")
    heads.carry()
    for days, ended in ((364, False), (2, True)):
        clock.advance(days=days)
        for one in (heads.es, heads.ma):
            keep_up(one.home, one.use())
            (row,) = thread(matter, [one.post("head")])
            assert (row.erased_ms is not None) is ended
