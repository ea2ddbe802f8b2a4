"""A restore with a peer that can't be called: it offers its answers, and gets the questions back.

Invariant: the same questions and answers as when the peer is asked (`recovery`), proven in the same way; only who calls whom is turned
round. A node that can't be called begins with `first_offer` when a peer refuses it with ``exchange.restoring``.
"""

from __future__ import annotations

from tansiq.errors import BadInput
from tansiq.exchange.context import Context
from tansiq.exchange.recovery import next_question, take_answer
from tansiq.exchange.restore_wire import Question, Topic
from tansiq.exchange.restoring import serve_restore

__all__ = ["first_offer", "next_offer", "take_offer"]


def first_offer() -> bytes:
    """What a node that can't be called posts first to a peer that is being restored."""
    return Question(topic=Topic.OFFER).to_bytes()


def next_offer(peer: str, reply: bytes, *, context: Context) -> bytes | None:
    """What to post next, after ``peer`` replied to an offer; None when it has everything."""
    if not reply:
        return None
    if Question.parse(reply).topic == Topic.OFFER:
        raise BadInput("exchange.restore-other-answer", topic=int(Topic.OFFER))
    answer = serve_restore(peer, reply, context=context)
    return Question(topic=Topic.OFFER, content=answer).to_bytes()


def take_offer(peer: str, answer: bytes, *, context: Context) -> bytes:
    """What a node that is being restored replies to an offer: the next question, or nothing when it has everything."""
    if answer:
        take_answer(peer, answer, context=context)
    return next_question(peer, context=context) or b""
