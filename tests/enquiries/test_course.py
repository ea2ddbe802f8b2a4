"""Two nodes, two officers, whatever they say and whenever it arrives: in the end both see the same, and nothing waits."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from support.matters import an_answer, an_enquiry, an_item, no_hit, refusal
from support.node import Node, carry
from support.two import Two
from tansiq.enquiries.correspondence import (
    announce_delay,
    ask_clarification,
    clarify,
    give_feedback,
    remind_partner,
    withdraw,
)
from tansiq.enquiries.queries import show_enquiry
from tansiq.enquiries.receipts import note_receipts
from tansiq.enquiries.services import answer_enquiry, refuse_enquiry
from tansiq.exchange.dispatch import dispatch_once
from tansiq.exchange.queries import quarantined
from tansiq.policy.correspondence import (
    Clarification,
    ClarificationRequest,
    DelayNotice,
    Feedback,
    Reminder,
    Withdrawal,
)
from tansiq.policy.values import Text

pytestmark = pytest.mark.storage
HOUR = 3_600_000
WORDS = Text("fr", "Mots inventés.")


def answered(matter: bytes, who: dict[str, Any]) -> object:
    return answer_enquiry(matter, answer=no_hit(), **who)


def in_part(matter: bytes, who: dict[str, Any]) -> object:
    return answer_enquiry(matter, answer=an_answer(outcome="answer.partial"), items=[an_item()], **who)


def delayed(matter: bytes, who: dict[str, Any]) -> object:
    until_ms = who["context"].clock() + 40 * HOUR
    return announce_delay(matter, DelayNotice(ground="delay.judicial", until_ms=until_ms, reason=WORDS), **who)


SAY: dict[str, Callable[[bytes, dict[str, Any]], object]] = {
    "enquiry.answer": answered,
    "enquiry.partial-refusal": in_part,
    "enquiry.refusal": lambda matter, who: refuse_enquiry(matter, refusal=refusal(), **who),
    "enquiry.clarification-request": lambda matter, who: ask_clarification(
        matter, ClarificationRequest(points=("clarify.facts",), question=WORDS), **who
    ),
    "enquiry.clarification": lambda matter, who: clarify(matter, Clarification(words=WORDS), **who),
    "enquiry.delay": delayed,
    "enquiry.reminder": lambda matter, who: remind_partner(matter, Reminder(code="reminder.rest"), **who),
    "enquiry.withdrawal": lambda matter, who: withdraw(matter, Withdrawal(reason="withdrawal.found"), **who),
    "enquiry.feedback": lambda matter, who: give_feedback(matter, Feedback(uses=("feedback.lead",)), **who),
}
ENDING = ("enquiry.answer", "enquiry.refusal", "enquiry.withdrawal")


def shown(node: Node, matter: bytes) -> dict[str, Any]:
    return show_enquiry(matter, context=node.use(), officer=node.officer())


def matters(node: Node) -> int:
    node.use()
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM exchange_queue")
        return int(cursor.fetchone()[0]) + len(quarantined())


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_said_both_sides_agree_once_everything_arrived(two: Two, seed: int) -> None:
    chance = random.Random(seed)
    matter = two.arrived(an_enquiry(urgent=chance.random() < 0.5))
    for _ in range(14):
        two.clock.advance(minutes=chance.randrange(1, 400))
        speaker, hearer = (two.es, two.ma) if chance.random() < 0.5 else (two.ma, two.es)
        may = shown(speaker, matter)["may"]
        if chance.random() < 0.75:  # what ends it comes late, so that there is something to agree on
            may = [kind for kind in may if kind not in ENDING]
        if may:
            SAY[chance.choice(may)](matter, {"context": speaker.use(), "officer": speaker.officer()})
        if chance.random() < 0.4:
            carry(speaker, hearer, dispatch=False)
            hearer.use()
            while dispatch_once(context=hearer.context, limit=chance.choice([1, 5])):
                pass
    two.carry()
    two.carry()
    sides = []
    for node in (two.es, two.ma):
        node.use()
        note_receipts()
        one = shown(node, matter)
        sides.append(
            {name: one[name] for name in ("state", "deadline", "clock", "paused", "delays", "answered_at", "outcome")}
        )
        sides[-1]["words"] = sorted((word["statement"], word["said_at"], word["received_at"]) for word in one["words"])
        assert matters(node) == 0, "nothing waits and nothing was refused"
        if one["state"] in {"received", "clarification", "partial"}:
            assert set(one["may"]) & set(ENDING), "either side can end it"
    assert sides[0] == sides[1]
