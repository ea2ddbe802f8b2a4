"""What is said of an accreditation after its proposal, and the checks on each word.

Invariant: who refuses, suspends or withdraws gives a coded reason; a host need not say more than the code. A word counts the words of
its side, so that both nodes put them in the same order. Council Decision 2003/170/JHA, Articles 3 and 4; Vienna Convention on
Diplomatic Relations, Article 9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from tansiq.policy.accreditation import Accreditation, accreditation_faults
from tansiq.policy.accreditation_course import Move
from tansiq.policy.codes import code_list
from tansiq.policy.faults import Fault, Faults, Lists, Rule, find, refuse, unknown_codes
from tansiq.policy.plain import Code, One, Record, Whole
from tansiq.policy.values import MOMENT, Text

__all__ = ["AWAY", "Word", "check_word", "word_faults"]

AWAY: Final = "reach.away"
_HOST: Final = "Vienna Convention on Diplomatic Relations, Article 9"
_PRACTICE: Final = "Practice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word(Record):
    """One word: the ``place`` among its side's words, the ``number`` of the proposal that it is about; then what its move wants:
    the ``proposal``, a ``reason`` with ``words``, or when the officer is reached (``reach``, away until ``until_ms``).
    """

    place: Annotated[int, Whole(1, 1_000_000)]
    number: Annotated[int, Whole(1, 10_000)]
    proposal: Annotated[Accreditation | None, One(Accreditation)] = None
    reason: Annotated[str | None, Code("accreditation_reasons")] = None
    words: Annotated[Text | None, One(Text)] = None
    reach: Annotated[str | None, Code("reachability")] = None
    until_ms: Annotated[int | None, MOMENT] = None


_REASONED: Final = frozenset({Move.REFUSE, Move.SUSPEND, Move.WITHDRAW})

_WORD: Final[tuple[Rule[tuple[Word, Move]], ...]] = (
    Rule("policy.law.liaison-reason-missing", "reason", 57, _HOST,
         lambda one, _: one[1] in _REASONED and one[0].reason is None),
    Rule("policy.law.liaison-words-missing", "words", 57, _PRACTICE,
         lambda one, lists: (
             one[0].words is None and lists("accreditation_reasons").text_required(one[0].reason or ""))),
    Rule("policy.law.liaison-reach-missing", "reach", 57, _PRACTICE,
         lambda one, _: one[1] is Move.REACH and one[0].reach is None),
    Rule("policy.law.liaison-away-until-missing", "until_ms", 57, _PRACTICE,
         lambda one, _: one[1] is Move.REACH and one[0].reach == AWAY and one[0].until_ms is None),
)  # fmt: skip


def word_faults(word: Word, move: Move, *, lists: Lists = code_list) -> Faults:
    """All that a word lacks for what it is to do; a proposal is judged whole."""

    def found() -> Iterator[Fault]:
        yield from find(_WORD, (word, move), lists)
        if move is Move.PROPOSE:
            yield from accreditation_faults(word.proposal or Accreditation(), lists=lists)
        yield from unknown_codes(word, lists)

    return Faults(dict.fromkeys(found()))


def check_word(word: Word, move: Move, *, lists: Lists = code_list) -> None:
    """Raises Refused('policy.law', count, faults) unless the word may be said."""
    refuse(word_faults(word, move, lists=lists))
