"""After a restored backup everything said since is there again: on the desk that asked and on that which answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.matters import CONDITIONS, an_answer, an_enquiry, an_item, no_hit
from support.node import SECRET, Node, carry
from support.two import Two
from tansiq.cases.queries import item_faults, items_of
from tansiq.enquiries.queries import show_enquiry, summaries
from tansiq.enquiries.receipts import note_receipts
from tansiq.enquiries.services import answer_enquiry, refuse_enquiry, send_enquiry
from tansiq.exchange.own_again import settle_own
from tansiq.exchange.recovery import recover
from tansiq.exchange.restoring import serve_restore
from tansiq.node.backup import backup
from tansiq.node.restore import restore
from tansiq.policy.answer import Refusal
from tansiq.policy.values import Text

pytestmark = pytest.mark.storage


def back_to(folder: Path, node: Node, peer: Node) -> None:
    """Restores ``node`` from the backup, gets back from ``peer`` what is missing, and goes on; ``node`` is bound."""
    node.use()
    restore(node.home, folder, keys=None, secret=SECRET, replace=True)
    node.reopen()

    def serve(question: bytes) -> bytes:
        answer = serve_restore(node.agency, question, context=peer.use())
        node.use()
        return answer

    recover(peer.agency, serve, context=node.context)
    for _ in range(4):
        carry(node, peer)
        settle_own(context=node.use())
    note_receipts()


def comparable(node: Node, matter: bytes) -> dict[str, Any]:
    """What the desk sees of an enquiry, without what is made anew: the items' own identifiers, the journal's head."""
    node.use()
    shown = show_enquiry(matter, context=node.context, officer=node.officer())
    shown["request"].pop("item")
    for one in (shown["request"], *shown["words"]):
        one["proof"] = one["proof"]["leaf"], one["proof"]["receipt"]
    for reply in shown["replies"]:
        for item in reply["items"]:
            item.pop("id")
    return shown


@pytest.fixture
def since_backup(two: Two, tmp_path: Path) -> Callable[[Node], tuple[Path, list[bytes]]]:
    """Backs a node up, then lets both sides ask and reply in every way."""

    def play(restored: Node) -> tuple[Path, list[bytes]]:
        two.arrived()
        backup(restored.home, tmp_path / "backup", context=restored.use())
        two.clock.advance(hours=1)
        asked = [two.ask(), two.ask(an_enquiry(urgent=True)), two.ask(case=b"shared case ref."), two.ask()]
        two.carry()
        context, officer = two.ma.use(), two.ma.officer()
        partial = an_answer(outcome="answer.partial")
        answer_enquiry(asked[0], context=context, officer=officer, answer=partial, items=[an_item()])
        answer_enquiry(
            asked[0], context=context, officer=officer, answer=an_answer(), items=[an_item(), an_item("آخر")]
        )
        refuse_enquiry(
            asked[1],
            context=context,
            officer=officer,
            refusal=Refusal(grounds=("refusal.judicial",), reasons=Text("fr", "Refus inventé.")),
        )
        answer_enquiry(asked[2], context=context, officer=officer, answer=no_hit())
        back = send_enquiry(
            replace(an_enquiry("MA-2210"), conditions=CONDITIONS),
            context=context,
            officer=officer,
            from_post=two.ma.post(),
            to_post=two.es.post(),
            via_office_post=two.office,
        )
        two.clock.advance(hours=1)
        two.carry()
        answer_enquiry(back, context=two.es.use(), officer=two.es.officer(), answer=no_hit())
        two.carry()
        note_receipts()
        two.ma.use()
        note_receipts()
        return tmp_path / "backup", [*asked, back]

    return play


@pytest.mark.parametrize("agency", ["es.cgi", "ma.dgst"])
def test_everything_said_since_the_backup_is_there_again(
    two: Two, since_backup: Callable[[Node], tuple[Path, list[bytes]]], agency: str
) -> None:
    restored, peer = (two.es, two.ma) if agency == "es.cgi" else (two.ma, two.es)
    folder, matters = since_backup(restored)
    before = [comparable(restored, matter) for matter in matters]
    states = sorted((one["id"], one["state"]) for one in summaries(context=restored.context))
    back_to(folder, restored, peer)
    assert sorted((one["id"], one["state"]) for one in summaries(context=restored.context)) == states
    for matter, was in zip(matters, before, strict=True):
        assert comparable(restored, matter) == was
    assert not list(item_faults(context=restored.context))


def test_what_is_there_already_stays_as_it_is(
    two: Two, since_backup: Callable[[Node], tuple[Path, list[bytes]]]
) -> None:
    folder, matters = since_backup(two.es)
    back_to(folder, two.es, two.ma)
    once = [[row.id for row in items_of(matter)] for matter in matters]
    back_to(folder, two.es, two.ma)
    assert [len(ids) for ids in once] == [len(items_of(matter)) for matter in matters]
    answer = [one["state"] for one in summaries(context=two.es.context)]
    assert answer == ["received", "answered", "refused", "answered", "received", "answered"]
